/*
 * text.h - text that grows at its end, for what is written as a whole before
 * it is sent: documents of the admin API, metrics, error bodies.
 *
 * A growing text is for control-plane code only: no memory is fatal. A fixed
 * one lives in its caller's buffer; what does not fit is dropped, once and for
 * all, and `cut` says so.
 */
#ifndef COMMON_BASE_TEXT_H
#define COMMON_BASE_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/slice.h"

struct text {
	char *p; /* NULL while empty; not NUL-terminated */
	size_t n, room;
	bool fixed, cut;
};

static inline void
text_init(struct text *t)
{
	*t = (struct text){ 0 };
}

/* In buf, which the caller owns. */
static inline void
text_init_fixed(struct text *t, char *buf, size_t size)
{
	*t = (struct text){ .p = buf, .room = size, .fixed = true };
}

void text_fini(struct text *t);

/* Empties it and keeps the memory. */
void text_clear(struct text *t);

/* The slow path of text_reserve: there is no room. */
char *text_grow(struct text *t, size_t n);

/*
 * Where n more bytes may be written, for who counts them in t->n himself; NULL:
 * a fixed text is full.
 */
static inline char *
text_reserve(struct text *t, size_t n)
{
	if (!t->cut && n <= t->room - t->n)
		return t->p + t->n;
	return text_grow(t, n);
}

void text_add(struct text *t, struct slice s);
void text_add_char(struct text *t, char c);
void text_add_u64(struct text *t, uint64_t value);

/* "00" to "99", one behind the other. */
extern const char text_pairs[200];

/* A value below 100 with both of its digits; returns their end. */
static inline char *
text_put_pair(char *to, uint32_t value)
{
	memcpy(to, text_pairs + 2 * value, 2);
	return to + 2;
}

/* The same of a value below 1000, with its three. */
static inline char *
text_put_triple(char *to, uint32_t value)
{
	*to++ = (char)('0' + value / 100);
	return text_put_pair(to, value % 100);
}

/* Of a value from 10 on. For text_put_u64. */
char *text_put_digits(char *to, uint64_t value);

#define TEXT_U64_MAX 20 /* digits */
/* The digits of value to where there is room for TEXT_U64_MAX, of which those
 * behind its end may be written, too; returns that. */
static inline char *
text_put_u64(char *to, uint64_t value)
{
	if (value >= 10)
		return text_put_digits(to, value);
	*to = (char)('0' + value);
	return to + 1;
}

/* The same in room, which the caller owns. */
static inline struct slice
text_u64(uint64_t value, char room[TEXT_U64_MAX])
{
	return slice_make(room, (size_t)(text_put_u64(room, value) - room));
}

void text_printf(struct text *t, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

static inline struct slice
text_slice(const struct text *t)
{
	return slice_make(t->p, t->n);
}

#endif
