/*
 * pressure.c - see pressure.h.
 */
#include "worker/flow/pressure.h"

#define WHOLE 1000
#define EXCESS_MAX (2 * WHOLE) /* more of it counts as this */
#define EXCESS_FAR (1000 * WHOLE)
#define STEP_MAX_US 500000u /* a turn that took long counts as one */
/* At twice the limit the sum grows by half of a class's range in a second; with
 * nothing to do it falls by a fifth. */
#define UP_US 2000
#define DOWN_US 5000
#define ASKED_UNIT 16 /* so that they fade away, and are not cut off */

/* Above the limit, in thousandths of `room`; below, of the limit. */
static int32_t
excess_of(uint64_t value, uint64_t limit, uint64_t room)
{
	uint64_t over;

	if (value <= limit)
		return -(int32_t)((limit - value) * WHOLE / limit);
	over = value - limit;
	if (room == 0 || over / room >= EXCESS_FAR / WHOLE)
		return EXCESS_FAR;
	return (int32_t)(over * WHOLE / room);
}

static int32_t
excess_connections(uint32_t limit, const struct pressure_measures *m)
{
	uint64_t from = (uint64_t)m->connections_max * limit / WHOLE;
	int32_t excess;

	if (from == 0)
		from = 1;
	excess = excess_of(m->connections, from, m->connections_max - from);
	return m->reclaimed && excess > 0 ? 0 : excess;
}

/* The worst of them, and which that is. */
static int32_t
excess_worst(struct pressure *p, const struct img_overload *o,
    const struct pressure_measures *m)
{
	int32_t each[] = { -WHOLE, -WHOLE, -WHOLE, -WHOLE };
	uint32_t worst = PRESSURE_NONE; /* so far */

	if (o->lag_us != 0)
		each[PRESSURE_LAG] = excess_of(p->lag_us, o->lag_us, o->lag_us);
	if (o->connections != 0)
		each[PRESSURE_CONNECTIONS] =
		    excess_connections(o->connections, m);
	/* Memory does not come back as fast as it went. */
	if (o->memory_bytes != 0)
		each[PRESSURE_MEMORY] = excess_of(
		    m->memory_bytes, o->memory_bytes, o->memory_bytes / 4);
	for (uint32_t i = PRESSURE_LAG; i <= PRESSURE_MEMORY; i++)
		if (each[i] > each[worst])
			worst = i;
	if (each[worst] > 0)
		p->cause = worst;
	return each[worst];
}

static uint64_t
asked_below(const struct pressure *p, uint32_t class)
{
	uint64_t sum = 0;

	while (class -- > 0)
		sum += p->asked[class];
	return sum;
}

/* How far the level may go, by what is asked for of late: a second or so. */
static uint32_t
level_max(struct pressure *p, const struct pressure_measures *m)
{
	uint64_t above = 0;
	uint32_t max = WHOLE;

	/* Rounded up, so that nothing is left of what was long ago. */
	for (int c = IMG_CLASS_COUNT; c-- > 0;)
		p->asked[c] +=
		    (uint64_t)m->asked[c] * ASKED_UNIT - (p->asked[c] + 7) / 8;
	for (uint32_t c = IMG_CLASS_EMERGENCY; c > IMG_CLASS_NORMAL; c--) {
		above += p->asked[c];
		if (max == WHOLE && above != 0 &&
		    above * 9 >= asked_below(p, c))
			max = (c + 1) * WHOLE;
	}
	return max;
}

static uint32_t
clamp(int64_t v, int64_t max)
{
	return (uint32_t)(v < 0 ? 0 : v > max ? max : v);
}

void
pressure_step(struct pressure *p, const struct img_overload *limits,
    const struct pressure_measures *m, uint64_t us)
{
	int64_t t = us < STEP_MAX_US ? (int64_t)us : STEP_MAX_US;
	int32_t was = p->excess, over;
	uint32_t max = level_max(p, m);

	p->lag_us = (p->lag_us + m->lag_us) / 2;
	p->excess = excess_worst(p, limits, m);
	over = p->excess < EXCESS_MAX ? p->excess : EXCESS_MAX;
	/* What gets better by itself needs no more. */
	if (over < 0)
		p->sum += over * t / DOWN_US;
	else if (p->excess >= was - was / 100)
		p->sum += over * t / UP_US;
	p->sum = clamp(p->sum, max * INT64_C(1000));
	p->level =
	    clamp(p->sum / 1000 + (over > 0 ? over * INT64_C(3) / 10 : 0), max);
	if (p->level == 0)
		p->cause = PRESSURE_NONE;
}

uint32_t
pressure_part(uint32_t level, enum img_class class)
{
	int64_t above = level;

	switch (class) {
	case IMG_CLASS_NORMAL:
		break;
	case IMG_CLASS_PRIORITY:
		above -= WHOLE;
		break;
	case IMG_CLASS_EMERGENCY:
		return clamp(above - 2 * WHOLE, WHOLE) / 2;
	case IMG_CLASS_COUNT:
		return 0;
	}
	return clamp(above, WHOLE);
}
