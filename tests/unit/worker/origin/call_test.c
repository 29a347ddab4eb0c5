/*
 * Tests of call.c, solo.c and opool.c together, over HTTP/1: who holds which
 * connection, and what the region says of it.
 */
#include "tests/unit/worker/origin/call_kit.h"

#define ANSWER "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n"

static void
turns_until(uint32_t i, const char *want)
{
	for (int n = 0; n < 200 && strcmp(story[i], want) != 0; n++)
		turn();
	ck_assert_str_eq(story[i], want);
}

/* Call i has a connection of its own, and waits for its answer. */
static void
start_fresh(uint32_t i, uint32_t worker)
{
	ck_assert_int_eq(start(i, worker, true), CALL_CONNECTED);
	turns_until(i, "r");
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
answer(uint32_t i)
{
	say(i, ANSWER "ok");
	turns_until(i, "rhde");
}

START_TEST(a_connection_is_counted_once)
{
	begin(0);
	expect(0, 0, 0);
	start_fresh(0, 0);
	expect(1, 0, 1);
	answer(0);
	expect(0, 1, 1);
	ck_assert_int_eq(start(0, 0, false), CALL_CONNECTED);
	ck_assert(calls[0].reused);
	expect(1, 0, 1);
	answer(0);
	start_fresh(1, 0);
	expect(1, 1, 2);
	call_abort(&calls[1]);
	expect(0, 1, 1);
	ck_assert_uint_eq(ended, 3);
	end();
}
END_TEST

START_TEST(no_more_than_allowed)
{
	begin(2);
	start_fresh(0, 0);
	start_fresh(1, 1);
	expect(2, 0, 2);
	ck_assert_int_eq(start(2, 0, false), CALL_FULL);
	ck_assert_int_eq(start(3, 1, false), CALL_FULL);
	expect(2, 0, 2);
	expect_tally(0, 0, 0);
	ck_assert_uint_eq(ended, 0);
	/* One that idles elsewhere still counts; one's own is used. */
	answer(1);
	expect(1, 1, 2);
	ck_assert_int_eq(start(2, 0, false), CALL_FULL);
	ck_assert_int_eq(start(1, 1, false), CALL_CONNECTED);
	call_abort(&calls[1]);
	expect(1, 0, 1);
	start_fresh(2, 0);
	expect(2, 0, 2);
	end();
}
END_TEST

START_TEST(what_idles_is_given_up_when_wanted)
{
	begin(2);
	start_fresh(0, 1);
	start_fresh(1, 1);
	answer(0);
	answer(1);
	opool_sweep(&pools[1]);
	expect(0, 2, 2);
	permit_want(&region, endpoint.index, clock_now().us);
	opool_sweep(&pools[1]);
	expect(0, 1, 1);
	/* And what becomes idle is not kept. */
	ck_assert_int_eq(start(1, 1, false), CALL_CONNECTED);
	close(peers[0]); /* the older one was closed */
	peers[0] = -1;
	answer(1);
	expect(0, 0, 0);
	end();
}
END_TEST

/* A reload has set a bound since the connections were made. */
START_TEST(what_idles_from_before_a_bound_is_given_up)
{
	begin(0);
	start_fresh(0, 1);
	start_fresh(1, 1);
	answer(0);
	answer(1);
	for (uint32_t i = 0; i < CALLS; i++)
		calls[i].params.max_connections = 2;
	ck_assert_int_eq(start(2, 0, false), CALL_FULL);
	permit_want(&region, endpoint.index, clock_now().us);
	opool_sweep(&pools[1]);
	expect(0, 1, 1);
	close(peers[0]); /* the older one was closed */
	peers[0] = -1;
	start_fresh(2, 0);
	/* And what is used again under the bound is not kept. */
	ck_assert_int_eq(start(1, 1, false), CALL_CONNECTED);
	permit_want(&region, endpoint.index, clock_now().us);
	answer(1);
	expect(1, 0, 1);
	end();
}
END_TEST

START_TEST(an_old_want_is_forgotten)
{
	begin(2);
	start_fresh(0, 0);
	permit_want(&region, endpoint.index, clock_now().us);
	own_us += 30000;
	turn();
	answer(0);
	opool_sweep(&pools[0]);
	expect(0, 1, 1);
	end();
}
END_TEST

START_TEST(refusals_count_against_the_endpoint)
{
	begin(0);
	close(listening);
	listening = -1;
	ck_assert_int_eq(start(0, 0, false), CALL_CONNECTED);
	turns_until(0, "f");
	ck_assert_int_eq(failure, WHY_CONNECT_FAILED);
	expect(0, 0, 0);
	expect_tally(0, 1, 1);
	refusal = ENETUNREACH;
	ck_assert_int_eq(start(0, 0, false), CALL_REFUSED);
	expect(0, 0, 0);
	expect_tally(0, 2, 2);
	ck_assert_uint_eq(ended, 2);
	end();
}
END_TEST

START_TEST(what_lacks_here_does_not)
{
	static const int lacks[] = { ENOMEM, ENOBUFS, EMFILE, ENFILE };

	begin(1);
	for (size_t i = 0; i < sizeof(lacks) / sizeof(lacks[0]); i++) {
		refusal = lacks[i];
		ck_assert_int_eq(start(0, 0, false), CALL_LACKS);
		expect(0, 0, 0);
	}
	refusal = EADDRNOTAVAIL;
	ck_assert_int_eq(start(0, 0, false), CALL_REFUSED);
	expect(0, 0, 0);
	expect_tally(0, 0, 0);
	end();
}
END_TEST

/* Nor when it is known only later. */
START_TEST(what_lacks_here_later_does_not)
{
	static const int lacks[] = { ENOMEM, ENOBUFS, EADDRNOTAVAIL };

	begin(1);
	for (size_t i = 0; i < sizeof(lacks) / sizeof(lacks[0]); i++) {
		late = lacks[i];
		ck_assert_int_eq(start(0, 0, false), CALL_CONNECTED);
		turns_until(0, "f");
		ck_assert_int_eq(failure, WHY_CONNECT_FAILED);
		expect(0, 0, 0);
		expect_tally(0, 0, 0);
	}
	late = ECONNREFUSED;
	ck_assert_int_eq(start(0, 0, false), CALL_CONNECTED);
	turns_until(0, "f");
	expect_tally(0, 1, 1);
	end();
}
END_TEST

START_TEST(told_once_how_it_went)
{
	begin(0);
	start_fresh(0, 0);
	answer(0);
	expect_tally(1, 0, 0);
	/* An answer that does not end well is a failure only. */
	start_fresh(1, 0);
	say(1, ANSWER);
	turns_until(1, "rh");
	expect_tally(1, 0, 0);
	close(peers[1]);
	peers[1] = -1;
	turns_until(1, "rhf");
	expect_tally(1, 1, 1);
	/* A bad one is known at its head. */
	start_fresh(2, 0);
	say(2, "HTTP/1.1 503 No\r\nContent-Length: 1\r\n\r\n");
	turns_until(2, "rh");
	expect_tally(1, 2, 2);
	say(2, "x");
	turns_until(2, "rhde");
	expect_tally(1, 2, 2);
	end();
}
END_TEST

START_TEST(given_up)
{
	begin(0);
	start_fresh(0, 0);
	call_abort(&calls[0]);
	expect_tally(0, 0, 0);
	start_fresh(1, 0);
	say(1, ANSWER);
	turns_until(1, "rh");
	call_abort(&calls[1]);
	expect_tally(1, 0, 0);
	end();
}
END_TEST

START_TEST(closed_while_it_idled)
{
	begin(0);
	start_fresh(0, 0);
	answer(0);
	ck_assert_int_eq(start(0, 0, false), CALL_CONNECTED);
	close(peers[0]);
	peers[0] = -1;
	turns_until(0, "rf");
	ck_assert_int_eq(failure, WHY_UPSTREAM_CLOSED);
	ck_assert(calls[0].reused && !calls[0].heard);
	expect(0, 0, 0);
	expect_tally(1, 0, 0);
	end();
}
END_TEST

START_TEST(nonsense_where_it_idled)
{
	begin(0);
	start_fresh(0, 0);
	answer(0);
	ck_assert_int_eq(start(0, 0, false), CALL_CONNECTED);
	say(0, "nonsense\r\n\r\n");
	turns_until(0, "rf");
	ck_assert_int_eq(failure, WHY_BAD_RESPONSE);
	expect_tally(1, 1, 1);
	end();
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("call");

	tcase_add_test(tc, a_connection_is_counted_once);
	tcase_add_test(tc, no_more_than_allowed);
	tcase_add_test(tc, what_idles_is_given_up_when_wanted);
	tcase_add_test(tc, what_idles_from_before_a_bound_is_given_up);
	tcase_add_test(tc, an_old_want_is_forgotten);
	tcase_add_test(tc, refusals_count_against_the_endpoint);
	tcase_add_test(tc, what_lacks_here_does_not);
	tcase_add_test(tc, what_lacks_here_later_does_not);
	tcase_add_test(tc, told_once_how_it_went);
	tcase_add_test(tc, given_up);
	tcase_add_test(tc, closed_while_it_idled);
	tcase_add_test(tc, nonsense_where_it_idled);
	return fixture_run(tc, "call");
}
