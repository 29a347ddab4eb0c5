/*
 * Tests of steps.c: what is noted of filters that go on, wait and answer.
 */
#include "worker/flow/steps.h"

#include <check.h>
#include <stdlib.h>

#include "worker/flow/pipeline.h"
#include "worker/flow/req.h"

static enum verdict
goes_on(struct req *q)
{
	(void)q;
	return GO_ON;
}

static enum verdict
waits(struct req *q)
{
	(void)q;
	return WAIT;
}

static enum verdict
answers(struct req *q)
{
	(void)q;
	return DONE;
}

static enum verdict
begins(struct req *q)
{
	steps_begin(q);
	return GO_ON;
}

static const struct filter filters[] = { { "on", goes_on, NULL },
	{ "wait", waits, NULL }, { "begin", begins, NULL },
	{ "answer", answers, NULL } };

static struct env env = { .filters = filters };
static struct img_route route;
static struct req q;

static void
setup(void)
{
	q = (struct req){ .env = &env, .match.route = &route };
	arena_init(&q.arena, NULL, 0, SIZE_MAX);
}

static void
teardown(void)
{
	arena_fini(&q.arena);
}

static void
ck_step(unsigned i, unsigned filter, enum verdict verdict, bool over)
{
	ck_assert_uint_lt(i, q.steps->count);
	ck_assert_uint_eq(q.steps->step[i].filter, filter);
	ck_assert_uint_eq(q.steps->step[i].verdict, verdict);
	ck_assert_int_eq(q.steps->step[i].took_ns != 0, over);
}

START_TEST(not_watched)
{
	route.filters = 9;
	pipeline_run(&q);
	steps_close(&q);
	ck_assert_ptr_null(q.steps);
}
END_TEST

START_TEST(in_order)
{
	route.filters = 1 + 2 + 8;
	steps_begin(&q);
	pipeline_run(&q);
	ck_assert_uint_eq(q.steps->count, 2);
	ck_step(0, 0, GO_ON, true);
	ck_step(1, 1, WAIT, false);
	req_continue(&q);
	ck_assert_uint_eq(q.steps->count, 3);
	ck_step(1, 1, WAIT, true);
	ck_step(2, 3, DONE, false);
	for (unsigned i = 1; i < 3; i++) {
		const struct step *s = &q.steps->step[i];

		ck_assert_uint_ge(s->at_ns, s[-1].at_ns + s[-1].took_ns);
	}
}
END_TEST

START_TEST(closed_once)
{
	uint64_t took_ns;

	route.filters = 8;
	steps_begin(&q);
	steps_close(&q);
	ck_assert_uint_eq(q.steps->count, 0);
	pipeline_run(&q);
	steps_close(&q);
	ck_step(0, 3, DONE, true);
	took_ns = q.steps->step[0].took_ns;
	steps_close(&q);
	ck_assert_uint_eq(q.steps->step[0].took_ns, took_ns);
}
END_TEST

/* A filter decides that the request is watched: its own step is not there. */
START_TEST(begun_by_filter)
{
	route.filters = 1 + 4 + 8;
	pipeline_run(&q);
	ck_assert_uint_eq(q.steps->count, 1);
	ck_step(0, 3, DONE, false);
	steps_begin(&q);
	ck_assert_uint_eq(q.steps->count, 1);
}
END_TEST

START_TEST(full)
{
	steps_begin(&q);
	for (unsigned i = 0; i < 2 * STEPS_MAX; i++) {
		steps_enter(&q, i);
		steps_leave(&q, GO_ON);
	}
	ck_assert_uint_eq(q.steps->count, STEPS_MAX);
	ck_step(STEPS_MAX - 1, STEPS_MAX - 1, GO_ON, true);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("steps");
	TCase *t = tcase_create("steps");
	SRunner *sr;
	int failed;

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, not_watched);
	tcase_add_test(t, in_order);
	tcase_add_test(t, closed_once);
	tcase_add_test(t, begun_by_filter);
	tcase_add_test(t, full);
	suite_add_tcase(s, t);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_NORMAL);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
