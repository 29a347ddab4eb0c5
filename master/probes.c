/*
 * probes.c - see probes.h. The queue of starts, and the ends of probes.
 */
#include "master/probes.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "common/base/hash.h"
#include "common/base/log.h"
#include "common/base/must.h"
#include "shm/label.h"

#define PROBES_WARN_US 10000000u
#define PROBES_TRIM_US 1000000u

static void
probes_warn(struct probes *p, uint32_t error)
{
	struct mono now = clock_now();

	if (p->warned.us != 0 && mono_diff_us(now, p->warned) < PROBES_WARN_US)
		return;
	p->warned = now;
	log_warnx("probes are put off: %s", strerror((int)error));
}

/* When the queue may next let one through. */
static void
probes_wait(struct probes *p)
{
	if (!list_empty(&p->ready) && p->running < p->running_max)
		timer_set(&p->loop->timers, &p->start_timer, p->next_start);
}

static void
probes_count(struct probes *p, const struct probe *probe)
{
	switch (probe->result) {
	case PROBE_GOOD:
		p->good++;
		break;
	case PROBE_BAD:
		p->bad++;
		break;
	case PROBE_PUT_OFF:
		p->put_off++;
		probes_warn(p, probe->detail);
		break;
	case PROBE_ABORTED:
		break;
	}
}

static void
probes_trim(struct probes *p)
{
	struct mono now = clock_now();

	if (mono_diff_us(now, p->trimmed) < PROBES_TRIM_US)
		return;
	p->trimmed = now;
	h2_trim();
}

/* Its target may be gone when it ends. */
struct probe_run {
	struct probe probe;
	struct probes *probes;
};

static void
probes_ended(struct probe *probe)
{
	struct probe_run *run = CONTAINER_OF(probe, struct probe_run, probe);
	struct probe_target *t = probe->owner;
	struct probes *p = run->probes;

	p->running--;
	probes_trim(p);
	if (t != NULL) {
		t->probe = NULL;
		probes_count(p, probe);
		if (probe->result != PROBE_PUT_OFF)
			probe_target_judge(t, probe);
		probe_target_next(t, probe->result == PROBE_PUT_OFF);
	}
	probes_wait(p);
	free(run);
}

/* The name that goes into Host when the configuration gives none. */
static struct slice
probes_host(const struct region *r, uint32_t index)
{
	struct slice label = registry_endpoint_label(r, index);

	/* Names of SRV records are no names of hosts. */
	if (label.n == 0 || label.p[0] == '_')
		return registry_endpoint_text(r, index);
	return label;
}

static void
probes_start_one(struct probes *p, struct probe_target *t)
{
	struct probe_run *run = calloc(1, sizeof(*run));
	uint32_t index = t->handle.index;
	char name[ENDPOINT_LABEL_MAX];

	list_remove(&t->ready_link);
	if (run == NULL) {
		p->put_off++;
		probe_target_next(t, true);
		return;
	}
	run->probes = p;
	run->probe.owner = t;
	t->probe = &run->probe;
	p->running++;
	probe_start(t->probe, p->loop, t->group->rule,
	    &(struct probe_place){ t->addr, probes_host(p->region, index),
		label_name(registry_endpoint_label(p->region, index), name) },
	    probes_ended);
}

static uint32_t
probes_apart_us(const struct probe_target *t)
{
	return t->group->rule->tls != NULL ? PROBES_APART_TLS_US
					   : PROBES_APART_US;
}

static void
probes_start_due(struct timer *timer)
{
	struct probes *p = CONTAINER_OF(timer, struct probes, start_timer);
	struct mono now = clock_now();

	if (mono_diff_us(now, p->next_start) > PROBES_LATE_US)
		p->next_start.us = now.us - PROBES_LATE_US;
	while (!list_empty(&p->ready) && p->running < p->running_max &&
	    p->next_start.us <= now.us) {
		struct probe_target *t = CONTAINER_OF(
		    p->ready.next, struct probe_target, ready_link);

		p->next_start = mono_add_us(p->next_start, probes_apart_us(t));
		probes_start_one(p, t);
	}
	probes_wait(p);
}

void
probes_due(struct probe_target *t)
{
	struct probes *p = t->probes;

	list_push_back(&p->ready, &t->ready_link);
	probes_wait(p);
}

/* Others of this process need descriptors too. */
static uint32_t
probes_fit(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) != 0 ||
	    limit.rlim_cur / 2 >= PROBES_RUNNING_MAX)
		return PROBES_RUNNING_MAX;
	return limit.rlim_cur > 2 ? (uint32_t)(limit.rlim_cur / 2) : 1;
}

void
probes_init(struct probes *p, struct loop *loop, struct region *r)
{
	*p = (struct probes){ .region = r,
		.loop = loop,
		.running_max = probes_fit(),
		.random = hash_key_random().k0 };
	p->group_of = calloc(SERVICES_MAX, sizeof(struct probe_group *));
	p->target_of = calloc(ENDPOINTS_MAX, sizeof(struct probe_target *));
	MUST(p->group_of != NULL && p->target_of != NULL);
	probe_policies_init(&p->policies);
	list_init(&p->groups);
	list_init(&p->ready);
	timer_init(&p->start_timer, probes_start_due);
}
