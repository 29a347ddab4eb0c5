/*
 * probes_sync_test.c - probes follow images, sets, states and predecessors.
 */
#include "tests/unit/master/probes_kit.h"

START_TEST(removed_check)
{
	uint64_t before;

	go(ENDPOINTS);
	await_down();
	service.type = IMG_CHECK_NONE;
	publish_service();
	ck_assert(!down(0));
	ck_assert_int_eq(last_change(0).event, CHANGE_UP);
	ck_assert_int_eq(last_change(0).cause, CAUSE_CONFIG);
	ck_assert_int_eq(vital(0).streak, 0);
	ck_assert_uint_eq(vital(0).checked_us, 0);
	ck_assert(list_empty(&probes.groups));
	before = probed();
	run_us(100000);
	ck_assert_uint_eq(probed(), before);
}
END_TEST

START_TEST(altered_check)
{
	go(ENDPOINTS);
	await_down();
	while (vital(1).streak < 2)
		turn();
	service.unhealthy = 1;
	service.healthy = 6;
	publish_service();
	/* Down until the new check says otherwise; counted from now on. */
	ck_assert(down(0) && !down(1));
	ck_assert_int_eq(vital(1).streak, 0);
	ck_assert(!probes.target_of[index_of(1)]->settled);
	revive();
	while (down(0)) {
		ck_assert_int_lt(vital(0).streak, 6);
		turn();
	}
	/* The same once more changes nothing. */
	publish_service();
	ck_assert_int_ge(vital(0).streak, 6);
}
END_TEST

START_TEST(altered_port)
{
	go(ENDPOINTS);
	await_down();
	service.port = port;
	publish_service();
	while (down(0))
		turn();
}
END_TEST

START_TEST(removed_service)
{
	go(ENDPOINTS);
	run_probes(3);
	kit_publish(&region, NULL, 0);
	probes_sync(&probes);
	ck_assert(list_empty(&probes.groups));
	ck_assert_ptr_null(probes.group_of[service.slot]);
	run_us(50000);
	ck_assert_uint_eq(probes.running, 0);
}
END_TEST

START_TEST(members_come_and_go)
{
	uint32_t gone;

	go(ENDPOINTS);
	run_probes(6);
	gone = index_of(2);
	publish_set(2);
	ck_assert_ptr_null(probes.target_of[gone]);
	ck_assert_ptr_nonnull(probes.target_of[index_of(0)]);
	run_probes(6);
	publish_set(ENDPOINTS);
	while (vital(2).streak < 2)
		turn();
}
END_TEST

START_TEST(drained_is_probed_and_maintained_is_not)
{
	struct vital_info before;

	go(ENDPOINTS);
	run_probes(9);
	vital_set_admin(&region, index_of(1), ADMIN_DRAIN, CAUSE_OPERATOR);
	vital_set_admin(&region, index_of(2), ADMIN_MAINT, CAUSE_OPERATOR);
	probes_sync(&probes);
	before = vital(2);
	while (vital(1).streak < 20)
		turn();
	ck_assert_int_eq(vital(2).streak, before.streak);
	ck_assert_uint_eq(vital(2).checked_us, before.checked_us);
	vital_set_admin(&region, index_of(2), ADMIN_READY, CAUSE_OPERATOR);
	probes_sync(&probes);
	ck_assert_int_eq(vital(2).streak, 0);
	while (vital(2).streak < 2)
		turn();
}
END_TEST

START_TEST(successor_goes_on)
{
	struct vital_info before;

	service.interval_us = 400000;
	service.unhealthy = 2;
	go(ENDPOINTS);
	await_down();
	while (vital(1).streak < 2)
		turn();
	before = vital(1);
	probes_fini(&probes);
	ck_assert(loop_turn(&loop, 0));
	probes_init(&probes, &loop, &region);
	probes_sync(&probes);
	ck_assert(down(0));
	ck_assert(probes.target_of[index_of(0)]->settled);
	while (vital(1).streak == before.streak)
		turn();
	ck_assert_int_eq(vital(1).streak, before.streak + 1);
	ck_assert_uint_ge(vital(1).checked_us - before.checked_us, 360000);
	ck_assert(down(0));
}
END_TEST

/* An expression that the check took and that does not compile here. */
START_TEST(unusable_check)
{
	service.type = IMG_CHECK_HTTP;
	service.body = "(";
	service.regex = true;
	go(ENDPOINTS);
	run_us(50000);
	ck_assert_uint_eq(probed(), 0);
	service.body = NULL;
	service.type = IMG_CHECK_TCP;
	publish_service();
	await_down();
}
END_TEST

/* Policies come and go with what names them. */
START_TEST(altered_tls)
{
	struct tls_client *policy;

	service.type = IMG_CHECK_HTTP;
	service.tls_out = 1;
	go(ENDPOINTS);
	policy = probes.group_of[service.slot]->rule->tls;
	ck_assert_ptr_nonnull(policy);
	run_probes(6);
	while (vital(1).streak > -1)
		turn();
	/* Nobody there speaks TLS. */
	ck_assert_uint_eq(probes.good, 0);
	publish_service();
	ck_assert_int_lt(vital(1).streak, 0);
	ck_assert_ptr_eq(probes.group_of[service.slot]->rule->tls, policy);
	service.tls_out = 2;
	publish_service();
	ck_assert_int_eq(vital(1).streak, 0);
	ck_assert_uint_eq(probes.policies.kept[POLICY_CLIENT].count, 1);
	service.tls_out = 0;
	publish_service();
	ck_assert_ptr_null(probes.group_of[service.slot]->rule->tls);
	ck_assert_uint_eq(probes.policies.kept[POLICY_CLIENT].count, 0);
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("probes_sync");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_set_timeout(tc, 30);
	tcase_add_test(tc, removed_check);
	tcase_add_test(tc, altered_check);
	tcase_add_test(tc, altered_port);
	tcase_add_test(tc, removed_service);
	tcase_add_test(tc, members_come_and_go);
	tcase_add_test(tc, drained_is_probed_and_maintained_is_not);
	tcase_add_test(tc, successor_goes_on);
	tcase_add_test(tc, unusable_check);
	tcase_add_test(tc, altered_tls);
	return fixture_run(tc, "probes_sync");
}
