/*
 * route_fuzz.c - requests of any bytes against one image: what is found lies
 * in the path, and a rewritten target is a safe one.
 *
 * Input: lines "method", "host", "target", "header value", "cookie value".
 */
#include <stdlib.h>

#include "common/base/must.h"
#include "common/http/uri.h"
#include "master/conf_build.h"
#include "tests/fuzz/lines.h"
#include "worker/flow/template.h"

#define LINES 5

static struct conf_condition fuzz_conditions[] = {
	{ .header = "X-Version", .value = "2" },
	{ .query = "beta", .value = "y s" },
	{ .cookie = "canary", .value = "1" },
	{ .header = "Cookie" },
};

static const char *fuzz_hosts[] = { "a.example", "*.example", "*.b.example",
	"[::1]" };
static const char *fuzz_methods[] = { "GET", "PURGE", "BREW" };

static struct conf_route fuzz_routes[] = {
	{ .path = "/a/b", .rewrite = "/{host}/{cookie:canary}" },
	{ .path = "/a/b",
	    .conditions = fuzz_conditions,
	    .condition_count = 1,
	    .rewrite = "/v/{header:X-Version}/{path}?{query}" },
	{ .path = "/a/b",
	    .conditions = fuzz_conditions + 1,
	    .condition_count = 2,
	    .rewrite = "/x.{header:X-Version}" },
	{ .path = "/a/:x/c",
	    .rewrite = "/{x}/{x}?x={x}",
	    .methods = { fuzz_methods, NULL, 2 } },
	{ .path = "/:x/b/:y", .rewrite = "/{y}?" },
	{ .path = "/:x/:y/:z/d", .hosts = { fuzz_hosts, NULL, 4 } },
	{ .path = "/a/*rest",
	    .rewrite = "/{rest}",
	    .encoded_slash_keep = true,
	    .hosts = { fuzz_hosts + 1, NULL, 1 } },
	{ .path = "/:x/*rest",
	    .rewrite = "/{rest}/{x}/.{x}",
	    .encoded_slash_keep = true },
	{ .path = "/m", .methods = { fuzz_methods, NULL, 2 } },
	{ .path = "/m",
	    .methods = { fuzz_methods + 1, NULL, 2 },
	    .conditions = fuzz_conditions + 3,
	    .condition_count = 1 },
	{ .path = "/n",
	    .conditions = fuzz_conditions + 2,
	    .condition_count = 2 },
	{ .path = "~^/r/([^/]*)/?(.*)$", .rewrite = "/{2}/{1}" },
};

#define FUZZ_ROUTES (sizeof(fuzz_routes) / sizeof(fuzz_routes[0]))

static struct img_head *
image_make(void)
{
	struct conf_service service = { .name = "s",
		.fallback.service_index = IMG_NONE };
	struct conf c = { .routes = fuzz_routes,
		.route_count = FUZZ_ROUTES,
		.services = &service,
		.service_count = 1 };
	struct diag d;
	char *image = NULL;
	uint64_t bytes = 0;

	diag_init(&d);
	for (size_t i = 0; i < FUZZ_ROUTES; i++) {
		fuzz_routes[i].name = fuzz_routes[i].path;
		fuzz_routes[i].service = "s";
	}
	MUST(conf_build(&c, &image, &bytes, &d));
	diag_fini(&d);
	return (struct img_head *)(void *)image;
}

static bool
slice_inside(struct slice part, struct slice whole)
{
	return part.n == 0 ||
	    (part.p >= whole.p && part.p + part.n <= whole.p + whole.n);
}

static void
rewrite_check(const struct img_head *img, const struct template_vars *v)
{
	const struct img_route *r = v->match->route;
	struct arena arena;
	struct slice target;
	struct uri again;
	char *room;

	arena_init(&arena, NULL, 0, 1 << 20);
	target = template_eval(img, r->rewrite, TEMPLATE_TARGET, v, &arena);
	room = arena_alloc(&arena, target.n + 1);
	if (target.n != 0 && room != NULL) {
		const char *mark = memchr(target.p, '?', target.n);
		size_t n = mark != NULL ? (size_t)(mark - target.p) : target.n;

		MUST(target.p[0] == '/');
		MUST(memmem(target.p, n, "/../", 4) == NULL);
		MUST(memmem(target.p, n, "/./", 3) == NULL);
		if (uri_normalise(target, room, &again) == URI_OK)
			MUST(again.path.n <= n);
	}
	arena_fini(&arena);
}

static void
match_check(const struct img_head *img, const struct head *h,
    const struct uri *u, const struct route_match *m)
{
	struct template_vars v = {
		.img = img, .head = h, .uri = u, .match = m
	};

	for (uint32_t i = 0; i < m->count; i++)
		MUST(slice_inside(m->params[i], u->path));
	if (m->route->has_rewrite)
		rewrite_check(img, &v);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct img_head *img;
	static struct contexts *ctx;
	struct slice lines[LINES] = { { NULL, 0 } };
	struct field fields[2];
	struct head h = { .fields = fields, .count = 2 };
	struct route_match m;
	struct uri u;
	char *room = malloc(size + 1), allow[24];

	MUST(room != NULL);
	if (img == NULL) {
		img = image_make();
		ctx = contexts_new();
	}
	(void)lines_split(data, size, lines, LINES);
	h.method_text = lines[0];
	h.method = (uint8_t)http_method_find(lines[0]);
	h.host = lines[1];
	h.present = lines[4].n != 0 ? UINT64_C(1) << FIELD_COOKIE : 0;
	fields[0] = (struct field){ SLICE_LIT("x-version"), lines[3], 0 };
	fields[1] =
	    (struct field){ SLICE_LIT("Cookie"), lines[4], FIELD_COOKIE };
	if (uri_normalise(lines[2], room, &u) == URI_OK) {
		switch (route_find(img, ctx, &h, &u, NULL, &m)) {
		case ROUTE_FOUND:
			match_check(img, &h, &u, &m);
			break;
		case ROUTE_NO_METHOD:
			MUST(route_allow_text(img, &m, allow, sizeof(allow)) <=
			    sizeof(allow));
			break;
		case ROUTE_NO_PATH:
		case ROUTE_ENCODED_SLASH:
			MUST(m.route == NULL);
			break;
		}
	}
	free(room);
	return 0;
}
