/*
 * The breaker of a service, and what Retry-After says.
 */
#include "worker/origin/service_breaker.h"

#include "tests/unit/shm/fixture.h"

static struct region region;
static struct env env;
static struct judge judge = {
	.scope = IMG_BREAKER_SERVICE,
	.rule = { .failures = 2,
	    .successes = 1,
	    .probes = 1,
	    .minimum = 1,
	    .open_us = 60000000,
	    .slow_us = 1,
	    .window_us = 1000000 },
};
static const struct judged is_bad = { .is = JUDGED_BAD,
	.how = { .failed = true, .cause = CAUSE_STATUS, .detail = 503 } };
static const struct judged is_good = { .is = JUDGED_GOOD };
static const struct judged is_open = { .is = JUDGED_NOT };

#define SERVICE 3

static void
begin(void)
{
	fixture_region(&region, 1);
	env = (struct env){ .region = &region };
	ck_assert(permits_init(&env.permits, &region, 0));
}

static void
end(void)
{
	permits_fini(&env.permits);
	region_fini(&region);
}

/* A request that ends like this; false: it is refused. */
static bool
ask(const struct judged *v)
{
	struct service_pass p = { 0 };
	uint64_t wait_us;

	if (!service_admit(&p, &env, &judge, SERVICE, &wait_us))
		return false;
	service_give_back(&p, &env, &judge, v);
	ck_assert(!p.held);
	/* A second time is once. */
	service_give_back(&p, &env, &judge, &is_bad);
	return true;
}

START_TEST(it_counts_requests)
{
	begin();
	ck_assert(ask(&is_bad));
	ck_assert(ask(&is_good));
	ck_assert(ask(&is_bad));
	ck_assert(ask(&is_open));
	ck_assert(ask(&is_bad));
	ck_assert(!ask(&is_good));
	judge.bypass = true;
	ck_assert(ask(&is_good));
	judge.bypass = false;
	ck_assert(!ask(&is_good));
	/* That of no endpoint has moved. */
	for (uint32_t i = 0; i < ENDPOINTS_MAX; i++)
		ck_assert_uint_eq(
		    atomic_load(&region.state->breakers[i].word), 0);
	end();
}
END_TEST

START_TEST(only_where_it_is_minded)
{
	struct service_pass p = { 0 };
	struct judge none = judge;
	uint64_t wait_us;

	begin();
	ck_assert(ask(&is_bad) && ask(&is_bad) && !ask(&is_bad));
	none.scope = IMG_BREAKER_ENDPOINT;
	ck_assert(service_admit(&p, &env, &none, SERVICE, &wait_us));
	ck_assert(!p.held && !service_pass_is_probe(&p));
	end();
}
END_TEST

static const struct {
	uint64_t us;
	const char *text;
} waits[] = { { 0, "1" }, { 1, "1" }, { 999999, "1" }, { 1000000, "1" },
	{ 1000001, "2" }, { 60000000, "60" }, { 59000001, "60" },
	{ UINT64_MAX, "18446744073710" } };

START_TEST(whole_seconds_rounded_up)
{
	char text[RETRY_AFTER_MAX];
	struct slice s = retry_after_text(waits[_i].us, text);

	ck_assert_uint_eq(s.n, strlen(waits[_i].text));
	ck_assert_mem_eq(s.p, waits[_i].text, s.n);
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("service_breaker");

	tcase_add_test(tc, it_counts_requests);
	tcase_add_test(tc, only_where_it_is_minded);
	tcase_add_loop_test(tc, whole_seconds_rounded_up, 0,
	    (int)(sizeof(waits) / sizeof(waits[0])));
	return fixture_run(tc, "service_breaker");
}
