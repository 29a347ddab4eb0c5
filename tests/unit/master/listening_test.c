/*
 * Tests of listening.c: sockets per slot, another program on the port, and an
 * address that leaves and comes back.
 */
#include "tests/unit/shm/fixture.h"

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/net/sock.h"
#include "master/listening.h"

#define WORKERS 3

static struct inherit *in;
static struct listening all;

static void
setup(void)
{
	in = calloc(1, sizeof(*in));
	ck_assert_ptr_nonnull(in);
	in->workers = WORKERS;
	listening_init(&all, in);
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

START_TEST(what_leaves_is_held_for_a_while)
{
	struct addr a = free_addr();
	int place = listening_open(&all, &a), fd;
	uint32_t id;

	ck_assert_int_ge(place, 0);
	id = in->listeners[place].id;
	fd = dup(in->listeners[place].fds[1]);
	ck_assert(!listening_close(&all, id + 1, 1000));
	ck_assert(listening_close(&all, id, 1000));
	ck_assert(!listening_close(&all, id, 1000));
	ck_assert_uint_eq(in->listeners[place].id, 0);
	ck_assert(accepts(fd));
	ck_assert_uint_eq(
	    listening_tick(&all, 1001), 1000 + LISTENING_LEAVE_US);
	ck_assert(accepts(fd));
	ck_assert_uint_eq(
	    listening_tick(&all, 1000 + LISTENING_LEAVE_US), UINT64_MAX);
	ck_assert(!accepts(fd));
	(void)close(fd);
}
END_TEST

START_TEST(an_address_that_leaves_may_come_back_at_once)
{
	struct addr a = free_addr();
	int place = listening_open(&all, &a), again;
	uint32_t id;

	ck_assert_int_ge(place, 0);
	id = in->listeners[place].id;
	ck_assert(listening_close(&all, id, 1000));
	again = listening_open(&all, &a);
	ck_assert_int_ge(again, 0);
	ck_assert_uint_ne(in->listeners[again].id, id);
	/* The old ones are not waited for any more. */
	ck_assert_uint_eq(listening_tick(&all, 1001), UINT64_MAX);
	ck_assert(accepts(in->listeners[again].fds[0]));
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
	tcase_add_test(tc, what_leaves_is_held_for_a_while);
	tcase_add_test(tc, an_address_that_leaves_may_come_back_at_once);
	tcase_add_test(tc, the_table_has_an_end);
	return fixture_run(tc, "listening");
}
