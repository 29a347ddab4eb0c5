/*
 * retry_after.c - see retry_after.h.
 */
#include "worker/origin/retry_after.h"

#include "common/http/http_date.h"

#define US_PER_S 1000000u
#define SECONDS_MAX (UINT64_MAX / US_PER_S)

/* delta-seconds; false when there is anything else. */
static bool
seconds_read(struct slice text, uint64_t *us)
{
	uint64_t s = 0;

	for (size_t i = 0; i < text.n; i++) {
		if (text.p[i] < '0' || text.p[i] > '9')
			return false;
		s = s * 10 + (uint64_t)(text.p[i] - '0');
		if (s > SECONDS_MAX / 10)
			s = SECONDS_MAX / 10;
	}
	*us = s * US_PER_S;
	return text.n != 0;
}

static bool
field_is_alone(const struct head *h, const struct field *field)
{
	for (const struct field *f = field + 1; f < h->fields + h->count; f++)
		if (f->id == field->id)
			return false;
	return true;
}

uint64_t
retry_after_us(const struct head *h, struct wall now)
{
	const struct field *f = head_find(h, FIELD_RETRY_AFTER);
	struct wall then;
	uint64_t us;

	if (f == NULL || !field_is_alone(h, f))
		return 0;
	if (seconds_read(f->value, &us))
		return us;
	if (!http_date_read(f->value, now, &then) || then.us <= now.us)
		return 0;
	return (uint64_t)(then.us - now.us);
}
