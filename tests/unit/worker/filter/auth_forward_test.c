/*
 * Tests of auth_forward.c: what the service hears, what its answers do, and
 * what of them is remembered.
 */
#include "tests/unit/worker/filter/asked_kit.h"

#define ANSWER_FIELDS 16u

static struct field said[ANSWER_FIELDS];
static struct head answer;

static void
setup(void)
{
	begin_asking(&auth_forward, IMG_AUTH_FORWARD);
	auth.forward_headers = kit_strs("authorization Cookie");
	auth.answer_headers[IMG_CLAIM_USER] = kit_str("X-Auth-User");
	auth.answer_headers[IMG_CLAIM_ROLES] = kit_str("X-Auth-Roles");
	kit_q.head.method_text = SLICE_LIT("PUT");
	kit_q.head.host = SLICE_LIT("api.test");
	kit_q.head.target = SLICE_LIT("/x/../a?b");
	kit_q.uri = (struct uri){ .path = SLICE_LIT("/a"),
		.query = SLICE_LIT("b"),
		.has_query = true };
	answer = (struct head){ .fields = said };
}

static void
answers_with(const char *name, const char *value)
{
	struct field *f = &said[answer.count++];

	ck_assert_uint_le(answer.count, ANSWER_FIELDS);
	*f = (struct field){ .name = slice_str(name),
		.value = slice_str(value) };
	f->id = (uint16_t)http_field_find(f->name);
	answer.present |= UINT64_C(1) << f->id;
}

/* The service says this to question n. */
static void
say_status(unsigned n, unsigned status)
{
	answer.status = (uint16_t)status;
	say_head(n, &answer, "");
}

static struct slice
heard(unsigned n, const char *name)
{
	const struct field *f =
	    head_find_name(&inquiries[n].head, slice_str(name));

	return f != NULL ? f->value : SLICE_NONE;
}

START_TEST(what_it_hears)
{
	const struct inquiry *i = &inquiries[0];

	kit_field("Authorization", "Bearer t");
	kit_field("Cookie", "a");
	kit_field("X-Other", "o");
	kit_field("Cookie", "b");
	kit_field("X-Forwarded-Uri", "/evil");
	kit_field("X-Forwarded-For", "10.0.0.1");
	ck_assert_int_eq(ask_from(0, 1), AUTH_WAIT);
	ck_assert_int_eq(i->head.method, METHOD_GET);
	ck_assert_slice_eq(i->head.target, "/ask?a=b");
	ck_assert(i->head_only);
	ck_assert_uint_eq(i->body.n, 0);
	ck_assert_uint_eq(i->head.count, 9);
	ck_assert_slice_eq(heard(0, "Authorization"), "Bearer t");
	ck_assert_slice_eq(heard(0, "Cookie"), "a");
	ck_assert_slice_eq(i->head.fields[2].value, "b");
	ck_assert_slice_eq(heard(0, "X-Forwarded-Method"), "PUT");
	ck_assert_slice_eq(heard(0, "X-Forwarded-Uri"), "/a?b");
	ck_assert_slice_eq(heard(0, "X-Forwarded-Host"), "api.test");
	ck_assert_slice_eq(heard(0, "X-Forwarded-Proto"), "http");
	ck_assert_slice_eq(heard(0, "X-Forwarded-For"), "192.0.2.1");
	ck_assert_slice_eq(heard(0, "X-Request-ID"), "the-id");
	ops->forget(&tries[0]);
}
END_TEST

START_TEST(without_credentials)
{
	kit_field("X-Other", "o");
	ck_assert_int_eq(ask_from(0, 1), AUTH_NONE);
	auth.always = 1;
	ck_assert_int_eq(ask_from(0, 1), AUTH_WAIT);
	ck_assert_uint_eq(inquiries[0].head.count, 6);
	ops->forget(&tries[0]);
}
END_TEST

START_TEST(who_it_is)
{
	kit_field("Cookie", "a");
	ck_assert_int_eq(ask_from(0, 1), AUTH_WAIT);
	answers_with("x-auth-user", "alice");
	answers_with("X-Auth-Roles", "a , b");
	answers_with("X-Auth-Roles", "c,");
	answers_with("X-Auth-User", "");
	say_status(0, 299);
	ck_assert_in(0, answers[0], "alice");
	ck_assert_slice_eq(tries[0].identity->claim[IMG_CLAIM_ROLES], "a,b,c");
	ck_assert(tries[0].identity->expires_s == INT64_MAX);
}
END_TEST

START_TEST(nobody_in_particular)
{
	kit_field("Cookie", "a");
	ck_assert_int_eq(ask_from(0, 1), AUTH_WAIT);
	say_status(0, 200);
	ck_assert_in(0, answers[0], "");
}
END_TEST

START_TEST(what_cannot_be_told)
{
	static const char *const values[][2] = {
		{ "X-Auth-User", "a\tb" },
		{ "X-Auth-User", "\xff" },
		{ "X-Auth-Roles", "a,b\x7f" },
		{ "X-Auth-Roles", "\xc0\x80" },
	};

	kit_field("Cookie", "a");
	ck_assert_int_eq(ask_from(0, 1), AUTH_WAIT);
	answers_with(values[_i][0], values[_i][1]);
	say_status(0, 200);
	ck_assert_bad(0, answers[0], AUTH_UNAVAILABLE);
}
END_TEST

START_TEST(two_users)
{
	kit_field("Cookie", "a");
	ck_assert_int_eq(ask_from(0, 1), AUTH_WAIT);
	answers_with("X-Auth-User", "alice");
	answers_with("X-Auth-User", "alice");
	say_status(0, 200);
	ck_assert_bad(0, answers[0], AUTH_UNAVAILABLE);
}
END_TEST

START_TEST(refused)
{
	kit_field("Cookie", "a");
	for (unsigned n = 0; n < 4; n++)
		ck_assert_int_eq(ask_from(n, 1), AUTH_WAIT);
	/* The four of them share a question. */
	ck_assert_uint_eq(asked, 1);
	answers_with("WWW-Authenticate", "A x=\"y\"");
	answers_with("WWW-Authenticate", "");
	answers_with("WWW-Authenticate", "B");
	answers_with("X-Auth-User", "alice");
	say_status(0, 401);
	ck_assert_bad(3, answers[3], AUTH_REFUSED);
	ck_assert_slice_eq(tries[3].challenge, "A x=\"y\", B");
	ck_assert_int_eq(ask_from(4, 1), AUTH_WAIT);
	say_status(1, 403);
	ck_assert_bad(4, answers[4], AUTH_FORBIDDEN);
	ck_assert_uint_eq(tries[4].challenge.n, 0);
}
END_TEST

START_TEST(elsewhere)
{
	const struct head *to;

	kit_field("Cookie", "a");
	ck_assert_int_eq(ask_from(0, 1), AUTH_WAIT);
	answers_with("Set-Cookie", "a=b");
	answers_with("X-Auth-User", "alice");
	answers_with("Location", "/login");
	answers_with("Set-Cookie", "c=d");
	say_status(0, 302);
	ck_assert_bad(0, answers[0], AUTH_REDIRECT);
	memset(said, 0, sizeof(said));
	to = tries[0].redirect;
	ck_assert_uint_eq(to->status, 302);
	ck_assert_uint_eq(to->count, 3);
	ck_assert_slice_eq(to->fields[0].value, "a=b");
	ck_assert_slice_eq(to->fields[1].value, "/login");
	ck_assert_slice_eq(to->fields[2].value, "c=d");
}
END_TEST

START_TEST(no_answer)
{
	static const unsigned statuses[] = { 302, 300, 304, 400, 404, 407, 429,
		500, 503 };

	kit_field("Cookie", "a");
	answers_with("X-Auth-User", "alice");
	if (_i != 0)
		answers_with("Location", "/login");
	ck_assert_int_eq(ask_from(0, 1), AUTH_WAIT);
	say_status(0, statuses[_i]);
	ck_assert_bad(0, answers[0], AUTH_UNAVAILABLE);
	ck_assert_uint_eq(failed(), 1);
	ck_assert_int_eq(ask_from(1, 1), AUTH_WAIT);
	say_head(1, NULL, "");
	ck_assert_bad(1, answers[1], AUTH_UNAVAILABLE);
}
END_TEST

START_TEST(remembered_by_all_that_was_said)
{
	kit_field("Cookie", "a");
	ck_assert_int_eq(ask_from(0, 1), AUTH_WAIT);
	answers_with("X-Auth-User", "alice");
	say_status(0, 200);
	ck_assert_in(1, ask_from(1, 1), "alice");
	kit_q.uri.path = SLICE_LIT("/b");
	ck_assert_int_eq(ask_from(2, 1), AUTH_WAIT);
	kit_q.uri.path = SLICE_LIT("/a");
	kit_q.head.method_text = SLICE_LIT("POST");
	ck_assert_int_eq(ask_from(3, 1), AUTH_WAIT);
	kit_q.head.method_text = SLICE_LIT("PUT");
	kit_q.head.host = SLICE_LIT("api.tesu");
	ck_assert_int_eq(ask_from(4, 1), AUTH_WAIT);
	kit_q.head.host = SLICE_LIT("api.test");
	kit_field("Authorization", "x");
	ck_assert_int_eq(ask_from(5, 1), AUTH_WAIT);
	ck_assert_uint_eq(asked, 5);
	for (unsigned n = 1; n < asked; n++)
		say_status(n, 403);
	no_fields();
	kit_field("Cookie", "a");
	ck_assert_in(6, ask_from(6, 1), "alice");
}
END_TEST

START_TEST(nothing_without_ttl)
{
	auth.ttl_us = 0;
	auth.cache = 0;
	kit_field("Cookie", "a");
	for (unsigned n = 0; n < 3; n++)
		ck_assert_int_eq(ask_from(n, 1), AUTH_WAIT);
	ck_assert_uint_eq(asked, 3);
	for (unsigned n = 0; n < 3; n++)
		say_status(n, 200);
	ck_assert_int_eq(ask_from(3, 1), AUTH_WAIT);
	ops->forget(&tries[3]);
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("all");

	tcase_add_checked_fixture(tc, setup, end_asking);
	tcase_add_test(tc, what_it_hears);
	tcase_add_test(tc, without_credentials);
	tcase_add_test(tc, who_it_is);
	tcase_add_test(tc, nobody_in_particular);
	tcase_add_loop_test(tc, what_cannot_be_told, 0, 4);
	tcase_add_test(tc, two_users);
	tcase_add_test(tc, refused);
	tcase_add_test(tc, elsewhere);
	tcase_add_loop_test(tc, no_answer, 0, 9);
	tcase_add_test(tc, remembered_by_all_that_was_said);
	tcase_add_test(tc, nothing_without_ttl);
	return fixture_run(tc, "auth_forward");
}
