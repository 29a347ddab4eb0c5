/* Tests of extent.c: first fit, reuse, running full, sweeping, a new master. */
#include <errno.h>

#include "tests/unit/shm/fixture.h"

START_TEST(takes_first_fit_and_gives_back)
{
	struct region r;

	fixture_region(&r, 1);
	uint64_t a = extent_take(&r, 1, 1);
	uint64_t b = extent_take(&r, 300000, 2);
	uint64_t c = extent_take(&r, 4096, 3);
	ck_assert_uint_eq(a, 4096);
	ck_assert_uint_eq(b, 8192);
	ck_assert_uint_eq(c, 8192 + 74 * 4096);
	ck_assert_uint_eq(extent_used(&r), 76 * 4096);
	ck_assert_uint_eq(fixture_images_held(&r), 76 * 4096);

	memset(r.images + b, 'x', 300000);
	extent_give(&r, b);
	ck_assert_uint_eq(fixture_images_held(&r), 2 * 4096);
	/* Too large for the gap; then two that fill it. */
	ck_assert_uint_eq(extent_take(&r, 75 * 4096, 4), c + 4096);
	ck_assert_uint_eq(extent_take(&r, 70 * 4096, 5), b);
	ck_assert_int_eq(r.images[b], 0);
	ck_assert_uint_eq(extent_take(&r, 4 * 4096, 6), b + 70 * 4096);
	ck_assert_uint_eq(extent_take(&r, 1, 7), c + 76 * 4096);
	region_fini(&r);
}
END_TEST

START_TEST(running_full_changes_nothing)
{
	struct region r;

	fixture_region(&r, 1);
	ck_assert_uint_eq(extent_take(&r, FIXTURE_IMAGES, 1), 0);
	ck_assert_int_eq(errno, ENOSPC);
	ck_assert_uint_eq(extent_take(&r, UINT64_MAX, 1), 0);
	ck_assert_uint_eq(
	    extent_take(&r, FIXTURE_IMAGES - SHM_PAGE, 1), SHM_PAGE);
	ck_assert_uint_eq(extent_take(&r, 1, 1), 0);
	extent_give(&r, SHM_PAGE);
	ck_assert_uint_eq(extent_used(&r), 0);
	ck_assert_uint_eq(fixture_images_held(&r), 0);

	uint64_t first = 0;
	for (int i = 0; i < EXTENTS_MAX; i++) {
		uint64_t at = extent_take(&r, 1, 1);
		ck_assert_uint_ne(at, 0);
		first = first == 0 ? at : first;
	}
	ck_assert_uint_eq(extent_take(&r, 1, 1), 0);
	ck_assert_int_eq(errno, ENOSPC);
	extent_give(&r, first);
	ck_assert_uint_eq(extent_take(&r, 1, 1), first);
	region_fini(&r);
}
END_TEST

START_TEST(a_new_master_finds_what_is_taken)
{
	struct region r;

	fixture_region(&r, 1);
	uint64_t a = extent_take(&r, 10000, 1);
	uint64_t b = extent_take(&r, 10000, 2);
	uint64_t c = extent_take(&r, 10000, 3);
	extent_give(&r, b);
	extent_map_drop(&r);
	ck_assert_uint_eq(extent_take(&r, 12288, 4), b);
	ck_assert_uint_gt(extent_take(&r, 4096, 5), c);
	ck_assert_uint_eq(extent_find(&r, a), 0);
	ck_assert_uint_eq(extent_find(&r, a + 4096), EXTENTS_MAX);
	region_fini(&r);
}
END_TEST

static bool
keep_odd(void *ctx, uint64_t offset, uint32_t owner)
{
	++*(int *)ctx;
	return owner % 2 == 1 && offset != 0;
}

START_TEST(sweeps)
{
	struct region r;
	int asked = 0;

	fixture_region(&r, 1);
	for (uint32_t i = 1; i <= 10; i++)
		extent_take(&r, 4096, i);
	extent_sweep(&r, keep_odd, &asked);
	ck_assert_int_eq(asked, 10);
	ck_assert_uint_eq(extent_used(&r), 5 * 4096);
	ck_assert_uint_eq(fixture_images_held(&r), 5 * 4096);
	region_fini(&r);
}
END_TEST

/* Takes and gives at random; extents must never overlap. */
START_TEST(never_overlaps)
{
	enum { LIVE = 200, ROUNDS = 4000 };
	static struct {
		uint64_t at, bytes;
	} live[LIVE];
	struct region r;
	unsigned seed = 7;

	fixture_region(&r, 1);
	for (int n = 0; n < ROUNDS; n++) {
		int i = rand_r(&seed) % LIVE;

		if (live[i].at != 0) {
			ck_assert_int_eq(r.images[live[i].at], (char)i);
			ck_assert_int_eq(
			    r.images[live[i].at + live[i].bytes - 1], (char)i);
			extent_give(&r, live[i].at);
			live[i].at = 0;
			continue;
		}
		live[i].bytes = 1 + (uint64_t)rand_r(&seed) % 400000;
		live[i].at = extent_take(&r, live[i].bytes, 1);
		if (live[i].at == 0)
			continue;
		r.images[live[i].at] = (char)i;
		r.images[live[i].at + live[i].bytes - 1] = (char)i;
		ck_assert_uint_le(live[i].at + live[i].bytes, r.images_bytes);
	}
	ck_assert_uint_eq(extent_used(&r), fixture_images_held(&r));
	region_fini(&r);
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("extent");

	tcase_add_test(tc, takes_first_fit_and_gives_back);
	tcase_add_test(tc, running_full_changes_nothing);
	tcase_add_test(tc, a_new_master_finds_what_is_taken);
	tcase_add_test(tc, sweeps);
	tcase_add_test(tc, never_overlaps);
	return fixture_run(tc, "extent");
}
