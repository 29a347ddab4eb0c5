/* Tests of route.c: where a browser's question goes that comes ahead of a
 * request. */
#include "tests/unit/route_kit.h"

#include "tests/unit/master/conf_try.h"

#define CONF                                                                 \
	"cors = { p = { origins = \"https://a\"; }; "                        \
	"q = { origins = \"https://b\"; }; };\n"                             \
	"routes = (\n"                                                       \
	"{ path = \"/a\"; methods = [ \"GET\" ]; service = \"be\"; "         \
	"cors = \"p\"; },\n"                                                 \
	"{ path = \"/a\"; methods = [ \"PUT\", \"PURGE\" ]; "                \
	"service = \"be\"; cors = \"p\"; },\n"                               \
	"{ path = \"/a\"; methods = [ \"DELETE\" ]; service = \"be\"; "      \
	"cors = \"q\"; },\n"                                                 \
	"{ path = \"/a\"; methods = [ \"OPTIONS\" ]; service = \"be\"; },\n" \
	"{ path = \"/b\"; service = \"be\"; cors = \"p\"; "                  \
	"match = ( { header = \"X-Two\"; value = \"2\"; } ); },\n"           \
	"{ path = \"/b\"; service = \"be\"; cors = \"q\"; "                  \
	"match = ( { cookie = \"c\"; } ); },\n"                              \
	"{ path = \"/b\"; service = \"be\"; },\n"                            \
	"{ path = \"/c\"; methods = [ \"PUT\" ]; service = \"be\"; "         \
	"cors = \"q\"; match = ( { query = \"v\"; value = \"2\"; } ); },\n"  \
	"{ path = \"/c\"; methods = [ \"GET\" ]; service = \"be\"; },\n"     \
	"{ path = \"/c\"; methods = [ \"POST\" ]; service = \"be\"; "        \
	"cors = \"p\"; } );\n"

#define BIT(m) (UINT32_C(1) << METHOD_##m)

/* Routes are numbered by their place; -1: none. */
static const struct {
	const char *target, *method, *names;
	enum route_verdict verdict;
	int route;
	enum preflight preflight;
	uint32_t allow;
} cases[] = {
	{ "/a", "GET", "", ROUTE_FOUND, 0, PREFLIGHT_ROUTED,
	    BIT(GET) | BIT(HEAD) | BIT(PUT) | 1 },
	{ "/a", "HEAD", "", ROUTE_FOUND, 0, PREFLIGHT_ROUTED,
	    BIT(GET) | BIT(HEAD) | BIT(PUT) | 1 },
	{ "/a", "PURGE", "", ROUTE_FOUND, 1, PREFLIGHT_ROUTED,
	    BIT(GET) | BIT(HEAD) | BIT(PUT) | 1 },
	{ "/a", "DELETE", "", ROUTE_FOUND, 2, PREFLIGHT_ROUTED, BIT(DELETE) },
	/* Methods have capitals. */
	{ "/a", "put", "", ROUTE_FOUND, 3, PREFLIGHT_ASTRAY, 0 },
	{ "/a", "PATCH", "", ROUTE_FOUND, 3, PREFLIGHT_ASTRAY, 0 },
	{ "/a", "OPTIONS", "", ROUTE_FOUND, 3, PREFLIGHT_ASTRAY, 0 },
	{ "/a", "", "", ROUTE_FOUND, 3, PREFLIGHT_ASTRAY, 0 },
	/* A cookie may come along, a field does if it is named. */
	{ "/b", "GET", "x-one", ROUTE_FOUND, 5, PREFLIGHT_ROUTED, 0 },
	{ "/b", "GET", "x-one, X-TWO", ROUTE_FOUND, 4, PREFLIGHT_ROUTED, 0 },
	{ "/c", "PUT", "", ROUTE_NO_METHOD, -1, PREFLIGHT_ASTRAY,
	    BIT(GET) | BIT(HEAD) | BIT(POST) },
	{ "/c?v=2", "PUT", "", ROUTE_FOUND, 7, PREFLIGHT_ROUTED, BIT(PUT) },
	{ "/c", "GET", "", ROUTE_NO_METHOD, -1, PREFLIGHT_ASTRAY,
	    BIT(GET) | BIT(HEAD) | BIT(POST) },
	{ "/d", "GET", "", ROUTE_NO_PATH, -1, PREFLIGHT_NONE, 0 },
};

static struct conf_try t;
static struct contexts *ctx;

static void
set_up(void)
{
	conf_try_text(&t, CONF LISTENER SERVICE);
	ck_assert_str_eq(t.complaints, "");
	ctx = contexts_new();
}

static void
tear_down(void)
{
	contexts_free(ctx);
	conf_try_fini(&t);
}

static const struct img_head *
image(void)
{
	return (const struct img_head *)(void *)t.c.image;
}

static void
ask(struct kit_request *q, const char *method, const char *target,
    const char *asked, const char *names)
{
	kit_request_init(q, method, "h", target);
	kit_request_field(q, "Origin", "https://a");
	if (asked != NULL)
		kit_request_field(q, "Access-Control-Request-Method", asked);
	kit_request_field(q, "Access-Control-Request-Headers", names);
	kit_request_find(q, image(), ctx);
}

START_TEST(each)
{
	struct kit_request q;

	ask(&q, "OPTIONS", cases[_i].target, cases[_i].method, cases[_i].names);
	ck_assert_int_eq(q.verdict, cases[_i].verdict);
	ck_assert_int_eq(q.match.route != NULL
		? (int)img_route_index(image(), q.match.route)
		: -1,
	    cases[_i].route);
	ck_assert_int_eq(q.match.preflight, cases[_i].preflight);
	if (q.match.preflight == PREFLIGHT_ROUTED ||
	    q.verdict == ROUTE_NO_METHOD)
		ck_assert_uint_eq(q.match.allow, cases[_i].allow);
	/* Who is refused on a path with policies is told by one of them. */
	ck_assert(q.verdict != ROUTE_NO_METHOD || q.match.cors != NULL);
}
END_TEST

/* Other requests are not, whatever they carry. */
START_TEST(no_preflights)
{
	struct kit_request q;

	ask(&q, "OPTIONS", "/a", NULL, "");
	ck_assert_int_eq(q.verdict, ROUTE_FOUND);
	ck_assert_uint_eq(img_route_index(image(), q.match.route), 3);
	ck_assert_int_eq(q.match.preflight, PREFLIGHT_NONE);
	ask(&q, "GET", "/a", "DELETE", "");
	ck_assert_uint_eq(img_route_index(image(), q.match.route), 0);
	ck_assert_int_eq(q.match.preflight, PREFLIGHT_NONE);
	/* A name in a real request is no field. */
	ask(&q, "GET", "/b", "GET", "x-two");
	ck_assert_uint_eq(img_route_index(image(), q.match.route), 6);
	kit_request_init(&q, "OPTIONS", "h", "/a");
	kit_request_field(&q, "Access-Control-Request-Method", "GET");
	kit_request_find(&q, image(), ctx);
	ck_assert_uint_eq(img_route_index(image(), q.match.route), 3);
	ck_assert_int_eq(q.match.preflight, PREFLIGHT_NONE);
}
END_TEST

/* Which policy an answer goes by. */
START_TEST(policies)
{
	const struct img_cors *all = img_at(image(), image()->cors.off);
	struct kit_request q;

	ask(&q, "DELETE", "/a", NULL, "");
	ck_assert_ptr_eq(route_cors(image(), &q.match), &all[1]);
	ask(&q, "PATCH", "/a", NULL, "");
	ck_assert_int_eq(q.verdict, ROUTE_NO_METHOD);
	ck_assert_ptr_eq(route_cors(image(), &q.match), &all[0]);
	ask(&q, "PATCH", "/b", NULL, "");
	ck_assert_int_eq(q.verdict, ROUTE_FOUND);
	ck_assert_ptr_null(route_cors(image(), &q.match));
	ask(&q, "GET", "/d", NULL, "");
	ck_assert_ptr_null(route_cors(image(), &q.match));
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("route_preflight");

	tcase_add_checked_fixture(tc, set_up, tear_down);
	tcase_add_loop_test(
	    tc, each, 0, (int)(sizeof(cases) / sizeof(cases[0])));
	tcase_add_test(tc, no_preflights);
	tcase_add_test(tc, policies);
	return conf_try_run("route_preflight", tc);
}
