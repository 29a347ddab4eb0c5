/*
 * Tests of random.c: AES as FIPS 197 has it, and that nothing repeats, with it
 * and without.
 */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/hex.h"
#include "common/base/map.h"
#include "common/base/random.h"

/* FIPS 197, C.1: the text, the keys of its rounds, what comes out. */
static const char *const text = "00112233445566778899aabbccddeeff";
static const char *const keys[] = {
	"000102030405060708090a0b0c0d0e0f",
	"d6aa74fdd2af72fadaa678f1d6ab76fe",
	"b692cf0b643dbdf1be9bc5006830b3fe",
	"b6ff744ed2c2c9bf6c590cbf0469bf41",
	"47f7f7bc95353e03f96c32bcfd058dfd",
	"3caaa3e8a99f9deb50f3af57adf622aa",
	"5e390f7df7a69296a7553dc10aa31f6b",
	"14f9701ae35fe28c440adf4d4ea9c026",
	"47438735a41c65b9e016baf4aebf7ad2",
	"549932d1f08557681093ed9cbe2c974e",
	"13111d7fe3944a17f307a78b4d2b30c5",
};
static const char *const cipher = "69c4e0d86a7b0430d8cdb78070b4c55a";

START_TEST(encrypts)
{
	struct random r;
	struct random_pair out;
	uint64_t in[2];
	char digits[33] = "";

	random_init(&r, (struct hash_key){ 1, 2 });
	if (!r.aes)
		return;
	for (int i = 0; i <= RANDOM_ROUNDS; i++)
		ck_assert(hex_read(slice_str(keys[i]), r.key[i], 16));
	/* The counter is 0: the text comes in by the first key. */
	ck_assert(hex_read(slice_str(text), in, 16));
	r.key[0][0] ^= in[0];
	r.key[0][1] ^= in[1];
	out = random_pair(&r);
	hex_write(&out, sizeof(out), digits);
	ck_assert_str_eq(digits, cipher);
}
END_TEST

START_TEST(nothing_repeats)
{
	struct random r;
	struct map seen;
	struct random_pair pair;
	uint64_t word;
	bool added;

	random_init(&r, (struct hash_key){ 1, 2 });
	if (_i == 1)
		r.aes = false;
	map_init(&seen);
	for (int i = 0; i < 20000; i++) {
		word = random_word(&r);
		(void)map_put(&seen, slice_make((char *)&word, 8), &added);
		ck_assert(added);
		pair = random_pair(&r);
		(void)map_put(
		    &seen, slice_make((char *)&pair.first, 8), &added);
		ck_assert(added);
		(void)map_put(
		    &seen, slice_make((char *)&pair.second, 8), &added);
		ck_assert(added);
	}
	map_fini(&seen);
}
END_TEST

START_TEST(follows_from_the_seed)
{
	struct random a, b, c;
	uint64_t x = 0, y = 0, z = 0;

	random_init(&a, (struct hash_key){ 1, 2 });
	random_init(&b, (struct hash_key){ 1, 2 });
	random_init(&c, (struct hash_key){ 1, 3 });
	for (int i = 0; i < 3; i++) {
		x = random_word(&a);
		y = random_word(&b);
		z = random_word(&c);
	}
	ck_assert_uint_eq(x, y);
	ck_assert_uint_ne(x, z);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("random");
	TCase *tc = tcase_create("random");
	SRunner *runner;
	int failed;

	tcase_add_test(tc, encrypts);
	tcase_add_loop_test(tc, nothing_repeats, 0, 2);
	tcase_add_test(tc, follows_from_the_seed);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
