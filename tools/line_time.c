/*
 * line_time.c - the moment of a record as text. Records of one second follow
 * each other, so that most of it is there already.
 */
#include <time.h>

#include "common/base/clock.h"
#include "tools/line_inside.h"

#define SECOND_US 1000000

typedef uint32_t clock_write_fn(int64_t second, char *text);

static uint32_t
utc_write(int64_t second, char *text)
{
	char whole[WALL_TEXT_BYTES];

	wall_text((struct wall){ second * SECOND_US }, whole);
	memcpy(text, whole, sizeof("2026-01-02T03:04:05.") - 1);
	return sizeof("2026-01-02T03:04:05.") - 1;
}

/* The time of day, with what ends it. */
static char *
day_write(char *to, const struct tm *tm, char last)
{
	to = text_put_pair(to, (uint32_t)tm->tm_hour);
	*to++ = ':';
	to = text_put_pair(to, (uint32_t)tm->tm_min);
	*to++ = ':';
	to = text_put_pair(to, (uint32_t)tm->tm_sec);
	*to++ = last;
	return to;
}

/* "28/Nov/2026:23:07:12 +0000": names of months are English everywhere. */
static uint32_t
local_write(int64_t second, char *text)
{
	static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
	time_t t = second;
	struct tm tm;
	char *to = text;
	long east;

	localtime_r(&t, &tm);
	to = text_put_pair(to, (uint32_t)tm.tm_mday);
	*to++ = '/';
	memcpy(to, months + 3 * tm.tm_mon, 3);
	to += 3;
	*to++ = '/';
	to = text_put_pair(to, ((uint32_t)tm.tm_year / 100 + 19) % 100);
	to = text_put_pair(to, (uint32_t)tm.tm_year % 100);
	*to++ = ':';
	to = day_write(to, &tm, ' ');
	east = tm.tm_gmtoff / 60;
	*to++ = east < 0 ? '-' : '+';
	east = east < 0 ? -east : east;
	to = text_put_pair(to, (uint32_t)(east / 60) % 100);
	to = text_put_pair(to, (uint32_t)(east % 60));
	return (uint32_t)(to - text);
}

static uint32_t
short_write(int64_t second, char *text)
{
	time_t t = second;
	struct tm tm;

	localtime_r(&t, &tm);
	return (uint32_t)(day_write(text, &tm, '.') - text);
}

/* The second into c, if it is not there; returns the microseconds behind it. */
static uint32_t
clock_set(struct line_clock *c, int64_t us, clock_write_fn *write)
{
	uint64_t behind;

	us = us > 0 ? us : 0;
	behind = (uint64_t)(us - c->second * SECOND_US);
	if (c->n == 0 || behind >= SECOND_US) {
		c->second = us / SECOND_US;
		c->n = write(c->second, c->text);
		behind = (uint64_t)(us % SECOND_US);
	}
	return (uint32_t)behind;
}

/* The second and so many digits of the fraction, of six; returns their end. */
static char *
time_write(char *to, const struct line_clock *c, uint32_t us, int digits)
{
	memcpy(to, c->text, sizeof(c->text));
	to += c->n;
	(void)text_put_pair(to, us / 10000);
	(void)text_put_pair(to + 2, us / 100 % 100);
	(void)text_put_pair(to + 4, us % 100);
	return to + digits;
}

char *
line_put_time(struct line *l, char *to)
{
	struct line_clock *c = &l->f->utc;
	uint32_t us = clock_set(c, l->v->head->wall_us, utc_write);

	to = time_write(to, c, us, 6);
	*to++ = 'Z';
	return to;
}

struct slice
line_time_local(struct line *l)
{
	struct line_clock *c = &l->f->local;

	(void)clock_set(c, l->v->head->wall_us, local_write);
	return slice_make(c->text, c->n);
}

struct slice
line_time_short(struct line *l)
{
	struct line_clock *c = &l->f->local;
	uint32_t us = clock_set(c, l->v->head->wall_us, short_write);
	char *end = time_write(l->value, c, us, 3);

	return slice_make(l->value, (size_t)(end - l->value));
}
