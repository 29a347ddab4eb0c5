/*
 * balance_kit.h - for the tests of balance.c: a service whose endpoints are
 * numbered from 1, and requests that ask for one of them. Time is our own.
 */
#ifndef TESTS_UNIT_WORKER_ORIGIN_BALANCE_KIT_H
#define TESTS_UNIT_WORKER_ORIGIN_BALANCE_KIT_H

#include "tests/unit/own_clock.h"
#include "tests/unit/shm/fixture.h"
#include "worker/origin/balance.h"

static struct region region;
static struct env env;
static struct balance *balance;
static struct balance_ask ask;
static const struct vital_rule rule = { .failures = 3, .time_us = 10000000 };

/* The endpoints' time of being left alone is over so often. */
static inline void
age(uint64_t times)
{
	own_us = times * (rule.time_us + 100000);
	clock_update();
}

/* Endpoints 1..primaries, then backups. */
static inline void
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

static inline void
begin(void)
{
	fixture_region(&region, 1);
	env = (struct env){ .region = &region };
	balance = balance_new(&env);
	ck_assert_ptr_nonnull(balance);
	ask = (struct balance_ask){ .service = registry_service(
					&region, SLICE_LIT("s")),
		.panic_threshold = 50,
		.rule = rule };
	age(1);
}

static inline void
end(void)
{
	balance_free(balance);
	region_fini(&region);
}

/* The number of the endpoint; 0: none. */
static inline uint32_t
pick(void)
{
	const struct eset_member *m = balance_pick(balance, &ask);

	if (m == NULL)
		return 0;
	ask.tried.index[ask.tried.count++] = m->handle.index;
	return m->addr.ip[15];
}

/* The registry index of endpoint n. */
static inline uint32_t
index_of(uint32_t n)
{
	const struct eset *set = registry_set(&region, ask.service);

	for (uint32_t i = 0; i < set->count; i++)
		if (set->members[i].addr.ip[15] == n)
			return set->members[i].handle.index;
	ck_abort();
}

static inline void
sick(uint32_t n, bool on)
{
	vital_set_flag(
	    &region, index_of(n), VITAL_DOWN, on, CAUSE_PROBE_CONNECT, 0);
}

static inline void
close_one(uint32_t n)
{
	vital_set_admin(&region, index_of(n), ADMIN_DRAIN, CAUSE_OPERATOR);
}

/* Calls to endpoint n that went so. */
static inline void
calls(uint32_t n, uint32_t count, enum balance_outcome outcome)
{
	const struct balance_result how = {
		.outcome = outcome,
		.cause = CAUSE_STATUS,
		.detail = 503,
		.us = 1000,
	};
	struct endpoint_handle h = { index_of(n), 1 };

	for (uint32_t i = 0; i < count; i++)
		balance_feedback(balance, ask.algorithm, &rule, h, &how);
}

/* Requests of their own, into hits[0..7]. */
static inline void
picks(uint32_t *hits, uint32_t count)
{
	memset(hits, 0, 8 * sizeof(*hits));
	for (uint32_t i = 0; i < count; i++) {
		ask.tried.count = 0;
		ask.hash = hash_u64(i + 1);
		hits[pick()]++;
	}
	ask.tried.count = 0;
}

#endif
