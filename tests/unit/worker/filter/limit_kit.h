/*
 * limit_kit.h - requests that run through the filters of rate_limits alone,
 * with limits made by hand: what lies before and behind is played here. With
 * the image of auth_kit.h.
 */
#ifndef TESTS_UNIT_WORKER_FILTER_LIMIT_KIT_H
#define TESTS_UNIT_WORKER_FILTER_LIMIT_KIT_H

#include "tests/unit/shm/fixture.h"
#include "tests/unit/worker/filter/auth_kit.h"

#include "common/base/must.h"
#include "shm/limiter_key.h"
#include "worker/filter/limit.h"
#include "worker/filter/limit_state.h"
#include "worker/flow/identity.h"

#define LK_LIMITS 8u
#define LK_HOUR UINT64_C(3600000000)

/* What an answer says; -1: nothing. */
struct lk_said {
	unsigned status;
	long limit, remaining, reset, retry_after;
	unsigned told; /* fields of these names */
};

static struct {
	struct region region;
	struct env env;
	struct loop loop;
	struct img_limit limits[LK_LIMITS];
	uint32_t count;
	struct img_route route;
	struct req *q; /* the one that runs, or NULL */
	struct codec codec;
	struct stream stream;
	struct field answer[8]; /* of the endpoint */
	uint32_t answer_count;
	struct identity_parts parts; /* who it is; type 0 and no user: nobody */
	bool anybody;
	bool stays; /* the endpoint takes its time */
	enum why why;
	struct lk_said said;
} lk;

static inline long
lk_number(const struct head *h, const char *name)
{
	const struct field *f = head_find_name(h, slice_str(name));
	char text[32];

	if (f == NULL)
		return -1;
	lk.said.told++;
	(void)snprintf(text, sizeof(text), "%.*s", SLICE_FMT(f->value));
	return strtol(text, NULL, 10);
}

static bool
lk_head(struct stream *s, const struct head *h, bool end)
{
	unsigned n = 0;

	(void)s;
	(void)end;
	lk.said = (struct lk_said){ .status = h->status };
	lk.said.limit = lk_number(h, "X-RateLimit-Limit");
	lk.said.remaining = lk_number(h, "X-RateLimit-Remaining");
	lk.said.reset = lk_number(h, "X-RateLimit-Reset");
	lk.said.retry_after = lk_number(h, "Retry-After");
	for (uint32_t i = 0; i < h->count; i++)
		n += slice_eq_nocase(
			 h->fields[i].name, SLICE_LIT("X-RateLimit-Limit")) ||
		    slice_eq_nocase(h->fields[i].name,
			SLICE_LIT("X-RateLimit-Remaining")) ||
		    slice_eq_nocase(
			h->fields[i].name, SLICE_LIT("X-RateLimit-Reset")) ||
		    h->fields[i].id == FIELD_RETRY_AFTER;
	ck_assert_uint_eq(n, lk.said.told); /* each once */
	return true;
}

static void
lk_data(struct stream *s, struct slice bytes)
{
	(void)s;
	(void)bytes;
}

static void
lk_end(struct stream *s, const struct head *trailers)
{
	(void)s;
	(void)trailers;
}

static const struct codec_ops lk_codec = {
	.send_head = lk_head, .send_data = lk_data, .send_end = lk_end
};

static void
lk_ended(struct req *q, bool cut)
{
	(void)cut;
	if (q == lk.q)
		lk.q = NULL;
}

static const struct req_owner lk_owner = { .ended = lk_ended };

static void
lk_counted(const struct req *q)
{
	lk.why = (enum why)q->why;
}

static void
lk_unref(void *arg)
{
	identity_unref(arg);
}

/* In place of authenticate. */
static enum verdict
lk_authenticate(struct req *q)
{
	if (!lk.anybody)
		return GO_ON;
	q->identity = identity_new(&lk.parts);
	ck_assert(arena_defer(&q->arena, lk_unref, q->identity));
	return GO_ON;
}

static enum verdict
lk_forward(struct req *q)
{
	struct field fields[16];
	struct head h = {
		.status = 200, .version = HTTP_1_1, .fields = fields
	};

	if (lk.stays)
		return DONE;
	for (uint32_t i = 0; i < lk.answer_count; i++) {
		fields[h.count++] = lk.answer[i];
		if (lk.answer[i].id != FIELD_OTHER)
			h.present |= UINT64_C(1) << lk.answer[i].id;
	}
	req_answer_head(q, &h, 16, true);
	return DONE;
}

static struct filter lk_filters[IMG_FILTER_COUNT];

static inline void
lk_begin(void)
{
	struct env *e = &lk.env;

	memset(&lk, 0, sizeof(lk));
	fixture_region(&lk.region, 1);
	ck_assert(loop_init(&lk.loop));
	clock_update();
	*e = (struct env){ .region = &lk.region,
		.loop = &lk.loop,
		.filters = lk_filters,
		.req_ended = lk_counted };
	e->counters = counters_block(&lk.region, 0);
	ck_assert(permits_init(&e->permits, &lk.region, 0));
	pool_init(&e->reqs, "requests", REQ_BYTES, 0);
	lk_filters[IMG_FILTER_LIMIT] =
	    (struct filter){ "limit", limit_request, limit_answer };
	lk_filters[IMG_FILTER_AUTHENTICATE] =
	    (struct filter){ "authenticate", lk_authenticate, NULL };
	lk_filters[IMG_FILTER_LATE_LIMIT] =
	    (struct filter){ "late_limit", late_limit_request, limit_answer };
	lk_filters[IMG_FILTER_FORWARD] =
	    (struct filter){ "forward", lk_forward, NULL };
	e->answering = pipeline_answering(lk_filters);
	lk.codec.ops = &lk_codec;
	lk.stream.codec = &lk.codec;
}

static inline void
lk_fini(void)
{
	if (lk.q != NULL)
		req_end(lk.q, WHY_OK, false);
	permits_fini(&lk.env.permits);
	pool_fini(&lk.env.reqs);
	loop_fini(&lk.loop);
	region_fini(&lk.region);
}

/* ---- the configuration ---- */

/* One more limit of the route: so many an hour (or at once), by these parts. */
static inline struct img_limit *
lk_limit(enum img_limit_kind kind, uint64_t count, const char *parts)
{
	static const char *const words[] = { "address", "user", "tenant",
		"service", "route" };
	struct img_limit *l = &lk.limits[lk.count++];
	struct img_limit_part_of all[IMG_LIMIT_PARTS_MAX] = { 0 };
	char *copy = strdup(parts), *rest = copy, *one;

	*l = (struct img_limit){ .id = lk.count,
		.kind = kind,
		.count = count,
		.period_us = kind == IMG_LIMIT_QUOTA ? IMG_PERIOD_DAY : LK_HOUR,
		.burst = count,
		.each_ns = LK_HOUR * 1000 / count,
		.table =
		    kind == IMG_LIMIT_QUOTA ? LIMITER_QUOTA : LIMITER_IDENTITY,
		.multiplier = { 1000, 1000, 1000 },
		.row = IMG_NONE };
	l->name = kit_str(parts);
	while ((one = strsep(&rest, " ")) != NULL) {
		struct img_limit_part_of *p = &all[l->parts.count];

		if (*one == '\0')
			continue;
		p->part = IMG_LIMIT_HEADER;
		for (uint32_t i = 0; i < 5; i++)
			if (strcmp(one, words[i]) == 0)
				p->part = i;
		if (p->part == IMG_LIMIT_HEADER) {
			p->name = kit_str(one);
			p->field = http_field_find(slice_str(one));
		}
		l->late |=
		    p->part >= IMG_LIMIT_USER && p->part <= IMG_LIMIT_SERVICE;
		if (p->part == IMG_LIMIT_HEADER || p->part == IMG_LIMIT_ADDRESS)
			l->table = LIMITER_ADDRESS;
		l->parts.count++;
	}
	free(copy);
	l->parts.off = kit_put(all, l->parts.count * sizeof(all[0]));
	return l;
}

static inline struct img_span
lk_list(uint32_t late, uint32_t except)
{
	uint32_t list[LK_LIMITS], n = 0;

	for (uint32_t i = 0; i < lk.count; i++)
		if (lk.limits[i].late == late && i != except)
			list[n++] = i;
	return (struct img_span){ kit_put(list, n * sizeof(list[0])), n };
}

/* The limits are what they are now; but for this one (its number, or none). */
static inline void
lk_configure_without(uint32_t except)
{
	lk.route.name = kit_str("the-route");
	lk.route.filters = UINT32_C(1) << IMG_FILTER_AUTHENTICATE |
	    UINT32_C(1) << IMG_FILTER_FORWARD;
	kit.head.protect.limits = (struct img_span){
		kit_put(lk.limits, lk.count * sizeof(lk.limits[0])), lk.count
	};
	lk.route.limits = lk_list(0, except);
	lk.route.late_limits = lk_list(1, except);
	if (lk.route.limits.count != 0)
		lk.route.filters |= UINT32_C(1) << IMG_FILTER_LIMIT;
	if (lk.route.late_limits.count != 0)
		lk.route.filters |= UINT32_C(1) << IMG_FILTER_LATE_LIMIT;
}

static inline void
lk_configure(void)
{
	lk_configure_without(UINT32_MAX);
}

/* ---- requests ---- */

static inline void
lk_from(const char *address)
{
	ck_assert(addr_parse_ip(slice_str(address), &kit_q.client));
}

static inline struct req *
lk_make(void)
{
	struct req_via via = { .peer = kit_q.client };
	struct req *q =
	    req_new(&lk.env, &lk.stream, &lk_owner, &kit_q.head, &via);

	ck_assert_ptr_nonnull(q);
	q->image = &kit.head;
	q->match.route = &lk.route;
	q->request_done = true;
	q->grpc = kit_q.grpc;
	return q;
}

/* It goes on its way; 0: it stays at the endpoint, and is lk.q. */
static inline unsigned
lk_send(void)
{
	lk.said = (struct lk_said){ 0 };
	lk.why = WHY_OK;
	lk.q = lk_make();
	pipeline_run(lk.q);
	return lk.said.status;
}

#define lk_expect(l, rem)                                   \
	do {                                                \
		ck_assert_int_eq(lk.said.limit, l);         \
		ck_assert_int_eq(lk.said.remaining, (rem)); \
	} while (0)

#endif
