/*
 * Tests of issued.c: what tokens of the gateway say, to the letter, and that
 * nothing but its refresh tokens is read as one.
 */
#include "worker/flow/issued.h"

#include "common/jose/base64url.h"
#include "common/jose/issue.h"
#include "common/jose/jws.h"
#include "common/jose/keyset.h"
#include "common/jose/verify.h"
#include "shm/families.h"
#include "shm/signing.h"
#include "tests/unit/shm/fixture.h"
#include "tests/unit/worker/filter/auth_kit.h"

#define NOW 1000000
#define SECRET "01234567890123456789012345678901"

static struct region region;
static struct env env;
static struct img_issuer issuer;
static struct issued_by by;
static struct identity *id;
static char buf[ISSUED_BYTES_MAX], room[4 * ISSUED_BYTES_MAX];
static struct text out;

/* ---- what it stands on ---- */

static void
setup(void)
{
	memset(&env, 0, sizeof(env));
	fixture_region(&region, 1);
	env.region = &region;
	issuer = (struct img_issuer){ .issuer = kit_str("https://gw"),
		.audiences = kit_strs("api"),
		.alg = JOSE_ES256,
		.lifetime_us = 60000000 };
	by = (struct issued_by){ &env, &kit.head, SECRET, &issuer, NOW };
	text_init_fixed(&out, buf, sizeof(buf));
}

static void
teardown(void)
{
	identity_unref(id);
	id = NULL;
	issued_fini(&env);
	region_fini(&region);
}

static void
hs256(void)
{
	issuer.alg = JOSE_HS256;
	issuer.secret = (struct img_secret){ 0, sizeof(SECRET) - 1 };
}

static struct signing_key
rotate(const char *kid)
{
	struct signing_key k = { .made_s = 1 };
	struct text pem = { 0 }, spki = { 0 };

	ck_assert(issue_key_make(&pem, &spki));
	memcpy(k.kid, kid, SIGNING_KID);
	memcpy(k.pem, pem.p, pem.n);
	memcpy(k.spki, spki.p, spki.n);
	k.pem_bytes = (uint16_t)pem.n;
	k.spki_bytes = (uint16_t)spki.n;
	signing_rotate(&region, &k);
	text_fini(&pem);
	text_fini(&spki);
	return k;
}

static void
identify(const char *user, const char *roles)
{
	struct identity_parts p = { .type = IMG_AUTH_BASIC,
		.authenticator = SLICE_LIT("ops"),
		.issued_s = INT64_MIN,
		.expires_s = INT64_MAX };

	p.claim[IMG_CLAIM_USER] = slice_str(user);
	p.claim[IMG_CLAIM_ROLES] = slice_str(roles);
	identity_unref(id);
	id = identity_new(&p);
}

static struct slice
payload(void)
{
	struct jws t;

	ck_assert_int_eq(jws_parse(text_slice(&out), room, &t), JWS_OK);
	ck_assert(slice_eq(t.typ, SLICE_LIT("JWT")));
	return t.payload;
}

static bool
verifies_by(const struct signing_key *k)
{
	struct keyset_build b;
	struct verify_key *v;
	struct keyset *set;
	struct jws t;
	bool good;

	keyset_build_init(&b);
	ck_assert_ptr_null(keyset_add_public(&b,
	    slice_make(k->kid, SIGNING_KID), 1u << JOSE_ES256,
	    slice_make((const char *)k->spki, k->spki_bytes)));
	set = keyset_make(&b);
	v = verify_key_new(set, &set->key[0]);
	ck_assert_int_eq(jws_parse(text_slice(&out), room, &t), JWS_OK);
	good = slice_eq(t.kid, slice_make(k->kid, SIGNING_KID)) &&
	    verify_token(v, &t);
	verify_key_free(v);
	keyset_free(set);
	keyset_build_fini(&b);
	return good;
}

/* ---- for services and clients ---- */

START_TEST(for_services)
{
	struct signing_key first = rotate("first-kid-0000000000000"), next;

	identify("al\"ice", "admin");
	ck_assert_int_eq(
	    issued_service(&by, SLICE_LIT("be"), id, &out), ISSUED_OK);
	ck_assert_slice_eq(payload(),
	    "{\"iss\":\"https://gw\",\"aud\":\"api\",\"iat\":1000000,\"exp\":"
	    "1000060,\"service\":\"be\",\"sub\":\"al\\\"ice\"}");
	ck_assert(verifies_by(&first));
	/* Anonymous; and by the key that signs, not by the one to come. */
	next = rotate("next-kid-00000000000000");
	text_init_fixed(&out, buf, sizeof(buf));
	ck_assert_int_eq(
	    issued_service(&by, SLICE_LIT("be"), NULL, &out), ISSUED_OK);
	ck_assert_slice_eq(payload(),
	    "{\"iss\":\"https://gw\",\"aud\":\"api\",\"iat\":1000000,\"exp\":"
	    "1000060,\"service\":\"be\"}");
	ck_assert(verifies_by(&first) && !verifies_by(&next));
	(void)rotate("last-kid-00000000000000");
	text_init_fixed(&out, buf, sizeof(buf));
	ck_assert_int_eq(
	    issued_service(&by, SLICE_LIT("be"), NULL, &out), ISSUED_OK);
	ck_assert(verifies_by(&next));
}
END_TEST

static void
access_is(const char *want)
{
	struct slice p;
	char *jti;

	text_init_fixed(&out, buf, sizeof(buf));
	ck_assert_int_eq(issued_access(&by, id, INT64_MAX, &out), ISSUED_OK);
	p = payload();
	room[p.p - room + p.n] = '\0';
	jti = strstr(room + (p.p - room), "\"jti\":\"");
	ck_assert_ptr_nonnull(jti);
	jti += 7;
	ck_assert_int_eq(strcspn(jti, "\""), 22);
	memset(jti, 'J', 22);
	ck_assert_slice_eq(p, want);
}

START_TEST(for_clients)
{
	struct identity_parts p = { .authenticator = SLICE_LIT("ops"),
		.expires_s = INT64_MAX };

	hs256();
	identify("alice", "");
	access_is("{\"aud\":\"api\",\"exp\":1000060,\"iat\":1000000,\"iss\":"
		  "\"https://gw\",\"jti\":\"JJJJJJJJJJJJJJJJJJJJJJ\",\"sub\":"
		  "\"alice\"}");
	identity_unref(id);
	p.claim[IMG_CLAIM_EMAIL] = SLICE_LIT("a@b");
	p.claim[IMG_CLAIM_ROLES] = SLICE_LIT("a b,c");
	p.claim[IMG_CLAIM_PERMISSIONS] = SLICE_LIT("x:y");
	p.claim[IMG_CLAIM_TENANT] = SLICE_LIT("t1");
	p.claim[IMG_CLAIM_SERVICE] = SLICE_LIT("s");
	id = identity_new(&p);
	issuer.audiences = kit_strs("api web");
	access_is("{\"aud\":[\"api\",\"web\"],\"email\":\"a@b\",\"exp\":1000060"
		  ",\"iat\":1000000,\"iss\":\"https://gw\",\"jti\":"
		  "\"JJJJJJJJJJJJJJJJJJJJJJ\",\"permissions\":[\"x:y\"],"
		  "\"roles\":[\"a b\",\"c\"],\"service\":\"s\",\"tenant_id\":"
		  "\"t1\"}");
	issuer.audiences.count = 0;
	identify("bob", "");
	access_is("{\"exp\":1000060,\"iat\":1000000,\"iss\":\"https://gw\","
		  "\"jti\":\"JJJJJJJJJJJJJJJJJJJJJJ\",\"sub\":\"bob\"}");
}
END_TEST

/* What it rests on ends sooner. */
START_TEST(ends_with_what_it_is_for)
{
	static const struct {
		int64_t until_s;
		const char *exp;
	} c[] = {
		{ NOW + 10, "\"exp\":1000010," },
		{ NOW + 60, "\"exp\":1000060," },
		{ NOW + 61, "\"exp\":1000060," },
	};

	hs256();
	identify("alice", "");
	ck_assert_int_eq(
	    issued_access(&by, id, c[_i].until_s, &out), ISSUED_OK);
	struct slice p = payload();
	ck_assert_ptr_nonnull(memmem(p.p, p.n, c[_i].exp, strlen(c[_i].exp)));
}
END_TEST

START_TEST(ids_differ)
{
	char first[ISSUED_BYTES_MAX];
	struct text one;

	hs256();
	identify("alice", "");
	text_init_fixed(&one, first, sizeof(first));
	ck_assert_int_eq(issued_access(&by, id, INT64_MAX, &one), ISSUED_OK);
	ck_assert_int_eq(issued_access(&by, id, INT64_MAX, &out), ISSUED_OK);
	ck_assert(!slice_eq(text_slice(&one), text_slice(&out)));
}
END_TEST

START_TEST(cannot)
{
	char roles[ISSUED_CLAIMS_MAX];
	struct issued_refresh r = { .family = 1, .expires_s = NOW + 1 };

	identify("alice", "");
	ck_assert_int_eq(
	    issued_service(&by, SLICE_LIT("be"), id, &out), ISSUED_NO_KEY);
	ck_assert_int_eq(
	    issued_access(&by, id, INT64_MAX, &out), ISSUED_NO_KEY);
	ck_assert_uint_eq(out.n, 0);
	hs256();
	memset(roles, 'r', sizeof(roles) - 200);
	roles[sizeof(roles) - 200] = '\0';
	identify("alice", roles);
	ck_assert_int_eq(issued_access(&by, id, INT64_MAX, &out), ISSUED_OK);
	text_init_fixed(&out, buf, sizeof(buf));
	memset(roles, 'r', sizeof(roles) - 1);
	roles[sizeof(roles) - 1] = '\0';
	identify("alice", roles);
	ck_assert_int_eq(
	    issued_access(&by, id, INT64_MAX, &out), ISSUED_TOO_LONG);
	r.parts.claim[IMG_CLAIM_ROLES] = slice_str(roles);
	ck_assert_int_eq(issued_refresh_sign(&by, &r, &out), ISSUED_TOO_LONG);
	identify(roles, "");
	ck_assert_int_eq(
	    issued_service(&by, SLICE_LIT("be"), id, &out), ISSUED_TOO_LONG);
	ck_assert_uint_eq(out.n, 0);
}
END_TEST

/* ---- refresh tokens ---- */

static struct issued_refresh
refresh_of(uint32_t turn)
{
	struct issued_refresh r = { .family = 0x0123456789abcdef,
		.turn = turn,
		.expires_s = NOW + 100,
		.mark = SLICE_LIT("0011223344556677") };

	r.parts.authenticator = SLICE_LIT("o\"ps");
	r.parts.token_id = SLICE_LIT("k1");
	r.parts.claim[IMG_CLAIM_USER] = SLICE_LIT("al\\ice");
	r.parts.claim[IMG_CLAIM_ROLES] = SLICE_LIT("a,b");
	r.parts.claim[IMG_CLAIM_TENANT] = SLICE_LIT("t1");
	return r;
}

START_TEST(refresh_comes_back)
{
	struct issued_refresh r = refresh_of(FAMILY_TURNS_MAX), got;

	ck_assert_int_eq(issued_refresh_sign(&by, &r, &out), ISSUED_OK);
	ck_assert(
	    issued_refresh_read(&env, text_slice(&out), NOW + 99, room, &got));
	ck_assert_uint_eq(got.family, r.family);
	ck_assert_uint_eq(got.turn, FAMILY_TURNS_MAX);
	ck_assert_int_eq(got.issued_s, NOW);
	ck_assert_int_eq(got.expires_s, NOW + 100);
	ck_assert_int_eq(got.parts.issued_s, NOW);
	ck_assert_int_eq(got.parts.expires_s, NOW + 100);
	ck_assert_slice_eq(got.mark, "0011223344556677");
	ck_assert_slice_eq(got.parts.authenticator, "o\"ps");
	ck_assert_slice_eq(got.parts.token_id, "k1");
	ck_assert_slice_eq(got.parts.claim[IMG_CLAIM_USER], "al\\ice");
	ck_assert_slice_eq(got.parts.claim[IMG_CLAIM_ROLES], "a,b");
	ck_assert_slice_eq(got.parts.claim[IMG_CLAIM_TENANT], "t1");
	ck_assert_uint_eq(got.parts.claim[IMG_CLAIM_EMAIL].n, 0);
	ck_assert(!issued_refresh_read(
	    &env, text_slice(&out), NOW + 100, room, &got));
}
END_TEST

START_TEST(refresh_of_another_region)
{
	struct issued_refresh r = refresh_of(0), got;

	ck_assert_int_eq(issued_refresh_sign(&by, &r, &out), ISSUED_OK);
	region_secrets(&region)->refresh[31] ^= 1;
	ck_assert(
	    !issued_refresh_read(&env, text_slice(&out), NOW, room, &got));
	region_secrets(&region)->refresh[31] ^= 1;
	ck_assert(issued_refresh_read(&env, text_slice(&out), NOW, room, &got));
}
END_TEST

/* Every byte of it counts. */
START_TEST(refresh_changed)
{
	struct issued_refresh r = refresh_of(0), got;

	ck_assert_int_eq(issued_refresh_sign(&by, &r, &out), ISSUED_OK);
	for (size_t i = 0; i < out.n; i++) {
		buf[i] ^= 1;
		ck_assert(!issued_refresh_read(
		    &env, text_slice(&out), NOW, room, &got));
		buf[i] ^= 1;
		ck_assert(!issued_refresh_read(
		    &env, slice_make(buf, i), NOW, room, &got));
	}
}
END_TEST

/* Tokens of other kinds, by whatever key. */
START_TEST(refresh_is_no_other)
{
	struct issued_refresh got;

	(void)rotate("first-kid-0000000000000");
	identify("alice", "admin");
	ck_assert_int_eq(issued_access(&by, id, INT64_MAX, &out), ISSUED_OK);
	ck_assert(
	    !issued_refresh_read(&env, text_slice(&out), NOW, room, &got));
	hs256();
	by.secrets = (const char *)region_secrets(&region)->refresh;
	text_init_fixed(&out, buf, sizeof(buf));
	ck_assert_int_eq(issued_access(&by, id, INT64_MAX, &out), ISSUED_OK);
	ck_assert(
	    !issued_refresh_read(&env, text_slice(&out), NOW, room, &got));
	text_init_fixed(&out, buf, sizeof(buf));
	ck_assert_int_eq(
	    issued_service(&by, SLICE_LIT("be"), id, &out), ISSUED_OK);
	ck_assert(
	    !issued_refresh_read(&env, text_slice(&out), NOW, room, &got));
}
END_TEST

#define F "\"family\":\"0123456789abcdef\","
#define T "\"turn\":0,"
#define I "\"iat\":1,"
#define E "\"exp\":9000000,"

/* Signed as ours are, but not by us: a secret that is none any more. */
START_TEST(refresh_that_we_never_wrote)
{
	static const struct {
		const char *claims;
		bool good;
	} c[] = {
		{ "{" F T I E "\"sub\":\"a\"}", true },
		{ "{}", false },
		{ "{" T I E "\"sub\":\"a\"}", false },
		{ "{" F I E "\"sub\":\"a\"}", false },
		{ "{" F T E "\"sub\":\"a\"}", false },
		{ "{" F T I "\"sub\":\"a\"}", false },
		{ "{\"family\":1," T I E "\"sub\":\"a\"}", false },
		{ "{\"family\":\"0000000000000000\"," T I E "\"sub\":\"a\"}",
		    false },
		{ "{\"family\":\"0123456789abcde\"," T I E "\"sub\":\"a\"}",
		    false },
		{ "{\"family\":\"0123456789ABCDEF\"," T I E "\"sub\":\"a\"}",
		    false },
		{ "{" F "\"turn\":-1," I E "\"sub\":\"a\"}", false },
		{ "{" F "\"turn\":65536," I E "\"sub\":\"a\"}", false },
		{ "{" F "\"turn\":4294967296," I E "\"sub\":\"a\"}", false },
		{ "{" F "\"turn\":\"0\"," I E "\"sub\":\"a\"}", false },
		{ "{" F T I "\"exp\":\"9\",\"sub\":\"a\"}", false },
		{ "{" F T I E "\"sub\":1}", false },
		{ "{" F T I E "\"sub\":null}", false },
		{ "{" F T I E "\"roles\":[\"a\"]}", false },
		{ "{" F T I E "\"by\":{}}", false },
		{ "{" F T I E "\"id\":true}", false },
		{ "{" F T I E "\"mark\":[]}", false },
	};
	struct issued_refresh got;

	ck_assert(issue_token(JOSE_HS256,
	    slice_make((const char *)region_secrets(&region)->refresh, 32),
	    SLICE_NONE, slice_str(c[_i].claims), &out));
	ck_assert(issued_refresh_read(
		      &env, text_slice(&out), NOW, room, &got) == c[_i].good);
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("all");

	tcase_add_checked_fixture(tc, kit_begin, kit_end);
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, for_services);
	tcase_add_test(tc, for_clients);
	tcase_add_loop_test(tc, ends_with_what_it_is_for, 0, 3);
	tcase_add_test(tc, ids_differ);
	tcase_add_test(tc, cannot);
	tcase_add_test(tc, refresh_comes_back);
	tcase_add_test(tc, refresh_of_another_region);
	tcase_add_test(tc, refresh_changed);
	tcase_add_test(tc, refresh_is_no_other);
	tcase_add_loop_test(tc, refresh_that_we_never_wrote, 0, 21);
	return fixture_run(tc, "issued");
}
