/*
 * mask_inside.h - a text on its way through the masks, for mask*.c alone: its
 * characters as they are meant, and what is to become of each.
 */
#ifndef TOOLS_MASK_INSIDE_H
#define TOOLS_MASK_INSIDE_H

#include "tools/mask.h"

enum mask_act {
	MASK_KEEP,
	MASK_STAR,  /* "*" in its place */
	MASK_DROP,  /* nothing */
	MASK_BEFORE /* itself, behind "***" */
};

struct mask_units {
	uint32_t n;
	/* "*" once it is not to be read any more; 0 behind the last one. */
	uint8_t c[MASK_TEXT_MAX + 1];
	uint8_t act[MASK_TEXT_MAX];     /* enum mask_act */
	uint16_t at[MASK_TEXT_MAX + 1]; /* where it begins in the text */
};

static inline bool
mask_digit(uint8_t c)
{
	return (unsigned)c - '0' < 10;
}

static inline bool
mask_letter(uint8_t c)
{
	return (unsigned)(c | 0x20) - 'a' < 26;
}

static inline bool
mask_alnum(uint8_t c)
{
	return mask_digit(c) || mask_letter(c);
}

/* Between groups of a number. "+" is the blank of forms. */
static inline bool
mask_separator(uint8_t c)
{
	return c == ' ' || c == '-' || c == '+';
}

/* Nothing of a word stands in front of unit i. */
static inline bool
mask_word_begins(const struct mask_units *u, uint32_t i)
{
	return i == 0 || !mask_alnum(u->c[i - 1]);
}

static inline void
mask_set(struct mask_units *u, uint32_t i, enum mask_act act)
{
	u->act[i] = (uint8_t)act;
	if (act != MASK_BEFORE)
		u->c[i] = '*';
}

void mask_emails(struct mask_units *u);
void mask_ibans(struct mask_units *u);
void mask_national_ids(struct mask_units *u);
/* Behind the others: what they leave may, put together, be a card. True: there
 * was one. */
bool mask_cards(struct mask_units *u);

#endif
