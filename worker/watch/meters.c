/*
 * meters.c - see meters.h. All numbers go into this worker's own rows.
 */
#include "worker/watch/meters.h"

#include "shm/counters.h"
#include "shm/histo.h"
#include "worker/watch/offences.h"

void
meters_request(const struct req *q)
{
	const struct env *e = q->env;
	uint64_t us = q->status == 101 ? q->switched_us
				       : mono_diff_us(clock_now(), q->began);

	series_add(e->region, e->slot, SERIES_REQUEST, q->plan.row,
	    q->plan.service, q->head.method, q->status);
	histo_add(e->region, e->slot, HISTO_REQUEST, q->plan.service, us);
	if (q->attempts != 0)
		histo_add(e->region, e->slot, HISTO_OVERHEAD, q->plan.service,
		    us > q->upstream_us ? us - q->upstream_us : 0);
	if (q->why != WHY_OK)
		counters_why(e->region, e->slot, q->why);
	if (e->offences)
		offences_note(q->env, &q->client, q->status, (enum why)q->why);
}

void
meters_call(struct env *e, uint32_t service, uint32_t endpoint, unsigned code,
    uint64_t us)
{
	series_add(
	    e->region, e->slot, SERIES_UPSTREAM, endpoint, service, 0, code);
	histo_add(e->region, e->slot, HISTO_UPSTREAM, service, us);
}
