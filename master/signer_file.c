/*
 * signer_file.c - the keys that the gateway signs with, in state_dir: a line
 * each, oldest first. See signer.h.
 */
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include "common/base/json.h"
#include "common/jose/base64url.h"
#include "master/json_fields.h"
#include "master/signer.h"
#include "master/state.h"

#define SECONDS_MAX INT64_C(253402300799) /* the end of the year 9999 */

/* ---- writing ---- */

/* The lines of a PEM text are an array: the text as a whole has controls. */
static void
pem_write(struct json *j, struct slice pem)
{
	json_array_begin(j, "pem");
	while (pem.n != 0) {
		const char *end = memchr(pem.p, '\n', pem.n);
		size_t n = end != NULL ? (size_t)(end - pem.p) : pem.n;

		json_add_string(j, NULL, slice_make(pem.p, n));
		pem = slice_skip(pem, n + (end != NULL));
	}
	json_array_end(j);
}

void
signer_write(const struct region *r, struct text *out)
{
	struct signing_key keys[SIGNING_LIVE];
	size_t n = signing_live(r, keys);
	struct json j;

	state_begin(out, SIGNER_FILE);
	for (size_t i = 0; i < n; i++) {
		json_init(&j, out);
		json_object_begin(&j, NULL);
		json_add_string(
		    &j, "kid", slice_make(keys[i].kid, SIGNING_KID));
		json_add_int(&j, "made", keys[i].made_s);
		pem_write(&j, slice_make(keys[i].pem, keys[i].pem_bytes));
		json_object_end(&j);
		text_add_char(out, '\n');
	}
	OPENSSL_cleanse(keys, sizeof(keys));
}

/* ---- reading ---- */

/* The public part of a private key of P-256. */
static bool
key_spki(struct signing_key *k)
{
	BIO *b = BIO_new_mem_buf(k->pem, k->pem_bytes);
	char none[] = ""; /* instead of asking for a password */
	EVP_PKEY *key =
	    b != NULL ? PEM_read_bio_PrivateKey(b, NULL, NULL, none) : NULL;
	char group[32] = "";
	unsigned char *der = NULL;
	int n = 0;

	if (key != NULL && EVP_PKEY_is_a(key, "EC") &&
	    EVP_PKEY_get_group_name(key, group, sizeof(group), NULL) == 1 &&
	    strcmp(group, "prime256v1") == 0)
		n = i2d_PUBKEY(key, &der);
	if (n > 0 && n <= SIGNING_SPKI_MAX) {
		memcpy(k->spki, der, (size_t)n);
		k->spki_bytes = (uint16_t)n;
	}
	OPENSSL_free(der);
	EVP_PKEY_free(key);
	BIO_free(b);
	return k->spki_bytes != 0;
}

static void
key_take_pem(struct signing_key *k, struct json_fields *f)
{
	/* A comma is no digit of base64, nor of the lines around it. */
	struct slice pem = json_fields_list(f, "pem", SIGNING_PEM_MAX - 1);

	if (pem.n == 0) {
		json_fields_say(f, "pem is missing");
		return;
	}
	memcpy(k->pem, pem.p, pem.n);
	for (size_t i = 0; i < pem.n; i++)
		if (k->pem[i] == ',')
			k->pem[i] = '\n';
	k->pem[pem.n] = '\n';
	k->pem_bytes = (uint16_t)(pem.n + 1);
	if (!key_spki(k))
		json_fields_say(f, "pem is no key of P-256");
}

static void
key_take(struct signing_key *k, struct json_fields *f)
{
	struct slice kid = json_fields_text(f, "kid", SIGNING_KID);

	k->made_s = json_fields_int(f, "made", 0, SECONDS_MAX, 0);
	if (kid.n != SIGNING_KID || !base64url_valid(kid))
		json_fields_say(f, "kid is none of ours");
	else
		memcpy(k->kid, kid.p, SIGNING_KID);
	key_take_pem(k, f);
}

struct loading {
	struct signing_key keys[SIGNING_LIVE];
	size_t count;
	char wrong[JSON_FIELDS_WRONG];
};

static const char *
loading_line(void *ctx, struct slice line)
{
	static const char *const names[] = { "kid", "made", "pem", NULL };
	struct loading *l = ctx;
	struct json_fields f;

	json_fields_init(&f, line, names);
	if (l->count == SIGNING_LIVE)
		json_fields_say(&f, "there are too many keys");
	else if (json_fields_ok(&f))
		key_take(&l->keys[l->count++], &f);
	memcpy(l->wrong, f.wrong, sizeof(l->wrong));
	OPENSSL_cleanse(f.room, f.used);
	json_fields_fini(&f);
	return l->wrong[0] != '\0' ? l->wrong : NULL;
}

bool
signer_load(struct region *r, struct slice text, struct diag *d)
{
	struct loading l = { 0 };
	bool ok = state_walk(text, SIGNER_FILE, loading_line, &l, d);
	struct signing_key key = { 0 };
	bool has = signing_current(r, &key);

	for (size_t i = 0; ok && !has && i < l.count; i++)
		signing_rotate(r, &l.keys[i]);
	OPENSSL_cleanse(&key, sizeof(key));
	OPENSSL_cleanse(&l, sizeof(l));
	return ok;
}
