/* Tests of history.c: what is kept and shown, and writers at the same time. */
#include <pthread.h>

#include "common/base/clock.h"
#include "shm/history.h"
#include "tests/unit/shm/fixture.h"

#define E 3

static void
add(const struct region *r, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++)
		history_add(r, E, CHANGE_DOWN, CAUSE_PROBE_STATUS,
		    (uint32_t)history_count(r, E));
}

START_TEST(names_are_those_of_the_list)
{
	ck_assert_str_eq(change_event_name(CHANGE_EJECTED), "ejected");
	ck_assert_str_eq(change_cause_name(CAUSE_PROBE_OK), "probe_ok");
	ck_assert_str_eq(
	    change_event_name((enum change_event)CHANGE_EVENT_COUNT),
	    "unknown");
	ck_assert_str_eq(change_cause_name((enum change_cause)200), "unknown");
}
END_TEST

START_TEST(a_change_is_read_again)
{
	struct region r;
	struct change c[4];
	int64_t before = clock_wall().us;

	fixture_region(&r, 1);
	ck_assert_uint_eq(history_read(&r, E, 0, c, 4), 0);
	history_add(&r, E, CHANGE_EJECTED, CAUSE_STATUS, 502);
	history_add(&r, E + 1, CHANGE_UP, CAUSE_PROBE_OK, 0);
	ck_assert_uint_eq(history_read(&r, E, 0, c, 4), 1);
	ck_assert_uint_eq(c[0].number, 0);
	ck_assert_int_eq(c[0].event, CHANGE_EJECTED);
	ck_assert_int_eq(c[0].cause, CAUSE_STATUS);
	ck_assert_uint_eq(c[0].detail, 502);
	ck_assert_int_ge(c[0].wall_us, before);
	ck_assert_int_le(c[0].wall_us, clock_wall().us);
	ck_assert_uint_eq(history_changes(&r), 2);
	region_fini(&r);
}
END_TEST

START_TEST(the_newest_are_kept)
{
	struct region r;
	struct change c[HISTORY_KEPT + 4];

	fixture_region(&r, 1);
	add(&r, 40);
	ck_assert_uint_eq(history_count(&r, E), 40);
	ck_assert_uint_eq(
	    history_read(&r, E, 0, c, HISTORY_KEPT + 4), HISTORY_KEPT);
	for (uint32_t i = 0; i < HISTORY_KEPT; i++) {
		ck_assert_uint_eq(c[i].number, 40 - HISTORY_KEPT + i);
		ck_assert_uint_eq(c[i].detail, c[i].number);
	}
	ck_assert_uint_eq(history_read(&r, E, 30, c, 3), 3);
	ck_assert_uint_eq(c[0].number, 37);
	ck_assert_uint_eq(history_read(&r, E, 38, c, 16), 2);
	ck_assert_uint_eq(c[0].number, 38);
	ck_assert_uint_eq(history_read(&r, E, 40, c, 16), 0);
	ck_assert_uint_eq(history_read(&r, E, 99, c, 16), 0);
	ck_assert_uint_eq(history_read(&r, E, 0, c, 0), 0);
	region_fini(&r);
}
END_TEST

START_TEST(what_is_not_whole_is_not_shown)
{
	struct region r;
	struct change c[8];

	fixture_region(&r, 1);
	add(&r, 5);
	struct shm_history *h = &r.state->histories[E];
	atomic_store(&h->change[1].detail, 77);
	atomic_fetch_add(&h->change[2].wall_us, 1);
	atomic_fetch_add(&h->count, 1); /* number 5 was drawn, and no more */
	ck_assert_uint_eq(history_read(&r, E, 0, c, 8), 3);
	ck_assert_uint_eq(c[0].number, 0);
	ck_assert_uint_eq(c[1].number, 3);
	ck_assert_uint_eq(c[2].number, 4);
	/* Later ones do not suffer. */
	add(&r, 1);
	ck_assert_uint_eq(history_read(&r, E, 5, c, 8), 1);
	ck_assert_uint_eq(c[0].number, 6);
	region_fini(&r);
}
END_TEST

/* ---- several at once ---- */

#define WRITERS 3
#define ADDS 20000

struct crowd {
	struct region r;
	pthread_barrier_t line;
};

/* event, cause and detail belong together. */
static void *
crowd_write(void *arg)
{
	struct crowd *crowd = arg;

	pthread_barrier_wait(&crowd->line);
	for (uint32_t i = 0; i < ADDS; i++)
		history_add(&crowd->r, E,
		    (enum change_event)(i % CHANGE_EVENT_COUNT),
		    (enum change_cause)(i % CHANGE_CAUSE_COUNT), i);
	return NULL;
}

static uint32_t
crowd_read(const struct region *r, uint64_t from)
{
	struct change c[HISTORY_KEPT];
	uint32_t n = history_read(r, E, from, c, HISTORY_KEPT);

	for (uint32_t i = 0; i < n; i++) {
		ck_assert_uint_eq(c[i].event, c[i].detail % CHANGE_EVENT_COUNT);
		ck_assert_uint_eq(c[i].cause, c[i].detail % CHANGE_CAUSE_COUNT);
		ck_assert(i == 0 || c[i].number > c[i - 1].number);
	}
	return n;
}

START_TEST(writers_do_not_spoil_each_other)
{
	struct crowd crowd;
	pthread_t threads[WRITERS];

	fixture_region(&crowd.r, 1);
	pthread_barrier_init(&crowd.line, NULL, WRITERS);
	for (int i = 0; i < WRITERS; i++)
		ck_assert_int_eq(
		    pthread_create(&threads[i], NULL, crowd_write, &crowd), 0);
	while (history_changes(&crowd.r) < WRITERS * ADDS)
		crowd_read(&crowd.r, 0);
	for (int i = 0; i < WRITERS; i++)
		pthread_join(threads[i], NULL);
	pthread_barrier_destroy(&crowd.line);
	ck_assert_uint_eq(history_count(&crowd.r, E), WRITERS * ADDS);
	/* A writer that was late by a round spoiled no more than its entry. */
	ck_assert_uint_ge(crowd_read(&crowd.r, 0), HISTORY_KEPT - WRITERS);
	region_fini(&crowd.r);
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("history");

	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, names_are_those_of_the_list);
	tcase_add_test(tc, a_change_is_read_again);
	tcase_add_test(tc, the_newest_are_kept);
	tcase_add_test(tc, what_is_not_whole_is_not_shown);
	tcase_add_test(tc, writers_do_not_spoil_each_other);
	return fixture_run(tc, "history");
}
