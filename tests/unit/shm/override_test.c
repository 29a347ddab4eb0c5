/* Tests of override.c: kept, changed, forgotten, and no room. */
#include "shm/override.h"
#include "tests/unit/shm/fixture.h"

#define A SLICE_LIT("a.example:80")
#define B SLICE_LIT("10.0.0.1:80")

static uint32_t
count_all(const struct region *r)
{
	uint32_t service, n = 0;
	struct slice name;
	struct override o;

	while (override_at(r, n, &service, &name, &o))
		n++;
	return n;
}

START_TEST(a_change_is_kept)
{
	struct region r;
	struct override o,
	    state = { .has_state = true,
		    .state = ADMIN_MAINT,
		    .conf_state = ADMIN_DRAIN,
		    .conf_weight = 65535000 };
	struct override weight = {
		.has_weight = true, .weight = 0, .conf_weight = 3
	};

	fixture_region(&r, 1);
	ck_assert(!override_find(&r, 1, A, &o));
	ck_assert(override_set(&r, 1, A, &state));
	ck_assert(override_set(&r, 1, B, &weight));
	ck_assert(override_find(&r, 1, A, &o));
	ck_assert(o.has_state && !o.has_weight);
	ck_assert_int_eq(o.state, ADMIN_MAINT);
	ck_assert_int_eq(o.conf_state, ADMIN_DRAIN);
	ck_assert_uint_eq(o.conf_weight, 65535000);
	ck_assert(override_find(&r, 1, B, &o));
	ck_assert(!o.has_state && o.has_weight);
	ck_assert_uint_eq(o.weight, 0);
	ck_assert_uint_eq(o.conf_weight, 3);
	/* Of another service, or of another name, there is nothing. */
	ck_assert(!override_find(&r, 2, A, &o));
	ck_assert(!override_find(&r, 1, SLICE_LIT("a.example:8"), &o));
	ck_assert(!override_find(&r, 1, SLICE_NONE, &o));
	region_fini(&r);
}
END_TEST

START_TEST(a_change_can_change)
{
	struct region r;
	struct override o = { .has_weight = true, .weight = 5 }, none = { 0 };

	fixture_region(&r, 1);
	ck_assert(override_set(&r, 1, A, &o));
	ck_assert(override_set(&r, 1, B, &o));
	o.has_state = true;
	o.state = ADMIN_READY;
	o.weight = 6;
	ck_assert(override_set(&r, 1, A, &o));
	ck_assert_uint_eq(count_all(&r), 2);
	ck_assert(override_find(&r, 1, A, &o));
	ck_assert(o.has_state && o.has_weight);
	ck_assert_int_eq(o.state, ADMIN_READY);
	ck_assert_uint_eq(o.weight, 6);
	/* Forgotten; what lies behind it in the table is found still. */
	ck_assert(override_set(&r, 1, A, &none));
	ck_assert(override_set(&r, 1, A, &none));
	ck_assert(!override_find(&r, 1, A, &o));
	ck_assert(override_find(&r, 1, B, &o));
	ck_assert_uint_eq(count_all(&r), 1);
	region_fini(&r);
}
END_TEST

START_TEST(a_service_leaves)
{
	struct region r;
	struct override o = { .has_weight = true, .weight = 5 };
	struct slice name;
	uint32_t service;

	fixture_region(&r, 1);
	for (uint32_t s = 0; s < 3; s++) {
		o.weight = s + 1;
		ck_assert(override_set(&r, s, A, &o));
		ck_assert(override_set(&r, s, B, &o));
	}
	override_drop_service(&r, 1);
	ck_assert_uint_eq(count_all(&r), 4);
	ck_assert(!override_find(&r, 1, A, &o));
	ck_assert(override_at(&r, 3, &service, &name, &o));
	ck_assert_uint_eq(service, 2);
	ck_assert_uint_eq(o.weight, 3);
	ck_assert(slice_eq(name, B));
	ck_assert(!override_at(&r, 4, &service, &name, &o));
	region_fini(&r);
}
END_TEST

START_TEST(room_is_limited)
{
	struct region r;
	struct override o = { .has_state = true, .state = ADMIN_DRAIN };
	struct override none = { 0 };
	char name[ENDPOINT_LABEL_MAX + 1];

	fixture_region(&r, 1);
	memset(name, 'n', sizeof(name));
	ck_assert(!override_set(&r, 1, slice_make(name, sizeof(name)), &o));
	ck_assert(!override_set(&r, 1, SLICE_NONE, &o));
	struct slice longest = slice_make(name, ENDPOINT_LABEL_MAX);
	ck_assert(override_set(&r, 0, longest, &o));
	for (uint32_t i = 1; i < OVERRIDES_MAX; i++)
		ck_assert(override_set(&r, i, A, &o));
	ck_assert(!override_set(&r, 1, B, &o));
	ck_assert_uint_eq(count_all(&r), OVERRIDES_MAX);
	ck_assert(override_set(&r, OVERRIDES_MAX - 1, A, &o)); /* it is there */
	ck_assert(override_find(&r, 0, longest, &o));
	ck_assert(override_set(&r, 77, A, &none));
	ck_assert(override_set(&r, 1, B, &o));
	ck_assert_uint_eq(count_all(&r), OVERRIDES_MAX);
	region_fini(&r);
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("override");

	tcase_set_timeout(tc, 30);
	tcase_add_test(tc, a_change_is_kept);
	tcase_add_test(tc, a_change_can_change);
	tcase_add_test(tc, a_service_leaves);
	tcase_add_test(tc, room_is_limited);
	return fixture_run(tc, "override");
}
