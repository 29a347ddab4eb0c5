/*
 * Tests of ban_list.c: bans as a file, and addresses as people write them.
 */
#include "master/ban_list.h"

#include <inttypes.h>

#include "common/base/clock.h"
#include "tests/unit/shm/fixture.h"

#define S UINT64_C(1000000)
#define FIRST "{\"penstock\":\"bans\",\"version\":1}\n"

static struct region region, other;
static struct diag d;

static void
setup(void)
{
	fixture_region(&region, 1);
	fixture_region(&other, 1);
	(void)clock_update();
	diag_init(&d);
}

static void
teardown(void)
{
	diag_fini(&d);
	region_fini(&other);
	region_fini(&region);
}

static struct addr
address(const char *text)
{
	struct addr a;

	ck_assert(ban_address_parse(slice_str(text), &a));
	return a;
}

static bool
have(const struct region *r, const char *text)
{
	struct addr a = address(text);

	return bans_have(r, &a, clock_now().us);
}

static void
ban(const char *text, uint64_t s, uint32_t by)
{
	const struct ban_terms terms = { s * S, 1000 * S, 2000, by };
	struct addr a = address(text);
	struct ban b;

	ck_assert(bans_add(&region, &a, &terms, clock_now().us, &b));
}

START_TEST(addresses)
{
	static const char *const bad[] = { "", "x", "10.0.0.0/8", "::1/128",
		"10.0.0.1/64", "/64", "::1/064" };
	struct addr a = address("2001:db8::1");
	char text[BAN_ADDRESS_TEXT];

	ban_address_text(&a, text);
	ck_assert_str_eq(text, "2001:db8::1/64");
	a = address("2001:db8::/64");
	ban_address_text(&a, text);
	ck_assert_str_eq(text, "2001:db8::/64");
	a = address("192.0.2.1");
	ban_address_text(&a, text);
	ck_assert_str_eq(text, "192.0.2.1");
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		ck_assert_msg(
		    !ban_address_parse(slice_str(bad[i]), &a), "%s", bad[i]);
}
END_TEST

/* What held before holds after. */
START_TEST(what_is_written_is_read)
{
	struct text text = { 0 }, again = { 0 };
	struct addr a = address("192.0.2.3");

	ck_assert_uint_eq(bans_rule(&region, SLICE_LIT("first")), 1);
	ck_assert_uint_eq(bans_rule(&region, SLICE_LIT("a \"b\"")), 2);
	ban("192.0.2.1", 100, 2);
	ban("2001:db8:1:2::", 200, 1);
	ck_assert(bans_order(&region, &a, BANS_FOR_EVER, clock_now().us));
	ban_list_write(&region, &text);
	ck_assert(ban_list_load(&other, text_slice(&text), &d));
	ck_assert(have(&other, "192.0.2.1"));
	ck_assert(have(&other, "2001:db8:1:2:3::"));
	ck_assert(have(&other, "192.0.2.3"));
	ck_assert(!have(&other, "192.0.2.2"));
	for (uint32_t i = 0; i < BANS_MAX; i++) {
		struct ban was, is = { 0 };

		if (!bans_at(&region, i, &was))
			continue;
		for (uint32_t k = 0; k < BANS_MAX; k++)
			if (bans_at(&other, k, &is) &&
			    addr_eq(&is.addr, &was.addr))
				break;
		ck_assert(addr_eq(&is.addr, &was.addr));
		ck_assert_uint_eq(is.strikes, was.strikes);
		ck_assert(slice_eq(bans_by_name(&other, is.by),
		    bans_by_name(&region, was.by)));
		/* Each is rounded to seconds of two clocks. */
		ck_assert_int_le(
		    llabs(ban_until_s(&is) - ban_until_s(&was)), 1);
	}
	ban_list_write(&other, &again);
	ck_assert_uint_eq(text.n, again.n);
	text_fini(&text);
	text_fini(&again);
}
END_TEST

/* With the end that it had, until that is too long ago. */
START_TEST(what_is_over_is_known)
{
	const struct ban_terms terms = { S, 1000 * S, 2000, 1 };
	int64_t end = clock_wall().us / 1000000 - 900;
	struct text file = { 0 };
	uint32_t n = 0;
	struct ban b;

	text_add(&file, SLICE_LIT(FIRST));
	for (int i = 1; i <= 2; i++)
		text_printf(&file,
		    "{\"address\":\"192.0.2.%d\",\"until\":%" PRId64
		    ",\"strikes\":3,\"rule\":\"r\"}\n",
		    i, end - (i - 1) * 200);
	ck_assert(ban_list_load(&region, text_slice(&file), &d));
	ck_assert_uint_eq(bans_sweep(&region, &terms, 1, clock_now().us), 0);
	for (uint32_t i = 0; i < BANS_MAX; i++) {
		if (!bans_at(&region, i, &b))
			continue;
		n++;
		ck_assert_uint_eq(b.addr.ip[15], 1);
		ck_assert_int_ge(ban_until_s(&b), end);
		ck_assert_int_le(ban_until_s(&b), end + 1);
	}
	ck_assert_uint_eq(n, 1);
	ck_assert(!have(&region, "192.0.2.1"));
	ck_assert(bans_add(&region, &b.addr, &terms, clock_now().us, &b));
	ck_assert_uint_eq(b.strikes, 4);
	text_fini(&file);
}
END_TEST

START_TEST(damaged_files)
{
	static const char *const bad[] = {
		FIRST "{}\n",
		FIRST "{\"address\":\"x\"}\n",
		FIRST "{\"address\":\"10.0.0.0/8\"}\n",
		FIRST "{\"address\":\"::1\",\"until\":0}\n",
		FIRST "{\"address\":\"::1\",\"strikes\":256}\n",
		FIRST "{\"address\":\"::1\",\"by\":\"x\"}\n",
		FIRST "{\"address\":\"::1\"}",
		"{\"penstock\":\"revocations\",\"version\":1}\n",
		"",
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		size_t errors = d.errors;

		ck_assert_msg(!ban_list_load(&region, slice_str(bad[i]), &d),
		    "%s", bad[i]);
		ck_assert_uint_eq(d.errors, errors + 1);
	}
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("ban_list");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, addresses);
	tcase_add_test(tc, what_is_written_is_read);
	tcase_add_test(tc, what_is_over_is_known);
	tcase_add_test(tc, damaged_files);
	return fixture_run(tc, "ban_list");
}
