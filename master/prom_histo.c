/*
 * prom_histo.c - durations: cumulative buckets, with examples in OpenMetrics.
 */
#include <stdio.h>

#include "common/base/hex.h"
#include "master/prom_gateway.h"
#include "shm/exemplar.h"
#include "shm/histo_own.h"
#include "shm/registry.h"

#define LE_MAX 16

/* What is the same in all rows. */
struct histos {
	const struct region *r;
	struct prom *p;
	enum histo_kind kind;
	char le[HISTO_BUCKETS][LE_MAX];
	struct text labels, bucket; /* of the row at hand; up to le=" */
};

/* One row: its labels are in h->labels. row: its own, or HISTO_NONE. */
struct histo_row {
	struct histo_sum sum;
	uint32_t row;
};

/* As OpenMetrics wants it of both formats: "1.0", not "1". */
static void
bounds_write(struct histos *h)
{
	for (unsigned b = 0; b < HISTO_BUCKETS - 1; b++) {
		char *le = h->le[b];
		int n = snprintf(
		    le, LE_MAX, "%g", (double)histo_bounds_us[b] / 1e6);

		if (strpbrk(le, ".e") == NULL)
			(void)snprintf(le + n, LE_MAX - (size_t)n, ".0");
	}
	(void)snprintf(h->le[HISTO_BUCKETS - 1], LE_MAX, "+Inf");
}

static void
exemplar_write(struct histos *h, uint32_t row, unsigned bucket)
{
	char hex[2 * EXEMPLAR_TRACE_BYTES];
	struct text *out = h->p->out;
	struct exemplar e;

	if (!exemplar_get(h->r, row, bucket, &e))
		return;
	hex_write(e.trace_id, sizeof(e.trace_id), hex);
	text_add(out, SLICE_LIT(" # {"));
	prom_add_label(out, "trace_id", slice_make(hex, sizeof(hex)));
	text_add(out, SLICE_LIT("} "));
	prom_add_fixed(out, (int64_t)e.us, 6);
	text_add_char(out, ' ');
	prom_add_fixed(out, e.wall_us / 1000, 3);
}

/* All that comes before le; the same for each bucket. */
static void
bucket_begin(struct histos *h)
{
	text_clear(&h->bucket);
	text_add(&h->bucket, SLICE_LIT(PROM_PREFIX));
	text_add(&h->bucket, h->p->name);
	text_add(&h->bucket, SLICE_LIT("_bucket{"));
	text_add(&h->bucket, text_slice(&h->labels));
	text_add(&h->bucket, SLICE_LIT(",le=\""));
}

static void
buckets_write(struct histos *h, const struct histo_row *row)
{
	bool examples =
	    h->p->open && row->row != HISTO_NONE && h->kind == HISTO_REQUEST;
	struct text *out = h->p->out;
	uint64_t below = 0;

	bucket_begin(h);
	for (unsigned b = 0; b < HISTO_BUCKETS; b++) {
		below += row->sum.buckets[b];
		text_add(out, text_slice(&h->bucket));
		text_add(out, slice_str(h->le[b]));
		text_add(out, SLICE_LIT("\"} "));
		text_add_u64(out, below);
		if (examples && row->sum.buckets[b] != 0)
			exemplar_write(h, row->row, b);
		text_add_char(out, '\n');
	}
}

static void
whole_begin(struct histos *h, struct slice end)
{
	struct text *out = h->p->out;

	text_add(out, SLICE_LIT(PROM_PREFIX));
	text_add(out, h->p->name);
	text_add(out, end);
	text_add_char(out, '{');
	text_add(out, text_slice(&h->labels));
	text_add(out, SLICE_LIT("} "));
}

static void
row_write(struct histos *h, const struct histo_row *row)
{
	struct text *out = h->p->out;

	if (row->sum.count == 0)
		return;
	buckets_write(h, row);
	whole_begin(h, SLICE_LIT("_sum"));
	prom_add_fixed(out, (int64_t)row->sum.sum_us, 6);
	text_add_char(out, '\n');
	whole_begin(h, SLICE_LIT("_count"));
	text_add_u64(out, row->sum.count);
	text_add_char(out, '\n');
}

/* ---- labels ---- */

/* a: the route or the endpoint; of the kind's other label, if it has one. */
static void
labels_write(struct histos *h, uint32_t service, struct slice a)
{
	struct slice name = service != REGISTRY_NONE
	    ? registry_service_name(h->r, service)
	    : SLICE_NONE;

	text_clear(&h->labels);
	if (h->kind == HISTO_REQUEST) {
		prom_add_label(&h->labels, "route", a);
		text_add_char(&h->labels, ',');
	}
	prom_add_label(&h->labels, "service", name);
	if (h->kind == HISTO_UPSTREAM) {
		text_add_char(&h->labels, ',');
		prom_add_label(&h->labels, "endpoint", a);
	}
}

static void
own_write(struct histos *h)
{
	uint32_t n = histo_own_count(h->r, h->kind), a, service;
	struct histo_row row;

	for (row.row = 0; row.row < n; row.row++) {
		histo_own_of(h->r, h->kind, row.row, &a, &service);
		labels_write(h, service,
		    h->kind == HISTO_REQUEST ? registry_route_name(h->r, a)
					     : registry_endpoint_text(h->r, a));
		histo_collect_own(h->r, h->kind, row.row, &row.sum);
		row_write(h, &row);
	}
}

/* Of all that have no row of their own. */
static void
service_write(struct histos *h, uint32_t service)
{
	struct histo_row row = { .row = HISTO_NONE };

	histo_collect(h->r, h->kind, service, &row.sum);
	labels_write(h, service, SLICE_LIT("__other__"));
	row_write(h, &row);
}

static void
kind_write(struct histos *h, enum metric m)
{
	uint32_t services = atomic_load(&h->r->state->control.services);

	prom_family(h->p, m);
	if (h->kind < HISTO_OWNERS)
		own_write(h);
	service_write(h, REGISTRY_NONE);
	for (uint32_t s = 0; s < services; s++)
		service_write(h, s);
}

void
prom_histos_write(const struct region *r, struct prom *p)
{
	static const enum metric kinds[HISTO_KINDS] = {
		[HISTO_REQUEST] = METRIC_REQUEST_DURATION,
		[HISTO_UPSTREAM] = METRIC_UPSTREAM_DURATION,
		[HISTO_OVERHEAD] = METRIC_GATEWAY_OVERHEAD,
	};
	struct histos h = { .r = r, .p = p };

	text_init(&h.labels);
	text_init(&h.bucket);
	bounds_write(&h);
	for (unsigned k = 0; k < HISTO_KINDS; k++) {
		h.kind = (enum histo_kind)k;
		kind_write(&h, kinds[k]);
	}
	text_fini(&h.labels);
	text_fini(&h.bucket);
}
