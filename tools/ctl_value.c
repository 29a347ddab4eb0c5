/*
 * ctl_value.c - see ctl_value.h.
 */
#include "tools/ctl_value.h"

#include <stdio.h>
#include <time.h>

const char *
ctl_word(const json_t *o, const char *key)
{
	const char *s = json_string_value(json_object_get(o, key));

	return s != NULL ? s : "";
}

long long
ctl_number(const json_t *o, const char *key)
{
	return (long long)json_number_value(json_object_get(o, key));
}

const char *
ctl_span(long long s, char *buf, size_t size)
{
	if (s >= 86400)
		(void)snprintf(
		    buf, size, "%lldd %lldh", s / 86400, s % 86400 / 3600);
	else if (s >= 3600)
		(void)snprintf(
		    buf, size, "%lldh %lldm", s / 3600, s % 3600 / 60);
	else if (s >= 60)
		(void)snprintf(buf, size, "%lldm %llds", s / 60, s % 60);
	else
		(void)snprintf(buf, size, "%llds", s);
	return buf;
}

const char *
ctl_when(long long at, char *buf, size_t size)
{
	time_t t = (time_t)at;
	struct tm tm;

	if (at == 0 || gmtime_r(&t, &tm) == NULL)
		return "never";
	(void)strftime(buf, size, "%Y-%m-%dT%H:%M:%SZ", &tm);
	return buf;
}

void
ctl_join(struct text *out, const json_t *array, const char *between)
{
	size_t i = 0;
	json_t *e;

	json_array_foreach(array, i, e)
	{
		if (i != 0)
			text_add(out, slice_str(between));
		text_add(out, slice_str(json_string_value(e)));
	}
}
