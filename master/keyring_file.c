/*
 * keyring_file.c - API keys in state_dir: a line each. See keyring.h.
 */
#include <stdlib.h>

#include "common/base/arena.h"
#include "common/base/hex.h"
#include "common/base/json.h"
#include "common/base/must.h"
#include "master/json_fields.h"
#include "master/keyring_block.h"
#include "master/state.h"

/* Of enum img_claim; lists are one text here, too. */
static const char *const claim_names[IMG_CLAIMS] = { "user", "email", "roles",
	"permissions", "tenant", "service" };

static const char *const names[] = { "authenticator", "sha256", "name", "user",
	"email", "roles", "permissions", "tenant", "service", "expires", "made",
	NULL };

/* ---- writing ---- */

static void
key_write(
    struct text *out, struct slice authenticator, const struct keyring_key *key)
{
	char sha256[64];
	struct json j;

	json_init(&j, out);
	json_object_begin(&j, NULL);
	json_add_string(&j, "authenticator", authenticator);
	hex_write(key->sha256, sizeof(key->sha256), sha256);
	json_add_string(&j, "sha256", slice_make(sha256, sizeof(sha256)));
	json_add_string(&j, "name", key->name);
	for (size_t c = 0; c < IMG_CLAIMS; c++)
		if (key->claims[c].n != 0)
			json_add_string(&j, claim_names[c], key->claims[c]);
	if (key->expires_s != KEYRING_NEVER)
		json_add_int(&j, "expires", key->expires_s);
	json_add_int(&j, "made", key->made_s);
	json_object_end(&j);
	text_add_char(out, '\n');
}

void
keyring_write(const struct region *r, struct text *out)
{
	state_begin(out, KEYRING_FILE);
	for (uint32_t slot = 0; slot < KEYSETS_MAX; slot++) {
		const struct holders *h = keyring_block_in(r, slot);
		struct keyring_key key;

		for (uint32_t i = 0; h != NULL && i < h->count; i++) {
			keyring_at(h, i, &key);
			key_write(out, holders_text(h, h->authenticator), &key);
		}
	}
}

/* ---- reading ---- */

struct loaded {
	struct slice authenticator;
	struct keyring_key key;
};

struct loading {
	struct arena arena; /* of the texts */
	struct loaded *at;
	size_t count, room;
	char wrong[JSON_FIELDS_WRONG];
};

static struct loaded *
loading_add(struct loading *l)
{
	if (l->count == l->room) {
		l->room = l->room != 0 ? 2 * l->room : 64;
		l->at = reallocarray(l->at, l->room, sizeof(*l->at));
		MUST(l->at != NULL);
	}
	return &l->at[l->count++];
}

static void
loading_take(struct loading *l, struct json_fields *f)
{
	struct slice sha256 = json_fields_text(f, "sha256", 64);
	struct loaded *k = loading_add(l);

	*k = (struct loaded){ 0 };
	k->authenticator = arena_copy(
	    &l->arena, json_fields_text(f, "authenticator", KEYRING_TEXT_MAX));
	k->key.name = arena_copy(
	    &l->arena, json_fields_text(f, "name", KEYRING_TEXT_MAX));
	for (size_t c = 0; c < IMG_CLAIMS; c++)
		k->key.claims[c] = arena_copy(&l->arena,
		    json_fields_text(f, claim_names[c], KEYRING_LIST_MAX));
	k->key.expires_s = json_fields_int(
	    f, "expires", 0, KEYRING_SECONDS_MAX, KEYRING_NEVER);
	k->key.made_s = json_fields_int(f, "made", 0, KEYRING_SECONDS_MAX, 0);
	if (!hex_read(sha256, k->key.sha256, sizeof(k->key.sha256)))
		json_fields_say(f, "sha256 must be 64 digits");
	if (k->authenticator.n == 0)
		json_fields_say(f, "authenticator is missing");
}

static const char *
loading_line(void *ctx, struct slice line)
{
	struct loading *l = ctx;
	struct json_fields f;

	json_fields_init(&f, line, names);
	if (json_fields_ok(&f))
		loading_take(l, &f);
	memcpy(l->wrong, f.wrong, sizeof(l->wrong));
	json_fields_fini(&f);
	return l->wrong[0] != '\0' ? l->wrong : NULL;
}

static int
by_name(struct slice a, struct slice b)
{
	int by = memcmp(a.p, b.p, a.n < b.n ? a.n : b.n);

	return by != 0 ? by : (a.n > b.n) - (a.n < b.n);
}

static int
by_place(const void *a, const void *b)
{
	const struct loaded *x = a, *y = b;
	int by = by_name(x->authenticator, y->authenticator);

	return by != 0 ? by : memcmp(x->key.sha256, y->key.sha256, 32);
}

/* Those of one authenticator, from i on; returns how many. */
static size_t
loaded_run(const struct loading *l, size_t i)
{
	size_t n = 0;

	while (i + n < l->count &&
	    slice_eq(l->at[i + n].authenticator, l->at[i].authenticator))
		n++;
	return n;
}

static bool
loaded_publish(
    struct region *r, const struct loaded *l, size_t n, struct diag *d)
{
	const struct keyring_key **keys = calloc(n, sizeof(*keys));
	bool ok = n <= HOLDERS_MAX;

	MUST(keys != NULL);
	for (size_t i = 0; i < n; i++) {
		keys[i] = &l[i].key;
		ok = ok && (i == 0 || by_place(&l[i - 1], &l[i]) < 0);
	}
	ok = ok &&
	    keyring_publish(r, l[0].authenticator, keys, (uint32_t)n) ==
		KEYRING_OK;
	if (!ok)
		diag_error(d, KEYRING_FILE, 0,
		    "the keys of authenticator \"%.*s\" are too many, or one "
		    "is there twice",
		    SLICE_FMT(l[0].authenticator));
	free(keys);
	return ok;
}

bool
keyring_load(struct region *r, struct slice text, struct diag *d)
{
	struct loading l = { 0 };
	bool ok;

	arena_init(&l.arena, NULL, 0, SIZE_MAX);
	ok = state_walk(text, KEYRING_FILE, loading_line, &l, d);
	MUST(!arena_failed(&l.arena));
	if (ok && l.count != 0)
		qsort(l.at, l.count, sizeof(*l.at), by_place);
	for (size_t i = 0, n; ok && i < l.count; i += n) {
		n = loaded_run(&l, i);
		ok = loaded_publish(r, &l.at[i], n, d);
	}
	free(l.at);
	arena_fini(&l.arena);
	return ok;
}
