/*
 * mask_card.c - numbers of payment cards: 13 to 19 digits that begin with 2 to
 * 6, as those of banks do (ISO/IEC 7812), and pass Luhn's test; in one, or in
 * groups of three and more with a separator between. The last four stay.
 */
#include "tools/mask_inside.h"

#define CARD_MIN 13
#define CARD_MAX 19
#define CARD_GROUP_MIN 3
#define CARD_SHOWN 4

struct card {
	uint32_t count;        /* digits */
	uint32_t at[CARD_MAX]; /* their units */
};

/* From the last digit, every other one twice. */
static bool
luhn(const struct mask_units *u, const struct card *c)
{
	unsigned sum = 0;

	for (uint32_t i = 0; i < c->count; i++) {
		unsigned d = u->c[c->at[c->count - 1 - i]] - '0';

		d <<= i & 1;
		sum += d > 9 ? d - 9 : d;
	}
	return sum % 10 == 0;
}

/* The next group of digits, behind its separator; false: there is none that
 * fits. */
static bool
card_group(const struct mask_units *u, uint32_t *at, struct card *c)
{
	uint32_t i = *at + (c->count != 0), first = i;

	if (c->count != 0 && !mask_separator(u->c[*at]))
		return false;
	for (; mask_digit(u->c[i]); i++) {
		if (c->count == CARD_MAX)
			return false;
		c->at[c->count++] = i;
	}
	*at = i;
	return i - first >= CARD_GROUP_MIN;
}

/* The longest number that begins at unit i; 0 digits: there is none. */
static void
card_find(const struct mask_units *u, uint32_t i, struct card *found)
{
	struct card c = { 0 };

	found->count = 0;
	while (card_group(u, &i, &c))
		if (c.count >= CARD_MIN && luhn(u, &c))
			*found = c;
}

bool
mask_cards(struct mask_units *u)
{
	struct card c;
	bool any = false;

	for (uint32_t i = 0; i < u->n; i++) {
		if (u->c[i] < '2' || u->c[i] > '6' ||
		    (i != 0 && mask_digit(u->c[i - 1])))
			continue;
		card_find(u, i, &c);
		/* What stays may be the first group of another number. */
		for (uint32_t k = 0; k + CARD_SHOWN < c.count; k++)
			mask_set(u, c.at[k], MASK_STAR);
		any |= c.count != 0;
	}
	return any;
}
