/*
 * top_numbers.c - see top_numbers.h.
 */
#include "tools/top_numbers.h"

#include <inttypes.h>
#include <stdio.h>

#define SECOND_US UINT64_C(1000000)

uint64_t
top_grown(uint64_t before, uint64_t now)
{
	return now > before ? now - before : 0;
}

uint64_t
top_rate(uint64_t grown, uint64_t us)
{
	return (uint64_t)((double)grown * 1000 * SECOND_US / (double)us + 0.5);
}

uint64_t
top_share(uint64_t a, uint64_t b)
{
	if (b == 0)
		return 0;
	return (uint64_t)((double)a * 100000 / (double)b + 0.5);
}

void
top_histo_grown(const struct histo_sum *before, const struct histo_sum *now,
    struct histo_sum *out)
{
	*out = (struct histo_sum){ 0 };
	for (unsigned b = 0; b < HISTO_BUCKETS; b++) {
		out->buckets[b] =
		    top_grown(before->buckets[b], now->buckets[b]);
		out->count += out->buckets[b];
	}
	out->sum_us = top_grown(before->sum_us, now->sum_us);
}

void
top_histo_add(struct histo_sum *to, const struct histo_sum *h)
{
	for (unsigned b = 0; b < HISTO_BUCKETS; b++)
		to->buckets[b] += h->buckets[b];
	to->sum_us += h->sum_us;
	to->count += h->count;
}

uint64_t
top_quantile(const struct histo_sum *h, unsigned thousandths)
{
	double rank = (double)h->count * thousandths / 1000;
	uint64_t below = 0;
	unsigned b = 0;

	if (h->count == 0)
		return TOP_NONE;
	while (b < HISTO_BUCKETS - 1 && (double)(below + h->buckets[b]) < rank)
		below += h->buckets[b++];
	if (b == HISTO_BUCKETS - 1)
		return TOP_BEYOND;

	double from = b == 0 ? 0 : (double)histo_bounds_us[b - 1];
	double part = h->buckets[b] == 0
	    ? 0
	    : (rank - (double)below) / (double)h->buckets[b];

	return (
	    uint64_t)(from + part * ((double)histo_bounds_us[b] - from) + 0.5);
}

/* "1.2", "12.3", "123" of a unit. */
static void
short_print(char buf[TOP_TEXT], uint64_t thousandths, const char *unit)
{
	uint64_t tenths = (thousandths + 50) / 100;

	if (tenths < 1000)
		(void)snprintf(buf, TOP_TEXT, "%u.%u%s",
		    (unsigned)(tenths / 10), (unsigned)(tenths % 10), unit);
	else
		(void)snprintf(buf, TOP_TEXT, "%u%s",
		    (unsigned)((thousandths + 500) / 1000), unit);
}

char *
top_time_text(uint64_t us, char buf[TOP_TEXT])
{
	uint64_t last = histo_bounds_us[HISTO_BUCKETS - 2] / SECOND_US;

	if (us == TOP_NONE)
		(void)snprintf(buf, TOP_TEXT, "-");
	else if (us == TOP_BEYOND)
		(void)snprintf(buf, TOP_TEXT, ">%us", (unsigned)last);
	else if (us < 1000)
		(void)snprintf(buf, TOP_TEXT, "%uus", (unsigned)us);
	else if (us < SECOND_US)
		short_print(buf, us, "ms");
	else
		short_print(buf, us / 1000, "s");
	return buf;
}

char *
top_rate_text(uint64_t rate, char buf[TOP_TEXT])
{
	static const char *const units[] = { "k", "M", "G", "T" };
	uint64_t v = rate / 1000;
	unsigned unit = 0;

	if (rate == 0 || (rate >= 9950 && rate < 9999500)) {
		(void)snprintf(
		    buf, TOP_TEXT, "%u", (unsigned)((rate + 500) / 1000));
	} else if (rate < 9950) {
		short_print(buf, rate, "");
	} else {
		for (; v >= 999500 && unit < 3; unit++)
			v /= 1000;
		short_print(buf, v, units[unit]);
	}
	return buf;
}

char *
top_share_text(uint64_t share, char buf[TOP_TEXT])
{
	if (share == 0)
		(void)snprintf(buf, TOP_TEXT, "0%%");
	else if (share < 1000)
		(void)snprintf(buf, TOP_TEXT, "%s0.%02u%%",
		    share < 10 ? "<" : "",
		    share < 10 ? 1 : (unsigned)(share / 10));
	else
		short_print(buf, share, "%");
	return buf;
}

char *
top_age_text(uint64_t seconds, char buf[TOP_TEXT])
{
	unsigned days = (unsigned)(seconds / 86400 % 100000);
	unsigned hours = (unsigned)(seconds / 3600 % 24);
	unsigned minutes = (unsigned)(seconds / 60 % 60);

	if (seconds < 60)
		(void)snprintf(buf, TOP_TEXT, "%us", (unsigned)seconds);
	else if (seconds < 3600)
		(void)snprintf(buf, TOP_TEXT, "%um", minutes);
	else if (seconds < 86400)
		(void)snprintf(buf, TOP_TEXT, "%uh %um", hours, minutes);
	else
		(void)snprintf(buf, TOP_TEXT, "%ud %uh", days, hours);
	return buf;
}
