/* Tests of registry*.c: names, sets, the life of an endpoint, a new master. */
#include <time.h>

#include "tests/unit/shm/fixture.h"

static uint32_t
publish(struct region *r, uint32_t service, uint32_t first, uint32_t count)
{
	struct eset_want want[64];

	for (uint32_t i = 0; i < count; i++)
		want[i] = fixture_want(first + i, i + 1);
	ck_assert(registry_publish_set(r, service, want, count));
	const struct eset *s = registry_set(r, service);
	return s != NULL ? s->members[0].handle.index : REGISTRY_NONE;
}

static struct endpoint_info
info_of(const struct region *r, uint32_t index)
{
	struct endpoint_info i;

	registry_endpoint_info(r, index, &i);
	return i;
}

START_TEST(names_are_kept)
{
	struct region r;
	char a[300], b[300];

	fixture_region(&r, 1);
	memset(a, 'n', sizeof(a));
	memset(b, 'n', sizeof(b));
	b[299] = 'm';
	ck_assert_uint_eq(registry_service(&r, SLICE_LIT("one")), 0);
	ck_assert_uint_eq(registry_service(&r, SLICE_LIT("two")), 1);
	ck_assert_uint_eq(registry_service(&r, slice_make(a, 300)), 2);
	ck_assert_uint_eq(registry_service(&r, slice_make(b, 300)), 3);
	ck_assert_uint_eq(registry_service(&r, SLICE_NONE), 4);
	ck_assert_uint_eq(registry_service(&r, SLICE_LIT("one")), 0);
	ck_assert_uint_eq(registry_service(&r, slice_make(b, 300)), 3);
	ck_assert(slice_eq(registry_service_name(&r, 1), SLICE_LIT("two")));
	ck_assert_uint_eq(registry_service_name(&r, 2).n, SERVICE_NAME_MAX);
	ck_assert_uint_eq(registry_service_name(&r, 5).n, 0);
	ck_assert_uint_eq(registry_service_name(&r, REGISTRY_NONE).n, 0);

	ck_assert_uint_eq(registry_route(&r, SLICE_LIT("one")), 1);
	ck_assert_uint_eq(registry_route(&r, slice_make(a, 300)), 2);
	ck_assert_uint_eq(registry_route(&r, slice_make(b, 300)), 3);
	ck_assert_uint_eq(registry_route(&r, SLICE_LIT("one")), 1);
	ck_assert(slice_eq(registry_route_name(&r, 3), slice_make(b, 300)));
	ck_assert(slice_eq(registry_route_name(&r, 0), SLICE_LIT("__other__")));
	ck_assert_uint_eq(registry_route_name(&r, 4).n, 0);

	registry_recover_master(&r);
	ck_assert_uint_eq(registry_service(&r, SLICE_LIT("two")), 1);
	ck_assert_uint_eq(registry_service(&r, SLICE_LIT("three")), 5);
	ck_assert_uint_eq(registry_route(&r, slice_make(a, 300)), 2);
	ck_assert_uint_eq(registry_route(&r, SLICE_LIT("new")), 4);
	region_fini(&r);
}
END_TEST

START_TEST(running_full_is_answered)
{
	struct region r;
	struct timespec from, to;
	char name[32];
	int n;

	fixture_region(&r, 1);
	for (uint32_t i = 0; i < SERVICES_MAX; i++) {
		n = snprintf(name, sizeof(name), "service-%u", i);
		ck_assert_uint_eq(
		    registry_service(&r, slice_make(name, (size_t)n)), i);
	}
	ck_assert_uint_eq(
	    registry_service(&r, SLICE_LIT("more")), REGISTRY_NONE);
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &from);
	for (uint32_t i = 1; i < ROUTES_MAX; i++) {
		n = snprintf(name, sizeof(name), "route-number-%u", i);
		ck_assert_uint_eq(
		    registry_route(&r, slice_make(name, (size_t)n)), i);
	}
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &to);
	ck_assert_uint_eq(registry_route(&r, SLICE_LIT("more")), 0);
	ck_assert_uint_eq(registry_route(&r, SLICE_LIT("route-number-9")), 9);
	/* About 50 ms: quadratic would be minutes. */
	ck_assert_int_lt(to.tv_sec - from.tv_sec, 5);
	region_fini(&r);
}
END_TEST

START_TEST(long_names_fill_the_heap)
{
	struct region r;
	static char name[1 << 20];

	fixture_region(&r, 1);
	memset(name, 'x', sizeof(name));
	for (uint32_t i = 1; i < 16; i++) {
		name[0] = (char)('a' + i);
		ck_assert_uint_eq(
		    registry_route(&r, slice_make(name, sizeof(name))), i);
	}
	name[0] = 'z';
	ck_assert_uint_eq(
	    registry_route(&r, slice_make(name, sizeof(name))), 0);
	ck_assert_uint_eq(registry_route(&r, SLICE_LIT("short")), 16);
	region_fini(&r);
}
END_TEST

START_TEST(a_set_is_published)
{
	struct region r;

	fixture_region(&r, 1);
	uint32_t s = registry_service(&r, SLICE_LIT("s"));
	ck_assert_ptr_null(registry_set(&r, s));
	ck_assert_ptr_null(registry_set(&r, REGISTRY_NONE));
	publish(&r, s, 1, 3);
	const struct eset *set = registry_set(&r, s);
	ck_assert_uint_eq(set->count, 3);
	ck_assert_uint_eq(set->total_weight, 6);
	ck_assert_uint_eq(set->version, 1);
	ck_assert_uint_eq(set->members[2].weight, 3);
	struct endpoint_handle h = set->members[1].handle;
	ck_assert(registry_endpoint_alive(&r, h));
	ck_assert(slice_eq(
	    registry_endpoint_text(&r, h.index), SLICE_LIT("10.0.0.2:80")));
	ck_assert(slice_eq(
	    registry_endpoint_label(&r, h.index), SLICE_LIT("label-2")));
	ck_assert_uint_eq(info_of(&r, h.index).state, ENDPOINT_LIVE);
	ck_assert_uint_eq(info_of(&r, h.index).weight, 2);
	ck_assert_uint_eq(info_of(&r, h.index).service, s);
	ck_assert(!registry_endpoint_alive(
	    &r, (struct endpoint_handle){ h.index, h.tag + 1 }));
	ck_assert(!registry_endpoint_alive(
	    &r, (struct endpoint_handle){ REGISTRY_NONE, 1 }));
	/* The same again is no change; in another order it is. */
	publish(&r, s, 1, 3);
	ck_assert_ptr_eq(registry_set(&r, s), set);
	ck_assert_uint_eq(registry_set(&r, s)->version, 1);
	publish(&r, s, 1, 2);
	ck_assert_uint_eq(registry_set(&r, s)->version, 2);
	/* Another service has slots of its own. */
	uint32_t t = registry_service(&r, SLICE_LIT("t"));
	ck_assert_uint_eq(publish(&r, t, 1, 1), 3);
	region_fini(&r);
}
END_TEST

START_TEST(an_address_named_twice_is_one_member)
{
	struct region r;
	struct eset_want want[] = { fixture_want(1, 1), fixture_want(2, 5),
		fixture_want(1, 3) };

	fixture_region(&r, 1);
	uint32_t s = registry_service(&r, SLICE_LIT("s"));
	ck_assert(registry_publish_set(&r, s, want, 3));
	const struct eset *set = registry_set(&r, s);
	ck_assert_uint_eq(set->count, 2);
	ck_assert_uint_eq(set->members[0].weight, 4);
	ck_assert_uint_eq(set->total_weight, 9);
	ck_assert(registry_publish_set(&r, s, want, 3));
	ck_assert_ptr_eq(registry_set(&r, s), set);
	region_fini(&r);
}
END_TEST

START_TEST(primaries_come_first)
{
	struct region r;
	struct eset_want want[] = { fixture_want(1, 1), fixture_want(2, 5),
		fixture_want(3, 3), fixture_want(1, 1) };

	want[0].backup = want[1].backup = true;
	fixture_region(&r, 1);
	uint32_t s = registry_service(&r, SLICE_LIT("s"));
	ck_assert(registry_publish_set(&r, s, want, 4));
	const struct eset *set = registry_set(&r, s);
	ck_assert_uint_eq(set->count, 3);
	ck_assert_uint_eq(set->primaries, 2);
	ck_assert_uint_eq(set->members[0].weight, 3);
	/* Named as both: a primary. */
	ck_assert_uint_eq(set->members[1].addr.ip[15], 1);
	ck_assert_uint_eq(set->members[1].weight, 2);
	ck_assert_uint_eq(set->members[2].addr.ip[15], 2);
	/* The same order, but another kind. */
	want[1].backup = false;
	want[2].backup = true;
	want[3].backup = true;
	ck_assert(registry_publish_set(&r, s, want, 4));
	ck_assert_ptr_ne(registry_set(&r, s), set);
	ck_assert_uint_eq(registry_set(&r, s)->primaries, 1);
	region_fini(&r);
}
END_TEST

START_TEST(a_label_can_change)
{
	struct region r;
	struct eset_want want = fixture_want(1, 1);

	fixture_region(&r, 1);
	uint32_t s = registry_service(&r, SLICE_LIT("s"));
	ck_assert(registry_publish_set(&r, s, &want, 1));
	const struct eset *set = registry_set(&r, s);
	struct slice old = registry_endpoint_label(&r, 0);
	want.label = SLICE_LIT("a.example:80");
	ck_assert(registry_publish_set(&r, s, &want, 1));
	ck_assert_ptr_eq(registry_set(&r, s), set);
	ck_assert(slice_eq(
	    registry_endpoint_label(&r, 0), SLICE_LIT("a.example:80")));
	/* Who still holds the old text reads the old text. */
	ck_assert(slice_eq(old, SLICE_LIT("label-1")));
	region_fini(&r);
}
END_TEST

START_TEST(an_endpoint_lives_and_dies)
{
	struct region r;
	struct epoch_view v;

	fixture_region(&r, 2);
	uint32_t s = registry_service(&r, SLICE_LIT("s"));
	uint32_t i = publish(&r, s, 1, 1);
	struct endpoint_handle h = registry_set(&r, s)->members[0].handle;
	registry_active_add(&r, 0, i, 1);
	registry_active_add(&r, 1, i, 1);
	registry_pooled_add(&r, 1, i, 1);
	registry_active_add(&r, 1, i, -1);
	ck_assert_uint_eq(registry_active(&r, i), 1);
	ck_assert_uint_eq(registry_pooled(&r, i), 1);

	epoch_enter(&r, 1, &v);
	const struct eset *old = registry_set(&r, s);
	publish(&r, s, 2, 1);
	registry_reclaim(&r);
	ck_assert_uint_eq(old->members[0].handle.index, i);
	ck_assert_uint_eq(info_of(&r, i).state, ENDPOINT_RETIRED);
	ck_assert_uint_eq(extent_used(&r), 2 * SHM_PAGE);
	epoch_leave(&r, 1);
	registry_reclaim(&r);
	ck_assert_uint_eq(extent_used(&r), SHM_PAGE);
	ck_assert_uint_eq(info_of(&r, i).state, ENDPOINT_RETIRED);
	registry_active_add(&r, 0, i, -1);
	registry_reclaim(&r);
	ck_assert(registry_endpoint_alive(&r, h));
	registry_pooled_add(&r, 1, i, -1);
	registry_reclaim(&r);
	ck_assert(!registry_endpoint_alive(&r, h));
	ck_assert_uint_eq(fixture_endpoints(&r), 1);

	/* The slot is used again, under another tag. */
	ck_assert_uint_eq(publish(&r, s, 3, 1), i);
	ck_assert(!registry_endpoint_alive(&r, h));
	ck_assert(
	    slice_eq(registry_endpoint_text(&r, i), SLICE_LIT("10.0.0.3:80")));
	region_fini(&r);
}
END_TEST

START_TEST(an_address_that_returns_finds_its_slot)
{
	struct region r;

	fixture_region(&r, 1);
	uint32_t s = registry_service(&r, SLICE_LIT("s"));
	uint32_t i = publish(&r, s, 1, 1);
	uint32_t tag = info_of(&r, i).tag;
	publish(&r, s, 2, 1);
	ck_assert_uint_eq(publish(&r, s, 1, 1), i);
	ck_assert_uint_eq(info_of(&r, i).state, ENDPOINT_LIVE);
	ck_assert_uint_eq(info_of(&r, i).tag, tag);
	registry_reclaim(&r);
	ck_assert_uint_eq(info_of(&r, i).tag, tag);
	ck_assert_uint_eq(fixture_endpoints(&r), 1);

	registry_retire_service(&r, s);
	ck_assert_ptr_null(registry_set(&r, s));
	registry_retire_service(&r, s);
	registry_reclaim(&r);
	ck_assert_uint_eq(fixture_endpoints(&r), 0);
	ck_assert_uint_eq(extent_used(&r), 0);
	ck_assert_uint_eq(fixture_images_held(&r), 0);
	region_fini(&r);
}
END_TEST

/* Even after it was freed, and however many others were: its counters are
 * there. */
START_TEST(a_freed_slot_is_had_by_its_address_again)
{
	struct region r;
	uint32_t s, one, two;

	fixture_region(&r, 1);
	s = registry_service(&r, SLICE_LIT("s"));
	one = publish(&r, s, 1, 1);
	two = publish(&r, s, 2, 1);
	ck_assert_uint_ne(one, two);
	registry_retire_service(&r, s);
	registry_reclaim(&r);
	ck_assert_uint_eq(fixture_endpoints(&r), 0);
	ck_assert_uint_eq(publish(&r, s, 1, 1), one);
	registry_retire_service(&r, s);
	registry_reclaim(&r);
	ck_assert_uint_eq(publish(&r, s, 2, 1), two);
	/* Whoever is new has what is left. */
	ck_assert_uint_eq(publish(&r, s, 3, 1), one);
	region_fini(&r);
}
END_TEST

START_TEST(a_set_that_does_not_fit_changes_nothing)
{
	struct region r;
	static struct eset_want want[ENDPOINTS_MAX + 1];

	fixture_region(&r, 1);
	uint32_t s = registry_service(&r, SLICE_LIT("s"));
	uint32_t t = registry_service(&r, SLICE_LIT("t"));
	for (uint32_t i = 0; i <= ENDPOINTS_MAX; i++)
		want[i] = fixture_want(i, 1);
	publish(&r, s, 0, 4);
	const struct eset *set = registry_set(&r, s);
	ck_assert(!registry_publish_set(&r, t, want, ENDPOINTS_MAX));
	ck_assert_uint_eq(fixture_endpoints(&r), 4);
	ck_assert_uint_eq(extent_used(&r), SHM_PAGE);
	/* No space for the set: the slots are given back as well. */
	uint64_t hog = extent_take(&r, FIXTURE_IMAGES - 2 * SHM_PAGE, 1);
	ck_assert(!registry_publish_set(&r, t, want, 8));
	ck_assert_uint_eq(fixture_endpoints(&r), 4);
	ck_assert_ptr_eq(registry_set(&r, s), set);
	ck_assert_ptr_null(registry_set(&r, t));
	extent_give(&r, hog);
	ck_assert(registry_publish_set(&r, t, want, ENDPOINTS_MAX - 4));
	ck_assert_uint_eq(fixture_endpoints(&r), ENDPOINTS_MAX);
	registry_retire_service(&r, t);
	registry_reclaim(&r);
	ck_assert_uint_eq(fixture_endpoints(&r), 4);
	region_fini(&r);
}
END_TEST

START_TEST(rows_of_a_dead_worker_are_zeroed)
{
	struct region r;

	fixture_region(&r, 2);
	uint32_t s = registry_service(&r, SLICE_LIT("s"));
	publish(&r, s, 0, 10);
	for (uint32_t i = 0; i < 10; i++) {
		registry_active_add(&r, 0, i, 1);
		registry_pooled_add(&r, 0, i, 1);
		registry_active_add(&r, 1, i, 1);
	}
	registry_recover_worker(&r, 0);
	for (uint32_t i = 0; i < 10; i++) {
		ck_assert_uint_eq(registry_active(&r, i), 1);
		ck_assert_uint_eq(registry_pooled(&r, i), 0);
	}
	region_fini(&r);
}
END_TEST

START_TEST(a_new_master_knows_what_is_current)
{
	struct region r;
	struct epoch_view v;

	fixture_region(&r, 2);
	uint32_t s = registry_service(&r, SLICE_LIT("s"));
	publish(&r, s, 1, 2);
	epoch_enter(&r, 0, &v);
	const struct eset *old = registry_set(&r, s);
	publish(&r, s, 2, 2);
	/* What a kill left: a set that nobody names, endpoints not retired. */
	extent_take(&r, 100, EXTENT_SET | s);
	atomic_store(&r.state->endpoints[0].state, ENDPOINT_LIVE);
	atomic_store(&r.state
			  ->extents[extent_find(
			      &r, (uint64_t)((const char *)old - r.images))]
			  .retire,
	    0);
	registry_recover_master(&r);
	registry_reclaim(&r);
	ck_assert_uint_eq(info_of(&r, 0).state, ENDPOINT_RETIRED);
	ck_assert_uint_eq(info_of(&r, 1).state, ENDPOINT_LIVE);
	ck_assert_uint_eq(extent_used(&r), 3 * SHM_PAGE);
	ck_assert_uint_eq(old->count, 2);
	epoch_leave(&r, 0);
	registry_reclaim(&r);
	ck_assert_uint_eq(extent_used(&r), SHM_PAGE);
	ck_assert_uint_eq(fixture_endpoints(&r), 2);
	/* Slots and index were found again. */
	const struct eset *set = registry_set(&r, s);
	publish(&r, s, 2, 2);
	ck_assert_ptr_eq(registry_set(&r, s), set);
	ck_assert_uint_eq(publish(&r, s, 9, 1), 0);
	region_fini(&r);
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("registry");

	tcase_set_timeout(tc, 30);
	tcase_add_test(tc, names_are_kept);
	tcase_add_test(tc, running_full_is_answered);
	tcase_add_test(tc, long_names_fill_the_heap);
	tcase_add_test(tc, a_set_is_published);
	tcase_add_test(tc, an_address_named_twice_is_one_member);
	tcase_add_test(tc, primaries_come_first);
	tcase_add_test(tc, a_label_can_change);
	tcase_add_test(tc, an_endpoint_lives_and_dies);
	tcase_add_test(tc, an_address_that_returns_finds_its_slot);
	tcase_add_test(tc, a_freed_slot_is_had_by_its_address_again);
	tcase_add_test(tc, a_set_that_does_not_fit_changes_nothing);
	tcase_add_test(tc, rows_of_a_dead_worker_are_zeroed);
	tcase_add_test(tc, a_new_master_knows_what_is_current);
	return fixture_run(tc, "registry");
}
