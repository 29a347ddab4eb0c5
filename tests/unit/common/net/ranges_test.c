/* Tests of ranges.c: a set of networks has what one of its networks has. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "common/net/ranges.h"

#define NETS_MAX 64

static struct addr_net nets[NETS_MAX];
static struct addr_range ranges[2 * NETS_MAX];
static size_t net_count, range_count;

static void
set_of(const char *const *texts)
{
	const char *why = "";

	for (net_count = 0; texts[net_count] != NULL; net_count++)
		ck_assert_msg(
		    addr_net_parse(texts[net_count], &nets[net_count], &why),
		    "%s %s", texts[net_count], why);
	range_count = ranges_of_nets(nets, net_count, ranges);
}

static bool
has(const char *ip)
{
	struct addr a;

	ck_assert(addr_parse_ip(slice_str(ip), &a));
	return ranges_have(ranges, range_count, &a);
}

START_TEST(none)
{
	set_of((const char *const[]){ NULL });
	ck_assert_uint_eq(range_count, 0);
	ck_assert(!has("1.2.3.4"));
	ck_assert(!has("::"));
}
END_TEST

START_TEST(first_and_last_of_each)
{
	set_of((const char *const[]){
	    "fd00::/8", "10.0.0.0/8", "192.168.4.0/22", "::1", NULL });
	ck_assert_uint_eq(range_count, 4);
	ck_assert(has("10.0.0.0") && has("10.255.255.255"));
	ck_assert(!has("9.255.255.255") && !has("11.0.0.0"));
	ck_assert(has("192.168.4.0") && has("192.168.7.255"));
	ck_assert(!has("192.168.3.255") && !has("192.168.8.0"));
	ck_assert(has("::1") && !has("::") && !has("::2"));
	ck_assert(
	    has("fd00::") && has("fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"));
	ck_assert(
	    !has("fcff:ffff:ffff:ffff:ffff:ffff:ffff:ffff") && !has("fe00::"));
	ck_assert(has("::ffff:10.1.2.3"));
}
END_TEST

START_TEST(one_within_another)
{
	set_of((const char *const[]){ "10.1.0.0/16", "10.0.0.0/8", "10.0.0.0/8",
	    "10.2.3.4", "11.0.0.0/8", NULL });
	ck_assert_uint_eq(range_count, 2);
	ck_assert(has("10.200.0.1") && has("11.0.0.1") && !has("12.0.0.0"));
}
END_TEST

START_TEST(all_of_ipv6_is_not_ipv4)
{
	set_of((const char *const[]){ "::/0", NULL });
	ck_assert_uint_eq(range_count, 2);
	ck_assert(has("::") && has("::1"));
	ck_assert(has("::fffe:ffff:ffff") && has("::1:0:0:0"));
	ck_assert(has("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"));
	ck_assert(!has("0.0.0.0") && !has("127.0.0.1"));
	ck_assert(!has("255.255.255.255"));
	set_of((const char *const[]){ "::/0", "10.0.0.0/8", NULL });
	ck_assert_uint_eq(range_count, 3);
	ck_assert(has("10.0.0.1") && !has("9.0.0.1") && !has("11.0.0.1"));
	set_of((const char *const[]){ "::8000:0:0/81", NULL });
	ck_assert_uint_eq(range_count, 1);
	ck_assert(has("::fffe:ffff:ffff") && !has("::1:0:0:0"));
	ck_assert(!has("255.255.255.255"));
	set_of((const char *const[]){ "0.0.0.0/0", NULL });
	ck_assert(has("0.0.0.0") && has("255.255.255.255") && !has("::1"));
}
END_TEST

static uint32_t
next_random(uint32_t *seed)
{
	*seed = *seed * 1664525u + 1013904223u;
	return *seed >> 8;
}

/* Few bits differ, so that nets meet and contain each other. */
static void
random_ip(uint32_t *seed, uint8_t *ip)
{
	uint32_t r = next_random(seed);

	memset(ip, 0, 16);
	if (r % 2 != 0)
		memset(ip + 10, 0xff, 2);
	else
		ip[9] = (uint8_t)(r >> 4 & 1);
	ip[12] = (uint8_t)(r >> 8 & 3);
	ip[15] = (uint8_t)(r >> 12 & 7);
}

static void
random_net(uint32_t *seed, struct addr_net *n)
{
	random_ip(seed, n->ip);
	n->bits = (uint8_t)(72 + next_random(seed) % 57);
	for (unsigned i = n->bits; i < 128; i++)
		n->ip[i / 8] &= (uint8_t) ~(0x80 >> i % 8);
}

START_TEST(same_as_each_net_asked)
{
	uint32_t seed = 7;

	for (int round = 0; round < 300; round++) {
		net_count = 1 + next_random(&seed) % 12;
		for (size_t i = 0; i < net_count; i++)
			random_net(&seed, &nets[i]);
		range_count = ranges_of_nets(nets, net_count, ranges);
		for (int i = 0; i < 100; i++) {
			struct addr a = { 0 };
			bool want = false;

			random_ip(&seed, a.ip);
			a.is_v6 = a.ip[10] != 0xff;
			for (size_t n = 0; n < net_count; n++)
				want |= addr_net_has(&nets[n], &a);
			ck_assert_int_eq(
			    ranges_have(ranges, range_count, &a), want);
		}
	}
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("ranges");
	TCase *tc = tcase_create("ranges");
	SRunner *runner;
	int failed;

	tcase_add_test(tc, none);
	tcase_add_test(tc, first_and_last_of_each);
	tcase_add_test(tc, one_within_another);
	tcase_add_test(tc, all_of_ipv6_is_not_ipv4);
	tcase_add_test(tc, same_as_each_net_asked);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
