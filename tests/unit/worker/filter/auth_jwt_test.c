/*
 * Tests of auth_jwt.c: which tokens are let in, why others are not, waiting for
 * keys; and that what the caches say is what a fresh look would say, whatever
 * is rotated and revoked meanwhile.
 */
#include "tests/unit/own_clock.h"
#include "tests/unit/worker/filter/auth_flow.h"

#include "common/base/hash.h"
#include "common/jose/jws.h"

#define HS JOSE_HS256
#define SECRETS 3

static char secret[SECRETS][48];
static char claims[4096], token_text[20000];
static struct img_auth *a;

static struct slice
secret_of(unsigned i)
{
	return slice_make(secret[i], sizeof(secret[i]));
}

/* A set of the secrets first..last, named "k0".., as the slot has it. */
static struct keyset *
set_make(unsigned first, unsigned last, bool named)
{
	struct keyset_build *build = malloc(sizeof(*build));
	struct keyset *set;
	char kid[8];

	keyset_build_init(build);
	for (unsigned i = first; i <= last && i < SECRETS; i++) {
		(void)snprintf(kid, sizeof(kid), "k%u", i);
		ck_assert_ptr_null(keyset_add_secret(
		    build, slice_str(named ? kid : ""), 0, secret_of(i)));
	}
	set = keyset_make(build);
	keyset_build_fini(build);
	free(build);
	return set;
}

static void
rotate_to(unsigned first, unsigned last)
{
	struct keyset *set = set_make(first, last, true);

	ck_assert(keysets_publish(&flow.region, flow.auths[0].slot,
	    slice_make((const char *)set, set->bytes)));
	free(set);
}

static void
start(void)
{
	for (unsigned i = 0; i < SECRETS; i++)
		memset(secret[i], 'A' + (int)i, sizeof(secret[i]));
	flow_begin();
	a = flow_auth(IMG_AUTH_JWT, "main");
	a->algs = 1u << JOSE_HS256 | 1u << JOSE_ES256;
	a->slot = keysets_slot(&flow.region, SLICE_LIT("main"));
	a->jwks_url = kit_str("http://127.0.0.1/keys");
	a->required = kit_strs("exp");
	flow_configure();
	rotate_to(0, 0);
}

/* "@" stands for now, as in {"exp":@+60}: the sum is taken. */
static const char *
claims_at(const char *format)
{
	size_t n = 0;

	for (const char *p = format; *p != '\0'; p++) {
		if (*p != '@') {
			claims[n++] = *p;
			continue;
		}
		char *end;
		long by = strtol(p + 1, &end, 10);

		n += (size_t)sprintf(
		    claims + n, "%lld", (long long)(env_now_s() + by));
		p = end - 1;
	}
	claims[n] = '\0';
	return claims;
}

static const char *
sign(unsigned key, const char *kid, const char *format)
{
	struct text t;

	text_init(&t);
	ck_assert(issue_token(HS, secret_of(key), slice_str(kid),
	    slice_str(claims_at(format)), &t));
	ck_assert_uint_lt(t.n, sizeof(token_text));
	memcpy(token_text, t.p, t.n);
	token_text[t.n] = '\0';
	text_fini(&t);
	return token_text;
}

#define GOOD "{\"sub\":\"alice\",\"roles\":[\"a\",\"b\"],\"exp\":@+60}"

START_TEST(a_good_token)
{
	for (unsigned i = 0; i < 3; i++) {
		flow_send_token(sign(0, "k0", GOOD));
		flow_is_in("alice");
		ck_assert_str_eq(flow.roles, "a,b");
	}
	flow_send_token(sign(0, "", GOOD));
	flow_is_in("alice");
}
END_TEST

START_TEST(bad_tokens)
{
	static const struct {
		const char *claims;
		enum why why;
	} rows[] = {
		{ "{\"exp\":@-1}", WHY_TOKEN_EXPIRED },
		{ "{\"exp\":\"soon\"}", WHY_TOKEN_CLAIMS },
		{ "{\"sub\":\"x\"}", WHY_TOKEN_CLAIMS },
		{ "{\"exp\":@+60,\"nbf\":@+60}", WHY_TOKEN_EARLY },
		{ "{\"exp\":@+60,\"sub\":\"\"}", WHY_TOKEN_CLAIMS },
		{ "{\"exp\":@+60,\"sub\":5}", WHY_TOKEN_CLAIMS },
		{ "{\"exp\":@+60,\"sub\":\"a\\r\\nb\"}", WHY_TOKEN_CLAIMS },
		{ "{\"exp\":@+60,\"roles\":[\"a,b\"]}", WHY_TOKEN_CLAIMS },
		{ "{\"exp\":@+60,\"iss\":\"them\"}", WHY_TOKEN_ISSUER },
		{ "{\"exp\":@+60,\"iss\":\"us\",\"aud\":\"x\"}",
		    WHY_TOKEN_AUDIENCE },
	};

	flow.auths[0].issuers = kit_strs("us we");
	flow.auths[0].audiences = kit_strs("api");
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (rows[i].why != WHY_TOKEN_ISSUER &&
		    rows[i].why != WHY_TOKEN_AUDIENCE)
			flow.auths[0].issuers.count =
			    flow.auths[0].audiences.count = 0;
		else
			flow.auths[0].issuers.count = 2,
			flow.auths[0].audiences.count = 1;
		flow_configure();
		flow_send_token(sign(0, "k0", rows[i].claims));
		ck_assert_uint_eq(flow.reached, 0);
		ck_assert_str_eq(
		    why_table[flow.why].word, why_table[rows[i].why].word);
	}
	flow_send_token(sign(0, "k0",
	    "{\"sub\":\"bob\",\"exp\":@+9,\"iss\":\"we\","
	    "\"aud\":[\"x\",\"api\"]}"));
	flow_is_in("bob");
}
END_TEST

START_TEST(leeway)
{
	flow.auths[0].leeway_us = 30000000;
	flow_configure();
	flow_send_token(sign(0, "k0", "{\"sub\":\"a\",\"exp\":@-20}"));
	flow_is_in("a");
	flow_send_token(token_text);
	flow_is_in("a");
	flow_send_token(sign(0, "k0", "{\"sub\":\"a\",\"exp\":@-31}"));
	flow_is_refused(TOKEN_EXPIRED);
}
END_TEST

/* The text itself is signed: nothing of it can be otherwise. */
START_TEST(changed_tokens)
{
	char good[1024], bad[1024];
	size_t n;

	/* Nor does anybody wait for a key of a changed name. */
	flow.auths[0].jwks_url.len = 0;
	flow_configure();
	(void)snprintf(good, sizeof(good), "%s", sign(0, "k0", GOOD));
	flow_send_token(good);
	flow_is_in("alice");
	n = strlen(good);
	for (size_t i = 0; i < n; i++) {
		memcpy(bad, good, n + 1);
		bad[i] = bad[i] == 'A' ? 'B' : 'A';
		flow_send_token(bad);
		ck_assert_uint_eq(flow.reached, 0);
		ck_assert_uint_eq(flow.status, 401);
		memcpy(bad, good, n + 1);
		bad[i] = '\0';
		flow_send_token(bad);
		ck_assert_uint_eq(flow.reached, 0);
	}
	(void)snprintf(bad, sizeof(bad), "%s=", good);
	flow_send_token(bad);
	flow_is_refused(TOKEN_MALFORMED);
	(void)snprintf(bad, sizeof(bad), "%s.", good);
	flow_send_token(bad);
	flow_is_refused(TOKEN_MALFORMED);
}
END_TEST

START_TEST(algorithms_and_types)
{
	flow.auths[0].algs = 1u << JOSE_ES256;
	flow_configure();
	flow_send_token(sign(0, "k0", GOOD));
	flow_is_refused(TOKEN_ALGORITHM);
	flow.auths[0].algs |= 1u << JOSE_HS256;
	flow.auths[0].types = kit_strs("at+jwt");
	flow.auths[0].hash[1]++;
	flow_configure();
	flow_send_token(sign(0, "k0", GOOD));
	flow_is_refused(TOKEN_MALFORMED);
}
END_TEST

START_TEST(a_public_key_is_no_secret)
{
	struct keyset_build *build = malloc(sizeof(*build));
	struct text pem, spki, t;
	struct keyset *set;

	text_init(&pem);
	text_init(&spki);
	text_init(&t);
	ck_assert(issue_key_make(&pem, &spki));
	keyset_build_init(build);
	ck_assert_ptr_null(
	    keyset_add_public(build, SLICE_LIT("k9"), 0, text_slice(&spki)));
	set = keyset_make(build);
	ck_assert(keysets_publish(&flow.region, flow.auths[0].slot,
	    slice_make((const char *)set, set->bytes)));
	ck_assert(issue_token(JOSE_ES256, text_slice(&pem), SLICE_LIT("k9"),
	    slice_str(claims_at(GOOD)), &t));
	text_add_char(&t, '\0');
	flow_send_token(t.p);
	flow_is_in("alice");
	text_clear(&t);
	ck_assert(issue_token(JOSE_HS256, text_slice(&spki), SLICE_LIT("k9"),
	    slice_str(claims_at(GOOD)), &t));
	text_add_char(&t, '\0');
	flow_send_token(t.p);
	flow_is_refused(TOKEN_ALGORITHM);
	keyset_free(set);
	keyset_build_fini(build);
	free(build);
	text_fini(&pem);
	text_fini(&spki);
	text_fini(&t);
}
END_TEST

/* A key without an id may be anybody's; one with another id is not. */
START_TEST(key_ids)
{
	struct keyset *set = set_make(0, 2, false);

	ck_assert(keysets_publish(&flow.region, flow.auths[0].slot,
	    slice_make((const char *)set, set->bytes)));
	flow_send_token(sign(2, "any", GOOD));
	flow_is_in("alice");
	free(set);
	rotate_to(0, 2);
	flow_send_token(sign(2, "", GOOD));
	flow_is_in("alice");
	flow_send_token(sign(2, "k1", GOOD));
	flow_is_refused(TOKEN_SIGNATURE);
}
END_TEST

/* ---- keys that are not there yet ---- */

/* The loop turns until the request has its answer. */
static void
settle(uint64_t at_most_ms)
{
	uint64_t end = own_us + at_most_ms * 1000;

	while (flow.q != NULL && flow.reached == 0 && own_us < end) {
		own_us += 5000;
		ck_assert(loop_turn(&flow.loop, 0));
	}
}

START_TEST(a_key_that_comes)
{
	flow_send_token(sign(1, "k1", GOOD));
	ck_assert_uint_eq(flow.status, 0);
	ck_assert_uint_eq(flow.woken, 1);
	ck_assert_uint_eq(flow.env.auth_waiting, 1);
	settle(50);
	ck_assert_uint_eq(flow.status, 0);
	ck_assert_uint_ne(
	    keysets_take_want(&flow.region, flow.auths[0].slot), 0);
	rotate_to(0, 1);
	settle(500);
	flow_is_in("alice");
	ck_assert_uint_eq(flow.env.auth_waiting, 0);
}
END_TEST

START_TEST(a_key_that_does_not_come)
{
	flow_send_token(sign(1, "k1", GOOD));
	ck_assert_uint_eq(flow.status, 0);
	/* The master is done, and has nothing new. */
	keysets_calm(
	    &flow.region, flow.auths[0].slot, clock_now().us + 10000000);
	settle(500);
	flow_is_refused(TOKEN_KEY);
	/* And is left alone. */
	flow_send_token(sign(1, "k1", GOOD));
	flow_is_refused(TOKEN_KEY);
	ck_assert_uint_eq(flow.woken, 1);
	ck_assert_uint_eq(flow.env.auth_waiting, 0);
}
END_TEST

START_TEST(another_set_without_the_key)
{
	flow_send_token(sign(1, "k1", GOOD));
	rotate_to(2, 2);
	settle(500);
	flow_is_refused(TOKEN_KEY);
}
END_TEST

START_TEST(a_master_that_does_not_answer)
{
	flow_send_token(sign(1, "k1", GOOD));
	settle(4000);
	flow_is_refused(TOKEN_KEY);
	ck_assert_uint_eq(flow.env.auth_waiting, 0);
}
END_TEST

START_TEST(no_set_at_all)
{
	flow.auths[0].slot = keysets_slot(&flow.region, SLICE_LIT("none"));
	flow_configure();
	flow_send_token(sign(0, "k0", GOOD));
	ck_assert_uint_eq(flow.status, 0);
	keysets_calm(
	    &flow.region, flow.auths[0].slot, clock_now().us + 10000000);
	settle(500);
	flow_is_refused(AUTH_UNAVAILABLE);
}
END_TEST

START_TEST(a_client_that_leaves)
{
	flow_send_token(sign(1, "k1", GOOD));
	ck_assert_ptr_nonnull(flow.q);
	req_end(flow.q, WHY_CLIENT_CLOSED, true);
	ck_assert_uint_eq(flow.env.auth_waiting, 0);
	rotate_to(0, 1);
	settle(30);
	ck_assert_uint_eq(flow.reached, 0);
}
END_TEST

START_TEST(a_body_waits_too)
{
	const char *token = sign(1, "k1", GOOD);

	kit_q.head.body = BODY_LENGTH;
	kit_q.head.length = 10;
	flow_send_token(token);
	ck_assert(flow.paused);
	rotate_to(0, 1);
	settle(500);
	flow_is_in("alice");
	ck_assert(!flow.paused);
}
END_TEST

START_TEST(too_many_wait)
{
	flow.env.auth_waiting = 256;
	flow_send_token(sign(1, "k1", GOOD));
	flow_is_refused(AUTH_UNAVAILABLE);
	flow.env.auth_waiting = 0;
}
END_TEST

/* ---- what caches say ---- */

enum { TOKENS = 24, STEPS = 20000 };

static char *tokens[TOKENS];

/* Token i: key i % 3, id "j<i>", user "u<i % 5>", issued 1000 + i. */
static void
tokens_make(void)
{
	char text[128], kid[8];

	for (unsigned i = 0; i < TOKENS; i++) {
		(void)snprintf(text, sizeof(text),
		    "{\"sub\":\"u%u\",\"jti\":\"j%u\",\"iat\":%u,"
		    "\"exp\":@+600}",
		    i % 5, i, 1000 + i);
		(void)snprintf(kid, sizeof(kid), "k%u", i % 3);
		tokens[i] = strdup(sign(i % 3, kid, text));
	}
}

struct outcome {
	unsigned reached;
	enum why why;
	char user[256];
};

static struct outcome
send_and_look(unsigned i)
{
	struct outcome o = { 0 };

	flow_send_token(tokens[i]);
	o.reached = flow.reached;
	o.why = flow.reached ? WHY_OK : flow.why;
	(void)snprintf(o.user, sizeof(o.user), "%s", flow.user);
	return o;
}

static void
revoke_something(uint64_t random)
{
	char value[16];
	unsigned i = (unsigned)(random >> 8) % TOKENS;
	struct revoke_entry e = { .kind = (random & 1) != 0 ? REVOKE_TOKEN
							    : REVOKE_USER,
		.value = slice_make(value, 0),
		.until_s = INT64_MAX };

	if ((random & 2) != 0)
		e.authenticator = SLICE_LIT("main");
	if (e.kind == REVOKE_TOKEN)
		e.value.n = (size_t)sprintf(value, "j%u", i);
	else
		e.value.n = (size_t)sprintf(value, "u%u", i % 5);
	e.before_s = 1000 + (int64_t)(random >> 24) % TOKENS;
	if ((random & 4) != 0)
		(void)revoke_lift(
		    &flow.region, e.kind, e.authenticator, e.value);
	else
		ck_assert(revoke_add(&flow.region, &e));
}

/* Each token is sent with the caches, and without: they must agree. */
START_TEST(a_hit_is_what_a_fresh_look_says)
{
	uint64_t random = 7;
	unsigned let_in = 0, refused = 0;

	tokens_make();
	/* An unknown key is refused at once: nobody will fetch one. */
	flow.auths[0].jwks_url.len = 0;
	flow_configure();
	for (unsigned step = 0; step < STEPS; step++) {
		struct outcome cached, fresh;
		struct img_auth *live = (void *)(uintptr_t)img_at(
		    &kit.head, kit.head.access.authenticators.off);
		unsigned i;

		random = hash_u64(random + step);
		i = (unsigned)(random % TOKENS);
		if (step % 97 == 0)
			rotate_to((unsigned)(random >> 8) % 3,
			    (unsigned)(random >> 16) % 3);
		if (step % 41 == 0)
			revoke_something(random >> 4);
		cached = send_and_look(i);
		live->cache = 0;
		fresh = send_and_look(i);
		live->cache = 1;
		ck_assert_uint_eq(cached.reached, fresh.reached);
		ck_assert_str_eq(
		    why_table[cached.why].word, why_table[fresh.why].word);
		ck_assert_str_eq(cached.user, fresh.user);
		let_in += cached.reached;
		refused += !cached.reached;
	}
	ck_assert_uint_gt(let_in, STEPS / 20);
	ck_assert_uint_gt(refused, STEPS / 20);
	ck_assert_uint_gt(
	    atomic_load(&flow.env.counters[COUNTER_AUTH_HITS]), STEPS / 20);
	for (unsigned i = 0; i < TOKENS; i++)
		free(tokens[i]);
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("auth_jwt");

	tcase_add_checked_fixture(tc, kit_begin, kit_end);
	tcase_add_checked_fixture(tc, start, flow_fini);
	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, a_good_token);
	tcase_add_test(tc, bad_tokens);
	tcase_add_test(tc, leeway);
	tcase_add_test(tc, changed_tokens);
	tcase_add_test(tc, algorithms_and_types);
	tcase_add_test(tc, a_public_key_is_no_secret);
	tcase_add_test(tc, key_ids);
	tcase_add_test(tc, a_key_that_comes);
	tcase_add_test(tc, a_key_that_does_not_come);
	tcase_add_test(tc, another_set_without_the_key);
	tcase_add_test(tc, a_master_that_does_not_answer);
	tcase_add_test(tc, no_set_at_all);
	tcase_add_test(tc, a_client_that_leaves);
	tcase_add_test(tc, a_body_waits_too);
	tcase_add_test(tc, too_many_wait);
	tcase_add_test(tc, a_hit_is_what_a_fresh_look_says);
	return fixture_run(tc, "auth_jwt");
}
