/*
 * admin_status.c - see admin_status.h. All of it is read from the region, so
 * it is as true after the death of a master as before.
 */
#include "master/admin_status.h"

#include "common/base/clock.h"
#include "shm/counters.h"
#include "shm/epoch.h"
#include "shm/histo.h"
#include "shm/registry.h"
#include "shm/slots.h"

struct slice
admin_outcome_word(enum reload_outcome how)
{
	switch (how) {
	case RELOAD_NONE:
		break;
	case RELOAD_OK:
		return SLICE_LIT("ok");
	case RELOAD_FAILED:
		return SLICE_LIT("failed");
	case RELOAD_UNCHANGED:
		return SLICE_LIT("unchanged");
	}
	return SLICE_LIT("none");
}

void
admin_lines_write(struct json *j, const char *key, struct slice said)
{
	json_array_begin(j, key);
	while (said.n != 0) {
		const char *end = memchr(said.p, '\n', said.n);
		size_t n = end != NULL ? (size_t)(end - said.p) : said.n;

		json_add_string(j, NULL, slice_make(said.p, n));
		said = slice_skip(said, n < said.n ? n + 1 : n);
	}
	json_array_end(j);
}

/* ---- status ---- */

static uint64_t
admin_age_us(uint64_t then_us)
{
	return mono_diff_us(clock_now(), (struct mono){ then_us });
}

static void
admin_reload_write(struct json *j, struct admin *a)
{
	struct reload_info info;

	control_reload_info(&a->in->region, &info);
	json_add_uint(j, "generation", info.generation);
	json_object_begin(j, "reload");
	json_add_string(j, "last", admin_outcome_word(info.last));
	json_add_seconds(j, "last_at", (uint64_t)info.wall_us);
	json_add_seconds(j, "last_ok_at", (uint64_t)info.ok_wall_us);
	json_add_uint(j, "ok", info.ok);
	json_add_uint(j, "failed", info.failed);
	json_add_uint(j, "unchanged", info.unchanged);
	json_add_bool(j, "running", a->reload->state != RELOAD_IDLE);
	admin_lines_write(j, "complaints", text_slice(&a->reload->said));
	json_object_end(j);
}

static void
admin_counts_write(struct json *j, const struct region *r)
{
	uint32_t services = atomic_load(&r->state->control.services);
	struct histo_sum sum;
	uint64_t requests;

	histo_collect(r, HISTO_REQUEST, REGISTRY_NONE, &sum);
	requests = sum.count;
	for (uint32_t i = 0; i < services; i++) {
		histo_collect(r, HISTO_REQUEST, i, &sum);
		requests += sum.count;
	}
	json_add_uint(j, "connections", counters_sum(r, COUNTER_CONNECTIONS));
	json_add_uint(j, "connections_accepted",
	    counters_sum(r, COUNTER_CONNECTIONS_ACCEPTED));
	json_add_uint(j, "requests", requests);
	json_add_uint(
	    j, "requests_active", counters_sum(r, COUNTER_REQUESTS_ACTIVE));
}

static void
admin_image_write(struct json *j, const struct img_head *img)
{
	const struct img_listener *l;
	char addr[ADDR_TEXT_MAX];

	json_add_string(j, "environment",
	    img != NULL ? img_slice(img, img->environment) : SLICE_NONE);
	json_add_uint(j, "routes", img != NULL ? img->routes.count : 0);
	json_add_uint(j, "services", img != NULL ? img->services.count : 0);
	json_array_begin(j, "listeners");
	l = img != NULL ? img_at(img, img->listeners.off) : NULL;
	for (uint32_t i = 0; l != NULL && i < img->listeners.count; i++)
		json_add_string(
		    j, NULL, slice_make(addr, addr_text(&l[i].addr, addr)));
	json_array_end(j);
}

void
admin_status_write(struct admin *a, struct text *out)
{
	const struct region *r = &a->in->region;
	uint32_t ready = 0;
	struct json j;

	for (uint32_t w = 0; w < a->in->workers; w++)
		ready += slot_state(r, w) == SLOT_READY;
	json_init(&j, out);
	json_object_begin(&j, NULL);
	json_add_string(&j, "version", SLICE_LIT(PENSTOCK_VERSION));
	json_add_seconds(&j, "uptime", clock_now().us);
	json_add_bool(&j, "draining", control_draining(r) != 0);
	admin_reload_write(&j, a);
	json_add_uint(&j, "workers", a->in->workers);
	json_add_uint(&j, "workers_ready", ready);
	admin_image_write(&j, reload_current(r));
	admin_counts_write(&j, r);
	json_object_end(&j);
}

/* ---- workers ---- */

static void
admin_slot_write(struct json *j, const struct region *r, uint32_t w)
{
	struct slot_info i;

	slot_info(r, w, &i);
	json_object_begin(j, NULL);
	json_add_string(j, "role", slice_str(slot_role(w)));
	if (w != SLOT_MASTER && w != SLOT_LOG)
		json_add_uint(j, "slot", w < SLOT_MASTER ? w : w - SLOT_HELPER);
	json_add_int(j, "pid", i.pid);
	json_add_string(
	    j, "state", slice_str(slot_state_name((enum slot_state)i.state)));
	json_add_uint(j, "incarnation", i.incarnation);
	json_add_uint(j, "restarts", i.restarts);
	json_add_seconds(j, "uptime", admin_age_us(i.started_us));
	json_add_seconds(j, "last_beat", admin_age_us(i.beat_us));
	json_add_int(j, "last_status", i.last_status);
	json_add_string(j, "last_words", slice_str(i.last_words));
	if (w < WORKERS_MAX) {
		json_add_uint(j, "connections",
		    atomic_load(&counters_block(r, w)[COUNTER_CONNECTIONS]));
		json_add_seconds(j, "lag", i.lag_us);
		json_add_uint(j, "pressure", i.pressure);
		if (i.memory_bytes != 0)
			json_add_uint(j, "memory", i.memory_bytes);
	}
	json_object_end(j);
}

void
admin_workers_write(struct admin *a, struct text *out)
{
	const struct region *r = &a->in->region;
	struct slot_info log;
	struct json j;

	json_init(&j, out);
	json_object_begin(&j, NULL);
	json_array_begin(&j, "workers");
	for (uint32_t w = 0; w < a->in->workers; w++)
		admin_slot_write(&j, r, w);
	for (uint32_t h = 0; h < a->in->helpers; h++)
		admin_slot_write(&j, r, SLOT_HELPER + h);
	admin_slot_write(&j, r, SLOT_MASTER);
	slot_info(r, SLOT_LOG, &log);
	if (log.incarnation != 0)
		admin_slot_write(&j, r, SLOT_LOG);
	json_array_end(&j);
	json_object_end(&j);
}

/* ---- generations ---- */

static struct slice
admin_image_state_word(uint32_t state)
{
	switch ((enum image_state)state) {
	case IMAGE_FREE:
		break;
	case IMAGE_BUILDING:
		return SLICE_LIT("building");
	case IMAGE_READY:
		return SLICE_LIT("current");
	case IMAGE_RETIRED:
		return SLICE_LIT("retired");
	}
	return SLICE_LIT("free");
}

void
admin_generations_write(struct admin *a, struct text *out)
{
	const struct region *r = &a->in->region;
	struct epoch_info i;
	struct json j;

	json_init(&j, out);
	json_object_begin(&j, NULL);
	json_add_uint(&j, "expired_below", epoch_expire_below(r));
	json_array_begin(&j, "generations");
	for (uint32_t slot = 0; slot < IMAGES_MAX; slot++) {
		if (!epoch_info(r, slot, &i))
			continue;
		json_object_begin(&j, NULL);
		json_add_uint(&j, "generation", i.generation);
		json_add_string(&j, "state", admin_image_state_word(i.state));
		json_add_uint(&j, "pins", i.pins);
		json_add_uint(&j, "bytes", i.bytes);
		json_add_seconds(&j, "age", admin_age_us(i.published_us));
		json_object_end(&j);
	}
	json_array_end(&j);
	json_object_end(&j);
}

/* ---- routes ---- */

static void
admin_hosts_write(
    struct json *j, const struct img_head *img, const struct img_route *route)
{
	const struct img_span span = img_route_more(img, route)->hosts;
	const struct img_str *hosts = img_at(img, span.off);

	json_array_begin(j, "hosts");
	for (uint32_t i = 0; i < span.count; i++)
		json_add_string(j, NULL, img_slice(img, hosts[i]));
	json_array_end(j);
}

static void
admin_methods_write(
    struct json *j, const struct img_head *img, const struct img_route *route)
{
	const struct img_span span = img_route_more(img, route)->other_methods;
	const struct img_str *other = img_at(img, span.off);

	json_array_begin(j, "methods");
	for (unsigned m = 1; m < METHOD_COUNT; m++)
		if ((route->methods >> m & 1) != 0)
			json_add_string(
			    j, NULL, http_method_name((enum http_method)m));
	for (uint32_t i = 0; i < span.count; i++)
		json_add_string(j, NULL, img_slice(img, other[i]));
	json_array_end(j);
}

static void
admin_split_write(
    struct json *j, const struct img_head *img, const struct img_route *route)
{
	const struct img_service *services = img_at(img, img->services.off);
	const struct img_split *s = img_at(img, route->split);
	const struct img_arm *arms = img_at(img, s->arms.off);

	json_array_begin(j, "split");
	for (uint32_t i = 0; i < s->arms.count; i++) {
		json_object_begin(j, NULL);
		json_add_string(j, "service",
		    img_slice(img, services[arms[i].service].name));
		json_add_uint(j, "weight", arms[i].weight);
		json_object_end(j);
	}
	json_array_end(j);
}

static void
admin_route_write(
    struct json *j, const struct img_head *img, const struct img_route *route)
{
	const struct img_service *services = img_at(img, img->services.off);
	const struct img_respond *responds = img_at(img, img->responds.off);

	json_object_begin(j, NULL);
	json_add_string(j, "name", img_slice(img, route->name));
	json_add_string(
	    j, "path", img_slice(img, img_route_more(img, route)->path));
	admin_hosts_write(j, img, route);
	admin_methods_write(j, img, route);
	if (route->split != 0)
		admin_split_write(j, img, route);
	else if (route->service < img->services.count)
		json_add_string(j, "service",
		    img_slice(img, services[route->service].name));
	if (route->respond < img->responds.count)
		json_add_uint(j, "respond", responds[route->respond].status);
	json_object_end(j);
}

void
admin_listing_write(struct admin *a, struct text *out)
{
	const struct img_head *img = reload_current(&a->in->region);
	const struct img_route *routes;
	struct json j;

	json_init(&j, out);
	json_object_begin(&j, NULL);
	json_add_uint(&j, "generation", img != NULL ? img->generation : 0);
	json_array_begin(&j, "routes");
	routes = img != NULL ? img_at(img, img->routes.off) : NULL;
	for (uint32_t i = 0; routes != NULL && i < img->routes.count; i++)
		admin_route_write(&j, img, &routes[i]);
	json_array_end(&j);
	json_object_end(&j);
}
