/*
 * stepping_recorder_test.c - kills a writer before each of its stores, and lets
 * one write just before each load of a reader: what is read is whole, numbers
 * have neither gaps nor doubles, and what is not read is counted.
 */
#include "tests/unit/shm/stepping.h"

#include "shm/readers.h"
#include "tests/unit/shm/recorder_kit.h"

static _Alignas(8) char out[RECORD_MAX];

/* All there is from the cursor on; how many, each of them whole. */
static uint64_t
read_all(
    const struct region *r, enum recorder_ring ring, struct recorder_cursor *c)
{
	const struct record_head *h = (void *)out;
	uint64_t n = 0, last = 0;
	uint32_t bytes;

	while ((bytes = recorder_next(r, ring, 0, c, out)) != 0) {
		ck_assert(rk_is_whole(out, bytes));
		ck_assert_uint_gt(h->seq, last);
		last = h->seq;
		n++;
	}
	return n;
}

/* ---- deaths ---- */

/* Across the ends of blocks, and of both kinds. */
static void
worker_writes(struct region *r)
{
	for (uint64_t i = 0; i < 12; i++) {
		uint64_t words = i % 3 == 0 ? RK_WORDS_MAX : i * 40;

		(void)rk_put(r, RECORDER_REQUESTS, 0, i, words, 200);
		(void)rk_put(r, RECORDER_AUDIT, 0, i, words, 200);
	}
}

/* The dead one's last record may be there, or not: nothing else is lost. */
START_TEST(killed_at_each_store)
{
	struct recorder_cursor c;
	bool done = false;

	for (uint32_t k = 1; !done; k += STRIDE) {
		struct region r;

		fixture_region(&r, 1);
		done = run_killed(worker_writes, &r, k);
		for (int ring = 0; ring < RECORDER_RINGS; ring++) {
			enum recorder_ring which = (enum recorder_ring)ring;
			uint64_t before;

			recorder_seek(&r, which, 0, false, &c);
			before = read_all(&r, which, &c);
			ck_assert_uint_le(before, 12);
			ck_assert(!done || (k > 100 && before == 12));
			for (uint64_t i = 0; i < 9; i++)
				ck_assert(rk_put(&r, which, 0, 99, 100, 1000));
			ck_assert_uint_eq(read_all(&r, which, &c), 9);
			ck_assert_uint_eq(c.next, before + 10);
			ck_assert_uint_eq(c.lost, 0);
		}
		region_fini(&r);
	}
}
END_TEST

/* The dead one was the only one who wrote, again and again. */
START_TEST(killed_on_and_on)
{
	struct recorder_cursor c;
	struct region r;
	uint64_t seen = 0;

	fixture_region(&r, 1);
	recorder_seek(&r, RECORDER_REQUESTS, 0, false, &c);
	for (uint32_t k = 1; k < 300; k += STRIDE) {
		(void)run_killed(worker_writes, &r, k);
		seen += read_all(&r, RECORDER_REQUESTS, &c);
		ck_assert_uint_eq(c.lost, 0);
		ck_assert(c.next == 0 || c.next == seen + 1);
	}
	region_fini(&r);
}
END_TEST

/* ---- the writer is faster ---- */

static const struct region *rival_region;
static const char *rival_step;
static uint32_t rival_writes, rival_skip;

static void
rival_acts(const char *name)
{
	if (strcmp(name, rival_step) != 0 || rival_skip-- != 0)
		return;
	shm_step_hook = NULL;
	for (uint32_t i = 0; i < rival_writes; i++)
		ck_assert(rk_put(
		    rival_region, RECORDER_REQUESTS, 0, i, 100 + i % 90, 1000));
}

/* Up to more than a lap, in each place of a reader. */
START_TEST(lapped_at_each_step)
{
	static const char *const steps[] = { "R2", "R3" };

	for (uint32_t writes = 0; writes < 420; writes += writes < 200 ? 40 : 1)
		for (uint32_t k = 0; k < 6; k++) {
			struct recorder_cursor c;
			struct region r;
			uint64_t n;

			fixture_region(&r, 1);
			for (uint64_t i = 0; i < 40; i++)
				(void)rk_put(
				    &r, RECORDER_REQUESTS, 0, i, 100, 1000);
			recorder_seek(&r, RECORDER_REQUESTS, 0, false, &c);
			rival_region = &r;
			rival_step = steps[k % 2];
			rival_skip = k / 2 * 7;
			rival_writes = writes;
			shm_step_hook = rival_acts;
			n = read_all(&r, RECORDER_REQUESTS, &c);
			ck_assert_ptr_null(shm_step_hook);
			ck_assert_uint_eq(n + c.lost, 40 + writes);
			ck_assert(writes < 200 || writes > 300 || n > 20);
			region_fini(&r);
		}
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("stepping_recorder");

	tcase_set_timeout(tc, 300);
	tcase_add_test(tc, killed_at_each_store);
	tcase_add_test(tc, killed_on_and_on);
	tcase_add_test(tc, lapped_at_each_step);
	return fixture_run(tc, "stepping_recorder");
}
