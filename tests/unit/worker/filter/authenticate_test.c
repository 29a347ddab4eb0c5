/*
 * Tests of authenticate.c and challenge.c: the order of authenticators, who
 * stays anonymous, and what a 401 says. With API keys, since they are short.
 */
#include "tests/unit/worker/filter/auth_flow.h"

#include <openssl/evp.h>

#include "shm/holders.h"

static struct img_auth *a, *b;

static void
holder_make(struct img_holder *h, const char *key, const char *user)
{
	size_t n;

	*h = (struct img_holder){ .name = kit_str(user),
		.expires_s = INT64_MAX };
	h->claims[IMG_CLAIM_USER] = kit_str(user);
	ck_assert(EVP_Q_digest(NULL, "SHA256", NULL, key, strlen(key),
		      h->sha256, &n) == 1);
}

static int
holder_order(const void *x, const void *y)
{
	return memcmp(x, y, 32);
}

/* The keys "ka".. of the users "a".. */
static void
add_holders(struct img_auth *to, unsigned count, int64_t expires_s)
{
	struct img_holder all[26];

	for (unsigned i = 0; i < count; i++) {
		char key[] = { 'k', (char)('a' + i), '\0' };

		holder_make(&all[i], key, key + 1);
		all[i].expires_s = expires_s;
	}
	qsort(all, count, sizeof(all[0]), holder_order);
	to->holders =
	    (struct img_span){ kit_put(all, count * sizeof(all[0])), count };
}

static void
start(void)
{
	flow_begin();
	a = flow_auth(IMG_AUTH_API_KEY, "first");
	a->header = kit_str("X-A");
	add_holders(a, 26, INT64_MAX);
	b = flow_auth(IMG_AUTH_API_KEY, "second \"b\"");
	b->header = kit_str("X-B");
	b->query = kit_str("b");
	add_holders(b, 3, INT64_MAX);
	flow_configure();
}

static void
send_keys(const char *in_a, const char *in_b)
{
	kit_q.head.count = kit_q.up.count = 0;
	if (in_a != NULL)
		kit_field("X-A", in_a);
	if (in_b != NULL)
		kit_field("X-B", in_b);
	flow_send();
}

START_TEST(every_key_is_found)
{
	for (unsigned round = 0; round < 2; round++)
		for (unsigned i = 0; i < 26; i++) {
			char key[] = { 'k', (char)('a' + i), '\0' };

			send_keys(key, NULL);
			flow_is_in(key + 1);
		}
	send_keys("kA", NULL);
	flow_is_refused(KEY_UNKNOWN);
	send_keys("k", NULL);
	flow_is_refused(KEY_UNKNOWN);
	send_keys("", NULL);
	flow_is_refused(KEY_UNKNOWN);
}
END_TEST

START_TEST(the_first_that_is_good)
{
	send_keys("ka", "kb");
	flow_is_in("a");
	send_keys(NULL, "kb");
	flow_is_in("b");
	send_keys("wrong", "kb");
	flow_is_in("b");
	send_keys("wrong", "wrong");
	flow_is_refused(KEY_UNKNOWN);
	send_keys(NULL, NULL);
	flow_is_refused(NO_CREDENTIALS);
}
END_TEST

START_TEST(anonymous)
{
	flow.route.anonymous = true;
	send_keys(NULL, NULL);
	ck_assert_uint_eq(flow.reached, 1);
	ck_assert_str_eq(flow.user, "");
	/* What is wrong is not nothing. */
	send_keys("wrong", NULL);
	flow_is_refused(KEY_UNKNOWN);
	send_keys(NULL, "kc");
	flow_is_in("c");
}
END_TEST

/* Even where another one would do. */
START_TEST(two_end_the_search)
{
	kit_q.head.count = kit_q.up.count = 0;
	kit_field("X-A", "ka");
	kit_field("x-a", "ka");
	kit_field("X-B", "kb");
	flow_send();
	flow_is_refused(TWO_CREDENTIALS);
	ck_assert_str_eq(flow.www, "");
}
END_TEST

START_TEST(they_expire)
{
	add_holders(a, 1, env_now_s() + 1000);
	flow_configure();
	send_keys("ka", NULL);
	flow_is_in("a");
	flow.auths[0].hash[1] = 1;
	add_holders(a, 1, env_now_s());
	flow_configure();
	send_keys("ka", NULL);
	flow_is_refused(KEY_EXPIRED);
	send_keys("ka", NULL);
	flow_is_refused(KEY_EXPIRED);
}
END_TEST

START_TEST(they_are_revoked)
{
	struct revoke_entry e = { .kind = REVOKE_TOKEN,
		.authenticator = SLICE_LIT("first"),
		.value = SLICE_LIT("a"),
		.until_s = INT64_MAX };

	send_keys("ka", NULL);
	flow_is_in("a");
	ck_assert(revoke_add(&flow.region, &e));
	send_keys("ka", NULL);
	flow_is_refused(TOKEN_REVOKED);
	send_keys("kb", NULL);
	flow_is_in("b");
	/* Of another authenticator. */
	send_keys(NULL, "ka");
	flow_is_in("a");
}
END_TEST

/* ---- keys that were added ---- */

static struct holders *
added_make(uint64_t *bytes, const char *key, int64_t made_s)
{
	static alignas(8) char room[4096];
	struct holders *h = (void *)room;
	struct img_holder is;
	char *at = (char *)&h->entry[1];

	holder_make(&is, key, "added");
	memcpy(at, "added", 5);
	is.name = is.claims[IMG_CLAIM_USER] =
	    (struct img_str){ (uint32_t)(at - room), 5 };
	for (unsigned i = 0; i < IMG_CLAIMS; i++)
		if (i != IMG_CLAIM_USER)
			is.claims[i] = (struct img_str){ 0, 0 };
	*h = (struct holders){ .magic = HOLDERS_MAGIC, .count = 1 };
	h->entry[0] = (struct holders_entry){ is, made_s };
	*bytes = (uint64_t)(at + 5 - room);
	h->bytes = (uint32_t)*bytes;
	return h;
}

static void
publish(uint32_t slot, const char *key, int64_t made_s)
{
	uint64_t bytes;
	struct holders *h = added_make(&bytes, key, made_s);

	ck_assert(keysets_publish(
	    &flow.region, slot, slice_make((const char *)h, bytes)));
}

START_TEST(keys_that_were_added)
{
	struct revoke_entry e = { .kind = REVOKE_USER,
		.value = SLICE_LIT("added"),
		.before_s = 100,
		.until_s = INT64_MAX };

	flow.auths[0].slot = keysets_slot(&flow.region, SLICE_LIT("first"));
	flow_configure();
	send_keys("new", NULL);
	flow_is_refused(KEY_UNKNOWN);
	publish(flow.auths[0].slot, "new", 50);
	send_keys("new", NULL);
	flow_is_in("added");
	send_keys("ka", NULL);
	flow_is_in("a");
	/* Revoked as made before then, and made anew. */
	ck_assert(revoke_add(&flow.region, &e));
	send_keys("new", NULL);
	flow_is_refused(TOKEN_REVOKED);
	publish(flow.auths[0].slot, "new", 150);
	send_keys("new", NULL);
	flow_is_in("added");
	publish(flow.auths[0].slot, "other", 150);
	send_keys("new", NULL);
	flow_is_refused(KEY_UNKNOWN);
	send_keys("other", NULL);
	flow_is_in("added");
	/* What is no such block is nothing. */
	ck_assert(keysets_publish(&flow.region, flow.auths[0].slot,
	    SLICE_LIT("no holders at all, but enough bytes to look like some: "
		      "much more than the head of the block needs")));
	send_keys("other", NULL);
	flow_is_refused(KEY_UNKNOWN);
}
END_TEST

START_TEST(they_are_stripped)
{
	send_keys("ka", NULL);
	ck_assert_ptr_null(flow.q->stripped);
	flow.auths[0].strip = flow.auths[1].strip = 1;
	flow_configure();
	send_keys("ka", NULL);
	flow_is_in("a");
	ck_assert_ptr_nonnull(flow.q->stripped);
	kit_q.head.count = 0;
	kit_q.uri.query = SLICE_LIT("x=1&b=kb");
	kit_q.uri.has_query = true;
	flow_send();
	flow_is_in("b");
	ck_assert_slice_eq(flow.q->uri.query, "x=1");
}
END_TEST

/* ---- challenges ---- */

START_TEST(one_challenge_for_a_scheme)
{
	(void)flow_auth(IMG_AUTH_JWT, "tokens");
	(void)flow_auth(IMG_AUTH_BASIC, "people");
	(void)flow_auth(IMG_AUTH_JWT, "more tokens");
	(void)flow_auth(IMG_AUTH_MTLS, "cert");
	flow_configure();
	send_keys(NULL, NULL);
	flow_is_refused(NO_CREDENTIALS);
	ck_assert_str_eq(flow.www,
	    "ApiKey realm=\"first\", Bearer realm=\"tokens\", "
	    "Basic realm=\"people\", "
	    "Certificate realm=\"cert\"");
	/* A wrong key is no wrong token. */
	send_keys("wrong", NULL);
	flow_is_refused(KEY_UNKNOWN);
	ck_assert_ptr_null(strstr(flow.www, "error"));
	/* RFC 6750 3.1 */
	flow_send_token("wrong");
	flow_is_refused(TOKEN_MALFORMED);
	ck_assert_ptr_nonnull(strstr(flow.www,
	    "Bearer realm=\"tokens\", error=\"invalid_token\", "
	    "error_description=\"The token is not a JWT in compact form"));
}
END_TEST

START_TEST(the_challenge_of_one)
{
	flow.auth_count = 0;
	(void)flow_auth(IMG_AUTH_JWT, "tokens");
	flow_configure();
	flow_send_token("");
	flow_is_refused(NO_CREDENTIALS);
	ck_assert_str_eq(flow.www, "Bearer realm=\"tokens\"");
	flow_send_token("wrong");
	flow_is_refused(TOKEN_MALFORMED);
	ck_assert_ptr_nonnull(
	    strstr(flow.www, "Bearer realm=\"tokens\", error=\"invalid_token"));
}
END_TEST

/* RFC 6750 3: what an error_description may consist of. */
START_TEST(helps_can_be_quoted)
{
	for (unsigned i = 0; i < WHY_COUNT; i++) {
		const char *p = why_table[i].help;

		if (why_table[i].status != 401)
			continue;
		for (; *p != '\0'; p++)
			ck_assert_msg(
			    *p >= 0x20 && *p <= 0x7e && *p != '"' && *p != '\\',
			    "%s", why_table[i].word);
	}
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("authenticate");

	tcase_add_checked_fixture(tc, kit_begin, kit_end);
	tcase_add_checked_fixture(tc, start, flow_fini);
	tcase_add_test(tc, every_key_is_found);
	tcase_add_test(tc, the_first_that_is_good);
	tcase_add_test(tc, anonymous);
	tcase_add_test(tc, two_end_the_search);
	tcase_add_test(tc, they_expire);
	tcase_add_test(tc, they_are_revoked);
	tcase_add_test(tc, keys_that_were_added);
	tcase_add_test(tc, they_are_stripped);
	tcase_add_test(tc, one_challenge_for_a_scheme);
	tcase_add_test(tc, the_challenge_of_one);
	tcase_add_test(tc, helps_can_be_quoted);
	return fixture_run(tc, "authenticate");
}
