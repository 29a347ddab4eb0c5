/*
 * Tests of adopt.c: who is told to accept from whose sockets, and when. The
 * crew is made up: no process is forked, its control sockets are read here.
 */
#include "tests/unit/shm/fixture.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/net/sock.h"
#include "master/adopt.h"

#define WORKERS 4 /* in use: 3, in most tests */
#define SECOND 1000000u

static struct inherit *in;
static struct crew crew;
static struct listening listening;
static struct listening_leaving leaving[LISTENERS_MAX];
static struct adopt adopt;
static int ears[WORKERS]; /* the workers' ends */

static void
setup(void)
{
	static const struct keeper_start start;
	int pair[2];

	in = calloc(1, sizeof(*in));
	ck_assert_ptr_nonnull(in);
	in->workers = 3;
	crew_init(&crew, in, &start);
	for (uint32_t w = 0; w < WORKERS; w++) {
		ck_assert_int_eq(socketpair(AF_UNIX,
				     SOCK_SEQPACKET | SOCK_NONBLOCK, 0, pair),
		    0);
		crew.control[w] = pair[0];
		ears[w] = pair[1];
		crew.workers[w] =
		    (struct spawn){ .state = SPAWN_UP, .pid = getpid() };
	}
	for (uint32_t i = 0; i < 2; i++) {
		in->listeners[i].id = 5 + i;
		for (uint32_t w = 0; w < WORKERS; w++)
			in->listeners[i].fds[w] = dup(0);
	}
	for (uint32_t w = 0; w < WORKERS; w++)
		in->handover_in[w] = dup(0);
	memset(leaving, 0, sizeof(leaving));
	listening = (struct listening){ .in = in, .leaving = leaving };
	adopt_init(&adopt, &crew, &listening);
}

static void
teardown(void)
{
	for (uint32_t w = 0; w < WORKERS; w++) {
		(void)close(ears[w]);
		(void)close(in->handover_in[w]);
		for (uint32_t i = 0; i < 2; i++)
			(void)close(in->listeners[i].fds[w]);
	}
	crew_fini(&crew);
	free(in);
}

static void
worker_dies(uint32_t w)
{
	crew.workers[w].state = SPAWN_DOWN;
	crew.workers[w].pid = 0;
}

/* The next order of worker w is this one. */
static void
expect(uint32_t w, enum worker_order order, uint32_t slot, uint32_t id)
{
	struct worker_message m = { 0 };
	int fd;

	ck_assert_int_eq(
	    sock_recv_fd(ears[w], &m, sizeof(m), &fd), (ssize_t)sizeof(m));
	ck_assert_int_eq(m.order, order);
	ck_assert_uint_eq(m.slot, slot);
	ck_assert_uint_eq(m.id, id);
	ck_assert_int_eq(fd >= 0, order == ORDER_LISTENER_ADD);
	if (fd >= 0)
		(void)close(fd);
}

static void
expect_silence(void)
{
	char m[sizeof(struct worker_message)];

	for (uint32_t w = 0; w < WORKERS; w++)
		ck_assert_int_eq(recv(ears[w], m, sizeof(m), 0), -1);
}

static void
expect_adoption(uint32_t w, uint32_t slot)
{
	expect(w, ORDER_LISTENER_ADD, slot, 5);
	expect(w, ORDER_LISTENER_ADD, slot, 6);
	expect(w, ORDER_LISTENER_ADD, slot, LISTENER_HANDOVER);
}

START_TEST(nobody_is_down)
{
	ck_assert_uint_eq(adopt_tick(&adopt, SECOND), UINT64_MAX);
	expect_silence();
}
END_TEST

START_TEST(down_for_long_enough)
{
	worker_dies(1);
	ck_assert_uint_eq(adopt_tick(&adopt, SECOND), SECOND + ADOPT_DOWN_US);
	(void)adopt_tick(&adopt, SECOND + ADOPT_DOWN_US - 1);
	expect_silence();
	ck_assert_uint_eq(
	    adopt_tick(&adopt, SECOND + ADOPT_DOWN_US), UINT64_MAX);
	expect_adoption(0, 1);
	/* A successor that is starting does not serve yet. */
	crew.workers[1].state = SPAWN_STARTING;
	(void)adopt_tick(&adopt, 2 * SECOND);
	expect_silence();
	crew.workers[1].state = SPAWN_UP;
	(void)adopt_tick(&adopt, 2 * SECOND);
	expect(0, ORDER_RELEASE, 1, 0);
	expect_silence();
}
END_TEST

START_TEST(a_stale_heartbeat)
{
	crew.beats[0].stale_us = CREW_STALE_US - 1;
	(void)adopt_tick(&adopt, SECOND);
	expect_silence();
	crew.beats[0].stale_us = CREW_STALE_US;
	(void)adopt_tick(&adopt, SECOND);
	expect_adoption(1, 0);
	crew.beats[0].stale_us = 0;
	(void)adopt_tick(&adopt, SECOND);
	expect(1, ORDER_RELEASE, 0, 0);
	expect_silence();
}
END_TEST

START_TEST(an_adopter_that_fails_is_replaced)
{
	crew.beats[0].stale_us = CREW_STALE_US;
	(void)adopt_tick(&adopt, SECOND);
	expect_adoption(1, 0);
	crew.beats[1].stale_us = CREW_STALE_US;
	(void)adopt_tick(&adopt, SECOND);
	expect(1, ORDER_RELEASE, 0, 0);
	expect_adoption(2, 0);
	expect_adoption(2, 1);
	expect_silence();
	/* Nobody is left, and then somebody is again. */
	crew.beats[2].stale_us = CREW_STALE_US;
	(void)adopt_tick(&adopt, SECOND);
	expect(2, ORDER_RELEASE, 0, 0);
	expect(2, ORDER_RELEASE, 1, 0);
	expect_silence();
	crew.beats[2].stale_us = 0;
	(void)adopt_tick(&adopt, SECOND);
	expect_adoption(2, 0);
	expect_adoption(2, 1);
	expect_silence();
}
END_TEST

START_TEST(the_work_is_spread)
{
	in->workers = 4;
	worker_dies(0);
	worker_dies(1);
	(void)adopt_tick(&adopt, SECOND);
	(void)adopt_tick(&adopt, 2 * SECOND);
	expect_adoption(2, 0);
	expect_adoption(3, 1);
	expect_silence();
}
END_TEST

START_TEST(listeners_that_come_and_go)
{
	crew.beats[0].stale_us = CREW_STALE_US;
	leaving[3].listener = in->listeners[1];
	leaving[3].listener.id = 9;
	leaving[3].until_us = 3 * SECOND;
	(void)adopt_tick(&adopt, SECOND);
	expect_adoption(1, 0);
	expect(1, ORDER_LISTENER_ADD, 0, 9);
	adopt_listener(&adopt, &in->listeners[0]);
	expect(1, ORDER_LISTENER_ADD, 0, 5);
	/* A successor empties what leaves, once. */
	crew.workers[2].forked_us = SECOND;
	(void)adopt_tick(&adopt, SECOND);
	expect(2, ORDER_LISTENER_ADD, 2, 9);
	(void)adopt_tick(&adopt, SECOND);
	leaving[3].let_go = true;
	crew.workers[2].forked_us = 2 * SECOND;
	(void)adopt_tick(&adopt, SECOND);
	expect_silence();
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("adopt");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, nobody_is_down);
	tcase_add_test(tc, down_for_long_enough);
	tcase_add_test(tc, a_stale_heartbeat);
	tcase_add_test(tc, an_adopter_that_fails_is_replaced);
	tcase_add_test(tc, the_work_is_spread);
	tcase_add_test(tc, listeners_that_come_and_go);
	return fixture_run(tc, "adopt");
}
