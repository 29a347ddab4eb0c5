/*
 * admin_keys.c - see admin_keys.h.
 */
#include "master/admin_keys.h"

#include <openssl/crypto.h>
#include <stdio.h>

#include "common/base/clock.h"
#include "common/base/hex.h"
#include "common/base/json.h"
#include "master/admin_auths.h"
#include "master/audited.h"
#include "master/json_fields.h"
#include "master/keyring.h"

#define ID_BYTES 8 /* of the SHA-256; the rest of it is nobody's business */
#define ID_TEXT (2 * ID_BYTES)

static const char *const claim_names[IMG_CLAIMS] = { "user", "email", "roles",
	"permissions", "tenant", "service" };

static bool
claim_is_list(unsigned claim)
{
	return claim == IMG_CLAIM_ROLES || claim == IMG_CLAIM_PERMISSIONS;
}

/* NULL: r says why. */
static const struct img_auth *
find_api_key(struct admin *a, const struct admin_request *q,
    const struct img_head **img, struct admin_reply *r)
{
	const struct img_auth *auth = admin_auths_find(a, q, img, r);

	if (auth == NULL || auth->type == IMG_AUTH_API_KEY)
		return auth;
	admin_reply_problem(
	    r, 409, SLICE_LIT("this authenticator is not one of API keys"));
	return NULL;
}

/* ---- showing ---- */

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
key_members(struct json *j, const struct keyring_key *k)
{
	char id[ID_TEXT];

	hex_write(k->sha256, ID_BYTES, id);
	json_add_string(j, "id", slice_make(id, ID_TEXT));
	json_add_string(j, "name", k->name);
	for (unsigned c = 0; c < IMG_CLAIMS; c++)
		if (claim_is_list(c))
			list_write(j, claim_names[c], k->claims[c]);
		else if (k->claims[c].n != 0)
			json_add_string(j, claim_names[c], k->claims[c]);
	if (k->expires_s == KEYRING_NEVER)
		json_add_null(j, "expires_at");
	else
		json_add_int(j, "expires_at", k->expires_s);
	json_add_bool(j, "expired", k->expires_s <= clock_wall().us / 1000000);
}

static void
configured_write(
    struct json *j, const struct img_head *img, const struct img_holder *h)
{
	struct keyring_key k = { .name = img_slice(img, h->name),
		.expires_s = h->expires_s };

	memcpy(k.sha256, h->sha256, sizeof(k.sha256));
	for (unsigned c = 0; c < IMG_CLAIMS; c++)
		k.claims[c] = img_slice(img, h->claims[c]);
	json_object_begin(j, NULL);
	key_members(j, &k);
	json_add_string(j, "from", SLICE_LIT("configuration"));
	json_object_end(j);
}

static void
added_write(struct json *j, const struct holders *h, uint32_t i)
{
	struct keyring_key k;

	keyring_at(h, i, &k);
	json_object_begin(j, NULL);
	key_members(j, &k);
	json_add_string(j, "from", SLICE_LIT("operator"));
	json_add_int(j, "made_at", k.made_s);
	json_object_end(j);
}

static void
keys_write(const struct region *region, const struct img_head *img,
    const struct img_auth *auth, struct text *out)
{
	const struct img_holder *fixed = img_at(img, auth->holders.off);
	const struct holders *h =
	    keyring_block(region, img_slice(img, auth->name));
	struct json j;

	json_init(&j, out);
	json_object_begin(&j, NULL);
	json_array_begin(&j, "keys");
	for (uint32_t i = 0; i < auth->holders.count; i++)
		configured_write(&j, img, &fixed[i]);
	for (uint32_t i = 0; h != NULL && i < h->count; i++)
		added_write(&j, h, i);
	json_array_end(&j);
	json_object_end(&j);
}

void
admin_keys_answer(
    struct admin *a, const struct admin_request *q, struct admin_reply *r)
{
	const struct img_head *img;
	const struct img_auth *auth = find_api_key(a, q, &img, r);

	if (auth != NULL)
		keys_write(&a->in->region, img, auth, &r->body);
}

/* Its id says nothing of the key. */
static void
key_told(struct admin *a, enum audit_event e, struct slice name,
    const uint8_t sha256[32])
{
	char id[ID_TEXT];

	hex_write(sha256, ID_BYTES, id);
	audited_by(a, e, name, slice_make(id, ID_TEXT));
}

/* ---- adding ---- */

static void
key_read(struct json_fields *f, struct keyring_key *k)
{
	int64_t now_s = clock_wall().us / 1000000, for_s;

	json_fields_need(f, "name");
	k->name = json_fields_text(f, "name", KEYRING_TEXT_MAX);
	for (unsigned c = 0; c < IMG_CLAIMS; c++)
		k->claims[c] = claim_is_list(c)
		    ? json_fields_list(f, claim_names[c], KEYRING_LIST_MAX)
		    : json_fields_text(f, claim_names[c], KEYRING_TEXT_MAX);
	k->made_s = now_s;
	k->expires_s = json_fields_time(f, "expires", KEYRING_NEVER);
	for_s = json_fields_duration(f, "for");
	if (k->name.n == 0)
		json_fields_say(f, "name is empty");
	if (for_s != 0 && k->expires_s != KEYRING_NEVER)
		json_fields_say(f, "expires and for exclude each other");
	if (for_s != 0)
		k->expires_s = now_s + for_s;
	if (k->expires_s <= now_s)
		json_fields_say(f, "it would have expired already");
	if (k->claims[IMG_CLAIM_USER].n == 0)
		k->claims[IMG_CLAIM_USER] = k->name;
}

static void
key_added(struct admin *a, const struct keyring_key *k,
    const char text[KEYRING_KEY], struct admin_reply *r)
{
	bool saved = access_changed(a->access, SAVER_KEYS);
	struct json j;

	key_told(a, AUDIT_KEY_ADDED, k->name, k->sha256);

	r->status = 201;
	json_init(&j, &r->body);
	json_object_begin(&j, NULL);
	json_add_string(&j, "key", slice_make(text, KEYRING_KEY));
	key_members(&j, k);
	json_add_bool(&j, "saved", saved);
	json_object_end(&j);
}

static void
key_add(struct admin *a, struct slice authenticator, struct keyring_key *k,
    struct admin_reply *r)
{
	char text[KEYRING_KEY];

	keyring_make(text, k->sha256);
	switch (keyring_add(&a->in->region, authenticator, k)) {
	case KEYRING_OK:
		key_added(a, k, text, r);
		break;
	case KEYRING_TWICE:
		admin_reply_problem(r, 409, SLICE_LIT("this key is there"));
		break;
	case KEYRING_FULL:
		admin_reply_problem(r, 507,
		    SLICE_LIT("there are 16384 added keys, which is all"));
		break;
	case KEYRING_NO_ROOM:
		admin_reply_problem(
		    r, 507, SLICE_LIT("no room for one more key"));
		break;
	}
	OPENSSL_cleanse(text, sizeof(text));
}

void
admin_key_add_answer(
    struct admin *a, const struct admin_request *q, struct admin_reply *r)
{
	static const char *const names[] = { "name", "user", "email", "roles",
		"permissions", "tenant", "service", "expires", "for", NULL };
	const struct img_head *img;
	const struct img_auth *auth = find_api_key(a, q, &img, r);
	struct keyring_key k = { 0 };
	struct json_fields f;

	if (auth == NULL)
		return;
	json_fields_init(&f, q->body, names);
	key_read(&f, &k);
	if (json_fields_ok(&f))
		key_add(a, img_slice(img, auth->name), &k, r);
	else
		admin_reply_problem(r, 400, slice_str(f.wrong));
	json_fields_fini(&f);
}

/* ---- removing ---- */

static bool
key_is(const struct keyring_key *k, struct slice what)
{
	char id[ID_TEXT];

	hex_write(k->sha256, ID_BYTES, id);
	return slice_eq(what, slice_make(id, ID_TEXT)) ||
	    slice_eq(what, k->name);
}

/* How many there are that are called so; `key` is one of them. */
static uint32_t
added_find(const struct holders *h, struct slice what, struct keyring_key *key)
{
	struct keyring_key k;
	uint32_t n = 0;

	for (uint32_t i = 0; h != NULL && i < h->count; i++) {
		keyring_at(h, i, &k);
		if (!key_is(&k, what))
			continue;
		*key = k;
		n++;
	}
	return n;
}

static bool
is_configured(
    const struct img_head *img, const struct img_auth *auth, struct slice what)
{
	const struct img_holder *h = img_at(img, auth->holders.off);
	struct keyring_key k;

	for (uint32_t i = 0; i < auth->holders.count; i++) {
		memcpy(k.sha256, h[i].sha256, sizeof(k.sha256));
		k.name = img_slice(img, h[i].name);
		if (key_is(&k, what))
			return true;
	}
	return false;
}

static void
key_remove(struct admin *a, const struct img_head *img,
    const struct img_auth *auth, const struct keyring_key *k,
    struct admin_reply *r)
{
	struct region *region = &a->in->region;
	char name[KEYRING_TEXT_MAX + 1];
	uint8_t sha256[32];

	/* What k refers to goes with the block. */
	memcpy(sha256, k->sha256, sizeof(sha256));
	(void)snprintf(name, sizeof(name), "%.*s", SLICE_FMT(k->name));
	if (keyring_remove(region, img_slice(img, auth->name), sha256) !=
	    KEYRING_OK) {
		admin_reply_problem(
		    r, 507, SLICE_LIT("no room for the keys that stay"));
		return;
	}
	key_told(a, AUDIT_KEY_REMOVED, slice_str(name), sha256);
	if (!access_changed(a->access, SAVER_KEYS)) {
		admin_reply_problem(r, 507,
		    SLICE_LIT("it is removed, but state_dir still has it"));
		return;
	}
	keys_write(region, img, auth, &r->body);
}

void
admin_key_remove_answer(
    struct admin *a, const struct admin_request *q, struct admin_reply *r)
{
	const struct img_head *img;
	const struct img_auth *auth = find_api_key(a, q, &img, r);
	struct keyring_key k;
	uint32_t n;

	if (auth == NULL)
		return;
	n = added_find(
	    keyring_block(&a->in->region, img_slice(img, auth->name)),
	    q->arg[1], &k);
	if (n == 1)
		key_remove(a, img, auth, &k, r);
	else if (n > 1)
		admin_reply_problem(r, 409,
		    SLICE_LIT("several keys have this name: give the id"));
	else if (is_configured(img, auth, q->arg[1]))
		admin_reply_problem(r, 409,
		    SLICE_LIT("this key is in the configuration: remove it "
			      "there"));
	else
		admin_reply_problem(
		    r, 404, SLICE_LIT("no key has this id or name"));
}
