/*
 * jwks_set.c - see jwks_set.h.
 */
#include "master/jwks_set.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/base/hash.h"
#include "common/base/log.h"
#include "common/base/must.h"

#define BYTES_MAX (1u << 20) /* of the document */
#define AGAIN_MIN_US UINT64_C(1000000)
#define AGAIN_MAX_US UINT64_C(60000000)
#define ACCEPT "application/jwk-set+json, application/json"

struct slice
jwks_url(const struct jwks_set *s)
{
	return slice_make(s->url, strcspn(s->url, "?"));
}

/* ---- what the slot holds ---- */

/* What is published: the set, and behind it the source. */
static const struct keyset *
slot_keys(const struct jwks_set *s, struct slice *bytes)
{
	uint64_t version;
	const struct keyset *k;

	if (s->slot >= KEYSETS_MAX)
		return NULL;
	*bytes = keysets_read(s->jwks->region, s->slot, &version);
	k = (const void *)bytes->p;
	if (bytes->n < sizeof(*k) + JWKS_SOURCE ||
	    !keyset_check(k, bytes->n - JWKS_SOURCE))
		return NULL;
	return k;
}

const struct keyset *
jwks_keys(const struct jwks_set *s)
{
	struct slice bytes;
	const struct keyset *k = slot_keys(s, &bytes);

	if (k == NULL || k->count == 0 ||
	    memcmp(bytes.p + bytes.n - JWKS_SOURCE, s->source, JWKS_SOURCE) !=
		0)
		return NULL;
	return k;
}

static bool
set_publish(struct jwks_set *s, const struct text *made, int64_t fetched_us)
{
	struct jwks *j = s->jwks;
	uint64_t was = keysets_version(j->region, s->slot);

	if (!keysets_publish(j->region, s->slot, text_slice(made)))
		return false;
	keysets_set_fetched(j->region, s->slot, fetched_us);
	if (keysets_version(j->region, s->slot) != was)
		j->owner->published(j);
	return true;
}

/* A set without keys, of this source: nothing verifies with it. */
static void
set_publish_none(struct jwks_set *s)
{
	struct keyset_build *b = malloc(sizeof(*b));
	struct keyset *k;
	struct text made;

	MUST(b != NULL);
	keyset_build_init(b);
	k = keyset_make(b);
	MUST(k != NULL);
	text_init(&made);
	text_add(&made, slice_make((const char *)k, k->bytes));
	text_add(&made, slice_make((const char *)s->source, sizeof(s->source)));
	if (!set_publish(s, &made, 0))
		log_errx("authenticator \"%s\": no room for its keys", s->name);
	text_fini(&made);
	free(k);
	keyset_build_fini(b);
	free(b);
}

void
jwks_set_publish(struct jwks_set *s)
{
	struct slice bytes = SLICE_NONE;

	if (s->slot >= KEYSETS_MAX)
		return;
	if (s->made.n != 0) {
		if (!set_publish(s, &s->made, s->fetched_us))
			log_errx("authenticator \"%s\": no room for its keys",
			    s->name);
	} else if (slot_keys(s, &bytes) != NULL && jwks_keys(s) == NULL) {
		set_publish_none(s);
	}
}

/* ---- when it is due ---- */

static void
set_due_in(struct jwks_set *s, uint64_t us)
{
	struct jwks *j = s->jwks;

	/* Gateways that began together do not ask together. */
	j->random = hash_u64(j->random + 1);
	us -= us / 1000 * (j->random % 100);
	timer_set(&j->loop->timers, &s->due, mono_add_us(clock_now(), us));
}

static uint64_t
set_again_us(const struct jwks_set *s)
{
	uint32_t doublings = s->fails - 1 < 10 ? s->fails - 1 : 10;
	uint64_t us = AGAIN_MIN_US << doublings;

	if (us > AGAIN_MAX_US)
		us = AGAIN_MAX_US;
	return us < s->refresh_us ? us : s->refresh_us;
}

static void
set_calm(struct jwks_set *s, uint64_t us)
{
	if (s->slot < KEYSETS_MAX)
		keysets_calm(s->jwks->region, s->slot, clock_now().us + us);
}

/* ---- answers ---- */

static void
set_failed(struct jwks_set *s, const char *why)
{
	(void)snprintf(s->why, sizeof(s->why), "%s", why);
	/* Names of keys may be in there, which are the server's to choose. */
	for (char *p = s->why; *p != '\0'; p++)
		if (*p < ' ' || *p > '~')
			*p = '?';
	s->failed++;
	if (s->fails++ == 0)
		log_warnx("authenticator \"%s\": %.*s: %s", s->name,
		    SLICE_FMT(jwks_url(s)), s->why);
	set_due_in(s, set_again_us(s));
}

static void
set_succeeded(struct jwks_set *s, bool other)
{
	if (s->fails != 0 || other)
		log_info("authenticator \"%s\": %u keys from %.*s", s->name,
		    s->keys, SLICE_FMT(jwks_url(s)));
	s->ok++;
	s->fails = 0;
	s->why[0] = '\0';
	set_due_in(s, s->refresh_us);
}

/* False: why says what is wrong with the document. */
static bool
set_make(struct jwks_set *s, struct slice document, struct text *made,
    char why[FETCH_WHY_MAX])
{
	struct keyset_build *b = malloc(sizeof(*b));
	const char *wrong;
	struct keyset *k;

	MUST(b != NULL);
	keyset_build_init(b);
	/* What an authenticator lets a key be used for, it says itself. */
	wrong = keyset_add_jwks(b, document, 0, false, &s->skipped);
	if (wrong == NULL && b->count == 0)
		wrong = "has no key that could be used";
	if (wrong != NULL) {
		(void)snprintf(why, FETCH_WHY_MAX, "the key set %s", wrong);
	} else {
		k = keyset_make(b);
		MUST(k != NULL);
		s->keys = k->count;
		text_add(made, slice_make((const char *)k, k->bytes));
		text_add(made,
		    slice_make((const char *)s->source, sizeof(s->source)));
		free(k);
	}
	keyset_build_fini(b);
	free(b);
	return made->n != 0;
}

static void
set_take(struct jwks_set *s, struct slice document)
{
	struct text made;
	char why[FETCH_WHY_MAX];
	bool other;

	text_init(&made);
	if (!set_make(s, document, &made, why)) {
		set_failed(s, why);
		return;
	}
	other = !slice_eq(text_slice(&made), text_slice(&s->made));
	text_fini(&s->made);
	s->made = made;
	s->fetched_us = clock_wall().us;
	if (s->wanted && !set_publish(s, &s->made, s->fetched_us))
		set_failed(s, "no room for its keys");
	else
		set_succeeded(s, other);
}

static void
set_fetched(struct fetch *f)
{
	struct jwks_set *s = f->owner;
	bool awaited = s->awaited;

	s->fetch = NULL;
	s->awaited = false;
	if (f->ok)
		set_take(s, text_slice(&f->body));
	else
		set_failed(s, f->why);
	/* Until now whoever lacks a key waits for this answer. */
	set_calm(s, s->cooldown_us);
	if (s->slot < KEYSETS_MAX)
		(void)keysets_take_want(s->jwks->region, s->slot);
	if (awaited)
		jwks_tell_settled(s->jwks);
}

void
jwks_set_fetch(struct jwks_set *s)
{
	const struct fetch_want want = { .url = slice_str(s->url),
		.accept = ACCEPT,
		.cas = text_slice(&s->cas),
		.timeout_us = s->timeout_us,
		.bytes_max = BYTES_MAX };

	if (s->fetch != NULL)
		return;
	timer_cancel(&s->due);
	s->fetch = fetch_start(s->jwks->fetcher, &want, set_fetched, s);
}

void
jwks_set_look(struct jwks_set *s)
{
	struct region *r = s->jwks->region;

	/* Who asked while the last answer came has it by now. */
	if (s->slot < KEYSETS_MAX && keysets_take_want(r, s->slot) != 0 &&
	    !keysets_is_calm(r, s->slot, clock_now().us))
		jwks_set_fetch(s);
}

static void
set_on_due(struct timer *t)
{
	jwks_set_fetch(CONTAINER_OF(t, struct jwks_set, due));
}

/* ---- life ---- */

struct jwks_set *
jwks_set_new(struct jwks *j, struct slice name, struct slice url)
{
	struct jwks_set *s = calloc(1, sizeof(*s));

	MUST(s != NULL);
	s->jwks = j;
	s->slot = KEYSETS_NONE;
	s->name = strndup(name.p, name.n);
	s->url = strndup(url.p, url.n);
	MUST(s->name != NULL && s->url != NULL);
	MUST(
	    EVP_Digest(url.p, url.n, s->source, NULL, EVP_sha256(), NULL) == 1);
	timer_init(&s->due, set_on_due);
	list_push_back(&j->sets, &s->link);
	return s;
}

void
jwks_set_free(struct jwks_set *s)
{
	if (s->fetch != NULL)
		fetch_cancel(s->fetch);
	timer_fini(&s->jwks->loop->timers, &s->due);
	list_remove(&s->link);
	text_fini(&s->cas);
	text_fini(&s->made);
	free(s->name);
	free(s->url);
	free(s);
}
