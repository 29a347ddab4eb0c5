/*
 * rate_limits: what is refused, where, and with which words.
 */
#include "tests/unit/master/conf_try.h"

/* A limit with these keys, on the first line. */
#define LIMIT(keys) "rate_limits = { l = { " keys " }; };\n" REST
/* A good one, and a route that names these, on line 5. */
#define NAMES(names)                                                         \
	"rate_limits = { per_ip = { key = \"address\"; rate = \"1/s\"; };\n" \
	"per_user = { key = [ \"user\", \"route\" ]; rate = \"1/s\"; }; "    \
	"};\n" LISTENER SERVICE                                              \
	"routes = ( { path = \"/\"; service = \"be\"; "                      \
	"rate_limits = " names "; } );\n"

static const struct conf_case good[] = {
	{ LIMIT("key = \"address\"; rate = \"10/s\"; burst = 3;"), "" },
	{ LIMIT("key = [ \"address\", \"user\", \"tenant\", \"header:X-A\" ];"
		" rate = \"1000000000/min\"; algorithm = \"sliding_window\";"),
	    "" },
	{ "overload = { };\n" LIMIT(
	      "key = \"global\"; rate = \"5/day\"; adaptive = true; "
	      "algorithm = \"fixed_window\"; "
	      "multiplier = { normal = 0.5; emergency = 0; };"),
	    "" },
	{ LIMIT("key = \"service\"; rate = \"5/month\"; "
		"algorithm = \"quota\";"),
	    "" },
	{ LIMIT("key = \"route\"; limit = 1048575; "
		"algorithm = \"concurrency\";"),
	    "" },
	{ NAMES("[ \"per_ip\" ]"), "" },
	{ NAMES("\"per_ip\""), "" },
	/* Its limits go by its class. */
	{ "rate_limits = { a = { key = \"global\"; rate = \"1/s\"; }; "
	  "};\n" LISTENER "routes = ( { path = \"/\"; respond = { }; "
	  "priority = \"emergency\"; rate_limits = \"a\"; } );\n",
	    "" },
};

static const struct conf_case bad[] = {
	{ LIMIT("key = \"global\"; rate = \"1/s\"; adaptive = true;"),
	    "f:1: adaptive: nothing is shed without overload\n" },
	{ LIMIT("rate = \"1/s\";"), "f:1: a rate limit needs a key\n" },
	{ LIMIT("key = [ ]; rate = \"1/s\";"),
	    "f:1: a rate limit needs a key\n" },
	{ LIMIT("key = \"adress\"; rate = \"1/s\";"),
	    "f:1: key: \"adress\" is no key; there is \"address\", \"user\", "
	    "\"tenant\", \"service\", \"route\", \"header:NAME\" and "
	    "\"global\"\n" },
	{ LIMIT("key = [ \"user:x\", \"header\", \"header:\", "
		"\"header:a b\" ]; rate = \"1/s\";"),
	    "f:1: key: \"user:x\" has a name, and needs none\n"
	    "f:1: key: \"header\" needs a name, as in \"header:X-Api-Key\"\n"
	    "f:1: key: \"header:\" needs a name, as in \"header:X-Api-Key\"\n"
	    "f:1: key: \"header:a b\" needs a name, as in "
	    "\"header:X-Api-Key\"\n" },
	{ LIMIT("key = [ \"route\", \"global\" ]; rate = \"1/s\";"),
	    "f:1: key: \"global\" is all requests together: it stands "
	    "alone\n" },
	{ LIMIT("key = [ \"route\", \"user\", \"route\" ]; rate = \"1/s\";"),
	    "f:1: key: \"route\" is there twice\n" },
	{ LIMIT("key = [ \"route\", \"user\", \"tenant\", \"address\", "
		"\"service\" ]; rate = \"1/s\";"),
	    "f:1: key: \"service\" is one more than the four that a key may "
	    "have\n" },
	{ LIMIT("key = \"route\";"), "f:1: a rate limit needs a rate\n" },
	{ LIMIT("key = \"route\"; rate = \"0/s\";"),
	    "f:1: rate: 0/s is out of range (1 to 1000000000)\n" },
	{ LIMIT("key = \"route\"; rate = \"5/week\";"),
	    "f:1: rate: expected a rate such as \"1000/min\"; \"5/week\" has "
	    "an unknown period (known: s, min, hour, day, month)\n" },
	{ LIMIT("key = \"route\"; rate = \"5\";"),
	    "f:1: rate: expected a rate such as \"1000/min\"; \"5\" has no "
	    "period (such as 10/s or 1000/min)\n" },
	{ LIMIT("key = \"route\"; rate = 5;"),
	    "f:1: rate: expected a rate such as \"1000/min\", got an "
	    "integer\n" },
	{ LIMIT("key = \"route\"; rate = \"5/hour\"; algorithm = \"quota\";"),
	    "f:1: rate: a quota is of a \"day\" or a \"month\"\n" },
	{ LIMIT("key = \"route\"; rate = \"5/month\";"),
	    "f:1: rate: only a quota counts by the month\n" },
	{ LIMIT("key = \"route\"; rate = \"5/month\"; "
		"algorithm = \"fixed_window\";"),
	    "f:1: rate: only a quota counts by the month\n" },
	{ LIMIT("key = \"route\"; rate = \"5/s\"; burst = 2; "
		"algorithm = \"sliding_window\";"),
	    "f:1: burst: a limit of the algorithm \"sliding_window\" has "
	    "none\n" },
	{ LIMIT("key = \"route\"; rate = \"5/s\"; burst = 0;"),
	    "f:1: burst: 0 is out of range (1 to 1000000000)\n" },
	{ LIMIT("key = \"route\"; rate = \"5/s\"; limit = 2;"),
	    "f:1: limit: a limit of the algorithm \"token_bucket\" has "
	    "none\n" },
	{ LIMIT("key = \"route\"; rate = \"5/s\"; "
		"algorithm = \"concurrency\";"),
	    "f:1: rate: a limit of the algorithm \"concurrency\" has none\n"
	    "f:1: a rate limit of the algorithm \"concurrency\" needs a "
	    "limit\n" },
	{ LIMIT("key = \"route\"; rate = \"5/s\"; algorithm = \"bucket\";"),
	    "f:1: algorithm: there is no \"bucket\" (there is "
	    "\"token_bucket\", \"sliding_window\", \"fixed_window\", "
	    "\"quota\", \"concurrency\")\n" },
	{ LIMIT("key = \"route\"; rate = \"20000000/s\";"),
	    "f:1: rate: a token bucket takes 10000000/s at most\n" },
	{ LIMIT("key = \"route\"; rate = \"1/day\"; burst = 81;"),
	    "f:1: burst: the bucket would take more than 80 days to fill\n" },
	{ LIMIT("key = \"route\"; limit = 1000000; "
		"algorithm = \"concurrency\"; multiplier = { priority = 1.5; "
		"};"),
	    "f:1: multiplier.priority: the limit becomes more than "
	    "1048575\n" },
	{ LIMIT("key = \"route\"; rate = \"5/s\"; multiplier = { normal = 0; "
		"priority = 0.0; emergency = 0; };"),
	    "f:1: multiplier: no class of requests is counted\n" },
	{ LIMIT("key = \"route\"; rate = \"5/s\"; brust = 1;"),
	    "f:1: unknown key \"brust\" in a rate limit; did you mean "
	    "\"burst\"?\n" },
	{ "rate_limits = ( { name = \"p\"; key = \"route\"; rate = \"1/s\"; "
	  "},\n{ name = \"p\"; key = \"route\"; rate = \"1/s\"; } );\n" REST,
	    "f:2: there is a rate limit \"p\" already, at f:1\n" },
	{ "rate_limits = ( { name = \"a b\"; key = \"route\"; "
	  "rate = \"1/s\"; },\n{ name = \"a/b\"; key = \"route\"; "
	  "rate = \"1/s\"; } );\n" REST,
	    "f:1: name: \"a b\" has a space, a slash, a quote or a character "
	    "outside ASCII\n"
	    "f:2: name: \"a/b\" has a space, a slash, a quote or a character "
	    "outside ASCII\n" },
	{ "rate_limits = ( { key = \"route\"; rate = \"1/s\"; } );\n" REST,
	    "f:1: a rate limit in a list needs a name\n" },
	{ NAMES("[ \"per_ip\", \"per-ip\" ]"),
	    "f:5: rate_limits: there is no rate limit \"per-ip\"; did you "
	    "mean \"per_ip\"?\n" },
	{ NAMES("[ \"per_ip\", \"per_ip\" ]"),
	    "f:5: rate_limits: \"per_ip\" is there twice\n" },
	{ NAMES("\"per_user\""),
	    "f:5: rate_limits: \"per_user\" counts by whom requests are from, "
	    "and the route has no authenticate\n" },
	{ LISTENER "routes = ( { path = \"/\"; respond = { };\n"
		   "priority = \"emergency\"; } );\n",
	    "f:3: priority: a route with respond sends no request on\n" },
};

START_TEST(each_good)
{
	conf_try_expect(good[_i].text, good[_i].complaints);
}
END_TEST

START_TEST(each_bad)
{
	conf_try_expect(bad[_i].text, bad[_i].complaints);
}
END_TEST

/* What the words have become. */
START_TEST(values)
{
	struct conf_try t;
	const struct conf_rate_limit *l;

	conf_try_text(&t,
	    "rate_limits = { a = { key = [ \"tenant\", \"header:X-A\" ]; "
	    "rate = \"60/min\"; multiplier = { priority = 2.5; }; }; "
	    "};\n" REST);
	ck_assert_str_eq(t.complaints, "");
	l = &t.c.rate_limits[0];
	ck_assert_uint_eq(l->kind, IMG_LIMIT_TOKEN_BUCKET);
	ck_assert_uint_eq(l->rate.count, 60);
	ck_assert_uint_eq(l->rate.per_us, 60000000);
	ck_assert_uint_eq(l->burst, 60);
	ck_assert_uint_eq(l->part_count, 2);
	ck_assert_uint_eq(l->parts[0].part, IMG_LIMIT_TENANT);
	ck_assert_uint_eq(l->parts[1].part, IMG_LIMIT_HEADER);
	ck_assert_str_eq(l->parts[1].name, "X-A");
	ck_assert(l->late);
	ck_assert_uint_eq(l->multiplier[IMG_CLASS_NORMAL], 1000);
	ck_assert_uint_eq(l->multiplier[IMG_CLASS_PRIORITY], 2500);
	conf_try_fini(&t);
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("conf_check_limits");

	tcase_add_loop_test(
	    tc, each_good, 0, (int)(sizeof(good) / sizeof(good[0])));
	tcase_add_loop_test(
	    tc, each_bad, 0, (int)(sizeof(bad) / sizeof(bad[0])));
	tcase_add_test(tc, values);
	return conf_try_run("conf_check_limits", tc);
}
