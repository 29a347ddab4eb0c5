/* Tests of sock.c on the loopback and in a scratch folder. */
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/net/sock.h"

static void
listener_addr(int fd, struct addr *a)
{
	struct sockaddr_storage ss;
	socklen_t n = sizeof(ss);

	ck_assert_int_eq(getsockname(fd, (struct sockaddr *)&ss, &n), 0);
	addr_from_sockaddr(&ss, a);
}

static void
assert_flags(int fd)
{
	ck_assert_int_ne(fcntl(fd, F_GETFL) & O_NONBLOCK, 0);
	ck_assert_int_ne(fcntl(fd, F_GETFD) & FD_CLOEXEC, 0);
}

static int
option(int fd, int level, int name)
{
	int value = -1;
	socklen_t n = sizeof(value);

	ck_assert_int_eq(getsockopt(fd, level, name, &value, &n), 0);
	return value;
}

static void
wait_for(int fd, short events)
{
	struct pollfd p = { .fd = fd, .events = events };

	ck_assert_int_eq(poll(&p, 1, 5000), 1);
}

static void
connect_and_accept(const char *ip, bool reuseport)
{
	struct addr a, peer, client;
	bool done;
	int lfd, cfd, fd;

	ck_assert(addr_parse_ip(slice_str(ip), &a));
	lfd = sock_listen(&a, reuseport, 16);
	ck_assert_int_ge(lfd, 0);
	assert_flags(lfd);
	ck_assert_int_eq(option(lfd, SOL_SOCKET, SO_REUSEPORT), reuseport);
	ck_assert_int_eq(sock_accept(lfd, &peer), -1);
	ck_assert_int_eq(errno, EAGAIN);
	listener_addr(lfd, &a);
	cfd = sock_connect(&a, &done);
	ck_assert_int_ge(cfd, 0);
	assert_flags(cfd);
	wait_for(cfd, POLLOUT);
	ck_assert_int_eq(sock_error(cfd), 0);
	wait_for(lfd, POLLIN);
	fd = sock_accept(lfd, &peer);
	ck_assert_int_ge(fd, 0);
	assert_flags(fd);
	ck_assert_int_ne(option(fd, IPPROTO_TCP, TCP_NODELAY), 0);
	ck_assert_int_ne(option(cfd, IPPROTO_TCP, TCP_NODELAY), 0);
	listener_addr(cfd, &client);
	ck_assert(addr_eq(&client, &peer));
	sock_reset(fd);
	wait_for(cfd, POLLIN);
	ck_assert_int_eq(sock_error(cfd), ECONNRESET);
	close(cfd);
	close(lfd);
}

START_TEST(tcp4)
{
	connect_and_accept("127.0.0.1", false);
	connect_and_accept("127.0.0.1", true);
}
END_TEST

START_TEST(tcp6)
{
	struct addr a;
	int fd;

	ck_assert(addr_parse_ip(SLICE_LIT("::1"), &a));
	fd = sock_listen(&a, false, 1);
	if (fd < 0 && (errno == EADDRNOTAVAIL || errno == EAFNOSUPPORT))
		return;
	close(fd);
	connect_and_accept("::1", false);
}
END_TEST

START_TEST(refused_and_taken)
{
	struct addr a, local;
	bool done;
	int lfd, fd;

	ck_assert(addr_parse_ip(SLICE_LIT("127.0.0.1"), &a));
	lfd = sock_listen(&a, false, 16);
	listener_addr(lfd, &a);
	ck_assert_int_eq(sock_listen(&a, false, 16), -1);
	ck_assert_int_eq(errno, EADDRINUSE);
	ck_assert(sock_local(lfd, &local));
	ck_assert(addr_eq(&local, &a));
	close(lfd);
	ck_assert(!sock_local(-1, &local));
	fd = sock_connect(&a, &done);
	if (fd < 0) {
		ck_assert_int_eq(errno, ECONNREFUSED);
		return;
	}
	wait_for(fd, POLLOUT);
	ck_assert_int_eq(sock_error(fd), ECONNREFUSED);
	close(fd);
}
END_TEST

START_TEST(unix_listener)
{
	char dir[] = "/tmp/sock_test.XXXXXX";
	char path[64], longer[200];
	struct stat st;
	int fd;

	ck_assert_ptr_nonnull(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/s", dir);
	fd = sock_listen_unix(path);
	ck_assert_int_ge(fd, 0);
	assert_flags(fd);
	ck_assert_int_eq(lstat(path, &st), 0);
	ck_assert_uint_eq(st.st_mode & 0777, 0660);
	/* In use: stays. */
	ck_assert_int_eq(sock_listen_unix(path), -1);
	ck_assert_int_eq(errno, EADDRINUSE);
	close(fd);
	/* Left over: goes. */
	fd = sock_listen_unix(path);
	ck_assert_int_ge(fd, 0);
	close(fd);
	unlink(path);
	/* Not a socket: stays. */
	close(open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
	ck_assert_int_eq(sock_listen_unix(path), -1);
	ck_assert_int_eq(lstat(path, &st), 0);
	unlink(path);
	rmdir(dir);
	memset(longer, 'x', sizeof(longer));
	longer[sizeof(longer) - 1] = '\0';
	ck_assert_int_eq(sock_listen_unix(longer), -1);
	ck_assert_int_eq(errno, ENAMETOOLONG);
}
END_TEST

static void
make_pair(int fds[2])
{
	ck_assert_int_eq(
	    socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds), 0);
}

static int
open_count(void)
{
	int count = 0;

	for (int fd = 0; fd < 256; fd++)
		count += fcntl(fd, F_GETFD) != -1;
	return count;
}

START_TEST(passes_a_descriptor)
{
	int fds[2], got, other[2];
	char text[16];

	make_pair(fds);
	make_pair(other);
	ck_assert(sock_send_fd(fds[0], "plain", 5, -1));
	ck_assert(sock_send_fd(fds[0], "with", 4, other[0]));
	ck_assert_int_eq((int)sock_recv_fd(fds[1], text, 16, &got), 5);
	ck_assert_int_eq(got, -1);
	ck_assert_int_eq((int)sock_recv_fd(fds[1], text, 16, &got), 4);
	ck_assert_mem_eq(text, "with", 4);
	ck_assert_int_ge(got, 0);
	ck_assert_int_ne(fcntl(got, F_GETFD) & FD_CLOEXEC, 0);
	ck_assert_int_eq((int)write(got, "x", 1), 1);
	ck_assert_int_eq((int)read(other[1], text, 1), 1);
	close(fds[0]);
	ck_assert_int_eq((int)sock_recv_fd(fds[1], text, 16, &got), 0);
}
END_TEST

/* Sends `count` descriptors at once, as nobody of ours does. */
static void
send_many(int fd, int count)
{
	struct iovec iov = { (char[]){ 'm' }, 1 };
	_Alignas(struct cmsghdr) char control[256] = { 0 };
	struct msghdr msg = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control,
		.msg_controllen = CMSG_SPACE(sizeof(int) * (size_t)count),
	};
	struct cmsghdr *c = CMSG_FIRSTHDR(&msg);

	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(sizeof(int) * (size_t)count);
	for (int i = 0; i < count; i++)
		memcpy(
		    CMSG_DATA(c) + sizeof(int) * (size_t)i, &fd, sizeof(int));
	ck_assert_int_eq((int)sendmsg(fd, &msg, 0), 1);
}

START_TEST(drops_what_is_too_much)
{
	int fds[2], got, before;
	char text[16];

	make_pair(fds);
	before = open_count();
	send_many(fds[0], 2);
	send_many(fds[0], 20);
	ck_assert(sock_send_fd(fds[0], "far too long", 12, fds[0]));
	for (int i = 0; i < 3; i++) {
		got = 99;
		ck_assert_int_eq((int)sock_recv_fd(fds[1], text, 4, &got), -1);
		ck_assert_int_eq(errno, EMSGSIZE);
		ck_assert_int_eq(got, -1);
	}
	ck_assert_int_eq(open_count(), before);
}
END_TEST

START_TEST(a_deaf_socket_keeps_its_queue)
{
	struct pollfd p = { .events = POLLOUT };
	struct addr a;
	int lfd, early, late, fd;
	bool done;

	ck_assert(addr_parse_ip(slice_str("127.0.0.1"), &a));
	lfd = sock_listen(&a, true, 16);
	ck_assert_int_ge(lfd, 0);
	listener_addr(lfd, &a);
	early = sock_connect(&a, &done);
	wait_for(early, POLLOUT);
	wait_for(lfd, POLLIN); /* its last segment is not dropped, too */
	ck_assert(sock_deafen(lfd, true));
	late = sock_connect(&a, &done);
	p.fd = late;
	ck_assert_int_eq(poll(&p, 1, 50), 0);
	fd = sock_accept(lfd, NULL);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(sock_accept(lfd, NULL), -1);
	ck_assert_int_eq(errno, EAGAIN);
	/* What was accepted hears on. */
	ck_assert_int_eq(send(early, "x", 1, 0), 1);
	wait_for(fd, POLLIN);
	(void)close(late);
	ck_assert(sock_deafen(lfd, false));
	late = sock_connect(&a, &done);
	wait_for(late, POLLOUT);
	(void)close(late);
	(void)close(fd);
	(void)close(early);
	(void)close(lfd);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("sock");
	TCase *tc = tcase_create("sock");
	SRunner *runner;
	int failed;

	tcase_add_test(tc, tcp4);
	tcase_add_test(tc, tcp6);
	tcase_add_test(tc, refused_and_taken);
	tcase_add_test(tc, a_deaf_socket_keeps_its_queue);
	tcase_add_test(tc, unix_listener);
	tcase_add_test(tc, passes_a_descriptor);
	tcase_add_test(tc, drops_what_is_too_much);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
