/*
 * meters.c - see meters.h. All numbers go into this worker's own rows.
 */
#include "worker/watch/meters.h"

#include <string.h>

#include "shm/counters.h"
#include "shm/exemplar.h"
#include "shm/histo_own.h"
#include "worker/flow/trace.h"
#include "worker/watch/offences.h"
#include "worker/watch/record.h"

/* A trace that somebody can look at is an example of its bucket. */
static __attribute__((noinline)) void
meters_example(const struct req *q, uint32_t row, uint64_t us)
{
	struct exemplar e = { .us = us };

	if (!trace_is_exported(q))
		return;
	e.wall_us = clock_wall().us;
	memcpy(e.trace_id, q->trace->trace_id, sizeof(e.trace_id));
	exemplar_add(q->env->region, row, &e);
}

static void
meters_took(const struct req *q, uint64_t us)
{
	const struct env *e = q->env;
	uint32_t own = q->plan.histo;

	if (q->head_us == 0) /* nobody has asked for it */
		own = histo_own_row(
		    e->region, HISTO_REQUEST, q->plan.row, q->plan.service);
	histo_add_own(
	    e->region, e->slot, HISTO_REQUEST, own, q->plan.service, us);
	if (q->trace != NULL && q->trace->exported)
		meters_example(q, own, us);
}

void
meters_request(const struct req *q)
{
	const struct env *e = q->env;
	uint64_t us = req_took_us(q);

	series_add(e->region, e->slot, SERIES_REQUEST, q->plan.row,
	    q->plan.service, q->head.method, q->status);
	meters_took(q, us);
	if (q->attempts != 0)
		histo_add_own(e->region, e->slot, HISTO_OVERHEAD, HISTO_NONE,
		    q->plan.service,
		    us > q->upstream_us ? us - q->upstream_us : 0);
	if (q->why != WHY_OK)
		counters_why(e->region, e->slot, q->why);
	if (e->offences)
		offences_note(q->env, &q->client, q->status, (enum why)q->why);
	record_request(q);
}

void
meters_call(struct env *e, uint32_t service, uint32_t endpoint, unsigned code,
    uint64_t us)
{
	series_add(
	    e->region, e->slot, SERIES_UPSTREAM, endpoint, service, 0, code);
	(void)histo_add(
	    e->region, e->slot, HISTO_UPSTREAM, endpoint, service, us);
}
