/*
 * fds.c - see fds.h.
 */
#include "common/net/fds.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/base/must.h"

union fds_control {
	struct cmsghdr align;
	char bytes[CMSG_SPACE(FDS_PASSED_MAX * sizeof(int))];
};

bool
fds_send(int fd, char byte, const int *fds, unsigned count)
{
	struct iovec iov = { &byte, 1 };
	union fds_control control = { .bytes = { 0 } };
	struct msghdr msg = { .msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control.bytes,
		.msg_controllen = CMSG_SPACE(count * sizeof(int)) };
	ssize_t sent;

	MUST(count != 0 && count <= FDS_PASSED_MAX);
	control.align.cmsg_level = SOL_SOCKET;
	control.align.cmsg_type = SCM_RIGHTS;
	control.align.cmsg_len = CMSG_LEN(count * sizeof(int));
	memcpy(CMSG_DATA(&control.align), fds, count * sizeof(int));
	do {
		sent = sendmsg(fd, &msg, MSG_NOSIGNAL);
	} while (sent < 0 && errno == EINTR);
	return sent == 1;
}

static void
fds_take(const struct cmsghdr *c, int *fds, unsigned *count)
{
	size_t n = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);

	for (size_t i = 0; i < n; i++) {
		int got;

		memcpy(&got, CMSG_DATA(c) + i * sizeof(int), sizeof(got));
		if (*count < FDS_PASSED_MAX)
			fds[(*count)++] = got;
		else
			(void)close(got);
	}
}

ssize_t
fds_recv(int fd, void *buf, size_t n, int *fds, unsigned *count)
{
	struct iovec iov = { buf, n };
	union fds_control control;
	struct msghdr msg = { .msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control.bytes,
		.msg_controllen = sizeof(control.bytes) };
	ssize_t got;

	do {
		got = recvmsg(fd, &msg, MSG_CMSG_CLOEXEC);
	} while (got < 0 && errno == EINTR);
	if (got < 0)
		return got;
	for (struct cmsghdr *c = CMSG_FIRSTHDR(&msg); c != NULL;
	     c = CMSG_NXTHDR(&msg, c))
		if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_RIGHTS)
			fds_take(c, fds, count);
	return got;
}
