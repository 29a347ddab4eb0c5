/*
 * issued.c - see issued.h.
 */
#include "worker/flow/issued.h"

#include <openssl/crypto.h>
#include <openssl/rand.h>
#include <string.h>

#include "common/base/json.h"
#include "common/jose/base64url.h"
#include "common/jose/claims.h"
#include "common/jose/issue.h"
#include "common/jose/issue_key.h"
#include "common/jose/verify.h"
#include "shm/families.h"
#include "shm/image.h"
#include "shm/signing.h"

#define ISSUED_JTI_BYTES 16
#define ISSUED_FAMILY_BYTES 16 /* hex */

/* Names of claims, in the order of enum img_claim. */
static const char *const issued_claims[IMG_CLAIMS] = {
	[IMG_CLAIM_USER] = "sub",
	[IMG_CLAIM_EMAIL] = "email",
	[IMG_CLAIM_ROLES] = "roles",
	[IMG_CLAIM_PERMISSIONS] = "permissions",
	[IMG_CLAIM_TENANT] = "tenant_id",
	[IMG_CLAIM_SERVICE] = "service",
};

static bool
claim_is_list(unsigned claim)
{
	return claim == IMG_CLAIM_ROLES || claim == IMG_CLAIM_PERMISSIONS;
}

/* ---- claims ---- */

static void
list_write(struct json *j, const char *name, struct slice list)
{
	struct slice part;

	json_array_begin(j, name);
	while (slice_cut(&list, ',', &part))
		json_add_string(j, NULL, part);
	json_array_end(j);
}

static void
audience_write(struct json *j, const struct issued_by *by)
{
	const struct img_span *span = &by->issuer->audiences;
	const struct img_str *names = img_at(by->img, span->off);

	if (span->count == 1) {
		json_add_string(j, "aud", img_slice(by->img, names[0]));
		return;
	}
	json_array_begin(j, "aud");
	for (uint32_t i = 0; i < span->count; i++)
		json_add_string(j, NULL, img_slice(by->img, names[i]));
	json_array_end(j);
}

/* {"iss": ..., "aud": ..., "iat": ..., "exp": ... */
static void
claims_begin(struct json *j, struct text *t, const struct issued_by *by,
    int64_t expires_s)
{
	int64_t end_s =
	    by->now_s + (int64_t)(by->issuer->lifetime_us / 1000000);

	json_init(j, t);
	json_object_begin(j, NULL);
	json_add_string(j, "iss", img_slice(by->img, by->issuer->issuer));
	if (by->issuer->audiences.count != 0)
		audience_write(j, by);
	json_add_int(j, "iat", by->now_s);
	json_add_int(j, "exp", end_s < expires_s ? end_s : expires_s);
}

/* ---- signing ---- */

/* The key that signs now, parsed once a turn of theirs. NULL: there is none. */
static struct issue_key *
issued_key(struct env *e)
{
	uint64_t version = signing_version(e->region);
	struct signing_key key;

	if (e->issue_key != NULL && e->issue_version == version)
		return e->issue_key;
	issued_fini(e);
	if (signing_current(e->region, &key))
		e->issue_key = issue_key_new(slice_make(key.pem, key.pem_bytes),
		    slice_make(key.kid, sizeof(key.kid)));
	e->issue_version = version;
	OPENSSL_cleanse(&key, sizeof(key));
	return e->issue_key;
}

void
issued_fini(struct env *e)
{
	issue_key_free(e->issue_key);
	e->issue_key = NULL;
}

static enum issued
issued_sign(
    const struct issued_by *by, const struct text *claims, struct text *out)
{
	const struct img_secret *secret = &by->issuer->secret;
	struct issue_key *key;
	bool made;

	if (claims->cut)
		return ISSUED_TOO_LONG;
	if (by->issuer->alg == JOSE_ES256) {
		key = issued_key(by->env);
		made =
		    key != NULL && issue_by_key(key, text_slice(claims), out);
	} else {
		made = issue_token((enum jose_alg)by->issuer->alg,
		    slice_make(by->secrets + secret->off, secret->len),
		    SLICE_NONE, text_slice(claims), out);
	}
	return made && !out->cut ? ISSUED_OK : ISSUED_NO_KEY;
}

enum issued
issued_service(const struct issued_by *by, struct slice service,
    const struct identity *id, struct text *out)
{
	char buf[ISSUED_CLAIMS_MAX];
	struct slice user = identity_claim(id, IMG_CLAIM_USER);
	struct text t;
	struct json j;

	text_init_fixed(&t, buf, sizeof(buf));
	claims_begin(&j, &t, by, INT64_MAX);
	json_add_string(&j, "service", service);
	if (user.n != 0)
		json_add_string(&j, "sub", user);
	json_object_end(&j);
	return issued_sign(by, &t, out);
}

static bool
jti_write(struct json *j)
{
	uint8_t bytes[ISSUED_JTI_BYTES];
	char text[BASE64URL_TEXT(ISSUED_JTI_BYTES)];

	if (RAND_bytes(bytes, sizeof(bytes)) != 1)
		return false;
	json_add_string(j, "jti",
	    slice_make(text, base64url_encode(bytes, sizeof(bytes), text)));
	return true;
}

enum issued
issued_access(const struct issued_by *by, const struct identity *id,
    int64_t expires_s, struct text *out)
{
	char buf[ISSUED_CLAIMS_MAX];
	struct text t;
	struct json j;

	text_init_fixed(&t, buf, sizeof(buf));
	claims_begin(&j, &t, by, expires_s);
	if (!jti_write(&j))
		return ISSUED_NO_KEY;
	for (unsigned i = 0; i < IMG_CLAIMS; i++) {
		if (id->claim[i].n == 0)
			continue;
		if (claim_is_list(i))
			list_write(&j, issued_claims[i], id->claim[i]);
		else
			json_add_string(&j, issued_claims[i], id->claim[i]);
	}
	json_object_end(&j);
	return issued_sign(by, &t, out);
}

/* ---- refresh tokens ---- */

static struct slice
refresh_secret(const struct env *e)
{
	const struct shm_secrets *s = region_secrets(e->region);

	return slice_make((const char *)s->refresh, sizeof(s->refresh));
}

enum issued
issued_refresh_sign(const struct issued_by *by, const struct issued_refresh *r,
    struct text *out)
{
	char buf[ISSUED_CLAIMS_MAX], family[ISSUED_FAMILY_BYTES + 1];
	struct text t;
	struct json j;

	(void)snprintf(
	    family, sizeof(family), "%016llx", (unsigned long long)r->family);
	text_init_fixed(&t, buf, sizeof(buf));
	json_init(&j, &t);
	json_object_begin(&j, NULL);
	json_add_int(&j, "iat", by->now_s);
	json_add_int(&j, "exp", r->expires_s);
	json_add_string(&j, "family", slice_str(family));
	json_add_uint(&j, "turn", r->turn);
	json_add_string(&j, "mark", r->mark);
	json_add_string(&j, "by", r->parts.authenticator);
	if (r->parts.token_id.n != 0)
		json_add_string(&j, "id", r->parts.token_id);
	for (unsigned i = 0; i < IMG_CLAIMS; i++)
		if (r->parts.claim[i].n != 0)
			json_add_string(
			    &j, issued_claims[i], r->parts.claim[i]);
	json_object_end(&j);
	if (t.cut)
		return ISSUED_TOO_LONG;
	return issue_token(JOSE_HS256, refresh_secret(by->env), SLICE_NONE,
		   text_slice(&t), out) &&
		!out->cut
	    ? ISSUED_OK
	    : ISSUED_NO_KEY;
}

static bool
refresh_verified(const struct env *e, const struct jws *t)
{
	struct keyset_build b;
	struct keyset *set = NULL;
	struct verify_key *key = NULL;
	bool good = false;

	keyset_build_init(&b);
	if (keyset_add_secret(&b, SLICE_NONE, UINT32_C(1) << JOSE_HS256,
		refresh_secret(e)) == NULL)
		set = keyset_make(&b);
	if (set != NULL)
		key = verify_key_new(set, &set->key[0]);
	if (key != NULL)
		good = verify_token(key, t);
	verify_key_free(key);
	keyset_free(set);
	keyset_build_fini(&b);
	return good;
}

static bool
family_read(const struct json_value *v, uint64_t *family)
{
	uint64_t n = 0;

	if (v->kind != JSON_VALUE_STRING || v->escaped ||
	    v->text.n != ISSUED_FAMILY_BYTES + 2)
		return false;
	for (size_t i = 1; i <= ISSUED_FAMILY_BYTES; i++) {
		const char *digits = "0123456789abcdef";
		const char *at = memchr(digits, v->text.p[i], 16);

		if (at == NULL)
			return false;
		n = n << 4 | (uint64_t)(at - digits);
	}
	*family = n;
	return n != 0;
}

static bool
number_read(const struct json_value *all, const char *name, int64_t *out)
{
	struct json_value v;

	return json_read_member(all, slice_str(name), &v) &&
	    json_read_seconds(&v, out);
}

/* It may be missing. */
static bool
text_read(const struct json_value *all, const char *name, char **room,
    struct slice *out)
{
	struct json_value v;

	if (!json_read_member(all, slice_str(name), &v))
		return true;
	if (v.kind != JSON_VALUE_STRING)
		return false;
	*out = json_read_string(&v, *room);
	*room += v.text.n;
	return true;
}

static bool
refresh_numbers(const struct json_value *all, struct issued_refresh *r)
{
	struct json_value family;
	int64_t turn;

	if (!json_read_member(all, SLICE_LIT("family"), &family) ||
	    !family_read(&family, &r->family) ||
	    !number_read(all, "turn", &turn) || turn < 0 ||
	    turn > FAMILY_TURNS_MAX ||
	    !number_read(all, "exp", &r->expires_s) ||
	    !number_read(all, "iat", &r->issued_s))
		return false;
	r->turn = (uint32_t)turn;
	return true;
}

/* What we signed is as we wrote it, or a secret is not one any more. */
static bool
refresh_claims(
    struct slice payload, char *room, int64_t now_s, struct issued_refresh *r)
{
	struct json_value all;
	bool good = json_read_check(payload, &all) &&
	    all.kind == JSON_VALUE_OBJECT && refresh_numbers(&all, r) &&
	    text_read(&all, "mark", &room, &r->mark) &&
	    text_read(&all, "by", &room, &r->parts.authenticator) &&
	    text_read(&all, "id", &room, &r->parts.token_id);

	for (unsigned i = 0; good && i < IMG_CLAIMS; i++)
		good = text_read(
		    &all, issued_claims[i], &room, &r->parts.claim[i]);
	r->parts.issued_s = r->issued_s;
	r->parts.expires_s = r->expires_s;
	return good && now_s < r->expires_s;
}

bool
issued_refresh_read(struct env *e, struct slice text, int64_t now_s, char *room,
    struct issued_refresh *r)
{
	struct jws t;

	*r = (struct issued_refresh){ 0 };
	return jws_parse(text, room, &t) == JWS_OK && t.alg == JOSE_HS256 &&
	    refresh_verified(e, &t) &&
	    refresh_claims(t.payload, room + text.n, now_s, r);
}
