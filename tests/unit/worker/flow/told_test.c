/* Tests of told.c: no spelling gets past. */
#include "tests/unit/worker/filter/auth_kit.h"

#include "worker/flow/told.h"

static const char *const names[] = { "X-User-ID", NULL, "X-Roles", NULL, NULL,
	NULL,
	"X-A-Name-That-Has-More-Characters-Than-There-Are-Bits-In-A-Word-Of-"
	"Ours" };

static bool
has(const char *name)
{
	return told_has(&kit.head, slice_str(name));
}

START_TEST(every_spelling)
{
	kit_tell(names, 7);
	ck_assert(has("X-User-ID"));
	ck_assert(has("x-user-id"));
	ck_assert(has("X_USER_ID"));
	ck_assert(has("x_User-iD"));
	ck_assert(has("X.User~ID"));
	ck_assert(has("x_roles"));
	ck_assert(has(names[6]));
	ck_assert(!has("X-User-I"));
	ck_assert(!has("X-User-IDs"));
	ck_assert(!has("XXUser-ID"));
	ck_assert(!has("X-Rules"));
	ck_assert(!has("Y-A-Name-That-Has-More-Characters-Than-There-Are-Bits-"
		       "In-A-Word-Of-Ours"));
	ck_assert(!has(""));
}
END_TEST

START_TEST(nothing_is_told)
{
	ck_assert(!has("X-User-ID"));
	kit_tell(names, 0);
	ck_assert(!has("X-User-ID"));
}
END_TEST

START_TEST(trailers)
{
	struct field fields[] = {
		{ .name = SLICE_LIT("X-Sum"), .value = SLICE_LIT("1") },
		{ .name = SLICE_LIT("x_user_id"), .value = SLICE_LIT("2") },
		{ .name = SLICE_LIT("X-End"), .value = SLICE_LIT("3") },
		{ .name = SLICE_LIT("Penstock-Debug"),
		    .id = FIELD_PENSTOCK_DEBUG },
	};
	struct head h = { .fields = fields, .count = 4 }, kept;
	const struct head *out;

	kit_tell(names, 7);
	out = told_strip_trailers(&kit.head, &h, &kept, &kit_q.arena);
	ck_assert_ptr_eq(out, &kept);
	ck_assert_uint_eq(out->count, 2);
	ck_assert_slice_eq(out->fields[0].name, "X-Sum");
	ck_assert_slice_eq(out->fields[1].name, "X-End");
	/* Nothing to do: nothing is done. */
	h.count = 1;
	ck_assert_ptr_eq(
	    told_strip_trailers(&kit.head, &h, &kept, &kit_q.arena), &h);
	ck_assert_ptr_eq(
	    told_strip_trailers(NULL, &h, &kept, &kit_q.arena), &h);
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("told");

	tcase_add_test(tc, every_spelling);
	tcase_add_test(tc, nothing_is_told);
	tcase_add_test(tc, trailers);
	return kit_run(tc, "told");
}
