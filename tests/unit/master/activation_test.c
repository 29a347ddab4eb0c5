/*
 * Tests of activation.c: sockets that were passed in. They take the place of
 * the descriptors from 3 on, which the test program uses itself, so each test
 * runs in a child process that says by its exit code which line failed.
 */
#include "tests/unit/shm/fixture.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/net/sock.h"
#include "master/activation.h"

/* Lines of this file fit into an exit code. */
#define WANT(condition)                         \
	do {                                    \
		if (!(condition))               \
			_exit(__LINE__ & 0xff); \
	} while (0)

static void
in_child(void (*test)(void))
{
	int status = 0;
	pid_t pid = fork();

	if (pid == 0) {
		test();
		_exit(0);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_msg(WIFEXITED(status), "the child was killed");
	ck_assert_msg(
	    WEXITSTATUS(status) == 0, "at line %d", WEXITSTATUS(status));
}

static struct addr
loopback(uint16_t port)
{
	struct addr a;
	const char *why;

	WANT(addr_parse("127.0.0.1:1", &a, &why));
	a.port = port;
	return a;
}

/* A blocking listening socket as descriptor `at`; its address. */
static struct addr
pass(int at)
{
	struct addr a = loopback(0);
	struct sockaddr_storage ss;
	socklen_t n = addr_to_sockaddr(&a, &ss);
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	WANT(bind(fd, (const struct sockaddr *)&ss, n) == 0);
	WANT(listen(fd, 16) == 0);
	WANT(getsockname(fd, (struct sockaddr *)&ss, &n) == 0);
	addr_from_sockaddr(&ss, &a);
	if (fd != at) {
		WANT(dup2(fd, at) == at);
		(void)close(fd);
	}
	return a;
}

static void
announce(pid_t pid, const char *fds, const char *names)
{
	char text[16];

	(void)snprintf(text, sizeof(text), "%d", (int)pid);
	(void)setenv("LISTEN_PID", text, 1);
	(void)setenv("LISTEN_FDS", fds, 1);
	if (names != NULL)
		(void)setenv("LISTEN_FDNAMES", names, 1);
}

static void
child_finds(void)
{
	struct activation a;
	struct addr x = pass(3), y = pass(4), z = loopback(1);

	announce(getpid(), "2", "web:more");
	activation_init(&a);
	WANT(a.count == 2);
	WANT(strcmp(a.sockets[0].name, "web") == 0);
	WANT(strcmp(a.sockets[1].name, "more") == 0);
	WANT(activation_find(&a, &y) == 4);
	WANT(a.sockets[1].used && !a.sockets[0].used);
	WANT(activation_find(&a, &x) == 3);
	WANT(activation_find(&a, &z) == -1);
	WANT((fcntl(3, F_GETFL) & O_NONBLOCK) != 0);
	WANT((fcntl(3, F_GETFD) & FD_CLOEXEC) != 0);
	activation_fini(&a);
	WANT(fcntl(3, F_GETFD) == -1);
}

START_TEST(found_by_address)
{
	in_child(child_finds);
}
END_TEST

static void
child_gets_nonsense(void)
{
	struct activation a;
	struct addr y;
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	WANT(fd >= 0 && dup2(fd, 3) == 3);
	y = pass(4);
	announce(getpid(), "2", NULL);
	activation_init(&a);
	WANT(a.count == 1);
	WANT(activation_find(&a, &y) == 4);
	WANT(fcntl(3, F_GETFD) == -1);
	activation_fini(&a);
}

START_TEST(what_is_no_listener_is_closed)
{
	in_child(child_gets_nonsense);
}
END_TEST

static void
child_is_not_meant(void)
{
	struct activation a;
	struct addr x = pass(3);

	announce(getpid() + 1, "1", NULL);
	activation_init(&a);
	WANT(a.count == 0);
	WANT(activation_find(&a, &x) == -1);
	WANT(fcntl(3, F_GETFD) >= 0);
	activation_fini(&a);
}

START_TEST(meant_for_another_process)
{
	in_child(child_is_not_meant);
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("activation");

	tcase_add_test(tc, found_by_address);
	tcase_add_test(tc, what_is_no_listener_is_closed);
	tcase_add_test(tc, meant_for_another_process);
	return fixture_run(tc, "activation");
}
