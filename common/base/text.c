/*
 * text.c - see text.h.
 */
#include "common/base/text.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/base/must.h"

#define TEXT_FIRST 512

void
text_fini(struct text *t)
{
	if (!t->fixed)
		free(t->p);
	text_init(t);
}

void
text_clear(struct text *t)
{
	t->n = 0;
	t->cut = false;
}

char *
text_grow(struct text *t, size_t n)
{
	size_t room = t->room != 0 ? t->room : TEXT_FIRST;

	if (t->fixed) {
		t->cut = true;
		return NULL;
	}
	while (room - t->n < n)
		room *= 2;
	t->p = realloc(t->p, room);
	MUST(t->p != NULL);
	t->room = room;
	return t->p + t->n;
}

void
text_add(struct text *t, struct slice s)
{
	char *to = s.n != 0 ? text_reserve(t, s.n) : NULL;

	if (to == NULL)
		return;
	(void)slice_put(to, s);
	t->n += s.n;
}

void
text_add_char(struct text *t, char c)
{
	char *to = text_reserve(t, 1);

	if (to == NULL)
		return;
	*to = c;
	t->n++;
}

const char text_pairs[200] = "0001020304050607080910111213141516171819"
			     "2021222324252627282930313233343536373839"
			     "4041424344454647484950515253545556575859"
			     "6061626364656667686970717273747576777879"
			     "8081828384858687888990919293949596979899";

struct slice
text_u64(uint64_t value, char room[TEXT_U64_MAX])
{
	char *end = room + TEXT_U64_MAX, *p = end;

	for (; value >= 100; value /= 100)
		(void)text_put_pair(p -= 2, (uint32_t)(value % 100));
	if (value >= 10)
		(void)text_put_pair(p -= 2, (uint32_t)value);
	else
		*--p = (char)('0' + value);
	return slice_make(p, (size_t)(end - p));
}

char *
text_put_digits(char *to, uint64_t value)
{
	char room[TEXT_U64_MAX];

	if (value >= 1000)
		return slice_put(to, text_u64(value, room));
	return value >= 100 ? text_put_triple(to, (uint32_t)value)
			    : text_put_pair(to, (uint32_t)value);
}

void
text_add_u64(struct text *t, uint64_t value)
{
	char room[TEXT_U64_MAX];

	text_add(t, text_u64(value, room));
}

void
text_printf(struct text *t, const char *fmt, ...)
{
	va_list ap, again;
	char *to;
	int need;

	va_start(ap, fmt);
	va_copy(again, ap);
	need = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	MUST(need >= 0);
	to = text_reserve(t, (size_t)need + 1);
	if (to != NULL) {
		(void)vsnprintf(to, (size_t)need + 1, fmt, again);
		t->n += (size_t)need;
	}
	va_end(again);
}
