/*
 * Tests of balance.c: primaries before backups, nothing twice, and states that
 * follow the set and the algorithm.
 */
#include "tests/unit/shm/fixture.h"
#include "worker/origin/balance.h"

static struct region region;
static struct env env;
static struct balance *balance;
static struct balance_ask ask;

/* Endpoints 1..primaries, then backups. */
static void
publish(uint32_t primaries, uint32_t backups)
{
	struct eset_want want[64];
	uint32_t n = primaries + backups;

	for (uint32_t i = 0; i < n; i++) {
		want[i] = fixture_want(i + 1, 1 + i % 2);
		want[i].backup = i >= primaries;
	}
	ck_assert(registry_publish_set(&region, ask.service, want, n));
}

static void
begin(void)
{
	fixture_region(&region, 1);
	env = (struct env){ .region = &region };
	balance = balance_new(&env);
	ck_assert_ptr_nonnull(balance);
	ask = (struct balance_ask){ .service = registry_service(
					&region, SLICE_LIT("s")) };
}

static void
end(void)
{
	balance_free(balance);
	region_fini(&region);
}

/* The number of the endpoint; 0: none. */
static uint32_t
pick(void)
{
	const struct eset_member *m = balance_pick(balance, &ask);

	if (m == NULL)
		return 0;
	ask.tried.index[ask.tried.count++] = m->handle.index;
	return m->addr.ip[15];
}

START_TEST(each_once_and_backups_last)
{
	begin();
	publish(3, 2);
	for (uint32_t a = 0; a < IMG_BALANCE_COUNT; a++)
		for (int round = 0; round < 50; round++) {
			uint32_t seen = 0;

			ask.algorithm = a;
			ask.hash = hash_u64((uint64_t)round);
			ask.tried.count = 0;
			for (int i = 0; i < 5; i++) {
				uint32_t n = pick();

				ck_assert_uint_ge(n, i < 3 ? 1 : 4);
				ck_assert_uint_le(n, i < 3 ? 3 : 5);
				ck_assert_uint_eq(seen & 1u << n, 0);
				seen |= 1u << n;
			}
			ck_assert_uint_eq(pick(), 0);
		}
	end();
}
END_TEST

START_TEST(small_and_empty_sets)
{
	begin();
	for (uint32_t a = 0; a < IMG_BALANCE_COUNT; a++) {
		ask.algorithm = a;
		ask.tried.count = 0;
		publish(0, 0);
		ck_assert_uint_eq(pick(), 0);
		publish(1, 1);
		ck_assert_uint_eq(pick(), 1);
		ck_assert_uint_eq(pick(), 2);
		ck_assert_uint_eq(pick(), 0);
		ask.tried.count = 0;
		publish(0, 1);
		ck_assert_uint_eq(pick(), 1);
	}
	end();
}
END_TEST

/* A pick after any change is one of the new set, by the new algorithm. */
START_TEST(sets_and_algorithms_change)
{
	begin();
	for (uint32_t i = 0; i < 2000; i++) {
		uint32_t count = 1 + (uint32_t)(hash_u64(i) % 20);

		publish(count, i % 3);
		ask.algorithm = i % IMG_BALANCE_COUNT;
		ask.hash = hash_u64(i + 7);
		ask.tried.count = 0;
		ck_assert_uint_le(pick(), count);
		if (count == 1)
			continue;
		/* The same set, another algorithm. */
		ask.algorithm = (i + 1) % IMG_BALANCE_COUNT;
		ck_assert_uint_le(pick(), count);
	}
	end();
}
END_TEST

START_TEST(enough_is_enough)
{
	begin();
	publish(40, 2);
	for (uint32_t i = 0; i < BALANCE_TRIED_MAX; i++)
		ck_assert_uint_ne(pick(), 0);
	ck_assert_uint_eq(pick(), 0);
	end();
}
END_TEST

START_TEST(feedback_reaches_p2c_alone)
{
	uint32_t hits[4] = { 0 };

	begin();
	publish(3, 0);
	ask.algorithm = IMG_BALANCE_P2C;
	const struct eset *set = registry_set(&region, ask.service);
	for (uint32_t i = 0; i < 3; i++)
		balance_feedback(balance, IMG_BALANCE_RANDOM,
		    set->members[i].handle, BALANCE_FAILED, 1);
	for (uint32_t i = 0; i < 3; i++)
		balance_feedback(balance, IMG_BALANCE_P2C,
		    set->members[i].handle, BALANCE_ANSWERED,
		    i == 1 ? 500000 : 5000);
	for (int i = 0; i < 3000; i++) {
		ask.tried.count = 0;
		hits[pick()]++;
	}
	ck_assert_uint_eq(hits[2], 0);
	ck_assert_uint_gt(hits[1], 500);
	ck_assert_uint_gt(hits[3], 500);
	end();
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("balance");

	tcase_add_test(tc, each_once_and_backups_last);
	tcase_add_test(tc, small_and_empty_sets);
	tcase_add_test(tc, sets_and_algorithms_change);
	tcase_add_test(tc, enough_is_enough);
	tcase_add_test(tc, feedback_reaches_p2c_alone);
	return fixture_run(tc, "balance");
}
