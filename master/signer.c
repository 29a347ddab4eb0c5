/*
 * signer.c - see signer.h. The file is in signer_file.c.
 *
 * A key is made when the one before it begins to sign: the age of the newest
 * key is how long the present one has been signing.
 */
#include "master/signer.h"

#include <openssl/crypto.h>
#include <openssl/rand.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/log.h"
#include "common/base/must.h"
#include "common/jose/base64url.h"
#include "common/jose/issue.h"
#include "common/jose/keyset.h"
#include "shm/audit.h"
#include "shm/keysets.h"

#define US INT64_C(1000000)
#define RETRY_US 10000000

/* ---- who needs them ---- */

static bool
issuer_signs(const struct img_issuer *i)
{
	return i->lifetime_us != 0 && i->alg == JOSE_ES256;
}

static bool
image_needs_keys(const struct img_head *img)
{
	const struct img_access *x = &img->access;
	const struct img_auth *auth = img_at(img, x->authenticators.off);
	const struct img_service_token *token =
	    img_at(img, x->service_tokens.off);
	bool needs = issuer_signs(&x->issuer);

	for (uint32_t i = 0; i < x->authenticators.count; i++)
		needs = needs || auth[i].own != 0;
	for (uint32_t i = 0; i < x->service_tokens.count; i++)
		needs = needs || issuer_signs(&token[i].issuer);
	return needs;
}

/* ---- keys ---- */

static bool
key_make(struct signing_key *k)
{
	struct text pem, spki;
	uint8_t id[16];
	bool ok;

	text_init(&pem);
	text_init(&spki);
	ok = RAND_bytes(id, sizeof(id)) == 1 && issue_key_make(&pem, &spki) &&
	    pem.n <= sizeof(k->pem) && spki.n <= sizeof(k->spki);
	if (ok) {
		*k = (struct signing_key){ .pem_bytes = (uint16_t)pem.n,
			.spki_bytes = (uint16_t)spki.n,
			.made_s = clock_wall().us / US };
		MUST(base64url_encode(id, sizeof(id), k->kid) == SIGNING_KID);
		memcpy(k->pem, pem.p, pem.n);
		memcpy(k->spki, spki.p, spki.n);
	}
	if (pem.n != 0)
		OPENSSL_cleanse(pem.p, pem.n);
	text_fini(&pem);
	text_fini(&spki);
	return ok;
}

/* What lives once `next` was added, which may be NULL; how many. */
static size_t
signer_live(const struct signer *s, const struct signing_key *next,
    struct signing_key keys[SIGNING_LIVE])
{
	size_t n = signing_live(s->region, keys);

	if (next == NULL)
		return n;
	if (n == SIGNING_LIVE)
		memmove(keys, keys + 1, --n * sizeof(keys[0]));
	keys[n] = *next;
	return n + 1;
}

/* The public ones, for whoever verifies. */
static void
signer_publish(struct signer *s, const struct signing_key *next)
{
	struct signing_key keys[SIGNING_LIVE];
	size_t n = signer_live(s, next, keys);
	struct keyset_build *b = malloc(sizeof(*b));
	uint32_t slot = keysets_slot(s->region, SLICE_LIT(KEYSETS_OWN));
	struct keyset *set;
	bool ok = slot != KEYSETS_NONE;

	MUST(b != NULL);
	keyset_build_init(b);
	for (size_t i = 0; i < n; i++)
		ok = keyset_add_public(b,
			 slice_make(keys[i].kid, sizeof(keys[i].kid)),
			 1u << JOSE_ES256,
			 slice_make((const char *)keys[i].spki,
			     keys[i].spki_bytes)) == NULL &&
		    ok;
	set = keyset_make(b);
	ok = ok && set != NULL &&
	    keysets_publish(
		s->region, slot, slice_make((const char *)set, set->bytes));
	if (!ok)
		log_errx("the keys that the gateway signs with could not be "
			 "published");
	free(set);
	keyset_build_fini(b);
	free(b);
	OPENSSL_cleanse(keys, sizeof(keys));
}

static void
signer_told(const struct signer *s, const struct signing_key *k)
{
	const struct audit_note n = { .event = AUDIT_SIGNING_ROTATED,
		.text = {
		    [AUDIT_OBJECT] = slice_make(k->kid, sizeof(k->kid)) } };

	audit_write(s->region, &n);
}

/*
 * The set comes first: whoever fetches it for a key that signs from now on
 * finds the one after it as well.
 */
static bool
signer_add(struct signer *s)
{
	struct signing_key k;

	if (!key_make(&k))
		return false;
	signer_publish(s, &k);
	signing_rotate(s->region, &k);
	signer_told(s, &k);
	OPENSSL_cleanse(&k, sizeof(k));
	return true;
}

/* ---- time ---- */

int64_t
signer_due(const struct signer *s)
{
	struct signing_key keys[SIGNING_LIVE];
	size_t n = signing_live(s->region, keys);
	int64_t made_s = n != 0 ? keys[n - 1].made_s : 0;

	OPENSSL_cleanse(keys, sizeof(keys));
	if (n == 0 || !s->used || s->rotate_us == 0)
		return 0;
	/* Made while the clock was wrong: nobody knows how old it is. */
	if (made_s > clock_wall().us / US)
		made_s = 0;
	return made_s + (int64_t)(s->rotate_us / 1000000);
}

static void
signer_arm(struct signer *s)
{
	int64_t due_s = signer_due(s), left_us;

	timer_cancel(&s->due);
	if (due_s == 0)
		return;
	left_us = due_s * US - clock_wall().us;
	/* Whatever the wall clock did: never longer than a key's time. */
	if (left_us > (int64_t)s->rotate_us)
		left_us = (int64_t)s->rotate_us;
	timer_set(&s->loop->timers, &s->due,
	    mono_add_us(clock_now(), left_us > 0 ? (uint64_t)left_us : 0));
}

static bool
signer_turn(struct signer *s)
{
	if (!signer_add(s)) {
		log_errx("a new key to sign with could not be made");
		timer_set(&s->loop->timers, &s->due,
		    mono_add_us(clock_now(), RETRY_US));
		return false;
	}
	s->owner->changed(s);
	signer_arm(s);
	return true;
}

bool
signer_rotate(struct signer *s)
{
	if (!signer_turn(s))
		return false;
	log_info("the next key signs from now on");
	return true;
}

static void
signer_on_due(struct timer *t)
{
	struct signer *s = CONTAINER_OF(t, struct signer, due);

	if (s->used && clock_wall().us >= signer_due(s) * US)
		(void)signer_rotate(s);
	else
		signer_arm(s);
}

/* ---- life ---- */

void
signer_follow(struct signer *s, const struct img_head *img)
{
	struct signing_key keys[SIGNING_LIVE];
	size_t n = signing_live(s->region, keys);

	OPENSSL_cleanse(keys, sizeof(keys));
	s->used = img != NULL && image_needs_keys(img);
	s->rotate_us = s->used ? img->access.signing_rotate_us : 0;
	timer_cancel(&s->due);
	if (!s->used)
		return;
	/* The one that signs, and the one after it. */
	for (; n < 2; n++)
		if (!signer_turn(s))
			return;
	signer_publish(s, NULL);
	signer_arm(s);
}

void
signer_init(struct signer *s, struct loop *loop, struct region *region,
    const struct signer_owner *owner)
{
	*s = (struct signer){ .loop = loop, .region = region, .owner = owner };
	timer_init(&s->due, signer_on_due);
}

void
signer_fini(struct signer *s)
{
	timer_fini(&s->loop->timers, &s->due);
}
