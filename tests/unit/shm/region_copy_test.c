/*
 * Tests of region_copy.c: a copy has what the region has, follows it, and
 * leaves it alone.
 */
#include "shm/region_copy.h"

#include "tests/unit/shm/fixture.h"

#include "shm/epoch.h"
#include "shm/image.h"
#include "shm/permit.h"
#include "shm/vault_layout.h"

static struct region there, copy;

static struct region_fds
fds_of(const struct region *r, bool secrets)
{
	return (struct region_fds){ r->state_fd, r->images_fd,
		secrets ? r->secrets_fd : -1, -1, -1 };
}

static void
attach(bool secrets)
{
	const struct region_fds fds = fds_of(&there, secrets);
	struct diag d;

	diag_init(&d);
	ck_assert(region_copy(&copy, &fds, &d));
	diag_fini(&d);
}

static void
setup(void)
{
	fixture_region(&there, 2);
	region_secrets(&there)->debug_key[0] = 42;
}

static void
teardown(void)
{
	region_copy_fini(&copy);
	region_fini(&there);
}

/* An image of its own head alone, of this environment. */
static int
publish(uint64_t mark)
{
	int slot = epoch_build(&there, SHM_PAGE, SHM_PAGE);
	struct img_head *img;

	ck_assert_int_ge(slot, 0);
	img = (struct img_head *)(void *)epoch_build_at(&there, slot);
	*img = (struct img_head){ .bytes = SHM_PAGE, .ticket_us = mark };
	(void)epoch_publish(&there, slot);
	return slot;
}

START_TEST(writes_stay_here)
{
	volatile char *theirs = &there.state->names[2 * SHM_PAGE];
	volatile char *mine;

	attach(true);
	mine = &copy.state->names[2 * SHM_PAGE];
	*theirs = 3;
	ck_assert_int_eq(*mine, 3);
	*mine = 7;
	ck_assert_int_eq(*theirs, 3);
	*theirs = 4;
	ck_assert_int_eq(*mine, 7);
	region_copy_renew(&copy);
	ck_assert_int_eq(*mine, 4);
}
END_TEST

START_TEST(one_worker_more)
{
	struct permits p;

	attach(true);
	ck_assert_uint_eq(region_copy_slot(&copy), 2);
	ck_assert_uint_eq(copy.vault->workers, 3);
	region_copy_renew(&copy);
	ck_assert_uint_eq(region_copy_slot(&copy), 2);
	ck_assert_uint_eq(there.state->header.workers, 2);
	ck_assert(permits_init(&p, &copy, region_copy_slot(&copy)));
	ck_assert_uint_ne(permit_take(&p, 5, 1), PERMIT_NONE);
	ck_assert_uint_eq(permit_count(&copy, 5), 1);
	ck_assert_uint_eq(permit_count(&there, 5), 0);
	permits_fini(&p);
}
END_TEST

START_TEST(as_many_as_there_may_be)
{
	region_fini(&there);
	fixture_region(&there, WORKERS_MAX);
	atomic_store(&there.state->ledgers[WORKERS_MAX - 1].high, 3);
	attach(true);
	ck_assert_uint_eq(region_copy_slot(&copy), WORKERS_MAX - 1);
	ck_assert_uint_eq(
	    atomic_load(&copy.state->ledgers[WORKERS_MAX - 1].high), 0);
	ck_assert_uint_eq(
	    atomic_load(&there.state->ledgers[WORKERS_MAX - 1].high), 3);
}
END_TEST

START_TEST(secrets_for_those_who_have_them)
{
	attach(true);
	ck_assert_uint_eq(region_secrets(&copy)->debug_key[0], 42);
	region_secrets(&there)->debug_key[0] = 43;
	ck_assert_uint_eq(region_secrets(&copy)->debug_key[0], 43);
	region_copy_fini(&copy);
	attach(false);
	ck_assert_uint_eq(region_secrets(&copy)->debug_key[0], 0);
	ck_assert_uint_eq(region_secrets(&copy)->magic, SHM_MAGIC);
}
END_TEST

/* What is held is as it was; what cannot be right is not held. */
START_TEST(held_images)
{
	int first = publish(1), second;
	struct epoch_view v;
	struct img_head *theirs =
	    (struct img_head *)(void *)(uintptr_t)epoch_image(
		&there, (uint32_t)first);

	attach(true);
	epoch_enter(&copy, region_copy_slot(&copy), &v);
	ck_assert(!region_copy_hold(&copy, v.slot)); /* it is no image */
	theirs->magic = IMG_MAGIC;
	theirs->router.groups.count = 0;
	ck_assert(!region_copy_hold(&copy, v.slot));
	second = publish(2);
	ck_assert(!region_copy_hold(&copy, (uint32_t)first));
	ck_assert_int_ne(first, second);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("region_copy");
	TCase *t = tcase_create("region_copy");
	SRunner *sr;
	int failed;

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, writes_stay_here);
	tcase_add_test(t, one_worker_more);
	tcase_add_test(t, as_many_as_there_may_be);
	tcase_add_test(t, secrets_for_those_who_have_them);
	tcase_add_test(t, held_images);
	suite_add_tcase(s, t);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_NORMAL);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
