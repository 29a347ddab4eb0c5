/*
 * admin_history.c - see admin_history.h.
 */
#include "master/admin_history.h"

#include <stdlib.h>

#include "common/base/clock.h"
#include "common/base/must.h"
#include "master/admin_find.h"
#include "master/change_text.h"
#include "shm/history.h"
#include "shm/registry.h"

#define HISTORY_SHOWN 100 /* of a service */

static void
history_change(struct json *j, const struct change *c)
{
	char at[WALL_TEXT_BYTES];
	struct text detail = { 0 };

	wall_text((struct wall){ c->wall_us }, at);
	change_detail(&detail, c);
	json_add_string(j, "at", slice_str(at));
	json_add_string(j, "event", slice_str(change_event_name(c->event)));
	json_add_string(j, "cause", slice_str(change_cause_name(c->cause)));
	if (detail.n != 0)
		json_add_string(j, "detail", text_slice(&detail));
	else
		json_add_null(j, "detail");
	text_fini(&detail);
}

void
admin_history_write(struct json *j, const struct region *r, uint32_t index)
{
	struct change c[HISTORY_KEPT];
	uint32_t n = history_read(r, index, 0, c, HISTORY_KEPT);

	json_array_begin(j, "history");
	for (uint32_t i = 0; i < n; i++) {
		json_object_begin(j, NULL);
		history_change(j, &c[i]);
		json_object_end(j);
	}
	json_array_end(j);
}

/* ---- of a service ---- */

struct happened {
	uint32_t index; /* of the endpoint */
	struct change change;
};

static int
happened_order(const void *a, const void *b)
{
	const struct happened *x = a, *y = b;

	if (x->change.wall_us != y->change.wall_us)
		return x->change.wall_us < y->change.wall_us ? -1 : 1;
	if (x->index != y->index)
		return x->index < y->index ? -1 : 1;
	return x->change.number < y->change.number ? -1 : 1;
}

/* All of it, in the order of time; to be freed. */
static struct happened *
happened_collect(
    const struct region *r, const struct eset *set, uint32_t *count)
{
	struct happened *all =
	    calloc((size_t)set->count * HISTORY_KEPT + 1, sizeof(*all));
	struct change c[HISTORY_KEPT];

	MUST(all != NULL);
	*count = 0;
	for (uint32_t i = 0; i < set->count; i++) {
		uint32_t index = set->members[i].handle.index;
		uint32_t n = history_read(r, index, 0, c, HISTORY_KEPT);

		for (uint32_t k = 0; k < n; k++)
			all[(*count)++] = (struct happened){ index, c[k] };
	}
	qsort(all, *count, sizeof(*all), happened_order);
	return all;
}

static void
happened_write(struct json *j, const struct region *r, const struct eset *set)
{
	uint32_t count, from;
	struct happened *all = happened_collect(r, set, &count);

	from = count > HISTORY_SHOWN ? count - HISTORY_SHOWN : 0;
	for (uint32_t i = from; i < count; i++) {
		json_object_begin(j, NULL);
		json_add_string(
		    j, "endpoint", registry_endpoint_text(r, all[i].index));
		history_change(j, &all[i].change);
		json_object_end(j);
	}
	free(all);
}

void
admin_history_answer(
    struct admin *a, const struct admin_request *q, struct admin_reply *r)
{
	const struct region *region = &a->in->region;
	const struct eset *set;
	struct lookup l;
	struct json j;

	if (!admin_find_service(a, q, &l, r))
		return;
	set = registry_set(region, l.service->slot);
	json_init(&j, &r->body);
	json_object_begin(&j, NULL);
	json_add_string(&j, "service", q->arg[0]);
	json_array_begin(&j, "history");
	if (set != NULL)
		happened_write(&j, region, set);
	json_array_end(&j);
	json_object_end(&j);
}
