/* Tests of password.c: the hashes that htpasswd files have, and what is none.
 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "helper/password.h"

static const struct {
	const char *hash, *password;
} rows[] = {
	{ "$2y$04$abcdefghijklmnopqrstuujydOTSfIH/d5oUHpsygqV5X9xJLQc6e",
	    "correct horse" },
	{ "$2b$04$abcdefghijklmnopqrstuujydOTSfIH/d5oUHpsygqV5X9xJLQc6e",
	    "correct horse" },
	{ "$5$rounds=1000$saltstring$95Bg/RfV2QriLpMdLPHK9el0Ighm6E3CBqMKzZKgCa"
	  "2",
	    "correct horse" },
	{ "$6$rounds=1000$saltstring$YiR6NSM0LQXmu7vAhkMXfkdYk7qtFouVx1Mdr3HmzX"
	  "spT8kONjlpU3CsV7ezCB62uXJoAdaagsH4ck7/tB9js.",
	    "correct horse" },
	{ "$y$j75$salt..........$JRCwpuF2d144i70tBTRW8wr5jN4Q5wBnOLyTylMqCP9",
	    "correct horse" },
	{ "$6$rounds=1000$saltstring$CF.N.0BYYN72qUcyvvSEsw6BVOF30ljypIAf09OO9s"
	  "rNHWPxyxF8MeuK7MXWjGoVlM.3yAAk/owEEJQEYuWsY1",
	    "" },
	{ "$5$rounds=1000$saltstring$khWj4XveQ7xgF.bGjo5nVnuSnGeu8lJbPFHXd9BrCD"
	  "1",
	    "za\xc5\xbc\xc3\xb3\xc5\x82\xc4\x87" },
};
#define ROWS (int)(sizeof(rows) / sizeof(rows[0]))

static enum job_result
check(struct slice password, struct slice hash)
{
	struct password *p = password_new();
	enum job_result result;

	ck_assert_ptr_nonnull(p);
	result = password_check(p, password, hash);
	password_free(p);
	return result;
}

START_TEST(the_password_is_told_from_others)
{
	struct slice hash = slice_str(rows[_i].hash);
	struct slice right = slice_str(rows[_i].password);
	char other[64];

	ck_assert_int_eq(check(right, hash), JOB_YES);
	(void)snprintf(other, sizeof(other), "%sx", rows[_i].password);
	ck_assert_int_eq(check(slice_str(other), hash), JOB_NO);
	if (right.n == 0)
		return;
	other[0] ^= 0x20;
	ck_assert_int_eq(check(slice_make(other, right.n), hash), JOB_NO);
	ck_assert_int_eq(check(slice_make(right.p, right.n - 1), hash), JOB_NO);
	ck_assert_int_eq(check(SLICE_LIT(""), hash), JOB_NO);
}
END_TEST

START_TEST(a_hash_that_is_cut_or_changed_fits_nothing)
{
	struct slice right = slice_str(rows[_i].password);
	char hash[256];
	size_t n = strlen(rows[_i].hash);

	memcpy(hash, rows[_i].hash, n + 1);
	ck_assert_int_ne(check(right, slice_make(hash, n - 1)), JOB_YES);
	hash[n - 2] ^= 1;
	ck_assert_int_ne(check(right, slice_make(hash, n)), JOB_YES);
}
END_TEST

START_TEST(what_is_no_hash_fails)
{
	static const char *const hashes[] = { "", "*", "*0", "*1", "!", "$",
		"$9$salt$x", "{SHA}fEqNCco3Yq9h5ZUglD3CZJT4lBs=",
		"$2y$99$abcdefghijklmnopqrstuujydOTSfIH/d5oUHpsygqV5X9xJLQc6e",
		"$apr1$salt$0123456789012345678901" };

	for (size_t i = 0; i < sizeof(hashes) / sizeof(hashes[0]); i++)
		ck_assert_msg(
		    check(SLICE_LIT("*0"), slice_str(hashes[i])) == JOB_FAILED,
		    "%s", hashes[i]);
	ck_assert_int_eq(
	    check(SLICE_LIT("x"), slice_make("$6$a\0b$x", 8)), JOB_FAILED);
}
END_TEST

START_TEST(what_crypt_would_see_less_of_is_wrong)
{
	char longest[600];

	memset(longest, 'x', sizeof(longest));
	ck_assert_int_eq(
	    check(slice_make("correct horse\0x", 15), slice_str(rows[0].hash)),
	    JOB_NO);
	ck_assert_int_eq(
	    check(slice_make(longest, 511), slice_str(rows[2].hash)), JOB_NO);
	ck_assert_int_eq(
	    check(slice_make(longest, 512), slice_str(rows[2].hash)), JOB_NO);
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("all");
	Suite *suite = suite_create("password");
	SRunner *runner = srunner_create(suite);
	int failed;

	suite_add_tcase(suite, tc);
	tcase_add_loop_test(tc, the_password_is_told_from_others, 0, ROWS);
	tcase_add_loop_test(
	    tc, a_hash_that_is_cut_or_changed_fits_nothing, 0, ROWS);
	tcase_add_test(tc, what_is_no_hash_fails);
	tcase_add_test(tc, what_crypt_would_see_less_of_is_wrong);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
