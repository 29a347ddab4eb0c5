/* Tests of basic_check.c: one job for what is the same, and its bounds. */
#include "tests/unit/worker/errand_kit.h"
#include "worker/filter/basic_check.h"

#define WAITS 64

struct waiter {
	struct basic_wait wait;
	enum job_result told;
	struct waiter *ends; /* this one, when it is told */
	bool begins;         /* the same anew, when it is told */
};

static struct waiter waiters[WAITS];

static bool begin(size_t n, uint8_t digest, uint64_t client);

static void
done(struct basic_wait *w, enum job_result result)
{
	struct waiter *v = CONTAINER_OF(w, struct waiter, wait);

	ck_assert_int_eq(v->told, JOB_PENDING);
	v->told = result;
	if (v->ends != NULL)
		basic_check_forget(&v->ends->wait);
	if (v->begins)
		ck_assert(begin((size_t)(v - waiters) + 1, 1, 1));
}

static struct basic_ask
ask_of(uint8_t digest, uint64_t client)
{
	struct basic_ask ask = { .client = client,
		.password = SLICE_LIT("password"),
		.hash = SLICE_LIT("hash") };

	ask.digest[BASIC_DIGEST - 1] = digest;
	return ask;
}

/* As a request does: joins, or begins a check of its own. */
static bool
begin(size_t n, uint8_t digest, uint64_t client)
{
	struct basic_ask ask = ask_of(digest, client);

	waiters[n].wait.done = done;
	return basic_check_join(
		   env.basic_checks, &waiters[n].wait, ask.digest) ||
	    basic_check_begin(env.basic_checks, &waiters[n].wait, &ask);
}

static void
setup(void)
{
	begin_errands();
	env.basic_checks = basic_checks_new(&env);
	ck_assert_ptr_nonnull(env.basic_checks);
	memset(waiters, 0, sizeof(waiters));
}

static void
teardown(void)
{
	basic_checks_free(env.basic_checks);
	end_errands();
}

START_TEST(the_same_is_one_job)
{
	for (size_t n = 0; n < 3; n++)
		ck_assert(begin(n, 1, n));
	ck_assert(begin(3, 2, 0));
	ck_assert_uint_eq(jobs_count(&region), 2);
	ck_assert(help(JOB_YES));
	errands_look(&env);
	for (size_t n = 0; n < 3; n++)
		ck_assert_int_eq(waiters[n].told, JOB_YES);
	ck_assert_int_eq(waiters[3].told, JOB_PENDING);
	ck_assert(help(JOB_NO));
	errands_look(&env);
	ck_assert_int_eq(waiters[3].told, JOB_NO);
}
END_TEST

START_TEST(a_job_lasts_as_long_as_somebody_waits)
{
	ck_assert(begin(0, 1, 1));
	ck_assert(begin(1, 1, 2));
	basic_check_forget(&waiters[0].wait);
	ck_assert_uint_eq(jobs_count(&region), 1);
	ck_assert(help(JOB_YES));
	errands_look(&env);
	ck_assert_int_eq(waiters[0].told, JOB_PENDING);
	ck_assert_int_eq(waiters[1].told, JOB_YES);
	ck_assert(begin(2, 1, 1));
	basic_check_forget(&waiters[2].wait);
	ck_assert_uint_eq(jobs_count(&region), 0);
}
END_TEST

START_TEST(who_is_told_may_end_others)
{
	for (size_t n = 0; n < 2 + (size_t)_i; n++)
		ck_assert(begin(n, 1, n));
	waiters[0].ends = &waiters[1];
	ck_assert(help(JOB_NO));
	errands_look(&env);
	ck_assert_int_eq(waiters[0].told, JOB_NO);
	ck_assert_int_eq(waiters[1].told, JOB_PENDING);
	ck_assert_int_eq(waiters[2].told, _i == 0 ? JOB_PENDING : JOB_NO);
}
END_TEST

/* It does not join the one that is over. */
START_TEST(who_is_told_may_begin_the_same)
{
	ck_assert(begin(0, 1, 1));
	waiters[0].begins = true;
	ck_assert(help(JOB_NO));
	errands_look(&env);
	ck_assert_int_eq(waiters[1].told, JOB_PENDING);
	ck_assert(help(JOB_YES));
	errands_look(&env);
	ck_assert_int_eq(waiters[1].told, JOB_YES);
}
END_TEST

START_TEST(a_client_has_a_few)
{
	for (uint8_t n = 0; n < BASIC_CHECKS_PER_CLIENT; n++)
		ck_assert(begin(n, n, 1));
	ck_assert(!begin(20, 99, 1));
	ck_assert(begin(21, 0, 1)); /* joins */
	ck_assert(begin(22, 99, 2));
	basic_check_forget(&waiters[3].wait);
	ck_assert(begin(20, 98, 1));
	while (help(JOB_NO))
		continue;
	errands_look(&env);
	ck_assert_int_eq(waiters[3].told, JOB_PENDING);
	ck_assert_int_eq(waiters[21].told, JOB_NO);
	ck_assert_int_eq(waiters[22].told, JOB_NO);
}
END_TEST

START_TEST(a_worker_has_some)
{
	for (uint8_t n = 0; n < BASIC_CHECKS_MAX; n++)
		ck_assert(begin(n, n, n));
	ck_assert(!begin(40, 99, 99));
	ck_assert_uint_eq(jobs_count(&region), BASIC_CHECKS_MAX);
	ck_assert(help(JOB_NO));
	errands_look(&env);
	ck_assert(begin(40, 99, 99));
	for (uint8_t n = 0; n < BASIC_CHECKS_MAX; n++)
		if (waiters[n].told == JOB_PENDING)
			basic_check_forget(&waiters[n].wait);
	basic_check_forget(&waiters[40].wait);
}
END_TEST

START_TEST(nobody_helps)
{
	ck_assert(begin(0, 1, 1));
	ck_assert(begin(1, 1, 1));
	pass(ERRAND_TIMEOUT_US + 2000);
	ck_assert_int_eq(waiters[0].told, JOB_FAILED);
	ck_assert_int_eq(waiters[1].told, JOB_FAILED);
	ck_assert(begin(2, 1, 1));
	basic_check_forget(&waiters[2].wait);
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("all");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, the_same_is_one_job);
	tcase_add_test(tc, a_job_lasts_as_long_as_somebody_waits);
	tcase_add_loop_test(tc, who_is_told_may_end_others, 0, 2);
	tcase_add_test(tc, who_is_told_may_begin_the_same);
	tcase_add_test(tc, a_client_has_a_few);
	tcase_add_test(tc, a_worker_has_some);
	tcase_add_test(tc, nobody_helps);
	return fixture_run(tc, "basic_check");
}
