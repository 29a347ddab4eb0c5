/*
 * Tests of resolve_answer.c: what is taken of an answer, what is refused, and
 * that no cut reads beyond the end.
 */
#include "tests/unit/master/dns_kit.h"

static struct dns_message m;
static struct resolve_answer a;

static bool
answer_read(uint16_t type)
{
	/* A copy of its own size, so that the sanitizers see more. */
	uint8_t *copy = malloc(m.n);
	bool ok;

	ck_assert_ptr_nonnull(copy);
	memcpy(copy, m.p, m.n);
	ok = resolve_answer_read(&a, copy, m.n, type);
	free(copy);
	return ok;
}

static void
teardown(void)
{
	resolve_answer_fini(&a);
}

static void
check_addr(uint32_t i, const char *want)
{
	char text[ADDR_TEXT_MAX];

	ck_assert_uint_lt(i, a.addr_count);
	text[addr_ip_text(&a.addrs[i], text)] = '\0';
	ck_assert_str_eq(text, want);
	ck_assert_uint_eq(a.addrs[i].port, 0);
}

START_TEST(addresses_are_sorted_and_once)
{
	dns_begin(&m, "a.b", RESOLVE_TYPE_A);
	dns_addr(&m, "a.b", 300, "10.0.0.2");
	dns_addr(&m, "A.b", 60, "10.0.0.1");
	dns_addr(&m, "a.b", 90, "10.0.0.2");
	ck_assert(answer_read(RESOLVE_TYPE_A));
	ck_assert_uint_eq(a.addr_count, 2);
	check_addr(0, "10.0.0.1");
	check_addr(1, "10.0.0.2");
	ck_assert_uint_eq(a.ttl_s, 60);
}
END_TEST

START_TEST(only_its_own_records_count)
{
	dns_begin(&m, "a.b", RESOLVE_TYPE_AAAA);
	dns_addr(&m, "other.b", 1, "::1");
	dns_addr(&m, "a.b", 1, "10.0.0.1");
	dns_addr(&m, "a.b", 7, "::2");
	ck_assert(answer_read(RESOLVE_TYPE_AAAA));
	ck_assert_uint_eq(a.addr_count, 1);
	check_addr(0, "::2");
	ck_assert_uint_eq(a.ttl_s, 7);
}
END_TEST

START_TEST(aliases_are_followed_in_any_order)
{
	dns_begin(&m, "a.b", RESOLVE_TYPE_A);
	dns_addr(&m, "e.f", 300, "10.0.0.1");
	dns_cname(&m, "c.d", 200, "e.f");
	dns_cname(&m, "a.b", 100, "c.d");
	ck_assert(answer_read(RESOLVE_TYPE_A));
	check_addr(0, "10.0.0.1");
	ck_assert_uint_eq(a.ttl_s, 100);
}
END_TEST

START_TEST(aliases_in_a_ring_are_refused)
{
	dns_begin(&m, "a.b", RESOLVE_TYPE_A);
	dns_cname(&m, "a.b", 1, "c.d");
	dns_cname(&m, "c.d", 1, "a.b");
	ck_assert(!answer_read(RESOLVE_TYPE_A));
}
END_TEST

START_TEST(records_are_sorted)
{
	dns_begin(&m, "_x._tcp.b", RESOLVE_TYPE_SRV);
	dns_srv(&m, "_x._tcp.b", 9, (unsigned[]){ 20, 1, 80 }, "a.b");
	dns_srv(&m, "_x._tcp.b", 8, (unsigned[]){ 10, 2, 81 }, "Z.b");
	dns_srv(&m, "_x._tcp.b", 7, (unsigned[]){ 10, 3, 82 }, "b.b");
	ck_assert(answer_read(RESOLVE_TYPE_SRV));
	ck_assert_uint_eq(a.record_count, 3);
	ck_assert_str_eq(a.records[0].target, "b.b");
	ck_assert_uint_eq(a.records[0].weight, 3);
	ck_assert_uint_eq(a.records[0].port, 82);
	ck_assert_str_eq(a.records[1].target, "z.b");
	ck_assert_str_eq(a.records[2].target, "a.b");
	ck_assert_uint_eq(a.records[2].priority, 20);
	ck_assert_uint_eq(a.ttl_s, 7);
	ck_assert(!a.nowhere);
}
END_TEST

START_TEST(no_service_and_no_hosts)
{
	dns_begin(&m, "_x._tcp.b", RESOLVE_TYPE_SRV);
	dns_srv(&m, "_x._tcp.b", 9, (unsigned[]){ 0, 0, 0 }, ".");
	ck_assert(answer_read(RESOLVE_TYPE_SRV));
	ck_assert_uint_eq(a.record_count, 0);
	ck_assert(a.nowhere);
	resolve_answer_fini(&a);
	/* Port 0, and a target that is no host's name, are passed over. */
	dns_begin(&m, "_x._tcp.b", RESOLVE_TYPE_SRV);
	dns_srv(&m, "_x._tcp.b", 9, (unsigned[]){ 0, 0, 0 }, "a.b");
	dns_srv(&m, "_x._tcp.b", 9, (unsigned[]){ 0, 0, 1 }, "a b.c");
	ck_assert(answer_read(RESOLVE_TYPE_SRV));
	ck_assert_uint_eq(a.record_count, 0);
	ck_assert(!a.nowhere);
}
END_TEST

START_TEST(ttls_are_31_bits)
{
	dns_begin(&m, "a", RESOLVE_TYPE_A);
	dns_addr(&m, "a", 0x80000001u, "10.0.0.1");
	ck_assert(answer_read(RESOLVE_TYPE_A));
	ck_assert_uint_eq(a.ttl_s, 0);
	dns_begin(&m, "a", RESOLVE_TYPE_A);
	dns_addr(&m, "a", 0x7fffffffu, "10.0.0.1");
	resolve_answer_fini(&a);
	ck_assert(answer_read(RESOLVE_TYPE_A));
	ck_assert_uint_eq(a.ttl_s, 0x7fffffffu);
}
END_TEST

START_TEST(names_may_be_compressed_backwards_only)
{
	size_t at;

	dns_begin(&m, "a.b", RESOLVE_TYPE_A);
	at = m.n;
	dns_addr(&m, "", 1, "10.0.0.1");
	/* Its owner, one byte, becomes a pointer of two. */
	memmove(m.p + at + 2, m.p + at + 1, m.n++ - at - 1);
	m.p[at] = 0xc0;
	m.p[at + 1] = 12;
	ck_assert(answer_read(RESOLVE_TYPE_A));
	ck_assert_uint_eq(a.addr_count, 1);
	resolve_answer_fini(&a);
	m.p[at + 1] = (uint8_t)at;
	ck_assert(!answer_read(RESOLVE_TYPE_A));
	m.p[at + 1] = (uint8_t)(at + 4);
	ck_assert(!answer_read(RESOLVE_TYPE_A));
	ck_assert_ptr_null(a.addrs);
}
END_TEST

START_TEST(names_have_a_longest)
{
	char name[300] = "";

	for (int i = 0; i < 127; i++)
		strcat(name, "a.");
	dns_begin(&m, name, RESOLVE_TYPE_A);
	ck_assert(answer_read(RESOLVE_TYPE_A));
	resolve_answer_fini(&a);
	strcat(name, "a.a.a");
	dns_begin(&m, name, RESOLVE_TYPE_A);
	ck_assert(!answer_read(RESOLVE_TYPE_A));
}
END_TEST

START_TEST(no_cut_is_an_answer)
{
	size_t whole;

	dns_begin(&m, "_x._tcp.b", RESOLVE_TYPE_SRV);
	dns_cname(&m, "_x._tcp.b", 5, "_y._tcp.b");
	dns_srv(&m, "_y._tcp.b", 9, (unsigned[]){ 1, 2, 3 }, "a.b");
	whole = m.n;
	for (m.n = 0; m.n < whole; m.n++)
		ck_assert(!answer_read(RESOLVE_TYPE_SRV));
	ck_assert(answer_read(RESOLVE_TYPE_SRV));
	ck_assert_uint_eq(a.record_count, 1);
}
END_TEST

START_TEST(data_has_its_own_length)
{
	size_t at;

	dns_begin(&m, "a", RESOLVE_TYPE_A);
	at = dns_record(&m, "a", RESOLVE_TYPE_A, 1);
	m.n += 5;
	dns_end(&m, at);
	ck_assert(!answer_read(RESOLVE_TYPE_A));
	/* A target may not reach beyond its record. */
	dns_begin(&m, "a", RESOLVE_TYPE_SRV);
	at = dns_record(&m, "a", RESOLVE_TYPE_SRV, 1);
	dns_u16(&m, 1);
	dns_u16(&m, 1);
	dns_u16(&m, 1);
	m.p[m.n++] = 3;
	dns_end(&m, at);
	memcpy(m.p + m.n, "abc", 4);
	m.n += 4;
	ck_assert(!answer_read(RESOLVE_TYPE_SRV));
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("resolve_answer");
	TCase *tc = tcase_create("resolve_answer");
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(tc, NULL, teardown);
	tcase_add_test(tc, addresses_are_sorted_and_once);
	tcase_add_test(tc, only_its_own_records_count);
	tcase_add_test(tc, aliases_are_followed_in_any_order);
	tcase_add_test(tc, aliases_in_a_ring_are_refused);
	tcase_add_test(tc, records_are_sorted);
	tcase_add_test(tc, no_service_and_no_hosts);
	tcase_add_test(tc, ttls_are_31_bits);
	tcase_add_test(tc, names_may_be_compressed_backwards_only);
	tcase_add_test(tc, names_have_a_longest);
	tcase_add_test(tc, no_cut_is_an_answer);
	tcase_add_test(tc, data_has_its_own_length);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
