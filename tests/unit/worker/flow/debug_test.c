/*
 * Tests of debug.c and debug_text.c: who is watched, that nobody else sees the
 * token, and what the answer says.
 */
#include "worker/flow/debug.h"

#include <check.h>
#include <stdlib.h>

#include "shm/counters.h"
#include "shm/debug_token.h"
#include "worker/flow/debug_text.h"
#include "worker/flow/pipeline.h"
#include "worker/flow/steps.h"

static const struct filter filters[] = { { "first", NULL, NULL },
	{ "second", NULL, NULL }, { "third", NULL, NULL } };
static const uint8_t key[MAC_BYTES];
static _Atomic uint64_t counters[COUNTERS_MAX];
static struct env env = { .filters = filters, .counters = counters };
static struct field fields[4];
static struct req q;

static void
setup(void)
{
	env.debug_mac = mac_new(key);
	q = (struct req){ .env = &env, .head.fields = fields };
	arena_init(&q.arena, NULL, 0, SIZE_MAX);
}

static void
teardown(void)
{
	arena_fini(&q.arena);
	mac_free(env.debug_mac);
}

/* A head with the token twice, between two other fields. */
static void
look(struct slice token)
{
	head_add(&q.head, FIELD_ACCEPT, SLICE_LIT("a"));
	head_add(&q.head, FIELD_PENSTOCK_DEBUG, token);
	head_add(&q.head, FIELD_PENSTOCK_DEBUG, token);
	head_add(&q.head, FIELD_AGE, SLICE_LIT("b"));
	debug_begin(&q);
	ck_assert_uint_eq(q.head.count, 2);
	ck_assert(!head_has(&q.head, FIELD_PENSTOCK_DEBUG));
	ck_assert_uint_eq(q.head.fields[0].id, FIELD_ACCEPT);
	ck_assert_uint_eq(q.head.fields[1].id, FIELD_AGE);
}

static void
look_made(int64_t lasts_s)
{
	char token[DEBUG_TOKEN_MAX];
	size_t n =
	    debug_token_make(env.debug_mac, env_now_s() + lasts_s, token);

	look(slice_make(token, n));
}

START_TEST(good)
{
	look_made(60);
	ck_assert_ptr_nonnull(q.steps);
	ck_assert(q.steps->told);
	ck_assert_uint_eq(counters[COUNTER_DEBUG_GOOD], 1);
}
END_TEST

START_TEST(expired)
{
	look_made(-1);
	ck_assert_ptr_null(q.steps);
	ck_assert_uint_eq(counters[COUNTER_DEBUG_EXPIRED], 1);
}
END_TEST

START_TEST(forged)
{
	look(SLICE_LIT("1.9999999999.AAAA"));
	ck_assert_ptr_null(q.steps);
	ck_assert_uint_eq(counters[COUNTER_DEBUG_BAD], 1);
}
END_TEST

START_TEST(without_one)
{
	head_add(&q.head, FIELD_ACCEPT, SLICE_LIT("a"));
	debug_begin(&q);
	ck_assert_uint_eq(q.head.count, 1);
	ck_assert_ptr_null(q.steps);
}
END_TEST

/* ---- what is said ---- */

static const char *
text_of(unsigned status)
{
	static char room[2048];
	struct text t;

	text_init_fixed(&t, room, sizeof(room) - 1);
	debug_text(&q, status, &t);
	room[t.n] = '\0';
	return room;
}

START_TEST(steps_and_calls)
{
	struct req_try first = { .why = WHY_CONNECT_FAILED, .head_us = 3 };
	struct req_try second = { .before = &first,
		.status = 200,
		.service = SLICE_LIT("o\"t\\h\xc3\xa9r"),
		.total_us = 12 };

	addr_parse_ip(SLICE_LIT("192.0.2.1"), &first.addr);
	addr_parse_ip(SLICE_LIT("2001:db8::1"), &second.addr);
	first.addr.port = second.addr.port = 80;
	steps_begin(&q);
	*q.steps = (struct steps){ .last_ns = 9999999,
		.count = 3,
		.step = { { 0, GO_ON, 0, 1999 }, { 1, WAIT, 2000, 210000 },
		    { 2, DONE, 212000, 9000000 } } };
	q.tries = &second;
	ck_assert_str_eq(text_of(200),
	    "first;us=1, second;us=210;wait, third;us=9000;done, "
	    "call;to=\"192.0.2.1:80\";us=3;why=connect_failed, "
	    "call;to=\"[2001:db8::1]:80\";service=\"o\\\"t\\\\h??r\";us=12;"
	    "status=200, answer;status=200;us=9999");
}
END_TEST

START_TEST(own_answer)
{
	steps_begin(&q);
	q.steps->began_ns = q.steps->last_ns = 5;
	q.why = WHY_NO_ROUTE;
	ck_assert_str_eq(text_of(404), "answer;status=404;why=no_route;us=0");
}
END_TEST

/* Those of an endpoint are not for who asked this gateway; all others are. */
START_TEST(told_by_nobody_else)
{
	struct field room[4] = {
		{ SLICE_LIT("penstock-trace"), SLICE_LIT("x"), FIELD_OTHER },
		{ SLICE_LIT("X-A"), SLICE_LIT("1"), FIELD_OTHER },
		{ SLICE_LIT("Penstock-Trace"), SLICE_LIT("y"), FIELD_OTHER },
	};
	struct head h = { .fields = room, .count = 3, .room = 4 };

	steps_begin(&q);
	debug_answer(&q, &h);
	ck_assert_uint_eq(h.count, 3);
	q.steps->told = true;
	debug_answer(&q, &h);
	ck_assert_uint_eq(h.count, 2);
	ck_assert(slice_eq(h.fields[0].name, SLICE_LIT("X-A")));
	ck_assert(slice_eq(h.fields[1].name, SLICE_LIT("Penstock-Trace")));
	ck_assert_uint_gt(h.fields[1].value.n, 1);
}
END_TEST

/* What has no room is not there, and the rest is whole. */
START_TEST(bounded)
{
	struct req_try calls[8] = { 0 };
	char name[600];

	memset(name, 'x', sizeof(name));
	for (size_t i = 0; i < 8; i++) {
		calls[i].service = slice_make(name, sizeof(name) - 100);
		calls[i].before = i != 0 ? &calls[i - 1] : NULL;
	}
	steps_begin(&q);
	q.tries = &calls[7];
	ck_assert_uint_lt(strlen(text_of(200)), 2048);
	ck_assert_ptr_nonnull(strstr(text_of(200), "x\";us=0, answer;"));
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("debug");
	TCase *t = tcase_create("debug");
	SRunner *sr;
	int failed;

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, good);
	tcase_add_test(t, expired);
	tcase_add_test(t, forged);
	tcase_add_test(t, without_one);
	tcase_add_test(t, steps_and_calls);
	tcase_add_test(t, own_answer);
	tcase_add_test(t, told_by_nobody_else);
	tcase_add_test(t, bounded);
	suite_add_tcase(s, t);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_NORMAL);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
