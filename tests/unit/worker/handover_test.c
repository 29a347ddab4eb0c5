/*
 * Tests of handover.c: who gives which connection to whom. The workers are
 * made up: rows of counters, and queues that are read here. Worker 0 gives.
 */
#include "tests/unit/shm/fixture.h"

#include <errno.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/base/clock.h"
#include "shm/slots.h"
#include "worker/handover.h"

#define WORKERS 4u
#define SECOND 1000000u

static struct region region;
static struct inherit in;
static struct env env;
static struct clients clients;
static struct handover handover;

static void
now_is(uint64_t us)
{
	clock_set_birth(clock_raw_us() - us);
	clock_update();
}

/* So many open connections has a worker. */
static void
holds(uint32_t w, uint64_t n)
{
	_Atomic uint64_t *count = counters_block(&region, w);
	uint64_t ended = atomic_load(&count[COUNTER_CONNECTIONS_ACCEPTED]) -
	    atomic_load(&count[COUNTER_CONNECTIONS]);

	atomic_store(&count[COUNTER_CONNECTIONS], n);
	atomic_store(&count[COUNTER_CONNECTIONS_ACCEPTED], ended + n);
	if (w == 0)
		clients.count = (uint32_t)n;
}

/* So many have ended of those that worker 0 had. */
static void
ended(uint64_t n)
{
	atomic_store(&env.counters[COUNTER_CONNECTIONS_ACCEPTED],
	    atomic_load(&env.counters[COUNTER_CONNECTIONS]) + n);
}

static void
set_up(void)
{
	int pair[2];

	fixture_region(&region, WORKERS);
	now_is(10 * SECOND);
	in = (struct inherit){ .workers = WORKERS };
	for (uint32_t w = 0; w < WORKERS; w++) {
		ck_assert_int_eq(socketpair(AF_UNIX,
				     SOCK_SEQPACKET | SOCK_NONBLOCK, 0, pair),
		    0);
		in.handover_in[w] = pair[0];
		in.handover_out[w] = pair[1];
		slot_set_state(&region, w, SLOT_READY);
		slot_beat(&region, w, clock_now().us);
	}
	env = (struct env){ .region = &region,
		.counters = counters_block(&region, 0) };
	clients = (struct clients){ .env = &env, .max = 1000 };
	handover_init(&handover, &clients, &in);
}

static void
tear_down(void)
{
	for (uint32_t w = 0; w < WORKERS; w++) {
		(void)close(in.handover_in[w]);
		(void)close(in.handover_out[w]);
	}
	region_fini(&region);
}

/* Whether a fresh connection is given away. */
static bool
gives(uint32_t hops)
{
	const struct arrival a = { .peer.port = 99, .hops = hops };
	int pair[2];
	bool given;

	handover.looked_us = 0; /* looks again */
	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	given = handover_give(&handover, pair[0], &a);
	(void)close(pair[1]);
	if (!given)
		ck_assert_int_eq(close(pair[0]), 0);
	return given;
}

/* Empties a worker's queue; returns how many there were. */
static uint32_t
taken(uint32_t w)
{
	struct arrival a;
	uint32_t n = 0;
	int fd;

	while ((fd = handover_take(in.handover_in[w], &a)) >= 0) {
		(void)close(fd);
		n++;
	}
	ck_assert_int_eq(errno, EAGAIN);
	return n;
}

START_TEST(what_is_given_arrives)
{
	const struct arrival a = { .peer = { .ip = { 9, 8, 7 }, .port = 4711 },
		.proxied = 1 };
	struct arrival arrived;
	int pair[2], fd;
	char byte;

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	holds(0, 2);
	ck_assert(handover_give(&handover, pair[0], &a));
	ck_assert_int_eq(close(pair[0]), -1);
	ck_assert_uint_eq(
	    counters_sum(&region, COUNTER_CONNECTIONS_HANDED_OVER), 1);
	fd = handover_take(in.handover_in[1], &arrived);
	ck_assert_int_ge(fd, 0);
	ck_assert(addr_eq(&arrived.peer, &a.peer));
	ck_assert_uint_eq(arrived.proxied, 1);
	ck_assert_uint_eq(arrived.hops, 1);
	ck_assert_int_eq(write(pair[1], "x", 1), 1);
	ck_assert_int_eq(read(fd, &byte, 1), 1);
	(void)close(fd);
	(void)close(pair[1]);
}
END_TEST

/* own, of the others each, given? */
static const uint64_t shares[][3] = {
	{ 0, 0, false },
	{ 1, 0, true },
	{ 1, 1, false },
	{ 2, 1, true },
	{ 2, 2, false },
	{ 3, 2, true },
	{ 9, 8, false },
	{ 10, 8, true },
	{ 12, 10, false },
	{ 13, 10, true },
	{ 67, 50, false },
	{ 68, 50, true },
};

START_TEST(a_quarter_above_the_average_stays)
{
	const uint64_t *s = shares[_i];

	holds(0, s[0]);
	for (uint32_t w = 1; w < WORKERS; w++)
		holds(w, s[1]);
	ck_assert_int_eq(gives(0), s[2] != 0);
}
END_TEST

START_TEST(the_one_with_fewest_gets_it)
{
	holds(0, 20);
	holds(1, 5);
	holds(2, 4);
	holds(3, 6);
	ck_assert(gives(0));
	ck_assert_uint_eq(taken(2), 1);
	holds(3, 3);
	ck_assert(gives(0));
	ck_assert_uint_eq(taken(3), 1);
}
END_TEST

START_TEST(what_waits_counts)
{
	uint32_t n[WORKERS] = { 0 };

	holds(0, 30);
	while (gives(0))
		continue;
	for (uint32_t w = 0; w < WORKERS; w++)
		n[w] = taken(w);
	ck_assert_uint_eq(n[0], 0);
	ck_assert_uint_ge(n[1] + n[2] + n[3], 60);
	ck_assert_uint_le(n[1] + n[2] + n[3], 75);
	for (uint32_t w = 1; w < WORKERS; w++)
		ck_assert_uint_le(n[w], n[3] + 1);
}
END_TEST

START_TEST(given_on_once)
{
	holds(0, 20);
	ck_assert(gives(1));
	ck_assert(!gives(2));
}
END_TEST

START_TEST(who_does_not_serve_gets_none)
{
	static const enum slot_state states[] = { SLOT_DOWN, SLOT_STARTING,
		SLOT_DRAINING, SLOT_RECOVERING };

	holds(0, 20);
	holds(2, 9);
	holds(3, 10);
	for (size_t i = 0; i < sizeof(states) / sizeof(states[0]); i++) {
		slot_set_state(&region, 1, states[i]);
		ck_assert(gives(0));
		ck_assert_uint_eq(taken(1), 0);
		ck_assert_uint_eq(taken(2), 1);
	}
	slot_set_state(&region, 2, SLOT_DOWN);
	slot_set_state(&region, 3, SLOT_DOWN);
	ck_assert(!gives(0));
}
END_TEST

START_TEST(who_is_stuck_gets_none)
{
	holds(0, 20);
	now_is(11 * SECOND);
	slot_beat(&region, 0, clock_now().us);
	ck_assert(!gives(0));
	slot_beat(&region, 3, clock_now().us);
	ck_assert(gives(0));
	ck_assert_uint_eq(taken(3), 1);
}
END_TEST

START_TEST(who_stops_gives_none)
{
	holds(0, 20);
	env.draining = true;
	ck_assert(!gives(0));
	clients.count = clients.max;
	ck_assert(!handover_has_room(&handover));
}
END_TEST

START_TEST(short_ones_stay)
{
	holds(0, 20);
	ended(20);
	ck_assert(gives(0));
	ended(21);
	ck_assert(!gives(0));
	/* They go on, and then they do not. */
	ended(30);
	now_is(10 * SECOND + SECOND / 10);
	ck_assert(!gives(0));
	ended(35);
	now_is(10 * SECOND + 3 * SECOND / 10);
	ck_assert(gives(0));
}
END_TEST

START_TEST(old_ones_do_not_count)
{
	holds(0, 20);
	ended(300);
	now_is(20 * SECOND);
	for (uint32_t w = 0; w < WORKERS; w++)
		slot_beat(&region, w, clock_now().us);
	ck_assert(gives(0));
}
END_TEST

/* The others are not looked at again for a while, but in the end. */
START_TEST(a_share_holds_for_a_while)
{
	const struct arrival a = { .hops = 0 };

	holds(0, 10);
	for (uint32_t w = 1; w < WORKERS; w++)
		holds(w, 10);
	ck_assert(!gives(0)); /* up to 12 */
	for (uint32_t w = 1; w < WORKERS; w++)
		holds(w, 0);
	holds(0, 11);
	handover.looked_us = clock_now().us;
	ck_assert(!handover_give(&handover, -1, &a));
	now_is(10 * SECOND + 2000);
	ck_assert(gives(0));
}
END_TEST

START_TEST(full_ones_give_whatever_the_spread)
{
	clients.max = 10;
	holds(0, 10);
	ended(1000);
	for (uint32_t w = 1; w < WORKERS; w++)
		holds(w, w == 2 ? 9 : 10);
	ck_assert(handover_has_room(&handover));
	ck_assert(gives(0));
	/* It waits for the last place. */
	ck_assert(!handover_has_room(&handover));
	ck_assert(!gives(0));
	ck_assert_uint_eq(taken(2), 1);
}
END_TEST

START_TEST(a_queue_without_room)
{
	char message[2000] = { 0 };

	for (uint32_t w = 1; w < WORKERS; w++)
		while (
		    send(in.handover_out[w], message, sizeof(message), 0) >= 0)
			continue;
	clients.max = 1000000;
	holds(0, 900000);
	ck_assert(!gives(0));
	ck_assert_uint_eq(
	    counters_sum(&region, COUNTER_CONNECTIONS_HANDED_OVER), 0);
}
END_TEST

START_TEST(no_descriptor_is_left)
{
	struct rlimit old, few;
	struct arrival a;

	holds(0, 20);
	ck_assert(gives(0));
	ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &old), 0);
	few = old;
	few.rlim_cur = 3;
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &few), 0);
	ck_assert_int_eq(handover_take(in.handover_in[1], &a), -1);
	ck_assert_int_eq(errno, EMFILE);
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &old), 0);
	ck_assert_uint_eq(taken(1), 1);
}
END_TEST

START_TEST(it_is_over_when_all_know_of_the_stop)
{
	ck_assert(!handover_is_over(&handover));
	slot_set_state(&region, 1, SLOT_DRAINING);
	slot_set_state(&region, 2, SLOT_DOWN);
	ck_assert(!handover_is_over(&handover));
	slot_set_state(&region, 3, SLOT_DRAINING);
	ck_assert(handover_is_over(&handover));
}
END_TEST

START_TEST(alone)
{
	in.workers = 1;
	holds(0, 20);
	ck_assert(!gives(0));
	clients.count = clients.max;
	ck_assert(!handover_has_room(&handover));
	ck_assert(handover_is_over(&handover));
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("handover");

	tcase_add_checked_fixture(tc, set_up, tear_down);
	tcase_add_test(tc, what_is_given_arrives);
	tcase_add_loop_test(tc, a_quarter_above_the_average_stays, 0,
	    (int)(sizeof(shares) / sizeof(shares[0])));
	tcase_add_test(tc, the_one_with_fewest_gets_it);
	tcase_add_test(tc, what_waits_counts);
	tcase_add_test(tc, given_on_once);
	tcase_add_test(tc, who_does_not_serve_gets_none);
	tcase_add_test(tc, who_is_stuck_gets_none);
	tcase_add_test(tc, who_stops_gives_none);
	tcase_add_test(tc, short_ones_stay);
	tcase_add_test(tc, old_ones_do_not_count);
	tcase_add_test(tc, a_share_holds_for_a_while);
	tcase_add_test(tc, full_ones_give_whatever_the_spread);
	tcase_add_test(tc, a_queue_without_room);
	tcase_add_test(tc, no_descriptor_is_left);
	tcase_add_test(tc, it_is_over_when_all_know_of_the_stop);
	tcase_add_test(tc, alone);
	return fixture_run(tc, "handover");
}
