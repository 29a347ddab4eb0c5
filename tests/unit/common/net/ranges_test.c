/* Tests of ranges.c: a set of networks has what one of its networks has. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "common/net/ranges.h"

#define NETS_MAX 64

static struct addr_net nets[NETS_MAX];
static struct addr_range ranges[2 * NETS_MAX];
static struct ranges_index ranges_index;
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
	ranges_index_make(ranges, range_count, &ranges_index);
	ck_assert_int_eq(ranges_have(ranges, range_count, &a),
	    ranges_have_indexed(ranges, &ranges_index, &a));
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
		ranges_index_make(ranges, range_count, &ranges_index);
		for (int i = 0; i < 100; i++) {
			struct addr a = { 0 };
			bool want = false;

			random_ip(&seed, a.ip);
			a.is_v6 = a.ip[10] != 0xff;
			for (size_t n = 0; n < net_count; n++)
				want |= addr_net_has(&nets[n], &a);
			ck_assert_int_eq(
			    ranges_have(ranges, range_count, &a), want);
			ck_assert_int_eq(
			    ranges_have_indexed(ranges, &ranges_index, &a),
			    want);
		}
	}
}
END_TEST

#define MANY 20000

/* Addresses as there are, with the same `lead` bytes in front of IPv6. */
static void
real_ip(uint32_t *seed, unsigned lead, uint8_t *ip)
{
	static const uint8_t v4[16] = { [10] = 0xff, 0xff };
	static const uint8_t v6[16] = { 0x2a, 0x02, 0x0e, 0xe0, 0xff, 0x01 };
	bool is_v4 = next_random(seed) % 2 == 0;

	memcpy(ip, is_v4 ? v4 : v6, 16);
	for (unsigned i = is_v4 ? 12 : lead; i < 16; i++)
		ip[i] = (uint8_t)next_random(seed);
}

static void
many_nets(uint32_t *seed, unsigned lead, struct addr_net *many)
{
	for (size_t i = 0; i < MANY; i++) {
		real_ip(seed, lead, many[i].ip);
		many[i].bits = many[i].ip[10] == 0xff && many[i].ip[0] == 0
		    ? (uint8_t)(96 + 16 + next_random(seed) % 17)
		    : (uint8_t)(lead * 8 + 8 + next_random(seed) % 33);
		for (unsigned b = many[i].bits; b < 128; b++)
			many[i].ip[b / 8] &= (uint8_t) ~(0x80 >> b % 8);
	}
}

START_TEST(index_of_many)
{
	struct addr_net *many = calloc(MANY, sizeof(*many));
	struct addr_range *of = calloc(2 * MANY, sizeof(*of));
	uint32_t seed = 11;
	size_t n, hits = 0;

	for (unsigned lead = 0; lead < 8; lead++) {
		many_nets(&seed, lead, many);
		n = ranges_of_nets(many, MANY, of);
		ranges_index_make(of, n, &ranges_index);
		for (size_t i = 0; i < 2 * MANY; i++) {
			struct addr a = { 0 };
			bool want;

			if (i % 2 == 0)
				memcpy(a.ip, many[i / 2].ip, 16);
			else
				real_ip(&seed, lead, a.ip);
			want = ranges_have(of, n, &a);
			hits += want;
			ck_assert(
			    ranges_have_indexed(of, &ranges_index, &a) == want);
		}
	}
	ck_assert_uint_ge(hits, 8 * MANY);
	ck_assert_uint_lt(hits, 15 * MANY);
	free(many);
	free(of);
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
	tcase_add_test(tc, index_of_many);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
