/*
 * debug_token.c - see debug_token.h.
 */
#include "shm/debug_token.h"

#include <openssl/crypto.h>

#include "common/base/text.h"
#include "common/jose/base64url.h"

#define TOKEN_VERSION "1."
#define TOKEN_DIGITS 12 /* of the time: 30,000 years */
#define TOKEN_MAC_TEXT BASE64URL_TEXT(MAC_BYTES)

size_t
debug_token_make(struct mac *mac, int64_t expires_s, char out[DEBUG_TOKEN_MAX])
{
	uint8_t made[MAC_BYTES];
	struct text t;

	text_init_fixed(&t, out, DEBUG_TOKEN_MAX);
	text_add(&t, SLICE_LIT(TOKEN_VERSION));
	text_add_u64(&t, (uint64_t)expires_s);
	if (!mac_make(mac, text_slice(&t), made))
		return 0;
	text_add_char(&t, '.');
	if (t.cut || t.room - t.n < TOKEN_MAC_TEXT)
		return 0;
	return t.n + base64url_encode(made, sizeof(made), out + t.n);
}

/* Digits with nothing before them that means nothing. */
static bool
token_time(struct slice text, int64_t *s)
{
	if (text.n == 0 || text.n > TOKEN_DIGITS || text.p[0] == '0')
		return false;
	*s = 0;
	for (size_t i = 0; i < text.n; i++) {
		if (text.p[i] < '0' || text.p[i] > '9')
			return false;
		*s = *s * 10 + (text.p[i] - '0');
	}
	return true;
}

/* In its three parts, of which the first two are `head`. */
static bool
token_split(struct slice text, struct slice *head, int64_t *expires_s,
    uint8_t mac[MAC_BYTES])
{
	const size_t version = sizeof(TOKEN_VERSION) - 1;
	size_t n = 0;

	if (!slice_starts(text, SLICE_LIT(TOKEN_VERSION)) ||
	    text.n <= version + 1 + TOKEN_MAC_TEXT || text.n > DEBUG_TOKEN_MAX)
		return false;
	*head = slice_make(text.p, text.n - 1 - TOKEN_MAC_TEXT);
	return text.p[head->n] == '.' &&
	    token_time(slice_skip(*head, version), expires_s) &&
	    base64url_decode(slice_skip(text, head->n + 1), mac, &n) &&
	    n == MAC_BYTES;
}

enum debug_token_kind
debug_token_check(struct mac *mac, struct slice text, int64_t now_s)
{
	uint8_t want[MAC_BYTES], got[MAC_BYTES];
	struct slice head;
	int64_t expires_s;

	if (!token_split(text, &head, &expires_s, got) ||
	    !mac_make(mac, head, want) ||
	    CRYPTO_memcmp(want, got, sizeof(want)) != 0)
		return DEBUG_TOKEN_BAD;
	return expires_s > now_s ? DEBUG_TOKEN_GOOD : DEBUG_TOKEN_EXPIRED;
}
