/*
 * admin_routes.c - see admin_routes.h. The documents are in admin_*.c.
 */
#include "master/admin_routes.h"

#include <stdio.h>

#include "common/base/json.h"
#include "common/http/http.h"
#include "common/http/uri.h"
#include "master/admin_auths.h"
#include "master/admin_bans.h"
#include "master/admin_breakers.h"
#include "master/admin_certs.h"
#include "master/admin_change.h"
#include "master/admin_debug.h"
#include "master/admin_endpoints.h"
#include "master/admin_gate.h"
#include "master/admin_history.h"
#include "master/admin_keys.h"
#include "master/admin_limits.h"
#include "master/admin_metrics.h"
#include "master/admin_names.h"
#include "master/admin_region.h"
#include "master/admin_revocations.h"
#include "master/admin_services.h"
#include "master/admin_status.h"
#include "master/audited.h"
#include "master/operate.h"
#include "shm/control.h"
#include "shm/slots.h"

#define ADMIN_TEXT "text/plain; charset=utf-8"
#define ADMIN_BYTES "application/octet-stream"
#define ADMIN_SEGMENTS_MAX 8

typedef void admin_route_fn(
    struct admin *a, const struct admin_request *q, struct admin_reply *r);

/* ---- health ---- */

static void
admin_livez(
    struct admin *a, const struct admin_request *q, struct admin_reply *r)
{
	(void)a;
	(void)q;
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
admin_readyz(
    struct admin *a, const struct admin_request *q, struct admin_reply *r)
{
	const char *why = admin_not_ready(&a->in->region);

	(void)q;
	r->type = ADMIN_TEXT;
	r->status = why == NULL ? 200 : 503;
	text_add(&r->body, slice_str(why == NULL ? "ready\n" : why));
}

/* ---- documents ---- */

static void
admin_status(
    struct admin *a, const struct admin_request *q, struct admin_reply *r)
{
	(void)q;
	admin_status_write(a, &r->body);
}

static void
admin_workers(
    struct admin *a, const struct admin_request *q, struct admin_reply *r)
{
	(void)q;
	admin_workers_write(a, &r->body);
}

static void
admin_generations(
    struct admin *a, const struct admin_request *q, struct admin_reply *r)
{
	(void)q;
	admin_generations_write(a, &r->body);
}

static void
admin_listing(
    struct admin *a, const struct admin_request *q, struct admin_reply *r)
{
	(void)q;
	admin_listing_write(a, &r->body);
}

static void
admin_names(
    struct admin *a, const struct admin_request *q, struct admin_reply *r)
{
	(void)q;
	admin_names_write(&a->reload->names, &r->body);
}

static void
admin_certs(
    struct admin *a, const struct admin_request *q, struct admin_reply *r)
{
	(void)q;
	admin_certs_write(reload_current(&a->in->region), &r->body);
}

static void
admin_export(
    struct admin *a, const struct admin_request *q, struct admin_reply *r)
{
	const struct region *region = &a->in->region;

	(void)q;
	r->type = ADMIN_TEXT;
	operate_export(region, reload_current(region), &r->body);
}

/* The bytes of the image in force: what penstockctl can reads. */
static void
admin_image(
    struct admin *a, const struct admin_request *q, struct admin_reply *r)
{
	const struct img_head *img = reload_current(&a->in->region);

	(void)q;
	if (img == NULL) {
		admin_reply_problem(
		    r, 503, SLICE_LIT("no configuration is published"));
		return;
	}
	r->type = ADMIN_BYTES;
	text_add(&r->body, slice_make((const char *)img, img->bytes));
}

static void
admin_reload(
    struct admin *a, const struct admin_request *q, struct admin_reply *r)
{
	(void)q;
	if (control_draining(&a->in->region) != 0)
		admin_reply_problem(r, 503, SLICE_LIT("stopping"));
	else
		r->run = reload_request(a->reload);
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
	json_object_begin(&j, NULL);
	json_add_string(&j, "outcome", admin_outcome_word(how));
	json_add_bool(&j, "changed", how == RELOAD_OK);
	json_add_uint(&j, "generation", info.generation);
	admin_lines_write(&j, "complaints", text_slice(&a->reload->said));
	json_object_end(&j);
}

/* ---- the table ---- */

/* "*" stands for any one segment that is not empty. */
static const struct admin_route {
	const char *path;
	admin_route_fn *get, *post, *patch, *remove;
	bool open; /* it needs no token, wherever it is asked for */
} admin_routes[] = {
	{ "/livez", .get = admin_livez, .open = true },
	{ "/readyz", .get = admin_readyz, .open = true },
	{ "/healthz", .get = admin_livez, .open = true },
	{ "/health", .get = admin_health_answer, .open = true },
	{ "/metrics", .get = admin_metrics_answer, .open = true },
	{ "/v1/status", .get = admin_status },
	{ "/v1/routes", .get = admin_listing },
	{ "/v1/names", .get = admin_names },
	{ "/v1/certs", .get = admin_certs },
	{ "/v1/workers", .get = admin_workers },
	{ "/v1/generations", .get = admin_generations },
	{ "/v1/reload", .post = admin_reload },
	{ "/v1/export", .get = admin_export },
	{ "/v1/services", .get = admin_services_answer },
	{ "/v1/services/*", .get = admin_service_answer },
	{ "/v1/services/*/endpoints", .get = admin_members_answer },
	{ "/v1/services/*/history", .get = admin_history_answer },
	{ "/v1/services/*/endpoints/*", .get = admin_endpoint_answer,
	    .patch = admin_change_answer },
	{ "/v1/endpoints", .get = admin_endpoints_answer },
	{ "/v1/breakers", .get = admin_breakers_answer },
	{ "/v1/breakers/history", .get = admin_breakers_history_answer },
	{ "/v1/services/*/breakers", .get = admin_service_breakers_answer,
	    .post = admin_service_breakers_reset },
	{ "/v1/services/*/endpoints/*/breaker",
	    .get = admin_endpoint_breaker_answer,
	    .post = admin_endpoint_breaker_reset },
	{ "/v1/image", .get = admin_image },
	{ "/v1/region", .get = admin_region_answer },
	{ "/v1/secrets", .get = admin_secrets_answer },
	{ "/v1/debug-token", .post = admin_debug_token_answer },
	{ "/v1/authenticators", .get = admin_auths_answer },
	{ "/v1/authenticators/*/keys", .get = admin_keys_answer,
	    .post = admin_key_add_answer },
	{ "/v1/authenticators/*/keys/*", .remove = admin_key_remove_answer },
	{ "/v1/revocations", .get = admin_revocations_answer,
	    .post = admin_revoke_answer, .remove = admin_unrevoke_answer },
	{ "/v1/bans", .get = admin_bans_answer, .post = admin_ban_answer,
	    .remove = admin_unban_answer },
	{ "/v1/limits", .get = admin_limits_answer },
	{ "/v1/limits/*", .get = admin_limit_answer },
	{ "/v1/limits/*/keys/*", .remove = admin_limit_reset_answer },
	{ "/v1/signing", .get = admin_signing_answer },
	{ "/v1/signing/rotate", .post = admin_rotate_answer },
};

/* A path in segments, without the "/" between them. */
struct admin_path {
	struct slice segment[ADMIN_SEGMENTS_MAX];
	size_t count;
};

/* False: it does not begin with "/", or has too many. */
static bool
admin_path_split(struct slice path, struct admin_path *p)
{
	p->count = 0;
	while (path.n != 0 && path.p[0] == '/') {
		const char *end = memchr(path.p + 1, '/', path.n - 1);
		size_t n = end != NULL ? (size_t)(end - path.p) : path.n;

		if (p->count == ADMIN_SEGMENTS_MAX)
			return false;
		p->segment[p->count++] = slice_make(path.p + 1, n - 1);
		path = slice_skip(path, n);
	}
	return path.n == 0 && p->count != 0;
}

/* Each segment for itself, into room; false: a bad escape. */
static bool
admin_path_decode(struct admin_path *p, char *room)
{
	for (size_t i = 0; i < p->count; i++) {
		size_t n;

		if (!uri_decode(p->segment[i], room, &n))
			return false;
		p->segment[i] = slice_make(room, n);
		room += n;
	}
	return true;
}

static bool
admin_route_fits(const struct admin_route *route, const struct admin_path *p,
    struct admin_request *q)
{
	struct admin_path pattern;
	size_t args = 0;

	if (!admin_path_split(slice_str(route->path), &pattern) ||
	    pattern.count != p->count)
		return false;
	for (size_t i = 0; i < p->count; i++) {
		struct slice want = pattern.segment[i], got = p->segment[i];

		if (!slice_eq(want, SLICE_LIT("*"))) {
			if (!slice_eq(want, got))
				return false;
			continue;
		}
		if (got.n == 0)
			return false;
		q->arg[args++] = got;
	}
	return true;
}

static const struct admin_route *
admin_route_find(const struct admin_path *p, struct admin_request *q)
{
	size_t n = sizeof(admin_routes) / sizeof(admin_routes[0]);

	for (size_t i = 0; i < n; i++)
		if (admin_route_fits(&admin_routes[i], p, q))
			return &admin_routes[i];
	return NULL;
}

static admin_route_fn *
admin_route_method(const struct admin_route *route, uint8_t method)
{
	if (method == METHOD_GET || method == METHOD_HEAD)
		return route->get;
	if (method == METHOD_POST)
		return route->post;
	if (method == METHOD_DELETE)
		return route->remove;
	return method == METHOD_PATCH ? route->patch : NULL;
}

static void
admin_allow(struct admin_reply *r, admin_route_fn *fn, const char *name)
{
	size_t n = strlen(r->allow);

	if (fn != NULL)
		(void)snprintf(r->allow + n, sizeof(r->allow) - n, "%s%s",
		    n != 0 ? ", " : "", name);
}

static void
admin_not_allowed(const struct admin_route *route, struct admin_reply *r)
{
	admin_allow(r, route->get, "GET, HEAD");
	admin_allow(r, route->post, "POST");
	admin_allow(r, route->patch, "PATCH");
	admin_allow(r, route->remove, "DELETE");
	admin_reply_problem(r, 405, SLICE_NONE);
}

/* What answers q, whose args are decoded into room; NULL: r refuses it. */
static admin_route_fn *
admin_routes_take(struct admin *a, struct admin_request *q,
    char room[ADMIN_TARGET_MAX], struct admin_reply *r)
{
	const struct admin_route *route = NULL;
	struct admin_path p;
	admin_route_fn *fn;

	if (q->path.n <= ADMIN_TARGET_MAX && admin_path_split(q->path, &p)) {
		if (!admin_path_decode(&p, room)) {
			admin_reply_problem(
			    r, 400, SLICE_LIT("bad escape in the path"));
			return NULL;
		}
		route = admin_route_find(&p, q);
	}
	if (route == NULL) {
		admin_reply_problem(r, 404, SLICE_LIT("no such resource"));
		return NULL;
	}
	if (q->guarded && !route->open && !admin_gate_passes(a, q, r)) {
		audited_stranger(a, q, r);
		return NULL;
	}
	fn = admin_route_method(route, q->method);
	if (fn == NULL)
		admin_not_allowed(route, r);
	return fn;
}

bool
admin_routes_refuse(
    struct admin *a, struct admin_request *q, struct admin_reply *r)
{
	char room[ADMIN_TARGET_MAX];

	return admin_routes_take(a, q, room, r) == NULL;
}

void
admin_routes_answer(
    struct admin *a, struct admin_request *q, struct admin_reply *r)
{
	char room[ADMIN_TARGET_MAX];
	admin_route_fn *fn = admin_routes_take(a, q, room, r);

	if (fn != NULL && audited_begin(a, q, r)) {
		fn(a, q, r);
		audited_end(a, q, r);
	}
}
