/* Tests of waiters.c: who waits, who is chosen, who is left out. */
#include "shm/waiters.h"

#include <signal.h>

#include "shm/slots.h"
#include "tests/unit/shm/fixture.h"

#define WORKERS 4
#define NOW 1000000

static struct region region;

static void
setup(void)
{
	fixture_region(&region, WORKERS);
	atomic_store(&region.state->control.services, 8);
	for (uint32_t w = 0; w < WORKERS; w++) {
		slot_set_state(&region, w, SLOT_READY);
		slot_beat(&region, w, NOW);
	}
}

static void
teardown(void)
{
	region_fini(&region);
}

/* What worker w sees of service 3. */
static void
expect(uint32_t w, uint32_t rank, uint64_t who)
{
	uint64_t seen;

	ck_assert_uint_eq(waiters_others(&region, 3, w, NOW, &seen), rank);
	ck_assert_uint_eq(seen, who);
}

START_TEST(the_highest_class_of_others)
{
	uint64_t none;

	ck_assert(!waiters_any(&region, 3));
	ck_assert_uint_eq(waiters_others(&region, 3, 0, NOW, &none), 0);
	waiters_set(&region, 3, 0, 1);
	waiters_set(&region, 3, 0, 2);
	waiters_set(&region, 3, 2, 3);
	ck_assert(waiters_any(&region, 3));
	ck_assert(!waiters_any(&region, 2));
	expect(0, 3, 1 << 3);
	expect(3, 1, 1 << 1 | 1 << 2);
	waiters_clear(&region, 3, 2, 3);
	expect(0, 1, 1 << 1 | 1 << 2);
	expect(1, 1, 1 << 2);
	waiters_clear(&region, 3, 0, 2);
	expect(1, 0, 0);
	ck_assert(waiters_any(&region, 3));
}
END_TEST

START_TEST(who_hangs_is_left_out)
{
	waiters_set(&region, 3, 1, 1);
	waiters_set(&region, 3, 0, 2);
	expect(0, 2, 1 << 1);
	atomic_store(&region.state->slots[1].beat_us, NOW - 600000);
	expect(0, 1, 1 << 2);
	slot_set_state(&region, 2, SLOT_DRAINING);
	expect(0, 1, 1 << 2);
	slot_set_state(&region, 2, SLOT_RECOVERING);
	expect(0, 0, 0);
}
END_TEST

START_TEST(the_longest_without_a_turn)
{
	for (uint32_t w = 0; w < WORKERS; w++)
		waiters_set_turn(&region, 3, w, 100000 * (WORKERS - w));
	ck_assert_uint_eq(waiters_choose(&region, 3, 0xf, NOW), 3);
	ck_assert_uint_eq(waiters_choose(&region, 3, 0xf, NOW), 2);
	ck_assert_uint_eq(waiters_choose(&region, 3, 0x9, NOW), 0);
	/* It was woken in vain. */
	waiters_set_turn(&region, 3, 3, 100000);
	ck_assert_uint_eq(waiters_choose(&region, 3, 0xf, NOW), 3);
	/* Numbers wrap after 49 days. */
	waiters_set_turn(&region, 5, 0, UINT64_C(4294967290000));
	waiters_set_turn(&region, 5, 1, UINT64_C(4294967299000));
	ck_assert_uint_eq(
	    waiters_choose(&region, 5, 3, UINT64_C(4294967300000)), 0);
}
END_TEST

START_TEST(the_dead_wait_for_nothing)
{
	waiters_set(&region, 3, 0, 1);
	waiters_set(&region, 7, 2, 1);
	waiters_set(&region, 7, 2, 2);
	for (int again = 0; again < 2; again++) {
		slot_settle(&region, 1, SIGKILL);
		ck_assert(!waiters_any(&region, 3));
		ck_assert(waiters_any(&region, 7));
	}
	slot_settle(&region, 2, SIGKILL);
	ck_assert(!waiters_any(&region, 7));
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("waiters");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, the_highest_class_of_others);
	tcase_add_test(tc, who_hangs_is_left_out);
	tcase_add_test(tc, the_longest_without_a_turn);
	tcase_add_test(tc, the_dead_wait_for_nothing);
	return fixture_run(tc, "waiters");
}
