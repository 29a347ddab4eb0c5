/*
 * Tests of revocations.c: what is revoked, as a file.
 */
#include "master/revocations.h"

#include "tests/unit/shm/fixture.h"

static struct region region, other;
static struct diag d;

static void
setup(void)
{
	fixture_region(&region, 1);
	fixture_region(&other, 1);
	diag_init(&d);
}

static void
teardown(void)
{
	diag_fini(&d);
	region_fini(&other);
	region_fini(&region);
}

static void
revoke(enum revoke_kind kind, const char *auth, const char *value,
    int64_t before_s, int64_t until_s)
{
	const struct revoke_entry e = { kind, slice_str(auth), slice_str(value),
		before_s, until_s };

	ck_assert(revoke_add(&region, &e));
}

static bool
hits(const struct region *r, const char *auth, const char *jti,
    const char *user, int64_t issued_s)
{
	struct revoke_subject s;

	revoke_subject_make(
	    r, slice_str(auth), slice_str(jti), slice_str(user), issued_s, &s);
	return revoke_hits(r, &s);
}

/* What held before holds after. */
START_TEST(what_is_written_is_read)
{
	static char longest[1000];
	struct text text = { 0 }, again = { 0 };

	memset(longest, 'x', sizeof(longest) - 1);
	revoke(REVOKE_TOKEN, "", "id \"1\"", 0, 5000000000);
	revoke(REVOKE_TOKEN, "main", longest, 0, REVOCATIONS_NEVER);
	revoke(REVOKE_USER, "main", "al\xc3\xa9", 1000, REVOCATIONS_NEVER);
	revoke(REVOKE_ALL, "ops", "", 2000, 6000000000);
	revocations_write(&region, &text);
	ck_assert(revocations_load(&other, text_slice(&text), &d));
	for (int i = 0; i < 2; i++) {
		const struct region *r = i == 0 ? &region : &other;

		ck_assert(hits(r, "any", "id \"1\"", "u", 9000));
		ck_assert(hits(r, "main", longest, "u", 9000));
		ck_assert(!hits(r, "ops", longest, "u", 9000));
		ck_assert(hits(r, "main", "", "al\xc3\xa9", 1000));
		ck_assert(!hits(r, "main", "", "al\xc3\xa9", 1001));
		ck_assert(hits(r, "ops", "", "u", 2000));
		ck_assert(!hits(r, "ops", "", "u", 2001));
	}
	revocations_write(&other, &again);
	ck_assert(slice_eq(text_slice(&text), text_slice(&again)));
	text_fini(&text);
	text_fini(&again);
}
END_TEST

#define FIRST "{\"penstock\":\"revocations\",\"version\":1}\n"

START_TEST(damaged_files)
{
	static const char *const bad[] = {
		FIRST "{}\n",
		FIRST "{\"kind\":\"token\"}\n",
		FIRST "{\"kind\":\"tokens\",\"value\":\"a\"}\n",
		FIRST "{\"kind\":\"all\",\"value\":\"a\"}\n",
		FIRST "{\"kind\":\"user\",\"value\":\"a\",\"before\":\"b\"}\n",
		FIRST "{\"kind\":\"user\",\"value\":\"a\",\"jti\":\"b\"}\n",
		FIRST "{\"kind\":\"user\",\"value\":\"a\"}",
		FIRST "x\n",
		"{\"penstock\":\"api_keys\",\"version\":1}\n",
	};

	ck_assert(!revocations_load(&region, slice_str(bad[_i]), &d));
	ck_assert_uint_eq(d.errors, 1);
	ck_assert_str_eq(d.items[0].file, "revocations");
}
END_TEST

START_TEST(names_of_kinds)
{
	enum revoke_kind kind = REVOKE_KINDS;

	for (unsigned i = 0; i < REVOKE_KINDS; i++) {
		ck_assert(revoke_kind_find(
		    slice_str(revoke_kind_name((enum revoke_kind)i)), &kind));
		ck_assert_uint_eq(kind, i);
	}
	ck_assert(!revoke_kind_find(SLICE_LIT(""), &kind));
	ck_assert(!revoke_kind_find(SLICE_LIT("Token"), &kind));
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("all");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, what_is_written_is_read);
	tcase_add_loop_test(tc, damaged_files, 0, 9);
	tcase_add_test(tc, names_of_kinds);
	return fixture_run(tc, "revocations");
}
