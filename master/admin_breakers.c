/*
 * admin_breakers.c - see admin_breakers.h.
 */
#include "master/admin_breakers.h"

#include "common/base/clock.h"
#include "common/base/json.h"
#include "master/admin_find.h"
#include "master/breaker_list.h"
#include "master/change_text.h"
#include "master/reload.h"
#include "shm/breaker_history.h"
#include "shm/registry.h"

/* One document while it is written. */
struct listing {
	struct json j;
	bool history;
	const struct lookup *only; /* NULL: any endpoint */
};

static void
at_write(struct json *j, const char *key, int64_t wall_us)
{
	char at[WALL_TEXT_BYTES];

	wall_text((struct wall){ wall_us }, at);
	json_add_string(j, key, slice_str(at));
}

static void
cause_write(struct json *j, enum change_cause cause, uint32_t detail)
{
	struct text words = { 0 };

	cause_detail(&words, cause, detail);
	json_add_string(j, "cause", slice_str(change_cause_name(cause)));
	if (words.n != 0)
		json_add_string(j, "detail", text_slice(&words));
	else
		json_add_null(j, "detail");
	text_fini(&words);
}

static void
sums_write(struct json *j, const struct breaker_sums *s)
{
	json_object_begin(j, "window");
	json_add_uint(j, "calls", s->calls);
	json_add_uint(j, "failed", s->failed);
	json_add_uint(j, "slow", s->slow);
	json_object_end(j);
}

static void
failures_write(struct json *j, const struct breaker_failure *f, uint32_t n)
{
	json_array_begin(j, "failures");
	for (uint32_t i = 0; i < n; i++) {
		json_object_begin(j, NULL);
		json_add_thousandths(j, "before", f[i].before_ms);
		cause_write(j, f[i].cause, f[i].detail);
		json_object_end(j);
	}
	json_array_end(j);
}

/* ---- history ---- */

static void
turn_write(struct json *j, const struct breaker_turn *t)
{
	json_object_begin(j, NULL);
	json_add_uint(j, "number", t->number);
	at_write(j, "at", t->wall_us);
	json_add_string(j, "from", slice_str(breaker_state_name(t->from)));
	json_add_string(j, "to", slice_str(breaker_state_name(t->to)));
	cause_write(j, t->cause, t->detail);
	json_add_uint(j, "fails", t->fails);
	sums_write(j, &t->window);
	failures_write(j, t->failures, t->failure_count);
	json_object_end(j);
}

static void
history_write(struct json *j, const struct breaker_turn *turns, uint32_t count)
{
	json_array_begin(j, "history");
	for (uint32_t i = 0; i < count; i++)
		turn_write(j, &turns[i]);
	json_array_end(j);
}

/* ---- one breaker ---- */

static void
names_write(struct json *j, const struct breaker_entry *e)
{
	json_add_string(j, "service", img_slice(e->img, e->service->name));
	if (e->index == REGISTRY_NONE) {
		json_add_null(j, "endpoint");
		json_add_null(j, "label");
		return;
	}
	json_add_string(j, "endpoint", breaker_entry_endpoint(e));
	json_add_string(j, "label", registry_endpoint_label(e->r, e->index));
}

static void
state_write(struct json *j, const struct breaker_info *i)
{
	json_add_string(j, "state", slice_str(breaker_state_name(i->state)));
	if (i->state == BREAKER_OPEN)
		json_add_seconds(j, "retry_after", i->wait_us);
	else
		json_add_null(j, "retry_after");
	json_add_uint(j, "fails", i->fails);
	json_add_uint(j, "successes", i->oks);
	json_add_uint(j, "probes", i->probes);
	json_add_uint(j, "transitions", i->transitions);
}

static void
limits_write(struct json *j, const struct img_breaker *b)
{
	json_object_begin(j, "limits");
	json_add_uint(j, "failures", b->failures);
	json_add_uint(j, "successes", b->successes);
	json_add_uint(j, "probes", b->probes);
	json_add_seconds(j, "open", b->open_us);
	json_add_thousandths(j, "error_rate", b->error_rate);
	json_add_thousandths(j, "slow_rate", b->slow_rate);
	json_add_uint(j, "minimum", b->minimum);
	json_object_end(j);
}

/* What leads to the next transition: what has failed lately. */
static void
lately_write(struct json *j, const struct breaker_entry *e,
    const struct breaker_info *i, uint64_t now_us)
{
	const struct img_breaker *b = &e->service->breaker;
	struct breaker_failure f[BREAKER_FAILURES_KEPT];
	struct breaker_sums sums = { 0 };

	if (b->error_rate != 0 || b->slow_rate != 0)
		breaker_window_sum(
		    e->r, e->breaker, b->window_us, i->epoch, now_us, &sums);
	sums_write(j, &sums);
	failures_write(j, f, breaker_failures(e->r, e->breaker, now_us, f));
}

static void
entry_write(void *what, const struct breaker_entry *e)
{
	struct breaker_turn turns[BREAKER_TURNS_KEPT];
	struct listing *l = what;
	struct json *j = &l->j;
	uint64_t now_us = clock_now().us;
	struct breaker_info i;

	if (l->only != NULL &&
	    (e->index == REGISTRY_NONE || !lookup_has(e->r, l->only, e->index)))
		return;
	breaker_info(e->r, e->breaker, now_us, &i);
	uint32_t n = breaker_history_read(
	    e->r, e->breaker, 0, turns, l->history ? BREAKER_TURNS_KEPT : 1);
	json_object_begin(j, NULL);
	names_write(j, e);
	state_write(j, &i);
	if (n != 0)
		at_write(j, "since", turns[n - 1].wall_us);
	else
		json_add_null(j, "since");
	limits_write(j, &e->service->breaker);
	lately_write(j, e, &i, now_us);
	if (l->history)
		history_write(j, turns, n);
	json_object_end(j);
}

/* ---- documents ---- */

static void
listing_begin(struct listing *l, struct admin_reply *r)
{
	json_init(&l->j, &r->body);
	json_object_begin(&l->j, NULL);
	json_array_begin(&l->j, "breakers");
}

static void
listing_end(struct listing *l)
{
	json_array_end(&l->j);
	json_object_end(&l->j);
}

static void
all_answer(struct admin *a, bool history, struct admin_reply *r)
{
	const struct region *region = &a->in->region;
	struct listing l = { .history = history };

	listing_begin(&l, r);
	breakers_each(region, reload_current(region), entry_write, &l);
	listing_end(&l);
}

void
admin_breakers_answer(
    struct admin *a, const struct admin_request *q, struct admin_reply *r)
{
	(void)q;
	all_answer(a, false, r);
}

void
admin_breakers_history_answer(
    struct admin *a, const struct admin_request *q, struct admin_reply *r)
{
	(void)q;
	all_answer(a, true, r);
}

/* `only`: those of the endpoint that was looked up. */
static void
found_answer(
    struct admin *a, const struct lookup *of, bool only, struct admin_reply *r)
{
	struct listing l = { .history = true, .only = only ? of : NULL };

	listing_begin(&l, r);
	breakers_of_service(
	    &a->in->region, of->img, of->service, entry_write, &l);
	listing_end(&l);
}

void
admin_service_breakers_answer(
    struct admin *a, const struct admin_request *q, struct admin_reply *r)
{
	struct lookup l;

	if (admin_find_service(a, q, &l, r))
		found_answer(a, &l, false, r);
}

void
admin_endpoint_breaker_answer(
    struct admin *a, const struct admin_request *q, struct admin_reply *r)
{
	struct lookup l;

	if (admin_find_endpoint(a, q, &l, r))
		found_answer(a, &l, true, r);
}

/* ---- closing ---- */

struct resetting {
	struct region *region;
	const struct lookup *only;
	uint32_t count;
};

static void
entry_reset(void *what, const struct breaker_entry *e)
{
	struct resetting *s = what;

	if (s->only != NULL &&
	    (e->index == REGISTRY_NONE || !lookup_has(e->r, s->only, e->index)))
		return;
	breaker_reset(s->region, e->breaker, CAUSE_OPERATOR, clock_now().us);
	s->count++;
}

static void
found_reset(
    struct admin *a, const struct lookup *of, bool only, struct admin_reply *r)
{
	struct resetting s = { .region = &a->in->region,
		.only = only ? of : NULL };

	breakers_of_service(
	    &a->in->region, of->img, of->service, entry_reset, &s);
	if (s.count != 0)
		found_answer(a, of, only, r);
	else
		admin_reply_problem(r, 409,
		    SLICE_LIT("it has no breaker: breaker.scope of its service "
			      "is without it, or the breaker is off"));
}

void
admin_service_breakers_reset(
    struct admin *a, const struct admin_request *q, struct admin_reply *r)
{
	struct lookup l;

	if (admin_find_service(a, q, &l, r))
		found_reset(a, &l, false, r);
}

void
admin_endpoint_breaker_reset(
    struct admin *a, const struct admin_request *q, struct admin_reply *r)
{
	struct lookup l;

	if (admin_find_endpoint(a, q, &l, r))
		found_reset(a, &l, true, r);
}
