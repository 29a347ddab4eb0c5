/*
 * Tests of resolve_name.c: what replies make of a name, when it is due again,
 * what it stands for.
 */
#include "master/resolve_name.h"

#include "common/base/clock.h"
#include "tests/unit/shm/fixture.h"

#define SECOND UINT64_C(1000000)

static const struct resolve_bounds bounds = { 1 * SECOND, 300 * SECOND };
static struct resolve_name *name;
static struct resolve_reply reply[RESOLVE_FAMILIES];

static void
setup(void)
{
	clock_set_birth(clock_raw_us() - SECOND);
	(void)clock_update();
	name = resolve_name_new(IMG_ENDPOINT_NAME, SLICE_LIT("a.b"));
}

static void
teardown(void)
{
	resolve_name_free(name);
}

static void
reply_none(enum resolve_which which, enum resolve_verdict verdict)
{
	reply[which] = (struct resolve_reply){ verdict,
		verdict == RESOLVE_NONE ? "none" : "failed", { 0 } };
}

/* The addresses 10.0.0.FIRST and the count - 1 after it, or ::FIRST. */
static void
reply_some(
    enum resolve_which which, uint8_t first, uint32_t count, uint32_t ttl_s)
{
	struct resolve_answer *a = &reply[which].answer;

	reply[which] =
	    (struct resolve_reply){ .verdict = RESOLVE_SOME, .why = "" };
	a->ttl_s = ttl_s;
	a->addrs = calloc(count, sizeof(*a->addrs));
	ck_assert_ptr_nonnull(a->addrs);
	for (; a->addr_count < count; a->addr_count++) {
		struct addr *to = &a->addrs[a->addr_count];

		*to = fixture_want(first + a->addr_count, 1).addr;
		to->port = 0;
		to->is_v6 = which == RESOLVE_V6;
	}
}

/* Takes the replies; returns when it is due, without jitter. */
static uint64_t
take(struct resolve_name *n, bool want_change)
{
	uint64_t wait_us = resolve_name_note(n, reply, &bounds, 0);

	ck_assert_int_eq(resolve_name_take_addrs(n, reply), want_change);
	resolve_name_learn(n);
	for (int i = 0; i < RESOLVE_FAMILIES; i++)
		resolve_answer_fini(&reply[i].answer);
	return wait_us;
}

static uint32_t
places(const struct resolve_name *n)
{
	struct resolve_walk w = { 0 };
	struct resolve_place p;
	uint32_t count = 0;

	while (resolve_name_next(n, &w, &p))
		count++;
	return count;
}

START_TEST(good_answers)
{
	ck_assert_str_eq(resolve_name_state(name), "unresolved");
	ck_assert(!resolve_name_settled(name));
	reply_some(RESOLVE_V4, 1, 2, 60);
	reply_some(RESOLVE_V6, 1, 1, 30);
	ck_assert_uint_eq(take(name, true), 30 * SECOND);
	ck_assert_uint_eq(places(name), 3);
	ck_assert(resolve_name_settled(name));
	ck_assert_str_eq(resolve_name_state(name), "resolved");
	reply_some(RESOLVE_V4, 1, 2, 60);
	reply_some(RESOLVE_V6, 1, 1, 30);
	(void)take(name, false);
	reply_some(RESOLVE_V4, 2, 1, 60);
	reply_none(RESOLVE_V6, RESOLVE_NONE);
	ck_assert_uint_eq(take(name, true), 60 * SECOND);
	ck_assert_uint_eq(places(name), 1);
	ck_assert_uint_eq(name->fails, 0);
}
END_TEST

START_TEST(ttls_are_bounded)
{
	reply_none(RESOLVE_V6, RESOLVE_NONE);
	reply_some(RESOLVE_V4, 1, 1, 0);
	ck_assert_uint_eq(take(name, true), 1 * SECOND);
	reply_some(RESOLVE_V4, 1, 1, 86400);
	ck_assert_uint_eq(take(name, false), 300 * SECOND);
	reply_some(RESOLVE_V4, 1, 1, 100);
	ck_assert_uint_ge(
	    resolve_name_note(name, reply, &bounds, UINT64_MAX), 100 * SECOND);
	ck_assert_uint_le(
	    resolve_name_note(name, reply, &bounds, UINT64_MAX), 107 * SECOND);
	resolve_answer_fini(&reply[RESOLVE_V4].answer);
}
END_TEST

START_TEST(failures_keep_all_and_come_back_later)
{
	static const uint64_t want[] = { 1, 2, 4, 8, 16, 30, 30, 30 };

	reply_some(RESOLVE_V4, 1, 2, 60);
	reply_some(RESOLVE_V6, 1, 1, 60);
	(void)take(name, true);
	for (unsigned i = 0; i < sizeof(want) / sizeof(want[0]); i++) {
		reply_none(RESOLVE_V4, i % 2 ? RESOLVE_FAILED : RESOLVE_NONE);
		reply_none(RESOLVE_V6, RESOLVE_NONE);
		ck_assert_uint_eq(take(name, false), want[i] * SECOND);
		ck_assert_uint_eq(places(name), 3);
		ck_assert_str_eq(resolve_name_state(name), "failing");
		ck_assert_str_eq(name->why, i % 2 ? "failed" : "none");
		ck_assert_int_eq(name->denied, i % 2 == 0);
	}
	for (int i = 0; i < 100; i++)
		ck_assert_uint_eq(take(name, false), 30 * SECOND);
	reply_some(RESOLVE_V4, 1, 2, 60);
	reply_some(RESOLVE_V6, 1, 1, 60);
	ck_assert_uint_eq(take(name, false), 60 * SECOND);
	ck_assert_str_eq(resolve_name_state(name), "resolved");
}
END_TEST

START_TEST(a_family_that_fails_keeps_its_own)
{
	reply_some(RESOLVE_V4, 1, 2, 60);
	reply_some(RESOLVE_V6, 1, 1, 60);
	(void)take(name, true);
	reply_some(RESOLVE_V4, 7, 1, 60);
	reply_none(RESOLVE_V6, RESOLVE_FAILED);
	ck_assert_uint_eq(take(name, true), 1 * SECOND);
	ck_assert_uint_eq(places(name), 2);
	ck_assert_str_eq(name->why, "failed");
	/* Denied, while the other says nothing: it may be the same fault. */
	reply_none(RESOLVE_V4, RESOLVE_FAILED);
	reply_none(RESOLVE_V6, RESOLVE_NONE);
	(void)take(name, false);
	ck_assert_uint_eq(places(name), 2);
}
END_TEST

/* ---- SRV ---- */

static struct resolve_target *
target_of(struct resolve_name *n, uint32_t weight, bool backup)
{
	struct resolve_target *t = calloc(1, sizeof(*t));

	ck_assert_ptr_nonnull(t);
	*t = (struct resolve_target){ n, 80, weight, backup };
	return t;
}

START_TEST(targets_are_its_places)
{
	struct resolve_name *srv =
	    resolve_name_new(IMG_ENDPOINT_SRV, SLICE_LIT("_x._tcp.b"));
	struct resolve_target *old;
	struct resolve_walk w = { 0 };
	struct resolve_place p;

	reply[RESOLVE_V4] = (struct resolve_reply){ .verdict = RESOLVE_SOME };
	reply_none(RESOLVE_V6, RESOLVE_FAILED);
	reply[RESOLVE_SRV].answer.ttl_s = 9;
	ck_assert_uint_eq(
	    resolve_name_note(srv, reply, &bounds, 0), 9 * SECOND);
	ck_assert_uint_eq(srv->fails, 0);
	ck_assert(resolve_name_take_targets(srv, target_of(name, 5, true), 1));
	ck_assert(!resolve_name_settled(srv));
	resolve_name_learn(srv);
	ck_assert(!srv->family[RESOLVE_V4].known);

	reply_some(RESOLVE_V4, 1, 2, 60);
	reply_none(RESOLVE_V6, RESOLVE_NONE);
	(void)take(name, true);
	ck_assert(resolve_name_settled(srv));
	resolve_name_learn(srv);
	ck_assert(srv->family[RESOLVE_V4].known);
	ck_assert_uint_eq(places(srv), 2);
	ck_assert(resolve_name_next(srv, &w, &p));
	ck_assert_uint_eq(p.addr.port, 80);
	ck_assert_uint_eq(p.weight, 5);
	ck_assert(p.backup);

	old = srv->targets;
	ck_assert(!resolve_name_take_targets(srv, target_of(name, 5, true), 1));
	free(old);
	old = srv->targets;
	ck_assert(resolve_name_take_targets(srv, target_of(name, 6, true), 1));
	free(old);
	resolve_name_free(srv);
}
END_TEST

START_TEST(a_target_that_never_was_is_known_in_time)
{
	struct resolve_name *srv =
	    resolve_name_new(IMG_ENDPOINT_SRV, SLICE_LIT("_x._tcp.b"));
	unsigned rounds = 0;

	srv->ok_us = 1;
	(void)resolve_name_take_targets(srv, target_of(name, 1, false), 1);
	while (!srv->family[RESOLVE_V6].known && rounds < 100) {
		reply_none(RESOLVE_V4, RESOLVE_NONE);
		reply_none(RESOLVE_V6, RESOLVE_NONE);
		(void)take(name, false);
		resolve_name_learn(srv);
		rounds++;
	}
	ck_assert_uint_eq(rounds, 5);
	resolve_name_free(srv);
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("resolve_name");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, good_answers);
	tcase_add_test(tc, ttls_are_bounded);
	tcase_add_test(tc, failures_keep_all_and_come_back_later);
	tcase_add_test(tc, a_family_that_fails_keeps_its_own);
	tcase_add_test(tc, targets_are_its_places);
	tcase_add_test(tc, a_target_that_never_was_is_known_in_time);
	return fixture_run(tc, "resolve_name");
}
