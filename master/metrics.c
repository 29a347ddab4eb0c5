/*
 * metrics.c - see metrics.h.
 */
#include "master/metrics.h"

#include <string.h>

#include "common/base/must.h"

static const struct {
	const char *name;
	enum metric_type type;
	const char *labels, *help;
} metric_rows[METRIC_COUNT] = {
#define METRIC(id, name, type, labels, help) \
	{ name, METRIC_TYPE_##type, labels, help },
#include "master/metrics.def"
};

static const struct {
	const char *name, *type, *help;
} counter_rows[COUNTER_COUNT] = {
#define COUNTER(id, name, type, help) { name, type, help },
#include "shm/counters.def"
};

const char *
metric_type_word(enum metric_type t)
{
	static const char *const words[] = {
		[METRIC_TYPE_COUNTER] = "counter",
		[METRIC_TYPE_GAUGE] = "gauge",
		[METRIC_TYPE_HISTOGRAM] = "histogram",
		[METRIC_TYPE_INFO] = "info",
	};

	return words[t];
}

static bool
ends_in(struct slice s, struct slice end)
{
	return s.n >= end.n && memcmp(s.p + s.n - end.n, end.p, end.n) == 0;
}

static struct slice
unit_of(struct slice name)
{
	if (ends_in(name, SLICE_LIT("_total")))
		name.n -= SLICE_LIT("_total").n;
	if (ends_in(name, SLICE_LIT("_seconds")))
		return SLICE_LIT("seconds");
	if (ends_in(name, SLICE_LIT("_bytes")))
		return SLICE_LIT("bytes");
	return SLICE_NONE;
}

void
metric_info(enum metric m, struct metric_info *i)
{
	MUST(m < METRIC_COUNT);
	*i = (struct metric_info){
		.name = slice_str(metric_rows[m].name),
		.type = metric_rows[m].type,
		.labels = slice_str(metric_rows[m].labels),
		.unit = unit_of(slice_str(metric_rows[m].name)),
		.help = metric_rows[m].help,
	};
}

/* Its name may have a label, as in name{label="value"}. */
void
metric_counter_info(enum counter c, struct metric_info *i)
{
	struct slice all;
	size_t n;

	MUST(c < COUNTER_COUNT);
	all = slice_str(counter_rows[c].name);
	n = strcspn(all.p, "{");
	*i = (struct metric_info){
		.name = slice_make(all.p, n),
		.type = strcmp(counter_rows[c].type, "gauge") == 0
		    ? METRIC_TYPE_GAUGE
		    : METRIC_TYPE_COUNTER,
		.unit = unit_of(slice_make(all.p, n)),
		.help = counter_rows[c].help,
	};
	if (n < all.n)
		i->labels =
		    slice_make(all.p + n + 1, strcspn(all.p, "=") - n - 1);
}

static void
counters_each(void (*fn)(void *ctx, const struct metric_info *i), void *ctx)
{
	struct metric_info i;

	for (unsigned c = 0; c < COUNTER_COUNT; c++) {
		metric_counter_info((enum counter)c, &i);
		if (i.help[0] != '\0')
			fn(ctx, &i);
	}
}

void
metrics_each(void (*fn)(void *ctx, const struct metric_info *i), void *ctx)
{
	struct metric_info i;

	for (unsigned m = 0; m < METRIC_COUNT; m++) {
		metric_info((enum metric)m, &i);
		fn(ctx, &i);
		if (m == METRIC_REPLIES)
			counters_each(fn, ctx);
	}
}
