/*
 * permission_test.c - which permissions cover which.
 */
#include "tests/unit/shm/fixture.h"

#include "shm/permission.h"

static const struct {
	const char *granted, *wanted;
	bool yes;
} cases[] = {
	{ "users:read", "users:read", true },
	{ "users:read", "users:write", false },
	{ "users:read", "users", false },
	{ "users", "users:read", false },
	{ "users:read", "users:read:all", false },
	{ "users:read", "users:reads", false },
	{ "users:reads", "users:read", false },
	{ "users:*", "users:read", true },
	{ "users:*", "users:read:all", true },
	{ "users:*", "users", true },
	{ "users:*", "user:read", false },
	{ "users:*", "usersx:read", false },
	{ "*", "users:read", true },
	{ "*", "users", true },
	{ "*:read", "users:read", true },
	{ "*:read", "users:write", false },
	{ "*:read", "read", false },
	{ "*:read", "a:b:read", false },
	{ "a:*:c", "a:b:c", true },
	{ "a:*:c", "a:c", false },
	{ "a:*:c", "a:b:d", false },
	{ "a:*:c", "a:b:c:d", false },
	{ "a:*:*", "a:b", true },
	{ "a:*:*", "a", false },
	/* Stars are for what is granted, and for whole words alone. */
	{ "users:read", "users:*", false },
	{ "users:re*", "users:read", false },
	{ "users:", "users:", true },
	{ "users:", "users", false },
	{ "users", "users:", false },
	{ "Users:read", "users:read", false },
};

START_TEST(covers)
{
	ck_assert_msg(permission_covers(slice_str(cases[_i].granted),
			  slice_str(cases[_i].wanted)) == cases[_i].yes,
	    "%s, %s", cases[_i].granted, cases[_i].wanted);
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("permission");

	tcase_add_loop_test(tc, covers, 0, sizeof(cases) / sizeof(cases[0]));
	return fixture_run(tc, "permission");
}
