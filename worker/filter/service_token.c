/*
 * service_token.c - see service_token.h.
 */
#include "worker/filter/service_token.h"

#include <string.h>

#include "shm/signing.h"
#include "worker/filter/vouchers.h"
#include "worker/flow/issued.h"

/* What a token depends on: this, and the user behind it. */
struct token_of {
	uint64_t rule;    /* img_service_token.hash */
	uint64_t signing; /* version of the keys */
};

/* Until half of its life is over. */
static int64_t
token_until(const struct img_issuer *issuer, int64_t now_s)
{
	return now_s + (int64_t)(issuer->lifetime_us / 2000000);
}

/* Empty: no memory. */
static struct slice
token_key(struct req *q, const struct img_service_token *t)
{
	struct slice user = identity_claim(q->identity, IMG_CLAIM_USER);
	struct token_of of = { t->hash, signing_version(q->env->region) };
	char *p = arena_alloc(&q->arena, sizeof(of) + user.n);

	if (p == NULL)
		return SLICE_NONE;
	memcpy(p, &of, sizeof(of));
	if (user.n != 0)
		memcpy(p + sizeof(of), user.p, user.n);
	return slice_make(p, sizeof(of) + user.n);
}

/* A new one, in the arena. */
static enum issued
token_sign(struct req *q, const struct img_service_token *t, int64_t now_s,
    struct slice *out)
{
	struct env *e = q->env;
	struct issued_by by = { e, q->image,
		epoch_secrets(e->region, q->image_slot), &t->issuer, now_s };
	char buf[ISSUED_BYTES_MAX];
	struct text token;
	enum issued made;

	text_init_fixed(&token, buf, sizeof(buf));
	made = issued_service(
	    &by, img_slice(q->image, q->service->name), q->identity, &token);
	*out = arena_copy(&q->arena, text_slice(&token));
	return made;
}

/* In the arena. */
static enum issued
token_get(struct req *q, const struct img_service_token *t, struct slice *out)
{
	struct vouchers *kept = q->env->vouchers;
	struct slice key = token_key(q, t);
	int64_t now_s = env_now_s();
	enum issued made;

	if (key.n == 0)
		return ISSUED_NO_KEY;
	*out = vouchers_find(kept, key, now_s);
	if (out->n != 0) {
		*out = arena_copy(&q->arena, *out);
		return ISSUED_OK;
	}
	made = token_sign(q, t, now_s, out);
	if (made == ISSUED_OK && !arena_failed(&q->arena))
		vouchers_keep(
		    kept, key, *out, now_s, token_until(&t->issuer, now_s));
	return made;
}

enum why
service_token_tell(struct req *q)
{
	const struct img_service_token *all =
	    img_at(q->image, q->image->access.service_tokens.off);
	const struct img_service_token *t;
	enum issued made;
	struct slice token;

	if (q->service->token == IMG_NONE)
		return WHY_OK;
	t = &all[q->service->token];
	made = token_get(q, t, &token);
	if (arena_failed(&q->arena))
		return WHY_OVERLOADED;
	if (made != ISSUED_OK)
		return made == ISSUED_TOO_LONG ? WHY_IDENTITY_TOO_LARGE
					       : WHY_AUTH_UNAVAILABLE;
	q->up.fields[q->up.count++] =
	    (struct field){ .name = img_slice(q->image, t->header),
		    .value = token };
	return WHY_OK;
}
