/* Tests of registry_sets.c: the order of members, and vitals of endpoints. */
#include "common/base/clock.h"
#include "tests/unit/shm/fixture.h"

static uint32_t
publish(struct region *r, const struct eset_want *want, uint32_t count)
{
	ck_assert(registry_publish_set(r, 0, want, count));
	const struct eset *set = registry_set(r, 0);
	return set != NULL ? set->members[0].handle.index : REGISTRY_NONE;
}

static void
region_make(struct region *r)
{
	fixture_region(r, 2);
	ck_assert_uint_eq(registry_service(r, SLICE_LIT("s")), 0);
}

START_TEST(members_stand_in_tiers)
{
	struct region r;
	struct eset_want want[] = { fixture_want(1, 1), fixture_want(2, 1),
		fixture_want(3, 1), fixture_want(4, 1), fixture_want(5, 1) };
	static const uint8_t order[] = { 3, 5, 2, 1, 4 };

	want[0].backup = want[3].backup = true;
	want[2].near = want[3].near = want[4].near = true;
	region_make(&r);
	publish(&r, want, 5);
	const struct eset *set = registry_set(&r, 0);
	ck_assert_uint_eq(set->near, 2);
	ck_assert_uint_eq(set->primaries, 3);
	for (uint32_t i = 0; i < 5; i++)
		ck_assert_uint_eq(set->members[i].addr.ip[15], order[i]);
	publish(&r, want, 5);
	ck_assert_ptr_eq(registry_set(&r, 0), set);
	region_fini(&r);
}
END_TEST

START_TEST(another_zone_is_another_set)
{
	struct region r;
	struct eset_want want[] = { fixture_want(1, 1), fixture_want(2, 1) };

	want[0].near = true;
	region_make(&r);
	publish(&r, want, 2);
	const struct eset *set = registry_set(&r, 0);
	want[1].near = true; /* the order stays */
	publish(&r, want, 2);
	ck_assert_ptr_ne(registry_set(&r, 0), set);
	ck_assert_uint_eq(registry_set(&r, 0)->near, 2);
	region_fini(&r);
}
END_TEST

/* The same endpoints in it: nothing that is known of them is lost. */
START_TEST(another_manner_is_another_set)
{
	struct region r;
	struct eset_want want[] = { fixture_want(1, 1), fixture_want(2, 1) };

	region_make(&r);
	uint32_t e = publish(&r, want, 2);
	const struct eset *set = registry_set(&r, 0);
	want[0].manner = want[1].manner = 7;
	ck_assert_uint_eq(publish(&r, want, 2), e);
	ck_assert_ptr_ne(registry_set(&r, 0), set);
	set = registry_set(&r, 0);
	ck_assert_uint_eq(set->members[0].manner, 7);
	ck_assert(registry_endpoint_live(&r, set->members[0].handle));
	publish(&r, want, 2);
	ck_assert_ptr_eq(registry_set(&r, 0), set);
	region_fini(&r);
}
END_TEST

START_TEST(named_twice_is_of_the_better_kind)
{
	struct region r;
	struct eset_want want[] = { fixture_want(1, 1), fixture_want(1, 2),
		fixture_want(1, 4), fixture_want(2, 1) };

	want[0].backup = want[0].near = true;
	want[0].admin = ADMIN_MAINT;
	want[2].near = true;
	want[2].admin = ADMIN_DRAIN;
	region_make(&r);
	uint32_t e = publish(&r, want, 4);
	const struct eset *set = registry_set(&r, 0);
	ck_assert_uint_eq(set->count, 2);
	ck_assert_uint_eq(set->near, 1);
	ck_assert_uint_eq(set->members[0].weight, 7);
	ck_assert_int_eq(vital_admin(&r, e), ADMIN_DRAIN);
	/* A backup in the own zone is a backup. */
	publish(&r, want, 2);
	set = registry_set(&r, 0);
	ck_assert_uint_eq(set->count, 1);
	ck_assert_uint_eq(set->near, 0);
	ck_assert_uint_eq(set->primaries, 1);
	ck_assert_int_eq(vital_admin(&r, e), ADMIN_READY);
	region_fini(&r);
}
END_TEST

START_TEST(a_new_endpoint_is_told_of)
{
	struct region r;
	struct eset_want want = fixture_want(1, 1);
	struct change c[4];

	want.cause = CAUSE_DNS;
	want.admin = ADMIN_DRAIN;
	region_make(&r);
	uint32_t e = publish(&r, &want, 1);
	ck_assert_uint_eq(history_read(&r, e, 0, c, 4), 2);
	ck_assert_int_eq(c[0].event, CHANGE_ADDED);
	ck_assert_int_eq(c[0].cause, CAUSE_DNS);
	ck_assert_int_eq(c[1].event, CHANGE_DRAIN);
	publish(&r, &want, 1);
	ck_assert_uint_eq(history_count(&r, e), 2);
	/* It changes, though the set does not. */
	const struct eset *set = registry_set(&r, 0);
	want.admin = ADMIN_READY;
	want.cause = CAUSE_OPERATOR;
	publish(&r, &want, 1);
	ck_assert_ptr_eq(registry_set(&r, 0), set);
	ck_assert_int_eq(vital_look(&r, e, 0), VITAL_USABLE);
	ck_assert_uint_eq(history_read(&r, e, 2, c, 4), 1);
	ck_assert_int_eq(c[0].event, CHANGE_READY);
	ck_assert_int_eq(c[0].cause, CAUSE_OPERATOR);
	region_fini(&r);
}
END_TEST

START_TEST(new_among_others_starts_slowly)
{
	struct region r;
	struct eset_want want[] = { fixture_want(1, 1), fixture_want(2, 1),
		fixture_want(3, 1) };
	struct vital_info i;

	want[0].slow = want[1].slow = true;
	region_make(&r);
	clock_update();
	uint32_t e = publish(&r, want, 1);
	/* The first of all: there is nobody to do its part. */
	ck_assert_uint_eq(vital_share(&r, e), VITAL_SHARE_FULL);
	uint64_t before_us = clock_update().us;
	publish(&r, want, 3);
	const struct eset *set = registry_set(&r, 0);
	ck_assert_uint_eq(vital_share(&r, e), VITAL_SHARE_FULL);
	uint32_t second = set->members[1].handle.index;
	ck_assert_uint_eq(vital_share(&r, second), 100);
	vital_info(&r, second, &i);
	ck_assert_uint_eq(i.ramp_us, before_us);
	/* One whose service wants no slow start. */
	uint32_t third = set->members[2].handle.index;
	ck_assert_uint_eq(vital_share(&r, third), VITAL_SHARE_FULL);
	vital_info(&r, third, &i);
	ck_assert_uint_eq(i.ramp_us, 0);
	region_fini(&r);
}
END_TEST

START_TEST(health_lasts_as_long_as_the_slot)
{
	struct region r;
	struct eset_want one = fixture_want(1, 1), two = fixture_want(2, 1);
	struct change c[4];

	region_make(&r);
	uint32_t e = publish(&r, &one, 1);
	vital_set_flag(&r, e, VITAL_DOWN, true, CAUSE_PROBE_TIMEOUT, 0);
	registry_active_add(&r, 1, e, 1);
	publish(&r, &two, 1);
	registry_reclaim(&r);
	/* Retired, and back before it was freed. */
	ck_assert_uint_eq(publish(&r, &one, 1), e);
	ck_assert_int_eq(vital_look(&r, e, 0), VITAL_SICK);
	publish(&r, &two, 1);
	registry_active_add(&r, 1, e, -1);
	registry_reclaim(&r);
	/* The slot serves another one, which was never sick. */
	one = fixture_want(3, 1);
	ck_assert_uint_eq(publish(&r, &one, 1), e);
	ck_assert_int_eq(vital_look(&r, e, 0), VITAL_USABLE);
	ck_assert_uint_eq(history_read(&r, e, 0, c, 4), 1);
	ck_assert_int_eq(c[0].event, CHANGE_ADDED);
	region_fini(&r);
}
END_TEST

START_TEST(a_new_master_finds_what_was_set)
{
	struct region r;
	struct eset_want want[] = { fixture_want(1, 1), fixture_want(2, 1) };

	want[1].admin = ADMIN_MAINT;
	region_make(&r);
	uint32_t e = publish(&r, want, 2);
	vital_set_flag(&r, e, VITAL_DOWN, true, CAUSE_PROBE_TIMEOUT, 0);
	vital_set_share(&r, e, 300);
	uint64_t changes = history_changes(&r);
	registry_recover_master(&r);
	publish(&r, want, 2);
	ck_assert_uint_eq(vital_share(&r, e), 300);
	ck_assert_int_eq(vital_look(&r, e, 0), VITAL_SICK);
	ck_assert_int_eq(vital_look(&r, e + 1, 0), VITAL_CLOSED);
	ck_assert_uint_eq(history_changes(&r), changes);
	region_fini(&r);
}
END_TEST

#define MANY 4096u

/* Endpoints from number n on, the last first. */
static void
publish_many(struct region *r, uint32_t n, uint32_t count)
{
	static struct eset_want want[2 * MANY];

	for (uint32_t i = 0; i < count; i++)
		want[i] = fixture_want(n + count - 1 - i, 1);
	ck_assert(registry_publish_set(r, 0, want, count));
	if (count != 0)
		ck_assert_uint_eq(registry_set(r, 0)->count, count);
	registry_reclaim(r);
}

/* The number of the endpoint that has the slot, or had it last. */
static uint32_t
owner_of(const struct region *r, uint32_t slot)
{
	const struct addr *a = &r->state->endpoints[slot].addr;

	return (uint32_t)a->ip[14] << 8 | a->ip[15];
}

START_TEST(many_that_return_find_their_slots)
{
	static uint32_t before[MANY];
	struct region r;

	region_make(&r);
	publish_many(&r, 1, MANY);
	for (uint32_t i = 0; i < MANY; i++)
		before[i] = owner_of(&r, i);
	publish_many(&r, MANY + 1, MANY / 8);
	publish_many(&r, 1 + MANY / 2, MANY / 4);
	publish_many(&r, 1, MANY);
	for (uint32_t i = 0; i < MANY; i++)
		ck_assert_uint_eq(owner_of(&r, i), before[i]);
	region_fini(&r);
}
END_TEST

/* Some of their slots have gone to others: each has one, and one alone. */
START_TEST(no_two_slots_bear_the_same_name)
{
	static bool seen[2 * MANY];
	struct region r;
	uint32_t n;

	region_make(&r);
	publish_many(&r, 1, MANY);
	publish_many(&r, 0, 0);
	publish_many(&r, MANY / 2, MANY / 4);
	publish_many(&r, MANY / 2, MANY / 2 + MANY / 8);
	publish_many(&r, 1, MANY + MANY / 8);
	n = atomic_load(&r.state->control.endpoints);
	ck_assert_uint_eq(n, MANY + MANY / 8);
	for (uint32_t i = 0; i < n; i++) {
		ck_assert(!seen[owner_of(&r, i)]);
		seen[owner_of(&r, i)] = true;
	}
	region_fini(&r);
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("registry sets");

	tcase_add_test(tc, members_stand_in_tiers);
	tcase_add_test(tc, another_zone_is_another_set);
	tcase_add_test(tc, another_manner_is_another_set);
	tcase_add_test(tc, named_twice_is_of_the_better_kind);
	tcase_add_test(tc, a_new_endpoint_is_told_of);
	tcase_add_test(tc, new_among_others_starts_slowly);
	tcase_add_test(tc, health_lasts_as_long_as_the_slot);
	tcase_add_test(tc, a_new_master_finds_what_was_set);
	tcase_add_test(tc, many_that_return_find_their_slots);
	tcase_add_test(tc, no_two_slots_bear_the_same_name);
	return fixture_run(tc, "registry sets");
}
