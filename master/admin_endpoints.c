/*
 * admin_endpoints.c - see admin_endpoints.h. All of it is read from the region
 * and the current image; what they say of one endpoint is a row.
 */
#include "master/admin_endpoints.h"

#include "common/base/clock.h"
#include "common/base/json.h"
#include "common/base/map.h"
#include "master/admin_find.h"
#include "master/admin_history.h"
#include "master/reload.h"
#include "shm/override.h"
#include "shm/permit.h"
#include "shm/registry.h"
#include "shm/tally.h"
#include "shm/vital.h"

struct row {
	const struct region *r;
	const struct img_head *img;
	const struct img_service *service;
	const struct img_endpoint *configured; /* NULL: not any more */
	const struct eset *set;
	uint32_t place; /* in the set */
	struct vital_info vital;
};

static uint32_t
row_index(const struct row *w)
{
	return w->set->members[w->place].handle.index;
}

/* ---- one endpoint ---- */

static struct slice
row_state(const struct row *w)
{
	uint32_t flags = w->vital.flags;

	if ((flags & VITAL_MAINT) != 0)
		return SLICE_LIT("maint");
	if ((flags & VITAL_DRAIN) != 0)
		return SLICE_LIT("drain");
	if ((flags & VITAL_DOWN) != 0)
		return SLICE_LIT("down");
	if (w->vital.passive == PASSIVE_OUT)
		return SLICE_LIT("ejected");
	if (w->vital.passive == PASSIVE_TRIAL)
		return SLICE_LIT("trial");
	if ((flags & VITAL_POOR) != 0)
		return SLICE_LIT("poor");
	return w->vital.ramp_us != 0 ? SLICE_LIT("starting") : SLICE_LIT("up");
}

static bool
row_overridden(const struct row *w)
{
	uint32_t slot = w->service->slot, index = row_index(w);
	struct override o;

	return override_find(
		   w->r, slot, registry_endpoint_text(w->r, index), &o) ||
	    (w->configured != NULL &&
		override_find(
		    w->r, slot, img_slice(w->img, w->configured->label), &o));
}

static void
row_configured(struct json *j, const struct row *w)
{
	const struct img_endpoint *e = w->configured;

	if (e == NULL) {
		json_add_null(j, "configured");
		return;
	}
	json_object_begin(j, "configured");
	json_add_string(j, "state", slice_str(endpoint_admin_name(e->admin)));
	json_add_uint(j, "weight", e->weight);
	json_object_end(j);
}

static void
row_place(struct json *j, const struct row *w)
{
	const struct img_endpoint *e = w->configured;

	json_add_bool(j, "backup", w->place >= w->set->primaries);
	json_add_bool(j, "near", w->place < w->set->near);
	if (e != NULL && e->zone.len != 0)
		json_add_string(j, "zone", img_slice(w->img, e->zone));
	else
		json_add_null(j, "zone");
}

static void
row_score(struct json *j, const struct row *w)
{
	if (w->vital.score < 0)
		json_add_null(j, "score");
	else
		json_add_thousandths(j, "score", (uint64_t)w->vital.score);
	if (w->vital.latency_us == 0)
		json_add_null(j, "latency_ms");
	else
		json_add_thousandths(j, "latency_ms", w->vital.latency_us);
}

static void
row_load(struct json *j, const struct row *w)
{
	uint32_t index = row_index(w);
	struct tally t;

	tally_sum(w->r, index, &t);
	json_add_uint(j, "active", registry_active(w->r, index));
	json_add_uint(j, "pooled", registry_pooled(w->r, index));
	json_add_uint(j, "connections", permit_count(w->r, index));
	json_object_begin(j, "calls");
	json_add_uint(j, "answered", t.answered);
	json_add_uint(j, "failed", t.failed);
	json_object_end(j);
}

static void
row_health(struct json *j, const struct row *w)
{
	const struct vital_info *v = &w->vital;
	struct mono now = clock_now();

	json_add_uint(j, "fails", v->fails);
	json_add_int(j, "streak", v->streak);
	if (v->checked_us == 0)
		json_add_null(j, "last_check");
	else
		json_add_seconds(j, "last_check",
		    mono_diff_us(now, (struct mono){ v->checked_us }));
	if (v->passive == PASSIVE_OK)
		json_add_null(j, "out_for");
	else
		json_add_seconds(j, "out_for",
		    mono_diff_us((struct mono){ v->passive_us }, now));
}

static void
row_write(struct json *j, struct row *w, bool history)
{
	uint32_t index = row_index(w);

	vital_info(w->r, index, &w->vital);
	json_object_begin(j, NULL);
	json_add_string(j, "service", img_slice(w->img, w->service->name));
	json_add_string(j, "address", registry_endpoint_text(w->r, index));
	json_add_string(j, "label", registry_endpoint_label(w->r, index));
	json_add_string(j, "state", row_state(w));
	row_configured(j, w);
	json_add_bool(j, "overridden", row_overridden(w));
	json_add_uint(j, "weight", w->set->members[w->place].weight);
	json_add_thousandths(j, "share", w->vital.share);
	row_score(j, w);
	row_load(j, w);
	row_place(j, w);
	row_health(j, w);
	if (history)
		admin_history_write(j, w->r, index);
	json_object_end(j);
}

/* ---- many ---- */

/* The configured endpoints of a service by their labels. */
static void
labels_init(
    struct map *m, const struct img_head *img, const struct img_service *s)
{
	const struct img_endpoint *e = img_at(img, s->endpoints.off);
	bool added;

	map_init(m);
	for (uint32_t i = 0; i < s->endpoints.count; i++)
		map_put(m, img_slice(img, e[i].label), &added)->value.num = i;
}

static void
rows_write(struct json *j, const struct region *r, const struct img_head *img,
    const struct img_service *s)
{
	const struct img_endpoint *e = img_at(img, s->endpoints.off);
	struct row w = { .r = r, .img = img, .service = s };
	const struct map_entry *entry;
	struct map labels;

	w.set = registry_set(r, s->slot);
	if (w.set == NULL)
		return;
	labels_init(&labels, img, s);
	for (w.place = 0; w.place < w.set->count; w.place++) {
		entry =
		    map_get(&labels, registry_endpoint_label(r, row_index(&w)));
		w.configured = entry != NULL ? &e[entry->value.num] : NULL;
		row_write(j, &w, false);
	}
	map_fini(&labels);
}

void
admin_endpoints_answer(
    struct admin *a, const struct admin_request *q, struct admin_reply *r)
{
	const struct img_head *img = reload_current(&a->in->region);
	const struct img_service *s;
	struct json j;

	(void)q;
	s = img != NULL ? img_at(img, img->services.off) : NULL;
	json_init(&j, &r->body);
	json_object_begin(&j, NULL);
	json_array_begin(&j, "endpoints");
	for (uint32_t i = 0; s != NULL && i < img->services.count; i++)
		rows_write(&j, &a->in->region, img, &s[i]);
	json_array_end(&j);
	json_object_end(&j);
}

void
admin_members_answer(
    struct admin *a, const struct admin_request *q, struct admin_reply *r)
{
	struct lookup l;
	struct json j;

	if (!admin_find_service(a, q, &l, r))
		return;
	json_init(&j, &r->body);
	json_object_begin(&j, NULL);
	json_array_begin(&j, "endpoints");
	rows_write(&j, &a->in->region, l.img, l.service);
	json_array_end(&j);
	json_object_end(&j);
}

void
admin_endpoints_found(struct admin *a, const struct lookup *l, bool history,
    struct admin_reply *r)
{
	struct row w = { .r = &a->in->region,
		.img = l->img,
		.service = l->service,
		.configured = l->endpoint,
		.set = registry_set(&a->in->region, l->service->slot) };
	struct json j;

	json_init(&j, &r->body);
	json_object_begin(&j, NULL);
	json_array_begin(&j, "endpoints");
	for (; w.set != NULL && w.place < w.set->count; w.place++)
		if (lookup_has(w.r, l, row_index(&w)))
			row_write(&j, &w, history);
	json_array_end(&j);
	json_object_end(&j);
}

void
admin_endpoint_answer(
    struct admin *a, const struct admin_request *q, struct admin_reply *r)
{
	struct lookup l;

	if (admin_find_endpoint(a, q, &l, r))
		admin_endpoints_found(a, &l, true, r);
}
