/*
 * What requests are counted by: the bytes, and in which table.
 */
#include "tests/unit/worker/filter/limit_kit.h"

static char text[512];

static struct limit_charge
made(const struct img_limit *l)
{
	struct limit_charge c = { 0 };

	lk_configure();
	lk.q = lk_make();
	(void)lk_authenticate(lk.q);
	limit_key_make(lk.q, l, &c);
	ck_assert_uint_eq(c.key.limit, l->id);
	text[limiter_key_text(&c.key, text, sizeof(text) - 1)] = '\0';
	req_end(lk.q, WHY_OK, false);
	return c;
}

#define expect_key(l, want, in)                         \
	do {                                            \
		ck_assert_uint_eq(made(l).table, (in)); \
		ck_assert_str_eq(text, want);           \
	} while (0)

static void
alice(void)
{
	lk.anybody = true;
	lk.parts.claim[IMG_CLAIM_USER] = SLICE_LIT("alice");
	lk.parts.claim[IMG_CLAIM_TENANT] = SLICE_LIT("acme");
	lk.parts.claim[IMG_CLAIM_SERVICE] = SLICE_LIT("batch");
}

START_TEST(addresses)
{
	const struct img_limit *l =
	    lk_limit(IMG_LIMIT_TOKEN_BUCKET, 1, "address");
	uint64_t first;

	lk_from("192.0.2.1");
	expect_key(l, "192.0.2.1", LIMITER_ADDRESS);
	/* A net of IPv6 is one. */
	lk_from("2001:db8:0:1::1");
	first = made(l).key.hash;
	lk_from("2001:db8:0:1:ffff::2");
	ck_assert_uint_eq(made(l).key.hash, first);
	lk_from("2001:db8:0:2::1");
	ck_assert_uint_ne(made(l).key.hash, first);
}
END_TEST

START_TEST(identities)
{
	const struct img_limit *user =
	    lk_limit(IMG_LIMIT_TOKEN_BUCKET, 1, "user");
	const struct img_limit *all =
	    lk_limit(IMG_LIMIT_TOKEN_BUCKET, 1, "tenant service route user");
	const struct img_limit *quota = lk_limit(IMG_LIMIT_QUOTA, 1, "tenant");

	lk_from("192.0.2.1");
	alice();
	expect_key(user, "alice", LIMITER_IDENTITY);
	expect_key(all, "acme,batch,the-route,alice", LIMITER_IDENTITY);
	expect_key(quota, "acme", LIMITER_QUOTA);
	/* What is not known is the address, once. */
	lk.parts.claim[IMG_CLAIM_TENANT] = SLICE_NONE;
	expect_key(all, "192.0.2.1,batch,the-route,alice", LIMITER_ADDRESS);
	expect_key(quota, "192.0.2.1", LIMITER_QUOTA);
	lk.anybody = false;
	expect_key(user, "192.0.2.1", LIMITER_ADDRESS);
	expect_key(all, "192.0.2.1,the-route", LIMITER_ADDRESS);
}
END_TEST

START_TEST(headers)
{
	const struct img_limit *own =
	    lk_limit(IMG_LIMIT_TOKEN_BUCKET, 1, "X-Key");
	const struct img_limit *known =
	    lk_limit(IMG_LIMIT_TOKEN_BUCKET, 1, "User-Agent route");
	const struct img_limit *host =
	    lk_limit(IMG_LIMIT_TOKEN_BUCKET, 1, "Host");

	lk_from("192.0.2.1");
	expect_key(own, "192.0.2.1", LIMITER_ADDRESS);
	kit_field("x-key", "k1");
	kit_field("User-Agent", "me");
	kit_q.head.host = SLICE_LIT("a.example");
	expect_key(own, "k1", LIMITER_ADDRESS);
	expect_key(known, "me,the-route", LIMITER_ADDRESS);
	expect_key(host, "a.example", LIMITER_ADDRESS);
	/* Of several the endpoint might take another one; empty is none. */
	kit_field("X-Key", "k2");
	expect_key(own, "192.0.2.1", LIMITER_ADDRESS);
	kit_q.head.count = 0;
	kit_field("X-Key", "");
	expect_key(own, "192.0.2.1", LIMITER_ADDRESS);
}
END_TEST

START_TEST(what_is_the_same)
{
	const struct img_limit *a = lk_limit(IMG_LIMIT_TOKEN_BUCKET, 1, "");
	const struct img_limit *b = lk_limit(IMG_LIMIT_TOKEN_BUCKET, 1, "");
	const struct img_limit *user =
	    lk_limit(IMG_LIMIT_TOKEN_BUCKET, 1, "user");
	uint64_t hash;

	lk_from("192.0.2.1");
	alice();
	expect_key(a, "all", LIMITER_IDENTITY);
	hash = made(a).key.hash;
	lk_from("192.0.2.2");
	ck_assert_uint_eq(made(a).key.hash, hash);
	ck_assert_uint_ne(made(b).key.hash, hash);
	/* No user is taken for an address, however it calls itself. */
	lk.parts.claim[IMG_CLAIM_USER] = SLICE_LIT("192.0.2.2");
	hash = made(user).key.hash;
	lk.anybody = false;
	ck_assert_uint_ne(made(user).key.hash, hash);
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("limit_key");

	tcase_add_checked_fixture(tc, lk_begin, lk_fini);
	tcase_add_test(tc, addresses);
	tcase_add_test(tc, identities);
	tcase_add_test(tc, headers);
	tcase_add_test(tc, what_is_the_same);
	return kit_run(tc, "limit_key");
}
