/* Tests of addr.c: strict reading, one form for mapped addresses, networks. */
#include <arpa/inet.h>
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "common/net/addr.h"

static void
assert_reads(const char *text, const char *want)
{
	char buf[ADDR_TEXT_MAX];
	const char *why = "";
	struct addr a;

	ck_assert_msg(addr_parse(text, &a, &why), "%s %s", text, why);
	ck_assert_uint_eq(addr_text(&a, buf), strlen(want));
	ck_assert_str_eq(buf, want);
}

static void
assert_refused(const char *text, const char *reason)
{
	const char *why = "";
	struct addr a;

	ck_assert_msg(!addr_parse(text, &a, &why), "%s was read", text);
	ck_assert_msg(strstr(why, reason) != NULL, "%s %s", text, why);
}

START_TEST(with_port)
{
	assert_reads("127.0.0.1:80", "127.0.0.1:80");
	assert_reads("255.10.0.99:65535", "255.10.0.99:65535");
	assert_reads("*:8080", "0.0.0.0:8080");
	assert_reads("[::1]:1", "[::1]:1");
	assert_reads("[2001:DB8:0:0::1]:443", "[2001:db8::1]:443");
	assert_reads("[::ffff:10.1.2.3]:80", "10.1.2.3:80");
	assert_refused("127.0.0.1", "no port");
	assert_refused("[::1]", "no port");
	assert_refused("", "no port");
	assert_refused("::1:80", "brackets");
	assert_refused("127.0.0.1:", "valid port");
	assert_refused("127.0.0.1:0", "valid port");
	assert_refused("127.0.0.1:080", "valid port");
	assert_refused("127.0.0.1:65536", "valid port");
	assert_refused("127.0.0.1:99999999999", "valid port");
	assert_refused("127.0.0.1:+80", "valid port");
	assert_refused("127.0.0.1:80 ", "valid port");
	assert_refused("localhost:80", "numeric");
	assert_refused(":80", "numeric");
	assert_refused("127.1:80", "numeric");
	assert_refused("127.0.0.01:80", "numeric");
	assert_refused("0x7f.0.0.1:80", "numeric");
	assert_refused("256.0.0.1:80", "numeric");
	assert_refused("[127.0.0.1]:80", "numeric");
	assert_refused("[fe80::1%lo]:80", "numeric");
	assert_refused("[::1:80", "no port");
	assert_refused("[]:80", "numeric");
}
END_TEST

START_TEST(ports)
{
	static const char *const bad[] = { "", "00", "01", "65536",
		"99999999999", "+1", "-1", "1 ", "a" };
	uint16_t port = 7;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		ck_assert_msg(
		    !addr_parse_port(slice_str(bad[i]), &port), "%s", bad[i]);
	ck_assert_uint_eq(port, 7);
	ck_assert(addr_parse_port(SLICE_LIT("0"), &port) && port == 0);
	ck_assert(addr_parse_port(SLICE_LIT("65535"), &port) && port == 65535);
	ck_assert(addr_parse_port(slice_make("801", 2), &port) && port == 80);
}
END_TEST

START_TEST(from_the_network)
{
	struct addr a, b;
	char buf[ADDR_TEXT_MAX];

	ck_assert(addr_parse_ip(SLICE_LIT("10.0.0.1"), &a));
	ck_assert(!a.is_v6 && a.port == 0);
	ck_assert(addr_parse_ip(SLICE_LIT("::ffff:10.0.0.1"), &b));
	ck_assert(addr_eq(&a, &b));
	ck_assert_mem_eq(&a, &b, sizeof(a));
	ck_assert(addr_parse_ip(SLICE_LIT("[fd00::7]"), &a));
	ck_assert(a.is_v6);
	ck_assert_uint_eq(addr_ip_text(&a, buf), 7);
	ck_assert_str_eq(buf, "fd00::7");
	ck_assert(!addr_eq(&a, &b));
	ck_assert(!addr_parse_ip(SLICE_NONE, &a));
	ck_assert(!addr_parse_ip(SLICE_LIT("["), &a));
	ck_assert(!addr_parse_ip(SLICE_LIT("[::1"), &a));
	ck_assert(!addr_parse_ip(SLICE_LIT("::1]"), &a));
	ck_assert(!addr_parse_ip(SLICE_LIT("1.2.3.4\0junk"), &a));
	ck_assert(!addr_parse_ip(SLICE_LIT(" 1.2.3.4"), &a));
	ck_assert(!addr_parse_ip(SLICE_LIT("1.2.3.4:80"), &a));
	/* Not one byte behind the slice is looked at. */
	ck_assert(addr_parse_ip(slice_make("1.2.3.45", 7), &a));
	addr_ip_text(&a, buf);
	ck_assert_str_eq(buf, "1.2.3.4");
	ck_assert(!addr_parse_ip(SLICE_LIT("0000:0000:0000:0000:0000:0000:"
					   "0000:0000:0000:0000"),
	    &a));
}
END_TEST

/* What begins as four numbers do, and goes on somehow, is read as by libc. */
START_TEST(as_inet_pton_reads)
{
	static const char bytes[] = "00112259....:a ";
	static const char *const starts[] = { "", "1.2.", "10.0.0.",
		"192.168.25" };
	unsigned seed = 1, good = 0;

	for (unsigned i = 0; i < 400000; i++) {
		const char *start = starts[i % 4];
		char text[24];
		size_t n = strlen(start);
		uint8_t ip[4], v6[16];
		bool want, is_v6;
		struct addr a;

		memcpy(text, start, n);
		for (unsigned more = i / 4 % 8; more != 0; more--) {
			seed = seed * 1103515245 + 12345;
			text[n++] = bytes[(seed >> 16) % (sizeof(bytes) - 1)];
		}
		text[n] = '\0';
		want = inet_pton(AF_INET, text, ip) == 1;
		is_v6 = inet_pton(AF_INET6, text, v6) == 1;
		ck_assert_msg(
		    addr_parse_ip(slice_make(text, n), &a) == (want || is_v6),
		    "%s", text);
		if (want)
			ck_assert_msg(!a.is_v6 && memcmp(a.ip + 12, ip, 4) == 0,
			    "%s", text);
		good += want;
	}
	ck_assert_uint_gt(good, 1000);
}
END_TEST

static bool
has(const char *net, const char *ip)
{
	const char *why = "";
	struct addr_net n;
	struct addr a;

	ck_assert_msg(addr_net_parse(net, &n, &why), "%s %s", net, why);
	ck_assert(addr_parse_ip(slice_str(ip), &a));
	return addr_net_has(&n, &a);
}

START_TEST(networks)
{
	ck_assert(has("10.0.0.0/8", "10.255.1.2"));
	ck_assert(has("10.0.0.0/8", "::ffff:10.255.1.2"));
	ck_assert(!has("10.0.0.0/8", "11.0.0.0"));
	ck_assert(has("192.168.4.0/22", "192.168.7.255"));
	ck_assert(!has("192.168.4.0/22", "192.168.8.0"));
	ck_assert(has("1.2.3.4", "1.2.3.4"));
	ck_assert(!has("1.2.3.4", "1.2.3.5"));
	ck_assert(has("0.0.0.0/0", "1.2.3.5"));
	ck_assert(!has("0.0.0.0/0", "::1"));
	ck_assert(has("::/0", "::1"));
	ck_assert(!has("::/0", "1.2.3.5"));
	ck_assert(has("fd00::/8", "fdff::1"));
	ck_assert(!has("fd00::/8", "fe00::1"));
	ck_assert(has("::1", "::1"));
	ck_assert(!has("::1", "::2"));
	ck_assert(has("::ffff:10.0.0.0/104", "10.1.1.1"));
}
END_TEST

START_TEST(networks_refused)
{
	static const char *const texts[][2] = {
		{ "10.0.0.1/8", "behind the prefix" },
		{ "fd00::1/64", "behind the prefix" },
		{ "10.0.0.0/33", "prefix length" },
		{ "::/129", "prefix length" },
		{ "10.0.0.0/", "prefix length" },
		{ "10.0.0.0/08", "prefix length" },
		{ "10.0.0.0/8/8", "prefix length" },
		{ "10.0.0.0/-1", "prefix length" },
		{ "10.0/16", "numeric" },
		{ "[::1]", "brackets" },
		{ "", "numeric" },
		{ "host", "numeric" },
	};

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		const char *why = "";
		struct addr_net n;

		ck_assert_msg(
		    !addr_net_parse(texts[i][0], &n, &why), "%s", texts[i][0]);
		ck_assert_msg(strstr(why, texts[i][1]) != NULL, "%s %s",
		    texts[i][0], why);
	}
}
END_TEST

START_TEST(through_sockaddr)
{
	static const char *const texts[] = { "1.2.3.4:80",
		"[2001:db8::1]:443" };
	struct sockaddr_storage ss;
	struct addr a, b;
	const char *why;

	for (size_t i = 0; i < 2; i++) {
		ck_assert(addr_parse(texts[i], &a, &why));
		ck_assert_uint_eq(addr_to_sockaddr(&a, &ss),
		    i == 0 ? sizeof(struct sockaddr_in)
			   : sizeof(struct sockaddr_in6));
		memset(&b, 0xff, sizeof(b));
		addr_from_sockaddr(&ss, &b);
		ck_assert_mem_eq(&a, &b, sizeof(a));
	}
	addr_from_bytes("\1\2\3\4", 4, 80, &a);
	ck_assert(addr_parse(texts[0], &b, &why));
	ck_assert_mem_eq(&a, &b, sizeof(a));
	ck_assert(addr_parse(texts[1], &b, &why));
	addr_from_bytes(b.ip, 16, 443, &a);
	ck_assert_mem_eq(&a, &b, sizeof(a));
	addr_from_bytes("\0\0\0\0\0\0\0\0\0\0\377\377\1\2\3\4", 16, 80, &a);
	ck_assert(addr_parse(texts[0], &b, &why));
	ck_assert_mem_eq(&a, &b, sizeof(a));
	ss.ss_family = AF_UNIX;
	addr_from_sockaddr(&ss, &b);
	ck_assert(addr_parse_ip(SLICE_LIT("0.0.0.0"), &a));
	ck_assert_mem_eq(&a, &b, sizeof(a));
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("addr");
	TCase *tc = tcase_create("addr");
	SRunner *runner;
	int failed;

	tcase_add_test(tc, with_port);
	tcase_add_test(tc, ports);
	tcase_add_test(tc, from_the_network);
	tcase_add_test(tc, as_inet_pton_reads);
	tcase_add_test(tc, networks);
	tcase_add_test(tc, networks_refused);
	tcase_add_test(tc, through_sockaddr);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
