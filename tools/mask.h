/*
 * mask.h - what is made unreadable of texts that clients have made up, before
 * anybody reads them: addresses of e-mail, numbers of cards, of accounts and
 * of persons, wherever they stand in a text. Enough is left to tell one from
 * another: the last digits, the domain.
 */
#ifndef TOOLS_MASK_H
#define TOOLS_MASK_H

#include <stdbool.h>
#include <stdint.h>

#include "common/base/slice.h"
#include "shm/img_telemetry.h"
#include "shm/record.h"

#define MASK_TEXT_MIN 6 /* what is shorter has nothing to mask */
#define MASK_TEXT_MAX RECORD_MAX
#define MASK_ALL \
	(IMG_MASK_EMAIL | IMG_MASK_CARD | IMG_MASK_NATIONAL_ID | IMG_MASK_IBAN)

/* Where masked texts are made; each replaces the one before. */
struct mask_room;

struct mask_room *mask_room_new(void);
void mask_room_free(struct mask_room *room);

/*
 * The quick look: false only if there is nothing to mask. For mask_text, and
 * for the proof that the two agree.
 */
bool mask_look(uint32_t kinds, struct slice text);

/* The close look, at no more than MASK_TEXT_MAX bytes. For mask_text. */
struct slice
mask_closely(struct mask_room *room, uint32_t kinds, struct slice text);

/*
 * The text without what `kinds` (IMG_MASK_*) name: itself if there is nothing
 * of that in it, which costs next to nothing to find out, else in the room.
 * Escapes (%40) are read for what they stand for, and stay where they are not
 * masked. What is longer than MASK_TEXT_MAX is cut there.
 */
static inline struct slice
mask_text(struct mask_room *room, uint32_t kinds, struct slice text)
{
	if (text.n > MASK_TEXT_MAX)
		text.n = MASK_TEXT_MAX;
	return text.n >= MASK_TEXT_MIN && mask_look(kinds, text)
	    ? mask_closely(room, kinds, text)
	    : text;
}

#endif
