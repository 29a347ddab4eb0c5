/*
 * grant_pair.c - see grant_pair.h.
 */
#include "worker/filter/grant_pair.h"

#include "common/base/json.h"
#include "worker/flow/reply.h"

static const struct field grant_no_store = { .name = { "Cache-Control", 13 },
	.value = { "no-store", 8 },
	.id = FIELD_CACHE_CONTROL };

bool
grant_init(struct grant *g, struct req *q)
{
	char *room = arena_alloc(&q->arena, 2 * ISSUED_BYTES_MAX);

	*g = (struct grant){ .by = { q->env, q->image,
				 epoch_secrets(q->env->region, q->image_slot),
				 &q->image->access.issuer, env_now_s() } };
	if (room == NULL)
		return false;
	text_init_fixed(&g->access_text, room, ISSUED_BYTES_MAX);
	text_init_fixed(
	    &g->refresh_text, room + ISSUED_BYTES_MAX, ISSUED_BYTES_MAX);
	return true;
}

enum why
grant_sign(struct grant *g, const struct identity *id)
{
	enum issued made =
	    issued_access(&g->by, id, g->refresh.expires_s, &g->access_text);

	if (made == ISSUED_OK && grant_refreshes(g))
		made =
		    issued_refresh_sign(&g->by, &g->refresh, &g->refresh_text);
	switch (made) {
	case ISSUED_OK:
		break;
	case ISSUED_NO_KEY:
		return WHY_AUTH_UNAVAILABLE;
	case ISSUED_TOO_LONG:
		return WHY_IDENTITY_TOO_LARGE;
	}
	return WHY_OK;
}

/* For so long the access token holds. */
static int64_t
grant_lifetime(const struct grant *g)
{
	int64_t lifetime = (int64_t)(g->by.issuer->lifetime_us / 1000000);
	int64_t left = g->refresh.expires_s - g->by.now_s;

	return lifetime < left ? lifetime : left;
}

void
grant_answer(struct req *q, const struct grant *g)
{
	size_t size = g->access_text.n + g->refresh_text.n + 256;
	char *buf = arena_alloc(&q->arena, size);
	struct text t;
	struct json j;

	if (buf == NULL) {
		req_fail(q, WHY_OVERLOADED);
		return;
	}
	text_init_fixed(&t, buf, size);
	json_init(&j, &t);
	json_object_begin(&j, NULL);
	json_add_string(&j, "access_token", text_slice(&g->access_text));
	json_add_string(&j, "token_type", SLICE_LIT("Bearer"));
	json_add_int(&j, "expires_in", grant_lifetime(g));
	if (g->refresh_text.n != 0) {
		json_add_string(
		    &j, "refresh_token", text_slice(&g->refresh_text));
		json_add_int(&j, "refresh_expires_in",
		    g->refresh.expires_s - g->by.now_s);
	}
	json_object_end(&j);
	q->why = WHY_ISSUED;
	reply_body(q, 200, SLICE_LIT("application/json"), text_slice(&t),
	    &grant_no_store);
}
