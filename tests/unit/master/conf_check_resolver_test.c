/*
 * How names are resolved.
 */
#include "tests/unit/master/conf_try.h"

#define RESOLVER(keys) "resolver = { " keys " };\n" REST

static const struct conf_case bad[] = {
	{ RESOLVER("servers = [ \"10.0.0.1\",\n\"dns.example\" ];"),
	    "f:2: resolver.servers: \"dns.example\" is not a numeric address, "
	    "with or without a port\n" },
	{ RESOLVER("servers = [ \"*:53\", \"10.0.0.1:0\" ];"),
	    "f:1: resolver.servers: \"*:53\" is not a numeric address, with or "
	    "without a port\n"
	    "f:1: resolver.servers: \"10.0.0.1:0\" is not a numeric address, "
	    "with or without a port\n" },
	{ RESOLVER("servers = [ \"::1\", \"::1\" ];"),
	    "f:1: resolver.servers: \"::1\" is there twice\n" },
	{ RESOLVER("\nmin_ttl = \"10m\";"),
	    "f:2: resolver: min_ttl (10m) is longer than max_ttl (5m)\n" },
	{ RESOLVER("min_ttl = \"2s\";\nmax_ttl = \"1s\";"),
	    "f:2: resolver: min_ttl (2s) is longer than max_ttl (1s)\n" },
	{ RESOLVER("timeout = \"0\";"),
	    "f:1: resolver.timeout: 0 is out of range (\"10ms\" to \"1m\")\n" },
	{ RESOLVER("attempts = 0;"),
	    "f:1: resolver.attempts: 0 is out of range (1 to 10)\n" },
};

START_TEST(each_bad)
{
	conf_try_expect(bad[_i].text, bad[_i].complaints);
}
END_TEST

START_TEST(defaults)
{
	struct conf_try t;

	conf_try_text(&t, REST);
	ck_assert_str_eq(t.complaints, "");
	ck_assert_uint_eq(t.c.resolver.servers.count, 0);
	ck_assert_uint_eq(t.c.resolver.min_ttl_us, 1000000);
	ck_assert_uint_eq(t.c.resolver.max_ttl_us, 300000000);
	ck_assert_uint_eq(t.c.resolver.timeout_us, 2000000);
	ck_assert_uint_eq(t.c.resolver.attempts, 3);
	conf_try_fini(&t);
}
END_TEST

START_TEST(servers)
{
	static const char *const texts[] = { "10.0.0.1:53", "[::1]:53",
		"[::2]:53", "127.0.0.1:5353", "[::1]:5353" };
	struct conf_try t;
	char text[ADDR_TEXT_MAX];

	conf_try_text(&t,
	    RESOLVER("servers = [ \"10.0.0.1\", \"::1\", \"[::2]\", "
		     "\"127.0.0.1:5353\", \"[::1]:5353\" ];"));
	ck_assert_str_eq(t.complaints, "");
	ck_assert_uint_eq(t.c.resolver.servers.count, 5);
	for (size_t i = 0; i < 5; i++) {
		(void)addr_text(&t.c.resolver.addrs[i], text);
		ck_assert_str_eq(text, texts[i]);
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
	tcase_add_test(tc, defaults);
	tcase_add_test(tc, servers);
	return conf_try_run("conf_check_resolver", tc);
}
