/*
 * top_order.c - who is first among the rows of a view.
 */
#include <stdlib.h>
#include <string.h>

#include "tools/top_view.h"

const char *
top_order_name(enum top_order o)
{
	static const char *const names[TOP_ORDERS] = { [TOP_BY_RATE] = "rate",
		[TOP_BY_TIME] = "p99",
		[TOP_BY_FAILED] = "failed",
		[TOP_BY_NAME] = "name" };

	return names[o];
}

static int
number_order(uint64_t a, uint64_t b)
{
	return a > b ? -1 : a < b;
}

static int
name_order(struct slice a, struct slice b)
{
	size_t n = a.n < b.n ? a.n : b.n;
	int order = n != 0 ? memcmp(a.p, b.p, n) : 0;

	return order != 0 ? order : (a.n > b.n) - (a.n < b.n);
}

/* TOP_NONE comes last. */
static int
flow_order(
    const struct top_flow *a, const struct top_flow *b, enum top_order order)
{
	int by = 0;

	if (order == TOP_BY_TIME)
		by = number_order(a->p99 + 1, b->p99 + 1);
	else if (order == TOP_BY_FAILED)
		by = number_order(a->failed, b->failed);
	if (by == 0 && order != TOP_BY_NAME)
		by = number_order(a->rate, b->rate);
	return by;
}

static int
services_order(const void *pa, const void *pb, void *order)
{
	const struct top_service *a = pa, *b = pb;
	int by = flow_order(&a->flow, &b->flow, *(enum top_order *)order);

	return by != 0 ? by : name_order(a->name, b->name);
}

static int
endpoints_order(const void *pa, const void *pb, void *order)
{
	const struct top_endpoint *a = pa, *b = pb;
	int by = flow_order(&a->flow, &b->flow, *(enum top_order *)order);

	if (by == 0)
		by = name_order(a->service, b->service);
	return by != 0 ? by : name_order(a->name, b->name);
}

static int
reasons_order(const void *pa, const void *pb)
{
	const struct top_reason *a = pa, *b = pb;

	return number_order(a->rate, b->rate);
}

static int
limits_order(const void *pa, const void *pb)
{
	const struct top_limit *a = pa, *b = pb;

	return number_order(a->rate, b->rate);
}

void
top_view_sort(struct top_view *v, enum top_order order)
{
	qsort_r(v->services, v->service_count, sizeof(*v->services),
	    services_order, &order);
	qsort_r(v->endpoints, v->endpoint_count, sizeof(*v->endpoints),
	    endpoints_order, &order);
	qsort(v->reasons, v->reason_count, sizeof(*v->reasons), reasons_order);
	qsort(v->limits, v->limit_count, sizeof(*v->limits), limits_order);
}
