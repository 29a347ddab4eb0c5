/*
 * clock.h - the one seam for time.
 *
 * Monotonic time is microseconds since the region's birth, so that it means
 * the same in every process; it is read once per loop turn. Wall time is only
 * for what leaves the machine (logs, dates, expiry).
 */
#ifndef COMMON_BASE_CLOCK_H
#define COMMON_BASE_CLOCK_H

#include <stdint.h>

struct mono {
	uint64_t us;
};

struct wall {
	int64_t us; /* since 1970-01-01T00:00:00Z */
};

#define MONO_NEVER ((struct mono){ UINT64_MAX })

/* Sets the birth: the CLOCK_MONOTONIC value, in us, that counts as 0. */
void clock_set_birth(uint64_t birth_us);

/* CLOCK_MONOTONIC now in us, unshifted: what a new region records as birth. */
uint64_t clock_raw_us(void);
/* The same in ns, for what takes less than a turn. */
uint64_t clock_raw_ns(void);

/* Reads the clock; what clock_now gives stays. */
struct mono clock_look(void);

/* Reads the clock and remembers it for clock_now; returns the same. */
struct mono clock_update(void);

extern struct mono clock_last; /* of clock_now alone */

/* The time of the last clock_update of this process. */
static inline struct mono
clock_now(void)
{
	return clock_last;
}

/* Wall time, read now. */
struct wall clock_wall(void);

#define WALL_TEXT_BYTES 25 /* with the NUL */

/*
 * RFC 3339 in UTC with milliseconds, "2026-01-02T03:04:05.678Z", for the years
 * 1970 to 9999. Needs neither time zone files nor memory.
 */
void wall_text(struct wall t, char buf[WALL_TEXT_BYTES]);

#define WALL_DATE_BYTES 30 /* with the NUL */

/* As HTTP fields have it (RFC 9110 5.6.7): "Sun, 06 Nov 1994 08:49:37 GMT". */
void wall_date(struct wall t, char buf[WALL_DATE_BYTES]);

/* When the day, or the month, that t is in ends in UTC. */
struct wall wall_day_end(struct wall t);
struct wall wall_month_end(struct wall t);

static inline struct mono
mono_add_us(struct mono t, uint64_t us)
{
	return (struct mono){ us > UINT64_MAX - t.us ? UINT64_MAX : t.us + us };
}

/* a - b in us, 0 when b is later. */
static inline uint64_t
mono_diff_us(struct mono a, struct mono b)
{
	return a.us > b.us ? a.us - b.us : 0;
}

#endif
