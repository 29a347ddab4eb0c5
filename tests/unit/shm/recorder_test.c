/* Tests of recorder.c: what is written is read; laps, killed writers. */
#include "shm/recorder.h"

#include <stdint.h>

#include "shm/readers.h"
#include "tests/unit/shm/fixture.h"

static _Alignas(8) char out[RECORD_MAX];

/* Of `bytes` bytes, with a mark at its start and end. */
static bool
put(const struct region *r, enum recorder_ring ring, uint32_t w, uint32_t bytes,
    uint64_t mark)
{
	struct record_head *h = recorder_begin(r, ring, w);

	if (h == NULL)
		return false;
	memset(h, (int)mark, bytes);
	h->bytes = bytes;
	h->kind = RECORD_AUDIT;
	h->wall_us = (int64_t)mark;
	recorder_commit(r, ring, w);
	return true;
}

/* The mark of the next record, UINT64_MAX: none. */
static uint64_t
take(const struct region *r, enum recorder_ring ring, uint32_t w,
    struct recorder_cursor *c)
{
	const struct record_head *h = (void *)out;
	uint32_t n = recorder_next(r, ring, w, c, out);

	if (n == 0)
		return UINT64_MAX;
	ck_assert_uint_eq(n, h->bytes);
	for (uint32_t i = sizeof(*h); i < n; i++)
		if ((uint8_t)out[i] != (uint8_t)h->wall_us)
			ck_abort_msg("byte %u of record %lu", i, h->seq);
	return (uint64_t)h->wall_us;
}

static uint32_t
size_of(uint64_t i)
{
	uint64_t room = RECORD_MAX - sizeof(struct record_head);

	return (uint32_t)(sizeof(struct record_head) +
	    hash_u64(i) % (room / 8 + 1) * 8);
}

START_TEST(what_is_written_is_read)
{
	struct recorder_cursor c;
	struct region r;

	fixture_region(&r, 2);
	recorder_seek(&r, RECORDER_REQUESTS, 1, false, &c);
	for (uint64_t i = 1; i < 2000; i++) {
		ck_assert(put(&r, RECORDER_REQUESTS, 1, size_of(i), i));
		ck_assert_uint_gt(
		    recorder_behind(&r, RECORDER_REQUESTS, 1, &c), 0);
		ck_assert_uint_eq(take(&r, RECORDER_REQUESTS, 1, &c), i);
		ck_assert_uint_eq(((struct record_head *)(void *)out)->seq, i);
		ck_assert_uint_eq(
		    take(&r, RECORDER_REQUESTS, 1, &c), UINT64_MAX);
		ck_assert_uint_eq(
		    recorder_behind(&r, RECORDER_REQUESTS, 1, &c), 0);
	}
	ck_assert_uint_eq(c.lost, 0);
	recorder_seek(&r, RECORDER_REQUESTS, 0, false, &c);
	ck_assert_uint_eq(take(&r, RECORDER_REQUESTS, 0, &c), UINT64_MAX);
	region_fini(&r);
}
END_TEST

/* He who comes too late goes on at a block, and knows what he has lost. */
START_TEST(laps_are_counted)
{
	struct recorder_cursor c;
	struct region r;
	uint64_t at = 0, seen = 0;

	fixture_region(&r, 1);
	recorder_seek(&r, RECORDER_REQUESTS, 0, false, &c);
	for (uint64_t lap = 0; lap < 100; lap++) {
		uint64_t n = hash_u64(lap) % 300, got;

		for (uint64_t i = 0; i < n; i++)
			put(&r, RECORDER_REQUESTS, 0, size_of(at), at + 1),
			    at++;
		for (uint64_t last = 0;
		     (got = take(&r, RECORDER_REQUESTS, 0, &c)) != UINT64_MAX;
		     last = got, seen++)
			ck_assert_uint_gt(got, last);
		ck_assert_uint_eq(seen + c.lost, at);
	}
	ck_assert_uint_gt(c.lost, 0);
	ck_assert_uint_gt(seen, 0);
	region_fini(&r);
}
END_TEST

START_TEST(seeks_both_ends)
{
	struct recorder_cursor c;
	struct region r;

	fixture_region(&r, 1);
	recorder_seek(&r, RECORDER_REQUESTS, 0, true, &c);
	for (uint64_t i = 1; i <= 5000; i++)
		put(&r, RECORDER_REQUESTS, 0, 160, i);
	uint64_t first = take(&r, RECORDER_REQUESTS, 0, &c);

	ck_assert_uint_gt(first, 1);
	ck_assert_uint_eq(c.lost, first - 1);
	recorder_seek(&r, RECORDER_REQUESTS, 0, true, &c);
	ck_assert_uint_eq(take(&r, RECORDER_REQUESTS, 0, &c), UINT64_MAX);
	put(&r, RECORDER_REQUESTS, 0, 160, 77);
	ck_assert_uint_eq(take(&r, RECORDER_REQUESTS, 0, &c), 77);
	recorder_seek(&r, RECORDER_REQUESTS, 0, true, &c);
	for (uint64_t i = 0; i < 5000; i++)
		put(&r, RECORDER_REQUESTS, 0, 160, i);
	while (take(&r, RECORDER_REQUESTS, 0, &c) != UINT64_MAX)
		continue;
	ck_assert_uint_gt(c.lost, 3000);
	recorder_seek(&r, RECORDER_REQUESTS, 0, false, &c);
	uint64_t n = 0;
	while (take(&r, RECORDER_REQUESTS, 0, &c) != UINT64_MAX)
		n++;
	ck_assert_uint_ge(n * 160, FIXTURE_RECORDS - 2 * RECORDER_BLOCK);
	ck_assert_uint_eq(c.lost, 0);
	region_fini(&r);
}
END_TEST

/* What the reader has not written down yet is not overwritten. */
START_TEST(audit_is_never_lapped)
{
	const uint32_t w = WORKERS_MAX;
	struct recorder_cursor c;
	struct region r;
	uint64_t n = 0, got = 0, mark;

	fixture_region(&r, 2);
	recorder_seek(&r, RECORDER_AUDIT, w, false, &c);
	for (int pass = 0; pass < 20; pass++) {
		ck_assert(recorder_audit_ready(&r, w));
		while (put(&r, RECORDER_AUDIT, w, size_of(n), n + 1))
			n++;
		ck_assert(!recorder_audit_ready(&r, w));
		ck_assert(recorder_audit_ready(&r, 0));
		while ((mark = take(&r, RECORDER_AUDIT, w, &c)) != UINT64_MAX)
			ck_assert_uint_eq(mark, ++got);
		ck_assert_uint_eq(got, n);
		atomic_store(&r.readers->audit[w], c.at);
	}
	ck_assert_uint_eq(c.lost, 0);
	/* A reader that says what cannot be has read nothing. */
	atomic_store(&r.readers->audit[w], c.at + 8);
	ck_assert(!recorder_audit_ready(&r, w));
	region_fini(&r);
}
END_TEST

START_TEST(rings_of_nothing)
{
	struct recorder_cursor c;
	struct geometry g;
	struct region r;
	struct diag d;

	diag_init(&d);
	geometry_defaults(&g, 1);
	g.images_bytes = FIXTURE_IMAGES;
	g.record_bytes = g.audit_bytes = 0;
	ck_assert(region_create(&r, &g, &d));
	ck_assert_ptr_null(recorder_begin(&r, RECORDER_REQUESTS, 0));
	ck_assert_ptr_null(recorder_begin(&r, RECORDER_AUDIT, WORKERS_MAX));
	ck_assert(!recorder_audit_ready(&r, 0));
	recorder_seek(&r, RECORDER_REQUESTS, 0, true, &c);
	ck_assert_uint_eq(recorder_next(&r, RECORDER_REQUESTS, 0, &c, out), 0);
	ck_assert_uint_eq(recorder_behind(&r, RECORDER_REQUESTS, 0, &c), 0);
	region_fini(&r);
	diag_fini(&d);
}
END_TEST

/* What it tears down is lost up to the next block, and no more. */
START_TEST(damage_is_passed_by)
{
	struct recorder_cursor c;
	struct region r;
	uint64_t n = 0, got, last = 0;

	fixture_region(&r, 1);
	for (uint64_t i = 1; i <= 800; i++)
		put(&r, RECORDER_REQUESTS, 0, 160, i);
	recorder_seek(&r, RECORDER_REQUESTS, 0, false, &c);
	struct record_head *h = (void *)(r.records->rings + 160 * 9);
	h->bytes = 20;
	while ((got = take(&r, RECORDER_REQUESTS, 0, &c)) != UINT64_MAX) {
		ck_assert_uint_gt(got, last);
		last = got;
		n++;
	}
	ck_assert_uint_eq(last, 800);
	ck_assert_uint_eq(n + c.lost, 800);
	ck_assert_uint_gt(c.lost, 0);
	region_fini(&r);
}
END_TEST

/* A worker that has gone mad writes where all can read. */
START_TEST(what_workers_write_moves_nothing)
{
	struct recorder_cursor c;
	struct region r;

	fixture_region(&r, 2);
	put(&r, RECORDER_REQUESTS, 1, 160, 1);
	put(&r, RECORDER_AUDIT, 1, 160, 2);
	r.state->header.workers = 1;
	recorder_seek(&r, RECORDER_REQUESTS, 1, false, &c);
	ck_assert_uint_eq(take(&r, RECORDER_REQUESTS, 1, &c), 1);
	r.state->header.workers = WORKERS_MAX;
	recorder_seek(&r, RECORDER_AUDIT, 1, false, &c);
	ck_assert_uint_eq(take(&r, RECORDER_AUDIT, 1, &c), 2);
	r.state->header.workers = 2;
	region_fini(&r);
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("recorder");

	tcase_add_test(tc, what_is_written_is_read);
	tcase_add_test(tc, laps_are_counted);
	tcase_add_test(tc, seeks_both_ends);
	tcase_add_test(tc, audit_is_never_lapped);
	tcase_add_test(tc, rings_of_nothing);
	tcase_add_test(tc, damage_is_passed_by);
	tcase_add_test(tc, what_workers_write_moves_nothing);
	return fixture_run(tc, "recorder");
}
