/*
 * What answers instead of a service: names, answers, statuses; and what routes
 * make of it.
 */
#include "tests/unit/master/conf_try.h"

#define ENDS "endpoints = ( { address = \"127.0.0.1:81\"; } ); "
/* Service "be" with this fallback, on line 2 and those after it. */
#define FALLBACK(keys)                                                     \
	LISTENER "services = { be = { fallback = { " keys " }; " ENDS      \
		 "}; spare = { " ENDS "}; h2 = { protocol = \"h2\"; " ENDS \
		 "}; };\n" ROUTE

static const struct conf_case bad[] = {
	{ FALLBACK(""),
	    "f:2: fallback: it is a service or respond, and there is "
	    "neither\n" },
	{ FALLBACK("on = \"503\";"),
	    "f:2: fallback: it is a service or respond, and there is "
	    "neither\n" },
	{ FALLBACK("service = \"spare\"; respond = { };"),
	    "f:2: fallback: it is a service or respond, not both\n" },
	{ FALLBACK("\nservice = \"spar\";"),
	    "f:3: fallback.service: there is no service \"spar\"; did you mean "
	    "\"spare\"?\n" },
	{ FALLBACK("service = \"b\";"),
	    "f:2: fallback.service: there is no service \"b\"\n" },
	{ FALLBACK("service = \"be\";"),
	    "f:2: fallback.service: service \"be\" does not stand in for "
	    "itself\n" },
	{ FALLBACK("respond = { status = 204;\nbody = \"x\"; };"),
	    "f:3: fallback.respond.body: an answer with status 204 has no "
	    "body\n" },
	{ FALLBACK("respond = { status = 199; };"),
	    "f:2: fallback.respond.status: 199 is out of range (200 to "
	    "599)\n" },
	{ FALLBACK("respond = { body = \"{nobody}\"; };"),
	    "f:2: fallback.respond.body \"{nobody}\" has the unknown name "
	    "{nobody}\n" },
	{ FALLBACK("respond = { body = \"{1}\"; };"),
	    "f:2: fallback.respond.body \"{1}\" has {1}, but the path is no "
	    "regular "
	    "expression\n" },
	{ FALLBACK("respond = { }; on = [ \"399\",\n\"60\", \"503\", \"503\" "
		   "];"),
	    "f:2: fallback.on: \"399\" is no failure: those begin at 400\n"
	    "f:3: fallback.on: \"60\" is no status and no range of them, such "
	    "as \"200-299\"\n"
	    "f:3: fallback.on: \"503\" is there twice\n" },
	{ FALLBACK("respond = { }; on = \"connect\";"),
	    "f:2: fallback.on: \"connect\" is no status and no range of them, "
	    "such as \"200-299\"\n" },
	{ FALLBACK("respond = { kind = 1; };"),
	    "f:2: unknown key \"kind\" in \"fallback.respond\"\n" },
	{ LISTENER "services = { be = { protocol = \"h2\"; fallback = { "
		   "service = \"old\"; }; " ENDS "}; old = { " ENDS "}; };\n"
		   "routes = ( { path = \"/\"; service = \"be\"; grpc_web = "
		   "true; } );\n",
	    "f:3: grpc_web: it needs protocol = \"h2\" in service \"old\", the "
	    "fallback of \"be\"\n" },
	{ LISTENER SERVICE "routes = ( { path = \"/\"; respond = { }; "
			   "retry_unsafe = true; } );\n",
	    "f:3: retry_unsafe: a route with respond sends no request on\n" },
};

START_TEST(each_bad)
{
	conf_try_expect(bad[_i].text, bad[_i].complaints);
}
END_TEST

static const struct img_head *
image(const struct conf_try *t)
{
	return (const struct img_head *)(const void *)t->c.image;
}

static const struct img_fallback *
fallback(const struct conf_try *t, size_t i)
{
	const struct img_service *s = img_at(image(t), image(t)->services.off);

	return &s[i].fallback;
}

static uint32_t
filters(const struct conf_try *t, size_t i)
{
	const struct img_route *r = img_at(image(t), image(t)->routes.off);

	return r[i].filters &
	    (1u << IMG_FILTER_FALLBACK | 1u << IMG_FILTER_IDENTITY);
}

START_TEST(none)
{
	struct conf_try t;

	conf_try_text(&t, REST);
	ck_assert_str_eq(t.complaints, "");
	ck_assert_uint_eq(fallback(&t, 0)->service, IMG_NONE);
	ck_assert_uint_eq(fallback(&t, 0)->respond, IMG_NONE);
	ck_assert_uint_eq(fallback(&t, 0)->statuses.count, 0);
	ck_assert_uint_eq(filters(&t, 0), 0);
	conf_try_fini(&t);
}
END_TEST

START_TEST(a_service)
{
	const struct img_range *on;
	struct conf_try t;

	conf_try_text(&t,
	    FALLBACK("service = \"spare\"; on = [ \"503\", \"504-511\" ];"));
	ck_assert_str_eq(t.complaints, "");
	ck_assert_uint_eq(fallback(&t, 0)->service, 1);
	ck_assert_uint_eq(fallback(&t, 0)->respond, IMG_NONE);
	ck_assert_uint_eq(fallback(&t, 0)->statuses.count, 2);
	on = img_at(image(&t), fallback(&t, 0)->statuses.off);
	ck_assert_uint_eq(on[0].from, 503);
	ck_assert_uint_eq(on[1].to, 511);
	ck_assert_uint_eq(filters(&t, 0), 1u << IMG_FILTER_FALLBACK);
	conf_try_fini(&t);
}
END_TEST

START_TEST(an_answer)
{
	const struct img_respond *all;
	struct conf_try t;

	conf_try_text(&t,
	    LISTENER
	    "services = { be = { fallback = { respond = { status = 299; body = "
	    "\"x {path}\"; content_type = \"a/b\"; }; }; " ENDS
	    "}; };\nroutes = ( { path = \"/p\"; respond = { }; }, "
	    "{ path = \"/\"; service = \"be\"; } );\n");
	ck_assert_str_eq(t.complaints, "");
	ck_assert_uint_eq(fallback(&t, 0)->service, IMG_NONE);
	all = img_at(image(&t), image(&t)->responds.off);
	ck_assert_uint_eq(image(&t)->responds.count, 2);
	ck_assert_uint_lt(fallback(&t, 0)->respond, 2);
	ck_assert_uint_eq(all[fallback(&t, 0)->respond].status, 299);
	ck_assert_uint_eq(all[fallback(&t, 0)->respond].body.count, 2);
	ck_assert_uint_eq(all[fallback(&t, 0)->respond].content_type.len, 3);
	/* Nothing is kept for another service. */
	ck_assert_uint_eq(filters(&t, 1), 0);
	conf_try_fini(&t);
}
END_TEST

/* A token of the fallback's own, a split, and a circle. */
START_TEST(what_routes_need)
{
	struct conf_try t;

	conf_try_text(&t,
	    LISTENER
	    "services = { a = { fallback = { service = \"b\"; }; " ENDS
	    "}; b = { fallback = { service = \"a\"; }; token = { }; " ENDS
	    "}; c = { " ENDS "}; };\n"
	    "routes = ( { path = \"/a\"; service = \"a\"; }, "
	    "{ path = \"/c\"; service = \"c\"; }, { path = \"/s\"; split = ( "
	    "{ service = \"c\"; }, { service = \"a\"; } ); } );\n");
	ck_assert_str_eq(t.complaints, "");
	ck_assert_uint_eq(filters(&t, 0),
	    1u << IMG_FILTER_FALLBACK | 1u << IMG_FILTER_IDENTITY);
	ck_assert_uint_eq(filters(&t, 1), 0);
	ck_assert_uint_eq(filters(&t, 2), filters(&t, 0));
	conf_try_fini(&t);
}
END_TEST

START_TEST(damage)
{
	struct conf_try t;
	struct img_head *img;
	struct img_service *s;

	conf_try_text(&t, FALLBACK("service = \"spare\"; on = \"503\";"));
	img = (struct img_head *)(void *)t.c.image;
	s = (struct img_service *)(void *)((char *)img + img->services.off);
	uint32_t *const words[] = { &s->fallback.service, &s->fallback.respond,
		&s->fallback.statuses.off, &s->fallback.statuses.count };
	ck_assert(image_check(img, img->bytes));
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		uint32_t old = *words[i];

		*words[i] = 0xfffffff0;
		ck_assert_msg(!image_check(img, img->bytes), "%zu", i);
		*words[i] = old;
	}
	conf_try_fini(&t);
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("all");

	tcase_add_loop_test(
	    tc, each_bad, 0, (int)(sizeof(bad) / sizeof(bad[0])));
	tcase_add_test(tc, none);
	tcase_add_test(tc, a_service);
	tcase_add_test(tc, an_answer);
	tcase_add_test(tc, what_routes_need);
	tcase_add_test(tc, damage);
	return conf_try_run("conf_check_fallback", tc);
}
