/*
 * mask.c - see mask.h: takes a text apart, lets the masks look at it, and puts
 * together what is left.
 */
#include "tools/mask.h"

#include <stdlib.h>

#include "common/base/must.h"
#include "common/http/uri_escape.h"
#include "tools/mask_inside.h"

struct mask_room {
	struct mask_units units;
	/* "***" comes for what is dropped, and at most for every other "@". */
	char out[3 * MASK_TEXT_MAX];
};

struct mask_room *
mask_room_new(void)
{
	struct mask_room *room = malloc(sizeof(*room));

	MUST(room != NULL);
	return room;
}

void
mask_room_free(struct mask_room *room)
{
	free(room);
}

static void
units_read(struct mask_units *u, struct slice s)
{
	size_t at = 0;

	u->n = 0;
	while (at < s.n) {
		uint8_t c = (uint8_t)s.p[at];
		int value = c == '%' ? uri_escape_value(s, at) : -1;
		bool escaped = value >= 0;

		u->c[u->n] = escaped ? (uint8_t)value : c;
		u->act[u->n] = MASK_KEEP;
		u->at[u->n++] = (uint16_t)at;
		at += escaped ? 3 : 1;
	}
	u->c[u->n] = 0;
	u->at[u->n] = (uint16_t)s.n;
}

static struct slice
units_write(const struct mask_units *u, struct slice s, char *out)
{
	char *to = out;

	for (uint32_t i = 0; i < u->n; i++) {
		size_t from = u->at[i], n = u->at[i + 1] - from;

		switch ((enum mask_act)u->act[i]) {
		case MASK_STAR:
			*to++ = '*';
			break;
		case MASK_DROP:
			break;
		case MASK_BEFORE:
			memcpy(to, "***", 3);
			to += 3;
			__attribute__((fallthrough));
		case MASK_KEEP:
			memcpy(to, s.p + from, n);
			to += n;
			break;
		}
	}
	return slice_make(out, (size_t)(to - out));
}

static void
words_hide(struct mask_units *u, uint32_t kinds)
{
	if (kinds & IMG_MASK_IBAN)
		mask_ibans(u);
	if (kinds & IMG_MASK_NATIONAL_ID)
		mask_national_ids(u);
}

struct slice
mask_closely(struct mask_room *room, uint32_t kinds, struct slice text)
{
	struct mask_units *u = &room->units;

	units_read(u, text);
	if (kinds & IMG_MASK_EMAIL)
		mask_emails(u);
	words_hide(u, kinds);
	/* Behind a letter, a card hides that a word ends there. */
	while ((kinds & IMG_MASK_CARD) && mask_cards(u))
		words_hide(u, kinds);
	return units_write(u, text, room->out);
}
