/*
 * retry_after_fuzz.c - any bytes as a Retry-After: a date that is read is one
 * that there is, and in the form of today it is written just as it came.
 */
#include <stdlib.h>
#include <string.h>

#include "common/base/must.h"
#include "common/http/http_date.h"
#include "worker/origin/retry_after.h"

#define NOW_S INT64_C(1700000000)
#define DATE_BYTES (WALL_DATE_BYTES - 1)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check_again(struct slice text, struct wall t)
{
	char again[WALL_DATE_BYTES];

	wall_date(t, again);
	MUST(t.us >= 0 && t.us % 1000000 == 0);
	/* A second that was put in is the next one. */
	if (text.n == DATE_BYTES && text.p[3] == ',' &&
	    memcmp(text.p + 23, "60", 2) != 0)
		MUST(slice_eq(slice_make(again, DATE_BYTES), text));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *copy = malloc(size != 0 ? size : 1); /* its end is watched */
	struct slice text = slice_make(copy, size);
	struct wall now = { NOW_S * 1000000 }, t;
	struct field field;
	struct head h = { .fields = &field };
	bool is_date;

	if (size != 0)
		memcpy(copy, data, size);
	head_add(&h, FIELD_RETRY_AFTER, text);
	is_date = http_date_read(text, now, &t);
	if (is_date)
		check_again(text, t);
	if (is_date && t.us > now.us)
		MUST(retry_after_us(&h, now) == (uint64_t)(t.us - now.us));
	else if (is_date || size == 0 || data[0] < '0' || data[0] > '9')
		MUST(retry_after_us(&h, now) == 0);
	else
		(void)retry_after_us(&h, now);
	free(copy);
	return 0;
}
