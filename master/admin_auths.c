/*
 * admin_auths.c - see admin_auths.h. Of keys their names and kinds are told,
 * never what they consist of. The metrics are in admin_auths_prom.c.
 */
#include "master/admin_auths.h"

#include <openssl/crypto.h>

#include "common/base/json.h"
#include "master/keyring.h"

#define US 1000000

static const char *const type_names[IMG_AUTH_TYPES] = { "jwt", "api_key",
	"basic", "mtls", "introspection", "forward" };

/* ---- which ---- */

const struct img_auth *
admin_auths_find(struct admin *a, const struct admin_request *q,
    const struct img_head **img, struct admin_reply *r)
{
	const struct img_auth *auth;
	struct text said = { 0 };
	uint32_t count;

	*img = reload_current(&a->in->region);
	count = *img != NULL ? (*img)->access.authenticators.count : 0;
	auth =
	    count != 0 ? img_at(*img, (*img)->access.authenticators.off) : NULL;
	for (uint32_t i = 0; i < count; i++)
		if (slice_eq(img_slice(*img, auth[i].name), q->arg[0]))
			return &auth[i];
	text_printf(&said, "no authenticator \"%.*s\": there %s ",
	    SLICE_FMT(q->arg[0]), count == 1 ? "is" : "are");
	for (uint32_t i = 0; i < count; i++)
		text_printf(&said, "%s%.*s", i != 0 ? ", " : "",
		    SLICE_FMT(img_slice(*img, auth[i].name)));
	if (count == 0)
		text_add(&said, SLICE_LIT("none"));
	admin_reply_problem(r, 404, text_slice(&said));
	text_fini(&said);
	return NULL;
}

/* ---- keys ---- */

static const char *
kind_name(uint32_t kind)
{
	static const char *const names[] = { "secret", "RSA", "P-256", "P-384",
		"P-521", "Ed25519" };

	return kind < sizeof(names) / sizeof(names[0]) ? names[kind] : "?";
}

static void
key_write(struct json *j, const struct keyset *s, const struct keyset_key *k)
{
	json_object_begin(j, NULL);
	json_add_string(j, "kid", keyset_kid(s, k));
	json_add_string(j, "kind", slice_str(kind_name(k->kind)));
	json_array_begin(j, "algorithms");
	for (unsigned alg = 0; alg < JOSE_COUNT; alg++)
		if ((k->algs >> alg & 1) != 0)
			json_add_string(
			    j, NULL, jose_alg_name((enum jose_alg)alg));
	json_array_end(j);
	json_object_end(j);
}

static void
keys_write(struct json *j, const char *name, const struct keyset *s)
{
	json_array_begin(j, name);
	for (uint32_t i = 0; s != NULL && i < s->count; i++)
		key_write(j, s, &s->key[i]);
	json_array_end(j);
}

/* Those of files and of the configuration itself; NULL: none. */
static const struct keyset *
configured_keys(const struct region *r, const struct img_head *img,
    const struct img_auth *auth)
{
	const char *secrets = r->secrets + ((const char *)img - r->images);

	return auth->keys.len != 0 ? (const void *)(secrets + auth->keys.off)
				   : NULL;
}

/* ---- key sets ---- */

/* Ago; null: never. */
static void
age_write(struct json *j, const char *key, int64_t then_us)
{
	int64_t ago = clock_wall().us - then_us;

	if (then_us == 0)
		json_add_null(j, key);
	else
		json_add_seconds(j, key, ago > 0 ? (uint64_t)ago : 0);
}

static const char *
set_state(const struct jwks_set *s)
{
	if (s->fails != 0)
		return jwks_keys(s) != NULL ? "failing" : "missing";
	return jwks_keys(s) != NULL ? "good" : "fetching";
}

static void
set_write(struct json *j, const struct jwks_set *s)
{
	json_object_begin(j, "key_set");
	json_add_string(j, "url", jwks_url(s));
	json_add_string(j, "state", slice_str(set_state(s)));
	age_write(j, "age", keysets_fetched(s->jwks->region, s->slot));
	json_add_uint(j, "failures", s->fails);
	json_add_string(j, "error", slice_str(s->why));
	json_add_uint(j, "skipped", s->skipped);
	keys_write(j, "keys", jwks_keys(s));
	json_object_end(j);
}

static struct jwks_set *
set_find(struct jwks *j, struct slice name)
{
	struct jwks_set *s = NULL;

	while ((s = jwks_next(j, s)) != NULL)
		if (slice_eq(slice_str(s->name), name))
			return s;
	return NULL;
}

/* ---- documents ---- */

static void
auth_write(struct json *j, struct admin *a, const struct img_head *img,
    const struct img_auth *auth)
{
	const struct region *region = &a->in->region;
	struct slice name = img_slice(img, auth->name);
	const struct holders *added =
	    auth->type == IMG_AUTH_API_KEY ? keyring_block(region, name) : NULL;
	struct jwks_set *s = set_find(&a->access->jwks, name);

	json_object_begin(j, NULL);
	json_add_string(j, "name", name);
	json_add_string(j, "type",
	    slice_str(
		auth->type < IMG_AUTH_TYPES ? type_names[auth->type] : "?"));
	json_add_uint(j, "holders", auth->holders.count);
	json_add_uint(j, "added", added != NULL ? added->count : 0);
	keys_write(j, "keys", configured_keys(region, img, auth));
	json_add_bool(j, "own", auth->own != 0);
	if (s != NULL)
		set_write(j, s);
	json_object_end(j);
}

void
admin_auths_answer(
    struct admin *a, const struct admin_request *q, struct admin_reply *r)
{
	const struct img_head *img = reload_current(&a->in->region);
	uint32_t count = img != NULL ? img->access.authenticators.count : 0;
	const struct img_auth *auth =
	    count != 0 ? img_at(img, img->access.authenticators.off) : NULL;
	struct json j;

	(void)q;
	json_init(&j, &r->body);
	json_object_begin(&j, NULL);
	json_array_begin(&j, "authenticators");
	for (uint32_t i = 0; i < count; i++)
		auth_write(&j, a, img, &auth[i]);
	json_array_end(&j);
	json_object_end(&j);
}

/* Which of n live keys signs. */
static size_t
signing_place(size_t n)
{
	return n == SIGNING_LIVE ? 1 : 0;
}

void
admin_signing_answer(
    struct admin *a, const struct admin_request *q, struct admin_reply *r)
{
	static const char *const uses[] = { "verifies", "signs", "next" };
	struct signing_key keys[SIGNING_LIVE];
	size_t n = signing_live(&a->in->region, keys);
	int64_t due_s = signer_due(&a->access->signer);
	struct json j;

	(void)q;
	json_init(&j, &r->body);
	json_object_begin(&j, NULL);
	json_add_bool(&j, "used", a->access->signer.used);
	if (due_s != 0)
		json_add_int(&j, "rotates_at", due_s);
	else
		json_add_null(&j, "rotates_at");
	json_array_begin(&j, "keys");
	for (size_t i = 0; i < n; i++) {
		json_object_begin(&j, NULL);
		json_add_string(
		    &j, "kid", slice_make(keys[i].kid, SIGNING_KID));
		json_add_string(
		    &j, "use", slice_str(uses[i + 1 - signing_place(n)]));
		json_add_int(&j, "made_at", keys[i].made_s);
		json_object_end(&j);
	}
	json_array_end(&j);
	json_object_end(&j);
	OPENSSL_cleanse(keys, sizeof(keys));
}

void
admin_rotate_answer(
    struct admin *a, const struct admin_request *q, struct admin_reply *r)
{
	if (!a->access->signer.used)
		admin_reply_problem(
		    r, 409, SLICE_LIT("the configuration signs nothing"));
	else if (!signer_rotate(&a->access->signer))
		admin_reply_problem(
		    r, 507, SLICE_LIT("a new key could not be made"));
	else
		admin_signing_answer(a, q, r);
}
