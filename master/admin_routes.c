/*
 * admin_routes.c - see admin_routes.h. The documents are in admin_status.c,
 * the metrics in prom.c.
 */
#include "master/admin_routes.h"

#include "common/base/json.h"
#include "master/admin_status.h"
#include "master/prom.h"
#include "shm/control.h"
#include "shm/slots.h"

#define ADMIN_JSON "application/json"
#define ADMIN_TEXT "text/plain; charset=utf-8"
/* Of the text format, version 0.0.4. */
#define ADMIN_PROM "text/plain; version=0.0.4; charset=utf-8"

typedef void
admin_route_fn(struct admin *a, struct admin_reply *r, uint64_t *run);

void
admin_reply_init(struct admin_reply *r)
{
	*r = (struct admin_reply){ .status = 200, .type = ADMIN_JSON };
	text_init(&r->body);
}

void
admin_reply_fini(struct admin_reply *r)
{
	text_fini(&r->body);
}

void
admin_routes_problem(struct admin_reply *r, uint16_t status, const char *detail)
{
	struct json j;

	r->status = status;
	r->type = "application/problem+json";
	json_init(&j, &r->body);
	json_object(&j, NULL);
	json_string(&j, "type", SLICE_LIT("about:blank"));
	json_string(&j, "title", http_reason(status));
	json_uint(&j, "status", status);
	if (detail != NULL)
		json_string(&j, "detail", slice_str(detail));
	json_object_end(&j);
}

/* ---- health ---- */

static void
admin_livez(struct admin *a, struct admin_reply *r, uint64_t *run)
{
	(void)a;
	(void)run;
	r->type = ADMIN_TEXT;
	text_add(&r->body, SLICE_LIT("ok\n"));
}

/* Why no traffic should come here; NULL: it may. */
static const char *
admin_not_ready(const struct region *r)
{
	struct reload_info info;

	if (control_draining(r) != 0)
		return "stopping\n";
	control_reload_info(r, &info);
	if (info.generation == 0)
		return "no configuration is published\n";
	for (uint32_t w = 0; w < r->state->header.workers; w++)
		if (slot_state(r, w) == SLOT_READY)
			return NULL;
	return "no worker is ready\n";
}

static void
admin_readyz(struct admin *a, struct admin_reply *r, uint64_t *run)
{
	const char *why = admin_not_ready(&a->in->region);

	(void)run;
	r->type = ADMIN_TEXT;
	r->status = why == NULL ? 200 : 503;
	text_add(&r->body, slice_str(why == NULL ? "ready\n" : why));
}

/* ---- documents ---- */

static void
admin_metrics(struct admin *a, struct admin_reply *r, uint64_t *run)
{
	(void)run;
	r->type = ADMIN_PROM;
	prom_write(&a->in->region, &r->body);
}

static void
admin_status(struct admin *a, struct admin_reply *r, uint64_t *run)
{
	(void)run;
	admin_status_write(a, &r->body);
}

static void
admin_workers(struct admin *a, struct admin_reply *r, uint64_t *run)
{
	(void)run;
	admin_workers_write(a, &r->body);
}

static void
admin_generations(struct admin *a, struct admin_reply *r, uint64_t *run)
{
	(void)run;
	admin_generations_write(a, &r->body);
}

static void
admin_listing(struct admin *a, struct admin_reply *r, uint64_t *run)
{
	(void)run;
	admin_listing_write(a, &r->body);
}

static void
admin_reload(struct admin *a, struct admin_reply *r, uint64_t *run)
{
	if (control_draining(&a->in->region) != 0)
		admin_routes_problem(r, 503, "stopping");
	else
		*run = reload_request(a->reload);
}

void
admin_routes_reloaded(
    struct admin *a, enum reload_outcome how, struct admin_reply *r)
{
	struct reload_info info;
	struct json j;

	control_reload_info(&a->in->region, &info);
	r->status = how == RELOAD_FAILED ? 422 : 200;
	json_init(&j, &r->body);
	json_object(&j, NULL);
	json_string(&j, "outcome", admin_outcome_word(how));
	json_bool(&j, "changed", how == RELOAD_OK);
	json_uint(&j, "generation", info.generation);
	admin_lines_write(&j, "complaints", text_slice(&a->reload->said));
	json_object_end(&j);
}

/* ---- the table ---- */

static const struct admin_route {
	const char *path;
	admin_route_fn *get, *post;
} admin_routes[] = {
	{ "/livez", admin_livez, NULL },
	{ "/readyz", admin_readyz, NULL },
	{ "/healthz", admin_livez, NULL },
	{ "/metrics", admin_metrics, NULL },
	{ "/v1/status", admin_status, NULL },
	{ "/v1/routes", admin_listing, NULL },
	{ "/v1/workers", admin_workers, NULL },
	{ "/v1/generations", admin_generations, NULL },
	{ "/v1/reload", NULL, admin_reload },
};

static const struct admin_route *
admin_route_find(struct slice path)
{
	size_t n = sizeof(admin_routes) / sizeof(admin_routes[0]);

	for (size_t i = 0; i < n; i++)
		if (slice_eq(slice_str(admin_routes[i].path), path))
			return &admin_routes[i];
	return NULL;
}

void
admin_routes_answer(struct admin *a, uint8_t method, struct slice path,
    struct admin_reply *r, uint64_t *run)
{
	const struct admin_route *route = admin_route_find(path);
	admin_route_fn *fn = NULL;

	if (route == NULL) {
		admin_routes_problem(r, 404, "no such resource");
		return;
	}
	if (method == METHOD_GET || method == METHOD_HEAD)
		fn = route->get;
	else if (method == METHOD_POST)
		fn = route->post;
	if (fn != NULL) {
		fn(a, r, run);
		return;
	}
	r->allow = route->get != NULL ? "GET, HEAD" : "POST";
	admin_routes_problem(r, 405, NULL);
}
