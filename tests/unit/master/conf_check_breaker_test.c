/*
 * When breakers open, and what stands in the image of that.
 */
#include <stdio.h>

#include "tests/unit/master/conf_try.h"

#define BREAKER(keys) SERVICE_WITH("breaker = { " keys " };")

static const struct conf_case bad[] = {
	{ BREAKER("failures = 4096;"),
	    "f:2: breaker.failures: 4096 is out of range (0 to 4095)\n" },
	{ BREAKER("open = \"99ms\";"),
	    "f:2: breaker.open: 99ms is out of range (\"100ms\" to "
	    "\"30d\")\n" },
	{ BREAKER("probes = 0;"),
	    "f:2: breaker.probes: 0 is out of range (1 to 255)\n" },
	{ BREAKER("\nsuccesses = 4;"),
	    "f:3: breaker: successes (4) are more than probes (3): it would "
	    "never close\n" },
	{ BREAKER("probes = 2;\nsuccesses = 3;"),
	    "f:3: breaker: successes (3) are more than probes (2): it would "
	    "never close\n" },
	{ BREAKER("error_rate = 1.001;"),
	    "f:2: breaker.error_rate: 1.001 is out of range (0.0 to 1.0)\n" },
	{ BREAKER("slow_rate = -0.1;"),
	    "f:2: breaker.slow_rate: -0.1 is out of range (0.0 to 1.0)\n" },
	{ BREAKER("slow = 0;"),
	    "f:2: breaker.slow: 0 is out of range (\"1ms\" to \"1d\")\n" },
	{ BREAKER("minimum = 0;"),
	    "f:2: breaker.minimum: 0 is out of range (1 to 1000000)\n" },
	{ BREAKER("window = \"2h\";"),
	    "f:2: breaker.window: 2h is out of range (\"100ms\" to \"1h\")\n" },
	{ BREAKER("on = [ \"connect\",\n\"refused\" ];"),
	    "f:3: breaker.on: \"refused\" is none of \"connect\", \"reset\", "
	    "\"timeout\" and \"broken\", and no status\n" },
	{ BREAKER("on = \"399\";"),
	    "f:2: breaker.on: \"399\" is no failure: those begin at 400\n" },
	{ BREAKER("on = [ \"reset\", \"reset\" ];"),
	    "f:2: breaker.on: \"reset\" is there twice\n" },
	{ BREAKER("scope = [ \"endpoint\",\n\"route\" ];"),
	    "f:3: breaker.scope: \"route\" is none of \"endpoint\" and "
	    "\"service\"\n" },
	{ BREAKER("scope = \"503\";"),
	    "f:2: breaker.scope: \"503\" is none of \"endpoint\" and "
	    "\"service\"\n" },
	{ BREAKER("failures = 5;\non = [ ];"),
	    "f:3: breaker.on: breaker.failures counts failures, and nothing "
	    "is one\n" },
	{ BREAKER("failures = 0; error_rate = 0.5;\non = [ ];"),
	    "f:3: breaker.on: breaker.error_rate counts failures, and nothing "
	    "is one\n" },
	{ BREAKER("treshold = 5;"),
	    "f:2: unknown key \"treshold\" in \"breaker\"\n" },
};

START_TEST(each_bad)
{
	conf_try_expect(bad[_i].text, bad[_i].complaints);
}
END_TEST

static struct conf_try try;

/* The first service's, as built. */
static const struct img_breaker *
built(const char *text)
{
	const struct img_head *img;
	const struct img_service *s;

	conf_try_text(&try, text);
	ck_assert_str_eq(try.complaints, "");
	img = (const struct img_head *)(const void *)try.c.image;
	ck_assert(image_check(img, img->bytes));
	s = img_at(img, img->services.off);
	return &s->breaker;
}

static void
ck_range(const struct img_breaker *b, uint32_t i, int from, int to)
{
	const struct img_head *img = (const void *)try.c.image;
	const struct img_range *r = img_at(img, b->statuses.off);

	ck_assert_uint_lt(i, b->statuses.count);
	ck_assert_int_eq(r[i].from, from);
	ck_assert_int_eq(r[i].to, to);
}

START_TEST(defaults)
{
	const struct img_breaker *b = built(REST);

	ck_assert_uint_eq(b->scope, IMG_BREAKER_ENDPOINT | IMG_BREAKER_SERVICE);
	ck_assert_uint_eq(b->failures, 5);
	ck_assert_uint_eq(b->open_us, 60000000);
	ck_assert_uint_eq(b->successes, 3);
	ck_assert_uint_eq(b->probes, 3);
	ck_assert_uint_eq(b->minimum, 10);
	ck_assert_uint_eq(b->error_rate, 0);
	ck_assert_uint_eq(b->slow_rate, 0);
	ck_assert_uint_eq(b->slow_us, 30000000);
	ck_assert_uint_eq(b->window_us, 10000000);
	ck_assert_uint_eq(b->on,
	    IMG_BREAKER_CONNECT | IMG_BREAKER_RESET | IMG_BREAKER_TIMEOUT |
		IMG_BREAKER_BROKEN);
	/* Not 500. */
	ck_assert_uint_eq(b->statuses.count, 3);
	for (int i = 0; i < 3; i++)
		ck_range(b, (uint32_t)i, 502 + i, 502 + i);
	conf_try_fini(&try);
}
END_TEST

static const char *const important[] = { "priority", "emergency" };

START_TEST(by_priority)
{
	char text[1024];
	const struct img_breaker *b;

	(void)snprintf(text, sizeof(text), SERVICE_WITH("priority = \"%s\";"),
	    important[_i]);
	b = built(text);
	ck_assert_uint_eq(b->failures, 3);
	ck_assert_uint_eq(b->open_us, 30000000);
	conf_try_fini(&try);
	/* What is written wins, each by itself. */
	(void)snprintf(text, sizeof(text),
	    SERVICE_WITH("priority = \"%s\"; breaker = { failures = 5; };"),
	    important[_i]);
	b = built(text);
	ck_assert_uint_eq(b->failures, 5);
	ck_assert_uint_eq(b->open_us, 30000000);
	conf_try_fini(&try);
	(void)snprintf(text, sizeof(text),
	    SERVICE_WITH("priority = \"%s\"; breaker = { open = \"60s\"; };"),
	    important[_i]);
	b = built(text);
	ck_assert_uint_eq(b->failures, 3);
	ck_assert_uint_eq(b->open_us, 60000000);
	conf_try_fini(&try);
}
END_TEST

START_TEST(given)
{
	const struct img_breaker *b = built(BREAKER(
	    "scope = \"service\"; failures = 7; open = \"250ms\"; "
	    "successes = 2; probes = 4; error_rate = 0.25; slow_rate = 0.125; "
	    "slow = \"3s\"; minimum = 9; window = \"8s\"; "
	    "on = [ \"timeout\", \"429\", \"500-599\" ];"));

	ck_assert_uint_eq(b->scope, IMG_BREAKER_SERVICE);
	ck_assert_uint_eq(b->failures, 7);
	ck_assert_uint_eq(b->open_us, 250000);
	ck_assert_uint_eq(b->successes, 2);
	ck_assert_uint_eq(b->probes, 4);
	ck_assert_uint_eq(b->error_rate, 250);
	ck_assert_uint_eq(b->slow_rate, 125);
	ck_assert_uint_eq(b->slow_us, 3000000);
	ck_assert_uint_eq(b->minimum, 9);
	ck_assert_uint_eq(b->window_us, 8000000);
	ck_assert_uint_eq(b->on, IMG_BREAKER_TIMEOUT);
	ck_assert_uint_eq(b->statuses.count, 2);
	ck_range(b, 0, 429, 429);
	ck_range(b, 1, 500, 599);
	conf_try_fini(&try);
}
END_TEST

/* Successes that are not given are no more than probes. */
START_TEST(few_probes)
{
	const struct img_breaker *b = built(BREAKER("probes = 1;"));

	ck_assert_uint_eq(b->probes, 1);
	ck_assert_uint_eq(b->successes, 1);
	conf_try_fini(&try);
}
END_TEST

static const char *const off[] = {
	BREAKER("scope = [ ];"),
	BREAKER("failures = 0;"),
	BREAKER("on = [ ];"),
	BREAKER(
	    "failures = 0; error_rate = 0; slow_rate = 0.0; open = \"1s\";"),
};

START_TEST(is_off)
{
	const struct img_breaker *b = built(off[_i]);

	ck_assert_uint_eq(b->scope, 0);
	ck_assert_uint_eq(b->statuses.count, 0);
	conf_try_fini(&try);
}
END_TEST

static const char *const on[] = {
	BREAKER("failures = 0; error_rate = 0.001;"),
	BREAKER("failures = 0; slow_rate = 1.0;"),
	BREAKER("slow_rate = 0.5; on = [ ];"),
	BREAKER("on = \"500\";"),
};

START_TEST(is_on)
{
	ck_assert_uint_ne(built(on[_i])->scope, 0);
	conf_try_fini(&try);
}
END_TEST

/* A number that leads out of the image. */
START_TEST(damage)
{
	const struct img_breaker *b = built(REST);
	struct img_head *img = (void *)try.c.image;
	uint32_t *count = (void *)((char *)img +
	    ((const char *)&b->statuses.count - (const char *)img));

	*count = 0xfffffff0;
	ck_assert(!image_check(img, img->bytes));
	conf_try_fini(&try);
}
END_TEST

#define CASES(list) (int)(sizeof(list) / sizeof((list)[0]))

int
main(void)
{
	TCase *tc = tcase_create("all");

	tcase_add_loop_test(tc, each_bad, 0, CASES(bad));
	tcase_add_test(tc, defaults);
	tcase_add_loop_test(tc, by_priority, 0, CASES(important));
	tcase_add_test(tc, given);
	tcase_add_test(tc, few_probes);
	tcase_add_loop_test(tc, is_off, 0, CASES(off));
	tcase_add_loop_test(tc, is_on, 0, CASES(on));
	tcase_add_test(tc, damage);
	return conf_try_run("conf_check_breaker", tc);
}
