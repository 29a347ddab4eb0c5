/*
 * units.c - "250ms", "16k", "1000/min" and back.
 */
#include <stdio.h>
#include <string.h>

#include "common/base/units.h"

struct unit {
	const char *word;
	uint64_t factor;
};

#define SECOND_US UINT64_C(1000000)
#define DAY_US (86400 * SECOND_US)

/* Largest first: the first that divides gives the shortest spelling. */
static const struct unit duration_units[] = {
	{ "d", DAY_US },
	{ "h", 3600 * SECOND_US },
	{ "m", 60 * SECOND_US },
	{ "s", SECOND_US },
	{ "ms", 1000 },
	{ "us", 1 },
	{ NULL, 0 },
};

static const struct unit size_units[] = {
	{ "g", UINT64_C(1) << 30 },
	{ "m", UINT64_C(1) << 20 },
	{ "k", UINT64_C(1) << 10 },
	{ "", 1 },
	{ "G", UINT64_C(1) << 30 },
	{ "M", UINT64_C(1) << 20 },
	{ "K", UINT64_C(1) << 10 },
	{ NULL, 0 },
};

static const struct unit rate_units[] = {
	{ "s", SECOND_US },
	{ "min", 60 * SECOND_US },
	{ "hour", 3600 * SECOND_US },
	{ "day", DAY_US },
	{ "month", 30 * DAY_US },
	{ NULL, 0 },
};

static bool
refuse(const char **why, const char *reason)
{
	if (why != NULL)
		*why = reason;
	return false;
}

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* Reads the digits at *text and moves it behind them. */
static bool
digits_read(const char **text, uint64_t *number, const char **why)
{
	const char *p = *text;
	uint64_t n = 0;

	if (*p == '\0')
		return refuse(why, "is empty");
	if (*p == '-' || *p == '+')
		return refuse(why, "has a sign");
	if (!is_digit(*p))
		return refuse(why, "does not start with a digit");
	for (; is_digit(*p); p++) {
		if (__builtin_mul_overflow(n, UINT64_C(10), &n) ||
		    __builtin_add_overflow(n, (uint64_t)(*p - '0'), &n))
			return refuse(why, "is too large");
	}
	*text = p;
	*number = n;
	return true;
}

static bool
number_read(const char **text, uint64_t *number, const char **why)
{
	if (!digits_read(text, number, why))
		return false;
	if (**text == '.' || **text == ',')
		return refuse(why, "has a fraction (take a smaller unit)");
	return true;
}

static const struct unit *
unit_find(const struct unit *units, const char *word)
{
	for (; units->word != NULL; units++)
		if (strcmp(units->word, word) == 0)
			return units;
	return NULL;
}

/* "<number><unit>" in the smallest unit. */
static bool
amount_read(const char *text, const struct unit *units, const char *bad_unit,
    uint64_t *amount, const char **why)
{
	const struct unit *unit;
	uint64_t n;

	if (!number_read(&text, &n, why))
		return false;
	unit = unit_find(units, text);
	if (unit == NULL)
		return refuse(why, bad_unit);
	if (__builtin_mul_overflow(n, unit->factor, &n))
		return refuse(why, "is too large");
	*amount = n;
	return true;
}

bool
units_duration(const char *text, uint64_t *us, const char **why)
{
	size_t digits = strspn(text, "0123456789");

	if (strcmp(text, "0") == 0) {
		*us = 0;
		return true;
	}
	return amount_read(text, duration_units,
	    digits != 0 && text[digits] == '\0'
		? "has no unit (ms, s, m, h, d)"
		: "has an unknown unit (known: ms, s, m, h, d)",
	    us, why);
}

/* A number with at most `places` digits after the point, as a whole one. */
static bool
point_read(const char *text, unsigned places, const char *too_many,
    uint64_t *out, const char **why)
{
	uint64_t whole, part = 0, scale = 1;
	unsigned digits = 0;

	if (!digits_read(&text, &whole, why))
		return false;
	if (*text == '.') {
		for (text++; is_digit(*text) && digits < places;
		     text++, digits++)
			part = part * 10 + (uint64_t)(*text - '0');
		if (digits == 0)
			return refuse(why, "has no digits after the point");
	}
	if (is_digit(*text))
		return refuse(why, too_many);
	if (*text != '\0')
		return refuse(why, "is not a number such as 1.5");
	for (unsigned i = 0; i < places; i++)
		scale *= 10;
	while (digits++ < places)
		part *= 10;
	if (__builtin_mul_overflow(whole, scale, &whole) ||
	    __builtin_add_overflow(whole, part, out))
		return refuse(why, "is too large");
	return true;
}

bool
units_decimal(const char *text, uint64_t *thousandths, const char **why)
{
	return point_read(text, 3, "has more than three digits after the point",
	    thousandths, why);
}

bool
units_share(const char *text, uint64_t *millionths, const char **why)
{
	return point_read(text, 6, "has more than six digits after the point",
	    millionths, why);
}

bool
units_size(const char *text, uint64_t *bytes, const char **why)
{
	return amount_read(text, size_units,
	    "has an unknown unit (known: k, m, g)", bytes, why);
}

bool
units_rate(
    const char *text, uint64_t *count, uint64_t *per_us, const char **why)
{
	const struct unit *unit;
	uint64_t n;

	if (!number_read(&text, &n, why))
		return false;
	if (*text != '/')
		return refuse(why, "has no period (such as 10/s or 1000/min)");
	unit = unit_find(rate_units, text + 1);
	if (unit == NULL)
		return refuse(why,
		    "has an unknown period (known: s, min, hour, day, month)");
	*count = n;
	*per_us = unit->factor;
	return true;
}

static char *
amount_text(uint64_t n, const struct unit *units, char *buf, size_t size)
{
	while (n == 0 || n % units->factor != 0) {
		if (units->factor == 1)
			break;
		units++;
	}
	snprintf(buf, size, "%llu%s", (unsigned long long)(n / units->factor),
	    n == 0 ? "" : units->word);
	return buf;
}

char *
units_duration_text(uint64_t us, char *buf, size_t size)
{
	return amount_text(us, duration_units, buf, size);
}

char *
units_size_text(uint64_t bytes, char *buf, size_t size)
{
	return amount_text(bytes, size_units, buf, size);
}

char *
units_rate_text(uint64_t count, uint64_t per_us, char *buf, size_t size)
{
	const struct unit *unit = rate_units;

	while (unit->word != NULL && unit->factor != per_us)
		unit++;
	snprintf(buf, size, "%llu/%s", (unsigned long long)count,
	    unit->word != NULL ? unit->word : "?");
	return buf;
}

/* Without zeroes at the end, but for one behind the point. */
static char *
point_trim(char *buf, int n)
{
	while (buf[n - 1] == '0' && buf[n - 2] != '.')
		buf[--n] = '\0';
	return buf;
}

char *
units_decimal_text(uint64_t thousandths, char *buf, size_t size)
{
	int n = snprintf(buf, size, "%llu.%03u",
	    (unsigned long long)(thousandths / 1000),
	    (unsigned)(thousandths % 1000));

	return point_trim(buf, n);
}

char *
units_share_text(uint64_t millionths, char *buf, size_t size)
{
	int n = snprintf(buf, size, "%llu.%06u",
	    (unsigned long long)(millionths / 1000000),
	    (unsigned)(millionths % 1000000));

	return point_trim(buf, n);
}
