/* Tests of permit.c: bounds, the ledger, recovery, numbers that wrap. */
#include "shm/permit.h"

#include <signal.h>

#include "shm/slots.h"
#include "tests/unit/shm/fixture.h"

#define WORKERS 3
#define ENDPOINTS 8
#define SEQ_BITS 36
#define FORGET_EVERY (UINT64_C(1) << 35)

static struct region region;
static struct permits workers[WORKERS];

static void
setup(void)
{
	fixture_region(&region, WORKERS);
	atomic_store(&region.state->control.endpoints, ENDPOINTS);
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

static uint32_t
take(uint32_t w, uint32_t resource)
{
	uint32_t ticket = permit_take(&workers[w], resource, 0);

	ck_assert_uint_ne(ticket, PERMIT_NONE);
	return ticket;
}

/* Worker w is dead; its successor lives. */
static void
replace(uint32_t w)
{
	slot_settle(&region, w, SIGKILL);
	permits_fini(&workers[w]);
	ck_assert(permits_init(&workers[w], &region, w));
}

static uint32_t
high_of(uint32_t w)
{
	return atomic_load(&region.state->ledgers[w].high);
}

static _Atomic uint64_t *
opseq_of(uint32_t w)
{
	return &region.state->ledgers[w].opseq;
}

/* Slot + 1 of the tag in a word. */
static uint32_t
tagged(uint32_t resource)
{
	uint64_t word = atomic_load(&region.state->permits[resource].word);
	return (uint32_t)(word >> SEQ_BITS) & 0xff;
}

START_TEST(no_more_than_max_over_all_workers)
{
	uint32_t a = permit_take(&workers[0], 3, 2);
	uint32_t b = permit_take(&workers[1], 3, 2);

	ck_assert_uint_ne(a, PERMIT_NONE);
	ck_assert_uint_ne(b, PERMIT_NONE);
	for (uint32_t w = 0; w < WORKERS; w++)
		ck_assert_uint_eq(permit_take(&workers[w], 3, 2), PERMIT_NONE);
	ck_assert_uint_eq(permit_count(&region, 3), 2);
	ck_assert_uint_eq(permit_count(&region, 2), 0);
	ck_assert_uint_ne(permit_take(&workers[2], 2, 1), PERMIT_NONE);

	permit_drop(&workers[1], b);
	ck_assert_uint_eq(permit_count(&region, 3), 1);
	uint32_t c = permit_take(&workers[2], 3, 2);
	ck_assert_uint_ne(c, PERMIT_NONE);
	permit_drop(&workers[0], a);
	permit_drop(&workers[2], c);
	ck_assert_uint_eq(permit_count(&region, 3), 0);
}
END_TEST

START_TEST(how_many_there_are_with_this_one)
{
	uint32_t count = 7;

	take(1, 3);
	ck_assert_uint_ne(
	    permit_take_counted(&workers[0], 3, 2, &count), PERMIT_NONE);
	ck_assert_uint_eq(count, 2);
	count = 7;
	ck_assert_uint_eq(
	    permit_take_counted(&workers[0], 3, 2, &count), PERMIT_NONE);
	ck_assert_uint_eq(count, 7);
}
END_TEST

START_TEST(a_lower_max_waits_for_drops)
{
	uint32_t t[3];

	for (int i = 0; i < 3; i++)
		t[i] = permit_take(&workers[0], 1, 3);
	ck_assert_uint_eq(permit_take(&workers[1], 1, 2), PERMIT_NONE);
	permit_drop(&workers[0], t[0]);
	ck_assert_uint_eq(permit_take(&workers[1], 1, 2), PERMIT_NONE);
	permit_drop(&workers[0], t[1]);
	ck_assert_uint_ne(permit_take(&workers[1], 1, 2), PERMIT_NONE);
}
END_TEST

START_TEST(the_count_has_an_end)
{
	_Atomic uint64_t *word = &region.state->permits[0].word;

	atomic_store(word, (uint64_t)(PERMIT_COUNT_MAX - 1) << 44);
	uint32_t t = permit_take(&workers[0], 0, 0);
	ck_assert_uint_ne(t, PERMIT_NONE);
	ck_assert_uint_eq(permit_count(&region, 0), PERMIT_COUNT_MAX);
	ck_assert_uint_eq(permit_take(&workers[0], 0, 0), PERMIT_NONE);
	ck_assert_uint_eq(permit_take(&workers[1], 0, UINT32_MAX), PERMIT_NONE);
	ck_assert_uint_eq(permit_count(&region, 0), PERMIT_COUNT_MAX);
	permit_drop(&workers[0], t);
	ck_assert_uint_eq(permit_count(&region, 0), PERMIT_COUNT_MAX - 1);
}
END_TEST

START_TEST(a_full_ledger_is_handled)
{
	uint32_t last = PERMIT_NONE;
	bool in_order = true;

	for (uint32_t i = 0; i < LEDGER_MAX; i++) {
		last = permit_take(&workers[0], i % ENDPOINTS, 0);
		in_order = in_order && last == i;
	}
	ck_assert(in_order);
	ck_assert_uint_eq(permit_take(&workers[0], 1, 0), PERMIT_NONE);
	ck_assert_uint_eq(permit_count(&region, 1), LEDGER_MAX / ENDPOINTS);
	take(1, 1);
	permit_drop(&workers[0], last);
	ck_assert_uint_eq(permit_take(&workers[0], 1, 0), last);
	replace(0);
	for (uint32_t i = 0; i < ENDPOINTS; i++)
		ck_assert_uint_eq(permit_count(&region, i), i == 1);
}
END_TEST

START_TEST(used_entries_come_first)
{
	uint32_t a = take(0, 1), b = take(0, 2);

	for (int i = 0; i < 100; i++) {
		permit_drop(&workers[0], a);
		a = take(0, (uint32_t)i % ENDPOINTS);
	}
	permit_drop(&workers[0], b);
	permit_drop(&workers[0], a);
	ck_assert_uint_eq(take(0, 1), a); /* given back last */
	ck_assert_uint_eq(high_of(0), 2);
	replace(0);
	ck_assert_uint_eq(high_of(0), 0);
	ck_assert_uint_eq(take(0, 1), 0);
	ck_assert_uint_eq(high_of(0), 1);
}
END_TEST

START_TEST(a_refused_take_keeps_nothing)
{
	take(1, 4);
	ck_assert_uint_eq(permit_take(&workers[0], 4, 1), PERMIT_NONE);
	ck_assert_uint_eq(high_of(0), 0);
	replace(0);
	ck_assert_uint_eq(permit_count(&region, 4), 1);
}
END_TEST

START_TEST(the_dead_hold_nothing)
{
	take(0, 1);
	take(0, 1);
	take(0, 2);
	permit_drop(&workers[0], take(0, 1));
	take(1, 1);
	for (int again = 0; again < 2; again++) {
		permit_recover(&region, 0);
		ck_assert_uint_eq(permit_count(&region, 1), 1);
		ck_assert_uint_eq(permit_count(&region, 2), 0);
	}
	replace(0);
	take(0, 2);
	replace(1);
	ck_assert_uint_eq(permit_count(&region, 1), 0);
	ck_assert_uint_eq(permit_count(&region, 2), 1);
}
END_TEST

START_TEST(who_leaves_keeps_what_the_ledger_says)
{
	take(0, 1);
	permits_fini(&workers[0]);
	ck_assert_uint_eq(permit_count(&region, 1), 1);
	replace(0);
	ck_assert_uint_eq(permit_count(&region, 1), 0);
}
END_TEST

/* What a worker scribbled over its ledger must not reach beyond it. */
START_TEST(nonsense_in_a_ledger_is_nothing)
{
	struct shm_ledger *l = &region.state->ledgers[0];

	take(0, 1);
	take(1, 1);
	atomic_store(&l->high, UINT32_MAX);
	atomic_store(&l->entry[5], UINT64_MAX);
	atomic_store(&l->entry[6], (uint64_t)PERMIT_RESOURCES << 8 | 2);
	atomic_store(&l->entry[7], 1 << 8 | 4); /* no such state */
	atomic_store(&l->entry[8], 7 << 8 | 2); /* held, but never counted */
	permit_recover(&region, 0);
	ck_assert_uint_eq(permit_count(&region, 1), 1);
	ck_assert_uint_eq(permit_count(&region, 7), 0);
	atomic_store(&region.state->permits[1].word,
	    UINT64_C(1) << 44 | UINT64_C(0xff) << SEQ_BITS | 5);
	permit_drop(&workers[1], 0);
	ck_assert_uint_eq(permit_count(&region, 1), 0);
}
END_TEST

START_TEST(numbers_wrap)
{
	for (uint32_t w = 0; w < WORKERS; w++)
		atomic_store(
		    opseq_of(w), (UINT64_C(1) << SEQ_BITS) - 10 - 3 * w);
	for (uint32_t i = 0; i < 20; i++) {
		uint32_t t[WORKERS];

		for (uint32_t w = 0; w < WORKERS; w++)
			t[w] = permit_take(&workers[w], i % 2, 3);
		ck_assert_uint_eq(permit_count(&region, i % 2), 3);
		ck_assert_uint_eq(
		    permit_take(&workers[0], i % 2, 3), PERMIT_NONE);
		for (uint32_t w = 0; w < WORKERS; w++)
			permit_drop(&workers[w], t[w]);
		ck_assert_uint_eq(permit_count(&region, i % 2), 0);
	}
	for (uint32_t w = 0; w < WORKERS; w++) {
		uint64_t done = atomic_load(&region.state->ledgers[w].done);

		ck_assert_uint_gt(done, UINT64_C(1) << SEQ_BITS);
		ck_assert_uint_le(done, atomic_load(opseq_of(w)));
	}
}
END_TEST

/* Or they would come to stand for operations that have yet to be. */
START_TEST(old_tags_go)
{
	const uint32_t others[] = { PERMIT_BREAKER + 1,
		PERMIT_BREAKER + ENDPOINTS_MAX + 2, PERMIT_QUEUE + 3 };

	atomic_store(&region.state->control.services, 4);
	atomic_store(opseq_of(0), FORGET_EVERY - 7);
	for (uint32_t i = 0; i < 3; i++)
		take(0, others[i]);
	take(0, 1);
	take(0, 2);
	take(0, 3);
	take(1, 3);
	ck_assert_uint_eq(tagged(1), 1);
	ck_assert_uint_eq(tagged(2), 1);
	ck_assert_uint_eq(tagged(3), 2);
	for (uint32_t i = 0; i < 3; i++)
		ck_assert_uint_eq(tagged(others[i]), 1);
	take(0, 4);
	for (uint32_t i = 0; i < 3; i++)
		ck_assert_uint_eq(tagged(others[i]), 0);
	ck_assert_uint_eq(tagged(1), 0);
	ck_assert_uint_eq(tagged(2), 0);
	ck_assert_uint_eq(tagged(3), 2);
	ck_assert_uint_eq(tagged(4), 1);
	for (uint32_t i = 1; i <= 4; i++)
		ck_assert_uint_eq(permit_count(&region, i), i == 3 ? 2 : 1);
}
END_TEST

START_TEST(wanting_is_remembered)
{
	ck_assert_uint_eq(permit_wanted_us(&region, 5), 0);
	permit_want(&region, 5, 1234);
	ck_assert_uint_eq(permit_wanted_us(&region, 5), 1234);
	ck_assert_uint_eq(permit_wanted_us(&region, 4), 0);
	permit_drop(&workers[0], take(0, 5));
	ck_assert_uint_eq(permit_wanted_us(&region, 5), 1234);
}
END_TEST

START_TEST(a_permit_is_dropped_once)
{
	uint32_t t = take(0, 1);

	permit_drop(&workers[0], t);
	permit_drop(&workers[0], t);
}
END_TEST

START_TEST(a_ledger_that_was_not_recovered)
{
	struct permits p;

	take(0, 1);
	(void)permits_init(&p, &region, 0);
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("permit");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, no_more_than_max_over_all_workers);
	tcase_add_test(tc, how_many_there_are_with_this_one);
	tcase_add_test(tc, a_lower_max_waits_for_drops);
	tcase_add_test(tc, the_count_has_an_end);
	tcase_add_test(tc, a_full_ledger_is_handled);
	tcase_add_test(tc, used_entries_come_first);
	tcase_add_test(tc, a_refused_take_keeps_nothing);
	tcase_add_test(tc, the_dead_hold_nothing);
	tcase_add_test(tc, who_leaves_keeps_what_the_ledger_says);
	tcase_add_test(tc, nonsense_in_a_ledger_is_nothing);
	tcase_add_test(tc, numbers_wrap);
	tcase_add_test(tc, old_tags_go);
	tcase_add_test(tc, wanting_is_remembered);
	tcase_add_test_raise_signal(tc, a_permit_is_dropped_once, SIGABRT);
	tcase_add_test_raise_signal(
	    tc, a_ledger_that_was_not_recovered, SIGABRT);
	return fixture_run(tc, "permit");
}
