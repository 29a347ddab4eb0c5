/*
 * auth_flow.h - requests that run through the filter `authenticate` alone: what
 * lies before and behind it is played here. With the image of auth_kit.h.
 */
#ifndef TESTS_UNIT_WORKER_FILTER_AUTH_FLOW_H
#define TESTS_UNIT_WORKER_FILTER_AUTH_FLOW_H

#include "tests/unit/shm/fixture.h"
#include "tests/unit/worker/filter/auth_kit.h"

#include "common/jose/issue.h"
#include "common/jose/keyset.h"
#include "shm/keysets.h"
#include "worker/filter/auth_cache.h"
#include "worker/filter/authenticate.h"
#include "worker/flow/guards.h"
#include "worker/flow/identity.h"
#include "worker/flow/keys.h"

#define FLOW_AUTHS 8u

static struct {
	struct region region;
	struct env env;
	struct loop loop;
	struct img_auth auths[FLOW_AUTHS];
	uint32_t auth_count;
	struct img_route route;
	/* The request that runs, or NULL; and how it went. */
	struct req *q;
	struct codec codec;
	struct stream stream;
	unsigned reached; /* the filter behind ours */
	unsigned status;
	enum why why;
	bool paused;
	unsigned woken; /* the master */
	char www[2048], user[256], roles[256];
} flow;

/* ---- what lies around it ---- */

static bool
flow_head(struct stream *s, const struct head *h, bool end)
{
	const struct field *f = head_find(h, FIELD_WWW_AUTHENTICATE);

	(void)s;
	(void)end;
	flow.status = h->status;
	if (f != NULL)
		(void)snprintf(
		    flow.www, sizeof(flow.www), "%.*s", SLICE_FMT(f->value));
	return true;
}

static void
flow_data(struct stream *s, struct slice bytes)
{
	(void)s;
	(void)bytes;
}

static void
flow_end(struct stream *s, const struct head *trailers)
{
	(void)s;
	(void)trailers;
}

static const struct codec_ops flow_codec = {
	.send_head = flow_head,
	.send_data = flow_data,
	.send_end = flow_end,
};

static void
flow_pause(struct req *q, bool paused)
{
	(void)q;
	flow.paused = paused;
}

static void
flow_ended(struct req *q, bool cut)
{
	(void)q;
	(void)cut;
	flow.q = NULL;
}

static const struct req_owner flow_owner = {
	.pause = flow_pause,
	.ended = flow_ended,
};

static void
flow_counted(const struct req *q)
{
	flow.why = (enum why)q->why;
}

static void
flow_wake(struct env *e)
{
	(void)e;
	flow.woken++;
}

/* Behind authenticate: it is let in. */
static enum verdict
flow_reached(struct req *q)
{
	flow.reached++;
	if (q->identity != NULL) {
		(void)snprintf(flow.user, sizeof(flow.user), "%.*s",
		    SLICE_FMT(q->identity->claim[IMG_CLAIM_USER]));
		(void)snprintf(flow.roles, sizeof(flow.roles), "%.*s",
		    SLICE_FMT(q->identity->claim[IMG_CLAIM_ROLES]));
	}
	return DONE;
}

static struct filter flow_filters[IMG_FILTER_COUNT];

static inline void
flow_begin(void)
{
	struct env *e = &flow.env;

	memset(&flow, 0, sizeof(flow));
	fixture_region(&flow.region, 1);
	ck_assert(loop_init(&flow.loop));
	clock_update();
	*e = (struct env){ .region = &flow.region,
		.loop = &flow.loop,
		.filters = flow_filters,
		.req_ended = flow_counted,
		.wake_master = flow_wake };
	e->counters = counters_block(&flow.region, 0);
	e->keys = keys_new(e);
	e->auth_cache = auth_cache_new(e, 1u << 20);
	e->guards = guards_new();
	pool_init(&e->reqs, "requests", REQ_BYTES, 0);
	flow_filters[IMG_FILTER_AUTHENTICATE] =
	    (struct filter){ "authenticate", authenticate_request, NULL };
	flow_filters[IMG_FILTER_FORWARD] =
	    (struct filter){ "forward", flow_reached, NULL };
	flow.codec.ops = &flow_codec;
	flow.stream.codec = &flow.codec;
	flow.route = (struct img_route){
		.filters = UINT32_C(1) << IMG_FILTER_AUTHENTICATE |
		    UINT32_C(1) << IMG_FILTER_FORWARD,
	};
}

static inline void
flow_fini(void)
{
	struct env *e = &flow.env;

	if (flow.q != NULL)
		req_end(flow.q, WHY_OK, false);
	guards_free(e->guards);
	auth_cache_free(e->auth_cache);
	keys_free(e->keys);
	pool_fini(&e->reqs);
	loop_fini(&flow.loop);
}

/* ---- the configuration ---- */

static inline const char *
flow_scheme(enum img_auth_type type)
{
	switch (type) {
	case IMG_AUTH_API_KEY:
		return "ApiKey";
	case IMG_AUTH_BASIC:
		return "Basic";
	case IMG_AUTH_MTLS:
		return "Certificate";
	case IMG_AUTH_JWT:
	case IMG_AUTH_INTROSPECTION:
	case IMG_AUTH_FORWARD:
	case IMG_AUTH_TYPES:
		break;
	}
	return "Bearer";
}

/* One more authenticator of the route; its hash is its number. */
static inline struct img_auth *
flow_auth(enum img_auth_type type, const char *name)
{
	struct img_auth *a = &flow.auths[flow.auth_count++];
	char challenge[128];

	*a = (struct img_auth){ .type = type, .slot = IMG_NONE, .cache = 1 };
	a->hash[0] = (uint8_t)flow.auth_count;
	a->name = kit_str(name);
	(void)snprintf(challenge, sizeof(challenge), "%s realm=\"%s\"",
	    flow_scheme(type), name);
	a->challenge = kit_str(challenge);
	a->types = kit_strs("jwt at+jwt");
	a->claims[IMG_CLAIM_USER] = kit_str("sub");
	a->claims[IMG_CLAIM_ROLES] = kit_str("roles");
	return a;
}

/* The authenticators are what they are now. */
static inline void
flow_configure(void)
{
	uint32_t list[FLOW_AUTHS];

	for (uint32_t i = 0; i < flow.auth_count; i++)
		list[i] = i;
	kit.head.access.authenticators = (struct img_span){
		kit_put(flow.auths, flow.auth_count * sizeof(flow.auths[0])),
		flow.auth_count
	};
	flow.route.authenticate =
	    (struct img_span){ kit_put(list, flow.auth_count * sizeof(list[0])),
		    flow.auth_count };
}

/* ---- requests ---- */

/* The request of kit_field and its like goes on its way. */
static inline void
flow_send(void)
{
	struct req_via via = { 0 };

	if (flow.q != NULL)
		req_end(flow.q, WHY_OK, false);
	flow.reached = flow.status = 0;
	flow.why = WHY_OK;
	flow.www[0] = flow.user[0] = flow.roles[0] = '\0';
	flow.q =
	    req_new(&flow.env, &flow.stream, &flow_owner, &kit_q.head, &via);
	ck_assert_ptr_nonnull(flow.q);
	flow.q->image = &kit.head;
	flow.q->match.route = &flow.route;
	flow.q->uri = kit_q.uri;
	flow.q->up.fields = kit_up;
	flow.q->up_room = 2 * KIT_FIELDS;
	flow.q->up.count = kit_q.up.count;
	flow.q->up.present = kit_q.up.present;
	flow.q->request_done = flow.q->head.body == BODY_NONE;
	pipeline_run(flow.q);
}

/* A request with this token, and nothing else. */
static inline void
flow_send_token(const char *token)
{
	char value[20000];

	kit_q.head.count = kit_q.up.count = 0;
	kit_q.head.present = kit_q.up.present = 0;
	(void)snprintf(value, sizeof(value), "Bearer %s", token);
	if (token[0] != '\0')
		kit_field("Authorization", value);
	flow_send();
}

#define flow_is_in(name)                                                \
	do {                                                            \
		ck_assert_msg(                                          \
		    flow.reached == 1, "%s", why_table[flow.why].word); \
		ck_assert_str_eq(flow.user, name);                      \
	} while (0)

#define flow_is_refused(id)                                                 \
	do {                                                                \
		ck_assert_uint_eq(flow.reached, 0);                         \
		ck_assert_str_eq(                                           \
		    why_table[flow.why].word, why_table[WHY_##id].word);    \
		ck_assert_uint_eq(flow.status, why_table[WHY_##id].status); \
	} while (0)

#endif
