/*
 * conf_build_test.c - what the image says, and what is complained about.
 */
#include "tests/unit/route_kit.h"

/* All complaints of the check, one per line. */
static void
check_says(struct kit_route *routes, size_t count, const char *want)
{
	char text[2048] = "";
	struct conf c;
	struct diag d;
	size_t n = 0;
	uint64_t bytes;
	char *image;
	bool good;

	diag_init(&d);
	kit_conf(&c, routes, count);
	good = conf_build(&c, &image, &bytes, &d);
	if (good)
		free(image);
	for (size_t i = 0; i < d.count; i++) {
		n += (size_t)diag_format(&d, i, text + n, sizeof(text) - n);
		text[n++] = '\n';
	}
	ck_assert_str_eq(text, want);
	ck_assert(good == (d.errors == 0));
	diag_fini(&d);
	arena_fini(&c.arena);
}

static const struct {
	const char *path, *says;
} paths[] = {
	{ "",
	    "path \"\" starts neither with \"/\" nor, as a regular "
	    "expression, with \"~\"" },
	{ "a",
	    "path \"a\" starts neither with \"/\" nor, as a regular "
	    "expression, with \"~\"" },
	{ "/a/:",
	    "path \"/a/:\" has a parameter without a name, such as "
	    "\":id\" or \"*rest\"" },
	{ "/a/*",
	    "path \"/a/*\" has a parameter without a name, such as "
	    "\":id\" or \"*rest\"" },
	{ "/:a/x/:a", "path \"/:a/x/:a\" has two parameters \"a\"" },
	{ "/*r/x",
	    "path \"/*r/x\" has a \"*\" that is not the start of its "
	    "last segment" },
	{ "/x*",
	    "path \"/x*\" has a \"*\" that is not the start of its last "
	    "segment" },
	{ "/:tenant",
	    "path \"/:tenant\" has a parameter \"tenant\": that name "
	    "has a meaning of its own in templates" },
	{ "/:a.b",
	    "path \"/:a.b\" has a parameter \"a.b\": names are made of "
	    "letters, digits, _ and -" },
	{ "/:1",
	    "path \"/:1\" has a parameter \"1\": names start with a "
	    "letter or _" },
	{ "/a//b",
	    "path \"/a//b\" is never seen so: requests are matched as "
	    "\"/a/b\"" },
	{ "/a/../b",
	    "path \"/a/../b\" is never seen so: requests are matched "
	    "as \"/b\"" },
	{ "/%61/:x",
	    "path \"/%61/:x\" is never seen so: requests are matched "
	    "as \"/a/:x\"" },
	{ "/a%2Fb",
	    "path \"/a%2Fb\" has a %2F: it needs encoded_slash = "
	    "\"keep\"" },
	{ "/a?b", "path \"/a?b\" has a \"?\": put queries into `match`" },
	{ "~^/(",
	    "path \"~^/(\" is no regular expression: missing closing "
	    "parenthesis at offset 3" },
};

START_TEST(bad_paths)
{
	struct kit_route route = { .path = paths[_i].path };
	char want[512];

	snprintf(want, sizeof(want), "test.conf:1: %s\n", paths[_i].says);
	check_says(&route, 1, want);
}
END_TEST

static const struct {
	const char *path, *rewrite, *says;
} templates[] = {
	{ "/:id", "/{idd}",
	    "has the unknown name {idd}; did you mean \"id\"?" },
	{ "/:id", "/{clint}",
	    "has the unknown name {clint}; did you mean \"client\"?" },
	{ "/:id", "/{usr}",
	    "has the unknown name {usr}; did you mean \"user\"?" },
	{ "/:id", "/{claim:}",
	    "has {claim:...} without a proper name, such as {claim:X-Name}" },
	{ "/:id", "/{client:x}",
	    "has the unknown name {client:x}; did you mean \"client\"?" },
	{ "/:id", "/{header:}",
	    "has {header:...} without a proper name, such as {header:X-Name}" },
	{ "/:id", "/{header}",
	    "has {header:...} without a proper name, such as {header:X-Name}" },
	{ "/:id", "/{1}", "has {1}, but the path is no regular expression" },
	{ "~^/(a)", "/{2}", "has {2}, but the expression's groups are 1 to 1" },
	{ "~^/(a)", "/{0}", "has {0}, but the expression's groups are 1 to 1" },
	{ "~^/(a)", "/{99999999999}",
	    "has {99999999999}, but the "
	    "expression's groups are 1 to 1" },
	{ "/:id", "/{id",
	    "has a \"{\" that is not closed; braces are written "
	    "{{ and }}" },
	{ "/:id", "/id}", "has a \"}\" alone; braces are written {{ and }}" },
	{ "/:id", "/{a b}",
	    "has \"{a b}\", which is no name; braces are "
	    "written {{ and }}" },
	{ "/:id", "x/{id}", "does not start with \"/\"" },
	{ "/:id", "{id}", "does not start with \"/\"" },
	{ "/:id", "", "does not start with \"/\"" },
	{ "/:id", "/a/../{id}",
	    "has \".\" or empty segments, or needless escapes" },
	{ "/:id", "/{id}/.?a",
	    "has \".\" or empty segments, or needless escapes" },
};

START_TEST(bad_rewrites)
{
	struct kit_route route = { .path = templates[_i].path,
		.rewrite = templates[_i].rewrite };
	char want[512];

	snprintf(want, sizeof(want), "test.conf:1: rewrite \"%s\" %s\n",
	    route.rewrite, templates[_i].says);
	check_says(&route, 1, want);
}
END_TEST

START_TEST(bad_values)
{
	struct kit_route route = { .path = "/",
		.body = "{",
		.response = { { .set = "A", .value = "{nobody}" },
		    { .set = "A", .value = "a\nb" } } };

	check_says(&route, 1,
	    "test.conf:1: respond.body \"{\" has a \"{\" that is not closed; "
	    "braces are written {{ and }}\n"
	    "test.conf:1: value \"{nobody}\" has the unknown name {nobody}\n"
	    "test.conf:1: value \"a\nb\" has a control character\n");
}
END_TEST

START_TEST(hidden_routes)
{
	struct kit_route routes[] = {
		{ .path = "/a", .methods = { "GET" } },
		{ .path = "/a", .methods = { "HEAD" } }, /* hidden */
		{ .path = "/a" },
		{ .path = "/a", .methods = { "PURGE" } }, /* hidden */
		{ .path = "/a", .conditions = { { .header = "X" } } },
		{ .path = "/a",
		    .conditions = { { .header = "x",
			.value = "1" } } }, /* hidden */
		{ .path = "/a", .conditions = { { .cookie = "x" } } },
		{ .path = "/a/:x", .hosts = { "a" } },
		{ .path = "/a/:y", .hosts = { "a", "b" } },
		{ .path = "/a/:z", .hosts = { "b" } }, /* hidden */
		{ .path = "~a" }, { .path = "~a" },    /* hidden */
	};

	check_says(routes, sizeof(routes) / sizeof(routes[0]),
	    "test.conf:2: warning: route \"r1\" is never chosen: route \"r0\" "
	    "(test.conf:1) takes all its requests\n"
	    "test.conf:4: warning: route \"r3\" is never chosen: route \"r2\" "
	    "(test.conf:3) takes all its requests\n"
	    "test.conf:6: warning: route \"r5\" is never chosen: route \"r4\" "
	    "(test.conf:5) takes all its requests\n"
	    "test.conf:10: warning: route \"r9\" is never chosen: route "
	    "\"r8\" (test.conf:9) takes all its requests\n"
	    "test.conf:12: warning: route \"r11\" is never chosen: route "
	    "\"r10\" (test.conf:11) takes all its requests\n");
}
END_TEST

START_TEST(records)
{
	struct kit_route routes[] = { { .path = "/a",
					  .methods = { "GET", "X" },
					  .upgrades = { "a", "b" },
					  .rewrite = "/b" },
		{ .path = "/p",
		    .body = "pong",
		    .response = { { .add = "A", .value = "b" } } },
		{ .path = "/q" }, { .path = "/g", .grpc_web = true } };
	struct img_head *img = KIT_IMAGE(routes);
	const struct img_route *r = img_at(img, img->routes.off);
	const struct img_str *upgrades;
	const struct img_service *s = img_at(img, img->services.off);
	const struct img_endpoint *e = img_at(img, s->endpoints.off);

	kit_slice_eq(img_slice(img, img->environment), "test");
	ck_assert(img->limits.body_bytes == UINT64_MAX);
	ck_assert_uint_eq(img->limits.connections_per_address, 7);
	ck_assert_uint_eq(img->limits.requests_per_connection, 8);
	ck_assert_uint_eq(img->limits.min_rate, 2048);
	kit_slice_eq(img_slice(img, s->name), "users");
	ck_assert_uint_eq(s->slot, IMG_NONE);
	kit_slice_eq(img_slice(img, e->label), "127.0.0.1:9001");
	kit_slice_eq(img_slice(img, img_route_more(img, r)->path), "/a");
	ck_assert_uint_eq(r[0].methods,
	    1u << METHOD_GET | 1u << METHOD_HEAD | 1u << METHOD_OTHER);
	ck_assert_uint_eq(r[0].service, 0);
	ck_assert_uint_eq(r[0].respond, IMG_NONE);
	ck_assert(r[0].has_rewrite && !r[1].has_rewrite);
	upgrades = img_at(img, r[0].upgrades.off);
	ck_assert_uint_eq(r[0].upgrades.count, 2);
	kit_slice_eq(img_slice(img, upgrades[1]), "b");
	ck_assert_uint_eq(r[0].filters,
	    1u << IMG_FILTER_FORWARDED | 1u << IMG_FILTER_UPGRADE |
		1u << IMG_FILTER_TRANSFORM | 1u << IMG_FILTER_FORWARD);
	ck_assert_uint_eq(
	    r[2].filters, r[0].filters & ~(1u << IMG_FILTER_UPGRADE));
	ck_assert_uint_eq(
	    r[3].filters, r[2].filters | 1u << IMG_FILTER_GRPC_WEB);
	ck_assert_uint_eq(r[1].service, IMG_NONE);
	ck_assert_uint_eq(r[1].row, IMG_NONE);
	ck_assert_uint_eq(r[1].filters,
	    1u << IMG_FILTER_RESPOND | 1u << IMG_FILTER_TRANSFORM);
	free(img);
}
END_TEST

static struct img_slot *
edge_of(struct img_head *img, struct slice text)
{
	struct img_slot *edges = (void *)((char *)img + img->router.edges.off);

	for (uint32_t i = 0; i < img->router.edges.count; i++)
		if (edges[i].len != IMG_NONE &&
		    slice_eq(img_slot_text(img, &edges[i]), text))
			return &edges[i];
	ck_abort_msg("no such edge");
}

/*
 * An edge says which route is behind it, where it is only one; and where that
 * is all, there is no node.
 */
START_TEST(edges_look_ahead)
{
	struct kit_route routes[] = { { .path = "/a/*rest" },
		{ .path = "/b/:x" }, { .path = "/b/c/:y/d" },
		{ .path = "/e/:x/f", .methods = { "GET" } },
		{ .path = "/e/:x/f", .methods = { "PUT" } },
		{ .path = "/:x/g" }, { .path = "/:x/g/*rest" } };
	struct img_head *img = KIT_IMAGE(routes);

	ck_assert_uint_eq(edge_of(img, SLICE_LIT("a"))->a, IMG_LEAF_REST);
	ck_assert_uint_eq(edge_of(img, SLICE_LIT("a"))->b, 0);
	ck_assert_uint_eq(edge_of(img, SLICE_LIT("b"))->b, IMG_NONE);
	ck_assert_uint_eq(edge_of(img, SLICE_LIT("d"))->a, IMG_LEAF_END);
	ck_assert_uint_eq(edge_of(img, SLICE_LIT("d"))->b, 2);
	ck_assert_uint_eq(edge_of(img, SLICE_LIT("f"))->b, IMG_NONE);
	ck_assert_uint_eq(edge_of(img, SLICE_LIT("g"))->b, 5);
	/* Of the root, b, b/:, c, c/:, e, e/:, f, : and g. */
	ck_assert_uint_eq(img->router.nodes.count, 10);
	ck_assert(image_check(img, img->bytes));
	edge_of(img, SLICE_LIT("d"))->b = 7;
	ck_assert(!image_check(img, img->bytes));
	edge_of(img, SLICE_LIT("d"))->b = IMG_NONE;
	ck_assert(!image_check(img, img->bytes));
	free(img);
}
END_TEST

/* A damaged image is refused, or at least safe to walk: see the sanitizers. */
START_TEST(damaged_images)
{
	struct kit_route routes[] = { { .path = "/a/:x", .rewrite = "/b/{x}" },
		{ .path = "/a/*rest",
		    .hosts = { "h", "*.h" },
		    .conditions = { { .query = "q", .value = "1" } } },
		{ .path = "~^/x(.)", .upgrades = { "x" } },
		{ .path = "/p", .body = "{path}" } };
	struct img_head *img = KIT_IMAGE(routes);
	uint64_t bytes = img->bytes;
	uint32_t *words = (uint32_t *)(void *)img;
	size_t refused = 0;

	ck_assert(!image_check(img, bytes - 1));
	ck_assert(!image_check(img, 16));
	for (size_t i = 0; i < bytes / 4; i++) {
		uint32_t old = words[i];

		words[i] = 0xfffffff0;
		refused += !image_check(img, bytes);
		words[i] = old;
	}
	ck_assert_uint_gt(refused, 100);
	ck_assert(image_check(img, bytes));
	free(img);
}
END_TEST

/* Many routes: the time and the size stay in bounds, and all are found. */
START_TEST(many_routes)
{
	enum { COUNT = 20000 };
	struct kit_route *routes = calloc(COUNT, sizeof(*routes));
	char(*texts)[24] = calloc(COUNT, sizeof(*texts));
	struct img_head *img;

	for (size_t i = 0; i < COUNT; i++) {
		snprintf(texts[i], sizeof(texts[i]), "/svc%05zu/*rest", i);
		routes[i].path = texts[i];
	}
	img = kit_image(routes, COUNT);
	ck_assert_uint_lt(img->bytes / COUNT, 352);
	for (size_t i = 0; i < COUNT; i += 501) {
		char target[32];

		snprintf(target, sizeof(target), "/svc%05zu/x/y", i);
		ck_assert_int_eq(kit_get(img, "h", target), (int)i);
	}
	ck_assert_int_eq(kit_get(img, "h", "/svc20000/x"), -1);
	free(img);
	free(texts);
	free(routes);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("conf_build");
	TCase *t = tcase_create("conf_build");

	tcase_set_timeout(t, 30);
	tcase_add_loop_test(t, bad_paths, 0, sizeof(paths) / sizeof(paths[0]));
	tcase_add_loop_test(
	    t, bad_rewrites, 0, sizeof(templates) / sizeof(templates[0]));
	tcase_add_test(t, bad_values);
	tcase_add_test(t, hidden_routes);
	tcase_add_test(t, records);
	tcase_add_test(t, edges_look_ahead);
	tcase_add_test(t, damaged_images);
	tcase_add_test(t, many_routes);
	suite_add_tcase(s, t);
	return kit_run(s);
}
