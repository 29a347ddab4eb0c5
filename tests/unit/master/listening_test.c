/*
 * Tests of listening.c: sockets per slot, another program on the port, and an
 * address that leaves and comes back.
 */
#include "tests/unit/shm/fixture.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/net/sock.h"
#include "master/listening.h"

#define WORKERS 3

static struct inherit *in;
static struct listening all;
static struct activation passed;
static uint32_t let_go; /* the last listener that workers were to let go */

static void
let_go_of(struct listening *l, uint32_t id)
{
	ck_assert_ptr_eq(l, &all);
	let_go = id;
}

static void
setup(void)
{
	let_go = 0;
	passed.count = 0;
	in = calloc(1, sizeof(*in));
	ck_assert_ptr_nonnull(in);
	in->workers = WORKERS;
	listening_init(&all, in, &passed, let_go_of);
}

static void
teardown(void)
{
	listening_fini(&all);
	free(in);
}

/* A port of 127.0.0.1 that nobody uses. */
static struct addr
free_addr(void)
{
	struct sockaddr_storage ss;
	socklen_t n = sizeof(ss);
	struct addr a = { 0 };
	const char *why;
	int fd;

	ck_assert(addr_parse("127.0.0.1:1", &a, &why));
	a.port = 0;
	n = addr_to_sockaddr(&a, &ss);
	fd = socket(AF_INET, SOCK_STREAM, 0);
	ck_assert_int_eq(bind(fd, (const struct sockaddr *)&ss, n), 0);
	ck_assert_int_eq(getsockname(fd, (struct sockaddr *)&ss, &n), 0);
	addr_from_sockaddr(&ss, &a);
	(void)close(fd);
	return a;
}

static bool
accepts(int fd)
{
	int on = 0;
	socklen_t n = sizeof(on);

	return getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &on, &n) == 0 &&
	    on == 1;
}

START_TEST(every_slot_gets_a_socket)
{
	struct addr a = free_addr(), b = free_addr();
	int x = listening_open(&all, &a), y = listening_open(&all, &b);

	ck_assert_int_ge(x, 0);
	ck_assert_int_ge(y, 0);
	ck_assert_uint_ne(in->listeners[x].id, in->listeners[y].id);
	ck_assert(addr_eq(&in->listeners[y].addr, &b));
	for (unsigned w = 0; w < WORKERS; w++)
		ck_assert(accepts(in->listeners[x].fds[w]));
	ck_assert_int_eq(in->listeners[x].fds[WORKERS], -1);
}
END_TEST

START_TEST(another_program_is_noticed)
{
	struct addr a = free_addr();
	/* One that would share the port gladly. */
	int fd = sock_listen(&a, true, 1);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(listening_open(&all, &a), -1);
	ck_assert_int_eq(errno, EADDRINUSE);
	(void)close(fd);
	ck_assert_int_ge(listening_open(&all, &a), 0);
}
END_TEST

/* A connection, or -1 when nobody hears for so long. */
static int
knock_for(const struct addr *a, int ms)
{
	struct pollfd p;
	bool done;
	int fd = sock_connect(a, &done);

	ck_assert_int_ge(fd, 0);
	p = (struct pollfd){ .fd = fd, .events = POLLOUT };
	if (done || (poll(&p, 1, ms) == 1 && sock_error(fd) == 0))
		return fd;
	(void)close(fd);
	return -1;
}

static bool
hears(const struct addr *a)
{
	int fd = knock_for(a, 50);

	if (fd < 0)
		return false;
	(void)close(fd);
	return true;
}

static int
knock(const struct addr *a)
{
	int fd = knock_for(a, 30000);

	ck_assert_int_ge(fd, 0);
	return fd;
}

START_TEST(what_leaves_is_deaf_then_let_go_then_ended)
{
	struct addr a = free_addr();
	int place = listening_open(&all, &a), fd, early;
	uint64_t end_us = 1000 + LISTENING_LEAVE_US + LISTENING_END_US;
	uint32_t id;

	ck_assert_int_ge(place, 0);
	id = in->listeners[place].id;
	early = knock(&a);
	fd = dup(in->listeners[place].fds[1]);
	ck_assert(!listening_close(&all, id + 1, 1000));
	ck_assert(listening_close(&all, id, 1000));
	ck_assert(!listening_close(&all, id, 1000));
	ck_assert_uint_eq(in->listeners[place].id, 0);
	ck_assert(accepts(fd));
	ck_assert(!hears(&a));
	ck_assert_uint_eq(
	    listening_tick(&all, 1001), 1000 + LISTENING_LEAVE_US);
	ck_assert_uint_eq(let_go, 0);
	ck_assert_uint_eq(
	    listening_tick(&all, 1000 + LISTENING_LEAVE_US), end_us);
	ck_assert_uint_eq(let_go, id);
	ck_assert(accepts(fd));
	ck_assert_uint_eq(listening_tick(&all, end_us), UINT64_MAX);
	ck_assert(!accepts(fd));
	(void)close(fd);
	(void)close(early);
}
END_TEST

START_TEST(an_address_that_leaves_may_come_back)
{
	struct addr a = free_addr();
	int place = listening_open(&all, &a), again, early, fds[WORKERS];
	uint32_t id;

	ck_assert_int_ge(place, 0);
	id = in->listeners[place].id;
	early = knock(&a);
	memcpy(fds, in->listeners[place].fds, sizeof(fds));
	ck_assert(listening_close(&all, id, 1000));
	if (_i == 1) /* workers were told already */
		(void)listening_tick(&all, 1000 + LISTENING_LEAVE_US);
	again = listening_open(&all, &a);
	ck_assert_int_ge(again, 0);
	ck_assert_uint_eq(let_go, id);
	ck_assert_uint_ne(in->listeners[again].id, id);
	/* The same sockets, with what is queued, and they hear again. */
	ck_assert_mem_eq(fds, in->listeners[again].fds, sizeof(fds));
	ck_assert_uint_eq(
	    listening_tick(&all, 10 * LISTENING_LEAVE_US), UINT64_MAX);
	for (int i = 0; i < 8; i++)
		(void)close(knock(&a));
	(void)close(early);
}
END_TEST

START_TEST(all_leave_when_the_gateway_stops)
{
	struct addr a = free_addr(), b = free_addr();

	ck_assert_int_ge(listening_open(&all, &a), 0);
	ck_assert_int_ge(listening_open(&all, &b), 0);
	listening_close_all(&all, 1000);
	ck_assert(!hears(&a));
	ck_assert(!hears(&b));
	ck_assert_uint_eq(in->listeners[0].id + in->listeners[1].id, 0);
}
END_TEST

/* As the service manager would have made it. */
static int
pass(const struct addr *a, bool reuseport)
{
	int fd = sock_listen(a, reuseport, 16);

	ck_assert_int_ge(fd, 0);
	passed.sockets[0] = (struct activation_socket){ .fd = fd, .addr = *a };
	passed.count = 1;
	return fd;
}

START_TEST(a_passed_socket_is_used)
{
	struct addr a = free_addr();
	bool reuseport = _i == 1;
	int fd = pass(&a, reuseport), place = listening_open(&all, &a), queued;
	struct inherit_listener *l = &in->listeners[place];
	uint32_t id;

	ck_assert_int_ge(place, 0);
	/* With SO_REUSEPORT others stand beside it, else all share it. */
	ck_assert_uint_eq(l->passed, reuseport ? 1 : WORKERS);
	for (unsigned w = 0; w < WORKERS; w++)
		ck_assert(accepts(l->fds[w]) && l->fds[w] != fd);
	id = l->id;
	ck_assert(listening_close(&all, id, 1000));
	(void)listening_tick(&all, 1000 + LISTENING_LEAVE_US);
	(void)listening_tick(&all, 10 * LISTENING_LEAVE_US);
	/* It is the manager's: it goes on listening, and can be used again. */
	ck_assert(accepts(fd));
	queued = knock(&a);
	ck_assert_int_ge(listening_open(&all, &a), 0);
	(void)close(queued);
	(void)close(fd);
}
END_TEST

START_TEST(the_table_has_an_end)
{
	struct addr a = free_addr();

	for (size_t i = 0; i < LISTENERS_MAX; i++)
		in->listeners[i].id = 1000 + (uint32_t)i;
	ck_assert_int_eq(listening_open(&all, &a), -1);
	ck_assert_int_eq(errno, ENOSPC);
	for (size_t i = 0; i < LISTENERS_MAX; i++)
		in->listeners[i].id = 0;
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("listening");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, every_slot_gets_a_socket);
	tcase_add_test(tc, another_program_is_noticed);
	tcase_add_test(tc, what_leaves_is_deaf_then_let_go_then_ended);
	tcase_add_loop_test(tc, an_address_that_leaves_may_come_back, 0, 2);
	tcase_add_test(tc, all_leave_when_the_gateway_stops);
	tcase_add_loop_test(tc, a_passed_socket_is_used, 0, 2);
	tcase_add_test(tc, the_table_has_an_end);
	return fixture_run(tc, "listening");
}
