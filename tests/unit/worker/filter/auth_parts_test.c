/* Tests of auth_parts.c: what of a token, or a holder, may be told. */
#include "tests/unit/worker/filter/auth_kit.h"

#include "worker/filter/auth_parts.h"

static struct identity_parts parts;
static struct arena arena;

/* With these claims of the authenticator: user, roles, permissions. */
static bool
read_claims(const char *json, const char *user, const char *roles,
    const char *permissions)
{
	struct img_auth a = { 0 };
	struct json_members all;

	a.claims[IMG_CLAIM_USER] = kit_str(user);
	a.claims[IMG_CLAIM_ROLES] = kit_str(roles);
	a.claims[IMG_CLAIM_PERMISSIONS] = kit_str(permissions);
	ck_assert_msg(json_read_members(slice_str(json), &all), "%s", json);
	arena_fini(&arena);
	arena_init(&arena, NULL, 0, 1u << 20);
	parts = (struct identity_parts){ 0 };
	return auth_parts_claims(&kit.head, &a, &all, &arena, &parts);
}

static bool
read_one(const char *json)
{
	return read_claims(json, "sub", "roles", "scope");
}

static void
user_is(const char *json, const char *user)
{
	ck_assert_msg(read_one(json), "%s", json);
	ck_assert_slice_eq(parts.claim[IMG_CLAIM_USER], user);
}

static void
roles_are(const char *json, const char *roles)
{
	ck_assert_msg(read_one(json), "%s", json);
	ck_assert_slice_eq(parts.claim[IMG_CLAIM_ROLES], roles);
}

START_TEST(what_may_be_told)
{
	ck_assert(auth_parts_fit(SLICE_LIT("a")));
	ck_assert(auth_parts_fit(SLICE_LIT("J\xc3\xb6rg M.")));
	ck_assert(auth_parts_fit(SLICE_LIT("\xf0\x9f\x94\x91")));
	ck_assert(!auth_parts_fit(SLICE_LIT("")));
	ck_assert(!auth_parts_fit(SLICE_LIT("a\nb")));
	ck_assert(!auth_parts_fit(SLICE_LIT("a\rb")));
	ck_assert(!auth_parts_fit(SLICE_LIT("a\tb")));
	ck_assert(!auth_parts_fit(SLICE_LIT("a\0b")));
	ck_assert(!auth_parts_fit(SLICE_LIT("a\x7f")));
	ck_assert(!auth_parts_fit(SLICE_LIT("a\xc2\x85")));
	ck_assert(!auth_parts_fit(SLICE_LIT("a\xc3")));
	ck_assert(!auth_parts_fit(SLICE_LIT("\xff")));
	ck_assert(!auth_parts_fit(SLICE_LIT(" a")));
	ck_assert(!auth_parts_fit(SLICE_LIT("a ")));
}
END_TEST

START_TEST(strings)
{
	user_is("{\"sub\":\"alice\"}", "alice");
	user_is("{\"sub\":\"\\u0061lice\"}", "alice");
	user_is("{\"sub\":\"a, b\"}", "a, b");
	user_is("{}", "");
	user_is("{\"sub\":null}", "");
	ck_assert(!read_one("{\"sub\":\"\"}"));
	ck_assert(!read_one("{\"sub\":1}"));
	ck_assert(!read_one("{\"sub\":true}"));
	ck_assert(!read_one("{\"sub\":{}}"));
	ck_assert(!read_one("{\"sub\":[\"alice\"]}"));
	ck_assert(!read_one("{\"sub\":\"a\\r\\nX-Admin: 1\"}"));
	ck_assert(!read_one("{\"sub\":\"a\\u0085b\"}"));
}
END_TEST

START_TEST(lists)
{
	roles_are("{\"roles\":[\"a\",\"b c\",\"\\u0064\"]}", "a,b c,d");
	roles_are("{\"roles\":[\"a\"]}", "a");
	roles_are("{\"roles\":\"a b\"}", "a b");
	roles_are("{\"roles\":[]}", "");
	roles_are("{\"roles\":null}", "");
	ck_assert(!read_one("{\"roles\":\"a,admin\"}"));
	ck_assert(!read_one("{\"roles\":[\"a,admin\"]}"));
	ck_assert(!read_one("{\"roles\":[\"a\",\"\\u002cadmin\"]}"));
	ck_assert(!read_one("{\"roles\":[\"a\",\"\"]}"));
	ck_assert(!read_one("{\"roles\":[\"a\",1]}"));
	ck_assert(!read_one("{\"roles\":[\"a\",null]}"));
	ck_assert(!read_one("{\"roles\":[[\"a\"]]}"));
	ck_assert(!read_one("{\"roles\":[\"a\",\" b\"]}"));
	ck_assert(!read_one("{\"roles\":{\"a\":1}}"));
	ck_assert(!read_one("{\"roles\":\"\"}"));
}
END_TEST

/* RFC 8693 4.2. */
START_TEST(scope)
{
	ck_assert(read_one("{\"scope\":\"a b  c\"}"));
	ck_assert_slice_eq(parts.claim[IMG_CLAIM_PERMISSIONS], "a,b,c");
	ck_assert(read_one("{\"scope\":\"\\u0061 b\"}"));
	ck_assert_slice_eq(parts.claim[IMG_CLAIM_PERMISSIONS], "a,b");
	ck_assert(read_one("{\"scope\":[\"a b\"]}"));
	ck_assert_slice_eq(parts.claim[IMG_CLAIM_PERMISSIONS], "a b");
	ck_assert(!read_one("{\"scope\":\"a,b\"}"));
	ck_assert(!read_one("{\"scope\":\" a\"}"));
}
END_TEST

START_TEST(one_claim_for_several)
{
	const char *json = "{\"x\":[\"\\u0061aaaaaaaaa\",\"bbbbbbbbbb\"]}";

	ck_assert(read_claims(json, "", "x", "x"));
	ck_assert_slice_eq(
	    parts.claim[IMG_CLAIM_ROLES], "aaaaaaaaaa,bbbbbbbbbb");
	ck_assert_slice_eq(
	    parts.claim[IMG_CLAIM_PERMISSIONS], "aaaaaaaaaa,bbbbbbbbbb");
	ck_assert_slice_eq(parts.claims, json);
	/* Within an object. */
	ck_assert(read_claims("{\"a\":{\"b\":[\"c\"]}}", "", "a.b", ""));
	ck_assert_slice_eq(parts.claim[IMG_CLAIM_ROLES], "c");
}
END_TEST

START_TEST(holders)
{
	struct img_holder h = { .name = kit_str("ci"), .expires_s = 7 };

	h.claims[IMG_CLAIM_USER] = kit_str("robot");
	h.claims[IMG_CLAIM_ROLES] = kit_str("a,b");
	ck_assert(auth_parts_holder(&kit.head, &h, &parts));
	ck_assert_slice_eq(parts.token_id, "ci");
	ck_assert_slice_eq(parts.claim[IMG_CLAIM_USER], "robot");
	ck_assert_slice_eq(parts.claim[IMG_CLAIM_ROLES], "a,b");
	ck_assert_uint_eq(parts.claim[IMG_CLAIM_TENANT].n, 0);
	ck_assert_int_eq(parts.expires_s, 7);
	h.claims[IMG_CLAIM_TENANT] = kit_str("a\nb");
	ck_assert(!auth_parts_holder(&kit.head, &h, &parts));
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("auth_parts");

	tcase_add_test(tc, what_may_be_told);
	tcase_add_test(tc, strings);
	tcase_add_test(tc, lists);
	tcase_add_test(tc, scope);
	tcase_add_test(tc, one_claim_for_several);
	tcase_add_test(tc, holders);
	return kit_run(tc, "auth_parts");
}
