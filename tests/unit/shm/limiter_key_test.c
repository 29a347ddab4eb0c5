/*
 * limiter_key_test.c - how keys are made, and how people see them.
 */
#include "tests/unit/shm/fixture.h"

#include "shm/limiter_key.h"

static struct region region;

static const char *
text_of(const struct limiter_key *key)
{
	static char text[LIMITER_KEY_TEXT];
	size_t n = limiter_key_text(key, text, sizeof(text));

	ck_assert_uint_eq(strlen(text), n);
	return text;
}

static struct limiter_key
made(uint64_t limit, const char *one, const char *two)
{
	struct limiter_key_maker m;
	struct limiter_key key;

	limiter_key_begin(&m, limit);
	if (one != NULL)
		limiter_key_add(&m, IMG_LIMIT_TENANT, slice_str(one));
	if (two != NULL)
		limiter_key_add(&m, IMG_LIMIT_ROUTE, slice_str(two));
	limiter_key_end(&region, &m, &key);
	ck_assert_uint_eq(key.hash, limiter_key_hash(&region, &key));
	ck_assert_uint_eq(key.limit, limit);
	return key;
}

static struct limiter_key
address(const char *text)
{
	struct addr a = { 0 };
	struct limiter_key key;

	ck_assert(addr_parse_ip(slice_str(text), &a));
	limiter_key_address(&region, 9, &a, &key);
	return key;
}

START_TEST(keys_differ)
{
	fixture_region(&region, 1);
	struct limiter_key a = made(1, "ab", "c"), b = made(1, "a", "bc");

	ck_assert_uint_ne(a.hash, b.hash);
	ck_assert_uint_ne(a.hash, made(2, "ab", "c").hash);
	ck_assert_uint_ne(made(1, "a", NULL).hash, made(1, NULL, "a").hash);
	ck_assert_uint_ne(made(1, NULL, NULL).hash, made(1, "", NULL).hash);
	b = made(1, "ab", "c");
	ck_assert_int_eq(memcmp(&a, &b, sizeof(a)), 0);
	ck_assert_uint_eq(a.n, 7);
	region_fini(&region);
}
END_TEST

START_TEST(addresses_are_short)
{
	fixture_region(&region, 1);
	struct limiter_key v4 = address("192.0.2.1");
	struct limiter_key v6 = address("2001:db8:1:2:3::4");
	struct limiter_key_maker m;
	struct limiter_key made_v6;
	struct addr a;

	ck_assert_uint_eq(v4.n, 6);
	ck_assert_uint_eq(v6.n, 10);
	ck_assert_uint_eq(v6.hash, address("2001:db8:1:2::").hash);
	ck_assert_uint_ne(v6.hash, address("2001:db8:1:3:3::4").hash);
	ck_assert(addr_parse_ip(SLICE_LIT("2001:db8:1:2::"), &a));
	limiter_key_begin(&m, 9);
	limiter_key_add_address(&m, &a);
	limiter_key_end(&region, &m, &made_v6);
	ck_assert_int_eq(memcmp(&made_v6, &v6, sizeof(v6)), 0);
	ck_assert_str_eq(text_of(&v4), "192.0.2.1");
	ck_assert_str_eq(text_of(&v6), "2001:db8:1:2::/64");
	region_fini(&region);
}
END_TEST

START_TEST(what_is_too_long_is_a_digest)
{
	char text[101];

	fixture_region(&region, 1);
	memset(text, 'x', 100);
	for (int n = 0; n <= 100; n++) {
		text[n] = '\0';
		struct limiter_key k = made(1, text, NULL);
		ck_assert_uint_eq(k.n, n <= 45 ? n + 2 : 18);
		if (n > 45)
			ck_assert_int_eq(memcmp(text_of(&k), "sha256:", 7), 0);
		text[n] = 'x';
	}
	text[60] = '\0';
	struct limiter_key one = made(1, text, NULL);
	/* The same after every restart: of {2, 60, 0, 0, 0} and 60 times x. */
	ck_assert_str_eq(
	    text_of(&one), "sha256:dcc80521da5da807c69bece085aaa421");
	text[59] = 'y';
	ck_assert_uint_ne(one.hash, made(1, text, NULL).hash);
	ck_assert_uint_ne(made(1, text, "a").hash, made(1, text, "b").hash);
	ck_assert_uint_eq(one.hash, limiter_key_hash(&region, &one));
	ck_assert_uint_eq(strlen(text_of(&one)), 7 + 32);
	region_fini(&region);
}
END_TEST

START_TEST(keys_are_shown)
{
	struct limiter_key k;
	char little[4];

	fixture_region(&region, 1);
	k = made(1, NULL, NULL);
	ck_assert_str_eq(text_of(&k), "all");
	k = made(1, "alice", NULL);
	ck_assert_str_eq(text_of(&k), "alice");
	k = made(1, "acme", "/v1/x");
	ck_assert_str_eq(text_of(&k), "acme,/v1/x");
	ck_assert_uint_eq(limiter_key_text(&k, little, sizeof(little)), 3);
	ck_assert_str_eq(little, "acm");
	k = made(1, "a b%\xff\n", NULL);
	ck_assert_str_eq(text_of(&k), "a%20b%25%ff%0a");
	/* Damaged ones stay inside. */
	k.bytes[1] = 255;
	ck_assert_str_eq(text_of(&k), "a%20b%25%ff%0a");
	k.n = 1;
	ck_assert_str_eq(text_of(&k), "");
	region_fini(&region);
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("limiter_key");

	tcase_add_test(tc, keys_differ);
	tcase_add_test(tc, addresses_are_short);
	tcase_add_test(tc, what_is_too_long_is_a_digest);
	tcase_add_test(tc, keys_are_shown);
	return fixture_run(tc, "limiter_key");
}
