/*
 * grade_test.c - the grades of services that depend on one another, from an
 * image that the test lays out and endpoints that it makes sick.
 */
#include "master/grade.h"

#include "common/base/clock.h"
#include "shm/vital.h"
#include "tests/unit/shm/fixture.h"

enum { USERS, ORDERS, SHOP, SERVICES };

static struct region region;
static struct {
	struct img_head head;
	struct img_service services[SERVICES];
	uint32_t orders_depend[1], shop_depend[2];
} image;
static enum grade whole;

static void
setup(void)
{
	static const char *const names[] = { "users", "orders", "shop" };
	struct eset_want want[2];

	clock_update();
	fixture_region(&region, 1);
	memset(&image, 0, sizeof(image));
	image.head.services = (struct img_span){
		(uint32_t)((char *)image.services - (char *)&image), SERVICES
	};
	for (uint32_t i = 0; i < SERVICES; i++) {
		struct img_service *s = &image.services[i];

		s->slot = registry_service(&region, slice_str(names[i]));
		want[0] = fixture_want(2 * i, 1);
		want[1] = fixture_want(2 * i + 1, 1);
		want[1].backup = true;
		ck_assert(registry_publish_set(&region, s->slot, want, 2));
	}
	image.orders_depend[0] = USERS;
	image.shop_depend[0] = ORDERS;
	image.services[ORDERS].depends = (struct img_span){
		(uint32_t)((char *)image.orders_depend - (char *)&image), 1
	};
	image.services[SHOP].depends = (struct img_span){
		(uint32_t)((char *)image.shop_depend - (char *)&image), 1
	};
}

static void
teardown(void)
{
	region_fini(&region);
}

static uint32_t
endpoint(uint32_t service, uint32_t member)
{
	return registry_set(&region, image.services[service].slot)
	    ->members[member]
	    .handle.index;
}

static void
down(uint32_t service, uint32_t member)
{
	vital_set_flag(&region, endpoint(service, member), VITAL_DOWN, true,
	    CAUSE_PROBE_TIMEOUT, 0);
}

static struct service_grade
grade_of(uint32_t service)
{
	struct service_grade *all =
	    grade_services(&region, &image.head, &whole);
	struct service_grade g = all[service];

	free(all);
	return g;
}

START_TEST(all_healthy)
{
	for (uint32_t i = 0; i < SERVICES; i++) {
		ck_assert_int_eq(grade_of(i).grade, GRADE_HEALTHY);
		ck_assert_uint_eq(grade_of(i).total, 2);
		ck_assert_uint_eq(grade_of(i).usable, 2);
		ck_assert_uint_eq(grade_of(i).because, IMG_NONE);
	}
	ck_assert_int_eq(whole, GRADE_HEALTHY);
}
END_TEST

START_TEST(one_sick_degrades)
{
	down(SHOP, 0);
	ck_assert_int_eq(grade_of(SHOP).grade, GRADE_DEGRADED);
	ck_assert_uint_eq(grade_of(SHOP).sick, 1);
	ck_assert_uint_eq(grade_of(SHOP).because, IMG_NONE);
	ck_assert_int_eq(grade_of(ORDERS).grade, GRADE_HEALTHY);
	ck_assert_int_eq(whole, GRADE_DEGRADED);
}
END_TEST

START_TEST(dependencies_degrade_through)
{
	down(USERS, 0);
	down(USERS, 1);
	ck_assert_int_eq(grade_of(USERS).grade, GRADE_UNHEALTHY);
	ck_assert_int_eq(grade_of(ORDERS).grade, GRADE_DEGRADED);
	ck_assert_uint_eq(grade_of(ORDERS).because, USERS);
	ck_assert_int_eq(grade_of(SHOP).grade, GRADE_DEGRADED);
	ck_assert_uint_eq(grade_of(SHOP).because, ORDERS);
	ck_assert_int_eq(whole, GRADE_DEGRADED);
}
END_TEST

START_TEST(drained_is_not_sick)
{
	vital_set_admin(
	    &region, endpoint(USERS, 0), ADMIN_DRAIN, CAUSE_OPERATOR);
	ck_assert_int_eq(grade_of(USERS).grade, GRADE_HEALTHY);
	ck_assert_uint_eq(grade_of(USERS).drained, 1);
	vital_set_admin(
	    &region, endpoint(USERS, 1), ADMIN_MAINT, CAUSE_OPERATOR);
	ck_assert_int_eq(grade_of(USERS).grade, GRADE_UNHEALTHY);
	ck_assert_uint_eq(grade_of(USERS).maint, 1);
}
END_TEST

START_TEST(whole_is_unhealthy_when_all_are)
{
	for (uint32_t i = 0; i < SERVICES; i++) {
		down(i, 0);
		down(i, 1);
	}
	(void)grade_of(0);
	ck_assert_int_eq(whole, GRADE_UNHEALTHY);
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("grade");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, all_healthy);
	tcase_add_test(tc, one_sick_degrades);
	tcase_add_test(tc, dependencies_degrade_through);
	tcase_add_test(tc, drained_is_not_sick);
	tcase_add_test(tc, whole_is_unhealthy_when_all_are);
	return fixture_run(tc, "grade");
}
