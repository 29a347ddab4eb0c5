/*
 * limit_rate.c - see limit_rate.h. A share changes the number, not the cell:
 * two classes spend of the same, each up to its own limit. A bucket is as deep
 * in time whatever the share; a request takes more or less of it.
 */
#include "shm/limit_rate.h"

#define WHOLE 1000u

uint32_t
limit_in_force(const struct img_limit *l, uint32_t class, uint32_t pressure)
{
	uint32_t share = l->multiplier[class];

	if (l->adaptive == 0 || pressure == 0 || share == 0)
		return share;
	if (pressure > WHOLE)
		pressure = WHOLE;
	share = (uint32_t)((uint64_t)share * (WHOLE - pressure) / WHOLE);
	return share != 0 ? share : 1;
}

static uint64_t
share_of(uint64_t n, uint32_t share)
{
	if (share == WHOLE)
		return n;
	n = n * share / WHOLE;
	return n != 0 ? n : 1;
}

uint32_t
limit_at_once(const struct img_limit *l, uint32_t share)
{
	return (uint32_t)share_of(l->count, share);
}

uint64_t
limit_now_us(const struct img_limit *l)
{
	return l->kind == IMG_LIMIT_QUOTA ? (uint64_t)clock_wall().us
					  : clock_now().us;
}

static uint64_t
calendar_end_us(const struct img_limit *l, uint64_t now_us)
{
	struct wall now = { (int64_t)now_us };
	struct wall end = l->period_us == IMG_PERIOD_DAY ? wall_day_end(now)
							 : wall_month_end(now);

	return (uint64_t)end.us;
}

/* One request takes no more than all there is, however small the share is: the
 * next one's may be larger, and is to find a bucket that fills in its time. */
static void
bucket_rate(const struct img_limit *l, uint32_t share, struct limiter_rate *out)
{
	const uint64_t most_ns = LIMITER_TIME_MAX_US * 1000;
	uint64_t each_ns = l->each_ns, whole_ns;

	if (__builtin_mul_overflow(l->burst, l->each_ns, &whole_ns) ||
	    whole_ns > most_ns)
		whole_ns = most_ns;
	if (share != WHOLE)
		each_ns = l->each_ns * WHOLE / share;
	*out = (struct limiter_rate){ .kind = LIMITER_BUCKET,
		.burst = share_of(l->burst, share),
		.each_ns = each_ns < whole_ns ? each_ns : whole_ns,
		.whole_ns = whole_ns };
}

void
limit_rate(const struct img_limit *l, uint32_t share, uint64_t now_us,
    struct limiter_rate *out)
{
	if (l->kind == IMG_LIMIT_TOKEN_BUCKET) {
		bucket_rate(l, share, out);
		return;
	}
	*out = (struct limiter_rate){
		.kind = l->kind == IMG_LIMIT_SLIDING_WINDOW ? LIMITER_SLIDING
							    : LIMITER_FIXED,
		.count = share_of(l->count, share),
		.period_us = l->period_us,
	};
	if (l->kind == IMG_LIMIT_QUOTA)
		out->end_us = calendar_end_us(l, now_us);
}
