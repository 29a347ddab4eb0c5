/*
 * sock.c - the system calls around sockets, with their options, in one place.
 */
#include <errno.h>
#include <linux/filter.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "common/net/sock.h"

#define SOCK_FLAGS (SOCK_NONBLOCK | SOCK_CLOEXEC)
#define FDS_MAX 8 /* received at once, all but one of them too many */

static bool
option_set(int fd, int level, int option)
{
	int on = 1;

	return setsockopt(fd, level, option, &on, sizeof(on)) == 0;
}

/* Closes fd, keeps errno and returns -1. */
static int
close_failed(int fd)
{
	int saved = errno;

	close(fd);
	errno = saved;
	return -1;
}

int
sock_listen(const struct addr *a, bool reuseport, int backlog)
{
	struct sockaddr_storage ss;
	socklen_t n = addr_to_sockaddr(a, &ss);
	int fd = socket(ss.ss_family, SOCK_STREAM | SOCK_FLAGS, 0);

	if (fd < 0)
		return -1;
	/* Accepted sockets inherit TCP_NODELAY: a call less for each. */
	if (!option_set(fd, SOL_SOCKET, SO_REUSEADDR) ||
	    !option_set(fd, IPPROTO_TCP, TCP_NODELAY) ||
	    (reuseport && !option_set(fd, SOL_SOCKET, SO_REUSEPORT)) ||
	    (a->is_v6 && !option_set(fd, IPPROTO_IPV6, IPV6_V6ONLY)))
		return close_failed(fd);
	if (bind(fd, (struct sockaddr *)&ss, n) != 0 ||
	    listen(fd, backlog) != 0)
		return close_failed(fd);
	return fd;
}

bool
sock_deafen(int fd, bool deaf)
{
	/* Byte 13 of the TCP header: a SYN without ACK is cut to nothing. */
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 13),
		BPF_STMT(BPF_ALU | BPF_AND | BPF_K, TH_SYN | TH_ACK),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, TH_SYN, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, 0),
		BPF_STMT(BPF_RET | BPF_K, UINT32_MAX),
	};
	const struct sock_fprog program = { sizeof(code) / sizeof(code[0]),
		code };
	int unused = 0;

	return deaf ? setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program,
			  sizeof(program)) == 0
		    : setsockopt(fd, SOL_SOCKET, SO_DETACH_FILTER, &unused,
			  sizeof(unused)) == 0;
}

/* Removes the socket file of a process that is gone; nothing else. */
static void
unlink_unused(const struct sockaddr_un *un)
{
	struct stat st;
	int fd;

	if (lstat(un->sun_path, &st) != 0 || !S_ISSOCK(st.st_mode))
		return;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_FLAGS, 0);
	if (fd < 0)
		return;
	if (connect(fd, (const struct sockaddr *)un, sizeof(*un)) != 0 &&
	    errno == ECONNREFUSED)
		unlink(un->sun_path);
	close(fd);
}

int
sock_listen_unix(const char *path)
{
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	mode_t mask;
	int fd, bound;

	if (strlen(path) >= sizeof(un.sun_path)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	strcpy(un.sun_path, path);
	unlink_unused(&un);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_FLAGS, 0);
	if (fd < 0)
		return -1;
	mask = umask(0117);
	bound = bind(fd, (struct sockaddr *)&un, sizeof(un));
	umask(mask);
	if (bound != 0 || listen(fd, SOMAXCONN) != 0)
		return close_failed(fd);
	return fd;
}

int
sock_connect(const struct addr *a, bool *done)
{
	struct sockaddr_storage ss;
	socklen_t n = addr_to_sockaddr(a, &ss);
	int fd = socket(ss.ss_family, SOCK_STREAM | SOCK_FLAGS, 0);

	if (fd < 0)
		return -1;
	if (!option_set(fd, IPPROTO_TCP, TCP_NODELAY))
		return close_failed(fd);
	*done = connect(fd, (struct sockaddr *)&ss, n) == 0;
	if (!*done && errno != EINPROGRESS && errno != EINTR)
		return close_failed(fd);
	return fd;
}

int
sock_accept(int fd, struct addr *peer)
{
	struct sockaddr_storage ss = { .ss_family = AF_UNSPEC };
	socklen_t n = sizeof(ss);
	int accepted;

	do {
		accepted = accept4(fd, (struct sockaddr *)&ss, &n, SOCK_FLAGS);
	} while (accepted < 0 && errno == EINTR);
	if (accepted >= 0 && peer != NULL)
		addr_from_sockaddr(&ss, peer);
	return accepted;
}

bool
sock_local(int fd, struct addr *a)
{
	struct sockaddr_storage ss = { .ss_family = AF_UNSPEC };
	socklen_t n = sizeof(ss);

	if (getsockname(fd, (struct sockaddr *)&ss, &n) != 0)
		return false;
	addr_from_sockaddr(&ss, a);
	return true;
}

int
sock_error(int fd)
{
	int error = 0;
	socklen_t n = sizeof(error);

	if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &n) != 0)
		return errno;
	return error;
}

bool
sock_error_is_ours(int error)
{
	switch (error) {
	case EMFILE:
	case ENFILE:
	case ENOMEM:
	case ENOBUFS:
	case EADDRNOTAVAIL:
	case EAGAIN: /* no local port is left */
		return true;
	default:
		return false;
	}
}

void
sock_reset(int fd)
{
	struct linger linger = { .l_onoff = 1, .l_linger = 0 };

	setsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger));
	close(fd);
}

union fd_control {
	char bytes[CMSG_SPACE(sizeof(int) * FDS_MAX)];
	struct cmsghdr align;
};

bool
sock_send_fd(int fd, const void *bytes, size_t n, int passed_fd)
{
	struct iovec iov = { (void *)(uintptr_t)bytes, n };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };
	union fd_control control = { .bytes = { 0 } };
	struct cmsghdr *c;
	ssize_t sent;

	if (passed_fd >= 0) {
		msg.msg_control = control.bytes;
		msg.msg_controllen = CMSG_SPACE(sizeof(int));
		c = &control.align;
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(c), &passed_fd, sizeof(int));
	}
	do {
		sent = sendmsg(fd, &msg, MSG_NOSIGNAL);
	} while (sent < 0 && errno == EINTR);
	return sent == (ssize_t)n;
}

/* Collects the descriptors that came along; returns how many. */
static size_t
fds_of(struct msghdr *msg, int fds[FDS_MAX])
{
	size_t count = 0;

	for (struct cmsghdr *c = CMSG_FIRSTHDR(msg); c != NULL;
	     c = CMSG_NXTHDR(msg, c)) {
		size_t n;

		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
			continue;
		n = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		if (n > FDS_MAX - count)
			n = FDS_MAX - count;
		memcpy(fds + count, CMSG_DATA(c), n * sizeof(int));
		count += n;
	}
	return count;
}

ssize_t
sock_recv_fd(int fd, void *bytes, size_t n, int *passed_fd)
{
	struct iovec iov = { bytes, n };
	union fd_control control;
	struct msghdr msg = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control.bytes,
		.msg_controllen = sizeof(control.bytes),
	};
	int fds[FDS_MAX];
	size_t count;
	ssize_t got;

	*passed_fd = -1;
	do {
		got = recvmsg(fd, &msg, MSG_CMSG_CLOEXEC);
	} while (got < 0 && errno == EINTR);
	if (got < 0)
		return -1;
	count = fds_of(&msg, fds);
	if (count > 1 || (msg.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) != 0) {
		while (count != 0)
			close(fds[--count]);
		errno = EMSGSIZE;
		return -1;
	}
	if (count == 1)
		*passed_fd = fds[0];
	return got;
}
