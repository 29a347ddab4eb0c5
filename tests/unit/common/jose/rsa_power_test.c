/*
 * Tests of rsa_power.c and rsa_wide.c: what OpenSSL makes of the same numbers.
 */
#include "common/jose/rsa_power.h"

#include <check.h>
#include <stdlib.h>

#define BYTES_MAX 1024

struct kit {
	BN_CTX *ctx;
	BIGNUM *modulus, *number, *exponent, *power;
	struct rsa_power *p;
};

static struct kit
kit_make(int bits)
{
	struct kit k = { BN_CTX_new(), BN_new(), BN_new(), BN_new(), BN_new(),
		NULL };

	ck_assert_int_eq(BN_set_word(k.exponent, RSA_POWER_EXPONENT), 1);
	ck_assert_int_eq(
	    BN_rand(k.modulus, bits, BN_RAND_TOP_ONE, BN_RAND_BOTTOM_ODD), 1);
	return k;
}

static void
kit_begin(struct kit *k)
{
	k->p = rsa_power_new(k->modulus);
	ck_assert_ptr_nonnull(k->p);
}

static void
kit_end(struct kit *k)
{
	rsa_power_free(k->p);
	BN_free(k->modulus);
	BN_free(k->number);
	BN_free(k->exponent);
	BN_free(k->power);
	BN_CTX_free(k->ctx);
}

/* k->number is raised as OpenSSL raises it. */
static void
is_same(struct kit *k)
{
	uint8_t number[BYTES_MAX], made[BYTES_MAX], wanted[BYTES_MAX];
	int bytes = BN_num_bytes(k->modulus);

	ck_assert_int_eq(
	    BN_mod_exp(k->power, k->number, k->exponent, k->modulus, k->ctx),
	    1);
	ck_assert_int_eq(BN_bn2binpad(k->number, number, bytes), bytes);
	ck_assert_int_eq(BN_bn2binpad(k->power, wanted, bytes), bytes);
	ck_assert(rsa_power_make(k->p, number, made));
	ck_assert_mem_eq(made, wanted, (size_t)bytes);
}

/* 0, 1, 2 and their negatives; powers of 2. */
static void
edges(struct kit *k)
{
	uint8_t number[BYTES_MAX];
	int bytes = BN_num_bytes(k->modulus);

	for (BN_ULONG i = 0; i < 3; i++) {
		BN_set_word(k->number, i);
		is_same(k);
		BN_sub(k->number, k->modulus, k->number);
		if (i != 0)
			is_same(k);
	}
	for (int bit = 0; bit < BN_num_bits(k->modulus) - 1; bit += 13) {
		BN_zero(k->number);
		BN_set_bit(k->number, bit);
		is_same(k);
		BN_sub_word(k->number, 1);
		is_same(k);
	}
	for (BN_ULONG i = 0; i < 2; i++) {
		BN_copy(k->number, k->modulus);
		BN_add_word(k->number, i);
		ck_assert_int_eq(BN_bn2binpad(k->number, number, bytes), bytes);
		ck_assert(!rsa_power_make(k->p, number, number));
	}
}

static const int sizes[] = { 2048, 2049, 2112, 3072, 4096, 8192 };

START_TEST(any)
{
	for (unsigned i = 0; i < (sizes[_i] == 2048 ? 50 : 3); i++) {
		struct kit k = kit_make(sizes[_i]);

		kit_begin(&k);
		for (unsigned n = 0; n < 40; n++) {
			BN_rand_range(k.number, k.modulus);
			is_same(&k);
		}
		edges(&k);
		kit_end(&k);
	}
}
END_TEST

/* Digits that are full, or empty. */
START_TEST(long_carries)
{
	struct kit k = kit_make(2048);

	BN_zero(k.modulus);
	BN_set_bit(k.modulus, 2048);
	BN_sub_word(k.modulus, _i == 0 ? 3 : 1 + 2 * ((BN_ULONG)1 << _i));
	kit_begin(&k);
	edges(&k);
	kit_end(&k);
	k = kit_make(2048);
	BN_zero(k.modulus);
	BN_set_bit(k.modulus, 2047);
	BN_add_word(k.modulus, 2 * ((BN_ULONG)1 << _i) - 1);
	kit_begin(&k);
	edges(&k);
	kit_end(&k);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("rsa_power");
	TCase *tc = tcase_create("rsa_power");
	SRunner *runner;
	int failed;

	tcase_set_timeout(tc, 60);
	tcase_add_loop_test(tc, any, 0, sizeof(sizes) / sizeof(sizes[0]));
	tcase_add_loop_test(tc, long_carries, 0, 60);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
