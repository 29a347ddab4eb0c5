/*
 * Tests of call_breaker.c: a call and the breaker of its endpoint. Whatever
 * becomes of a call, its pass is given back once.
 */
#include "shm/breaker.h"
#include "tests/unit/worker/origin/call_kit.h"

#define GOOD "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
#define BAD "HTTP/1.1 503 No\r\nContent-Length: 2\r\n\r\nno"
#define OPEN_US 60000000u

static const struct img_range statuses[] = { { 502, 504 } };

static void
guard(uint32_t failures, uint32_t probes)
{
	for (uint32_t i = 0; i < CALLS; i++)
		calls[i].params.judge = (struct judge){
			.scope = IMG_BREAKER_ENDPOINT,
			.on = IMG_BREAKER_CONNECT | IMG_BREAKER_RESET |
			    IMG_BREAKER_TIMEOUT | IMG_BREAKER_BROKEN,
			.status_count = 1,
			.statuses = statuses,
			.rule = { .failures = failures,
			    .successes = 1,
			    .probes = probes,
			    .minimum = 1,
			    .open_us = OPEN_US,
			    .slow_us = 1000000,
			    .window_us = 10000000 },
		};
}

static void
begin_guarded(uint32_t failures, uint32_t probes)
{
	begin(0);
	guard(failures, probes);
}

static void
expect_breaker(enum breaker_state state, uint32_t fails, uint32_t probes)
{
	struct breaker_info info;

	breaker_info(&region, BREAKER_OF_ENDPOINT(endpoint.index),
	    clock_now().us, &info);
	ck_assert_int_eq(info.state, state);
	ck_assert_uint_eq(info.fails, fails);
	ck_assert_uint_eq(info.probes, probes);
	ck_assert_uint_eq(
	    permit_count(&region, PERMIT_BREAKER + endpoint.index), probes);
}

/* OPEN, and its time is over. */
static void
make_due(void)
{
	struct breaker_pass pass;
	uint64_t wait_us;
	struct permits *p = &envs[0].permits;
	const struct breaker_rule *rule = &calls[0].params.judge.rule;
	struct breaker_outcome bad = { .failed = true, .cause = CAUSE_RESET };
	uint32_t breaker = BREAKER_OF_ENDPOINT(endpoint.index);

	while (breaker_admit(
	    p, breaker, rule, clock_now().us, false, &pass, &wait_us))
		breaker_result(p, breaker, rule, &pass, &bad, clock_now().us);
	own_us += 2 * OPEN_US;
	clock_update();
}

static void
turns_until(uint32_t i, const char *want)
{
	for (int n = 0; n < 200 && strcmp(story[i], want) != 0; n++)
		turn();
	ck_assert_str_eq(story[i], want);
}

static void
start_fresh(uint32_t i)
{
	ck_assert_int_eq(start(i, i % WORKERS, true), CALL_CONNECTED);
	turns_until(i, "r");
	if (peers[i] >= 0)
		close(peers[i]);
	peers[i] = accept(listening, NULL, NULL);
	ck_assert_int_ge(peers[i], 0);
}

static void
say(uint32_t i, const char *text)
{
	ssize_t n = send(peers[i], text, strlen(text), MSG_NOSIGNAL);

	ck_assert_int_eq(n, (ssize_t)strlen(text));
}

static void
hang_up(uint32_t i)
{
	close(peers[i]);
	peers[i] = -1;
}

static uint64_t upload_bytes = 4;

static void
on_ready_for_body(struct call *c)
{
	struct head h = { .method = METHOD_POST,
		.method_text = SLICE_LIT("POST"),
		.target = SLICE_LIT("/"),
		.host = SLICE_LIT("t"),
		.version = HTTP_1_1,
		.body = BODY_LENGTH,
		.length = upload_bytes };

	tell(c, 'r');
	ck_assert(call_send_head(c, &h, false));
	call_flush(c);
}

static void
on_interim(struct call *c, const struct head *h)
{
	(void)h;
	tell(c, 'i');
}

/* Its body is yet to come. */
static void
start_upload(uint32_t i)
{
	static struct call_sink uploads;

	uploads = sink;
	uploads.ready = on_ready_for_body;
	uploads.interim = on_interim;
	calls[i].sink = &uploads;
	start_fresh(i);
}

static void
send_body(uint32_t i)
{
	call_send_data(&calls[i], SLICE_LIT("body"));
	call_send_end(&calls[i], NULL);
	call_flush(&calls[i]);
}

static void
pass_time(unsigned us)
{
	own_us += us;
	clock_update();
}

START_TEST(statuses_open_it)
{
	begin_guarded(3, 1);
	for (uint32_t n = 1; n <= 3; n++) {
		start_fresh(0);
		say(0, BAD);
		turns_until(0, "rhde");
		expect_breaker(
		    n < 3 ? BREAKER_CLOSED : BREAKER_OPEN, n < 3 ? n : 0, 0);
	}
	ck_assert_int_eq(calls[0].judged.is, JUDGED_BAD);
	ck_assert_int_eq(start(0, 0, false), CALL_BARRED);
	ck_assert_uint_gt(calls[0].barred_us, OPEN_US / 2);
	ck_assert_uint_eq(registry_active(&region, endpoint.index), 0);
	/* What is known of the last one that was let through stays. */
	ck_assert_int_eq(calls[0].judged.is, JUDGED_BAD);
	end();
}
END_TEST

START_TEST(answers_close_it)
{
	begin_guarded(3, 1);
	start_fresh(0);
	say(0, BAD);
	turns_until(0, "rhde");
	expect_breaker(BREAKER_CLOSED, 1, 0);
	start_fresh(0);
	say(0, GOOD);
	turns_until(0, "rhde");
	expect_breaker(BREAKER_CLOSED, 0, 0);
	end();
}
END_TEST

START_TEST(failures_count)
{
	begin_guarded(10, 1);
	refusal = ECONNREFUSED;
	ck_assert_int_eq(start(0, 0, true), CALL_REFUSED);
	expect_breaker(BREAKER_CLOSED, 1, 0);
	refusal = 0;
	start_fresh(0);
	hang_up(0);
	turns_until(0, "rf");
	expect_breaker(BREAKER_CLOSED, 2, 0);
	start_fresh(0);
	say(0, "nonsense\r\n\r\n");
	turns_until(0, "rf");
	expect_breaker(BREAKER_CLOSED, 3, 0);
	start_fresh(0);
	call_expire(&calls[0]);
	expect_breaker(BREAKER_CLOSED, 4, 0);
	/* Within the answer. */
	start_fresh(0);
	say(0, "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf");
	turns_until(0, "rhd");
	expect_breaker(BREAKER_CLOSED, 4, 0);
	hang_up(0);
	turns_until(0, "rhdf");
	expect_breaker(BREAKER_CLOSED, 5, 0);
	end();
}
END_TEST

START_TEST(what_says_nothing_of_it)
{
	begin_guarded(10, 1);
	start_fresh(0);
	say(0, BAD);
	turns_until(0, "rhde");
	expect_breaker(BREAKER_CLOSED, 1, 0);
	/* The client has left; or descriptors lack here. */
	start_fresh(1);
	call_abort(&calls[1]);
	expect_breaker(BREAKER_CLOSED, 1, 0);
	refusal = EMFILE;
	ck_assert_int_eq(start(1, 0, true), CALL_LACKS);
	expect_breaker(BREAKER_CLOSED, 1, 0);
	refusal = 0;
	/* A connection that was closed while it idled. */
	hang_up(0);
	ck_assert_int_eq(start(0, 0, false), CALL_CONNECTED);
	turns_until(0, "rf");
	expect_breaker(BREAKER_CLOSED, 1, 0);
	end();
}
END_TEST

START_TEST(who_tires_of_the_client)
{
	begin_guarded(10, 1);
	for (uint32_t n = 0; n < 2; n++) {
		start_upload(0);
		if (n == 1) {
			call_send_data(&calls[0], SLICE_LIT("bo"));
			call_flush(&calls[0]);
			say(0, "HTTP/1.1 100 Continue\r\n\r\n");
			turn();
		}
		hang_up(0);
		turns_until(0, n == 1 ? "rif" : "rf");
		expect_breaker(BREAKER_CLOSED, 0, 0);
		expect_tally(0, 0, 0);
	}
	/* It has the whole of it. */
	start_upload(0);
	send_body(0);
	hang_up(0);
	turns_until(0, "rf");
	expect_breaker(BREAKER_CLOSED, 1, 0);
	expect_tally(0, 1, 1);
	/* Or is to say that it wants it. */
	start_upload(0);
	calls[0].expects = true;
	hang_up(0);
	turns_until(0, "rf");
	expect_breaker(BREAKER_CLOSED, 2, 0);
	end();
}
END_TEST

/* It reads nothing of what has come: the client is not late. */
START_TEST(who_takes_nothing)
{
	static const char much[65536];
	int small = 4096;

	begin_guarded(10, 1);
	ck_assert_int_eq(
	    setsockopt(listening, SOL_SOCKET, SO_RCVBUF, &small, sizeof(small)),
	    0);
	upload_bytes = UINT64_C(1) << 40;
	start_upload(0);
	do
		call_send_data(&calls[0], slice_make(much, sizeof(much)));
	while (call_flush(&calls[0]));
	turn();
	hang_up(0);
	turns_until(0, "rf");
	expect_breaker(BREAKER_CLOSED, 1, 0);
	end();
}
END_TEST

START_TEST(given_up_within_an_answer)
{
	begin_guarded(10, 1);
	start_fresh(0);
	say(0, BAD);
	turns_until(0, "rhde");
	start_fresh(1);
	say(1, "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf");
	turns_until(1, "rhd");
	/* It has answered: that is a success. */
	call_abort(&calls[1]);
	expect_breaker(BREAKER_CLOSED, 0, 0);
	end();
}
END_TEST

START_TEST(a_probe_is_back_with_the_head)
{
	begin_guarded(1, 1);
	make_due();
	start_fresh(0);
	expect_breaker(BREAKER_HALF, 0, 1);
	ck_assert_int_eq(start(1, 1, true), CALL_BARRED);
	expect(1, 0, 1);
	say(0, "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n");
	turns_until(0, "rh");
	expect_breaker(BREAKER_CLOSED, 0, 0);
	/* What comes later is not its business any more. */
	hang_up(0);
	turns_until(0, "rhf");
	expect_breaker(BREAKER_CLOSED, 0, 0);
	end();
}
END_TEST

START_TEST(a_probe_that_fails)
{
	begin_guarded(1, 2);
	make_due();
	start_fresh(0);
	start_fresh(1);
	expect_breaker(BREAKER_HALF, 0, 2);
	hang_up(0);
	turns_until(0, "rf");
	expect_breaker(BREAKER_OPEN, 0, 1);
	say(1, GOOD);
	turns_until(1, "rhde");
	expect_breaker(BREAKER_OPEN, 0, 0);
	end();
}
END_TEST

START_TEST(a_probe_of_which_nothing_is_known)
{
	begin_guarded(1, 1);
	make_due();
	start_fresh(0);
	call_abort(&calls[0]);
	expect_breaker(BREAKER_HALF, 0, 0);
	refusal = EMFILE;
	ck_assert_int_eq(start(1, 1, true), CALL_LACKS);
	refusal = 0;
	expect_breaker(BREAKER_HALF, 0, 0);
	start_fresh(1);
	expect_breaker(BREAKER_HALF, 0, 1);
	call_abort(&calls[1]);
	end();
}
END_TEST

/* Its client was late, but it tells all the same. */
START_TEST(a_place_that_was_lent)
{
	begin_guarded(1, 1);
	make_due();
	start_upload(0);
	ck_assert(call_is_probe(&calls[0]));
	call_lend_place(&calls[0]);
	expect_breaker(BREAKER_HALF, 0, 0);
	send_body(0);
	if (_i == 0)
		say(0, "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n");
	else if (_i == 1)
		say(0, "HTTP/1.1 503 No\r\nContent-Length: 9\r\n\r\n");
	else
		hang_up(0);
	turns_until(0, _i < 2 ? "rh" : "rf");
	expect_breaker(_i == 0 ? BREAKER_CLOSED : BREAKER_OPEN, 0, 0);
	end();
}
END_TEST

START_TEST(a_place_that_another_has)
{
	begin_guarded(1, 1);
	make_due();
	start_upload(0);
	call_lend_place(&calls[0]);
	start_fresh(1);
	expect_breaker(BREAKER_HALF, 0, 1);
	send_body(0);
	say(0, BAD);
	turns_until(0, "rhde");
	expect_breaker(BREAKER_HALF, 0, 1);
	say(1, GOOD);
	turns_until(1, "rhde");
	expect_breaker(BREAKER_CLOSED, 0, 0);
	/* Nothing is known of it. */
	make_due();
	start_upload(0);
	call_lend_place(&calls[0]);
	call_abort(&calls[0]);
	expect_breaker(BREAKER_HALF, 0, 0);
	/* What is closed needs no probe. */
	start_upload(0);
	call_lend_place(&calls[0]);
	start_fresh(1);
	say(1, GOOD);
	turns_until(1, "rhde");
	send_body(0);
	say(0, BAD);
	turns_until(0, "rhde");
	expect_breaker(BREAKER_CLOSED, 0, 0);
	end();
}
END_TEST

START_TEST(a_switch_is_a_success)
{
	begin_guarded(1, 1);
	make_due();
	calls[0].tunnel = true;
	start_fresh(0);
	say(0,
	    "HTTP/1.1 101 Go\r\nConnection: upgrade\r\n"
	    "Upgrade: websocket\r\n\r\n");
	turns_until(0, "rs");
	expect_breaker(BREAKER_CLOSED, 0, 0);
	expect(1, 0, 1);
	call_abort(&calls[0]);
	end();
}
END_TEST

/* Whatever the breaker says, of one that minds it. */
START_TEST(who_does_not_mind)
{
	begin_guarded(1, 1);
	start_fresh(0);
	hang_up(0);
	turns_until(0, "rf");
	expect_breaker(BREAKER_OPEN, 0, 0);
	ck_assert_int_eq(start(0, 0, true), CALL_BARRED);
	calls[0].params.judge.bypass = true;
	start_fresh(0);
	say(0, GOOD);
	turns_until(0, "rhde");
	expect_breaker(BREAKER_OPEN, 0, 0);
	calls[1].params.judge.scope = IMG_BREAKER_SERVICE;
	start_fresh(1);
	say(1, BAD);
	turns_until(1, "rhde");
	/* It is judged all the same: the service's breaker wants to know. */
	ck_assert_int_eq(calls[1].judged.is, JUDGED_BAD);
	calls[2].params.judge = (struct judge){ 0 };
	start_fresh(2);
	say(2, BAD);
	turns_until(2, "rhde");
	ck_assert_int_eq(calls[2].judged.is, JUDGED_NOT);
	expect_breaker(BREAKER_OPEN, 0, 0);
	end();
}
END_TEST

START_TEST(slow_calls)
{
	begin_guarded(0, 1);
	calls[0].params.judge.rule.slow_us = 1;
	calls[0].params.judge.rule.slow_rate = 1000;
	start_fresh(0);
	own_us += 2000;
	say(0, GOOD);
	turns_until(0, "rhde");
	expect_breaker(BREAKER_OPEN, 0, 0);
	end();
}
END_TEST

START_TEST(slow_clients)
{
	begin_guarded(0, 1);
	calls[0].params.judge.rule.slow_us = 200000;
	calls[0].params.judge.rule.slow_rate = 300;
	start_upload(0);
	pass_time(300000);
	send_body(0);
	say(0, GOOD);
	turns_until(0, "rhde");
	expect_breaker(BREAKER_CLOSED, 0, 0);
	/* Answered before it was whole. */
	start_upload(0);
	pass_time(300000);
	say(0, GOOD);
	turns_until(0, "rhde");
	expect_breaker(BREAKER_CLOSED, 0, 0);
	/* Then it is the endpoint. */
	start_upload(0);
	send_body(0);
	pass_time(300000);
	say(0, GOOD);
	turns_until(0, "rhde");
	expect_breaker(BREAKER_OPEN, 0, 0);
	end();
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("call_breaker");

	tcase_add_test(tc, statuses_open_it);
	tcase_add_test(tc, answers_close_it);
	tcase_add_test(tc, failures_count);
	tcase_add_test(tc, what_says_nothing_of_it);
	tcase_add_test(tc, who_tires_of_the_client);
	tcase_add_test(tc, who_takes_nothing);
	tcase_add_test(tc, given_up_within_an_answer);
	tcase_add_test(tc, a_probe_is_back_with_the_head);
	tcase_add_test(tc, a_probe_that_fails);
	tcase_add_test(tc, a_probe_of_which_nothing_is_known);
	tcase_add_loop_test(tc, a_place_that_was_lent, 0, 3);
	tcase_add_test(tc, a_place_that_another_has);
	tcase_add_test(tc, a_switch_is_a_success);
	tcase_add_test(tc, who_does_not_mind);
	tcase_add_test(tc, slow_calls);
	tcase_add_test(tc, slow_clients);
	return fixture_run(tc, "call_breaker");
}
