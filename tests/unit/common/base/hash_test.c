/*
 * Tests of hash.c. The expected values come from another implementation of
 * SipHash-1-3 (CPython 3.11, hash of bytes with PYTHONHASHSEED=0 and =1).
 */
#include <check.h>
#include <stdlib.h>

#include "common/base/hash.h"

static const struct {
	size_t n;
	uint64_t zero_key, other_key;
} vectors[] = {
	{ 1, 0x68a914128e01e473u, 0xecd3e5afcecda4b9u },
	{ 7, 0x2f098ab0c751325au, 0xfd15e78052a69ddfu },
	{ 8, 0xead411e67ebe2eeau, 0xc0b5739e7e28dd01u },
	{ 9, 0x75927f9d95124362u, 0x208a1a5a0cbbf778u },
	{ 15, 0xf30eb725bb91c9eau, 0xfa87985f39e97a53u },
	{ 16, 0x8972188433a5c5b7u, 0x12e9d283f9f37002u },
	{ 63, 0x385d3e39e5f37359u, 0x542052345bc68274u },
};

START_TEST(known_answers)
{
	const struct hash_key zero = { 0, 0 };
	const struct hash_key other = { 0xaed66ce184be2329u,
		0xebe9bbf1f1499052u };
	unsigned char in[64];

	for (unsigned i = 0; i < sizeof(in); i++)
		in[i] = (unsigned char)i;
	for (size_t i = 0; i < sizeof(vectors) / sizeof(vectors[0]); i++) {
		size_t n = vectors[i].n;

		ck_assert_uint_eq(hash_bytes(zero, in, n), vectors[i].zero_key);
		ck_assert_uint_eq(
		    hash_bytes(other, in, n), vectors[i].other_key);
	}
}
END_TEST

static uint64_t
rotl(uint64_t x, unsigned by)
{
	return x << by | x >> (64 - by);
}

static void
round_of(uint64_t v[4])
{
	v[0] += v[1];
	v[2] += v[3];
	v[1] = rotl(v[1], 13) ^ v[0];
	v[3] = rotl(v[3], 16) ^ v[2];
	v[0] = rotl(v[0], 32);
	v[2] += v[1];
	v[0] += v[3];
	v[1] = rotl(v[1], 17) ^ v[2];
	v[3] = rotl(v[3], 21) ^ v[0];
	v[2] = rotl(v[2], 32);
}

static uint64_t
plain_finish(uint64_t v[4])
{
	for (int i = 0; i < 3; i++)
		round_of(v);
	return v[0] ^ v[1] ^ v[2] ^ v[3];
}

/* As it is defined: byte by byte. In `two` what comes with 128 bits. */
static uint64_t
plain_hash(struct hash_key key, const unsigned char *p, size_t n, uint64_t *two)
{
	uint64_t v[4] = { key.k0 ^ 0x736f6d6570736575u,
		key.k1 ^ 0x646f72616e646f6du, key.k0 ^ 0x6c7967656e657261u,
		key.k1 ^ 0x7465646279746573u };
	uint64_t word = 0;

	v[1] ^= two != NULL ? 0xee : 0;
	for (size_t i = 0; i <= (n | 7); i++) {
		uint64_t byte = i < n ? p[i] : i == (n | 7) ? n & 255 : 0;

		word |= byte << 8 * (i % 8);
		if (i % 8 != 7)
			continue;
		v[3] ^= word;
		round_of(v);
		v[0] ^= word;
		word = 0;
	}
	if (two != NULL) {
		v[2] ^= 0xee;
		two[0] = plain_finish(v);
		v[1] ^= 0xdd;
		two[1] = plain_finish(v);
		return 0;
	}
	v[2] ^= 0xff;
	return plain_finish(v);
}

START_TEST(every_length)
{
	const struct hash_key key = { 3, 5 };

	for (size_t n = 0; n < 300; n++) {
		unsigned char *in = malloc(n);

		for (size_t i = 0; i < n; i++)
			in[i] = (unsigned char)(0x80 + i * 37);
		ck_assert_uint_eq(
		    hash_bytes(key, in, n), plain_hash(key, in, n, NULL));
		free(in);
	}
}
END_TEST

START_TEST(a_word_and_bytes_are_all_of_them)
{
	const struct hash_key key = { 7, 11 };
	uint64_t word = 0x8182838485868788u;

	for (size_t n = 0; n < 40; n++) {
		unsigned char *both = malloc(8 + n), *in = malloc(n);

		memcpy(both, &word, 8);
		for (size_t i = 0; i < n; i++)
			in[i] = both[8 + i] = (unsigned char)(0x90 + i);
		ck_assert_uint_eq(hash_word_bytes(key, word, in, n),
		    plain_hash(key, both, 8 + n, NULL));
		free(in);
		free(both);
	}
}
END_TEST

START_TEST(a_word_is_its_bytes)
{
	const struct hash_key key = { 7, 11 };
	uint64_t word = 0x8182838485868788u;

	ck_assert_uint_eq(
	    hash_word(key, word), hash_bytes(key, &word, sizeof(word)));
}
END_TEST

START_TEST(a_pair_has_128_bits)
{
	for (uint64_t i = 0; i < 100; i++) {
		const struct hash_key key = { 7 * i, 11 + i };
		uint64_t word = 0x8182838485868788u * i, got[2], want[2];

		hash_word_pair(key, word, got);
		plain_hash(key, (unsigned char *)&word, sizeof(word), want);
		ck_assert_uint_eq(got[0], want[0]);
		ck_assert_uint_eq(got[1], want[1]);
		ck_assert_uint_ne(got[0], hash_word(key, word));
	}
}
END_TEST

START_TEST(empty_input_depends_on_key)
{
	ck_assert_uint_ne(hash_bytes((struct hash_key){ 1, 2 }, NULL, 0),
	    hash_bytes((struct hash_key){ 1, 3 }, NULL, 0));
}
END_TEST

START_TEST(random_keys_differ)
{
	struct hash_key a = hash_key_random();
	struct hash_key b = hash_key_random();

	ck_assert(a.k0 != b.k0 && a.k1 != b.k1);
}
END_TEST

START_TEST(integers_are_mixed)
{
	/* splitmix64 of state 0: the output for its first step. */
	ck_assert_uint_eq(hash_u64(0x9e3779b97f4a7c15u), 0xe220a8397b1dcdafu);
}
END_TEST

/* Each bit of a text counts, and so do its length and both keys. */
START_TEST(sums)
{
	const struct hash_key key = { 1, 2 }, first = { 3, 2 },
			      second = { 1, 3 };
	char text[80] = { 0 };

	for (size_t n = 0; n < sizeof(text); n++) {
		uint64_t sum = hash_sum(key, text, n);

		ck_assert_uint_eq(hash_sum(key, text, n), sum);
		ck_assert_uint_ne(hash_sum(key, text, n + 1), sum);
		ck_assert_uint_ne(hash_sum(first, text, n), sum);
		ck_assert_uint_ne(hash_sum(second, text, n), sum);
		for (size_t bit = 0; bit < 8 * n; bit++) {
			text[bit / 8] ^= (char)(1 << bit % 8);
			ck_assert_uint_ne(hash_sum(key, text, n), sum);
			text[bit / 8] ^= (char)(1 << bit % 8);
		}
	}
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("hash");
	TCase *tc = tcase_create("hash");
	SRunner *runner;
	int failed;

	tcase_add_test(tc, known_answers);
	tcase_add_test(tc, sums);
	tcase_add_test(tc, every_length);
	tcase_add_test(tc, a_word_and_bytes_are_all_of_them);
	tcase_add_test(tc, a_word_is_its_bytes);
	tcase_add_test(tc, a_pair_has_128_bits);
	tcase_add_test(tc, empty_input_depends_on_key);
	tcase_add_test(tc, random_keys_differ);
	tcase_add_test(tc, integers_are_mixed);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
