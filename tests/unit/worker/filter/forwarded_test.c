/* Tests of forwarded.c: what goes upstream, and what must not. */
#include <check.h>
#include <stdlib.h>

#include "worker/filter/forwarded.h"
#include "worker/flow/req.h"

static struct req q;
static char first[8192];

static void
start(void)
{
	static const struct img_head nothing_told;

	q = (struct req){ .head.version = HTTP_1_1, .image = &nothing_told };
}

static void
begin(const char *const (*fields)[2], uint32_t count, const char *ip)
{
	const char *why;

	q.request_id = SLICE_LIT("0123");
	arena_init(&q.arena, first, sizeof(first), 65536);
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
	ck_assert(addr_parse(ip, &q.peer, &why));
	q.client = q.peer;
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
		{ "TE", "gzip" },
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

/* "_" is "-" to servers that make variables of fields. */
START_TEST(aliases_of_ours_are_dropped)
{
	static const char *const fields[][2] = {
		{ "Content_Length", "3" },
		{ "Transfer_Encoding", "chunked" },
		{ "X_Forwarded_For", "6.6.6.6" },
		{ "x-forwarded_proto", "https" },
		{ "X_REQUEST_ID", "mine" },
		{ "X_Forwarded_Fort", "kept" },
		{ "My_Field", "kept" },
		{ "_", "kept" },
	};

	begin(fields, 8, "10.1.2.3:9");
	ck_assert_uint_eq(occurrences("Content_Length", NULL), 0);
	ck_assert_uint_eq(occurrences("Transfer_Encoding", NULL), 0);
	ck_assert_uint_eq(occurrences("X_Forwarded_For", NULL), 0);
	ck_assert_uint_eq(occurrences("x-forwarded_proto", NULL), 0);
	ck_assert_uint_eq(occurrences("X_REQUEST_ID", NULL), 0);
	ck_assert_uint_eq(occurrences("X_Forwarded_Fort", "kept"), 1);
	ck_assert_uint_eq(occurrences("My_Field", "kept"), 1);
	ck_assert_uint_eq(occurrences("_", "kept"), 1);
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

START_TEST(stripped_credentials_end_here)
{
	static const struct img_auth bearer;
	static const char *const fields[][2] = {
		{ "Authorization", "Bearer x" },
		{ "X-Kept", "yes" },
	};

	q.stripped = &bearer;
	begin(fields, 2, "10.1.2.3:9");
	ck_assert_uint_eq(occurrences("Authorization", NULL), 0);
	ck_assert_uint_eq(occurrences("X-Kept", "yes"), 1);
	end();
}
END_TEST

START_TEST(te_trailers_is_said_anew)
{
	static const char *const fields[][2] = {
		{ "Connection", "TE" },
		{ "TE", "gzip;q=0.5" },
		{ "te", "deflate, Trailers" },
	};

	begin(fields, 3, "10.1.2.3:9");
	ck_assert_uint_eq(occurrences("TE", "trailers"), 1);
	end();
	/* HTTP/1.0 has no trailers. */
	q.head.version = HTTP_1_0;
	begin(fields, 3, "10.1.2.3:9");
	ck_assert_uint_eq(occurrences("TE", NULL), 0);
	ck_assert_uint_eq(occurrences("Via", "1.0 penstock"), 1);
	end();
	/* With HTTP/2 nobody has to say so. */
	q.head.version = HTTP_2;
	q.head.upgrade = SLICE_LIT("websocket");
	begin(fields, 0, "10.1.2.3:9");
	ck_assert_uint_eq(occurrences("TE", "trailers"), 1);
	ck_assert_uint_eq(occurrences("Via", "2 penstock"), 1);
	/* Not before its filter has looked at it. */
	ck_assert_uint_eq(q.up.upgrade.n, 0);
	end();
}
END_TEST

START_TEST(void_expectations_end_here)
{
	static const char *const fields[][2] = { { "Expect", "100-continue" } };

	begin(fields, 1, "10.1.2.3:9");
	ck_assert_uint_eq(occurrences("Expect", NULL), 0);
	end();
	q.head.expect_continue = true;
	begin(fields, 1, "10.1.2.3:9");
	ck_assert_uint_eq(occurrences("Expect", "100-continue"), 1);
	end();
}
END_TEST

START_TEST(max_forwards)
{
	static const char *const fields[][2] = {
		{ "Connection", "max-forwards" },
		{ "Max-Forwards", "10" },
	};
	static const char *const large[][2] = {
		{ "Max-Forwards", "99999999999999999999" },
	};

	q.head.method = METHOD_OPTIONS;
	begin(fields, 2, "10.1.2.3:9");
	ck_assert_uint_eq(occurrences("Max-Forwards", "9"), 1);
	end();
	begin(large, 1, "10.1.2.3:9");
	ck_assert_uint_eq(occurrences("Max-Forwards", "99999"), 1);
	end();
	q.head.method = METHOD_GET;
	begin(large, 1, "10.1.2.3:9");
	ck_assert_uint_eq(
	    occurrences("Max-Forwards", "99999999999999999999"), 1);
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

	tcase_add_checked_fixture(tc, start, NULL);
	tcase_add_test(tc, hop_by_hop_fields_end_here);
	tcase_add_test(tc, te_trailers_is_said_anew);
	tcase_add_test(tc, stripped_credentials_end_here);
	tcase_add_test(tc, void_expectations_end_here);
	tcase_add_test(tc, max_forwards);
	tcase_add_test(tc, claims_of_the_client_are_replaced);
	tcase_add_test(tc, aliases_of_ours_are_dropped);
	tcase_add_test(tc, ipv6_is_quoted);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
