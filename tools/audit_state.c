/*
 * audit_state.c - see audit_state.h. Text, for people:
 *
 *	penstock-audit 1 TURN DEV INO OFFSET SEQ HASH RUN NUMBER ... SUM
 */
#include "tools/audit_state.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <unistd.h>

#include "common/base/hash.h"

#define PLACE_BYTES 2048
#define PLACE_HEAD "penstock-audit 1 "

static const struct hash_key sum_key = { 1, 2 };

static void
add_number(struct text *t, uint64_t n)
{
	text_add_u64(t, n);
	text_add_char(t, ' ');
}

bool
audit_state_write(int fd, struct audit_state *s)
{
	char place[PLACE_BYTES];
	struct text t;

	s->turn++;
	text_init_fixed(&t, place, sizeof(place));
	text_add(&t, SLICE_LIT(PLACE_HEAD));
	add_number(&t, s->turn);
	add_number(&t, s->dev);
	add_number(&t, s->ino);
	add_number(&t, s->offset);
	add_number(&t, s->at.seq);
	text_add(&t, slice_make(s->at.hash, AUDIT_HASH));
	text_add_char(&t, ' ');
	add_number(&t, s->run);
	for (uint32_t i = 0; i <= WORKERS_MAX; i++)
		add_number(&t, s->number[i]);
	text_add_u64(&t, hash_bytes(sum_key, t.p, t.n));
	while (t.n < PLACE_BYTES - 1)
		text_add_char(&t, ' ');
	text_add_char(&t, '\n');
	return pwrite(fd, place, PLACE_BYTES,
		   (off_t)(s->turn % 2 * PLACE_BYTES)) == PLACE_BYTES;
}

/* The next word as a number; false: it is none. */
static bool
next_number(struct slice *s, uint64_t *n)
{
	struct slice word;

	if (!slice_cut(s, ' ', &word) || word.n == 0 || word.n > 20)
		return false;
	*n = 0;
	for (size_t i = 0; i < word.n; i++) {
		if (word.p[i] < '0' || word.p[i] > '9')
			return false;
		*n = *n * 10 + (uint64_t)(word.p[i] - '0');
	}
	return true;
}

static bool
place_read(struct slice place, struct audit_state *s)
{
	struct slice left = place, hash;
	uint64_t sum;

	if (!slice_starts(left, SLICE_LIT(PLACE_HEAD)))
		return false;
	left = slice_skip(left, sizeof(PLACE_HEAD) - 1);
	if (!next_number(&left, &s->turn) || !next_number(&left, &s->dev) ||
	    !next_number(&left, &s->ino) || !next_number(&left, &s->offset) ||
	    !next_number(&left, &s->at.seq) || !slice_cut(&left, ' ', &hash) ||
	    hash.n != AUDIT_HASH || !next_number(&left, &s->run))
		return false;
	memcpy(s->at.hash, hash.p, AUDIT_HASH);
	for (uint32_t i = 0; i <= WORKERS_MAX; i++)
		if (!next_number(&left, &s->number[i]))
			return false;
	place.n = (size_t)(left.p - place.p);
	return next_number(&left, &sum) &&
	    sum == hash_bytes(sum_key, place.p, place.n);
}

void
audit_state_read(int fd, struct audit_state *s)
{
	char places[2 * PLACE_BYTES];
	ssize_t got = pread(fd, places, sizeof(places), 0);

	*s = (struct audit_state){ 0 };
	audit_at_start(&s->at);
	for (ssize_t from = 0; from + PLACE_BYTES <= got; from += PLACE_BYTES) {
		struct audit_state one;

		if (place_read(slice_make(places + from, PLACE_BYTES), &one) &&
		    one.turn > s->turn)
			*s = one;
	}
}
