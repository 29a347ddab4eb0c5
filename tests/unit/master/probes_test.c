/*
 * probes_test.c - schedules and verdicts.
 */
#include "tests/unit/master/probes_kit.h"

#include <sys/resource.h>

START_TEST(falls_and_rises)
{
	go(ENDPOINTS);
	while (!down(0)) {
		ck_assert_int_gt(vital(0).streak, -3);
		turn();
	}
	ck_assert_int_eq(vital(0).streak, -3);
	ck_assert_int_eq(last_change(0).event, CHANGE_DOWN);
	ck_assert_int_eq(last_change(0).cause, CAUSE_PROBE_CONNECT);
	ck_assert_uint_eq(last_change(0).detail, ECONNREFUSED);
	ck_assert(!down(1) && !down(2));
	revive();
	while (down(0)) {
		ck_assert_int_lt(vital(0).streak, 2);
		turn();
	}
	ck_assert_int_eq(vital(0).streak, 2);
	ck_assert_int_eq(last_change(0).event, CHANGE_UP);
	ck_assert_int_eq(last_change(0).cause, CAUSE_PROBE_OK);
}
END_TEST

static const struct vital_rule at_once = { 1, UINT64_C(3600000000) };

START_TEST(rise_takes_back_what_requests_found)
{
	go(ENDPOINTS);
	await_down();
	vital_failed(
	    &region, index_of(0), &at_once, clock_now().us, CAUSE_CONNECT, 0);
	ck_assert_int_eq(vital(0).passive, PASSIVE_OUT);
	revive();
	while (down(0))
		turn();
	ck_assert_int_eq(vital(0).passive, PASSIVE_OK);
}
END_TEST

START_TEST(requests_judge_what_probes_find_well)
{
	go(ENDPOINTS);
	vital_failed(
	    &region, index_of(1), &at_once, clock_now().us, CAUSE_STATUS, 500);
	while (vital(1).streak < 4)
		turn();
	ck_assert_int_eq(vital(1).passive, PASSIVE_OUT);
}
END_TEST

START_TEST(hurries_to_the_first_verdict)
{
	uint64_t start_us;
	const struct probe_target *t;

	service.interval_us = 20000000;
	start_us = clock_update().us;
	go(ENDPOINTS);
	while (vital(1).streak < 2)
		turn();
	ck_assert_uint_lt(clock_now().us - start_us, 4000000);
	t = probes.target_of[index_of(1)];
	ck_assert(t->settled);
	ck_assert_uint_ge(t->timer.deadline_us, clock_now().us + 17900000);
	ck_assert_uint_le(t->timer.deadline_us, clock_now().us + 22000000);
}
END_TEST

/* The most probes that ended within a window of 50 ms of those of a second. */
static uint64_t
most_in_50_ms(void)
{
	static uint64_t at[1000];
	uint64_t start = clock_raw_us(), most = 0, us = 0;

	memset(at, 0, sizeof(at));
	while (us < 1000000) {
		at[us / 1000] = probed();
		turn();
		us = clock_raw_us() - start;
	}
	for (uint32_t i = 1; i < 1000; i++)
		at[i] = at[i] < at[i - 1] ? at[i - 1] : at[i];
	for (uint32_t i = 50; i < 1000; i++)
		most = at[i] - at[i - 50] > most ? at[i] - at[i - 50] : most;
	return most;
}

START_TEST(first_probes_are_spread)
{
	service.interval_us = 3000000;
	for (uint32_t i = 0; i < 200; i++)
		want_endpoint(i, port);
	go(200);
	ck_assert_uint_le(most_in_50_ms(), 40);
	ck_assert_uint_ge(probed(), 190);
}
END_TEST

START_TEST(many_are_let_through_evenly)
{
	uint64_t start_us;
	int32_t low = INT32_MAX, high = 0;

	for (uint32_t i = 0; i < 800; i++)
		want_endpoint(i, port);
	start_us = clock_raw_us();
	go(800);
	while (probed() < 2400) {
		turn();
		ck_assert_uint_le(probed(),
		    (clock_raw_us() - start_us + PROBES_LATE_US) /
			    PROBES_APART_US +
			1);
	}
	for (uint32_t i = 0; i < 800; i++) {
		int32_t n = vital(i).streak;

		low = n < low ? n : low;
		high = n > high ? n : high;
	}
	ck_assert_int_ge(low, 2);
	ck_assert_int_le(high, 4);
}
END_TEST

/* They hang, so that the places are full most of the time. */
/* Handshakes cost this process more. */
START_TEST(fewer_are_let_through_with_tls)
{
	uint64_t start_us;

	service.type = IMG_CHECK_HTTP;
	service.tls_out = 1;
	service.interval_us = 100000;
	for (uint32_t i = 0; i < 200; i++)
		want_endpoint(i, dead_port);
	go(200);
	start_us = clock_raw_us();
	run_us(1000000);
	ck_assert_uint_le(probed(),
	    (clock_raw_us() - start_us + PROBES_LATE_US) / PROBES_APART_TLS_US +
		2);
	ck_assert_uint_gt(probed(), 100);
}
END_TEST

START_TEST(few_at_once)
{
	service.type = IMG_CHECK_HTTP;
	service.timeout_us = 20000;
	service.unhealthy = 1;
	probes.running_max = 2;
	for (uint32_t i = 0; i < 12; i++)
		want_endpoint(i, port);
	go(12);
	while (probes.bad < 24) {
		turn_alone();
		ck_assert_uint_le(probes.running, 2);
	}
	for (uint32_t i = 0; i < 12; i++)
		ck_assert(down(i));
}
END_TEST

/* All places are taken by a service that hangs, whose check is then removed. */
START_TEST(freed_places_are_used)
{
	struct kit_service both[2] = { service, service };

	both[0].type = IMG_CHECK_HTTP;
	both[0].interval_us = both[0].timeout_us = 3600000000;
	both[1].name = "other";
	both[1].slot = registry_service(&region, SLICE_LIT("other"));
	ck_assert(registry_publish_set(&region, both[0].slot, want + 1, 1));
	ck_assert(registry_publish_set(&region, both[1].slot, want + 1, 2));
	probes.running_max = 1;
	kit_publish(&region, both, 1);
	probes_sync(&probes);
	while (probes.running < 1)
		turn_alone();
	kit_publish(&region, both, 2);
	probes_sync(&probes);
	while (
	    list_empty(&probes.ready) || probes.ready.next == probes.ready.prev)
		turn_alone();
	both[0].type = IMG_CHECK_NONE;
	kit_publish(&region, both, 2);
	probes_sync(&probes);
	run_probes(4);
}
END_TEST

START_TEST(own_shortage_is_not_held_against_them)
{
	struct rlimit limit;
	int next;

	service.unhealthy = 1;
	publish_service();
	next = dup(0);
	ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &limit), 0);
	limit.rlim_cur = (rlim_t)next;
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
	publish_set(ENDPOINTS);
	while (probes.put_off < 9)
		turn_alone();
	ck_assert_uint_eq(probed(), 0);
	ck_assert(!down(0) && vital(0).checked_us == 0);
	limit.rlim_cur = limit.rlim_max;
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
	await_down();
	close(next);
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("probes");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_set_timeout(tc, 30);
	tcase_add_test(tc, falls_and_rises);
	tcase_add_test(tc, rise_takes_back_what_requests_found);
	tcase_add_test(tc, requests_judge_what_probes_find_well);
	tcase_add_test(tc, hurries_to_the_first_verdict);
	tcase_add_test(tc, first_probes_are_spread);
	tcase_add_test(tc, many_are_let_through_evenly);
	tcase_add_test(tc, fewer_are_let_through_with_tls);
	tcase_add_test(tc, few_at_once);
	tcase_add_test(tc, freed_places_are_used);
	tcase_add_test(tc, own_shortage_is_not_held_against_them);
	return fixture_run(tc, "probes");
}
