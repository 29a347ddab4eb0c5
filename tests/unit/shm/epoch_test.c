/* Tests of epoch.c in one process: who keeps an image alive, and for how long.
 */
#include "tests/unit/shm/fixture.h"

#define SIZE 20000

static uint32_t
state_of(const struct region *r, uint32_t slot)
{
	struct epoch_info i;

	epoch_info(r, slot, &i);
	return i.state;
}

START_TEST(nothing_is_published_at_first)
{
	struct region r;
	struct epoch_view v;
	uint8_t digest[32];

	fixture_region(&r, 2);
	epoch_enter(&r, 0, &v);
	ck_assert_ptr_null(v.image);
	ck_assert_uint_eq(v.generation, 0);
	ck_assert_uint_ne(atomic_load(&r.state->slots[0].epoch), EPOCH_IDLE);
	epoch_leave(&r, 0);
	ck_assert_uint_eq(epoch_horizon(&r), EPOCH_IDLE);
	ck_assert(!epoch_digest(&r, digest));
	ck_assert_uint_eq(epoch_reclaim(&r), 0);
	region_fini(&r);
}
END_TEST

START_TEST(a_turn_sees_the_current_image)
{
	struct region r;
	struct epoch_view v;
	struct epoch_info info;
	uint8_t digest[32];

	fixture_region(&r, 2);
	int a = fixture_publish(&r, SIZE);
	epoch_enter(&r, 0, &v);
	ck_assert_int_eq((int)v.slot, a);
	ck_assert_uint_eq(v.generation, 1);
	ck_assert(fixture_image_whole(v.image, 1));
	int b = fixture_publish(&r, SIZE);
	ck_assert_int_ne(a, b);
	ck_assert(epoch_info(&r, (uint32_t)b, &info));
	ck_assert_uint_eq(info.generation, 2);
	ck_assert_uint_eq(info.bytes, SIZE);
	ck_assert(epoch_digest(&r, digest));
	ck_assert_int_eq(digest[31], 2);
	epoch_leave(&r, 0);
	region_fini(&r);
}
END_TEST

START_TEST(a_turn_keeps_what_it_may_see)
{
	struct region r;
	struct epoch_view v;

	fixture_region(&r, 2);
	uint32_t a = (uint32_t)fixture_publish(&r, SIZE);
	epoch_enter(&r, 1, &v);
	fixture_publish(&r, SIZE);
	ck_assert_uint_eq(epoch_reclaim(&r), 1);
	ck_assert(fixture_image_whole(v.image, 1));
	/* A turn that began later does not keep it. */
	struct epoch_view later;
	epoch_enter(&r, 0, &later);
	ck_assert_uint_eq(later.generation, 2);
	epoch_leave(&r, 1);
	ck_assert_uint_eq(epoch_reclaim(&r), 0);
	ck_assert_uint_eq(state_of(&r, a), IMAGE_FREE);
	ck_assert_uint_eq(fixture_images_held(&r), extent_used(&r));
	ck_assert_uint_eq(extent_used(&r), 20480);
	region_fini(&r);
}
END_TEST

START_TEST(a_pin_keeps_it_over_turns)
{
	struct region r;
	struct epoch_view v;
	struct epoch_info info;

	fixture_region(&r, 2);
	uint32_t a = (uint32_t)fixture_publish(&r, SIZE);
	epoch_enter(&r, 1, &v);
	epoch_pin(&r, 1, v.slot);
	epoch_pin(&r, 1, v.slot);
	epoch_leave(&r, 1);
	fixture_publish(&r, SIZE);
	ck_assert_uint_eq(epoch_reclaim(&r), 1);
	epoch_unpin(&r, 1, a);
	ck_assert_uint_eq(epoch_reclaim(&r), 1);
	ck_assert(epoch_info(&r, a, &info));
	ck_assert_uint_eq(info.pins, 1);
	ck_assert_uint_eq(info.state, IMAGE_RETIRED);
	ck_assert(fixture_image_whole(epoch_image(&r, a), 1));
	epoch_unpin(&r, 1, a);
	ck_assert_uint_eq(epoch_reclaim(&r), 0);
	ck_assert(!epoch_info(&r, a, &info));
	region_fini(&r);
}
END_TEST

START_TEST(secrets_follow_their_image)
{
	struct region r;
	struct epoch_view v;

	fixture_region(&r, 2);
	uint32_t a = (uint32_t)fixture_publish(&r, SIZE);
	epoch_enter(&r, 1, &v);
	ck_assert_ptr_eq(v.secrets, epoch_secrets(&r, a));
	ck_assert(fixture_secrets_whole(&r, a, 1));
	uint32_t b = (uint32_t)fixture_publish(&r, SIZE);
	ck_assert_uint_eq(epoch_reclaim(&r), 1);
	ck_assert(fixture_secrets_whole(&r, a, 1));
	ck_assert_uint_eq(fixture_secrets_held(&r), 2 * SHM_PAGE);
	/* Nothing is left of them when their image is gone. */
	epoch_leave(&r, 1);
	ck_assert_uint_eq(epoch_reclaim(&r), 0);
	ck_assert_uint_eq(fixture_secrets_held(&r), SHM_PAGE);
	ck_assert_uint_eq(
	    *(const uint64_t *)(const void *)epoch_secrets(&r, a), 0);
	ck_assert(fixture_secrets_whole(&r, b, 2));
	region_fini(&r);
}
END_TEST

START_TEST(secrets_may_be_larger_than_the_image)
{
	struct region r;
	char *at;

	fixture_region(&r, 1);
	int slot = epoch_build(&r, sizeof(struct img_head), 9 * SHM_PAGE);
	ck_assert_int_ge(slot, 0);
	at = epoch_build_secrets_at(&r, slot);
	ck_assert_int_eq(at - r.secrets, epoch_build_at(&r, slot) - r.images);
	memset(at, 7, 9 * SHM_PAGE);
	ck_assert_int_ge(fixture_publish(&r, SIZE), 0);
	ck_assert_int_eq(at[9 * SHM_PAGE - 1], 7);
	ck_assert_uint_eq(fixture_secrets_held(&r), 10 * SHM_PAGE);
	epoch_abandon(&r, slot);
	ck_assert_uint_eq(fixture_secrets_held(&r), SHM_PAGE);
	/* None, and none are held. */
	slot = epoch_build(&r, SIZE, 0);
	ck_assert_uint_eq(fixture_secrets_held(&r), SHM_PAGE);
	epoch_abandon(&r, slot);
	region_fini(&r);
}
END_TEST

START_TEST(building_fails_without_a_trace)
{
	struct region r;

	fixture_region(&r, 1);
	ck_assert_int_eq(epoch_build(&r, FIXTURE_IMAGES, 0), -1);
	ck_assert_int_eq(epoch_build(&r, SIZE, FIXTURE_IMAGES), -1);
	ck_assert_uint_eq(fixture_images(&r), 0);
	int slot = epoch_build(&r, SIZE, 0);
	ck_assert_uint_eq(state_of(&r, (uint32_t)slot), IMAGE_BUILDING);
	epoch_abandon(&r, slot);
	ck_assert_uint_eq(fixture_images(&r), 0);
	ck_assert_uint_eq(fixture_images_held(&r), 0);
	region_fini(&r);
}
END_TEST

START_TEST(old_generations_expire)
{
	struct region r;
	struct epoch_view v;
	int n = 0;

	fixture_region(&r, 1);
	while (fixture_publish(&r, 5000) >= 0) {
		epoch_enter(&r, 0, &v);
		epoch_pin(&r, 0, v.slot);
		epoch_leave(&r, 0);
		n++;
		uint32_t left = epoch_reclaim(&r);
		ck_assert_uint_eq(left, (uint32_t)n - 1);
		uint64_t want =
		    left > GENERATIONS_MAX ? left - GENERATIONS_MAX + 1 : 0;
		ck_assert_uint_eq(epoch_expire_below(&r), want);
	}
	ck_assert_int_eq(n, IMAGES_MAX);
	/* Requests below the mark end: exactly GENERATIONS_MAX stay. */
	for (uint32_t slot = 0; slot < IMAGES_MAX; slot++) {
		struct epoch_info info;

		epoch_info(&r, slot, &info);
		if (info.generation < epoch_expire_below(&r))
			epoch_unpin(&r, 0, slot);
	}
	ck_assert_uint_eq(epoch_reclaim(&r), GENERATIONS_MAX);
	ck_assert_uint_eq(epoch_expire_below(&r), 0);
	ck_assert_int_ge(fixture_publish(&r, 5000), 0);
	region_fini(&r);
}
END_TEST

START_TEST(recovers_a_dead_worker)
{
	struct region r;
	struct epoch_view v;

	fixture_region(&r, 2);
	fixture_publish(&r, SIZE);
	epoch_enter(&r, 0, &v);
	epoch_pin(&r, 0, v.slot);
	epoch_leave(&r, 0);
	epoch_enter(&r, 0, &v);
	fixture_publish(&r, SIZE);
	ck_assert_uint_eq(epoch_reclaim(&r), 1);
	epoch_recover_worker(&r, 0);
	ck_assert_uint_eq(epoch_reclaim(&r), 0);
	region_fini(&r);
}
END_TEST

START_TEST(recovers_a_dead_master)
{
	struct region r;
	struct epoch_view v;

	fixture_region(&r, 2);
	uint32_t a = (uint32_t)fixture_publish(&r, SIZE);
	uint32_t b = (uint32_t)epoch_build(&r, SIZE, 0);
	extent_take(&r, SIZE, EXTENT_IMAGE | 77);
	uint64_t set = extent_take(&r, SIZE, EXTENT_SET | 5);
	epoch_enter(&r, 1, &v);
	epoch_recover_master(&r);
	ck_assert_uint_eq(state_of(&r, a), IMAGE_READY);
	ck_assert_uint_eq(state_of(&r, b), IMAGE_FREE);
	/* Sets are the registry's to recover. */
	ck_assert_uint_ne(extent_find(&r, set), EXTENTS_MAX);
	ck_assert_uint_eq(extent_used(&r), 2 * 20480);

	/* As if killed between M2 and M3: a is not current, but seen. */
	fixture_publish(&r, SIZE);
	atomic_store(&r.state->images[a].state, IMAGE_READY);
	atomic_store(&r.state->images[a].retire, 0);
	epoch_recover_master(&r);
	ck_assert_uint_eq(state_of(&r, a), IMAGE_RETIRED);
	ck_assert_uint_eq(epoch_reclaim(&r), 1);
	ck_assert(fixture_image_whole(v.image, 1));
	epoch_leave(&r, 1);
	ck_assert_uint_eq(epoch_reclaim(&r), 0);
	region_fini(&r);
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("epoch");

	tcase_add_test(tc, nothing_is_published_at_first);
	tcase_add_test(tc, a_turn_sees_the_current_image);
	tcase_add_test(tc, a_turn_keeps_what_it_may_see);
	tcase_add_test(tc, a_pin_keeps_it_over_turns);
	tcase_add_test(tc, secrets_follow_their_image);
	tcase_add_test(tc, secrets_may_be_larger_than_the_image);
	tcase_add_test(tc, building_fails_without_a_trace);
	tcase_add_test(tc, old_generations_expire);
	tcase_add_test(tc, recovers_a_dead_worker);
	tcase_add_test(tc, recovers_a_dead_master);
	return fixture_run(tc, "epoch");
}
