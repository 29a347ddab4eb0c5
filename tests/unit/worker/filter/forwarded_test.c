/* Tests of forwarded.c: what goes upstream, and what must not. */
#include <check.h>
#include <stdlib.h>

#include "worker/filter/forwarded.h"
#include "worker/flow/req.h"

static struct req q;
static char first[8192];

static void
begin(const char *const (*fields)[2], uint32_t count, const char *ip)
{
	const char *why;

	q = (struct req){ .request_id = SLICE_LIT("0123") };
	arena_init(&q.arena, first, sizeof(first), 65536);
	q.head.version = HTTP_1_1;
	q.head.host = SLICE_LIT("api.example:8080");
	q.head.fields = calloc(count + 1, sizeof(struct field));
	for (uint32_t i = 0; i < count; i++) {
		struct field *f = &q.head.fields[i];

		f->name = slice_str(fields[i][0]);
		f->value = slice_str(fields[i][1]);
		f->id = (uint16_t)http_field_find(f->name);
		if (f->id != FIELD_OTHER)
			q.head.present |= UINT64_C(1) << f->id;
	}
	q.head.count = count;
	ck_assert(addr_parse(ip, &q.client, &why));
	q.client_text =
	    q.client.is_v6 ? SLICE_LIT("::1") : SLICE_LIT("10.1.2.3");
	ck_assert_int_eq(forwarded_request(&q), GO_ON);
}

static void
end(void)
{
	free(q.head.fields);
	arena_fini(&q.arena);
}

static uint32_t
occurrences(const char *name, const char *value)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < q.up.count; i++) {
		const struct field *f = &q.up.fields[i];

		if (!slice_eq_nocase(f->name, slice_str(name)))
			continue;
		if (value != NULL)
			ck_assert_msg(slice_eq(f->value, slice_str(value)),
			    "%s: %.*s", name, SLICE_FMT(f->value));
		n++;
	}
	return n;
}

START_TEST(hop_by_hop_fields_end_here)
{
	static const char *const fields[][2] = {
		{ "Host", "api.example:8080" },
		{ "Connection", "close, X-Private" },
		{ "Keep-Alive", "timeout=5" },
		{ "X-Private", "1" },
		{ "Proxy-Connection", "x" },
		{ "TE", "trailers" },
		{ "Upgrade", "h2c" },
		{ "Transfer-Encoding", "chunked" },
		{ "X-Kept", "yes" },
	};

	begin(fields, 9, "10.1.2.3:9");
	ck_assert_uint_eq(occurrences("Connection", NULL), 0);
	ck_assert_uint_eq(occurrences("Keep-Alive", NULL), 0);
	ck_assert_uint_eq(occurrences("X-Private", NULL), 0);
	ck_assert_uint_eq(occurrences("Proxy-Connection", NULL), 0);
	ck_assert_uint_eq(occurrences("TE", NULL), 0);
	ck_assert_uint_eq(occurrences("Upgrade", NULL), 0);
	ck_assert_uint_eq(occurrences("Transfer-Encoding", NULL), 0);
	ck_assert_uint_eq(occurrences("X-Kept", "yes"), 1);
	ck_assert_uint_eq(occurrences("Host", "api.example:8080"), 1);
	end();
}
END_TEST

START_TEST(claims_of_the_client_are_replaced)
{
	static const char *const fields[][2] = {
		{ "X-Forwarded-For", "6.6.6.6" },
		{ "x-forwarded-proto", "https" },
		{ "X-Forwarded-Host", "evil" },
		{ "X-Forwarded-Port", "1" },
		{ "Forwarded", "for=6.6.6.6" },
		{ "X-Request-ID", "mine" },
		{ "Via", "1.0 other" },
	};

	begin(fields, 7, "10.1.2.3:9");
	ck_assert_uint_eq(occurrences("X-Forwarded-For", "10.1.2.3"), 1);
	ck_assert_uint_eq(occurrences("X-Forwarded-Proto", "http"), 1);
	ck_assert_uint_eq(
	    occurrences("X-Forwarded-Host", "api.example:8080"), 1);
	ck_assert_uint_eq(occurrences("X-Forwarded-Port", "8080"), 1);
	ck_assert_uint_eq(occurrences("Forwarded",
			      "for=10.1.2.3;host=\"api.example:8080\";"
			      "proto=http"),
	    1);
	ck_assert_uint_eq(occurrences("X-Request-ID", "0123"), 1);
	ck_assert_uint_eq(occurrences("Via", NULL), 2);
	end();
}
END_TEST

START_TEST(ipv6_is_quoted)
{
	begin(NULL, 0, "[::1]:9");
	ck_assert_uint_eq(occurrences("X-Forwarded-For", "::1"), 1);
	ck_assert_uint_eq(
	    occurrences("Forwarded",
		"for=\"[::1]\";host=\"api.example:8080\";proto=http"),
	    1);
	end();
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("forwarded");
	TCase *tc = tcase_create("forwarded");
	SRunner *runner;
	int failed;

	tcase_add_test(tc, hop_by_hop_fields_end_here);
	tcase_add_test(tc, claims_of_the_client_are_replaced);
	tcase_add_test(tc, ipv6_is_quoted);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
