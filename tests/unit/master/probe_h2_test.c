/*
 * probe_h2_test.c - the rules of a check of type http, asked by HTTP/2.
 */
#include "tests/unit/master/probe_peer.h"

static const struct kit_service http = {
	.name = "s", .type = IMG_CHECK_HTTP, .path = "/up?x", .h2 = true
};
static const struct kit_service wants_ok = {
	.name = "s", .type = IMG_CHECK_HTTP, .h2 = true, .body = "ok"
};

START_TEST(good)
{
	struct kit_service k = http;

	k.headers[0][0] = "X-A";
	k.headers[0][1] = "1";
	says = (struct says){ .status = 200, .body = SLICE_LIT("fine") };
	run(&k);
	GOOD();
	asked("GET http e:1 /up?x|x-a=1|" AGENT);
	/* With a word of farewell. */
	ck_assert(h2_leaving(peer.h2));
	ck_assert_int_eq(peer.error, 0);
}
END_TEST

START_TEST(head_and_host)
{
	struct kit_service k = http;

	k.head = true;
	k.check_host = "shop.test";
	says = (struct says){ .status = 204 };
	run(&k);
	GOOD();
	asked("HEAD http shop.test /up?x|" AGENT);
}
END_TEST

START_TEST(wrong_status)
{
	says = (struct says){ .status = 503, .body = SLICE_LIT("ok") };
	run(&wants_ok);
	came_to(PROBE_BAD, CAUSE_PROBE_STATUS, 503);
}
END_TEST

START_TEST(bodies)
{
	static char text[PROBE_BODY_BYTES + 3];
	bool found = _i != 1;

	memset(text, 'x', sizeof(text));
	/* Within what is looked at, one byte beyond, and at the start. */
	if (_i == 2)
		memcpy(text, "ok", 2);
	else
		memcpy(text + PROBE_BODY_BYTES - (found ? 2 : 1), "ok", 2);
	says = (struct says){ .status = 200,
		.body = slice_make(text, sizeof(text)) };
	run(&wants_ok);
	if (found)
		GOOD();
	else
		came_to(PROBE_BAD, CAUSE_PROBE_BODY, 0);
}
END_TEST

START_TEST(broken_answers)
{
	static const struct says c[] = {
		{ .cancel = true },
		{ .leave = true, .close = true },
		{ .status = 200, .body = SLICE_LIT("ok"), .close = true },
		{ .raw = "HTTP/1.1 400 Bad Request\r\n\r\n" },
		{ .raw = "", .close = true },
	};

	says = c[_i];
	run(&wants_ok);
	came_to(PROBE_BAD, CAUSE_PROBE_BROKEN, 0);
}
END_TEST

START_TEST(hangs)
{
	struct kit_service k = http;

	k.timeout_us = 50000;
	run(&k);
	came_to(PROBE_BAD, CAUSE_PROBE_TIMEOUT, 0);
}
END_TEST

START_TEST(aborted)
{
	start(&http);
	while (peer.asked.n == 0) {
		ck_assert(loop_turn(&loop, 1000));
		peer_step();
	}
	probe_abort(&probe);
	probe_abort(&probe);
	ck_assert_uint_eq(ends, 0);
	ck_assert(loop_turn(&loop, 0));
	ck_assert_uint_eq(ends, 1);
	ck_assert_int_eq(probe.result, PROBE_ABORTED);
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("probe_h2");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, good);
	tcase_add_test(tc, head_and_host);
	tcase_add_test(tc, wrong_status);
	tcase_add_loop_test(tc, bodies, 0, 3);
	tcase_add_loop_test(tc, broken_answers, 0, 5);
	tcase_add_test(tc, hangs);
	tcase_add_test(tc, aborted);
	return fixture_run(tc, "probe_h2");
}
