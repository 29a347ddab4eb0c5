/*
 * offences_test.c - what rules count, whom they ban, and when: exactly with the
 * last of so many, by all workers together.
 */
#include "worker/watch/offences.h"

#include "shm/bans.h"
#include "shm/image.h"
#include "tests/unit/shm/fixture.h"

#define WORKERS 3
#define S UINT64_C(1000000)

static struct {
	struct img_head head;
	struct img_ban_rule rules[2];
	struct img_range ranges[2];
	struct addr_range trusted;
} image;
static struct region region;
static struct env envs[WORKERS];

static void
setup(void)
{
	struct img_head *h = &image.head;

	fixture_region(&region, WORKERS);
	(void)clock_update();
	memset(&image, 0, sizeof(image));
	h->protect.bans.off = offsetof(typeof(image), rules);
	image.rules[0] = (struct img_ban_rule){ .id = 1,
		.count = 4,
		.window_us = 3600 * S,
		.time_us = 10 * S,
		.max_us = 100 * S,
		.factor = 2000,
		.by = 1,
		.statuses = { offsetof(typeof(image), ranges), 2 } };
	image.ranges[0] = (struct img_range){ 401, 401 };
	image.ranges[1] = (struct img_range){ 500, 599 };
	image.rules[1] = image.rules[0];
	image.rules[1].id = 2;
	image.rules[1].by = 2;
	image.rules[1].count = 1;
	image.rules[1].statuses.count = 0;
	image.rules[1].whys[WHY_TLS_FAILED / 64] = UINT64_C(1)
	    << WHY_TLS_FAILED % 64;
	for (uint32_t w = 0; w < WORKERS; w++) {
		envs[w] = (struct env){ .region = &region, .slot = w };
		envs[w].counters = counters_block(&region, w);
		envs[w].view.image = h;
	}
}

static void
teardown(void)
{
	region_fini(&region);
}

static struct addr
address(const char *text)
{
	struct addr a;

	ck_assert(addr_parse_ip(slice_str(text), &a));
	return a;
}

/* Each worker in turn. */
static void
note(const char *text, unsigned status, enum why why, unsigned times)
{
	static unsigned turn;
	struct addr a = address(text);

	while (times-- != 0)
		offences_note(&envs[turn++ % WORKERS], &a, status, why);
}

static bool
banned(const char *text)
{
	struct addr a = address(text);

	return bans_have(&region, &a, clock_now().us);
}

START_TEST(only_with_rules)
{
	offences_follow(&envs[0]);
	ck_assert(!envs[0].offences);
	image.head.protect.bans.count = 2;
	offences_follow(&envs[0]);
	ck_assert(envs[0].offences);
	envs[0].view.image = NULL;
	offences_follow(&envs[0]);
	ck_assert(!envs[0].offences);
}
END_TEST

START_TEST(the_last_of_so_many)
{
	image.head.protect.bans.count = 2;
	note("192.0.2.1", 401, WHY_PASSWORD, 3);
	note("192.0.2.2", 401, WHY_OK, 3);
	ck_assert(!banned("192.0.2.1"));
	note("192.0.2.1", 503, WHY_OK, 1);
	ck_assert(banned("192.0.2.1"));
	ck_assert(!banned("192.0.2.2"));
	ck_assert_uint_eq(bans_by_total(&region, 1), 1);
	/* What it does now counts for nothing. */
	note("192.0.2.1", 401, WHY_PASSWORD, 50);
	ck_assert_uint_eq(bans_by_total(&region, 1), 1);
	struct addr a = address("192.0.2.1");
	ck_assert(bans_lift(&region, &a, clock_now().us));
	note("192.0.2.1", 401, WHY_PASSWORD, 3);
	ck_assert(!banned("192.0.2.1"));
	note("192.0.2.1", 401, WHY_PASSWORD, 1);
	ck_assert(banned("192.0.2.1"));
}
END_TEST

START_TEST(what_counts)
{
	image.head.protect.bans.count = 2;
	note("192.0.2.1", 400, WHY_BAD_REQUEST, 9);
	note("192.0.2.1", 402, WHY_OK, 9);
	note("192.0.2.1", 0, WHY_CLIENT_CLOSED, 9);
	note("192.0.2.1", 403, WHY_BANNED, 9);
	ck_assert(!banned("192.0.2.1"));
	/* A rule of one. */
	note("192.0.2.1", 0, WHY_TLS_FAILED, 1);
	ck_assert(banned("192.0.2.1"));
	ck_assert_uint_eq(bans_by_total(&region, 2), 1);
	/* By status, whoever has given it; but not what a ban has. */
	image.ranges[0] = (struct img_range){ 400, 499 };
	note("192.0.2.2", 403, WHY_BANNED, 9);
	ck_assert(!banned("192.0.2.2"));
	note("192.0.2.2", 403, WHY_ACL_DENIED, 4);
	ck_assert(banned("192.0.2.2"));
}
END_TEST

START_TEST(trusted_proxies_are_exempt)
{
	struct addr_net n;
	const char *why;

	image.head.protect.bans.count = 2;
	ck_assert(addr_net_parse("192.0.2.0/24", &n, &why));
	ck_assert_uint_eq(ranges_of_nets(&n, 1, &image.trusted), 1);
	image.head.trusted =
	    (struct img_span){ offsetof(typeof(image), trusted), 1 };
	note("192.0.2.1", 401, WHY_PASSWORD, 50);
	note("192.0.2.1", 0, WHY_TLS_FAILED, 1);
	ck_assert(!banned("192.0.2.1"));
	note("192.0.3.1", 401, WHY_PASSWORD, 4);
	ck_assert(banned("192.0.3.1"));
}
END_TEST

START_TEST(a_net_of_ipv6)
{
	image.head.protect.bans.count = 2;
	note("2001:db8::1", 401, WHY_PASSWORD, 2);
	note("2001:db8::2", 401, WHY_PASSWORD, 1);
	note("2001:db8:0:1::2", 401, WHY_PASSWORD, 3);
	ck_assert(!banned("2001:db8::3"));
	note("2001:db8::ffff:0:0:3", 401, WHY_PASSWORD, 1);
	ck_assert(banned("2001:db8::3"));
	ck_assert(!banned("2001:db8:0:1::2"));
}
END_TEST

START_TEST(of_peers)
{
	struct addr a = address("192.0.2.1");

	/* Without rules it is counted all the same. */
	offences_of_peer(&envs[0], &a, WHY_TLS_FAILED);
	ck_assert(!banned("192.0.2.1"));
	image.head.protect.bans.count = 2;
	offences_follow(&envs[0]);
	offences_of_peer(&envs[0], &a, WHY_TLS_FAILED);
	ck_assert(banned("192.0.2.1"));
	ck_assert_uint_eq(counters_why_sum(&region, WHY_TLS_FAILED), 2);
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("offences");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, only_with_rules);
	tcase_add_test(tc, the_last_of_so_many);
	tcase_add_test(tc, what_counts);
	tcase_add_test(tc, trusted_proxies_are_exempt);
	tcase_add_test(tc, a_net_of_ipv6);
	tcase_add_test(tc, of_peers);
	return fixture_run(tc, "offences");
}
