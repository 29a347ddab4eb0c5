/*
 * Tests of lb_hash.c: even shares, and how few keys move when endpoints come
 * and go.
 */
#include "tests/unit/worker/origin/lb_kit.h"

#define KEYS 50000

static uint16_t ports_before[KEYS], ports_after[KEYS];

/* Which endpoint (its last two address bytes) each key gets. */
static void
map_keys(struct lb_kit *k, uint16_t *to)
{
	for (uint32_t i = 0; i < KEYS; i++) {
		k->ask.hash = hash_u64(i + 1);
		const struct addr *a = &k->tier.members[kit_pick(k)].addr;
		to[i] = (uint16_t)(a->ip[14] << 8 | a->ip[15]);
	}
}

/* Keys that moved, and those of them that did not move to or from `whom`. */
static uint32_t
moved_keys(uint16_t whom, uint32_t *stray)
{
	uint32_t moved = 0;

	*stray = 0;
	for (uint32_t i = 0; i < KEYS; i++) {
		if (ports_before[i] == ports_after[i])
			continue;
		moved++;
		*stray += ports_before[i] != whom && ports_after[i] != whom;
	}
	return moved;
}

START_TEST(shares_are_even)
{
	struct lb_kit k;

	kit_init(&k, &lb_hash, 10, NULL);
	kit_picks(&k, KEYS);
	for (uint32_t i = 0; i < 10; i++)
		kit_near(&k, i, KEYS / 10, 15);
	kit_set(&k, 1, 3, (uint32_t[]){ 5, 1, 2 });
	kit_picks(&k, KEYS);
	kit_near(&k, 0, KEYS * 5 / 8, 10);
	kit_near(&k, 1, KEYS / 8, 20);
	kit_near(&k, 2, KEYS / 4, 15);
	kit_fini(&k);
}
END_TEST

START_TEST(one_more_moves_its_share)
{
	struct lb_kit k;
	uint32_t moved, stray;

	kit_init(&k, &lb_hash, 10, NULL);
	map_keys(&k, ports_before);
	kit_set(&k, 1, 11, NULL);
	map_keys(&k, ports_after);
	moved = moved_keys(11, &stray);
	printf("10 -> 11: %.2f %% moved\n", moved * 100.0 / KEYS);
	ck_assert_uint_gt(moved, KEYS / 11 * 85 / 100);
	ck_assert_uint_lt(moved, KEYS / 11 * 115 / 100);
	ck_assert_uint_eq(stray, 0);
	/* And one that goes, from the front. */
	memcpy(ports_before, ports_after, sizeof(ports_before));
	kit_set(&k, 2, 10, NULL);
	map_keys(&k, ports_after);
	moved = moved_keys(1, &stray);
	printf("11 -> 10: %.2f %% moved\n", moved * 100.0 / KEYS);
	ck_assert_uint_gt(moved, KEYS / 11 * 85 / 100);
	ck_assert_uint_lt(moved, KEYS / 11 * 115 / 100);
	ck_assert_uint_eq(stray, 0);
	kit_fini(&k);
}
END_TEST

/* The keys of what is skipped go where they would go without it. */
START_TEST(skipped_is_as_if_gone)
{
	struct lb_kit k;

	kit_init(&k, &lb_hash, 10, NULL);
	kit_tried(&k, 0);
	map_keys(&k, ports_before);
	k.ask.tried.count = 0;
	kit_set(&k, 2, 9, NULL);
	map_keys(&k, ports_after);
	ck_assert_mem_eq(ports_before, ports_after, sizeof(ports_before));
	kit_fini(&k);
}
END_TEST

/* The same in every process: no seed is in it. */
START_TEST(the_order_of_endpoints_is_nothing)
{
	struct lb_kit k;

	kit_init(&k, &lb_hash, 10, NULL);
	map_keys(&k, ports_before);
	kit_set(&k, 11, 1, NULL);
	k.state.random = 77;
	kit_set(&k, 1, 10, NULL);
	map_keys(&k, ports_after);
	ck_assert_mem_eq(ports_before, ports_after, sizeof(ports_before));
	kit_fini(&k);
}
END_TEST

/* More weights than points: fewer per weight, but one at least for each. */
START_TEST(many_and_heavy_ones_are_bounded)
{
	static uint32_t weights[1000];
	struct lb_kit k;
	uint32_t idle = 0;

	for (uint32_t i = 0; i < 1000; i++)
		weights[i] = i == 0 ? 1 : 100;
	kit_init(&k, &lb_hash, 1000, weights);
	kit_picks(&k, 1000000);
	for (uint32_t i = 1; i < 1000; i++) {
		idle += k.hits[i] == 0;
		kit_near(&k, i, 1000, 60);
	}
	ck_assert_uint_eq(idle, 0);
	kit_fini(&k);
}
END_TEST

START_TEST(what_was_tried_is_skipped)
{
	kit_check_tried(&lb_hash, NULL);
	kit_check_tried(&lb_hash, (uint32_t[]){ 100, 2, 1 });
}
END_TEST

/* Those of a sick endpoint move, no others; and they come back. */
START_TEST(keys_of_the_sick_come_back)
{
	struct lb_kit k;
	uint32_t moved, stray;

	kit_init(&k, &lb_hash, 10, NULL);
	map_keys(&k, ports_before);
	kit_sick(&k, 3, true);
	map_keys(&k, ports_after);
	moved = moved_keys(4, &stray);
	ck_assert_uint_gt(moved, KEYS / 10 * 85 / 100);
	ck_assert_uint_lt(moved, KEYS / 10 * 115 / 100);
	ck_assert_uint_eq(stray, 0);
	kit_sick(&k, 3, false);
	map_keys(&k, ports_after);
	ck_assert_mem_eq(ports_before, ports_after, sizeof(ports_before));
	kit_fini(&k);
}
END_TEST

START_TEST(shares_move_no_keys)
{
	struct lb_kit k;

	kit_init(&k, &lb_hash, 10, NULL);
	map_keys(&k, ports_before);
	kit_share(&k, 3, 100);
	kit_best(&k, 5, IMG_CLASS_EMERGENCY);
	map_keys(&k, ports_after);
	ck_assert_mem_eq(ports_before, ports_after, sizeof(ports_before));
	kit_fini(&k);
}
END_TEST

START_TEST(what_is_sick_is_skipped)
{
	kit_check_sick(&lb_hash, NULL);
	kit_check_sick(&lb_hash, (uint32_t[]){ 9, 2, 1 });
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("lb_hash");

	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, shares_are_even);
	tcase_add_test(tc, one_more_moves_its_share);
	tcase_add_test(tc, skipped_is_as_if_gone);
	tcase_add_test(tc, the_order_of_endpoints_is_nothing);
	tcase_add_test(tc, many_and_heavy_ones_are_bounded);
	tcase_add_test(tc, what_was_tried_is_skipped);
	tcase_add_test(tc, keys_of_the_sick_come_back);
	tcase_add_test(tc, shares_move_no_keys);
	tcase_add_test(tc, what_is_sick_is_skipped);
	return fixture_run(tc, "lb_hash");
}
