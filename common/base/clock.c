/*
 * clock.c - the process's idea of now.
 *
 * The birth and the time of the last reading are the only state; everybody
 * who asks within one turn gets the same answer.
 */
#include <stdbool.h>
#include <string.h>
#include <time.h>

#include "common/base/clock.h"

static uint64_t clock_birth_us;
struct mono clock_last;

static uint64_t
timespec_us(struct timespec ts)
{
	return (uint64_t)ts.tv_sec * 1000000 + (uint64_t)ts.tv_nsec / 1000;
}

void
clock_set_birth(uint64_t birth_us)
{
	clock_birth_us = birth_us;
}

uint64_t
clock_raw_us(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return timespec_us(ts);
}

uint64_t
clock_raw_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
}

struct mono
clock_look(void)
{
	uint64_t raw = clock_raw_us();

	return (struct mono){ raw > clock_birth_us ? raw - clock_birth_us : 0 };
}

struct mono
clock_update(void)
{
	clock_last = clock_look();
	return clock_last;
}

struct wall
clock_wall(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	return (struct wall){ (int64_t)timespec_us(ts) };
}

/*
 * The civil date of a day number, counted in eras of 400 years that begin on
 * 1 March, so that the leap day is the last of its year.
 */
static void
civil_of_days(uint64_t days, unsigned *year, unsigned *month, unsigned *day)
{
	uint64_t z = days + 719468; /* since 0000-03-01 */
	uint64_t era = z / 146097, doe = z % 146097;
	uint64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
	uint64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
	unsigned shifted = (unsigned)((5 * doy + 2) / 153);

	*day = (unsigned)(doy - (153 * shifted + 2) / 5 + 1);
	*month = shifted < 10 ? shifted + 3 : shifted - 9;
	*year = (unsigned)(yoe + era * 400 + (*month <= 2));
}

#define DAY_US INT64_C(86400000000)

struct wall
wall_day_end(struct wall t)
{
	int64_t us = t.us > 0 ? t.us : 0;

	return (struct wall){ (us / DAY_US + 1) * DAY_US };
}

struct wall
wall_month_end(struct wall t)
{
	static const uint8_t days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31,
		30, 31 };
	uint64_t today = t.us > 0 ? (uint64_t)(t.us / DAY_US) : 0;
	unsigned year, month, day, last;
	bool leap;

	civil_of_days(today, &year, &month, &day);
	leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
	last = days[month - 1] + (month == 2 && leap ? 1u : 0u);
	return (struct wall){ (int64_t)(today + last - day + 1) * DAY_US };
}

static char *
put_digits(char *p, unsigned value, unsigned count, char after)
{
	for (unsigned i = count; i > 0; i--, value /= 10)
		p[i - 1] = (char)('0' + value % 10);
	p[count] = after;
	return p + count + 1;
}

void
wall_text(struct wall t, char buf[WALL_TEXT_BYTES])
{
	uint64_t ms = t.us > 0 ? (uint64_t)t.us / 1000 : 0;
	unsigned in_day = (unsigned)(ms / 1000 % 86400);
	unsigned year, month, day;
	char *p = buf;

	civil_of_days(ms / 86400000, &year, &month, &day);
	p = put_digits(p, year, 4, '-');
	p = put_digits(p, month, 2, '-');
	p = put_digits(p, day, 2, 'T');
	p = put_digits(p, in_day / 3600, 2, ':');
	p = put_digits(p, in_day / 60 % 60, 2, ':');
	p = put_digits(p, in_day % 60, 2, '.');
	p = put_digits(p, (unsigned)(ms % 1000), 3, 'Z');
	*p = '\0';
}

void
wall_date(struct wall t, char buf[WALL_DATE_BYTES])
{
	static const char days[] = "ThuFriSatSunMonTueWed"; /* from 1970 on */
	static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
	uint64_t s = t.us > 0 ? (uint64_t)t.us / 1000000 : 0;
	unsigned in_day = (unsigned)(s % 86400);
	unsigned year, month, day;
	char *p = buf;

	civil_of_days(s / 86400, &year, &month, &day);
	p = mempcpy(p, days + s / 86400 % 7 * 3, 3);
	p = mempcpy(p, ", ", 2);
	p = put_digits(p, day, 2, ' ');
	p = mempcpy(p, months + (month - 1) * 3, 3);
	*p++ = ' ';
	p = put_digits(p, year, 4, ' ');
	p = put_digits(p, in_day / 3600, 2, ':');
	p = put_digits(p, in_day / 60 % 60, 2, ':');
	p = put_digits(p, in_day % 60, 2, ' ');
	memcpy(p, "GMT", 4);
}
