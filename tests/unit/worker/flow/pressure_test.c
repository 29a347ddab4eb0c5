/*
 * The controller of what is shed, held against a worker that is made up: a
 * queue that fills by what is let in, and empties at its own pace.
 */
#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "worker/flow/pressure.h"

#define LIMIT_US 100000u

static const struct img_overload lag_limit = { .lag_us = LIMIT_US };

/* A worker that can do 1 per unit of time, and spends `cost` on what it sheds.
 */
struct worker {
	struct pressure p;
	double load[IMG_CLASS_COUNT], cost;
	double backlog_us;
	double lowest, highest, lag_highest; /* levels, and lag, since reset */
};

static void
worker_reset(struct worker *w)
{
	w->lowest = HUGE_VAL;
	w->highest = w->lag_highest = 0;
}

/* One step of the controller: a tenth of a second, in smaller ones. */
static void
worker_step(struct worker *w)
{
	struct pressure_measures m = { 0 };
	double waited = 0;

	for (int i = 0; i < 20; i++) {
		double work = 0;

		for (int c = 0; c < IMG_CLASS_COUNT; c++) {
			double part =
			    pressure_part(w->p.level, (enum img_class)c) /
			    1000.0;

			work += w->load[c] * (1 - part + part * w->cost);
		}
		w->backlog_us += (work - 1) * 5000;
		if (w->backlog_us < 0)
			w->backlog_us = 0;
		waited += w->backlog_us / 20;
	}
	m.lag_us = (uint64_t)waited;
	for (int c = 0; c < IMG_CLASS_COUNT; c++)
		m.asked[c] = (uint32_t)(w->load[c] * 1000);
	pressure_step(&w->p, &lag_limit, &m, PRESSURE_STEP_US);
	w->lowest = fmin(w->lowest, w->p.level);
	w->highest = fmax(w->highest, w->p.level);
	w->lag_highest = fmax(w->lag_highest, waited);
}

static void
worker_run(struct worker *w, double seconds)
{
	for (int i = 0; i < (int)(seconds * 10); i++)
		worker_step(w);
}

/* Comes to rest where it has to, and stays there. */
static const struct {
	double load, level;
} rests[] = { { 1.2, 185 }, { 2, 556 }, { 4, 833 }, { 8, 972 } };

START_TEST(rest)
{
	struct worker w = { .cost = 0.1, .load = { rests[_i].load } };

	worker_run(&w, 30);
	worker_reset(&w);
	worker_run(&w, 30);
	ck_assert_double_gt(w.lowest, rests[_i].level - 30);
	ck_assert_double_lt(w.highest, rests[_i].level + 30);
	ck_assert_double_lt(w.lag_highest, LIMIT_US * 1.2);
	/* And lets go when there is no need any more. */
	w.load[0] = 0.5;
	worker_run(&w, 6);
	ck_assert_uint_eq(w.p.level, 0);
}
END_TEST

/* Higher classes are shed when all that is below them is. */
START_TEST(classes)
{
	struct worker w = { .cost = 0.02, .load = { 1, 0.5, 0.4 } };

	worker_run(&w, 30);
	worker_reset(&w);
	worker_run(&w, 30);
	ck_assert_double_lt(w.highest, 1000);
	w.load[IMG_CLASS_PRIORITY] = 3;
	worker_run(&w, 60);
	worker_reset(&w);
	worker_run(&w, 30);
	ck_assert_double_gt(w.lowest, 1000);
	ck_assert_double_lt(w.highest, 2000);
	w.load[IMG_CLASS_EMERGENCY] = 1.5;
	worker_run(&w, 60);
	worker_reset(&w);
	worker_run(&w, 30);
	ck_assert_double_gt(w.lowest, 2000);
}
END_TEST

/* A flood of what costs too much even to shed is no reason to shed the few that
 * matter. */
START_TEST(few)
{
	struct worker w = { .cost = 0.2, .load = { 8, 0, 0.3 } };

	worker_run(&w, 30);
	ck_assert_uint_eq(w.p.level, 1000);
	w.load[IMG_CLASS_PRIORITY] = 0.9; /* with those: 13 per cent */
	worker_run(&w, 30);
	ck_assert_uint_eq(w.p.level, 2000);
	w.load[IMG_CLASS_EMERGENCY] = 1.2;
	worker_run(&w, 30);
	ck_assert_uint_gt(w.p.level, 2000);
	w.load[IMG_CLASS_EMERGENCY] = 0;
	worker_run(&w, 5);
	ck_assert_uint_le(w.p.level, 2000);
}
END_TEST

/* Of whom nothing comes, nothing is shed: nor in the first step after a stall,
 * nor by what is left of requests of long ago. */
START_TEST(none)
{
	struct pressure_measures m = { .lag_us = LIMIT_US * 10 };
	struct pressure p = { 0 };

	pressure_step(&p, &lag_limit, &m, UINT64_MAX);
	ck_assert_uint_eq(p.level, 1000);
	for (int c = 0; c < IMG_CLASS_COUNT; c++)
		m.asked[c] = 1000;
	for (int i = 0; i < 100; i++)
		pressure_step(&p, &lag_limit, &m, PRESSURE_STEP_US);
	ck_assert_uint_eq(p.level, PRESSURE_MAX);
	memset(m.asked, 0, sizeof(m.asked));
	for (int i = 0; i < 100; i++)
		pressure_step(&p, &lag_limit, &m, PRESSURE_STEP_US);
	ck_assert_uint_eq(p.level, 1000);
}
END_TEST

/* What only looks like it: a short burst, and what is just below the limit. */
START_TEST(patience)
{
	struct pressure p = { 0 };
	struct pressure_measures m = { .lag_us = LIMIT_US - 1 };

	for (int i = 0; i < 1000; i++)
		pressure_step(&p, &lag_limit, &m, PRESSURE_STEP_US);
	ck_assert_uint_eq(p.level, 0);
	m.lag_us = 0;
	for (int i = 0; i < 10; i++)
		pressure_step(&p, &lag_limit, &m, PRESSURE_STEP_US);
	m.lag_us = LIMIT_US * 2;
	pressure_step(&p, &lag_limit, &m, PRESSURE_STEP_US);
	ck_assert_uint_eq(p.level, 0);
	m.lag_us = 0;
	pressure_step(&p, &lag_limit, &m, PRESSURE_STEP_US);
	ck_assert_uint_eq(p.level, 0);
}
END_TEST

/* However wrong all of it is, it stays within its bounds. */
START_TEST(bounds)
{
	const struct img_overload all = { 5000, 950, 1u << 24 };
	struct pressure_measures m = { .lag_us = UINT64_MAX / 4,
		.connections = UINT32_MAX,
		.connections_max = UINT32_MAX,
		.memory_bytes = UINT64_MAX,
		.asked = { [IMG_CLASS_EMERGENCY] = UINT32_MAX } };
	struct pressure p = { 0 };

	for (int i = 0; i < 100; i++)
		pressure_step(&p, &all, &m, UINT64_MAX);
	ck_assert_uint_eq(p.level, PRESSURE_MAX);
	m = (struct pressure_measures){ .connections_max = 1 };
	for (int i = 0; i < 300; i++)
		pressure_step(&p, &all, &m, PRESSURE_STEP_US);
	ck_assert_uint_eq(p.level, 0);
}
END_TEST

START_TEST(connections)
{
	const struct img_overload limit = { .connections = 950 };
	struct pressure_measures m = { .connections = 950,
		.connections_max = 1000 };
	struct pressure p = { 0 };

	for (int i = 0; i < 100; i++)
		pressure_step(&p, &limit, &m, PRESSURE_STEP_US);
	ck_assert_uint_eq(p.level, 0);
	m.connections = 1000;
	pressure_step(&p, &limit, &m, PRESSURE_STEP_US);
	ck_assert_uint_gt(p.level, 200);
	ck_assert_uint_eq(p.cause, PRESSURE_CONNECTIONS);
	/* Idle ones go first. */
	p = (struct pressure){ 0 };
	m.reclaimed = true;
	pressure_step(&p, &limit, &m, PRESSURE_STEP_US);
	ck_assert_uint_eq(p.level, 0);
	/* A single one, of which 95 per cent are none. */
	m = (struct pressure_measures){ .connections_max = 1 };
	pressure_step(&p, &limit, &m, PRESSURE_STEP_US);
	ck_assert_uint_eq(p.level, 0);
}
END_TEST

START_TEST(memory)
{
	const struct img_overload limit = { .memory_bytes = 1000000 };
	struct pressure_measures m = { .memory_bytes = 1000000 };
	struct pressure p = { 0 };

	for (int i = 0; i < 100; i++)
		pressure_step(&p, &limit, &m, PRESSURE_STEP_US);
	ck_assert_uint_eq(p.level, 0);
	m.memory_bytes = 1250000; /* as lag at twice its limit */
	for (int i = 0; i < 10; i++)
		pressure_step(&p, &limit, &m, PRESSURE_STEP_US);
	ck_assert_uint_ge(p.level, 780);
	ck_assert_uint_le(p.level, 820);
	ck_assert_uint_eq(p.cause, PRESSURE_MEMORY);
	m.memory_bytes = 0; /* nobody knows */
	for (int i = 0; i < 60; i++)
		pressure_step(&p, &limit, &m, PRESSURE_STEP_US);
	ck_assert_uint_eq(p.level, 0);
}
END_TEST

static const struct {
	uint32_t level, parts[IMG_CLASS_COUNT];
} parts[] = {
	{ 0, { 0, 0, 0 } },
	{ 1, { 1, 0, 0 } },
	{ 1000, { 1000, 0, 0 } },
	{ 1001, { 1000, 1, 0 } },
	{ 2000, { 1000, 1000, 0 } },
	{ 2500, { 1000, 1000, 250 } },
	{ 3000, { 1000, 1000, 500 } },
};

START_TEST(each_part)
{
	for (int c = 0; c < IMG_CLASS_COUNT; c++)
		ck_assert_uint_eq(
		    pressure_part(parts[_i].level, (enum img_class)c),
		    parts[_i].parts[c]);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("pressure");
	TCase *t = tcase_create("pressure");
	SRunner *sr;
	int failed;

	tcase_add_loop_test(
	    t, rest, 0, (int)(sizeof(rests) / sizeof(rests[0])));
	tcase_add_test(t, classes);
	tcase_add_test(t, few);
	tcase_add_test(t, none);
	tcase_add_test(t, patience);
	tcase_add_test(t, bounds);
	tcase_add_test(t, connections);
	tcase_add_test(t, memory);
	tcase_add_loop_test(
	    t, each_part, 0, (int)(sizeof(parts) / sizeof(parts[0])));
	suite_add_tcase(s, t);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_NORMAL);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
