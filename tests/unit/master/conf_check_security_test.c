/*
 * What answers tell browsers: values that they understand, and what is in force
 * on which route.
 */
#include <stdio.h>

#include "tests/unit/master/conf_try.h"

#define TOP(keys) "security_headers = { " keys " };\n" REST

static const struct conf_case bad[] = {
	{ TOP("frame_options = \"denny\";"),
	    "f:1: security_headers.frame_options: browsers know no \"denny\" "
	    "(they know: deny sameorigin)\n" },
	{ TOP("frame_options = \"deny, sameorigin\";"),
	    "f:1: security_headers.frame_options: browsers know no \"deny, "
	    "sameorigin\" (they know: deny sameorigin)\n" },
	{ TOP("content_type_options = \"sniff\";"),
	    "f:1: security_headers.content_type_options: browsers know no "
	    "\"sniff\" (they know: nosniff)\n" },
	{ TOP("cross_origin_resource_policy = \"same-origin; x\"; "
	      "cross_origin_opener_policy = \"same\";"),
	    "f:1: security_headers.cross_origin_opener_policy: browsers know "
	    "no \"same\" (they know: same-origin same-origin-allow-popups "
	    "noopener-allow-popups unsafe-none)\n" },
	{ TOP("hsts = \"includeSubDomains\";"),
	    "f:1: security_headers.hsts: \"includeSubDomains\" has no max-age, "
	    "such as \"max-age=31536000\"\n" },
	{ TOP("hsts = \"max-age=\";"),
	    "f:1: security_headers.hsts: \"max-age=\" has no max-age, such as "
	    "\"max-age=31536000\"\n" },
	{ TOP("csp = \" default-src *\";"),
	    "f:1: security_headers.csp: \" default-src *\" has a space at an "
	    "end or a character outside ASCII\n" },
	{ TOP("csp = \"default-src \xc3\xa9\";"),
	    "f:1: security_headers.csp: \"default-src \xc3\xa9\" has a space "
	    "at an end or a character outside ASCII\n" },
	{ TOP("csp = \"a\\nb\";"),
	    "f:1: security_headers.csp: the string holds a control "
	    "character\n" },
	{ TOP("preset = \"oswap\";"),
	    "f:1: security_headers.preset: there is no \"oswap\" (there is "
	    "\"owasp\", \"none\")\n" },
	{ TOP("remove = [ \"Server\", \"X Y\", \"Content-Length\", "
	      "\"Server\" ];"),
	    "f:1: security_headers.remove: \"X Y\" is not the name of a header "
	    "field\n"
	    "f:1: security_headers.remove: \"Content-Length\" frames the "
	    "message and cannot be changed\n"
	    "f:1: security_headers.remove: \"Server\" is there twice\n" },
	{ TOP("frame_option = \"deny\";"),
	    "f:1: unknown key \"frame_option\" in \"security_headers\"; did "
	    "you mean \"frame_options\"?\n" },
	{ LISTENER SERVICE
	    "routes = ( { path = \"/\"; service = \"be\";\n"
	    "security_headers = { frame_options = \"no\"; }; } );\n",
	    "f:4: security_headers.frame_options: browsers know no \"no\" "
	    "(they know: deny sameorigin)\n" },
	/* Good ones. */
	{ TOP("preset = \"owasp\";"), "" },
	{ TOP("hsts = \"includeSubDomains; MAX-AGE=\\\"1\\\"\"; "
	      "frame_options = \"SameOrigin\"; referrer_policy = "
	      "\"no-referrer, strict-origin-when-cross-origin\"; "
	      "cross_origin_embedder_policy = "
	      "\"require-corp; report-to=\\\"x\\\"\"; csp = \"\"; "
	      "remove = [ ];"),
	    "" },
};

START_TEST(each_bad)
{
	conf_try_expect(bad[_i].text, bad[_i].complaints);
}
END_TEST

/* ---- what is in force ---- */

#define ROUTES                                                         \
	LISTENER SERVICE                                               \
	    "routes = ( { path = \"/0\"; service = \"be\"; },\n"       \
	    "{ path = \"/1\"; service = \"be\"; security_headers = { " \
	    "frame_options = \"deny\"; hsts = \"\"; }; },\n"           \
	    "{ path = \"/2\"; service = \"be\"; security_headers = { " \
	    "preset = \"none\"; }; },\n"                               \
	    "{ path = \"/3\"; service = \"be\"; security_headers = { " \
	    "preset = \"owasp\"; remove = [ ]; csp = \"\"; }; } );\n"

static const struct img_security *
security_of(const struct conf_try *t, int route)
{
	const struct img_head *img =
	    (const struct img_head *)(void *)t->c.image;
	const struct img_route *routes = img_at(img, img->routes.off);
	const struct img_security *all = img_at(img, img->security.off);
	uint32_t i = route < 0 ? img->security_own : routes[route].security;
	uint32_t always =
	    route < 0 ? img->always : img_route_always(&routes[route]);

	ck_assert_uint_eq(
	    always >> IMG_FILTER_SECURITY_HEADERS & 1, i != IMG_NONE);
	return i != IMG_NONE ? &all[i] : NULL;
}

/* "Name=value|..." and "-n" for n names that are removed. */
static void
expect(const struct conf_try *t, int route, const char *want)
{
	const struct img_head *img =
	    (const struct img_head *)(void *)t->c.image;
	const struct img_security *s = security_of(t, route);
	const struct img_security_field *f;
	struct text got = { 0 };

	if (s != NULL) {
		f = img_at(img, s->set.off);
		for (uint32_t i = 0; i < s->set.count; i++)
			text_printf(&got, "%.*s=%.*s|",
			    SLICE_FMT(img_slice(img, f[i].name)),
			    SLICE_FMT(img_slice(img, f[i].value)));
		text_printf(&got, "-%u",
		    s->remove.count +
			(unsigned)__builtin_popcountll(s->remove_ids));
	}
	text_add_char(&got, '\0');
	ck_assert_str_eq(got.p, want);
	text_fini(&got);
}

START_TEST(in_force)
{
	struct conf_try t;

	conf_try_text(&t,
	    "security_headers = { hsts = \"max-age=1\"; "
	    "referrer_policy = \"origin\"; remove = \"Server\"; };\n" ROUTES);
	ck_assert_str_eq(t.complaints, "");
	expect(&t, -1,
	    "Strict-Transport-Security=max-age=1|Referrer-Policy=origin|-1");
	expect(&t, 0,
	    "Strict-Transport-Security=max-age=1|Referrer-Policy=origin|-1");
	expect(&t, 1, "X-Frame-Options=deny|Referrer-Policy=origin|-1");
	expect(&t, 2, "");
	ck_assert_uint_eq(security_of(&t, 3)->set.count, 9);
	ck_assert_uint_eq(security_of(&t, 3)->remove.count, 0);
	conf_try_fini(&t);
}
END_TEST

/* The top level has none: nothing is on where the route says nothing. */
START_TEST(of_routes_alone)
{
	struct conf_try t;

	conf_try_text(&t, ROUTES);
	ck_assert_str_eq(t.complaints, "");
	expect(&t, -1, "");
	expect(&t, 0, "");
	expect(&t, 1, "X-Frame-Options=deny|-0");
	expect(&t, 2, "");
	conf_try_fini(&t);
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("conf_check_security");

	tcase_add_loop_test(
	    tc, each_bad, 0, (int)(sizeof(bad) / sizeof(bad[0])));
	tcase_add_test(tc, in_force);
	tcase_add_test(tc, of_routes_alone);
	return conf_try_run("conf_check_security", tc);
}
