/*
 * conf_time.c - see conf_time.h.
 */
#include "master/conf_time.h"

#include <string.h>
#include <time.h>

/* n digits at *p, which moves behind them. */
static bool
digits(const char **p, int n, int least, int most, int *v)
{
	*v = 0;
	for (int i = 0; i < n; i++, (*p)++) {
		if (**p < '0' || **p > '9')
			return false;
		*v = *v * 10 + (**p - '0');
	}
	return *v >= least && *v <= most;
}

static bool
mark(const char **p, const char *among)
{
	if (**p == '\0' || strchr(among, **p) == NULL)
		return false;
	(*p)++;
	return true;
}

static bool
date_take(const char **p, struct tm *t)
{
	if (!digits(p, 4, 1970, 9999, &t->tm_year) || !mark(p, "-") ||
	    !digits(p, 2, 1, 12, &t->tm_mon) || !mark(p, "-") ||
	    !digits(p, 2, 1, 31, &t->tm_mday))
		return false;
	t->tm_year -= 1900;
	t->tm_mon -= 1;
	return true;
}

static bool
time_take(const char **p, struct tm *t)
{
	if (!digits(p, 2, 0, 23, &t->tm_hour) || !mark(p, ":") ||
	    !digits(p, 2, 0, 59, &t->tm_min) || !mark(p, ":") ||
	    !digits(p, 2, 0, 60, &t->tm_sec))
		return false;
	/* A leap second is as good as the one before it. */
	if (t->tm_sec == 60)
		t->tm_sec = 59;
	if (mark(p, "."))
		*p += strspn(*p, "0123456789");
	return true;
}

/* "Z" or "+02:00", in seconds. */
static bool
offset_take(const char **p, int *s)
{
	int sign = **p == '-' ? -1 : 1, hours, minutes;

	*s = 0;
	if (mark(p, "Zz"))
		return true;
	if (!mark(p, "+-") || !digits(p, 2, 0, 23, &hours) || !mark(p, ":") ||
	    !digits(p, 2, 0, 59, &minutes))
		return false;
	*s = sign * (hours * 3600 + minutes * 60);
	return true;
}

bool
conf_time_parse(const char *text, int64_t *s)
{
	const char *p = text;
	struct tm t = { 0 };
	int day, offset = 0;

	if (!date_take(&p, &t))
		return false;
	day = t.tm_mday;
	if (*p != '\0' &&
	    (!mark(&p, "Tt ") || !time_take(&p, &t) ||
		!offset_take(&p, &offset)))
		return false;
	*s = timegm(&t) - offset;
	/* The 31st of February has become a day of March. */
	return *p == '\0' && t.tm_mday == day;
}
