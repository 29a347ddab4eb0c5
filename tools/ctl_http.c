/*
 * ctl_http.c - see ctl_http.h. The connection serves one request, so the
 * answer ends where the connection does.
 */
#include "tools/ctl_http.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

/* A reload of many thousands of routes may take its time. */
#define CTL_WAIT_SECONDS 150

static void
ctl_cannot_reach(const char *path, int error)
{
	const char *hint = "";

	if (error == ENOENT || error == ECONNREFUSED)
		hint = " (is penstock running, and is admin.socket set?)";
	else if (error == EACCES || error == EPERM)
		hint = " (its owner, its group and root may use it)";
	(void)fprintf(stderr, "penstockctl: cannot reach %s: %s%s\n", path,
	    strerror(error), hint);
}

static int
ctl_connect(const char *path)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	const struct timeval wait = { .tv_sec = CTL_WAIT_SECONDS };
	size_t n = strlen(path);
	int fd;

	if (n >= sizeof(sun.sun_path)) {
		ctl_cannot_reach(path, ENAMETOOLONG);
		return -1;
	}
	memcpy(sun.sun_path, path, n);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd >= 0 &&
	    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof(wait)) == 0 &&
	    connect(fd, (const struct sockaddr *)&sun, sizeof(sun)) == 0)
		return fd;
	ctl_cannot_reach(path, errno);
	if (fd >= 0)
		(void)close(fd);
	return -1;
}

static bool
ctl_send(int fd, const struct ctl_request *q)
{
	struct text request;
	ssize_t n;
	bool ok;

	text_init(&request);
	text_printf(&request,
	    "%s %.*s HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
	    "Content-Type: application/json\r\nContent-Length: %zu\r\n\r\n%s",
	    q->method, SLICE_FMT(q->path), strlen(q->body), q->body);
	n = send(fd, request.p, request.n, MSG_NOSIGNAL);
	ok = n == (ssize_t)request.n;
	text_fini(&request);
	return ok;
}

static bool
ctl_receive(int fd, struct text *all)
{
	char block[16384];
	ssize_t n;

	while ((n = recv(fd, block, sizeof(block), 0)) != 0) {
		if (n > 0)
			text_add(all, slice_make(block, (size_t)n));
		else if (errno != EINTR)
			return false;
	}
	return true;
}

/* "HTTP/1.1 200 ...", fields, an empty line, the body. */
static bool
ctl_split(struct text *all, struct ctl_answer *answer)
{
	static const char end[] = "\r\n\r\n";
	const char *body;

	if (all->n < 12 || memcmp(all->p, "HTTP/1.1 ", 9) != 0)
		return false;
	body = memmem(all->p, all->n, end, sizeof(end) - 1);
	if (body == NULL)
		return false;
	body += sizeof(end) - 1;
	answer->status = atoi(all->p + 9);
	text_add(
	    &answer->body, slice_make(body, all->n - (size_t)(body - all->p)));
	return true;
}

bool
ctl_http(const char *socket_path, const struct ctl_request *q,
    struct ctl_answer *answer)
{
	struct text all;
	int fd = ctl_connect(socket_path);
	bool ok;

	text_init(&answer->body);
	if (fd < 0)
		return false;
	text_init(&all);
	ok = ctl_send(fd, q) && ctl_receive(fd, &all);
	if (!ok)
		(void)fprintf(stderr, "penstockctl: %s: %s\n", socket_path,
		    errno == EAGAIN ? "no answer in time" : strerror(errno));
	(void)close(fd);
	if (ok && !ctl_split(&all, answer)) {
		ok = false;
		(void)fprintf(stderr,
		    "penstockctl: %s: the answer is not HTTP/1.1\n",
		    socket_path);
	}
	text_fini(&all);
	return ok;
}
