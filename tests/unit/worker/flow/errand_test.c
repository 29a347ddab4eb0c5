/* Tests of errand.c: who is told of what, and when nobody is any more. */
#include "tests/unit/worker/errand_kit.h"

#define ERRANDS 4

static struct errand errands[ERRANDS];
static enum job_result told[ERRANDS];
static int forgets = -1; /* number n, once anybody is told */
static bool again;       /* who is told sends another one */

static void send_off(size_t n);

static void
done(struct errand *e, enum job_result result)
{
	size_t n = (size_t)(e - errands);

	ck_assert_int_ne(result, JOB_PENDING);
	ck_assert_int_eq(told[n], JOB_PENDING);
	told[n] = result;
	if (forgets >= 0)
		errand_forget(&errands[forgets]);
	forgets = -1;
	if (again)
		send_off(n);
}

static void
send_off(size_t n)
{
	told[n] = JOB_PENDING;
	errands[n].done = done;
	ck_assert(errand_send(&env, &errands[n], JOB_CRYPT,
	    SLICE_LIT("password"), SLICE_LIT("hash")));
}

static void
setup(void)
{
	begin_errands();
	forgets = -1;
	again = false;
}

static uint64_t
counted(enum counter c)
{
	return counters_sum(&region, c);
}

START_TEST(who_asked_is_told)
{
	send_off(0);
	send_off(1);
	ck_assert_uint_eq(woken, 2);
	errands_look(&env);
	ck_assert_int_eq(told[0], JOB_PENDING);
	ck_assert(help(JOB_NO));
	ck_assert(help(JOB_YES));
	pass(2500);
	errands_look(&env);
	ck_assert_int_eq(told[0], JOB_NO);
	ck_assert_int_eq(told[1], JOB_YES);
	ck_assert_uint_eq(counted(COUNTER_JOBS), 2);
	ck_assert_uint_ge(counted(COUNTER_JOBS_US), 5000);
	ck_assert_uint_eq(counted(COUNTER_JOBS_FAILED), 0);
	errands_look(&env); /* once */
}
END_TEST

START_TEST(the_texts_arrive)
{
	struct job j;

	send_off(0);
	ck_assert(jobs_take(&region, 0, &j));
	ck_assert_int_eq(j.kind, JOB_CRYPT);
	ck_assert(slice_eq(j.a, SLICE_LIT("password")));
	ck_assert(slice_eq(j.b, SLICE_LIT("hash")));
	jobs_done(&region, &j, JOB_FAILED);
	errands_look(&env);
	ck_assert_int_eq(told[0], JOB_FAILED);
	ck_assert_uint_eq(counted(COUNTER_JOBS_FAILED), 1);
}
END_TEST

START_TEST(nobody_is_told_who_forgot)
{
	struct job j;

	send_off(0);
	send_off(1);
	ck_assert(jobs_take(&region, 0, &j));
	errand_forget(&errands[0]); /* under way */
	errand_forget(&errands[1]); /* not yet */
	jobs_done(&region, &j, JOB_YES);
	ck_assert(!help(JOB_YES));
	errands_look(&env);
	pass(2 * ERRAND_TIMEOUT_US);
	ck_assert_int_eq(told[0], JOB_PENDING);
	ck_assert_int_eq(told[1], JOB_PENDING);
}
END_TEST

START_TEST(a_long_wait_ends)
{
	send_off(0);
	pass(ERRAND_TIMEOUT_US / 2);
	send_off(1);
	ck_assert_int_eq(told[0], JOB_PENDING);
	pass(ERRAND_TIMEOUT_US / 2 + 2000);
	ck_assert_int_eq(told[0], JOB_FAILED);
	ck_assert_int_eq(told[1], JOB_PENDING);
	ck_assert_uint_eq(counted(COUNTER_JOBS_FAILED), 1);
	ck_assert(help(JOB_YES)); /* the second one: the first is gone */
	ck_assert(!help(JOB_YES));
	errands_look(&env);
	ck_assert_int_eq(told[1], JOB_YES);
}
END_TEST

/* Whoever is told first ends another one, told already or not. */
START_TEST(who_is_told_may_end_others)
{
	for (size_t n = 0; n < ERRANDS; n++)
		send_off(n);
	for (size_t n = 1; n < ERRANDS; n++)
		ck_assert(help(JOB_YES));
	forgets = _i;
	errands_look(&env);
	for (int n = 0; n < ERRANDS - 1; n++)
		ck_assert_int_eq(told[n], n == _i ? JOB_PENDING : JOB_YES);
	ck_assert_int_eq(told[3], JOB_PENDING);
	if (_i != 3)
		errand_forget(&errands[3]);
}
END_TEST

START_TEST(who_is_told_may_ask_again)
{
	send_off(0);
	ck_assert(help(JOB_NO));
	again = true;
	errands_look(&env);
	ck_assert_int_eq(told[0], JOB_PENDING);
	again = false;
	ck_assert(help(JOB_YES));
	errands_look(&env);
	ck_assert_int_eq(told[0], JOB_YES);
}
END_TEST

START_TEST(there_is_an_end_of_places)
{
	struct errand many[JOBS_MAX], more = { .done = done };
	char text[JOB_BYTES];

	memset(text, 'x', sizeof(text));
	ck_assert(!errand_send(&env, &more, JOB_CRYPT,
	    slice_make(text, JOB_BYTES), SLICE_LIT("hash")));
	for (size_t i = 0; i < JOBS_MAX; i++) {
		many[i].done = done;
		ck_assert(errand_send(
		    &env, &many[i], JOB_CRYPT, SLICE_LIT("a"), SLICE_LIT("b")));
	}
	ck_assert(!errand_send(
	    &env, &more, JOB_CRYPT, SLICE_LIT("a"), SLICE_LIT("b")));
	ck_assert_uint_eq(counted(COUNTER_JOBS_REFUSED), 2);
	errand_forget(&many[7]);
	ck_assert(errand_send(
	    &env, &more, JOB_CRYPT, SLICE_LIT("a"), SLICE_LIT("b")));
	errand_forget(&more);
	for (size_t i = 0; i < JOBS_MAX; i++)
		if (i != 7)
			errand_forget(&many[i]);
}
END_TEST

START_TEST(nobody_helps)
{
	struct errand e = { .done = done };

	env.helpers = 0;
	ck_assert(
	    !errand_send(&env, &e, JOB_CRYPT, SLICE_LIT("a"), SLICE_LIT("b")));
	ck_assert_uint_eq(counted(COUNTER_JOBS_REFUSED), 1);
	ck_assert_uint_eq(woken, 0);
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("all");

	tcase_add_checked_fixture(tc, setup, end_errands);
	tcase_add_test(tc, who_asked_is_told);
	tcase_add_test(tc, the_texts_arrive);
	tcase_add_test(tc, nobody_is_told_who_forgot);
	tcase_add_test(tc, a_long_wait_ends);
	tcase_add_loop_test(tc, who_is_told_may_end_others, 1, ERRANDS);
	tcase_add_test(tc, who_is_told_may_ask_again);
	tcase_add_test(tc, nobody_helps);
	tcase_add_test(tc, there_is_an_end_of_places);
	return fixture_run(tc, "errand");
}
