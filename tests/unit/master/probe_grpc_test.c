/*
 * probe_grpc_test.c - calls of grpc.health.v1, and what comes back.
 */
#include "tests/unit/master/probe_peer.h"

#include "master/grpc_health.h"

#define GRPC "application/grpc"
#define BODY(n) SLICE_LIT("\0\0\0\0\2\x08" n)
#define SAYS(http, kind, head, text, last)                               \
	{                                                                \
		.status = (http), .type = (kind), .grpc_status = (head), \
		.body = text, .trailer = (last)                          \
	}
#define HEALTH(n) (0x10000u | (n))

static const struct kit_service grpc = {
	.name = "s", .type = IMG_CHECK_GRPC, .h2 = true
};

START_TEST(serving)
{
	struct kit_service k = grpc;

	if (_i == 1)
		k.grpc = "a.B";
	says = (struct says)SAYS(200, GRPC "+proto", NULL, BODY("\1"), "0");
	run(&k);
	GOOD();
	asked("POST http e:1 /grpc.health.v1.Health/Check|Content-Type=" GRPC
	      "|TE=trailers|" AGENT);
	ck_assert_uint_eq(peer.body_n, _i == 0 ? 5 : 10);
	if (_i == 1)
		ck_assert_mem_eq(peer.body, "\0\0\0\0\5\x0a\3a.B", 10);
}
END_TEST

START_TEST(others)
{
	static const struct {
		struct says says;
		enum change_cause cause;
		uint32_t detail;
	} c[] = {
		{ SAYS(200, GRPC, NULL, BODY("\2"), "0"), CAUSE_PROBE_GRPC,
		    HEALTH(2) },
		{ SAYS(200, GRPC, NULL, SLICE_LIT("\0\0\0\0\0"), "0"),
		    CAUSE_PROBE_GRPC, HEALTH(0) },
		{ SAYS(200, GRPC, NULL, BODY("\x7f"), "0"), CAUSE_PROBE_GRPC,
		    HEALTH(0x7f) },
		/* The code counts, whatever the message says. */
		{ SAYS(200, GRPC, NULL, BODY("\1"), "14"), CAUSE_PROBE_GRPC,
		    14 },
		/* Trailers alone. */
		{ SAYS(200, GRPC, "12", SLICE_NONE, NULL), CAUSE_PROBE_GRPC,
		    12 },
		{ SAYS(200, GRPC, "0", SLICE_NONE, NULL), CAUSE_PROBE_BROKEN,
		    0 },
		/* In the head it counts only where it is the last word. */
		{ SAYS(200, GRPC, "0", BODY("\1"), NULL), CAUSE_PROBE_BROKEN,
		    0 },
		{ SAYS(200, GRPC, NULL, BODY("\1"), "zero"), CAUSE_PROBE_BROKEN,
		    0 },
		{ SAYS(200, GRPC, NULL, SLICE_LIT("\1\0\0\0\2\x08\1"), "0"),
		    CAUSE_PROBE_BROKEN, 0 },
		{ SAYS(200, "text/html", NULL, BODY("\1"), "0"),
		    CAUSE_PROBE_BROKEN, 0 },
		{ SAYS(200, NULL, NULL, BODY("\1"), "0"), CAUSE_PROBE_BROKEN,
		    0 },
		{ SAYS(502, GRPC, NULL, BODY("\1"), "0"), CAUSE_PROBE_STATUS,
		    502 },
	};

	says = c[_i].says;
	run(&grpc);
	came_to(PROBE_BAD, c[_i].cause, c[_i].detail);
}
END_TEST

START_TEST(long_body)
{
	static char text[GRPC_HEALTH_BODY_MAX + 1] = { 0, 0, 0, 3, -5, 0x12,
		(char)0xf8, 7 };
	size_t n = sizeof(text) - (_i == 0);

	/* An unknown field that fills the frame, and one byte more. */
	text[4] = (char)((n - 5) & 0xff);
	text[3] = (char)((n - 5) >> 8);
	text[6] = (char)(((n - 8) & 0x7f) | 0x80);
	text[7] = (char)((n - 8) >> 7);
	says = (struct says)SAYS(200, GRPC, NULL, slice_make(text, n), "0");
	run(&grpc);
	if (_i == 0)
		came_to(PROBE_BAD, CAUSE_PROBE_GRPC, HEALTH(0));
	else
		came_to(PROBE_BAD, CAUSE_PROBE_BROKEN, 0);
}
END_TEST

START_TEST(cancelled)
{
	says = (struct says){ .cancel = true };
	run(&grpc);
	came_to(PROBE_BAD, CAUSE_PROBE_BROKEN, 0);
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("probe_grpc");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_loop_test(tc, serving, 0, 2);
	tcase_add_loop_test(tc, others, 0, 12);
	tcase_add_loop_test(tc, long_body, 0, 2);
	tcase_add_test(tc, cancelled);
	return fixture_run(tc, "probe_grpc");
}
