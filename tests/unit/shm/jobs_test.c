/*
 * jobs_test.c - slow work: what is asked is done once and answered once, its
 * texts are gone afterwards, and what the dead leave is settled. Kills at every
 * store.
 */
#include "tests/unit/shm/stepping.h"

#define W 0
#define OTHER 1
#define H 2

static uint64_t
ask(const struct region *r, uint32_t w, const char *a, const char *b)
{
	return jobs_ask(r, w, JOB_CRYPT, slice_str(a), slice_str(b));
}

/* As a helper does it; false: there is nothing to do. */
static bool
help(const struct region *r, uint32_t h)
{
	struct job j;

	if (!jobs_take(r, h, &j))
		return false;
	ck_assert_int_eq(j.kind, JOB_CRYPT);
	ck_assert_uint_eq(strlen(j.a.p), j.a.n);
	ck_assert_uint_eq(strlen(j.b.p), j.b.n);
	jobs_done(r, &j, slice_eq(j.a, j.b) ? JOB_YES : JOB_NO);
	return true;
}

/* No text is left that nobody needs. */
static void
texts_check(const struct region *r)
{
	static const char none[JOB_BYTES];

	for (uint32_t i = 0; i < JOBS_MAX; i++) {
		enum job_state state = job_state(job_load(r, i));

		if (state == JOB_FREE || state == JOB_DONE)
			ck_assert_mem_eq(
			    job_at(r, i)->texts, none, sizeof(none));
	}
}

START_TEST(a_job_is_done)
{
	struct region r;
	struct job j;

	fixture_region(&r, 2);
	ck_assert(!jobs_take(&r, H, &j));
	uint64_t t = ask(&r, W, "secret", "secret");
	ck_assert_uint_ne(t, JOB_NONE);
	ck_assert_int_eq(jobs_look(&r, t), JOB_PENDING);
	ck_assert(jobs_take(&r, H, &j));
	ck_assert_uint_eq(j.worker, W);
	ck_assert(slice_eq(j.a, SLICE_LIT("secret")));
	ck_assert(slice_eq(j.b, SLICE_LIT("secret")));
	struct job again;
	ck_assert(!jobs_take(&r, H + 1, &again));
	ck_assert_int_eq(jobs_look(&r, t), JOB_PENDING);
	ck_assert_uint_eq(jobs_count(&r), 1);
	jobs_done(&r, &j, JOB_NO);
	texts_check(&r);
	ck_assert_int_eq(jobs_look(&r, t), JOB_NO);
	ck_assert_uint_eq(jobs_count(&r), 0);
	/* Once. */
	ck_assert_int_eq(jobs_look(&r, t), JOB_FAILED);
	region_fini(&r);
}
END_TEST

START_TEST(the_oldest_comes_first)
{
	uint64_t t[JOBS_MAX];
	struct region r;
	struct job j;
	char text[16];

	fixture_region(&r, 2);
	for (uint32_t i = 0; i < JOBS_MAX; i++) {
		snprintf(text, sizeof(text), "%u", i);
		t[i] = ask(&r, i % 2, text, "");
		ck_assert_uint_ne(t[i], JOB_NONE);
	}
	ck_assert_uint_eq(ask(&r, W, "more", ""), JOB_NONE);
	for (uint32_t i = 0; i < JOBS_MAX; i++) {
		snprintf(text, sizeof(text), "%u", i);
		ck_assert(jobs_take(&r, H, &j));
		ck_assert_uint_eq(j.worker, i % 2);
		ck_assert(slice_eq(j.a, slice_str(text)));
		jobs_done(&r, &j, JOB_YES);
	}
	ck_assert_uint_eq(ask(&r, W, "more", ""), JOB_NONE);
	ck_assert_int_eq(jobs_look(&r, t[7]), JOB_YES);
	ck_assert_uint_ne(ask(&r, W, "more", ""), JOB_NONE);
	region_fini(&r);
}
END_TEST

START_TEST(texts_have_a_limit)
{
	char text[JOB_BYTES + 1];
	struct region r;
	struct job j;

	fixture_region(&r, 2);
	memset(text, 'x', sizeof(text));
	for (size_t n = 0; n <= sizeof(text); n++) {
		struct slice a = slice_make(text, n), b = SLICE_LIT("abc");
		uint64_t t = jobs_ask(&r, W, JOB_CRYPT, a, b);

		ck_assert_int_eq(t != JOB_NONE, n + 3 + 2 <= JOB_BYTES);
		if (t == JOB_NONE)
			continue;
		ck_assert(jobs_take(&r, H, &j));
		ck_assert(slice_eq(j.a, a) && slice_eq(j.b, b));
		ck_assert_int_eq(j.a.p[n] | j.b.p[3], '\0');
		jobs_done(&r, &j, JOB_YES);
		ck_assert_int_eq(jobs_look(&r, t), JOB_YES);
	}
	ck_assert_uint_eq(
	    jobs_ask(&r, W, JOB_CRYPT, slice_make(text, SIZE_MAX), SLICE_NONE),
	    JOB_NONE);
	/* What another process damages is not believed. */
	uint64_t t = ask(&r, W, "a", "b");
	job_at(&r, t % JOBS_MAX)->a_bytes = UINT32_MAX;
	ck_assert(!jobs_take(&r, H, &j));
	ck_assert_int_eq(jobs_look(&r, t), JOB_FAILED);
	texts_check(&r);
	region_fini(&r);
}
END_TEST

START_TEST(a_job_is_forgotten)
{
	struct region r;
	struct job j;

	fixture_region(&r, 2);
	uint64_t ready = ask(&r, W, "a", "b");
	jobs_forget(&r, ready);
	ck_assert_uint_eq(jobs_count(&r), 0);
	jobs_forget(&r, ready);
	uint64_t taken = ask(&r, W, "a", "b");
	ck_assert(jobs_take(&r, H, &j));
	jobs_forget(&r, taken);
	ck_assert_uint_eq(jobs_count(&r), 1);
	jobs_done(&r, &j, JOB_YES);
	ck_assert_uint_eq(jobs_count(&r), 0);
	uint64_t done = ask(&r, W, "a", "b");
	ck_assert(help(&r, H));
	jobs_forget(&r, done);
	ck_assert_uint_eq(jobs_count(&r), 0);
	texts_check(&r);
	/* A ticket of the past does not touch who has the place now. */
	for (uint32_t i = 0; i < JOBS_MAX; i++)
		ck_assert_uint_ne(ask(&r, OTHER, "a", "b"), JOB_NONE);
	jobs_forget(&r, ready);
	jobs_forget(&r, taken);
	ck_assert_int_eq(jobs_look(&r, done), JOB_FAILED);
	ck_assert_uint_eq(jobs_count(&r), JOBS_MAX);
	region_fini(&r);
}
END_TEST

START_TEST(a_helper_dies)
{
	struct region r;
	struct job j;

	fixture_region(&r, 2);
	uint64_t t = ask(&r, W, "a", "a");
	ck_assert(jobs_take(&r, H, &j));
	jobs_recover_helper(&r, H + 1);
	ck_assert(!jobs_take(&r, H + 1, &j));
	jobs_recover_helper(&r, H);
	ck_assert_int_eq(jobs_look(&r, t), JOB_PENDING);
	ck_assert(help(&r, H + 1));
	ck_assert_int_eq(jobs_look(&r, t), JOB_YES);
	/* Two die of it; that is enough. */
	t = ask(&r, W, "a", "a");
	for (uint32_t h = H; h < H + 2; h++) {
		ck_assert_int_eq(jobs_look(&r, t), JOB_PENDING);
		ck_assert(jobs_take(&r, h, &j));
		jobs_recover_helper(&r, h);
	}
	ck_assert(!jobs_take(&r, H, &j));
	texts_check(&r);
	ck_assert_int_eq(jobs_look(&r, t), JOB_FAILED);
	/* Nobody waits: nobody does it again. */
	t = ask(&r, W, "a", "a");
	ck_assert(jobs_take(&r, H, &j));
	jobs_forget(&r, t);
	jobs_recover_helper(&r, H);
	ck_assert_uint_eq(jobs_count(&r), 0);
	texts_check(&r);
	region_fini(&r);
}
END_TEST

/* ---- kills ---- */

static uint64_t standing[3]; /* of the other worker: yes, no, done: yes */

static void
scene_make(struct region *r)
{
	fixture_region(r, 2);
	standing[2] = ask(r, OTHER, "z", "z");
	ck_assert(help(r, H));
	standing[0] = ask(r, OTHER, "y", "y");
	standing[1] = ask(r, OTHER, "x", "y");
}

static void
scene_end(struct region *r)
{
	struct job j;

	texts_check(r);
	ck_assert_uint_eq(jobs_count(r), 3);
	while (help(r, H))
		;
	ck_assert_int_eq(jobs_look(r, standing[0]), JOB_YES);
	ck_assert_int_eq(jobs_look(r, standing[1]), JOB_NO);
	ck_assert_int_eq(jobs_look(r, standing[2]), JOB_YES);
	ck_assert_uint_eq(jobs_count(r), 0);
	texts_check(r);
	ck_assert(!jobs_take(r, H, &j));
	region_fini(r);
}

static void
worker_acts(struct region *r)
{
	uint64_t a = ask(r, W, "a", "b"), b = ask(r, W, "b", "b");
	struct job j;

	jobs_forget(r, a);
	while (help(r, H))
		;
	ck_assert_int_eq(jobs_look(r, b), JOB_YES);
	a = ask(r, W, "c", "b");
	b = ask(r, W, "d", "b");
	ck_assert(jobs_take(r, H, &j));
	jobs_forget(r, a);
	jobs_done(r, &j, JOB_NO);
	ck_assert(help(r, H));
	jobs_forget(r, b);
	(void)ask(r, W, "e", "b");
}

static void
keeper_settles(struct region *r)
{
	jobs_recover_worker(r, W);
	jobs_recover_helper(r, H);
}

/* One process that is worker and helper: it dies as both. */
START_TEST(all_are_killed)
{
	struct region r;
	bool done = false;

	for (uint32_t k = 1; !done; k += STRIDE) {
		bool settled = false;

		for (uint32_t j = 1; !settled; j++) {
			scene_make(&r);
			done = run_killed(worker_acts, &r, k);
			settled = run_killed(keeper_settles, &r, j);
			keeper_settles(&r);
			scene_end(&r);
		}
		ck_assert(!done || k > 40);
	}
}
END_TEST

static void
helper_acts(struct region *r)
{
	while (help(r, H))
		;
}

START_TEST(helpers_are_killed)
{
	struct region r;
	bool done = false;

	for (uint32_t k = 1; !done; k++) {
		bool both = false;

		for (uint32_t j = 1; !both; j++) {
			scene_make(&r);
			done = run_killed(helper_acts, &r, k);
			jobs_recover_helper(&r, H);
			both = run_killed(helper_acts, &r, j);
			jobs_recover_helper(&r, H);
			while (help(&r, H))
				;
			texts_check(&r);
			for (int i = 0; i < 3; i++) {
				enum job_result got =
				    jobs_look(&r, standing[i]);

				ck_assert(got == JOB_FAILED ||
				    got == (i == 1 ? JOB_NO : JOB_YES));
				ck_assert(
				    got != JOB_FAILED || (k < 7 && j < 7));
			}
			ck_assert_uint_eq(jobs_count(&r), 0);
			region_fini(&r);
		}
	}
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("jobs");

	tcase_set_timeout(tc, 120);
	tcase_add_test(tc, a_job_is_done);
	tcase_add_test(tc, the_oldest_comes_first);
	tcase_add_test(tc, texts_have_a_limit);
	tcase_add_test(tc, a_job_is_forgotten);
	tcase_add_test(tc, a_helper_dies);
	tcase_add_test(tc, all_are_killed);
	tcase_add_test(tc, helpers_are_killed);
	return fixture_run(tc, "jobs");
}
