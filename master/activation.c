/*
 * activation.c - see activation.h.
 */
#include "master/activation.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/base/log.h"

#define ACTIVATION_FIRST_FD 3

static bool
activation_is(int fd, int option, int wanted)
{
	int value = 0;
	socklen_t n = sizeof(value);

	return getsockopt(fd, SOL_SOCKET, option, &value, &n) == 0 &&
	    value == wanted;
}

/* The socket as sock_listen would have made it. */
static bool
activation_adjust(int fd)
{
	int on = 1, flags = fcntl(fd, F_GETFL);

	return flags >= 0 && fcntl(fd, F_SETFL, flags | O_NONBLOCK) == 0 &&
	    fcntl(fd, F_SETFD, FD_CLOEXEC) == 0 &&
	    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)) == 0;
}

static bool
activation_is_ours(int fd, struct addr *addr)
{
	struct sockaddr_storage ss = { .ss_family = AF_UNSPEC };
	socklen_t n = sizeof(ss);

	if (getsockname(fd, (struct sockaddr *)&ss, &n) != 0 ||
	    (ss.ss_family != AF_INET && ss.ss_family != AF_INET6))
		return false;
	addr_from_sockaddr(&ss, addr);
	return activation_is(fd, SO_TYPE, SOCK_STREAM) &&
	    activation_is(fd, SO_ACCEPTCONN, 1) && activation_adjust(fd);
}

static void
activation_take(struct activation *a, int fd, const char *name, size_t n)
{
	struct activation_socket *s = &a->sockets[a->count];

	*s = (struct activation_socket){ .fd = fd };
	(void)snprintf(s->name, sizeof(s->name), "%.*s", (int)n, name);
	if (a->count < ACTIVATION_MAX - 1 && activation_is_ours(fd, &s->addr)) {
		a->count++;
		return;
	}
	log_warnx("descriptor %d (%s) that was passed in is no listening TCP "
		  "socket: closed",
	    fd, s->name);
	(void)close(fd);
}

static int
activation_count(void)
{
	const char *pid = getenv("LISTEN_PID"), *fds = getenv("LISTEN_FDS");
	long count;

	if (pid == NULL || fds == NULL || strtol(pid, NULL, 10) != getpid())
		return 0;
	count = strtol(fds, NULL, 10);
	return count > 0 && count <= INT16_MAX ? (int)count : 0;
}

void
activation_init(struct activation *a)
{
	const char *name = getenv("LISTEN_FDNAMES");
	int count = activation_count();

	a->count = 0;
	if (name == NULL)
		name = "";
	for (int i = 0; i < count; i++) {
		size_t n = strcspn(name, ":");

		activation_take(a, ACTIVATION_FIRST_FD + i, name, n);
		name += n + (name[n] == ':');
	}
}

void
activation_fini(struct activation *a)
{
	for (uint32_t i = 0; i < a->count; i++)
		(void)close(a->sockets[i].fd);
	a->count = 0;
}

int
activation_find(struct activation *a, const struct addr *addr)
{
	for (uint32_t i = 0; i < a->count; i++) {
		if (!addr_eq(&a->sockets[i].addr, addr))
			continue;
		a->sockets[i].used = true;
		return a->sockets[i].fd;
	}
	return -1;
}

void
activation_warn(const struct activation *a)
{
	char text[ADDR_TEXT_MAX];

	for (uint32_t i = 0; i < a->count; i++) {
		const struct activation_socket *s = &a->sockets[i];

		if (s->used)
			continue;
		(void)addr_text(&s->addr, text);
		log_warnx("the socket %s (%s) that was passed in is no "
			  "listener's address: nobody accepts from it",
		    text, s->name);
	}
}
