/*
 * limiter_account.c - see limiter_account.h. Windows of a period of P:
 *
 *	       w-2P      w-P   now    w         w+P
 *	   ------|---------|----+-----|---------|---->
 *	         |  prev   |   cur    |
 *	              '---------' what SLIDING measures: cur, and of prev the
 *	                          part (w - now) / P
 *
 * A cell whose window has ended is not touched until its next charge, which
 * finds by `over` how long ago that was. A clock that is behind finds a window
 * which has not begun yet, and takes part in it: so nothing is ever counted
 * anew for somebody who is late.
 */
#include "shm/limiter_account.h"

#include "common/base/must.h"

/* What was taken in the window that ends at end_us, and in the one before. */
struct window {
	uint64_t end_us;
	uint64_t prev, cur;
};

static uint64_t
at_most(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

static uint64_t
at_least(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

static uint64_t
round_up(uint64_t a, uint64_t step)
{
	return (a + step - 1) / step * step;
}

/* ceil or floor of a * b / c */
static uint64_t
mul_div(uint64_t a, uint64_t b, uint64_t c, bool up)
{
	unsigned __int128 product = (unsigned __int128)a * b;

	if (up)
		product += c - 1;
	return product >> 64 == 0 ? (uint64_t)product / c
				  : (uint64_t)(product / c);
}

/* ---- BUCKET ---- */

#define TIME_MAX_NS (LIMITER_TIME_MAX_US * 1000)

static uint64_t
bucket_each(const struct limiter_rate *rate)
{
	return at_most(rate->each_ns, TIME_MAX_NS);
}

/* How far ahead `burst` charges are. */
static uint64_t
bucket_depth(const struct limiter_rate *rate)
{
	uint64_t depth_ns;

	return __builtin_mul_overflow(rate->each_ns, rate->burst, &depth_ns)
	    ? TIME_MAX_NS
	    : at_most(depth_ns, TIME_MAX_NS);
}

static uint64_t
bucket_ahead(const struct account_clock *c, const struct account *a)
{
	uint64_t now_ns = c->now_us * 1000;

	return a->word > now_ns ? a->word - now_ns : 0;
}

/* How far ahead anyone may be whose limit is this one. */
static uint64_t
bucket_whole(const struct limiter_rate *rate)
{
	return at_least(
	    bucket_depth(rate), at_most(rate->whole_ns, TIME_MAX_NS));
}

static bool
bucket_is_beyond(const struct limiter_rate *rate, uint64_t ahead)
{
	return ahead > bucket_whole(rate) + LIMITER_BEHIND_US * 1000;
}

static inline void
bucket_left(
    const struct limiter_rate *rate, uint64_t ahead, struct limiter_left *left)
{
	uint64_t depth = bucket_depth(rate), each = bucket_each(rate);

	if (bucket_is_beyond(rate, ahead))
		ahead = bucket_whole(rate);
	left->limit = rate->burst;
	left->remaining = (depth - at_most(ahead, depth)) / each;
	left->wait_us =
	    left->remaining != 0 ? 0 : (ahead + each - depth + 999) / 1000;
	left->reset_us = (ahead + 999) / 1000;
}

static void
bucket_set(struct account *a, uint64_t tat_ns)
{
	a->word = tat_ns;
	a->over_us = (tat_ns + 999) / 1000;
}

static bool
bucket_charge(const struct limiter_rate *rate, const struct account_clock *c,
    struct account *a, struct limiter_left *left)
{
	uint64_t ahead = bucket_ahead(c, a);

	bucket_left(rate, ahead, left);
	if (left->remaining == 0) {
		if (bucket_is_beyond(rate, ahead))
			bucket_set(a, c->now_us * 1000 + bucket_whole(rate));
		return false;
	}
	ahead += bucket_each(rate);
	bucket_set(a, c->now_us * 1000 + ahead);
	left->remaining--;
	left->reset_us = (ahead + 999) / 1000;
	return true;
}

static bool
bucket_refund(const struct limiter_rate *rate, const struct account_clock *c,
    struct account *a)
{
	uint64_t ahead = bucket_ahead(c, a), each = bucket_each(rate);

	if (ahead == 0)
		return false;
	bucket_set(a, a->word - at_most(ahead, each));
	return true;
}

/* ---- windows ---- */

static uint64_t
window_count(const struct limiter_rate *rate)
{
	return at_most(rate->count, UINT32_MAX);
}

static uint64_t
window_period(const struct limiter_rate *rate, const struct account_clock *c)
{
	return at_most(
	    at_least(rate->period_us, c->tick_us), LIMITER_TIME_MAX_US);
}

/* The first end after `us`. */
static uint64_t
window_end_after(
    const struct limiter_rate *rate, const struct account_clock *c, uint64_t us)
{
	uint64_t period = window_period(rate, c), begin, end;

	if (rate->end_us != 0) {
		begin = us / c->tick_us * c->tick_us;
		return at_least(
		    round_up(rate->end_us, c->tick_us), begin + c->tick_us);
	}
	begin = us / period * period;
	end = round_up(begin, c->tick_us);
	return end > us ? end : round_up(begin + period, c->tick_us);
}

/* The one after that. */
static uint64_t
window_next(const struct limiter_rate *rate, const struct account_clock *c,
    uint64_t end_us)
{
	return rate->kind == LIMITER_SLIDING ? window_end_after(rate, c, end_us)
					     : end_us + window_period(rate, c);
}

/* The end of the window of a cell that counts until then. */
static uint64_t
window_end_before(const struct limiter_rate *rate,
    const struct account_clock *c, uint64_t over_us)
{
	uint64_t period = window_period(rate, c);

	return rate->kind == LIMITER_SLIDING
	    ? round_up((over_us / period - 1) * period, c->tick_us)
	    : over_us;
}

/* What `over` can be, by somebody whose clock is the most ahead of this one. */
static bool
window_is_beyond(const struct limiter_rate *rate, const struct account_clock *c,
    uint64_t over_us)
{
	uint64_t ahead_us = c->now_us + LIMITER_BEHIND_US;
	uint64_t end = window_end_after(rate, c, ahead_us);

	if (rate->kind == LIMITER_SLIDING)
		end = window_next(rate, c, end);
	else if (rate->end_us != 0 && rate->end_us <= ahead_us)
		end = window_next(rate, c, end);
	return over_us > end;
}

/* The window of now. */
static struct window
window_at(const struct limiter_rate *rate, const struct account_clock *c,
    const struct account *a)
{
	uint64_t end = window_end_after(rate, c, c->now_us);
	uint64_t prev = a->word >> 32, cur = a->word & UINT32_MAX;

	if (a->over_us <= c->now_us)
		return (struct window){ end, 0, 0 };
	if (rate->kind == LIMITER_SLIDING && a->over_us == end)
		return (struct window){ end, cur, 0 };
	/* The period has changed if its end is farther away than it can be. */
	if (a->over_us > end && !window_is_beyond(rate, c, a->over_us))
		end = at_least(end, window_end_before(rate, c, a->over_us));
	return (struct window){ end, prev, cur };
}

static void
window_set(const struct limiter_rate *rate, const struct account_clock *c,
    const struct window *w, struct account *a)
{
	a->word = w->prev << 32 | w->cur;
	a->over_us = rate->kind == LIMITER_SLIDING
	    ? window_next(rate, c, w->end_us)
	    : w->end_us;
}

/* Of the window before, what counts still when it is now. */
static uint64_t
window_carried(const struct limiter_rate *rate, const struct account_clock *c,
    const struct window *w)
{
	uint64_t period = window_period(rate, c);

	if (rate->kind != LIMITER_SLIDING || w->prev == 0)
		return 0;
	return mul_div(at_most(w->prev, window_count(rate)),
	    at_most(w->end_us - c->now_us, period), period, true);
}

/* From when on no more than `most` of n are carried into the window. */
static uint64_t
window_carries(const struct limiter_rate *rate, const struct account_clock *c,
    uint64_t n, uint64_t most, uint64_t end_us)
{
	return end_us - mul_div(most, window_period(rate, c), n, false);
}

/* Until one more can be taken, if none can be now. */
static uint64_t
window_wait(const struct limiter_rate *rate, const struct account_clock *c,
    const struct window *w)
{
	uint64_t count = window_count(rate), from = w->end_us;

	if (w->cur < count)
		from = window_carries(rate, c, at_most(w->prev, count),
		    count - 1 - w->cur, w->end_us);
	else if (rate->kind == LIMITER_SLIDING)
		from = at_least(from,
		    window_carries(rate, c, count, count - 1,
			window_next(rate, c, w->end_us)));
	return from - c->now_us;
}

static void
window_left(const struct limiter_rate *rate, const struct account_clock *c,
    const struct window *w, struct limiter_left *left)
{
	uint64_t count = window_count(rate);
	uint64_t spent = w->cur + window_carried(rate, c, w);

	left->limit = count;
	left->remaining = count - at_most(spent, count);
	left->wait_us = left->remaining != 0 ? 0 : window_wait(rate, c, w);
	if (spent == 0)
		left->reset_us = 0;
	else if (w->cur != 0 && rate->kind == LIMITER_SLIDING)
		left->reset_us = window_next(rate, c, w->end_us) - c->now_us;
	else
		left->reset_us = w->end_us - c->now_us;
}

static __attribute__((noinline)) bool
window_charge(const struct limiter_rate *rate, const struct account_clock *c,
    struct account *a, struct limiter_left *left)
{
	struct window w = window_at(rate, c, a);

	window_left(rate, c, &w, left);
	if (left->remaining == 0) {
		if (window_is_beyond(rate, c, a->over_us))
			window_set(rate, c, &w, a);
		return false;
	}
	w.cur++;
	window_set(rate, c, &w, a);
	left->remaining--;
	left->reset_us = a->over_us - c->now_us;
	return true;
}

/* To no other window than the one where it was taken, or more would fit there
 * than may. */
static bool
window_refund(const struct limiter_rate *rate, const struct account_clock *c,
    struct account *a)
{
	uint64_t end = window_end_after(rate, c, c->now_us), next = end;

	if (rate->kind == LIMITER_SLIDING)
		next = window_next(rate, c, end);
	if (a->over_us == next && (a->word & UINT32_MAX) != 0) {
		a->word--;
		return true;
	}
	if (rate->kind == LIMITER_SLIDING && a->word >> 32 != 0 &&
	    a->over_us == window_next(rate, c, next)) {
		a->word -= UINT64_C(1) << 32;
		return true;
	}
	return false;
}

/* ---- all ---- */

bool
account_charge(const struct limiter_rate *rate, const struct account_clock *c,
    struct account *a, struct limiter_left *left)
{
	if (rate->kind == LIMITER_BUCKET) {
		MUST(rate->each_ns != 0 && rate->burst != 0);
		return bucket_charge(rate, c, a, left);
	}
	MUST(rate->period_us != 0 && rate->count != 0);
	return window_charge(rate, c, a, left);
}

bool
account_refund(const struct limiter_rate *rate, const struct account_clock *c,
    struct account *a)
{
	return rate->kind == LIMITER_BUCKET ? bucket_refund(rate, c, a)
					    : window_refund(rate, c, a);
}

void
account_look(const struct limiter_rate *rate, const struct account_clock *c,
    const struct account *a, struct limiter_left *left)
{
	struct window w;

	if (rate->kind == LIMITER_BUCKET) {
		bucket_left(rate, bucket_ahead(c, a), left);
		return;
	}
	w = window_at(rate, c, a);
	window_left(rate, c, &w, left);
}

void
account_restore(const struct limiter_rate *rate, const struct account_clock *c,
    uint64_t spent, struct account *a)
{
	struct window w = window_at(rate, c, a);

	w.cur = at_least(w.cur, at_most(spent, UINT32_MAX));
	window_set(rate, c, &w, a);
}
