/* Tests of way.c: what is kept of a trusted peer's words, and what is not. */
#include <check.h>
#include <stdlib.h>

#include "worker/filter/way.h"

#define FIELDS_MAX 8

static struct req q;
static char first[8192];
static struct field fields[FIELDS_MAX], up[FIELDS_MAX];

static void
set_up(void)
{
	const char *why;

	q = (struct req){ .trusted = true,
		.client_text = SLICE_LIT("9.9.9.9") };
	arena_init(&q.arena, first, sizeof(first), 65536);
	ck_assert(addr_parse("10.0.0.1:9", &q.peer, &why));
	q.head.host = SLICE_LIT("in.example");
	q.head.fields = fields;
	q.up.fields = up;
}

static void
tear_down(void)
{
	arena_fini(&q.arena);
}

static void
says(enum field_id id, const char *value)
{
	fields[q.head.count++] = (struct field){ .name = http_field_name(id),
		.value = slice_str(value),
		.id = (uint16_t)id };
	q.head.present |= UINT64_C(1) << id;
}

/* The five fields, in their order. */
static void
expect(const char *client, const char *proto, const char *host,
    const char *port, const char *forwarded)
{
	const char *const want[] = { client, proto, host, port, forwarded };

	way_add(&q);
	ck_assert(!arena_failed(&q.arena));
	ck_assert_uint_eq(q.up.count, 5);
	for (size_t i = 0; i < 5; i++)
		ck_assert_msg(slice_eq(up[i].value, slice_str(want[i])),
		    "%.*s: %.*s", SLICE_FMT(up[i].name),
		    SLICE_FMT(up[i].value));
}

#define OWN "for=10.0.0.1;host=\"in.example\";proto=http"

START_TEST(a_trusted_peer_that_says_nothing)
{
	expect("10.0.0.1", "http", "in.example", "80", OWN);
}
END_TEST

START_TEST(all_is_kept)
{
	says(FIELD_X_FORWARDED_FOR, "9.9.9.9");
	says(FIELD_X_FORWARDED_PROTO, "HTTPS");
	says(FIELD_X_FORWARDED_HOST, "out.example:8443");
	says(FIELD_X_FORWARDED_PORT, "444");
	says(FIELD_FORWARDED, "for=9.9.9.9;proto=https");
	expect("9.9.9.9, 10.0.0.1", "https", "out.example:8443", "444",
	    "for=9.9.9.9;proto=https, " OWN);
}
END_TEST

START_TEST(lists_of_several_fields)
{
	says(FIELD_X_FORWARDED_FOR, "1.1.1.1, 2.2.2.2");
	says(FIELD_FORWARDED, "for=1.1.1.1");
	says(FIELD_X_FORWARDED_FOR, "");
	says(FIELD_X_FORWARDED_FOR, "unknown");
	says(FIELD_FORWARDED, "for=\"[::1]\"");
	expect("1.1.1.1, 2.2.2.2, unknown, 10.0.0.1", "http", "in.example",
	    "80", "for=1.1.1.1, for=\"[::1]\", " OWN);
}
END_TEST

START_TEST(the_port_follows_from_the_rest)
{
	says(FIELD_X_FORWARDED_PROTO, "https");
	expect("10.0.0.1", "https", "in.example", "443", OWN);
}
END_TEST

START_TEST(the_port_stands_in_the_host)
{
	says(FIELD_X_FORWARDED_PROTO, "https");
	says(FIELD_X_FORWARDED_HOST, "[2001:db8::1]:8443");
	expect("10.0.0.1", "https", "[2001:db8::1]:8443", "8443", OWN);
}
END_TEST

static const struct {
	enum field_id id;
	const char *value;
} nonsense[] = {
	{ FIELD_X_FORWARDED_PROTO, "" },
	{ FIELD_X_FORWARDED_PROTO, "https, http" },
	{ FIELD_X_FORWARDED_PROTO, "wss" },
	{ FIELD_X_FORWARDED_HOST, "" },
	{ FIELD_X_FORWARDED_HOST, "a b" },
	{ FIELD_X_FORWARDED_HOST, "a/b" },
	{ FIELD_X_FORWARDED_HOST, "a, b" },
	{ FIELD_X_FORWARDED_HOST, "a\"b" },
	{ FIELD_X_FORWARDED_HOST, "a:0" },
	{ FIELD_X_FORWARDED_PORT, "" },
	{ FIELD_X_FORWARDED_PORT, "0" },
	{ FIELD_X_FORWARDED_PORT, "65536" },
	{ FIELD_X_FORWARDED_PORT, "80, 81" },
	{ FIELD_X_FORWARDED_PORT, "-1" },
};

START_TEST(nonsense_is_replaced)
{
	says(nonsense[_i].id, nonsense[_i].value);
	expect("10.0.0.1", "http", "in.example", "80", OWN);
}
END_TEST

START_TEST(contradictions_are_replaced)
{
	says(FIELD_X_FORWARDED_PROTO, "https");
	says(FIELD_X_FORWARDED_PROTO, "https");
	says(FIELD_X_FORWARDED_HOST, "a");
	says(FIELD_X_FORWARDED_HOST, "b");
	expect("10.0.0.1", "http", "in.example", "80", OWN);
}
END_TEST

START_TEST(others_are_not_believed)
{
	q.trusted = false;
	q.client = q.peer;
	q.client_text = SLICE_LIT("10.0.0.1");
	says(FIELD_X_FORWARDED_FOR, "9.9.9.9");
	says(FIELD_X_FORWARDED_PROTO, "https");
	says(FIELD_X_FORWARDED_HOST, "out.example");
	says(FIELD_X_FORWARDED_PORT, "444");
	says(FIELD_FORWARDED, "for=9.9.9.9");
	expect("10.0.0.1", "http", "in.example", "80", OWN);
}
END_TEST

START_TEST(a_peer_of_ipv6)
{
	const char *why;

	ck_assert(addr_parse("[fd00::1]:9", &q.peer, &why));
	says(FIELD_X_FORWARDED_FOR, "9.9.9.9");
	expect("9.9.9.9, fd00::1", "http", "in.example", "80",
	    "for=\"[fd00::1]\";host=\"in.example\";proto=http");
}
END_TEST

/* Only asked whether it is there. */
START_TEST(a_secured_connection)
{
	q.tls = (struct tls *)&q;
	expect("10.0.0.1", "https", "in.example", "443", OWN "s");
}
END_TEST

START_TEST(a_trusted_peer_knows_better)
{
	q.tls = (struct tls *)&q;
	says(FIELD_X_FORWARDED_PROTO, "http");
	expect("10.0.0.1", "http", "in.example", "80", OWN "s");
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("way");
	TCase *tc = tcase_create("way");
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(tc, set_up, tear_down);
	tcase_add_test(tc, a_trusted_peer_that_says_nothing);
	tcase_add_test(tc, all_is_kept);
	tcase_add_test(tc, lists_of_several_fields);
	tcase_add_test(tc, the_port_follows_from_the_rest);
	tcase_add_test(tc, the_port_stands_in_the_host);
	tcase_add_loop_test(tc, nonsense_is_replaced, 0,
	    (int)(sizeof(nonsense) / sizeof(nonsense[0])));
	tcase_add_test(tc, contradictions_are_replaced);
	tcase_add_test(tc, others_are_not_believed);
	tcase_add_test(tc, a_peer_of_ipv6);
	tcase_add_test(tc, a_secured_connection);
	tcase_add_test(tc, a_trusted_peer_knows_better);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
