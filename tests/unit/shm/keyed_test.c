/* Tests of keyed.c: bounds by key, sets that are full, what the dead leave. */
#include "shm/keyed.h"

#include <signal.h>

#include "shm/slots.h"
#include "tests/unit/shm/fixture.h"

#define WORKERS 3
#define TAG_SHIFT 28
#define PENDING 1u
#define LIVE 2u
#define LEAVING 3u

static struct region region;
static struct permits workers[WORKERS];

static void
setup(void)
{
	fixture_region(&region, WORKERS);
	for (uint32_t w = 0; w < WORKERS; w++)
		ck_assert(permits_init(&workers[w], &region, w));
}

static void
teardown(void)
{
	for (uint32_t w = 0; w < WORKERS; w++)
		permits_fini(&workers[w]);
	region_fini(&region);
}

/* The n-th key of set 5. */
static uint64_t
key(uint64_t n)
{
	return (n + 1) << TAG_SHIFT | 5;
}

static uint32_t
take(uint32_t w, uint64_t k, uint32_t max)
{
	uint32_t ticket;

	ck_assert_int_eq(keyed_take(&workers[w], k, max, &ticket), KEYED_TAKEN);
	ck_assert_uint_ne(ticket, PERMIT_NONE);
	return ticket;
}

static void
take_not(uint32_t w, uint64_t k, uint32_t max, enum keyed_answer answer)
{
	uint32_t ticket = 0;

	ck_assert_int_eq(keyed_take(&workers[w], k, max, &ticket), answer);
	ck_assert_uint_eq(ticket, PERMIT_NONE);
}

static _Atomic uint64_t *
word(uint32_t way)
{
	return &region.state->keyed[5].key[way];
}

START_TEST(no_more_than_max_over_all_workers)
{
	uint32_t a = take(0, key(1), 2), b = take(1, key(1), 2);

	for (uint32_t w = 0; w < WORKERS; w++)
		take_not(w, key(1), 2, KEYED_REFUSED);
	ck_assert_uint_eq(keyed_count(&region, key(1)), 2);
	take(2, key(2), 1);
	ck_assert_uint_eq(keyed_count(&region, key(2)), 1);
	permit_drop(&workers[1], b);
	b = take(2, key(1), 2);
	permit_drop(&workers[0], a);
	permit_drop(&workers[2], b);
	ck_assert_uint_eq(keyed_count(&region, key(1)), 0);
	ck_assert_uint_eq(keyed_count(&region, key(3)), 0);
}
END_TEST

START_TEST(any_number_is_a_key)
{
	static const uint64_t keys[] = { 0, 1, UINT64_MAX, UINT64_MAX - 1,
		UINT64_C(1) << 63 };

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		take(0, keys[i], 1);
		take_not(1, keys[i], 1, KEYED_REFUSED);
	}
}
END_TEST

START_TEST(sets_do_not_mind_each_other)
{
	for (uint64_t i = 0; i < KEYED_SETS; i += 7)
		take(0, key(1) - 5 + i, 1);
	for (uint64_t i = 0; i < KEYED_SETS; i += 7)
		ck_assert_uint_eq(keyed_count(&region, key(1) - 5 + i), 1);
}
END_TEST

START_TEST(a_full_set)
{
	uint32_t t[KEYED_WAYS];

	for (uint64_t i = 0; i < KEYED_WAYS; i++)
		t[i] = take((uint32_t)i % WORKERS, key(i), 1);
	for (uint64_t i = 0; i < KEYED_WAYS; i++)
		take_not(0, key(i), 1, KEYED_REFUSED);
	take_not(0, key(100), 1, KEYED_UNCOUNTED);
	take(0, key(100) + 1, 1); /* the next set */
	/* A place comes free, and somebody else gets it. */
	permit_drop(&workers[7 % WORKERS], t[7]);
	t[7] = take(7 % WORKERS, key(100), 1);
	take_not(0, key(7), 1, KEYED_UNCOUNTED);
	for (uint64_t i = 0; i < KEYED_WAYS; i++)
		ck_assert_uint_eq(
		    keyed_count(&region, key(i == 7 ? 100 : i)), 1);
	ck_assert_uint_eq(keyed_count(&region, key(7)), 0);
}
END_TEST

START_TEST(many_keys_come_and_go)
{
	for (uint64_t i = 0; i < 1000; i++) {
		uint32_t t = take((uint32_t)i % WORKERS, key(i), 1);

		take_not(0, key(i), 1, KEYED_REFUSED);
		permit_drop(&workers[i % WORKERS], t);
	}
}
END_TEST

START_TEST(the_dead_hold_nothing)
{
	take(0, key(1), 3);
	take(0, key(1), 3);
	take(1, key(1), 3);
	take(0, key(2), 1);
	slot_settle(&region, 0, SIGKILL);
	ck_assert_uint_eq(keyed_count(&region, key(1)), 1);
	ck_assert_uint_eq(keyed_count(&region, key(2)), 0);
	take(1, key(2), 1);
}
END_TEST

START_TEST(what_was_begun_is_ended)
{
	uint64_t k = key(1);

	/* Claimed by somebody who was killed. */
	atomic_store(word(3), k >> TAG_SHIFT << TAG_SHIFT | 9 << 2 | PENDING);
	atomic_store(word(9), k >> TAG_SHIFT << TAG_SHIFT | 4 << 2 | PENDING);
	uint32_t t = take(0, k, 1);
	ck_assert_uint_eq(atomic_load(word(3)) & 3, LIVE);
	ck_assert_uint_eq(atomic_load(word(9)) & 3, 0);
	/* Marked, and held. */
	atomic_fetch_or(word(3), LEAVING);
	take_not(1, k, 1, KEYED_REFUSED);
	ck_assert_uint_eq(atomic_load(word(3)) & 3, LIVE);
	/* Marked, and not held: the key may come into another place. */
	permit_drop(&workers[0], t);
	atomic_fetch_or(word(3), LEAVING);
	take(1, k, 1);
	take_not(0, k, 1, KEYED_REFUSED);
}
END_TEST

START_TEST(all_places_were_left_by_the_dead)
{
	for (uint32_t i = 0; i < KEYED_WAYS; i++)
		atomic_store(word(i),
		    key(i) >> TAG_SHIFT << TAG_SHIFT |
			(i % 2 != 0 ? PENDING : LEAVING));
	for (uint64_t i = 0; i < KEYED_WAYS; i++)
		take(0, key(50 + i), 1);
	take_not(0, key(1), 1, KEYED_UNCOUNTED);
}
END_TEST

START_TEST(a_full_ledger_counts_nothing)
{
	for (uint32_t i = 0; i < LEDGER_MAX; i++)
		ck_assert_uint_ne(
		    permit_take(&workers[0], i % 8, 0), PERMIT_NONE);
	take_not(0, key(1), 1, KEYED_UNCOUNTED);
	take(1, key(1), 1);
	permit_drop(&workers[0], 0);
	take_not(0, key(1), 1, KEYED_REFUSED);
	take(0, key(2), 1);
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("keyed");

	tcase_set_timeout(tc, 60);
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, no_more_than_max_over_all_workers);
	tcase_add_test(tc, any_number_is_a_key);
	tcase_add_test(tc, sets_do_not_mind_each_other);
	tcase_add_test(tc, a_full_set);
	tcase_add_test(tc, many_keys_come_and_go);
	tcase_add_test(tc, the_dead_hold_nothing);
	tcase_add_test(tc, what_was_begun_is_ended);
	tcase_add_test(tc, all_places_were_left_by_the_dead);
	tcase_add_test(tc, a_full_ledger_counts_nothing);
	return fixture_run(tc, "keyed");
}
