/*
 * admin_services.c - see admin_services.h. How services are graded is in
 * grade.c.
 */
#include "master/admin_services.h"

#include <stdlib.h>

#include "common/base/json.h"
#include "master/admin_find.h"
#include "master/grade.h"
#include "master/reload.h"
#include "shm/control.h"
#include "shm/permit.h"
#include "shm/registry.h"

static const char *const balance_words[] = {
	[IMG_BALANCE_ROUND_ROBIN] = "round_robin",
	[IMG_BALANCE_LEAST_CONNECTIONS] = "least_connections",
	[IMG_BALANCE_RANDOM] = "random",
	[IMG_BALANCE_HASH] = "hash",
	[IMG_BALANCE_P2C] = "p2c",
};

static const char *const class_words[] = {
	[IMG_CLASS_NORMAL] = "normal",
	[IMG_CLASS_PRIORITY] = "priority",
	[IMG_CLASS_EMERGENCY] = "emergency",
};

_Static_assert(sizeof(balance_words) / sizeof(char *) == IMG_BALANCE_COUNT,
    "a word for each");
_Static_assert(
    sizeof(class_words) / sizeof(char *) == IMG_CLASS_COUNT, "a word for each");

static struct slice
service_name(const struct img_head *img, uint32_t index)
{
	const struct img_service *s = img_at(img, img->services.off);

	return index < img->services.count ? img_slice(img, s[index].name)
					   : SLICE_NONE;
}

static uint64_t
service_active(const struct region *r, const struct img_service *s)
{
	const struct eset *set = registry_set(r, s->slot);
	uint64_t active = 0;

	for (uint32_t i = 0; set != NULL && i < set->count; i++)
		active += registry_active(r, set->members[i].handle.index);
	return active;
}

static void
service_because(
    struct json *j, const struct img_head *img, const struct service_grade *g)
{
	if (g->because == IMG_NONE)
		json_add_null(j, "because");
	else
		json_add_string(j, "because", service_name(img, g->because));
}

static void
service_counts(struct json *j, const struct service_grade *g)
{
	json_object_begin(j, "endpoints");
	json_add_uint(j, "total", g->total);
	json_add_uint(j, "usable", g->usable);
	json_add_uint(j, "sick", g->sick);
	json_add_uint(j, "drained", g->drained);
	json_add_uint(j, "maint", g->maint);
	json_object_end(j);
}

static void
service_write(struct json *j, const struct region *r,
    const struct img_head *img, const struct img_service *s,
    const struct service_grade *g)
{
	const uint32_t *depends = img_at(img, s->depends.off);

	json_object_begin(j, NULL);
	json_add_string(j, "name", img_slice(img, s->name));
	json_add_string(j, "balance", slice_str(balance_words[s->balance]));
	json_add_string(j, "health", slice_str(grade_name(g->grade)));
	service_because(j, img, g);
	service_counts(j, g);
	json_add_uint(j, "active", service_active(r, s));
	json_add_uint(j, "max_connections", s->max_connections);
	json_add_uint(j, "waiting", permit_count(r, PERMIT_QUEUE + s->slot));
	json_add_uint(j, "queue", s->queue.length);
	json_array_begin(j, "depends");
	for (uint32_t i = 0; i < s->depends.count; i++)
		json_add_string(j, NULL, service_name(img, depends[i]));
	json_array_end(j);
	json_add_string(j, "priority", slice_str(class_words[s->class]));
	json_object_end(j);
}

void
admin_services_answer(
    struct admin *a, const struct admin_request *q, struct admin_reply *r)
{
	const struct region *region = &a->in->region;
	const struct img_head *img = reload_current(region);
	struct service_grade *grades = NULL;
	const struct img_service *s = NULL;
	enum grade whole;
	struct json j;

	(void)q;
	if (img != NULL) {
		grades = grade_services(region, img, &whole);
		s = img_at(img, img->services.off);
	}
	json_init(&j, &r->body);
	json_object_begin(&j, NULL);
	json_array_begin(&j, "services");
	for (uint32_t i = 0; s != NULL && i < img->services.count; i++)
		service_write(&j, region, img, &s[i], &grades[i]);
	json_array_end(&j);
	json_object_end(&j);
	free(grades);
}

void
admin_service_answer(
    struct admin *a, const struct admin_request *q, struct admin_reply *r)
{
	struct service_grade *grades;
	enum grade whole;
	struct lookup l;
	struct json j;

	if (!admin_find_service(a, q, &l, r))
		return;
	grades = grade_services(&a->in->region, l.img, &whole);
	json_init(&j, &r->body);
	service_write(&j, &a->in->region, l.img, l.service, &grades[l.index]);
	free(grades);
}

/* ---- /health ---- */

static void
health_services(struct json *j, const struct img_head *img,
    const struct service_grade *grades)
{
	json_object_begin(j, "services");
	for (uint32_t i = 0; i < img->services.count; i++) {
		const struct service_grade *g = &grades[i];

		json_object_begin_named(j, service_name(img, i));
		json_add_string(j, "status", slice_str(grade_name(g->grade)));
		service_because(j, img, g);
		json_add_uint(j, "usable", g->usable);
		json_add_uint(j, "total", g->total);
		json_object_end(j);
	}
	json_object_end(j);
}

void
admin_health_answer(
    struct admin *a, const struct admin_request *q, struct admin_reply *r)
{
	const struct region *region = &a->in->region;
	const struct img_head *img = reload_current(region);
	enum grade whole = GRADE_UNHEALTHY;
	struct service_grade *grades = NULL;
	const char *status;
	struct json j;

	(void)q;
	if (img != NULL)
		grades = grade_services(region, img, &whole);
	status = grade_name(whole);
	if (control_draining(region) != 0)
		status = "stopping";
	if (control_draining(region) != 0 || whole == GRADE_UNHEALTHY)
		r->status = 503;
	json_init(&j, &r->body);
	json_object_begin(&j, NULL);
	json_add_string(&j, "status", slice_str(status));
	if (img != NULL)
		health_services(&j, img, grades);
	json_object_end(&j);
	free(grades);
}
