/*
 * The rules by which addresses are banned: what is said of them, and what the
 * image has of them.
 */
#include "tests/unit/master/conf_try.h"

#define BANS(keys) "bans = { r = { " keys " }; };\n" REST

static const struct conf_case cases[] = {
	{ BANS("status = \"401\";"), "" },
	{ BANS("why = [ \"password_wrong\", \"tls_failed\", \"h2_flood\", "
	       "\"no_route\", \"too_many_connections\", \"rate_limited\" ];"),
	    "" },
	{ BANS("status = [ \"400-403\", \"404\" ]; why = \"bad_request\"; "
	       "count = 1; window = \"1s\"; time = \"1s\"; factor = 1; "
	       "max_time = \"365d\";"),
	    "" },
	{ "bans = ( { name = \"a\"; status = \"401\"; }, "
	  "{ name = \"b\"; status = \"401\"; } );\n" REST,
	    "" },
	{ BANS(""), "f:1: a ban rule needs status, or why, or both\n" },
	{ BANS("status = [ \"4xx\", \"400-399\", \"600\" ];"),
	    "f:1: status: \"4xx\" is no status and no range of them, such as "
	    "\"200-299\"\n"
	    "f:1: status: \"400-399\" is a range that ends before it begins\n"
	    "f:1: status: \"600\" goes beyond the statuses that there are, "
	    "100 to 599\n" },
	{ BANS("status = [ \"401\", \"401\" ];"),
	    "f:1: status: \"401\" is there twice\n" },
	{ BANS("why = [ \"pasword_wrong\",\n\"no_route\", \"no_route\" ];"),
	    "f:1: why: there is no reason \"pasword_wrong\"; did you mean "
	    "\"password_wrong\"?\n"
	    "f:2: why: \"no_route\" is there twice\n" },
	{ BANS("why = [ \"ok\", \"respond\", \"connect_failed\", "
	       "\"overloaded\" ];"),
	    "f:1: why: \"ok\" is nothing that a client has done\n"
	    "f:1: why: \"respond\" is nothing that a client has done\n"
	    "f:1: why: \"connect_failed\" is nothing that a client has done\n"
	    "f:1: why: \"overloaded\" is nothing that a client has done\n" },
	{ BANS("why = [ \"banned\", \"banned_closed\", \"acl_closed\", "
	       "\"bad_proxy_header\" ];"),
	    "f:1: why: \"banned\" cannot be counted\n"
	    "f:1: why: \"banned_closed\" cannot be counted\n"
	    "f:1: why: \"acl_closed\" cannot be counted\n"
	    "f:1: why: \"bad_proxy_header\" cannot be counted\n" },
	{ BANS("status = \"401\"; count = 0;"),
	    "f:1: count: 0 is out of range (1 to 1000000)\n" },
	{ BANS("status = \"401\";\ntime = \"2h\"; max_time = \"1h\";"),
	    "f:2: bans: time (2h) is longer than max_time (1h)\n" },
	{ BANS("status = \"401\";\nmax_time = \"1m\";"),
	    "f:2: bans: time (10m) is longer than max_time (1m)\n" },
	{ BANS("statuses = \"401\";"),
	    "f:1: unknown key \"statuses\" in a ban rule; did you mean "
	    "\"status\"?\n"
	    "f:1: a ban rule needs status, or why, or both\n" },
	{ "bans = { operator = { status = \"401\"; }; };\n" REST,
	    "f:1: bans: \"operator\" stands for bans that no rule made\n" },
	{ "bans = ( { name = \"a\"; status = \"401\"; },\n"
	  "{ name = \"a\"; status = \"401\"; } );\n" REST,
	    "f:2: bans: there is a rule \"a\" already, at f:1\n" },
	{ "bans = ( { status = \"401\"; } );\n" REST,
	    "f:1: a ban rule in a list needs a name\n" },
};

START_TEST(each)
{
	conf_try_expect(cases[_i].text, cases[_i].complaints);
}
END_TEST

START_TEST(not_too_many_rules)
{
	struct text text = { 0 };

	text_add(&text, SLICE_LIT("bans = {\n"));
	for (int i = 0; i < 65; i++)
		text_printf(&text, "r%d = { status = \"401\"; };\n", i);
	text_add(&text, SLICE_LIT("};\n" REST));
	text_add_char(&text, '\0');
	conf_try_expect(
	    text.p, "f:66: bans: there are 65 rules, and 64 are possible\n");
	text_fini(&text);
}
END_TEST

START_TEST(in_the_image)
{
	struct conf_try t;
	const struct img_ban_rule *b;
	const struct img_range *of;
	uint64_t id;

	conf_try_text(&t,
	    "bans = { a = { status = [ \"401\", \"500-599\" ]; why = "
	    "\"no_route\"; factor = 1.5; }; b = { status = \"400\"; count = "
	    "3; window = \"5s\"; time = \"7s\"; max_time = \"9s\"; }; "
	    "};\n" REST);
	const struct img_head *img = (const void *)t.c.image;
	ck_assert(image_check(img, t.c.image_bytes));
	ck_assert_uint_eq(img->protect.bans.count, 2);
	b = img_at(img, img->protect.bans.off);
	of = img_at(img, b[0].statuses.off);
	ck_assert(slice_eq(img_slice(img, b[0].name), SLICE_LIT("a")));
	ck_assert_uint_eq(b[0].count, 20);
	ck_assert_uint_eq(b[0].window_us, 60000000);
	ck_assert_uint_eq(b[0].time_us, 600000000);
	ck_assert_uint_eq(b[0].max_us, UINT64_C(86400000000));
	ck_assert_uint_eq(b[0].factor, 1500);
	ck_assert_uint_eq(b[0].statuses.count, 2);
	ck_assert_uint_eq(of[1].from, 500);
	ck_assert_uint_eq(of[1].to, 599);
	ck_assert_int_eq(__builtin_popcountll(b[0].whys[0]) +
		__builtin_popcountll(b[0].whys[1]),
	    1);
	struct img_ban_rule *rule = (struct img_ban_rule *)(uintptr_t)&b[1];
	uint64_t *words[] = { &rule->count, &rule->window_us, &rule->time_us,
		&rule->max_us };
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		uint64_t old = *words[i];

		*words[i] = 0;
		ck_assert(!image_check(img, t.c.image_bytes));
		*words[i] = old;
	}
	ck_assert_uint_eq(b[1].factor, 2000);
	ck_assert_uint_eq(b[1].whys[0] | b[1].whys[1], 0);
	ck_assert_uint_ne(b[0].id, b[1].id);
	id = b[1].id;
	conf_try_fini(&t);
	/* What was counted by a rule of this name goes on counting. */
	conf_try_text(&t, "bans = { b = { status = \"401\"; }; };\n" REST);
	img = (const void *)t.c.image;
	b = img_at(img, img->protect.bans.off);
	ck_assert_uint_eq(b[0].id, id);
	conf_try_fini(&t);
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("conf_check_bans");

	tcase_add_loop_test(
	    tc, each, 0, (int)(sizeof(cases) / sizeof(cases[0])));
	tcase_add_test(tc, not_too_many_rules);
	tcase_add_test(tc, in_the_image);
	return conf_try_run("conf_check_bans", tc);
}
