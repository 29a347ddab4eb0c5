/*
 * Tests of build_lines.c: the image knows where routes, what turns their
 * filters on, and what they refer to was written.
 */
#include "tests/unit/master/conf_try.h"

#define CONF                                                        \
	"acl = { deny = [ \"10.9.0.0/16\" ]; };\n"                  \
	"rate_limits = {\n"                                         \
	"  slow = { key = \"address\"; rate = \"7/s\"; };\n"        \
	"  quick = { key = \"address\"; rate = \"9/s\"; };\n"       \
	"};\n" LISTENER SERVICE                                     \
	"cors = { open = { origins = [ \"https://a.example\" ]; };" \
	" };\n"                                                     \
	"routes = ( { path = \"/\"; service = \"be\"; },\n"         \
	"  { path = \"/x\";\n"                                      \
	"    rate_limits = [ \"quick\" ];\n"                        \
	"    acl = {\n"                                             \
	"      allow = [ \"127.0.0.1\" ]; };\n"                     \
	"    cors = \"open\";\n"                                    \
	"    respond = {\n"                                         \
	"      status = 204; }; } );\n"

static struct conf_try t;

static void
setup(void)
{
	conf_try_text(&t, CONF);
	ck_assert_str_eq(t.complaints, "");
}

static void
teardown(void)
{
	conf_try_fini(&t);
}

static const struct img_head *
image(void)
{
	return (const struct img_head *)(const void *)t.c.image;
}

/* 0: none. */
static uint32_t
line_of(uint32_t route, uint32_t filter)
{
	const struct img_route_more *all =
	    img_at(image(), image()->routes_more.off);
	const struct img_line *l = img_at(image(), all[route].lines.off);

	for (uint32_t i = 0; i < all[route].lines.count; i++)
		if (l[i].filter == filter) {
			ck_assert(slice_eq(
			    img_slice(image(), l[i].file), SLICE_LIT("f")));
			return l[i].line;
		}
	return 0;
}

START_TEST(of_routes)
{
	ck_assert_uint_eq(line_of(0, IMG_NONE), 9);
	ck_assert_uint_eq(line_of(0, IMG_FILTER_FORWARD), 9);
	ck_assert_uint_eq(line_of(0, IMG_FILTER_LIMIT), 0);
	ck_assert_uint_eq(line_of(1, IMG_NONE), 10);
	ck_assert_uint_eq(line_of(1, IMG_FILTER_LIMIT), 11);
	ck_assert_uint_eq(line_of(1, IMG_FILTER_ACL), 12);
	ck_assert_uint_eq(line_of(1, IMG_FILTER_CORS), 14);
	ck_assert_uint_eq(line_of(1, IMG_FILTER_RESPOND), 15);
	ck_assert_uint_eq(line_of(1, IMG_FILTER_FORWARD), 0);
}
END_TEST

static uint32_t
place_line(enum img_place_of of, uint32_t index)
{
	const struct img_place *p = image_place(image(), of, index);

	return p != NULL ? p->line : 0;
}

START_TEST(of_what_they_refer_to)
{
	ck_assert_uint_eq(place_line(IMG_PLACE_ACL, 0), 1);
	ck_assert_uint_eq(place_line(IMG_PLACE_LIMIT, 0), 3);
	ck_assert_uint_eq(place_line(IMG_PLACE_LIMIT, 1), 4);
	ck_assert_uint_eq(place_line(IMG_PLACE_LIMIT, 2), 0);
	ck_assert_uint_eq(place_line(IMG_PLACE_LISTENER, 0), 6);
	ck_assert_uint_eq(place_line(IMG_PLACE_SERVICE, 0), 7);
	ck_assert_uint_eq(place_line(IMG_PLACE_CORS, 0), 8);
	ck_assert_uint_eq(place_line(IMG_PLACE_TRACING, 0), 0);
}
END_TEST

START_TEST(lead_nowhere_else)
{
	struct img_head *img = (struct img_head *)(void *)t.c.image;
	struct img_route_more *r =
	    (struct img_route_more *)(void *)(t.c.image + img->routes_more.off);
	struct img_place *p =
	    (struct img_place *)(void *)(t.c.image + img->places.off);
	struct img_line *l =
	    (struct img_line *)(void *)(t.c.image + r->lines.off);

	ck_assert(image_check(img, t.c.image_bytes));
	l[0].filter = IMG_FILTER_COUNT;
	ck_assert(!image_check(img, t.c.image_bytes));
	l[0].filter = IMG_NONE;
	p[0].file.len += 1u << 30;
	ck_assert(!image_check(img, t.c.image_bytes));
	p[0].file.len -= 1u << 30;
	r->lines.count = UINT32_MAX;
	ck_assert(!image_check(img, t.c.image_bytes));
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("build_lines");
	TCase *tc = tcase_create("build_lines");
	SRunner *sr;
	int failed;

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, of_routes);
	tcase_add_test(tc, of_what_they_refer_to);
	tcase_add_test(tc, lead_nowhere_else);
	suite_add_tcase(s, tc);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_NORMAL);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
