/*
 * Tests of auth_introspection.c and auth_question.c: what is asked, what an
 * answer does, what is remembered, and who waits for whom.
 */
#include "tests/unit/worker/filter/asked_kit.h"

#define GOOD "{\"active\":true,\"sub\":\"alice\",\"scope\":\"a b\"}"
#define INACTIVE "{\"active\":false}"

static void
say(unsigned n, unsigned status, const char *body)
{
	struct head h = { .status = (uint16_t)status };

	say_head(n, &h, body);
}

static void
setup(void)
{
	begin_asking(&auth_introspection, IMG_AUTH_INTROSPECTION);
	auth.claims[IMG_CLAIM_USER] = kit_str("sub");
	auth.claims[IMG_CLAIM_PERMISSIONS] = kit_str("scope");
}

static enum auth_verdict
ask_token(size_t n, const char *token)
{
	char value[2048];

	(void)snprintf(value, sizeof(value), "Bearer %s", token);
	no_fields();
	kit_field("Authorization",
	    arena_copy(&kit_q.arena, slice_make(value, strlen(value) + 1)).p);
	return ask_from(n, 1);
}

START_TEST(a_token_is_asked_about)
{
	const struct inquiry *i = &inquiries[0];

	memcpy(secrets, "xBasic Z3c6cw==", 15);
	auth.client_secret = (struct img_secret){ .off = 1, .len = 14 };
	ck_assert_int_eq(ask_token(0, "a+b/c~="), AUTH_WAIT);
	ck_assert_slice_eq(i->head.target, "/ask?a=b");
	ck_assert_int_eq(i->head.method, METHOD_POST);
	ck_assert_slice_eq(
	    i->body, "token_type_hint=access_token&token=a%2Bb%2Fc~%3D");
	ck_assert_slice_eq(
	    head_get(&i->head, FIELD_AUTHORIZATION)->value, "Basic Z3c6cw==");
	ck_assert_slice_eq(
	    head_get(&i->head, FIELD_X_REQUEST_ID)->value, "the-id");
	ck_assert(!i->head_only);
	ck_assert_uint_eq(waiting(), 1);
	say(0, 200, GOOD);
	ck_assert_in(0, answers[0], "alice");
	ck_assert_slice_eq(
	    tries[0].identity->claim[IMG_CLAIM_PERMISSIONS], "a,b");
	ck_assert_int_eq(tries[0].identity->type, IMG_AUTH_INTROSPECTION);
	ck_assert_uint_eq(failed(), 0);
}
END_TEST

START_TEST(nobody_asks_for_nothing)
{
	no_fields();
	ck_assert_int_eq(ask_from(0, 1), AUTH_NONE);
	kit_field("Authorization", "Basic YTpi");
	ck_assert_int_eq(ask_from(0, 1), AUTH_NONE);
	ck_assert_bad(0, ask_token(0, ""), TOKEN_MALFORMED);
	ck_assert_bad(0, ask_token(0, "a b"), TOKEN_MALFORMED);
	kit_field("Authorization", "Bearer b");
	ck_assert_bad(0, ask_from(0, 1), TWO_CREDENTIALS);
	ck_assert_uint_eq(asked, 0);
}
END_TEST

static const struct {
	unsigned status;
	const char *body;
} no_answers[] = {
	{ 500, GOOD },
	{ 201, GOOD },
	{ 401, INACTIVE },
	{ 200, "" },
	{ 200, "null" },
	{ 200, "[" GOOD "]" },
	{ 200, GOOD "," },
	{ 200, "{}" },
	{ 200, "{\"active\":\"true\"}" },
	{ 200, "{\"active\":1}" },
	{ 200, "{\"active\":null}" },
	{ 200, "{\"active\":false,\"active\":true}" },
	{ 200, "{\"active\":true,\"active\":true}" },
	{ 200, "{\"ACTIVE\":true}" },
	{ 200, "{\"active\":true" },
	{ 200, "{\"a\":{\"active\":true}}" },
};

START_TEST(whatever_is_no_answer)
{
	ck_assert_int_eq(ask_token(0, "t"), AUTH_WAIT);
	say(0, no_answers[_i].status, no_answers[_i].body);
	ck_assert_bad(0, answers[0], AUTH_UNAVAILABLE);
	ck_assert_uint_eq(failed(), 1);
	ck_assert_int_eq(ask_token(1, "t"), AUTH_WAIT);
	say_head(1, NULL, "");
	ck_assert_bad(1, answers[1], AUTH_UNAVAILABLE);
	ck_assert_uint_eq(failed(), 2);
}
END_TEST

static const struct {
	const char *body;
	enum why why;
} claims[] = {
	{ "{\"active\":true,\"sub\":1}", WHY_TOKEN_CLAIMS },
	{ "{\"active\":true,\"sub\":\"\"}", WHY_TOKEN_CLAIMS },
	{ "{\"active\":true,\"scope\":\"a,b\"}", WHY_TOKEN_CLAIMS },
	{ "{\"active\":true,\"exp\":\"1\"}", WHY_TOKEN_CLAIMS },
	{ "{\"active\":true,\"nbf\":99999999999}", WHY_OK },
	{ "{\"active\":true,\"iat\":99999999999}", WHY_OK },
	{ "{\"active\":true,\"exp\":99999999999}", WHY_OK },
	{ "{\"active\":true}", WHY_OK },
};

START_TEST(what_it_claims)
{
	ck_assert_int_eq(ask_token(0, "t"), AUTH_WAIT);
	say(0, 200, claims[_i].body);
	ck_assert_int_eq(
	    answers[0], claims[_i].why == WHY_OK ? AUTH_OK : AUTH_BAD);
	ck_assert_int_eq(tries[0].why, claims[_i].why);
}
END_TEST

/* The filter tells that it has expired, as it does of what is remembered. */
START_TEST(when_it_ends)
{
	ck_assert_int_eq(ask_token(0, "t"), AUTH_WAIT);
	say(0, 200, "{\"active\":true,\"exp\":7}");
	ck_assert_int_eq(answers[0], AUTH_OK);
	ck_assert(tries[0].identity->expires_s == 7);
}
END_TEST

START_TEST(what_is_remembered)
{
	ck_assert_int_eq(ask_token(0, "t"), AUTH_WAIT);
	say(0, 200, GOOD);
	ck_assert_in(1, ask_token(1, "t"), "alice");
	ck_assert_int_eq(ask_token(2, "u"), AUTH_WAIT);
	say(1, 200, INACTIVE);
	ck_assert_bad(2, answers[2], TOKEN_INACTIVE);
	ck_assert_bad(3, ask_token(3, "u"), TOKEN_INACTIVE);
	ck_assert_uint_eq(asked, 2);
	/* Not by another authenticator, or the same of another file. */
	auth.hash[0]++;
	ck_assert_int_eq(ask_token(4, "t"), AUTH_WAIT);
	ck_assert_int_eq(ask_token(5, "u"), AUTH_WAIT);
	say(2, 200, GOOD);
	say(3, 200, GOOD);
	/* For ten seconds at most. */
	auth.hash[0]--;
	clock_set_birth(clock_raw_us() - clock_update().us - 11000000);
	clock_update();
	ck_assert_int_eq(ask_token(6, "u"), AUTH_WAIT);
	say(4, 200, GOOD);
	ck_assert_in(6, answers[6], "alice");
}
END_TEST

START_TEST(nothing_without_ttl)
{
	auth.ttl_us = 0;
	auth.cache = 0;
	for (unsigned n = 0; n < 4; n++) {
		ck_assert_int_eq(ask_token(n, "t"), AUTH_WAIT);
		say(n, 200, n % 2 == 0 ? GOOD : INACTIVE);
	}
	ck_assert_uint_eq(asked, 4);
}
END_TEST

START_TEST(the_same_is_one_question)
{
	for (size_t n = 0; n < 3; n++)
		ck_assert_int_eq(ask_token(n, "t"), AUTH_WAIT);
	ck_assert_int_eq(ask_token(3, "u"), AUTH_WAIT);
	ck_assert_uint_eq(asked, 2);
	ck_assert_uint_eq(waiting(), 4);
	/* Who began it leaves, and another one while they are told. */
	ops->forget(&tries[0]);
	ck_assert_uint_eq(cancelled, 0);
	ends = &tries[2];
	say(0, 200, GOOD);
	ck_assert_in(1, answers[1], "alice");
	ck_assert_int_eq(answers[0], AUTH_WAIT);
	ck_assert_int_eq(answers[2], AUTH_WAIT);
	ops->forget(&tries[3]);
	ck_assert_uint_eq(cancelled, 1);
	/* What comes anew is another one. */
	ck_assert_int_eq(ask_token(4, "u"), AUTH_WAIT);
	ck_assert_uint_eq(asked, 3);
	ops->forget(&tries[4]);
}
END_TEST

/* Of a reload: the same text of another image's authenticator. */
START_TEST(another_image_asks_anew)
{
	static struct img_auth later;

	ck_assert_int_eq(ask_token(0, "t"), AUTH_WAIT);
	later = auth;
	ck_assert_int_eq(ask_token(1, "t"), AUTH_WAIT);
	ck_assert_uint_eq(asked, 1);
	ops->forget(&tries[1]);
	no_fields();
	kit_field("Authorization", "Bearer t");
	tries[2] = tries[1];
	tries[2].auth = &later;
	ck_assert_int_eq(ops->ask(&tries[2]), AUTH_WAIT);
	ck_assert_uint_eq(asked, 2);
	ops->forget(&tries[0]);
	ops->forget(&tries[2]);
}
END_TEST

START_TEST(a_failure_is_counted_once)
{
	for (size_t n = 0; n < 3; n++)
		ck_assert_int_eq(ask_token(n, "t"), AUTH_WAIT);
	say_head(0, NULL, "");
	for (size_t n = 0; n < 3; n++)
		ck_assert_bad(n, answers[n], AUTH_UNAVAILABLE);
	ck_assert_uint_eq(failed(), 1);
}
END_TEST

START_TEST(a_client_has_so_many)
{
	char token[] = "aa";
	size_t n;

	for (n = 0; n < AUTH_QUESTIONS_PER_CLIENT; n++) {
		token[0] = (char)('a' + n / 16);
		token[1] = (char)('a' + n % 16);
		ck_assert_int_eq(ask_token(n, token), AUTH_WAIT);
	}
	ck_assert_bad(n, ask_token(n, "more"), AUTH_UNAVAILABLE);
	/* Nor does it keep others waiting, or itself for what is asked. */
	ck_assert_int_eq(ask_from(n, 2), AUTH_WAIT);
	ck_assert_int_eq(ask_token(n + 1, "aa"), AUTH_WAIT);
	for (size_t i = 0; i <= n + 1; i++)
		ops->forget(&tries[i]);
	ck_assert_int_eq(ask_token(0, "more"), AUTH_WAIT);
	ops->forget(&tries[0]);
}
END_TEST

START_TEST(no_memory_for_it)
{
	no_memory = true;
	ck_assert_bad(0, ask_token(0, "t"), OVERLOADED);
	no_memory = false;
	ck_assert_int_eq(ask_token(0, "t"), AUTH_WAIT);
	ops->forget(&tries[0]);
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("all");

	tcase_add_checked_fixture(tc, setup, end_asking);
	tcase_add_test(tc, a_token_is_asked_about);
	tcase_add_test(tc, nobody_asks_for_nothing);
	tcase_add_loop_test(tc, whatever_is_no_answer, 0,
	    sizeof(no_answers) / sizeof(no_answers[0]));
	tcase_add_loop_test(
	    tc, what_it_claims, 0, sizeof(claims) / sizeof(claims[0]));
	tcase_add_test(tc, when_it_ends);
	tcase_add_test(tc, what_is_remembered);
	tcase_add_test(tc, nothing_without_ttl);
	tcase_add_test(tc, the_same_is_one_question);
	tcase_add_test(tc, another_image_asks_anew);
	tcase_add_test(tc, a_failure_is_counted_once);
	tcase_add_test(tc, a_client_has_so_many);
	tcase_add_test(tc, no_memory_for_it);
	return fixture_run(tc, "auth_introspection");
}
