/*
 * Tests of publish.c: sets of all services, names that are waited for, and what
 * becomes of operators' changes.
 */
#include "master/publish.h"

#include "tests/unit/master/names_kit.h"

static struct img_head *img;

#define BYTES(...) ((const uint8_t[]){ __VA_ARGS__, 0 })

static void
publish(void)
{
	struct diag d;

	diag_init(&d);
	ck_assert(publish_sets(&region, &names, img, &d));
	ck_assert_uint_eq(d.count, 0);
	diag_fini(&d);
}

static const struct eset *
set_of(uint32_t service)
{
	return registry_set(&region, kit_service(img, service)->slot);
}

static bool
kept(const char *name, struct override *o)
{
	return override_find(
	    &region, kit_service(img, 0)->slot, slice_str(name), o);
}

START_TEST(sets_of_all_services)
{
	const struct eset *before;

	img =
	    kit_image("a = { endpoints = ( { address = \"10.0.0.1:1\"; } ); };"
		      "b = { endpoints = ( { address = \"n.b:80\"; } ); };");
	publish();
	ck_assert_uint_eq(set_of(0)->count, 1);
	ck_assert_ptr_null(set_of(1));
	(void)kit_answer("n.b", BYTES(3, 2));
	before = set_of(0);
	ck_assert(publish_service(&region, &names, img, 1));
	ck_assert_uint_eq(set_of(1)->count, 2);
	ck_assert_ptr_eq(set_of(0), before);
	/* The same addresses in another order: the same set. */
	before = set_of(1);
	(void)kit_answer("n.b", BYTES(2, 3));
	ck_assert(publish_service(&region, &names, img, 1));
	ck_assert_ptr_eq(set_of(1), before);
}
END_TEST

START_TEST(members_have_the_manner_of_their_service)
{
	img = kit_image(
	    "a = { endpoints = ( { address = \"10.0.0.1:1\"; }, { address = "
	    "\"n.b:80\"; } ); protocol = \"h2\"; };");
	(void)kit_answer("n.b", BYTES(3));
	publish();
	ck_assert_uint_eq(set_of(0)->count, 2);
	for (uint32_t i = 0; i < 2; i++)
		ck_assert_uint_eq(
		    set_of(0)->members[i].manner, kit_service(img, 0)->manner);
	ck_assert_uint_ne(kit_service(img, 0)->manner, 0);
}
END_TEST

START_TEST(what_a_dead_master_published_ahead_goes_back)
{
	struct eset_want ahead = fixture_want(77, 1);

	img = kit_image(
	    "a = { endpoints = ( { address = \"10.0.0.1:1\"; } ); };");
	publish();
	ck_assert(registry_publish_set(
	    &region, kit_service(img, 0)->slot, &ahead, 1));
	ck_assert(publish_undo(&region, &names, img));
	ck_assert_uint_eq(set_of(0)->members[0].addr.port, 1);
	ck_assert(publish_undo(&region, &names, NULL));
}
END_TEST

START_TEST(only_names_without_anything_are_awaited)
{
	struct eset_want left = fixture_want(1, 1);

	img = kit_image(
	    "a = { endpoints = ( { address = \"known.b:80\"; }, "
	    "{ address = \"left.b:80\"; }, { address = \"new.b:80\"; }, "
	    "{ address = \"10.0.0.1:1\"; } ); };");
	(void)kit_answer("known.b", BYTES(1));
	left.label = SLICE_LIT("left.b:80");
	ck_assert(
	    registry_publish_set(&region, kit_service(img, 0)->slot, &left, 1));
	publish_await(&region, &names, img);
	ck_assert(!kit_name("known.b")->awaited);
	ck_assert(!kit_name("left.b")->awaited);
	ck_assert(kit_name("new.b")->awaited);
	ck_assert(!resolver_settled(&names));
	(void)kit_answer("new.b", BYTES(1));
	ck_assert(resolver_settled(&names));
}
END_TEST

/* ---- operators ---- */

#define CHANGED(weight_is)                      \
	((struct override){ .has_weight = true, \
	    .weight = 9,                        \
	    .has_state = true,                  \
	    .state = ADMIN_DRAIN,               \
	    .conf_weight = (weight_is) })

START_TEST(changes_stay_until_the_configuration_says_otherwise)
{
	static const char text[] =
	    "a = { endpoints = ( { address = \"10.0.0.1:1\"; weight = 2; }, "
	    "{ address = \"n.b:80\"; } ); };";
	struct override o;
	uint32_t slot;

	img = kit_image(text);
	slot = kit_service(img, 0)->slot;
	(void)kit_answer("n.b", BYTES(5));
	kit_override(slot, "10.0.0.1:1", CHANGED(2));
	kit_override(slot, "n.b:80", CHANGED(1));
	kit_override(slot, "10.0.0.5:80", CHANGED(1));
	kit_override(slot, "10.0.0.6:80", CHANGED(1));
	publish();
	publish_commit(&region, img);
	ck_assert(kept("10.0.0.1:1", &o) && o.has_weight && o.has_state);
	ck_assert(kept("n.b:80", &o));
	ck_assert(kept("10.0.0.5:80", &o));
	/* Not there now, but the name may come to stand for it again. */
	ck_assert(kept("10.0.0.6:80", &o));
	ck_assert_uint_eq(set_of(0)->members[0].weight, 9);

	img = kit_image(
	    "a = { endpoints = ( { address = \"10.0.0.1:1\"; weight = 3; }, "
	    "{ address = \"n.b:80\"; weight = 4; state = \"maint\"; } ); };");
	publish();
	publish_commit(&region, img);
	ck_assert(kept("10.0.0.1:1", &o) && !o.has_weight && o.has_state);
	ck_assert(!kept("n.b:80", &o));
	ck_assert(!kept("10.0.0.5:80", &o));
	ck_assert_uint_eq(set_of(0)->members[0].weight, 3);
	/* Back to what it was: what is forgotten stays so. */
	img = kit_image(text);
	publish();
	publish_commit(&region, img);
	ck_assert_uint_eq(set_of(0)->members[0].weight, 2);
}
END_TEST

START_TEST(changes_go_with_their_endpoint_or_service)
{
	struct override o;
	uint32_t slot;

	img = kit_image("a = { endpoints = ( { address = \"10.0.0.1:1\"; }, { "
			"address = \"10.0.0.2:1\"; } ); };");
	slot = kit_service(img, 0)->slot;
	kit_override(slot, "10.0.0.1:1", CHANGED(1));
	kit_override(slot, "10.0.0.2:1", CHANGED(1));
	publish();
	img = kit_image(
	    "a = { endpoints = ( { address = \"10.0.0.2:1\"; } ); };");
	publish();
	publish_commit(&region, img);
	ck_assert(!kept("10.0.0.1:1", &o));
	ck_assert(kept("10.0.0.2:1", &o));
	img = kit_image(
	    "b = { endpoints = ( { address = \"10.0.0.2:1\"; } ); };");
	ck_assert_uint_ne(kit_service(img, 0)->slot, slot);
	publish();
	publish_commit(&region, img);
	ck_assert(!override_find(&region, slot, SLICE_LIT("10.0.0.2:1"), &o));
}
END_TEST

START_TEST(services_that_are_not_named_are_retired)
{
	uint32_t slot;

	img = kit_image(
	    "a = { endpoints = ( { address = \"10.0.0.1:1\"; } ); };");
	publish();
	slot = kit_service(img, 0)->slot;
	img = kit_image(
	    "b = { endpoints = ( { address = \"10.0.0.1:1\"; } ); };");
	publish();
	publish_retire_absent(&region, img);
	ck_assert_ptr_null(registry_set(&region, slot));
	ck_assert_ptr_nonnull(set_of(0));
	publish_retire_absent(&region, NULL);
	ck_assert_ptr_null(set_of(0));
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("publish");

	tcase_add_checked_fixture(tc, kit_setup, kit_teardown);
	tcase_add_test(tc, sets_of_all_services);
	tcase_add_test(tc, members_have_the_manner_of_their_service);
	tcase_add_test(tc, what_a_dead_master_published_ahead_goes_back);
	tcase_add_test(tc, only_names_without_anything_are_awaited);
	tcase_add_test(tc, changes_stay_until_the_configuration_says_otherwise);
	tcase_add_test(tc, changes_go_with_their_endpoint_or_service);
	tcase_add_test(tc, services_that_are_not_named_are_retired);
	return fixture_run(tc, "publish");
}
