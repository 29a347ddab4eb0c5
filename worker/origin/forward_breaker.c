/*
 * forward_breaker.c - a request and the breakers of its service: that of the
 * service is asked first, and told at the end how it went; where those of the
 * endpoints leave none, the request ends.
 */
#include "common/base/must.h"
#include "worker/origin/forward_state.h"

/* A probe that waits for the body of its request. */
struct forward_probe {
	struct timer timer;
	struct forward *f;
	bool lent; /* the service's place: as call_lend_place */
};

static const struct judged nothing = { .is = JUDGED_NOT };

/* ---- the service's ---- */

bool
forward_admit(struct forward *f)
{
	struct req *q = f->req;
	uint64_t wait_us;

	if (service_admit(&f->pass, q->env, &f->call.params.judge,
		f->call.params.service, &wait_us))
		return true;
	f->barred_us = wait_us;
	return false;
}

/* A probe again, if there is a place, as it is known how it went. */
static __attribute__((noinline)) void
forward_take_place(struct forward *f)
{
	const struct judge *j = &f->call.params.judge;
	struct env *e = f->req->env;
	uint64_t wait_us;

	f->probe->lent = false;
	if (service_admit(&f->pass, e, j, f->call.params.service, &wait_us) &&
	    !service_pass_is_probe(&f->pass))
		service_give_back(&f->pass, e, j, &nothing);
}

/* What the service is held to be: as its last call went. */
static void
forward_give_back(struct forward *f, const struct judged *last)
{
	if (f->probe != NULL && f->probe->lent && last->is != JUDGED_NOT)
		forward_take_place(f);
	service_give_back(&f->pass, f->req->env, &f->call.params.judge, last);
}

static bool
forward_has_lent(const struct forward *f)
{
	return f->probe != NULL && f->probe->lent;
}

void
forward_settle_head(struct forward *f)
{
	const struct call *c = &f->call;

	if (forward_has_lent(f) || c->judged.is == JUDGED_BAD || c->events ||
	    c->switched || service_pass_is_probe(&f->pass))
		forward_give_back(f, &c->judged);
}

/* The request has no answer, but that is no fault of the service. */
static bool
forward_is_blameless(const struct req *q)
{
	return q->status == 0 && why_table[q->why].fault != FAULT_UPSTREAM;
}

static void
forward_settle_as(struct forward *f, const struct judged *last)
{
	forward_give_back(f, last);
	if (f->probe == NULL)
		return;
	timer_fini(&f->req->env->loop->timers, &f->probe->timer);
	f->probe->lent = false;
}

void
forward_settle(struct forward *f)
{
	forward_settle_as(
	    f, forward_is_blameless(f->req) ? &nothing : &f->call.judged);
}

void
forward_settle_tried(struct forward *f)
{
	forward_settle_as(f, &f->call.judged);
}

/* ---- probes ---- */

/* For so long it may do so. */
#define PROBE_BODY_US 1000000u

static bool
forward_is_probe(const struct forward *f)
{
	return service_pass_is_probe(&f->pass) || call_is_probe(&f->call);
}

static void
probe_watch(struct forward_probe *p)
{
	timer_set(&p->f->req->env->loop->timers, &p->timer,
	    mono_add_us(clock_now(), PROBE_BODY_US));
}

/* It is the endpoint that takes nothing, or does not ask for anything: that is
 * what probes are to find out. */
static bool
probe_waits_for_endpoint(const struct forward *f)
{
	return f->client_paused || call_queued(&f->call) != 0 ||
	    (call_open(&f->call) && f->call.expects);
}

/* The client sends slowly, maybe on purpose: another request is to try. */
static void
probe_late(struct timer *t)
{
	struct forward_probe *p = CONTAINER_OF(t, struct forward_probe, timer);
	struct forward *f = p->f;

	if (f->req->request_done || !forward_is_probe(f))
		return;
	if (probe_waits_for_endpoint(f)) {
		probe_watch(p);
		return;
	}
	if (service_pass_is_probe(&f->pass)) {
		forward_give_back(f, &nothing);
		p->lent = true;
	}
	if (call_is_probe(&f->call))
		call_lend_place(&f->call);
}

/* NULL without memory. */
static struct forward_probe *
probe_new(struct forward *f)
{
	struct forward_probe *p = arena_zalloc(&f->req->arena, sizeof(*p));

	if (p == NULL)
		return NULL;
	p->f = f;
	timer_init(&p->timer, probe_late);
	return p;
}

void
forward_watch_probe(struct forward *f)
{
	struct req *q = f->req;

	if (q->head.body == BODY_NONE || q->request_done ||
	    !forward_is_probe(f))
		return;
	if (f->probe == NULL)
		f->probe = probe_new(f);
	if (f->probe != NULL && !timer_armed(&f->probe->timer))
		probe_watch(f->probe);
}

/* ---- the endpoints' ---- */

bool
forward_barred(const struct forward *f)
{
	uint64_t wait_us;

	return f->ask.breaker != NULL &&
	    balance_barred(f->req->env->balance, &f->ask, &wait_us);
}

void
forward_pass_over(struct forward *f, uint64_t wait_us)
{
	if (f->barred == 0 || wait_us < f->barred_us)
		f->barred_us = wait_us;
	f->barred |= 1u << f->ask.tried.count;
}

bool
forward_none_lets_through(struct forward *f)
{
	uint32_t tried = f->ask.tried.count;
	uint64_t wait_us;

	if (f->ask.breaker == NULL)
		return false;
	if (balance_barred(f->req->env->balance, &f->ask, &wait_us))
		f->barred_us = wait_us;
	else if (f->barred == 0 ||
	    (uint32_t)__builtin_popcount(f->barred) != tried)
		return false;
	forward_fail_barred(f);
	return true;
}

void
forward_fail_barred(struct forward *f)
{
	struct field after = { .name = SLICE_LIT("Retry-After"),
		.id = FIELD_RETRY_AFTER };
	char text[RETRY_AFTER_MAX];

	after.value =
	    arena_copy(&f->req->arena, retry_after_text(f->barred_us, text));
	req_fail_with(f->req, WHY_BREAKER_OPEN, NULL, &after);
}
