/*
 * http_date.c - see http_date.h. A form is written as what stands in it:
 *
 *	 a A  the day of the week, short or long     h m s  two digits each
 *	 d    the day, two digits                    e      it, or a space first
 *	 b    the month                              y Y    the year, 2 or 4
 *
 * and anything else is itself.
 */
#include "common/http/http_date.h"

#define US_PER_S 1000000

struct date {
	struct slice left; /* to be read */
	unsigned weekday;  /* from Sunday, 0 */
	unsigned year, month, day, hour, minute, second;
	bool bad;
	bool short_year;
};

static const char *const weekdays[] = { "Sunday", "Monday", "Tuesday",
	"Wednesday", "Thursday", "Friday", "Saturday" };

static const char *const months[] = { "Jan", "Feb", "Mar", "Apr", "May", "Jun",
	"Jul", "Aug", "Sep", "Oct", "Nov", "Dec" };

static void
take_byte(struct date *d, char c)
{
	d->bad = d->bad || d->left.n == 0 || d->left.p[0] != c;
	if (!d->bad)
		d->left = slice_skip(d->left, 1);
}

static unsigned
take_digits(struct date *d, size_t n)
{
	unsigned value = 0;

	d->bad = d->bad || d->left.n < n;
	for (size_t i = 0; !d->bad && i < n; i++) {
		char c = d->left.p[i];

		d->bad = c < '0' || c > '9';
		value = value * 10 + (unsigned)(c - '0');
	}
	if (!d->bad)
		d->left = slice_skip(d->left, n);
	return value;
}

/* The place of the name among them; of each, its first so many bytes. */
static unsigned
take_name(struct date *d, const char *const *names, unsigned count, size_t most)
{
	for (unsigned i = 0; !d->bad && i < count; i++) {
		struct slice name = slice_str(names[i]);

		if (name.n > most)
			name.n = most;
		if (!slice_starts(d->left, name))
			continue;
		d->left = slice_skip(d->left, name.n);
		return i;
	}
	d->bad = true;
	return 0;
}

static void
take_padded_day(struct date *d)
{
	if (d->left.n != 0 && d->left.p[0] == ' ') {
		take_byte(d, ' ');
		d->day = take_digits(d, 1);
	} else {
		d->day = take_digits(d, 2);
	}
}

static void
take(struct date *d, char what)
{
	switch (what) {
	case 'a':
		d->weekday = take_name(d, weekdays, 7, 3);
		return;
	case 'A':
		d->weekday = take_name(d, weekdays, 7, 9);
		return;
	case 'b':
		d->month = 1 + take_name(d, months, 12, 3);
		return;
	case 'd':
		d->day = take_digits(d, 2);
		return;
	case 'e':
		take_padded_day(d);
		return;
	case 'h':
		d->hour = take_digits(d, 2);
		return;
	case 'm':
		d->minute = take_digits(d, 2);
		return;
	case 's':
		d->second = take_digits(d, 2);
		return;
	case 'y':
		d->year = take_digits(d, 2);
		d->short_year = true;
		return;
	case 'Y':
		d->year = take_digits(d, 4);
		return;
	}
	take_byte(d, what);
}

static bool
date_is(struct date *d, struct slice text, const char *form)
{
	*d = (struct date){ .left = text };
	for (; *form != '\0'; form++)
		take(d, *form);
	return !d->bad && d->left.n == 0;
}

/* ---- what it means ---- */

static bool
is_leap(unsigned year)
{
	return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

static unsigned
month_days(unsigned year, unsigned month)
{
	static const unsigned char days[] = { 31, 28, 31, 30, 31, 30, 31, 31,
		30, 31, 30, 31 };

	return days[month - 1] + (month == 2 && is_leap(year));
}

/* From 1970-01-01. */
static int64_t
date_day(const struct date *d)
{
	int64_t past = d->year - 1;
	int64_t days = past * 365 + past / 4 - past / 100 + past / 400 - 719162;

	for (unsigned m = 1; m < d->month; m++)
		days += month_days(d->year, m);
	return days + d->day - 1;
}

/* RFC 9110 5.6.7; the last second may be one that was put in. */
static bool
date_exists(const struct date *d)
{
	return d->year >= 1970 && d->day >= 1 &&
	    d->day <= month_days(d->year, d->month) && d->hour < 24 &&
	    d->minute < 60 && d->second <= 60 &&
	    /* A Thursday. */
	    (date_day(d) + 4) % 7 == (int64_t)d->weekday;
}

static int64_t
date_second(const struct date *d)
{
	return date_day(d) * 86400 + d->hour * 3600 + d->minute * 60 +
	    d->second;
}

static void
date_century(struct date *d, struct wall now)
{
	unsigned this = 1970 + (unsigned)(now.us / US_PER_S / 31556952);

	d->year += this / 100 * 100;
	if (d->year > this + 50)
		d->year -= 100;
}

bool
http_date_read(struct slice text, struct wall now, struct wall *t)
{
	struct date d;

	if (!date_is(&d, text, "a, d b Y h:m:s GMT") &&
	    !date_is(&d, text, "A, d-b-y h:m:s GMT") &&
	    !date_is(&d, text, "a b e h:m:s Y"))
		return false;
	if (d.short_year)
		date_century(&d, now);
	if (!date_exists(&d))
		return false;
	t->us = date_second(&d) * US_PER_S;
	return true;
}
