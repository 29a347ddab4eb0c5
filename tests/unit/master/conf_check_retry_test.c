/*
 * When requests are sent again; numbers with a point.
 */
#include "tests/unit/master/conf_try.h"

#define RETRY(keys) SERVICE_WITH("retry = { " keys " };")

static const struct conf_case bad[] = {
	{ RETRY("attempts = 0;"),
	    "f:2: retry.attempts: 0 is out of range (1 to 100)\n" },
	{ RETRY("base_delay = \"2s\";\nmax_delay = \"1s\";"),
	    "f:2: retry: base_delay (2s) is longer than max_delay (1s)\n" },
	{ RETRY("\nmax_delay = \"1ms\";"),
	    "f:3: retry: base_delay (25ms) is longer than max_delay (1ms)\n" },
	{ RETRY("factor = 0.999;"),
	    "f:2: retry.factor: 0.999 is out of range (1.0 to 100.0)\n" },
	{ RETRY("factor = 100.001;"),
	    "f:2: retry.factor: 100.001 is out of range (1.0 to 100.0)\n" },
	{ RETRY("factor = -2.0;"),
	    "f:2: retry.factor: -2 is out of range (1.0 to 100.0)\n" },
	{ RETRY("factor = 0;"),
	    "f:2: retry.factor: 0 is out of range (1.0 to 100.0)\n" },
	{ RETRY("factor = 1.0e300;"),
	    "f:2: retry.factor: 1e+300 is out of range (1.0 to 100.0)\n" },
	{ RETRY("factor = 1.0005;"),
	    "f:2: retry.factor: 1.0005 has more than three digits after the "
	    "point\n" },
	{ RETRY("factor = \"2\";"),
	    "f:2: retry.factor: expected a number such as 1.5, got a "
	    "string\n" },
	{ RETRY("jitter = 1;"),
	    "f:2: retry.jitter: expected true or false, got an integer\n" },
	{ RETRY("on = [ \"connect\",\n\"refused\" ];"),
	    "f:3: retry.on: \"refused\" is none of \"connect\", \"reset\" and "
	    "\"timeout\", and no status\n" },
	{ RETRY("on = [ \"399\", \"200-500\" ];"),
	    "f:2: retry.on: \"399\" is no failure: those begin at 400\n"
	    "f:2: retry.on: \"200-500\" is no failure: those begin at 400\n" },
	{ RETRY("on = \"599-500\";"),
	    "f:2: retry.on: \"599-500\" is a range that ends before it "
	    "begins\n" },
	{ RETRY("on = \"500-600\";"),
	    "f:2: retry.on: \"500-600\" goes beyond the statuses that there "
	    "are, 100 to 599\n" },
	{ RETRY("on = [ \"50\", \"5000\", \"500-\", \"5xx\" ];"),
	    "f:2: retry.on: \"50\" is no status and no range of them, such as "
	    "\"200-299\"\n"
	    "f:2: retry.on: \"5000\" is no status and no range of them, such "
	    "as \"200-299\"\n"
	    "f:2: retry.on: \"500-\" is no status and no range of them, such "
	    "as \"200-299\"\n"
	    "f:2: retry.on: \"5xx\" is no status and no range of them, such "
	    "as \"200-299\"\n" },
	{ RETRY("on = [ \"reset\", \"reset\" ];"),
	    "f:2: retry.on: \"reset\" is there twice\n" },
	{ RETRY("budget = 100.001;"),
	    "f:2: retry.budget: 100.001 is out of range (0.001 to 100.0, and 0 "
	    "for no limit)\n" },
	{ RETRY("budget_minimum = 1000001;"),
	    "f:2: retry.budget_minimum: 1000001 is out of range (0 to "
	    "1000000)\n" },
	{ RETRY("deadline = \"0.5ms\";"),
	    "f:2: retry.deadline: expected a duration such as \"30s\"; "
	    "\"0.5ms\" has a fraction (take a smaller unit)\n" },
	{ RETRY("deadline = \"500us\";"),
	    "f:2: retry.deadline: 500us is out of range (\"1ms\" to \"1d\", "
	    "and 0 "
	    "for no limit)\n" },
};

START_TEST(each_bad)
{
	conf_try_expect(bad[_i].text, bad[_i].complaints);
}
END_TEST

static void
ck_range(const struct conf_statuses *s, size_t i, int from, int to)
{
	ck_assert_uint_lt(i, s->count);
	ck_assert_int_eq(s->items[i].from, from);
	ck_assert_int_eq(s->items[i].to, to);
}

static void
ck_attempts(const struct conf_retry *r, uint32_t normal, uint32_t priority,
    uint32_t emergency)
{
	ck_assert_uint_eq(r->class_attempts[IMG_CLASS_NORMAL], normal);
	ck_assert_uint_eq(r->class_attempts[IMG_CLASS_PRIORITY], priority);
	ck_assert_uint_eq(r->class_attempts[IMG_CLASS_EMERGENCY], emergency);
}

START_TEST(defaults)
{
	const struct conf_retry *r;
	struct conf_try t;

	conf_try_text(&t, REST);
	ck_assert_str_eq(t.complaints, "");
	r = &t.c.services[0].retry;
	ck_assert_uint_eq(r->attempts, 3);
	ck_attempts(r, 3, 5, 10);
	ck_assert_uint_eq(r->budget, 200);
	ck_assert_uint_eq(r->budget_minimum, 10);
	ck_assert_uint_eq(r->deadline_us, 0);
	ck_assert_uint_eq(r->base_us, 25000);
	ck_assert_uint_eq(r->max_us, 60000000);
	ck_assert_uint_eq(r->factor, 2000);
	ck_assert(r->jitter);
	ck_assert_uint_eq(r->events, RETRY_CONNECT | RETRY_RESET);
	ck_assert_uint_eq(r->statuses.count, 3);
	for (int i = 0; i < 3; i++)
		ck_range(&r->statuses, (size_t)i, 502 + i, 502 + i);
	conf_try_fini(&t);
}
END_TEST

START_TEST(given)
{
	const struct conf_retry *r;
	struct conf_try t;

	conf_try_text(&t,
	    RETRY("attempts = 100; base_delay = 0; max_delay = \"0\"; "
		  "jitter = false; factor = 1.125; budget = 0.125; "
		  "budget_minimum = 0; deadline = \"2s\"; "
		  "on = [ \"timeout\", \"400-499\", \"500\" ];"));
	ck_assert_str_eq(t.complaints, "");
	r = &t.c.services[0].retry;
	ck_assert_uint_eq(r->attempts, 100);
	ck_attempts(r, 100, 100, 100);
	ck_assert_uint_eq(r->budget, 125);
	ck_assert_uint_eq(r->budget_minimum, 0);
	ck_assert_uint_eq(r->deadline_us, 2000000);
	ck_assert_uint_eq(r->base_us, 0);
	ck_assert_uint_eq(r->max_us, 0);
	ck_assert(!r->jitter);
	ck_assert_uint_eq(r->factor, 1125);
	ck_assert_uint_eq(r->events, RETRY_TIMEOUT);
	ck_range(&r->statuses, 0, 400, 499);
	ck_range(&r->statuses, 1, 500, 500);
	conf_try_fini(&t);
}
END_TEST

/* No event is a choice, too; a decimal may be an integer. */
START_TEST(nothing)
{
	const struct conf_retry *r;
	struct conf_try t;

	conf_try_text(&t, RETRY("on = [ ]; factor = 3;"));
	ck_assert_str_eq(t.complaints, "");
	r = &t.c.services[0].retry;
	ck_assert_uint_eq(r->events, 0);
	ck_assert_uint_eq(r->statuses.count, 0);
	ck_assert_uint_eq(r->factor, 3000);
	conf_try_fini(&t);
}
END_TEST

/* What is shown for the service is what its own class has. */
START_TEST(class)
{
	const struct conf_retry *r;
	struct conf_try t;

	conf_try_text(&t,
	    SERVICE_WITH("priority = \"emergency\"; retry = { budget = 0; };"));
	ck_assert_str_eq(t.complaints, "");
	r = &t.c.services[0].retry;
	ck_assert_uint_eq(r->attempts, 10);
	ck_attempts(r, 3, 5, 10);
	ck_assert_uint_eq(r->budget, 0);
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
	tcase_add_test(tc, given);
	tcase_add_test(tc, nothing);
	tcase_add_test(tc, class);
	return conf_try_run("conf_check_retry", tc);
}
