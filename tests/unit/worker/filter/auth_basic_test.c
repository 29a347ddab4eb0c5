/*
 * Tests of auth_basic.c: who is let in, what is remembered, what is asked of
 * helpers, and how often. The helper is the test, and says what is right.
 */
#include "tests/unit/worker/errand_kit.h"
#include "tests/unit/worker/filter/auth_kit.h"

#include "common/base/base64.h"
#include "worker/filter/auth_cache.h"
#include "worker/filter/authenticate.h"
#include "worker/filter/basic_check.h"
#include "worker/filter/basic_credentials.h"

#define REQUESTS 40
#define TTL_US 300000000u

static struct img_auth auth;
static char secrets[1024];

/* One request after another; their heads are forgotten. */
static struct auth_try tries[REQUESTS];
static struct req requests[REQUESTS];
static char rooms[REQUESTS][4096];
static enum auth_verdict answers[REQUESTS]; /* AUTH_WAIT: none yet */

static unsigned waiting;

bool
authenticate_waits_more(struct env *e)
{
	(void)e;
	return ++waiting <= REQUESTS;
}

void
authenticate_waits_less(struct env *e)
{
	(void)e;
	waiting--;
}

void
authenticate_answer(struct auth_try *t, enum auth_verdict v)
{
	ck_assert_int_eq(answers[t - tries], AUTH_WAIT);
	ck_assert_int_ne(v, AUTH_WAIT);
	answers[t - tries] = v;
}

static struct img_htpasswd
user_of(const char *name, uint32_t off)
{
	struct img_htpasswd h = { .user = kit_str(name) };

	h.hash.len =
	    1 + (uint32_t)snprintf(secrets + off, 64, "hash of %s", name);
	h.hash.off = off;
	return h;
}

static void
setup(void)
{
	struct img_holder holders[2] = { 0 };
	struct img_htpasswd users[3];

	kit_begin();
	begin_errands();
	env.basic_checks = basic_checks_new(&env);
	env.auth_cache = auth_cache_new(&env, 1u << 20);
	ck_assert(env.basic_checks != NULL && env.auth_cache != NULL);
	users[0] = user_of("Aladdin", 0);
	users[1] = user_of("alice", 64);
	users[2] = user_of("alice2", 128);
	holders[0].name = kit_str("Aladdin");
	holders[0].claims[IMG_CLAIM_ROLES] = kit_str("admin,ops");
	holders[0].expires_s = INT64_MAX;
	holders[1].name = kit_str("alice2");
	holders[1].claims[IMG_CLAIM_USER] = kit_str("al");
	holders[1].expires_s = INT64_MAX;
	auth = (struct img_auth){ .name = kit_str("ops"),
		.type = IMG_AUTH_BASIC,
		.slot = IMG_NONE,
		.cache = 1,
		.ttl_us = TTL_US,
		.htpasswd = { kit_put(users, sizeof(users)), 3 },
		.holders = { kit_put(holders, sizeof(holders)), 2 } };
	memset(tries, 0, sizeof(tries));
}

static void
teardown(void)
{
	ck_assert_uint_eq(waiting, 0);
	for (size_t n = 0; n < REQUESTS; n++)
		identity_unref(tries[n].identity);
	auth_cache_free(env.auth_cache);
	basic_checks_free(env.basic_checks);
	end_errands();
	kit_end();
}

/* Request n has this field; from 192.0.2.`client`. */
static enum auth_verdict
ask_field(size_t n, const char *field, uint8_t client)
{
	struct auth_try *t = &tries[n];

	kit_q.head.count = kit_q.up.count = 0;
	kit_q.head.present = 0;
	if (field != NULL)
		kit_field("Authorization", field);
	requests[n] = kit_q;
	requests[n].env = &env;
	arena_init(
	    &requests[n].arena, rooms[n], sizeof(rooms[n]), sizeof(rooms[n]));
	requests[n].client = (struct addr){
		.ip = { [10] = 0xff, [11] = 0xff, [12] = 192, [14] = 2 }
	};
	requests[n].client.ip[15] = client;
	*t = (struct auth_try){ .q = &requests[n],
		.auth = &auth,
		.secrets = secrets,
		.ops = &auth_basic };
	answers[n] = AUTH_WAIT;
	return auth_basic.ask(t);
}

static enum auth_verdict
ask_from(size_t n, const char *credentials, uint8_t client)
{
	struct base64_writer w = { { 0 }, 0 };
	struct slice bytes = slice_str(credentials);
	char field[8192] = "Basic ";
	size_t at = 6;

	at += base64_write(&w, &bytes, field + at, sizeof(field) - 16);
	at += base64_write_end(&w, field + at);
	field[at] = '\0';
	return ask_field(n, field, client);
}

static enum auth_verdict
ask(size_t n, const char *credentials)
{
	return ask_from(n, credentials, 1);
}

static enum auth_verdict
helped(size_t n, enum job_result result)
{
	ck_assert(help(result));
	errands_look(&env);
	return answers[n];
}

#define ck_assert_bad(n, verdict, reason)               \
	do {                                            \
		ck_assert_int_eq(verdict, AUTH_BAD);    \
		ck_assert_int_eq(tries[n].why, reason); \
		ck_assert_ptr_null(tries[n].identity);  \
	} while (0)

START_TEST(other_schemes_are_none_of_it)
{
	ck_assert_int_eq(ask_field(0, NULL, 1), AUTH_NONE);
	ck_assert_int_eq(ask_field(0, "Bearer YTpi", 1), AUTH_NONE);
	ck_assert_int_eq(ask_field(0, "Basics YTpi", 1), AUTH_NONE);
}
END_TEST

START_TEST(what_is_malformed_costs_nothing)
{
	static const char *const fields[] = { "Basic", "Basic ",
		"Basic YWxpY2U=", "Basic OmI=", "Basic YTp", "Basic YTpi YTpi",
		"Basic YTpi\t", "Basic a:b", "Basic YToA", "Basic !!!!",
		"basic =", "Basic YTpi,YTpi" };
	char longest[4200] = "alice:";

	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
		ck_assert_bad(
		    0, ask_field(0, fields[i], 1), WHY_CREDENTIALS_MALFORMED);
	memset(longest + 6, 'x', 4096);
	ck_assert_bad(0, ask(0, longest), WHY_CREDENTIALS_MALFORMED);
	ck_assert_uint_eq(jobs_count(&region), 0);
}
END_TEST

START_TEST(two_are_one_too_many)
{
	kit_field("Authorization", "Basic YTpi");
	kit_field("Authorization", "Basic YTpi");
	requests[0] = kit_q;
	requests[0].env = &env;
	tries[0] = (struct auth_try){ .q = &requests[0], .auth = &auth };
	ck_assert_bad(0, auth_basic.ask(&tries[0]), WHY_TWO_CREDENTIALS);
}
END_TEST

START_TEST(the_right_password_lets_in)
{
	const struct identity *id;
	struct job j;

	ck_assert_int_eq(
	    ask_field(0, "bASIC QWxhZGRpbjpvcGVuIHNlc2FtZQ==", 1), AUTH_WAIT);
	ck_assert(jobs_take(&region, 0, &j));
	ck_assert_slice_eq(j.a, "open sesame");
	ck_assert_slice_eq(j.b, "hash of Aladdin");
	jobs_done(&region, &j, JOB_YES);
	errands_look(&env);
	ck_assert_int_eq(answers[0], AUTH_OK);
	id = tries[0].identity;
	ck_assert_int_eq(id->type, IMG_AUTH_BASIC);
	ck_assert_slice_eq(id->authenticator, "ops");
	ck_assert_slice_eq(id->claim[IMG_CLAIM_USER], "Aladdin");
	ck_assert_slice_eq(id->claim[IMG_CLAIM_ROLES], "admin,ops");
	ck_assert(id->expires_s == INT64_MAX);
}
END_TEST

START_TEST(it_is_remembered)
{
	ck_assert_int_eq(ask(0, "alice2:x"), AUTH_WAIT);
	ck_assert_int_eq(helped(0, JOB_YES), AUTH_OK);
	ck_assert_slice_eq(tries[0].identity->claim[IMG_CLAIM_USER], "al");
	ck_assert_int_eq(ask(1, "alice2:x"), AUTH_OK);
	ck_assert_ptr_eq(tries[1].identity, tries[0].identity);
	/* Not for another password, nor once the files have changed. */
	ck_assert_int_eq(ask(2, "alice2:y"), AUTH_WAIT);
	ck_assert_bad(2, helped(2, JOB_NO), WHY_PASSWORD);
	auth.hash[31]++;
	ck_assert_int_eq(ask(3, "alice2:x"), AUTH_WAIT);
	ck_assert_bad(3, helped(3, JOB_NO), WHY_PASSWORD);
}
END_TEST

START_TEST(what_is_wrong_is_not_remembered)
{
	ck_assert_int_eq(ask(0, "Aladdin:x"), AUTH_WAIT);
	ck_assert_bad(0, helped(0, JOB_NO), WHY_PASSWORD);
	ck_assert_int_eq(ask(1, "Aladdin:x"), AUTH_WAIT);
	ck_assert_int_eq(helped(1, JOB_YES), AUTH_OK);
}
END_TEST

START_TEST(nothing_is_remembered_without_ttl)
{
	auth.ttl_us = 0;
	auth.cache = 0;
	ck_assert_int_eq(ask(0, "Aladdin:x"), AUTH_WAIT);
	ck_assert_int_eq(helped(0, JOB_YES), AUTH_OK);
	ck_assert_int_eq(ask(1, "Aladdin:x"), AUTH_WAIT);
	ck_assert_int_eq(helped(1, JOB_YES), AUTH_OK);
}
END_TEST

/* Somebody's hash is tried, always the same, and whatever comes of it. */
START_TEST(nobody_learns_who_is_unknown)
{
	struct job one, two;

	auth.open = 1;
	ck_assert_int_eq(ask(0, "alic:open sesame"), AUTH_WAIT);
	ck_assert(jobs_take(&region, 0, &one));
	ck_assert(slice_starts(one.b, SLICE_LIT("hash of ")));
	jobs_done(&region, &one, JOB_YES);
	errands_look(&env);
	ck_assert_bad(0, answers[0], WHY_PASSWORD);
	ck_assert_int_eq(ask(1, "alic:x"), AUTH_WAIT);
	ck_assert(jobs_take(&region, 0, &two));
	ck_assert(slice_eq(one.b, two.b));
	jobs_done(&region, &two, JOB_FAILED);
	errands_look(&env);
	ck_assert_bad(1, answers[1], WHY_AUTH_UNAVAILABLE);
}
END_TEST

START_TEST(who_is_no_holder)
{
	ck_assert_int_eq(ask(0, "alice:x"), AUTH_WAIT);
	ck_assert_bad(0, helped(0, JOB_YES), WHY_PASSWORD);
	auth.open = 1;
	ck_assert_int_eq(ask(1, "alice:x"), AUTH_WAIT);
	ck_assert_int_eq(helped(1, JOB_YES), AUTH_OK);
	ck_assert_slice_eq(tries[1].identity->claim[IMG_CLAIM_USER], "alice");
	ck_assert_uint_eq(tries[1].identity->claim[IMG_CLAIM_ROLES].n, 0);
}
END_TEST

START_TEST(nobody_is_there)
{
	auth.htpasswd.count = 0;
	ck_assert_bad(0, ask(0, "alice:x"), WHY_PASSWORD);
}
END_TEST

START_TEST(the_same_is_asked_once)
{
	ck_assert_int_eq(ask(0, "Aladdin:x"), AUTH_WAIT);
	ck_assert_int_eq(ask_from(1, "Aladdin:x", 2), AUTH_WAIT);
	ck_assert_int_eq(ask(2, "Aladdin:y"), AUTH_WAIT);
	ck_assert_uint_eq(jobs_count(&region), 2);
	auth.hash[0]++; /* a reload: the file may say otherwise */
	ck_assert_int_eq(ask(3, "Aladdin:x"), AUTH_WAIT);
	ck_assert_uint_eq(jobs_count(&region), 3);
	auth_basic.forget(&tries[3]);
	auth_basic.forget(&tries[0]);
	ck_assert_int_eq(helped(1, JOB_YES), AUTH_OK);
	ck_assert_int_eq(answers[0], AUTH_WAIT);
	ck_assert_int_eq(answers[2], AUTH_WAIT);
	auth_basic.forget(&tries[2]);
}
END_TEST

START_TEST(a_client_has_a_few_at_once)
{
	char text[] = "Aladdin:a";
	size_t n;

	for (n = 0; n < BASIC_CHECKS_PER_CLIENT; n++, text[8]++)
		ck_assert_int_eq(ask(n, text), AUTH_WAIT);
	ck_assert_bad(n, ask(n, text), WHY_AUTH_UNAVAILABLE);
	ck_assert_int_eq(ask_from(n, text, 2), AUTH_WAIT);
	while (n != 0)
		auth_basic.forget(&tries[--n]);
	ck_assert_int_eq(helped(BASIC_CHECKS_PER_CLIENT, JOB_YES), AUTH_OK);
}
END_TEST

START_TEST(a_client_is_wrong_so_often)
{
	char text[] = "Aladdin:a";
	size_t n;

	/* What is right, or was not done, does not count. */
	ck_assert_int_eq(ask(0, "Aladdin:x"), AUTH_WAIT);
	ck_assert_bad(0, helped(0, JOB_FAILED), WHY_AUTH_UNAVAILABLE);
	ck_assert_int_eq(ask(0, "Aladdin:right"), AUTH_WAIT);
	ck_assert_int_eq(helped(0, JOB_YES), AUTH_OK);
	for (n = 1; n <= 20; n++, text[8]++) {
		ck_assert_int_eq(ask(n, text), AUTH_WAIT);
		ck_assert_bad(n, helped(n, JOB_NO), WHY_PASSWORD);
	}
	ck_assert_bad(n, ask(n, text), WHY_RATE_LIMITED);
	ck_assert_int_eq(ask(n + 1, "Aladdin:right"), AUTH_OK);
	ck_assert_int_eq(ask_from(n + 2, text, 2), AUTH_WAIT);
	ck_assert_int_eq(helped(n + 2, JOB_YES), AUTH_OK);
	pass(1100000);
	ck_assert_int_eq(ask(n + 3, "Aladdin:z"), AUTH_WAIT);
	ck_assert_bad(n + 3, helped(n + 3, JOB_NO), WHY_PASSWORD);
	ck_assert_bad(n + 4, ask(n + 4, "Aladdin:z"), WHY_RATE_LIMITED);
}
END_TEST

static bool
is_in(const void *p, size_t n, const char *text)
{
	return memmem(p, n, text, strlen(text)) != NULL;
}

START_TEST(the_password_is_nowhere)
{
	static const char word[] = "xyzzy plugh";

	ck_assert_int_eq(ask(0, "Aladdin:xyzzy plugh"), AUTH_WAIT);
	ck_assert(is_in(region.vault, region.vault_bytes, word));
	ck_assert_int_eq(helped(0, JOB_YES), AUTH_OK);
	ck_assert_int_eq(ask(1, "Aladdin:xyzzy plugh"), AUTH_OK);
	ck_assert(!is_in(region.vault, region.vault_bytes, word));
	ck_assert(!is_in(rooms, sizeof(rooms), word));
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("all");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, other_schemes_are_none_of_it);
	tcase_add_test(tc, what_is_malformed_costs_nothing);
	tcase_add_test(tc, two_are_one_too_many);
	tcase_add_test(tc, the_right_password_lets_in);
	tcase_add_test(tc, it_is_remembered);
	tcase_add_test(tc, what_is_wrong_is_not_remembered);
	tcase_add_test(tc, nothing_is_remembered_without_ttl);
	tcase_add_test(tc, nobody_learns_who_is_unknown);
	tcase_add_test(tc, who_is_no_holder);
	tcase_add_test(tc, nobody_is_there);
	tcase_add_test(tc, the_same_is_asked_once);
	tcase_add_test(tc, a_client_has_a_few_at_once);
	tcase_add_test(tc, a_client_is_wrong_so_often);
	tcase_add_test(tc, the_password_is_nowhere);
	return fixture_run(tc, "auth_basic");
}
