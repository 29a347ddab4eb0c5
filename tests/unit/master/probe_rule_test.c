/*
 * probe_rule_test.c - what a rule asks, and what it expects.
 */
#include "tests/unit/master/probe_kit.h"

#include <time.h>

#include "common/http/h1.h"

static struct probe_rule *rule;

static void
teardown(void)
{
	probe_rule_free(rule);
	rule = NULL;
}

static bool
finds(const char *body)
{
	return probe_rule_finds(rule, slice_str(body));
}

static void
body_rule(const char *body, bool regex)
{
	struct kit_service k = { .name = "s",
		.type = IMG_CHECK_HTTP,
		.body = body,
		.regex = regex };

	rule = kit_rule(&k);
}

/* What the rule writes for an endpoint of this name. */
static void
asks(const char *host, const char *want)
{
	static const struct codec_events none;
	static const struct codec_limits limits = { 1024, 1024, 16 };
	struct iovec iov[4];
	struct obuf out;
	struct h1 h;

	buf_pool_init(0);
	obuf_init(&out, NULL);
	h1_init(&h, CODEC_CLIENT, &none, &limits, &out);
	ck_assert(probe_rule_ask(rule, slice_str(host), &h.stream));
	ck_assert_int_eq(obuf_iov(&out, iov, 4), 1);
	ck_assert_uint_eq(iov[0].iov_len, strlen(want));
	ck_assert_msg(memcmp(iov[0].iov_base, want, iov[0].iov_len) == 0,
	    "%.*s", (int)iov[0].iov_len, (char *)iov[0].iov_base);
	obuf_fini(&out);
	buf_pool_fini();
}

#define TAIL                                                        \
	"User-Agent: penstock/" PENSTOCK_VERSION "\r\nConnection: " \
	"close\r\n\r\n"

START_TEST(asks_with_the_name_of_the_endpoint)
{
	struct kit_service k = { .name = "s", .type = IMG_CHECK_HTTP };

	rule = kit_rule(&k);
	asks("10.0.0.1:80", "GET / HTTP/1.1\r\nHost: 10.0.0.1:80\r\n" TAIL);
	asks("b", "GET / HTTP/1.1\r\nHost: b\r\n" TAIL);
}
END_TEST

START_TEST(asks_with_the_host_of_the_service_or_of_the_check)
{
	struct kit_service k = { .name = "s",
		.type = IMG_CHECK_HTTP,
		.path = "/up?x",
		.host = "shop.example",
		.head = true };

	rule = kit_rule(&k);
	asks("b", "HEAD /up?x HTTP/1.1\r\nHost: shop.example\r\n" TAIL);
	probe_rule_free(rule);
	k.check_host = "probe.example";
	rule = kit_rule(&k);
	asks("b", "HEAD /up?x HTTP/1.1\r\nHost: probe.example\r\n" TAIL);
}
END_TEST

START_TEST(asks_with_the_configured_fields)
{
	struct kit_service k = { .name = "s",
		.type = IMG_CHECK_HTTP,
		.headers = { { "X-A", "1" }, { "user-agent", "me" } } };

	rule = kit_rule(&k);
	asks("b",
	    "GET / HTTP/1.1\r\nHost: b\r\nX-A: 1\r\nuser-agent: me\r\n"
	    "Connection: close\r\n\r\n");
}
END_TEST

START_TEST(expects_ranges)
{
	struct kit_service k = { .name = "s",
		.type = IMG_CHECK_HTTP,
		.expect = { { 200, 204 }, { 401, 401 } } };

	rule = kit_rule(&k);
	ck_assert(probe_rule_expects(rule, 200));
	ck_assert(probe_rule_expects(rule, 204));
	ck_assert(probe_rule_expects(rule, 401));
	ck_assert(!probe_rule_expects(rule, 199));
	ck_assert(!probe_rule_expects(rule, 205));
	ck_assert(!probe_rule_expects(rule, 400));
	ck_assert(!probe_rule_expects(rule, 402));
}
END_TEST

START_TEST(finds_text)
{
	body_rule("all is well", false);
	ck_assert(finds("{ all is well }"));
	ck_assert(!finds("all is wel"));
	ck_assert(!finds(""));
	probe_rule_free(rule);
	body_rule(NULL, false);
	ck_assert(finds(""));
}
END_TEST

START_TEST(finds_expressions)
{
	body_rule("\"status\": *\"(ok|warm)\"", true);
	ck_assert(finds("{\"status\":  \"warm\"}"));
	ck_assert(!finds("{\"status\": \"cold\"}"));
	ck_assert(!finds(""));
	probe_rule_free(rule);
	body_rule("^$", true);
	ck_assert(finds(""));
	probe_rule_free(rule);
	body_rule("(", true);
	ck_assert_ptr_null(rule);
}
END_TEST

/* That this process had a processor, however many others want it. */
static double
worked_s(void)
{
	struct timespec t;

	ck_assert_int_eq(clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t), 0);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* Backtracking, and a search that is quadratic in the body. */
START_TEST(bounds_the_work)
{
	static const char *const costly[] = { "(a+)+$", "(a|aa)+$",
		"a[^y]*+a[^y]*+z" };
	static char body[PROBE_BODY_BYTES + 1];
	double start;

	memset(body, 'a', PROBE_BODY_BYTES - 1);
	body[PROBE_BODY_BYTES - 1] = 'z';
	body_rule(costly[_i], true);
	body[PROBE_BODY_BYTES - 2] = 'y';
	start = worked_s();
	ck_assert(!finds(body));
	ck_assert(worked_s() - start < 2);
}
END_TEST

/* An ordinary one is not cut short. */
START_TEST(searches_whole_bodies)
{
	static char body[PROBE_BODY_BYTES + 1];

	memset(body, 'x', PROBE_BODY_BYTES);
	memcpy(body + PROBE_BODY_BYTES - 4, "42ok", 4);
	body_rule("[0-9]+ok", true);
	ck_assert(finds(body));
	probe_rule_free(rule);
	body_rule("(?:x|4)+2ok", true);
	ck_assert(finds(body));
}
END_TEST

START_TEST(differs_when_anything_does)
{
	struct kit_service base = { .name = "s",
		.type = IMG_CHECK_HTTP,
		.headers = { { "X-A", "1" } } };
	struct kit_service k[] = { base, base, base, base, base, base, base,
		base, base, base, base, base, base };
	struct probe_rule *other;

	k[1].path = "/x";
	k[2].body = "x";
	k[3].healthy = 5;
	k[4].interval_us = 5;
	k[5].headers[0][1] = "2";
	k[6].expect[0] = (struct img_range){ 200, 200 };
	k[7].host = "x";
	k[8].type = IMG_CHECK_TCP;
	k[9].h2 = true;
	k[10].grpc = "x";
	k[11].tls_out = 1;
	k[12].tls_name = "x"; /* without TLS */
	rule = kit_rule(&base);
	for (size_t i = 0; i < sizeof(k) / sizeof(k[0]); i++) {
		other = kit_rule(&k[i]);
		ck_assert_int_eq(slice_eq(text_slice(&rule->description),
				     text_slice(&other->description)),
		    i == 0 || i == 12);
		probe_rule_free(other);
	}
}
END_TEST

START_TEST(follows_tls)
{
	struct kit_service a = { .name = "s",
		.type = IMG_CHECK_HTTP,
		.tls_out = 1,
		.tls_name = "x" };
	struct kit_service b = a;
	struct probe_rule *other;

	/* By its hash and its name; a check of tcp has no use for it. */
	if (_i == 1)
		b.tls_out = 2;
	if (_i == 2)
		b.tls_name = "y";
	if (_i == 3)
		a.type = b.type = IMG_CHECK_TCP, b.tls_out = 2;
	rule = kit_rule(&a);
	other = kit_rule(&b);
	ck_assert_int_eq(slice_eq(text_slice(&rule->description),
			     text_slice(&other->description)),
	    _i == 0 || _i == 3);
	ck_assert_int_eq(rule->tls_name.n, _i == 3 ? 0 : 1);
	probe_rule_free(other);
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("probe_rule");

	tcase_add_checked_fixture(tc, NULL, teardown);
	tcase_set_timeout(tc, 30);
	tcase_add_test(tc, asks_with_the_name_of_the_endpoint);
	tcase_add_test(tc, asks_with_the_host_of_the_service_or_of_the_check);
	tcase_add_test(tc, asks_with_the_configured_fields);
	tcase_add_test(tc, expects_ranges);
	tcase_add_test(tc, finds_text);
	tcase_add_test(tc, finds_expressions);
	tcase_add_loop_test(tc, bounds_the_work, 0, 3);
	tcase_add_test(tc, searches_whole_bodies);
	tcase_add_test(tc, differs_when_anything_does);
	tcase_add_loop_test(tc, follows_tls, 0, 4);
	return fixture_run(tc, "probe_rule");
}
