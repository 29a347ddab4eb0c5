/* Tests of vital.c: verdicts, marking by traffic, what the master sets. */
#include "shm/vital.h"
#include "tests/unit/shm/fixture.h"

#define E 7 /* an endpoint */

static const struct vital_rule rule = { .failures = 3, .time_us = 1000 };
static const struct vital_rule no_rule = { 0 };

static struct vital_info
info_of(const struct region *r)
{
	struct vital_info i;

	vital_info(r, E, &i);
	return i;
}

static void
calls_fail(const struct region *r, uint32_t times, uint64_t now_us)
{
	for (uint32_t i = 0; i < times; i++)
		vital_failed(r, E, &rule, now_us, CAUSE_STATUS, 503);
}

static struct change
last_change(const struct region *r)
{
	struct change c = { 0 };

	ck_assert_uint_eq(history_read(r, E, 0, &c, 1), 1);
	return c;
}

START_TEST(nothing_is_known_at_first)
{
	struct region r;

	fixture_region(&r, 1);
	struct vital_info i = info_of(&r);
	ck_assert_int_eq(vital_look(&r, E, 0), VITAL_USABLE);
	ck_assert_uint_eq(vital_share(&r, E), VITAL_SHARE_FULL);
	ck_assert_uint_eq(vital_flags(&r, E), 0);
	ck_assert_int_eq(vital_admin(&r, E), ADMIN_READY);
	ck_assert_int_eq(i.score, -1);
	ck_assert_int_eq(i.passive, PASSIVE_OK);
	ck_assert_uint_eq(i.checked_us, 0);
	region_fini(&r);
}
END_TEST

START_TEST(failures_in_a_row_eject)
{
	struct region r;

	fixture_region(&r, 1);
	calls_fail(&r, 2, 50);
	vital_answered(&r, E, &rule);
	ck_assert_uint_eq(info_of(&r).fails, 0);
	calls_fail(&r, 2, 60);
	ck_assert_uint_eq(info_of(&r).fails, 2);
	ck_assert_int_eq(vital_look(&r, E, 60), VITAL_USABLE);
	ck_assert_uint_eq(vitals_version(&r), 0);
	ck_assert_uint_eq(history_count(&r, E), 0);
	calls_fail(&r, 1, 70);
	ck_assert_int_eq(vital_look(&r, E, 1069), VITAL_SICK);
	ck_assert_int_eq(vital_look(&r, E, 1070), VITAL_DUE);
	ck_assert_int_eq(info_of(&r).passive, PASSIVE_OUT);
	ck_assert_uint_eq(info_of(&r).passive_us, 1070);
	ck_assert_uint_eq(vitals_version(&r), 1);
	ck_assert_uint_eq(history_count(&r, E), 1);
	ck_assert_int_eq(last_change(&r).event, CHANGE_EJECTED);
	ck_assert_int_eq(last_change(&r).cause, CAUSE_STATUS);
	ck_assert_uint_eq(last_change(&r).detail, 503);
	/* The others are neighbours, not it. */
	ck_assert_int_eq(vital_look(&r, E - 1, 100), VITAL_USABLE);
	ck_assert_int_eq(vital_look(&r, E + 1, 100), VITAL_USABLE);
	region_fini(&r);
}
END_TEST

START_TEST(what_comes_late_while_out_is_ignored)
{
	struct region r;

	fixture_region(&r, 1);
	calls_fail(&r, 3, 0);
	uint64_t word = atomic_load(&r.state->vitals[E].passive);
	calls_fail(&r, 5, 500);
	vital_answered(&r, E, &rule);
	ck_assert_uint_eq(atomic_load(&r.state->vitals[E].passive), word);
	ck_assert_uint_eq(history_count(&r, E), 1);
	region_fini(&r);
}
END_TEST

START_TEST(one_call_tries)
{
	struct region r;

	fixture_region(&r, 1);
	ck_assert(!vital_claim(&r, E, &rule, 0)); /* nothing to claim */
	calls_fail(&r, 3, 0);
	ck_assert(!vital_claim(&r, E, &rule, 999));
	ck_assert(vital_claim(&r, E, &rule, 1000));
	ck_assert(!vital_claim(&r, E, &rule, 1000));
	ck_assert_int_eq(vital_look(&r, E, 1999), VITAL_SICK);
	ck_assert_int_eq(last_change(&r).event, CHANGE_TRIAL);
	ck_assert_uint_eq(vitals_version(&r), 2);
	/* It fails: out again, at once. */
	calls_fail(&r, 1, 1500);
	ck_assert_int_eq(info_of(&r).passive, PASSIVE_OUT);
	ck_assert_uint_eq(info_of(&r).passive_us, 2500);
	ck_assert_int_eq(last_change(&r).event, CHANGE_EJECTED);
	/* It is never heard of again: the next one tries. */
	ck_assert(vital_claim(&r, E, &rule, 2500));
	ck_assert_int_eq(vital_look(&r, E, 3500), VITAL_DUE);
	ck_assert(vital_claim(&r, E, &rule, 3500));
	/* It succeeds. */
	vital_answered(&r, E, &rule);
	ck_assert_int_eq(vital_look(&r, E, 3501), VITAL_USABLE);
	ck_assert_uint_eq(info_of(&r).fails, 0);
	ck_assert_int_eq(last_change(&r).event, CHANGE_RETURNED);
	ck_assert_int_eq(last_change(&r).cause, CAUSE_ANSWERED);
	ck_assert_uint_eq(vitals_version(&r), 6);
	ck_assert_uint_eq(history_count(&r, E), 6);
	region_fini(&r);
}
END_TEST

START_TEST(without_a_rule_nothing_is_marked)
{
	struct region r;

	fixture_region(&r, 1);
	for (int i = 0; i < 100; i++)
		vital_failed(&r, E, &no_rule, 0, CAUSE_CONNECT, 111);
	ck_assert_uint_eq(atomic_load(&r.state->vitals[E].passive), 0);
	/* Marked before the rule went: the master forgives, or a claim. */
	calls_fail(&r, 3, 0);
	vital_answered(&r, E, &no_rule);
	ck_assert_int_eq(info_of(&r).passive, PASSIVE_OUT);
	ck_assert(vital_claim(&r, E, &no_rule, 1000));
	ck_assert_int_eq(vital_look(&r, E, 1000), VITAL_USABLE);
	ck_assert_int_eq(last_change(&r).event, CHANGE_RETURNED);
	ck_assert_int_eq(last_change(&r).cause, CAUSE_CONFIG);
	region_fini(&r);
}
END_TEST

START_TEST(counts_and_times_end_somewhere)
{
	struct region r;
	struct vital_rule many = { .failures = UINT32_MAX, .time_us = 1 };
	struct vital_rule ever = { .failures = 1, .time_us = UINT64_MAX / 2 };

	fixture_region(&r, 1);
	for (uint32_t i = 1; i < 16383; i++)
		vital_failed(&r, E, &many, 0, CAUSE_TIMEOUT, 0);
	ck_assert_uint_eq(info_of(&r).fails, 16382);
	ck_assert_int_eq(info_of(&r).passive, PASSIVE_OK);
	vital_failed(&r, E, &many, 0, CAUSE_TIMEOUT, 0);
	ck_assert_int_eq(info_of(&r).passive, PASSIVE_OUT);
	ck_assert(vital_claim(&r, E, &many, 10));
	vital_failed(&r, E, &many, 11, CAUSE_TIMEOUT, 0);
	ck_assert_uint_eq(info_of(&r).fails, 16383);
	ck_assert_int_eq(info_of(&r).passive, PASSIVE_OUT);
	ck_assert_uint_eq(info_of(&r).passive_us, 12);
	vital_forgive(&r, E, CAUSE_OPERATOR);
	vital_failed(&r, E, &ever, 5, CAUSE_TIMEOUT, 0);
	ck_assert_int_eq(info_of(&r).passive, PASSIVE_OUT);
	ck_assert_uint_eq(info_of(&r).passive_us, (UINT64_C(1) << 48) - 1);
	ck_assert_uint_eq(info_of(&r).fails, 1);
	region_fini(&r);
}
END_TEST

START_TEST(the_master_forgives)
{
	struct region r;

	fixture_region(&r, 1);
	vital_forgive(&r, E, CAUSE_CONFIG);
	ck_assert_uint_eq(history_count(&r, E), 0);
	calls_fail(&r, 2, 0);
	vital_forgive(&r, E, CAUSE_CONFIG); /* no change to tell of */
	ck_assert_uint_eq(info_of(&r).fails, 0);
	ck_assert_uint_eq(history_count(&r, E), 0);
	calls_fail(&r, 3, 0);
	vital_forgive(&r, E, CAUSE_PROBE_OK);
	ck_assert_int_eq(vital_look(&r, E, 0), VITAL_USABLE);
	ck_assert_int_eq(last_change(&r).event, CHANGE_RETURNED);
	ck_assert_int_eq(last_change(&r).cause, CAUSE_PROBE_OK);
	ck_assert_uint_eq(vitals_version(&r), 2);
	calls_fail(&r, 3, 0);
	ck_assert(vital_claim(&r, E, &rule, 1000));
	vital_forgive(&r, E, CAUSE_PROBE_OK);
	ck_assert_int_eq(info_of(&r).passive, PASSIVE_OK);
	region_fini(&r);
}
END_TEST

START_TEST(operators_close)
{
	struct region r;

	fixture_region(&r, 1);
	calls_fail(&r, 3, 0);
	vital_set_flag(&r, E, VITAL_DOWN, true, CAUSE_PROBE_CONNECT, 111);
	vital_set_admin(&r, E, ADMIN_DRAIN, CAUSE_OPERATOR);
	ck_assert_int_eq(vital_look(&r, E, 5000), VITAL_CLOSED);
	ck_assert_int_eq(vital_admin(&r, E), ADMIN_DRAIN);
	ck_assert_int_eq(last_change(&r).event, CHANGE_DRAIN);
	ck_assert_int_eq(last_change(&r).cause, CAUSE_OPERATOR);
	uint64_t version = vitals_version(&r), count = history_count(&r, E);
	vital_set_admin(&r, E, ADMIN_DRAIN, CAUSE_CONFIG); /* it is already */
	ck_assert_uint_eq(vitals_version(&r), version);
	ck_assert_uint_eq(history_count(&r, E), count);
	vital_set_admin(&r, E, ADMIN_MAINT, CAUSE_CONFIG);
	ck_assert_uint_eq(vital_flags(&r, E), VITAL_MAINT | VITAL_DOWN);
	ck_assert_int_eq(last_change(&r).event, CHANGE_MAINT);
	vital_set_admin(&r, E, ADMIN_READY, CAUSE_OPERATOR);
	ck_assert_int_eq(last_change(&r).event, CHANGE_READY);
	ck_assert_uint_eq(vitals_version(&r), version + 2);
	/* Down by probes outweighs that its time is over. */
	ck_assert_int_eq(vital_look(&r, E, 5000), VITAL_SICK);
	vital_set_flag(&r, E, VITAL_DOWN, false, CAUSE_PROBE_OK, 0);
	ck_assert_int_eq(vital_look(&r, E, 5000), VITAL_DUE);
	region_fini(&r);
}
END_TEST

START_TEST(probes_and_scores_judge)
{
	struct region r;
	static const struct {
		uint32_t flag;
		enum change_event on, off;
	} of[] = {
		{ VITAL_DOWN, CHANGE_DOWN, CHANGE_UP },
		{ VITAL_POOR, CHANGE_POOR, CHANGE_FAIR },
	};

	fixture_region(&r, 1);
	for (uint32_t i = 0; i < 2; i++) {
		for (int again = 0; again < 2; again++)
			vital_set_flag(
			    &r, E, of[i].flag, true, CAUSE_SCORE, 200);
		ck_assert_int_eq(vital_look(&r, E, 0), VITAL_SICK);
		ck_assert_int_eq(last_change(&r).event, of[i].on);
		ck_assert_uint_eq(last_change(&r).detail, 200);
		vital_set_flag(&r, E, of[i].flag, false, CAUSE_SCORE, 0);
		ck_assert_int_eq(vital_look(&r, E, 0), VITAL_USABLE);
		ck_assert_int_eq(last_change(&r).event, of[i].off);
	}
	ck_assert_uint_eq(history_count(&r, E), 4);
	ck_assert_uint_eq(vitals_version(&r), 4);
	/* BEST is no news for the history, but for balancing. */
	vital_set_flag(&r, E, VITAL_BEST, true, CAUSE_SCORE, 0);
	ck_assert_int_eq(vital_look(&r, E, 0), VITAL_USABLE);
	ck_assert_uint_eq(history_count(&r, E), 4);
	ck_assert_uint_eq(vitals_version(&r), 5);
	region_fini(&r);
}
END_TEST

START_TEST(shares_are_told)
{
	struct region r;

	fixture_region(&r, 1);
	vital_set_share(&r, E, VITAL_SHARE_FULL);
	ck_assert_uint_eq(vitals_version(&r), 0);
	vital_set_share(&r, E, 1);
	ck_assert_uint_eq(vital_share(&r, E), 1);
	vital_set_share(&r, E, 1);
	ck_assert_uint_eq(vitals_version(&r), 1);
	region_fini(&r);
}
END_TEST

START_TEST(a_new_endpoint_starts_from_nothing)
{
	struct region r;
	struct change c;

	fixture_region(&r, 1);
	calls_fail(&r, 3, 0);
	vital_set_admin(&r, E, ADMIN_MAINT, CAUSE_CONFIG);
	vital_set_share(&r, E, 5);
	vital_set_ramp(&r, E, 9);
	atomic_store(&r.state->vitals[E].score, 12);
	atomic_store(&r.state->vitals[E].streak, -3);
	uint64_t count = history_count(&r, E);
	vital_reset(&r, E);
	struct vital_info i = info_of(&r);
	struct vital_info none = { .score = -1, .share = VITAL_SHARE_FULL };
	ck_assert_int_eq(vital_look(&r, E, 0), VITAL_USABLE);
	ck_assert_uint_eq(i.flags, none.flags);
	ck_assert_uint_eq(i.share, none.share);
	ck_assert_uint_eq(i.fails, none.fails);
	ck_assert_uint_eq(i.passive_us, none.passive_us);
	ck_assert_int_eq(i.score, none.score);
	ck_assert_int_eq(i.streak, none.streak);
	ck_assert_uint_eq(i.ramp_us, none.ramp_us);
	/* Numbers go on, what was is not shown. */
	ck_assert_uint_eq(history_read(&r, E, 0, &c, 1), 0);
	ck_assert_uint_eq(history_count(&r, E), count);
	calls_fail(&r, 3, 0);
	ck_assert_uint_eq(last_change(&r).number, count);
	region_fini(&r);
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("vital");

	tcase_add_test(tc, nothing_is_known_at_first);
	tcase_add_test(tc, failures_in_a_row_eject);
	tcase_add_test(tc, what_comes_late_while_out_is_ignored);
	tcase_add_test(tc, one_call_tries);
	tcase_add_test(tc, without_a_rule_nothing_is_marked);
	tcase_add_test(tc, counts_and_times_end_somewhere);
	tcase_add_test(tc, the_master_forgives);
	tcase_add_test(tc, operators_close);
	tcase_add_test(tc, probes_and_scores_judge);
	tcase_add_test(tc, shares_are_told);
	tcase_add_test(tc, a_new_endpoint_starts_from_nothing);
	return fixture_run(tc, "vital");
}
