/*
 * refresh_fuzz.c - any bytes as a refresh token; and, as if somebody had the
 * secret, any bytes as the claims of one that is signed.
 *
 * Input: the first byte chooses which (odd: claims), the rest is it.
 */
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/diag.h"
#include "common/base/must.h"
#include "common/jose/base64url.h"
#include "common/jose/jws.h"
#include "shm/families.h"
#include "worker/flow/issued.h"

#define NOW 1000000
#define HEAD "eyJhbGciOiJIUzI1NiJ9." /* {"alg":"HS256"} */

static struct env *
fuzz_env(void)
{
	static struct region region;
	static struct env env;
	struct geometry g;
	struct diag d;

	if (env.region != NULL)
		return &env;
	diag_init(&d);
	geometry_defaults(&g, 1);
	g.images_bytes = 8u << 20;
	g.ring_bytes = 64u << 10;
	MUST(region_create(&region, &g, &d));
	env.region = &region;
	return &env;
}

/* Our token with these claims. */
static struct slice
sign(const struct env *e, struct slice claims)
{
	const struct shm_secrets *s = region_secrets(e->region);
	size_t n = sizeof(HEAD) - 1;
	char *text = malloc(n + BASE64URL_TEXT(claims.n) + 64);
	unsigned char mac[32];
	unsigned int mac_n = sizeof(mac);

	MUST(text != NULL);
	memcpy(text, HEAD, n);
	n += base64url_encode(claims.p, claims.n, text + n);
	MUST(HMAC(EVP_sha256(), s->refresh, sizeof(s->refresh),
		 (const unsigned char *)text, n, mac, &mac_n) != NULL);
	text[n++] = '.';
	n += base64url_encode(mac, sizeof(mac), text + n);
	return slice_make(text, n);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What was read is in the room, or in what was decoded to it. */
static void
check(const struct issued_refresh *r, const char *room, size_t n)
{
	MUST(r->family != 0 && r->turn <= FAMILY_TURNS_MAX &&
	    NOW < r->expires_s && r->expires_s == r->parts.expires_s);
	for (unsigned i = 0; i < IMG_CLAIMS; i++) {
		struct slice s = r->parts.claim[i];

		MUST(s.n == 0 || (s.p >= room && s.p + s.n <= room + n));
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct env *e = fuzz_env();
	struct slice text, given;
	struct issued_refresh r;
	char *room;

	if (size == 0 || size > JWS_BYTES_MAX / 2)
		return 0;
	given = slice_make((const char *)data + 1, size - 1);
	text = (data[0] & 1) != 0 ? sign(e, given) : given;
	room = malloc(2 * text.n + 1);
	MUST(room != NULL);
	if (issued_refresh_read(e, text, NOW, room, &r)) {
		MUST((data[0] & 1) != 0);
		check(&r, room, 2 * text.n);
	}
	free(room);
	if (text.p != given.p)
		free((char *)(uintptr_t)text.p);
	return 0;
}
