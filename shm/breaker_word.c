/*
 * breaker_word.c - protocol C: how the word of a breaker changes. The marks are
 * the labels of tests/model/breaker.pml.
 *
 *	 a transition, from the epoch of o to the next
 *	 Y1 the epoch that ends has its entry, or one that says `lost` (D5)
 *	 Y2 turns >= its number
 *	 Y3 the word: o -> {to, epoch + 1}
 *	 Y2 turns >= the number of the new one
 *	 V2 vitals_version grows
 *	 D3 the entry of the new one
 *
 *	 within an epoch
 *	 Y4 the word: a failure or a success is counted, or failures forgotten
 *
 * An epoch has 14 bits. A call whose result comes 16,384 transitions late, not
 * one more or less, is taken for one of the present epoch. It would have to
 * last for 5,000 times `open`, as every third state is OPEN: four days where
 * that is a minute, minutes where it is a tenth of a second. All that
 * comes of it is one call too many among those in a row, or of the probes; of
 * these there are no more than there may be even then, as it holds a permit.
 * Nor does a compare-and-swap take one such word for the other: a worker that
 * stands still is killed within seconds.
 *
 * Times are sixteenths of seconds in 28 bits, compared as signed differences,
 * which tell 97 days. OPEN ends up to one too early rather than too late, so
 * that who is told whole seconds, rounded up, is told those of `open`, which
 * is 30 days at most. The sweep ends it when nobody else does.
 */
#include "shm/breaker_word.h"

#include "common/base/must.h"
#include "shm/step.h"
#include "shm/vital.h"

#define UNTIL_SIGN (UINT64_C(1) << (BREAKER_OKS_SHIFT - 1))
#define TICK_US 62500u

static uint64_t
breaker_pack(const struct breaker_word *w)
{
	return (uint64_t)w->state << BREAKER_STATE_SHIFT |
	    (uint64_t)(w->epoch & BREAKER_EPOCH_MASK) << BREAKER_EPOCH_SHIFT |
	    (uint64_t)w->fails << BREAKER_FAILS_SHIFT |
	    (uint64_t)w->oks << BREAKER_OKS_SHIFT |
	    (w->until & BREAKER_UNTIL_MASK);
}

/* HALF comes of OPEN alone. */
enum breaker_state
breaker_from(const struct breaker_word *w)
{
	return w->state == BREAKER_HALF ? BREAKER_OPEN : w->oks & 3;
}

int64_t
breaker_wait_us(const struct breaker_word *w, uint64_t now_us)
{
	uint64_t ahead = (w->until - now_us / TICK_US) & BREAKER_UNTIL_MASK;
	int64_t ticks = (int64_t)(ahead ^ UNTIL_SIGN) - (int64_t)UNTIL_SIGN;

	return ticks * TICK_US - (int64_t)(now_us % TICK_US);
}

uint64_t
breaker_until(uint64_t open_us, uint64_t now_us)
{
	if (open_us > BREAKER_OPEN_MAX_US)
		open_us = BREAKER_OPEN_MAX_US;
	return (now_us + open_us) / TICK_US;
}

bool
breaker_count(const struct region *r, uint32_t breaker, uint64_t *seen,
    const struct breaker_word *to)
{
	SHM_STEP("Y4");
	return atomic_compare_exchange_strong(
	    &breaker_at(r, breaker)->word, seen, breaker_pack(to));
}

/* ---- numbers ---- */

/* Of an epoch; right if it still was the present one after this. */
static uint64_t
epoch_number(const struct shm_breaker *b, uint32_t epoch)
{
	uint64_t turns = atomic_load(&b->turns);

	return turns + ((epoch - turns) & BREAKER_EPOCH_MASK);
}

/* The word, and the number of its epoch. */
static uint64_t
breaker_numbered(const struct shm_breaker *b, uint64_t *number)
{
	uint64_t o, again = atomic_load(&b->word);

	do {
		o = again;
		*number = epoch_number(b, breaker_unpack(o).epoch);
		again = atomic_load(&b->word);
	} while (breaker_unpack(o).epoch != breaker_unpack(again).epoch);
	return o;
}

uint64_t
breaker_number(const struct region *r, uint32_t breaker)
{
	uint64_t number;

	(void)breaker_numbered(breaker_at(r, breaker), &number);
	return number;
}

uint32_t
breaker_epoch(const struct region *r, uint32_t breaker)
{
	return breaker_unpack(breaker_load(r, breaker)).epoch;
}

static void
turns_raise(struct shm_breaker *b, uint64_t number)
{
	uint64_t was = atomic_load(&b->turns);

	while (was < number) {
		SHM_STEP("Y2");
		if (atomic_compare_exchange_weak(&b->turns, &was, number))
			return;
	}
}

/* ---- transitions ---- */

static void
epoch_complete(const struct region *r, uint32_t breaker, uint64_t number,
    const struct breaker_word *w)
{
	struct shm_breaker *b = breaker_at(r, breaker);

	if (number > atomic_load(&b->first))
		breaker_history_keep(
		    r, breaker, number, breaker_from(w), w->state);
	turns_raise(b, number);
}

void
breaker_complete(const struct region *r, uint32_t breaker)
{
	uint64_t number;
	struct breaker_word w =
	    breaker_unpack(breaker_numbered(breaker_at(r, breaker), &number));

	epoch_complete(r, breaker, number, &w);
}

uint64_t
breaker_turn_over(const struct region *r, uint32_t breaker, uint64_t *seen,
    enum breaker_state to, uint64_t until)
{
	struct shm_breaker *b = breaker_at(r, breaker);
	struct breaker_word w = breaker_unpack(*seen);
	struct breaker_word next = { .state = to,
		.epoch = w.epoch + 1,
		.oks = to == BREAKER_HALF ? 0 : w.state,
		.until = until };
	uint64_t number = epoch_number(b, w.epoch);
	uint64_t o = atomic_load(&b->word);

	if (o != *seen) {
		*seen = o;
		return 0;
	}
	epoch_complete(r, breaker, number, &w);
	SHM_STEP("Y3");
	if (!atomic_compare_exchange_strong(
		&b->word, seen, breaker_pack(&next)))
		return 0;
	turns_raise(b, number + 1);
	vitals_changed(r);
	return number + 1;
}

bool
breaker_change(const struct region *r, uint32_t breaker, uint64_t *seen,
    struct breaker_turn *turn, uint64_t until, uint64_t now_us)
{
	struct breaker_word w = breaker_unpack(*seen);

	turn->from = w.state;
	turn->number = breaker_turn_over(r, breaker, seen, turn->to, until);
	if (turn->number == 0)
		return false;
	breaker_history_add(r, breaker, turn, w.epoch, now_us);
	breaker_told(r, breaker, turn);
	return true;
}
