/*
 * prom_series.c - the counters that have a series for each of their labels.
 */
#include <stdlib.h>

#include "common/http/http.h"
#include "master/prom_gateway.h"
#include "shm/counters.h"
#include "shm/limit_names.h"
#include "shm/registry.h"

static struct slice
name_or_other(const struct region *r, uint32_t index,
    struct slice (*name)(const struct region *r, uint32_t index))
{
	return index == SERIES_OTHER ? SLICE_LIT("__other__") : name(r, index);
}

static void
code_add(struct prom *p, const struct series_sum *s)
{
	char digits[] = { (char)('0' + s->code / 1000 % 10),
		(char)('0' + s->code / 100 % 10),
		(char)('0' + s->code / 10 % 10), (char)('0' + s->code % 10) };
	size_t skip = 0;

	while (skip < 3 && digits[skip] == '0')
		skip++;
	prom_label(p, "code", slice_make(digits + skip, 4 - skip));
	prom_u64(p, s->count);
}

static void
request_write(
    const struct region *r, const struct series_sum *s, struct prom *p)
{
	struct slice method = http_method_name((enum http_method)s->method);

	prom_sample(p);
	prom_label(p, "route", name_or_other(r, s->a, registry_route_name));
	prom_label(
	    p, "service", name_or_other(r, s->service, registry_service_name));
	prom_label(p, "method", method.n != 0 ? method : SLICE_LIT("other"));
	code_add(p, s);
}

static void
upstream_write(
    const struct region *r, const struct series_sum *s, struct prom *p)
{
	prom_sample(p);
	prom_label(
	    p, "service", name_or_other(r, s->service, registry_service_name));
	prom_label(
	    p, "endpoint", name_or_other(r, s->a, registry_endpoint_text));
	code_add(p, s);
}

static void
limited_write(
    const struct region *r, const struct series_sum *s, struct prom *p)
{
	prom_sample(p);
	prom_label(p, "limit", name_or_other(r, s->a, limit_name_of));
	prom_u64(p, s->count);
}

void
prom_series_write(const struct region *r, struct prom *p)
{
	static const struct {
		enum metric metric;
		void (*write)(const struct region *r,
		    const struct series_sum *s, struct prom *p);
	} kinds[] = {
		[SERIES_REQUEST] = { METRIC_REQUESTS, request_write },
		[SERIES_UPSTREAM] = { METRIC_UPSTREAM_REQUESTS,
		    upstream_write },
		[SERIES_LIMITED] = { METRIC_RATE_LIMITED, limited_write },
	};
	struct series_sum *sums = NULL;
	uint64_t folded = 0;
	uint32_t n = series_collect(r, &sums, &folded), i = 0;

	for (unsigned k = SERIES_REQUEST; k <= SERIES_LIMITED; k++) {
		prom_family(p, kinds[k].metric);
		for (; i < n && sums[i].kind == k; i++)
			kinds[k].write(r, &sums[i], p);
	}
	free(sums);
	prom_single(p, METRIC_SERIES_FOLDED, folded);
}
