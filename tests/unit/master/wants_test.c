/*
 * Tests of wants.c: what the configuration, names and operators make of a
 * service.
 */
#include "master/wants.h"

#include "tests/unit/master/names_kit.h"

static struct wants w;
static const struct img_head *img;

static void
teardown(void)
{
	wants_fini(&w);
	kit_teardown();
}

/* Makes the wants of the first service. */
static void
make(void)
{
	wants_fini(&w);
	wants_init(&w, &region, &names, img, kit_service(img, 0));
}

static void
check(uint32_t i, const char *addr, uint32_t weight, bool backup)
{
	char text[ADDR_TEXT_MAX];

	ck_assert_uint_lt(i, w.count);
	text[addr_text(&w.at[i].addr, text)] = '\0';
	ck_assert_str_eq(text, addr);
	ck_assert_uint_eq(w.at[i].weight, weight);
	ck_assert_int_eq(w.at[i].backup, backup);
}

#define BYTES(...) ((const uint8_t[]){ __VA_ARGS__, 0 })

START_TEST(addresses_are_as_configured)
{
	img = kit_image(
	    "a = { endpoints = ( { address = \"10.0.0.9:1\"; weight = 7; }, "
	    "{ address = \"10.0.0.1:1\"; backup = true; state = \"drain\"; } "
	    "); slow_start = \"1s\"; };");
	make();
	ck_assert_uint_eq(w.count, 2);
	check(0, "10.0.0.9:1", 7, false);
	check(1, "10.0.0.1:1", 1, true);
	ck_assert_int_eq(w.at[0].admin, ADMIN_READY);
	ck_assert_int_eq(w.at[1].admin, ADMIN_DRAIN);
	ck_assert_int_eq(w.at[1].cause, CAUSE_CONFIG);
	ck_assert(w.at[0].slow && !w.at[0].near);
	ck_assert(slice_eq(w.at[0].label, SLICE_LIT("10.0.0.9:1")));
}
END_TEST

START_TEST(names_are_all_their_addresses)
{
	img = kit_image(
	    "a = { endpoints = ( { address = \"n.b:80\"; weight = 3; zone = "
	    "\"x\"; }, { address = \"10.0.0.9:1\"; } ); };");
	make();
	ck_assert_uint_eq(w.count, 1);
	(void)kit_answer("n.b", BYTES(2, 1));
	make();
	ck_assert_uint_eq(w.count, 3);
	check(0, "10.0.0.1:80", 3, false);
	check(1, "10.0.0.2:80", 3, false);
	check(2, "10.0.0.9:1", 1, false);
	ck_assert_int_eq(w.at[0].cause, CAUSE_DNS);
	ck_assert(slice_eq(w.at[0].label, SLICE_LIT("n.b:80")));
}
END_TEST

/* The SRV name has one record per name, of this weight; the first is primary.
 */
static void
srv_answer(const char *host, const char *const *to, uint32_t weight)
{
	struct resolve_name *n = kit_name(host);
	struct resolve_target *t = calloc(8, sizeof(*t));
	uint32_t count = 0;

	ck_assert_ptr_nonnull(t);
	for (; to[count] != NULL; count++) {
		t[count] = (struct resolve_target){ kit_name(to[count]),
			(uint16_t)(80 + count), weight, count != 0 };
		t[count].name->held++;
	}
	n->ok_us = 1;
	free(n->targets);
	(void)resolve_name_take_targets(n, t, count);
	resolve_name_learn(n);
}

START_TEST(records_bring_port_weight_and_place)
{
	img = kit_image("a = { endpoints = ( { address = \"_x._tcp.b\"; "
			"weight = 2; } ); };");
	srv_answer("_x._tcp.b", (const char *[]){ "n.b", "m.b", NULL }, 5);
	(void)kit_answer("n.b", BYTES(3, 1));
	(void)kit_answer("m.b", BYTES(2));
	make();
	ck_assert_uint_eq(w.count, 3);
	check(0, "10.0.0.1:80", 10, false);
	check(1, "10.0.0.2:81", 10, true);
	check(2, "10.0.0.3:80", 10, false);
}
END_TEST

START_TEST(weights_add_up_to_32_bits)
{
	static const uint8_t many[] = { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12,
		13, 14, 15, 0 };
	uint64_t total = 0;

	img = kit_image(
	    "a = { endpoints = ( { address = \"_x._tcp.b\"; weight = 1000; }, "
	    "{ address = \"_y._tcp.b\"; weight = 1000; }, "
	    "{ address = \"_z._tcp.b\"; weight = 1000; }, "
	    "{ address = \"10.0.0.99:1\"; } ); };");
	(void)kit_answer("n.b", many);
	for (int i = 0; i < 3; i++)
		srv_answer((const char *[]){ "_x._tcp.b", "_y._tcp.b",
			       "_z._tcp.b" }[i],
		    (const char *[]){ "n.b", "n.b", "n.b", "n.b", "n.b", NULL },
		    65535);
	make();
	ck_assert_uint_eq(w.count, 3 * 5 * 15 + 1);
	for (uint32_t i = 0; i < w.count; i++)
		total += w.at[i].weight;
	ck_assert_uint_le(total, UINT32_MAX);
	ck_assert_uint_gt(w.at[0].weight, 1000000);
	ck_assert_uint_eq(w.at[w.count - 1].weight, 1);
}
END_TEST

/* ---- what another master left ---- */

static void
left_by_another(void)
{
	struct eset_want want[4] = { fixture_want(1, 5), fixture_want(2, 6),
		fixture_want(3, 7), fixture_want(4, 8) };

	want[0].label = want[1].label = want[3].label = SLICE_LIT("n.b:80");
	want[3].addr.is_v6 = 1;
	want[1].backup = true;
	want[2].label = SLICE_LIT("else");
	ck_assert(
	    registry_publish_set(&region, kit_service(img, 0)->slot, want, 4));
}

START_TEST(inherited_members_stay_until_there_are_answers)
{
	struct resolve_name *n;

	img = kit_image("a = { endpoints = ( { address = \"n.b:80\"; } ); };");
	left_by_another();
	make();
	ck_assert_uint_eq(w.count, 0);
	resolver_inherit(&names);
	make();
	/* Weight and place are the configuration's. */
	ck_assert_uint_eq(w.count, 3);
	check(0, "10.0.0.1:80", 1, false);
	check(1, "10.0.0.2:80", 1, false);
	/* One family answers, the other one fails. */
	n = kit_answer("n.b", BYTES(2, 9));
	n->family[RESOLVE_V6].answered = n->family[RESOLVE_V6].known = false;
	make();
	ck_assert_uint_eq(w.count, 3);
	check(0, "10.0.0.2:80", 1, false);
	ck_assert_uint_eq(w.at[1].addr.is_v6, 1);
	check(2, "10.0.0.9:80", 1, false);
	(void)kit_answer("n.b", BYTES(2, 9));
	make();
	ck_assert_uint_eq(w.count, 2);
}
END_TEST

START_TEST(inherited_records_keep_weight_and_place)
{
	struct eset_want want[2] = { fixture_want(1, 5), fixture_want(2, 6) };

	img =
	    kit_image("a = { endpoints = ( { address = \"_x._tcp.b\"; } ); };");
	want[0].label = want[1].label = SLICE_LIT("_x._tcp.b");
	want[1].backup = true;
	ck_assert(
	    registry_publish_set(&region, kit_service(img, 0)->slot, want, 2));
	resolver_inherit(&names);
	make();
	ck_assert_uint_eq(w.count, 2);
	check(0, "10.0.0.1:80", 5, false);
	check(1, "10.0.0.2:80", 6, true);
	/* Known as one of a target's addresses, it is not there twice. */
	srv_answer("_x._tcp.b", (const char *[]){ "n.b", "m.b", NULL }, 9);
	(void)kit_answer("n.b", BYTES(1));
	make();
	ck_assert_uint_eq(w.count, 2);
	check(0, "10.0.0.1:80", 9, false);
	check(1, "10.0.0.2:80", 6, true);
	(void)kit_answer("m.b", BYTES(7));
	resolve_name_learn(kit_name("_x._tcp.b"));
	make();
	ck_assert_uint_eq(w.count, 2);
	check(1, "10.0.0.7:81", 9, true);
}
END_TEST

/* ---- operators ---- */

START_TEST(operators_change_texts_and_addresses)
{
	uint32_t slot;

	img = kit_image(
	    "a = { endpoints = ( { address = \"n.b:80\"; weight = 3; }, "
	    "{ address = \"10.0.0.9:1\"; } ); };");
	slot = kit_service(img, 0)->slot;
	(void)kit_answer("n.b", BYTES(1, 2));
	kit_override(slot, "n.b:80",
	    (struct override){ .has_weight = true,
		.weight = 8,
		.has_state = true,
		.state = ADMIN_DRAIN,
		.conf_weight = 3 });
	kit_override(slot, "10.0.0.2:80",
	    (struct override){ .has_weight = true,
		.weight = 5,
		.has_state = true,
		.state = ADMIN_MAINT,
		.conf_weight = 3 });
	/* The configuration has said another weight since. */
	kit_override(slot, "10.0.0.9:1",
	    (struct override){ .has_weight = true,
		.weight = 9,
		.has_state = true,
		.state = ADMIN_DRAIN,
		.conf_weight = 2 });
	make();
	check(0, "10.0.0.1:80", 8, false);
	check(1, "10.0.0.2:80", 5, false);
	check(2, "10.0.0.9:1", 1, false);
	ck_assert_int_eq(w.at[0].admin, ADMIN_DRAIN);
	ck_assert_int_eq(w.at[1].admin, ADMIN_MAINT);
	ck_assert_int_eq(w.at[2].admin, ADMIN_DRAIN);
	ck_assert_int_eq(w.at[0].cause, CAUSE_OPERATOR);
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("wants");

	tcase_add_checked_fixture(tc, kit_setup, teardown);
	tcase_add_test(tc, addresses_are_as_configured);
	tcase_add_test(tc, names_are_all_their_addresses);
	tcase_add_test(tc, records_bring_port_weight_and_place);
	tcase_add_test(tc, weights_add_up_to_32_bits);
	tcase_add_test(tc, inherited_members_stay_until_there_are_answers);
	tcase_add_test(tc, inherited_records_keep_weight_and_place);
	tcase_add_test(tc, operators_change_texts_and_addresses);
	return fixture_run(tc, "wants");
}
