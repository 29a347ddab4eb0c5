/*
 * change_text_test.c - changes in words.
 */
#include "master/change_text.h"

#include <check.h>
#include <errno.h>
#include <stdlib.h>

#include "common/net/tls.h"
#include "tests/unit/master/conf_try.h"

static const struct {
	struct change change;
	const char *words, *detail;
	enum change_weight weight;
} cases[] = {
	{ { .event = CHANGE_DOWN,
	      .cause = CAUSE_PROBE_CONNECT,
	      .detail = ECONNREFUSED },
	    "down: probe_connect (Connection refused)", "Connection refused",
	    CHANGE_BAD },
	{ { .event = CHANGE_DOWN, .cause = CAUSE_PROBE_STATUS, .detail = 503 },
	    "down: probe_status (503)", "503", CHANGE_BAD },
	{ { .event = CHANGE_EJECTED, .cause = CAUSE_TIMEOUT },
	    "ejected: timeout", "", CHANGE_BAD },
	{ { .event = CHANGE_POOR, .cause = CAUSE_SCORE, .detail = 287 },
	    "poor: score (28.7 %)", "28.7 %", CHANGE_BAD },
	{ { .event = CHANGE_WEIGHT, .cause = CAUSE_OPERATOR, .detail = 7 },
	    "weight: operator (7)", "7", CHANGE_NOTED },
	{ { .event = CHANGE_ADDED, .cause = CAUSE_CONFIG },
	    "added: configuration", "", CHANGE_QUIET },
	{ { .event = CHANGE_ADDED, .cause = CAUSE_DNS }, "added: dns", "",
	    CHANGE_NOTED },
	{ { .event = CHANGE_TRIAL, .cause = CAUSE_TIME }, "trial: time", "",
	    CHANGE_QUIET },
	{ { .event = CHANGE_RETURNED, .cause = CAUSE_ANSWERED },
	    "returned: answered", "", CHANGE_NOTED },
	{ { .event = CHANGE_DOWN,
	      .cause = CAUSE_PROBE_TLS,
	      .detail = TLS_FAULT_ALPN },
	    "down: probe_tls (the peer does not agree to the protocol)",
	    "the peer does not agree to the protocol", CHANGE_BAD },
	{ { .event = CHANGE_DOWN, .cause = CAUSE_PROBE_TLS, .detail = 0x1000a },
	    "down: probe_tls (the certificate has expired)",
	    "the certificate has expired", CHANGE_BAD },
	/* Of a library that is not this one. */
	{ { .event = CHANGE_DOWN, .cause = CAUSE_PROBE_TLS, .detail = 0x99999 },
	    "down: probe_tls (the library failed)", "the library failed",
	    CHANGE_BAD },
	{ { .event = CHANGE_DOWN, .cause = CAUSE_PROBE_GRPC, .detail = 14 },
	    "down: probe_grpc (grpc-status 14 UNAVAILABLE)",
	    "grpc-status 14 UNAVAILABLE", CHANGE_BAD },
	{ { .event = CHANGE_DOWN,
	      .cause = CAUSE_PROBE_GRPC,
	      .detail = 0x10002 },
	    "down: probe_grpc (NOT_SERVING)", "NOT_SERVING", CHANGE_BAD },
	/* No errno of this system. */
	{ { .event = CHANGE_EJECTED, .cause = CAUSE_RESET, .detail = 99999 },
	    "ejected: reset (99999)", "99999", CHANGE_BAD },
};

START_TEST(a_change_in_words)
{
	struct text t = { 0 };

	change_text(&t, &cases[_i].change);
	ck_assert_msg(slice_eq(text_slice(&t), slice_str(cases[_i].words)),
	    "got %.*s", SLICE_FMT(text_slice(&t)));
	text_clear(&t);
	change_detail(&t, &cases[_i].change);
	ck_assert(slice_eq(text_slice(&t), slice_str(cases[_i].detail)));
	ck_assert_int_eq(change_weight(&cases[_i].change), cases[_i].weight);
	text_fini(&t);
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("change_text");

	tcase_add_loop_test(
	    tc, a_change_in_words, 0, sizeof(cases) / sizeof(cases[0]));
	return conf_try_run("change_text", tc);
}
