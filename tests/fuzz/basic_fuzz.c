/*
 * basic_fuzz.c - any bytes as credentials of the Basic scheme: what is taken is
 * clean, and would be encoded just as it came.
 */
#include <stdlib.h>
#include <string.h>

#include "common/base/base64.h"
#include "common/base/must.h"
#include "worker/filter/basic_credentials.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check_clean(struct slice s)
{
	for (size_t i = 0; i < s.n; i++)
		MUST((unsigned char)s.p[i] >= 0x20 && s.p[i] != 0x7f);
}

static void
check_again(const struct basic_credentials *c, struct slice text)
{
	struct base64_writer w = { { 0 }, 0 };
	struct slice bytes =
	    slice_make(c->user.p, c->user.n + 1 + c->password.n);
	char again[BASIC_TEXT_MAX + 4];
	size_t n = base64_write(&w, &bytes, again, sizeof(again));

	n += base64_write_end(&w, again + n);
	MUST(slice_eq(slice_make(again, n), text));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice text = { (const char *)data, size };
	char *room = malloc(BASIC_TEXT_MAX);
	struct basic_credentials c;

	if (basic_credentials_read(text, room, &c)) {
		MUST(c.user.n != 0 && c.user.n <= BASIC_USER_MAX);
		MUST(memchr(c.user.p, ':', c.user.n) == NULL);
		MUST(c.password.n <= BASIC_PASSWORD_MAX);
		check_clean(c.user);
		check_clean(c.password);
		check_again(&c, text);
	}
	free(room);
	return 0;
}
