/*
 * grant_holder.c - see grant_holder.h.
 */
#include "worker/filter/grant_holder.h"

#include <openssl/evp.h>
#include <string.h>

#include "common/base/hex.h"
#include "common/jose/mac.h"
#include "shm/holders.h"
#include "worker/filter/auth_parts.h"
#include "worker/filter/basic_users.h"
#include "worker/filter/credentials.h"
#include "worker/flow/keys.h"

/* libcrypt's longest (CRYPT_OUTPUT_SIZE). */
#define MARK_SECRET_MAX 384

/* What is known of it today. */
struct known {
	bool found;
	uint8_t type; /* enum img_auth_type */
	struct identity_parts parts;
	/* The hash of its password or of its key, or of the authenticator. */
	struct slice secret;
};

static const struct img_auth *
auth_named(const struct img_head *img, struct slice name)
{
	const struct img_auth *all =
	    img_at(img, img->access.authenticators.off);

	for (uint32_t i = 0; i < img->access.authenticators.count; i++)
		if (slice_eq(img_slice(img, all[i].name), name))
			return &all[i];
	return NULL;
}

/* Says nothing to who has not the secret of refresh tokens. */
static bool
mark_write(const struct req *q, const struct known *k, char mark[GRANT_MARK])
{
	struct mac *mac = mac_new(region_secrets(q->env->region)->refresh);
	char text[1 + MARK_SECRET_MAX];
	uint8_t digest[MAC_BYTES];
	size_t n = k->secret.n;
	bool made;

	if (n > MARK_SECRET_MAX)
		n = MARK_SECRET_MAX;
	text[0] = (char)k->type;
	if (n != 0)
		memcpy(text + 1, k->secret.p, n);
	made = mac != NULL && mac_make(mac, slice_make(text, 1 + n), digest);
	if (made)
		hex_write(digest, GRANT_MARK / 2, mark);
	mac_free(mac);
	return made;
}

/* Without a holder's name it is the user's own. */
static void
known_basic(const struct req *q, const struct img_auth *a,
    const struct identity_parts *p, struct known *k)
{
	struct slice user =
	    p->token_id.n != 0 ? p->token_id : p->claim[IMG_CLAIM_USER];
	const struct img_htpasswd *h = basic_users_find(q->image, a, user);

	if (h == NULL)
		return;
	k->secret = slice_str(
	    epoch_secrets(q->env->region, q->image_slot) + h->hash.off);
	k->found = basic_users_parts(q->image, a, user, &k->parts) == WHY_OK;
}

/* Of several keys of one name, the one that it was. */
static void
known_key(const struct req *q, const void *base, const struct img_holder *h,
    struct slice mark, struct known *k)
{
	struct identity_parts parts = k->parts;
	char now[GRANT_MARK];

	if (k->found)
		return;
	k->secret = slice_make((const char *)h->sha256, sizeof(h->sha256));
	if (!mark_write(q, k, now) ||
	    !slice_eq(mark, slice_make(now, sizeof(now))) ||
	    !auth_parts_holder(base, h, &parts))
		return;
	k->parts = parts;
	k->found = true;
}

/* In the file, or added while the gateway runs. */
static void
known_api_key(const struct req *q, const struct img_auth *a,
    const struct identity_parts *p, struct slice mark, struct known *k)
{
	const struct img_holder *all = img_at(q->image, a->holders.off);
	const struct holders *added = NULL;
	uint64_t version;

	for (uint32_t i = 0; i < a->holders.count; i++)
		if (slice_eq(img_slice(q->image, all[i].name), p->token_id))
			known_key(q, q->image, &all[i], mark, k);
	if (a->slot != IMG_NONE)
		added = keys_holders(q->env->keys, a->slot, &version);
	for (uint32_t i = 0; added != NULL && i < added->count; i++)
		if (slice_eq(holders_text(added, added->entry[i].is.name),
			p->token_id))
			known_key(q, added, &added->entry[i].is, mark, k);
}

static void
known_find(const struct req *q, const struct identity_parts *p,
    struct slice mark, struct known *k)
{
	const struct img_auth *a = auth_named(q->image, p->authenticator);

	*k = (struct known){ .parts = *p };
	if (a == NULL)
		return;
	k->type = (uint8_t)a->type;
	switch ((enum img_auth_type)a->type) {
	case IMG_AUTH_BASIC:
		known_basic(q, a, p, k);
		break;
	case IMG_AUTH_API_KEY:
		known_api_key(q, a, p, mark, k);
		break;
	case IMG_AUTH_MTLS:
		/* Its holders may say something else by now. */
		k->secret = slice_make((const char *)a->hash, sizeof(a->hash));
		k->found = true;
		break;
	case IMG_AUTH_JWT:
	case IMG_AUTH_INTROSPECTION:
	case IMG_AUTH_FORWARD:
	case IMG_AUTH_TYPES:
		break;
	}
}

/* The key that the request has, which was just found to be good. */
static bool
key_presented(
    struct req *q, const struct img_auth *a, uint8_t sha256[MAC_BYTES])
{
	struct slice text;
	size_t n;

	return credentials_find(q, a, SLICE_NONE, &text, NULL) ==
	    CREDENTIALS_FOUND &&
	    EVP_Q_digest(NULL, "SHA256", NULL, text.p, text.n, sha256, &n) == 1;
}

bool
grant_holder_mark(
    struct req *q, const struct identity_parts *p, char mark[GRANT_MARK])
{
	const struct img_auth *a = auth_named(q->image, p->authenticator);
	uint8_t sha256[MAC_BYTES];
	struct known k;

	if (a == NULL || a->type != IMG_AUTH_API_KEY) {
		known_find(q, p, SLICE_NONE, &k);
		return k.found && mark_write(q, &k, mark);
	}
	k = (struct known){ .type = IMG_AUTH_API_KEY,
		.secret = slice_make((const char *)sha256, sizeof(sha256)) };
	return key_presented(q, a, sha256) && mark_write(q, &k, mark);
}

bool
grant_holder_renew(
    const struct req *q, struct slice mark, struct identity_parts *p)
{
	char now[GRANT_MARK];
	struct known k;

	known_find(q, p, mark, &k);
	if (!k.found || !mark_write(q, &k, now) ||
	    !slice_eq(mark, slice_make(now, sizeof(now))))
		return false;
	memcpy(p->claim, k.parts.claim, sizeof(p->claim));
	p->token_id = k.parts.token_id;
	if (k.parts.expires_s < p->expires_s)
		p->expires_s = k.parts.expires_s;
	return true;
}
