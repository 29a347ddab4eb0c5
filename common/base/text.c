/*
 * text.c - see text.h.
 */
#include "common/base/text.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/base/must.h"
#include "common/base/word.h"

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

#define EIGHT UINT64_C(100000000)

/*
 * The eight digits of a value below EIGHT, the first in the lowest byte: by
 * halves that stand side by side in the word, each divided by a product.
 */
static uint64_t
eight_digits(uint64_t value)
{
	uint64_t fours = value / 10000 | value % 10000 << 32;
	uint64_t upper = fours * 5243 >> 19 & UINT64_C(0x7f0000007f);
	uint64_t twos = upper | (fours - upper * 100) << 16;

	upper = twos * 103 >> 10 & UINT64_C(0xf000f000f000f);
	return upper | (twos - upper * 10) << 8;
}

char *
text_put_digits(char *to, uint64_t value)
{
	uint64_t digits;
	size_t none = 0;

	if (value < 100)
		return text_put_pair(to, (uint32_t)value);
	if (value < 1000)
		return text_put_triple(to, (uint32_t)value);
	if (value >= EIGHT) {
		to = text_put_u64(to, value / EIGHT);
		digits = eight_digits(value % EIGHT);
	} else {
		digits = eight_digits(value);
		none = (size_t)__builtin_ctzll(digits) / 8;
	}
	digits = htole64((digits | WORD_OF('0')) >> 8 * none);
	memcpy(to, &digits, sizeof(digits));
	return to + sizeof(digits) - none;
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
