/*
 * Tests of rsa_power.c and rsa_wide.c: what OpenSSL makes of the same numbers.
 */
#include "common/jose/rsa_power.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

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

/* Numbers that are not below the modulus: it, one more, the most that its bytes
 * hold. */
static void
refuses(struct kit *k)
{
	uint8_t number[BYTES_MAX];
	int bytes = BN_num_bytes(k->modulus);

	BN_copy(k->number, k->modulus);
	for (unsigned i = 0; i < 2 && BN_num_bytes(k->number) == bytes; i++) {
		ck_assert_int_eq(BN_bn2binpad(k->number, number, bytes), bytes);
		ck_assert(!rsa_power_make(k->p, number, number));
		BN_add_word(k->number, 1);
	}
	memset(number, 0xff, sizeof(number));
	ck_assert(!rsa_power_make(k->p, number, number));
}

/* 0, 1, 2 and their negatives; powers of 2. */
static void
edges(struct kit *k)
{
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
	refuses(k);
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
	BN_sub_word(k.modulus, _i == 0 ? 1 : 1 + ((BN_ULONG)1 << _i));
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

/* Of 52 bits each, full or empty or nearly so; the seed says which. */
static void
digits_make(BIGNUM *n, uint32_t *seed)
{
	static const BN_ULONG most = ((BN_ULONG)1 << 52) - 1;
	const BN_ULONG digits[] = { 0, 1, most / 2, most / 2 + 1, most - 1,
		most };

	BN_zero(n);
	for (unsigned i = 0; i < 40; i++) {
		*seed = *seed * 1103515245 + 12345;
		BN_lshift(n, n, 52);
		BN_add_word(n, digits[(*seed >> 16) % 6]);
	}
	(void)BN_mask_bits(n, 2048);
}

START_TEST(extreme_digits)
{
	struct kit k = kit_make(2048);
	uint32_t seed = (uint32_t)_i;

	digits_make(k.modulus, &seed);
	BN_set_bit(k.modulus, 0);
	BN_set_bit(k.modulus, 2047);
	kit_begin(&k);
	for (unsigned i = 0; i < 40; i++) {
		digits_make(k.number, &seed);
		BN_mod(k.number, k.number, k.modulus, k.ctx);
		is_same(&k);
	}
	refuses(&k);
	kit_end(&k);
}
END_TEST

/* Its square is the modulus, and a product of zero by that is the modulus once
 * more: it is taken off at the end. */
START_TEST(root_of_modulus)
{
	struct kit k = kit_make(2048);
	BIGNUM *root = BN_new();

	ck_assert_int_eq(
	    BN_rand(root, 1024, BN_RAND_TOP_TWO, BN_RAND_BOTTOM_ODD), 1);
	BN_sqr(k.modulus, root, k.ctx);
	kit_begin(&k);
	BN_copy(k.number, root);
	for (unsigned i = 0; i < 10; i++) {
		is_same(&k);
		ck_assert(BN_is_zero(k.power));
		BN_add(k.number, k.number, root);
	}
	BN_free(root);
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
	tcase_add_loop_test(tc, extreme_digits, 0, 60);
	tcase_add_test(tc, root_of_modulus);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
