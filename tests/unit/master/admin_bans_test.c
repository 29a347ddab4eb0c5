/*
 * admin_bans_test.c - what an operator is told who wants one more ban than
 * there is room for.
 */
#include "master/admin_bans.h"

#include "master/ban_list.h"
#include "shm/bans_inside.h"
#include "tests/unit/shm/fixture.h"

static struct inherit in;
static struct access access_;
static struct admin admin = { .in = &in, .access = &access_ };

static void
setup(void)
{
	fixture_region(&in.region, 1);
	(void)clock_update();
	saver_init(&access_.saver, &in.region, -1);
}

static void
teardown(void)
{
	region_fini(&in.region);
}

/* The next behind *i of those that want the same set as the first. */
static struct addr
crowd(uint32_t *i)
{
	static uint32_t set;
	struct addr a;

	for (;;) {
		uint8_t ip[4] = { 10, (uint8_t)(*i >> 16), (uint8_t)(*i >> 8),
			(uint8_t)*i };

		addr_from_bytes(ip, 4, 0, &a);
		if ((*i)++ == 0)
			set = ban_key_set(&in.region, ban_key(&a));
		if (ban_key_set(&in.region, ban_key(&a)) == set)
			return a;
	}
}

static uint16_t
asked(const struct addr *a)
{
	char address[BAN_ADDRESS_TEXT], body[128];
	struct admin_request q = { 0 };
	struct admin_reply r;
	uint16_t status;

	ban_address_text(a, address);
	(void)snprintf(
	    body, sizeof(body), "{\"address\":\"%s\",\"for\":\"1h\"}", address);
	q.body = slice_str(body);
	admin_reply_init(&r);
	admin_ban_answer(&admin, &q, &r);
	status = r.status;
	admin_reply_fini(&r);
	return status;
}

START_TEST(what_is_answered_with_201_is_in_force)
{
	struct addr a[BAN_WAYS + 1];
	uint32_t i = 0;

	for (uint32_t k = 0; k < BAN_WAYS + 1; k++)
		a[k] = crowd(&i);
	for (uint32_t k = 0; k < BAN_WAYS; k++)
		ck_assert_uint_eq(asked(&a[k]), 201);
	ck_assert_uint_eq(asked(&a[BAN_WAYS]), 507);
	for (uint32_t k = 0; k < BAN_WAYS + 1; k++)
		ck_assert_int_eq(
		    bans_have(&in.region, &a[k], clock_now().us), k < BAN_WAYS);
	/* Those that are there can be changed. */
	ck_assert_uint_eq(asked(&a[0]), 201);
	ck_assert(bans_lift(&in.region, &a[0], clock_now().us));
	ck_assert_uint_eq(asked(&a[BAN_WAYS]), 201);
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("admin_bans");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, what_is_answered_with_201_is_in_force);
	return fixture_run(tc, "admin_bans");
}
