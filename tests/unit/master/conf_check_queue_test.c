/*
 * Queues of services: what is refused, what is off, and what goes without
 * saying.
 */
#include "tests/unit/master/conf_try.h"

#define BOUND "pool = { max_connections = 2; };\n"

static const struct conf_case bad[] = {
	{ SERVICE_WITH("queue = { };"),
	    "f:2: queue: nobody would wait, since pool.max_connections sets no "
	    "bound\n" },
	{ SERVICE_WITH("pool = { max_connections = 0; };\n"
		       "queue = { length = 5; };"),
	    "f:3: queue: nobody would wait, since pool.max_connections sets no "
	    "bound\n" },
	{ SERVICE_WITH(BOUND "queue = { length = 0; timeout = \"0\"; };"),
	    "f:3: queue.length: 0 is out of range (1 to 65536)\n"
	    "f:3: queue.timeout: 0 is out of range (\"1ms\" to \"1h\")\n" },
	{ SERVICE_WITH(BOUND "queue = { length = 65537; };"),
	    "f:3: queue.length: 65537 is out of range (1 to 65536)\n" },
	{ SERVICE_WITH(BOUND "queue = { size = 1; };"),
	    "f:3: unknown key \"size\" in \"queue\"\n" },
};

START_TEST(each_bad)
{
	conf_try_expect(bad[_i].text, bad[_i].complaints);
}
END_TEST

START_TEST(off_without_the_group)
{
	struct conf_try t;

	conf_try_text(&t, SERVICE_WITH(BOUND));
	ck_assert_str_eq(t.complaints, "");
	ck_assert_uint_eq(t.c.services[0].queue.length, 0);
	conf_try_fini(&t);
}
END_TEST

START_TEST(defaults)
{
	struct conf_try t;

	conf_try_text(&t, SERVICE_WITH(BOUND "queue = { };"));
	ck_assert_str_eq(t.complaints, "");
	ck_assert_uint_eq(t.c.services[0].queue.length, 100);
	ck_assert_uint_eq(t.c.services[0].queue.timeout_us, 1000000);
	conf_try_fini(&t);
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("all");

	tcase_add_loop_test(
	    tc, each_bad, 0, (int)(sizeof(bad) / sizeof(bad[0])));
	tcase_add_test(tc, off_without_the_group);
	tcase_add_test(tc, defaults);
	return conf_try_run("conf_check_queue", tc);
}
