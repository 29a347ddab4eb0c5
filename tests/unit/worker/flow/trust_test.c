/* Tests of trust.c: how far a chain of proxies is believed. */
#include <check.h>
#include <stdlib.h>

#include "worker/flow/trust.h"

#define NETS_MAX 8
#define FIELDS_MAX 8

/* An image that has nothing but trusted_proxies. */
static struct {
	struct img_head head;
	struct addr_range ranges[2 * NETS_MAX];
} image;

static struct field fields[FIELDS_MAX];
static struct head head;

static void
trust(const char *const *texts)
{
	struct addr_net nets[NETS_MAX];
	const char *why = "";
	size_t n = 0;

	for (; texts[n] != NULL; n++)
		ck_assert(addr_net_parse(texts[n], &nets[n], &why));
	image.head.trusted.off = (uint32_t)offsetof(typeof(image), ranges);
	image.head.trusted.count =
	    (uint32_t)ranges_of_nets(nets, n, image.ranges);
}

static void
set_up(void)
{
	trust((const char *const[]){ "10.0.0.0/8", "fd00::/8", NULL });
	head = (struct head){ .fields = fields };
}

static void
field_add(enum field_id id, const char *value)
{
	fields[head.count++] = (struct field){ .name = http_field_name(id),
		.value = slice_str(value),
		.id = (uint16_t)id };
	head.present |= UINT64_C(1) << id;
}

static void
expect_client(const char *want)
{
	char text[ADDR_TEXT_MAX];
	struct addr a;

	ck_assert(addr_parse_ip(SLICE_LIT("10.0.0.1"), &a));
	trust_client(&image.head, &head, &a);
	(void)addr_text(&a, text);
	ck_assert_str_eq(text, want);
}

static const char *const chains[][2] = {
	{ "", "10.0.0.1:0" },
	{ "192.0.2.1", "192.0.2.1:0" },
	{ "198.51.100.7, 192.0.2.1", "192.0.2.1:0" },
	{ "192.0.2.1, 10.0.0.2", "192.0.2.1:0" },
	{ "6.6.6.6, 192.0.2.1,10.0.0.3,\t10.0.0.2", "192.0.2.1:0" },
	{ "10.0.0.9, 10.0.0.8", "10.0.0.9:0" },
	{ "fd00::1", "[fd00::1]:0" },
	{ "2001:db8::1, fd00::1", "[2001:db8::1]:0" },
	{ "[2001:db8::1], [fd00::1]", "[2001:db8::1]:0" },
	{ "[2001:db8::1]:443, 10.0.0.2:80", "[2001:db8::1]:443" },
	{ "192.0.2.1:50000", "192.0.2.1:50000" },
	{ "192.0.2.1, ::ffff:10.0.0.2", "192.0.2.1:0" },
	{ ",, 192.0.2.1 ,, 10.0.0.2 ,", "192.0.2.1:0" },
	/* What cannot be read ends it. */
	{ "192.0.2.1, unknown", "10.0.0.1:0" },
	{ "192.0.2.1, _hidden, 10.0.0.2", "10.0.0.2:0" },
	{ "192.0.2.1, 10.0.0.256, 10.0.0.2", "10.0.0.2:0" },
	{ "192.0.2.1, 010.0.0.3, 10.0.0.2", "10.0.0.2:0" },
	{ "192.0.2.1, 10.0.0.3:0, 10.0.0.2", "10.0.0.2:0" },
	{ "192.0.2.1, 10.0.0.3:65536, 10.0.0.2", "10.0.0.2:0" },
	{ "192.0.2.1, [10.0.0.3], 10.0.0.2", "10.0.0.2:0" },
	{ "192.0.2.1, [fd00::1, 10.0.0.2", "10.0.0.2:0" },
	{ "192.0.2.1, fd00::1%eth0, 10.0.0.2", "10.0.0.2:0" },
	{ "192.0.2.1, 10.0.0.3 10.0.0.4, 10.0.0.2", "10.0.0.2:0" },
	{ "192.0.2.1, \"10.0.0.3\", 10.0.0.2", "10.0.0.2:0" },
	{ "192.0.2.1, for=10.0.0.3", "10.0.0.1:0" },
	{ "192.0.2.1; 10.0.0.3", "10.0.0.1:0" },
};

START_TEST(each_chain)
{
	field_add(FIELD_X_FORWARDED_FOR, chains[_i][0]);
	expect_client(chains[_i][1]);
}
END_TEST

START_TEST(several_fields_are_one_list)
{
	field_add(FIELD_X_FORWARDED_FOR, "6.6.6.6, 192.0.2.1");
	field_add(FIELD_HOST, "192.0.2.9");
	field_add(FIELD_X_FORWARDED_FOR, "10.0.0.3, 10.0.0.2");
	field_add(FIELD_X_FORWARDED_FOR, "");
	expect_client("192.0.2.1:0");
}
END_TEST

START_TEST(an_unreadable_field_ends_it)
{
	field_add(FIELD_X_FORWARDED_FOR, "192.0.2.1");
	field_add(FIELD_X_FORWARDED_FOR, "unknown, 10.0.0.2");
	expect_client("10.0.0.2:0");
}
END_TEST

START_TEST(forwarded_is_not_read)
{
	field_add(FIELD_FORWARDED, "for=192.0.2.1");
	expect_client("10.0.0.1:0");
}
END_TEST

START_TEST(who_is_trusted)
{
	struct addr a;

	ck_assert(addr_parse_ip(SLICE_LIT("10.1.2.3"), &a));
	ck_assert(trust_has(&image.head, &a));
	ck_assert(addr_parse_ip(SLICE_LIT("11.1.2.3"), &a));
	ck_assert(!trust_has(&image.head, &a));
	trust((const char *const[]){ NULL });
	ck_assert(addr_parse_ip(SLICE_LIT("10.1.2.3"), &a));
	ck_assert(!trust_has(&image.head, &a));
}
END_TEST

static struct slice
id_of(const char *value)
{
	set_up();
	field_add(FIELD_X_REQUEST_ID, value);
	return trust_request_id(&head);
}

START_TEST(request_ids)
{
	char long_id[130];

	memset(long_id, 'a', sizeof(long_id));
	long_id[129] = '\0';
	ck_assert_uint_eq(trust_request_id(&head).n, 0);
	ck_assert_uint_eq(id_of("").n, 0);
	ck_assert(slice_eq(id_of("7"), SLICE_LIT("7")));
	ck_assert(slice_eq(id_of("!~\"\\"), SLICE_LIT("!~\"\\")));
	ck_assert_uint_eq(id_of("a b").n, 0);
	ck_assert_uint_eq(id_of("a\tb").n, 0);
	ck_assert_uint_eq(id_of("a\x80").n, 0);
	ck_assert_uint_eq(id_of("a\x7f").n, 0);
	ck_assert_uint_eq(id_of(long_id).n, 0);
	ck_assert_uint_eq(id_of(long_id + 1).n, 128);
	field_add(FIELD_X_REQUEST_ID, "b");
	ck_assert_uint_eq(trust_request_id(&head).n, 0);
}
END_TEST

/* Said once, and nothing else. */
START_TEST(https)
{
	ck_assert(!trust_https(&head));
	field_add(FIELD_X_FORWARDED_PROTO, "HTTPS");
	ck_assert(trust_https(&head));
	field_add(FIELD_X_FORWARDED_PROTO, "https");
	ck_assert(!trust_https(&head));
	head.count = 0;
	field_add(FIELD_X_FORWARDED_PROTO, "https, http");
	ck_assert(!trust_https(&head));
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("trust");
	TCase *tc = tcase_create("trust");
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(tc, set_up, NULL);
	tcase_add_loop_test(
	    tc, each_chain, 0, (int)(sizeof(chains) / sizeof(chains[0])));
	tcase_add_test(tc, several_fields_are_one_list);
	tcase_add_test(tc, an_unreadable_field_ends_it);
	tcase_add_test(tc, forwarded_is_not_read);
	tcase_add_test(tc, who_is_trusted);
	tcase_add_test(tc, request_ids);
	tcase_add_test(tc, https);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
