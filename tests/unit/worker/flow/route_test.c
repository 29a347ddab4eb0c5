/*
 * route_test.c - the choice of a route, by example; route_random_test compares
 * it with a plain matcher.
 */
#include "tests/unit/route_kit.h"

START_TEST(exact_before_all)
{
	struct kit_route routes[] = { { .path = "/*rest" }, { .path = "/a/:x" },
		{ .path = "~^/a/b$" }, { .path = "/a/b" }, { .path = "/" } };
	struct img_head *img = KIT_IMAGE(routes);

	ck_assert_int_eq(kit_get(img, "h", "/a/b"), 3);
	ck_assert_int_eq(kit_get(img, "h", "/a/c"), 1);
	ck_assert_int_eq(kit_get(img, "h", "/a/"), 0);
	ck_assert_int_eq(kit_get(img, "h", "/"), 4);
	free(img);
}
END_TEST

START_TEST(literal_before_param)
{
	struct kit_route routes[] = { { .path = "/:a/:b/:c" },
		{ .path = "/:a/y/:c" }, { .path = "/x/:b/z" },
		{ .path = "/x/:b/:c/w" } };
	struct img_head *img = KIT_IMAGE(routes);

	ck_assert_int_eq(kit_get(img, "h", "/x/y/z"), 2);
	ck_assert_int_eq(kit_get(img, "h", "/x/y/q"), 1);
	ck_assert_int_eq(kit_get(img, "h", "/x/q/q"), 0);
	ck_assert_int_eq(kit_get(img, "h", "/x/y/z/w"), 3);
	ck_assert_int_eq(kit_get(img, "h", "/x/y/z/v"), -1);
	free(img);
}
END_TEST

START_TEST(params_of_the_way_taken)
{
	struct kit_route routes[] = { { .path = "/x/:b/:c/w" },
		{ .path = "/:a/y/*rest" } };
	struct img_head *img = KIT_IMAGE(routes);
	struct contexts *ctx = contexts_new();
	struct kit_request q;

	kit_request_init(&q, "GET", "h", "/x/y/z/v");
	kit_request_find(&q, img, ctx);
	ck_assert_int_eq(q.verdict, ROUTE_FOUND);
	ck_assert_int_eq(img_route_index(img, q.match.route), 1);
	ck_assert_uint_eq(q.match.count, 2);
	kit_slice_eq(q.match.params[0], "x");
	kit_slice_eq(q.match.params[1], "z/v");
	kit_request_init(&q, "GET", "h", "/x/y/z/w");
	kit_request_find(&q, img, ctx);
	ck_assert_int_eq(img_route_index(img, q.match.route), 0);
	kit_slice_eq(q.match.params[0], "y");
	kit_slice_eq(q.match.params[1], "z");
	contexts_free(ctx);
	free(img);
}
END_TEST

START_TEST(rest_rules)
{
	struct kit_route routes[] = { { .path = "/a/*rest" },
		{ .path = "/a/b/*rest" }, { .path = "/:x/b/cc/*rest" },
		{ .path = "~^/a/b/re" }, { .path = "/t/:x/" } };
	struct img_head *img = KIT_IMAGE(routes);

	ck_assert_int_eq(kit_get(img, "h", "/a"), -1);
	ck_assert_int_eq(kit_get(img, "h", "/a/"), 0);
	ck_assert_int_eq(kit_get(img, "h", "/a/b"), 0);
	ck_assert_int_eq(kit_get(img, "h", "/a/b/"), 1);
	ck_assert_int_eq(kit_get(img, "h", "/a/b/regular"), 3);
	ck_assert_int_eq(kit_get(img, "h", "/a/b/cc/d"), 2);
	ck_assert_int_eq(kit_get(img, "h", "/t/1"), -1);
	ck_assert_int_eq(kit_get(img, "h", "/t/1/"), 4);
	ck_assert_int_eq(kit_get(img, "h", "/t//"), -1);
	free(img);
}
END_TEST

START_TEST(regex_in_file_order)
{
	struct kit_route routes[] = { { .path = "~^/v([0-9]+)/(x)?" },
		{ .path = "~^/v1/y$" }, { .path = "~Y" } };
	struct img_head *img = KIT_IMAGE(routes);
	struct contexts *ctx = contexts_new();
	struct kit_request q;

	ck_assert_int_eq(kit_get(img, "h", "/v1/y"), 0);
	ck_assert_int_eq(kit_get(img, "h", "/aYb"), 2);
	kit_request_init(&q, "GET", "h", "/v12/y");
	kit_request_find(&q, img, ctx);
	ck_assert_uint_eq(q.match.count, 2);
	kit_slice_eq(q.match.params[0], "12");
	kit_slice_eq(q.match.params[1], "");
	contexts_free(ctx);
	free(img);
}
END_TEST

START_TEST(hosts)
{
	struct kit_route routes[] = {
		{ .path = "/", .hosts = { "*.example" } },
		{ .path = "/", .hosts = { "*.b.example" } },
		{ .path = "/", .hosts = { "a.b.example", "[::1]" } },
		{ .path = "/" },
		{ .path = "/deep", .hosts = { "*.example" } },
		{ .path = "/*rest" },
	};
	struct img_head *img = KIT_IMAGE(routes);

	ck_assert_int_eq(kit_get(img, "a.b.example", "/"), 2);
	ck_assert_int_eq(kit_get(img, "A.B.Example:8080", "/"), 2);
	ck_assert_int_eq(kit_get(img, "a.b.example.", "/"), 2);
	ck_assert_int_eq(kit_get(img, "[::1]:80", "/"), 2);
	ck_assert_int_eq(kit_get(img, "c.b.example", "/"), 1);
	ck_assert_int_eq(kit_get(img, "x.c.b.example", "/"), 1);
	ck_assert_int_eq(kit_get(img, "b.example", "/"), 0);
	ck_assert_int_eq(kit_get(img, "example", "/"), 3);
	ck_assert_int_eq(kit_get(img, "xexample", "/"), 3);
	ck_assert_int_eq(kit_get(img, "", "/"), 3);
	/* The next group is tried when no path of this one fits. */
	ck_assert_int_eq(kit_get(img, "a.b.example", "/deep"), 4);
	ck_assert_int_eq(kit_get(img, "a.b.example", "/other"), 5);
	free(img);
}
END_TEST

START_TEST(methods)
{
	struct kit_route routes[] = {
		{ .path = "/a", .methods = { "GET", "PURGE" } },
		{ .path = "/a", .methods = { "PUT", "PURGE", "LOCK" } },
		{ .path = "/*rest" },
	};
	struct img_head *img = KIT_IMAGE(routes);
	struct contexts *ctx = contexts_new();
	struct kit_request q;
	char allow[64];
	size_t n;

	kit_request_init(&q, "HEAD", "h", "/a");
	kit_request_find(&q, img, ctx);
	ck_assert_int_eq(q.verdict, ROUTE_FOUND);
	ck_assert_int_eq(img_route_index(img, q.match.route), 0);
	kit_request_init(&q, "LOCK", "h", "/a");
	kit_request_find(&q, img, ctx);
	ck_assert_int_eq(img_route_index(img, q.match.route), 1);
	/* The path is final: "/ *rest" does not help. */
	kit_request_init(&q, "POST", "h", "/a");
	kit_request_find(&q, img, ctx);
	ck_assert_int_eq(q.verdict, ROUTE_NO_METHOD);
	ck_assert_ptr_null(q.match.route);
	n = route_allow_text(img, &q.match, allow, sizeof(allow));
	kit_slice_eq(slice_make(allow, n), "GET, HEAD, PUT, PURGE, LOCK");
	n = route_allow_text(img, &q.match, allow, 10);
	kit_slice_eq(slice_make(allow, n), "GET, HEAD");
	kit_request_init(&q, "UNLOCK", "h", "/a");
	kit_request_find(&q, img, ctx);
	ck_assert_int_eq(q.verdict, ROUTE_NO_METHOD);
	contexts_free(ctx);
	free(img);
}
END_TEST

static struct kit_route conditions_routes[] = {
	{ .path = "/a" },
	{ .path = "/a",
	    .conditions = { { .header = "X-Version", .value = "2" },
		{ .cookie = "canary" } } },
	{ .path = "/a",
	    .conditions = { { .query = "be ta", .value = "y/s" } } },
	{ .path = "/b", .conditions = { { .header = "Accept" } } },
	{ .path = "/b",
	    .conditions = { { .cookie = "c", .value = "1" } },
	    .methods = { "PUT" } },
};

START_TEST(conditions_go_first)
{
	struct img_head *img = KIT_IMAGE(conditions_routes);
	struct contexts *ctx = contexts_new();
	struct kit_request q;

	ck_assert_int_eq(kit_get(img, "h", "/a"), 0);
	kit_request_init(&q, "GET", "h", "/a");
	kit_request_field(&q, "X-Version", "1");
	kit_request_field(&q, "x-version", "2");
	kit_request_field(&q, "Cookie", "canary=1");
	kit_request_find(&q, img, ctx);
	ck_assert_int_eq(img_route_index(img, q.match.route), 1);
	q.fields[2].value = SLICE_LIT("xcanary=1; canary; a=canary=2");
	kit_request_find(&q, img, ctx);
	ck_assert_int_eq(img_route_index(img, q.match.route), 0);
	ck_assert_int_eq(kit_get(img, "h", "/a?x&be%20ta=y%2fs"), 2);
	ck_assert_int_eq(kit_get(img, "h", "/a?be%20ta=y%2fsx"), 0);
	ck_assert_int_eq(kit_get(img, "h", "/a?be%20ta=y"), 0);
	contexts_free(ctx);
	free(img);
}
END_TEST

START_TEST(conditions_and_verdicts)
{
	struct img_head *img = KIT_IMAGE(conditions_routes);
	struct contexts *ctx = contexts_new();
	struct kit_request q;

	kit_request_init(&q, "GET", "h", "/b");
	kit_request_find(&q, img, ctx);
	ck_assert_int_eq(q.verdict, ROUTE_NO_PATH);
	kit_request_field(&q, "Cookie", "a=2;c=1");
	kit_request_find(&q, img, ctx);
	ck_assert_int_eq(q.verdict, ROUTE_NO_METHOD);
	ck_assert_uint_eq(q.match.allow, 1u << METHOD_PUT);
	kit_request_field(&q, "accept", "");
	kit_request_find(&q, img, ctx);
	ck_assert_int_eq(q.verdict, ROUTE_FOUND);
	ck_assert_int_eq(img_route_index(img, q.match.route), 3);
	contexts_free(ctx);
	free(img);
}
END_TEST

START_TEST(encoded_slash)
{
	struct kit_route routes[] = { { .path = "/a/:x" },
		{ .path = "/k/:x", .keep_slash = true, .methods = { "PUT" } } };
	struct img_head *img = KIT_IMAGE(routes);
	struct contexts *ctx = contexts_new();
	struct kit_request q;
	const struct {
		const char *method, *target;
		enum route_verdict verdict;
	} cases[] = {
		{ "GET", "/a/b%2fc", ROUTE_ENCODED_SLASH },
		{ "PUT", "/k/b%2fc", ROUTE_FOUND },
		{ "GET", "/k/b%2Fc", ROUTE_NO_METHOD },
		{ "GET", "/none%2f", ROUTE_ENCODED_SLASH },
		{ "GET", "/none", ROUTE_NO_PATH },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		kit_request_init(&q, cases[i].method, "h", cases[i].target);
		kit_request_find(&q, img, ctx);
		ck_assert_int_eq(q.verdict, cases[i].verdict);
	}
	contexts_free(ctx);
	free(img);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("route");
	TCase *t = tcase_create("choice");

	tcase_add_test(t, exact_before_all);
	tcase_add_test(t, literal_before_param);
	tcase_add_test(t, params_of_the_way_taken);
	tcase_add_test(t, rest_rules);
	tcase_add_test(t, regex_in_file_order);
	tcase_add_test(t, hosts);
	tcase_add_test(t, methods);
	tcase_add_test(t, conditions_go_first);
	tcase_add_test(t, conditions_and_verdicts);
	tcase_add_test(t, encoded_slash);
	suite_add_tcase(s, t);
	return kit_run(s);
}
