/*
 * operate_test.c - what operators change, how it comes into force, and what is
 * left of it as text.
 */
#include "master/operate.h"

#include "tests/unit/master/gate_kit.h"

#define TWO                                                             \
	"a = { endpoints = ( { address = \"10.0.0.1:80\"; weight = 3; " \
	"}, { address = \"[0:0::1]:80\"; state = \"drain\"; } ); };"

static bool
change(const char *endpoint, struct operate_change c)
{
	struct lookup l;

	ck_assert_int_eq(lookup_endpoint(region, reload_current(region),
			     SLICE_LIT("a"), slice_str(endpoint), &l),
	    LOOKUP_FOUND);
	return operate_apply(&reload, &l, &c);
}

static bool
set_state(const char *endpoint, enum endpoint_admin state)
{
	return change(endpoint,
	    (struct operate_change){
		.admin_what = OPERATE_SET, .admin = state });
}

static bool
set_weight(const char *endpoint, uint32_t weight)
{
	return change(endpoint,
	    (struct operate_change){
		.weight_what = OPERATE_SET, .weight = weight });
}

static bool
kept(const char *name)
{
	struct override o;

	return override_find(region, registry_service(region, SLICE_LIT("a")),
	    slice_str(name), &o);
}

static enum endpoint_admin
admin(uint32_t member)
{
	return vital_admin(region, gate_index("a", member));
}

static uint32_t
weight(uint32_t member)
{
	return gate_set("a")->members[member].weight;
}

START_TEST(state_is_in_force_and_kept)
{
	struct change c;

	gate_publish(TWO);
	ck_assert(set_state("10.0.0.1:80", ADMIN_MAINT));
	ck_assert_int_eq(admin(0), ADMIN_MAINT);
	ck_assert_int_eq(admin(1), ADMIN_DRAIN);
	ck_assert_uint_eq(publications, 1);
	c = gate_last_change(gate_index("a", 0));
	ck_assert_int_eq(c.event, CHANGE_MAINT);
	ck_assert_int_eq(c.cause, CAUSE_OPERATOR);
	gate_publish(TWO "b = { endpoints = ( { address = \"b:1\"; } ); };");
	ck_assert_int_eq(admin(0), ADMIN_MAINT);
}
END_TEST

/* In either spelling it is one endpoint. */
START_TEST(as_configured_is_no_change)
{
	struct change c;

	gate_publish(TWO);
	ck_assert(set_state("[::1]:80", ADMIN_READY));
	ck_assert(kept("[0:0::1]:80") && !kept("[::1]:80"));
	ck_assert_int_eq(admin(1), ADMIN_READY);
	ck_assert(set_weight("[0:0::1]:80", 7));
	ck_assert(set_state("[0:0::1]:80", ADMIN_DRAIN));
	ck_assert_uint_eq(weight(1), 7);
	ck_assert_int_eq(admin(1), ADMIN_DRAIN);
	ck_assert(kept("[0:0::1]:80"));
	ck_assert(change("[::1]:80",
	    (struct operate_change){ .weight_what = OPERATE_CONFIGURED }));
	ck_assert(!kept("[0:0::1]:80"));
	ck_assert_uint_eq(weight(1), 1);
	/* Who ended it is an operator, too. */
	ck_assert(set_state("10.0.0.1:80", ADMIN_DRAIN));
	ck_assert(set_state("10.0.0.1:80", ADMIN_READY));
	ck_assert(!kept("10.0.0.1:80"));
	c = gate_last_change(gate_index("a", 0));
	ck_assert_int_eq(c.event, CHANGE_READY);
	ck_assert_int_eq(c.cause, CAUSE_OPERATOR);
}
END_TEST

START_TEST(weight_is_told_once)
{
	struct change c;
	uint64_t n;

	gate_publish(TWO);
	ck_assert(set_weight("10.0.0.1:80", 9));
	ck_assert_uint_eq(weight(0), 9);
	c = gate_last_change(gate_index("a", 0));
	ck_assert_int_eq(c.event, CHANGE_WEIGHT);
	ck_assert_int_eq(c.cause, CAUSE_OPERATOR);
	ck_assert_uint_eq(c.detail, 9);
	n = history_count(region, gate_index("a", 0));
	ck_assert(set_weight("10.0.0.1:80", 9));
	ck_assert(set_state("10.0.0.1:80", ADMIN_READY));
	ck_assert_uint_eq(history_count(region, gate_index("a", 0)), n);
	ck_assert_uint_eq(history_count(region, gate_index("a", 1)), 2);
}
END_TEST

START_TEST(ready_forgives)
{
	const struct vital_rule rule = { 1, 60000000 };
	struct vital_info v;

	gate_publish(TWO);
	vital_failed(region, gate_index("a", 0), &rule, 0, CAUSE_STATUS, 500);
	ck_assert(set_state("10.0.0.1:80", ADMIN_DRAIN));
	vital_info(region, gate_index("a", 0), &v);
	ck_assert_int_eq(v.passive, PASSIVE_OUT);
	ck_assert(set_state("10.0.0.1:80", ADMIN_READY));
	vital_info(region, gate_index("a", 0), &v);
	ck_assert_int_eq(v.passive, PASSIVE_OK);
	ck_assert_int_eq(
	    gate_last_change(gate_index("a", 0)).cause, CAUSE_OPERATOR);
}
END_TEST

START_TEST(an_address_of_a_name_wins_over_the_name)
{
	gate_publish("a = { endpoints = ( { address = \"n.b:80\"; } ); };");
	gate_carry("a", "n.b:80", (const uint8_t[]){ 1, 2, 0 });
	ck_assert(set_state("10.0.0.2:80", ADMIN_MAINT));
	ck_assert_int_eq(admin(0), ADMIN_READY);
	ck_assert_int_eq(admin(1), ADMIN_MAINT);
	ck_assert(set_state("n.b:80", ADMIN_DRAIN));
	ck_assert_int_eq(admin(0), ADMIN_DRAIN);
	ck_assert_int_eq(admin(1), ADMIN_MAINT);
	/* As the configuration says, and still a change: the name differs. */
	ck_assert(set_state("10.0.0.1:80", ADMIN_READY));
	ck_assert(kept("10.0.0.1:80"));
	ck_assert_int_eq(admin(0), ADMIN_READY);
	/* As the name, and so none. */
	ck_assert(set_state("10.0.0.2:80", ADMIN_DRAIN));
	ck_assert(!kept("10.0.0.2:80"));
	ck_assert_int_eq(admin(1), ADMIN_DRAIN);
	ck_assert(set_weight("n.b:80", 5));
	ck_assert_uint_eq(weight(0), 5);
	ck_assert(set_weight("10.0.0.1:80", 6));
	ck_assert_uint_eq(weight(0), 6);
	ck_assert_uint_eq(weight(1), 5);
}
END_TEST

START_TEST(no_room_changes_nothing)
{
	char name[32];

	gate_publish(TWO);
	for (uint32_t i = 0; i < OVERRIDES_MAX; i++) {
		const struct override o = { .has_weight = true, .weight = 2 };

		(void)snprintf(name, sizeof(name), "x%u", i);
		ck_assert(override_set(region, 99, slice_str(name), &o));
	}
	ck_assert(!set_state("10.0.0.1:80", ADMIN_DRAIN));
	ck_assert_int_eq(admin(0), ADMIN_READY);
	/* What is as configured needs no room. */
	ck_assert(set_state("10.0.0.1:80", ADMIN_READY));
}
END_TEST

START_TEST(what_is_not_there)
{
	const struct img_head *img;
	struct lookup l;

	ck_assert_int_eq(
	    lookup_service(NULL, SLICE_LIT("a"), &l), LOOKUP_NO_SERVICE);
	gate_publish(TWO);
	img = reload_current(region);
	ck_assert_int_eq(lookup_endpoint(region, img, SLICE_LIT("b"),
			     SLICE_LIT("10.0.0.1:80"), &l),
	    LOOKUP_NO_SERVICE);
	ck_assert_int_eq(lookup_endpoint(region, img, SLICE_LIT("a"),
			     SLICE_LIT("10.0.0.1:8"), &l),
	    LOOKUP_NO_ENDPOINT);
}
END_TEST

/* ---- export ---- */

static const char *
exported(void)
{
	static struct text t;
	char *body;

	text_clear(&t);
	operate_export(region, reload_current(region), &t);
	text_add_char(&t, '\0');
	body = strchr(t.p, '\n');
	ck_assert(strncmp(t.p, "# What operators have changed, 2", 31) == 0);
	return body + 1;
}

START_TEST(export_is_what_holds_now)
{
	gate_publish(
	    TWO "b = { endpoints = ( { address = \"10.0.0.9:1\"; } ); };");
	ck_assert_str_eq(exported(), "# Nothing.\n");
	ck_assert(set_state("[::1]:80", ADMIN_READY));
	ck_assert(set_weight("[::1]:80", 4));
	ck_assert_str_eq(exported(),
	    "services = (\n"
	    "  { name = \"a\";\n"
	    "    endpoints = (\n"
	    "      { address = \"10.0.0.1:80\"; weight = 3; },\n"
	    "      { address = \"[0:0::1]:80\"; weight = 4; } );\n"
	    "  }\n"
	    ");\n");
}
END_TEST

START_TEST(export_escapes_and_comments)
{
	const struct override o = { .has_weight = true,
		.weight = 7,
		.conf_weight = 1,
		.has_state = true,
		.state = ADMIN_MAINT };

	gate_publish("a = { endpoints = ( { address = \"n.b:80\"; }, "
		     "{ address = \"10.0.0.3:80\"; zone = "
		     "\"q\\\"$${X}\\\\\"; backup = true; } ); };");
	ck_assert(override_set(region, registry_service(region, SLICE_LIT("a")),
	    SLICE_LIT("10.0.0.1:80"), &o));
	ck_assert_str_eq(exported(),
	    "services = (\n"
	    "  { name = \"a\";\n"
	    "    endpoints = (\n"
	    "      # of a name, at run time only: 10.0.0.1:80: weight = 7; "
	    "state = \"maint\";\n"
	    "      { address = \"n.b:80\"; },\n"
	    "      { address = \"10.0.0.3:80\"; backup = true; zone = "
	    "\"q\\\"$${X}\\\\\"; } );\n"
	    "  }\n"
	    ");\n");
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("operate");

	tcase_add_checked_fixture(tc, gate_setup, gate_teardown);
	tcase_add_test(tc, state_is_in_force_and_kept);
	tcase_add_test(tc, as_configured_is_no_change);
	tcase_add_test(tc, weight_is_told_once);
	tcase_add_test(tc, ready_forgives);
	tcase_add_test(tc, an_address_of_a_name_wins_over_the_name);
	tcase_add_test(tc, no_room_changes_nothing);
	tcase_add_test(tc, what_is_not_there);
	tcase_add_test(tc, export_is_what_holds_now);
	tcase_add_test(tc, export_escapes_and_comments);
	return fixture_run(tc, "operate");
}
