/*
 * debug_token_fuzz.c - any bytes as a debug token: what verifies is what would
 * be made.
 *
 * Input: the token, of a key of zeroes.
 */
#include <stdlib.h>
#include <string.h>

#include "common/base/must.h"
#include "shm/debug_token.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint8_t key[MAC_BYTES];
	static struct mac *mac;
	const struct slice text = slice_make((const char *)data, size);
	char made[DEBUG_TOKEN_MAX], digits[DEBUG_TOKEN_MAX + 1] = { 0 };
	enum debug_token_kind kind;

	if (mac == NULL)
		mac = mac_new(key);
	MUST(mac != NULL);
	kind = debug_token_check(mac, text, 1767225600);
	if (kind == DEBUG_TOKEN_BAD)
		return 0;
	MUST(size > 2 && size <= DEBUG_TOKEN_MAX);
	memcpy(digits, data + 2, size - 2);
	MUST(debug_token_make(mac, atoll(digits), made) == size);
	MUST(memcmp(made, data, size) == 0);
	MUST((kind == DEBUG_TOKEN_GOOD) == (atoll(digits) > 1767225600));
	return 0;
}
