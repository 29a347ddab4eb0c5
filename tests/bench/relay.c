/*
 * relay.c - the floor: a proxy without HTTP. What one recv has of a client is
 * one request, what one recv has of the origin is one answer, which holds for
 * the small messages of the benchmark and nothing else. Connections to the
 * origin come from a pool, the last used first: two recv and two send for a
 * request, and a share of epoll_wait.
 *
 * usage: relay PORT ORIGIN_PORT [close]
 * With "close" a client's connection ends with the answer.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/bench/net.h"

#define WATCHED (EPOLLIN | EPOLLRDHUP | EPOLLET)

struct peer {
	int fd; /* -1: closed, freed at the end of the turn */
	bool origin;
	struct peer *other;
	struct peer *next; /* in the pool, or among the closed */
};

struct relay {
	int epoll;
	uint64_t origin_port;
	bool close;
	struct peer *pool;
	struct peer *closed;
};

static struct peer *
peer_new(struct relay *r, int fd, bool origin)
{
	struct peer *p = calloc(1, sizeof(*p));

	if (p == NULL)
		net_die("calloc");
	p->fd = fd;
	p->origin = origin;
	net_watch(r->epoll, fd, WATCHED, p);
	return p;
}

static void
pool_remove(struct relay *r, const struct peer *p)
{
	for (struct peer **at = &r->pool; *at != NULL; at = &(*at)->next)
		if (*at == p) {
			*at = p->next;
			return;
		}
}

static void
peer_close(struct relay *r, struct peer *p)
{
	struct peer *other = p->other;

	if (p->fd < 0)
		return;
	if (p->origin && other == NULL)
		pool_remove(r, p);
	close(p->fd);
	p->fd = -1;
	p->other = NULL;
	p->next = r->closed;
	r->closed = p;
	if (other != NULL) {
		other->other = NULL;
		peer_close(r, other);
	}
}

/* On loopback a connection to a listener is there at once. */
static struct peer *
pool_take(struct relay *r)
{
	struct peer *p = r->pool;
	int fd;

	if (p != NULL) {
		r->pool = p->next;
		return p;
	}
	fd = net_connect(r->origin_port);
	if (fd < 0)
		net_die("connect");
	return peer_new(r, fd, true);
}

static bool
pass(const struct peer *to, const char *bytes, ssize_t n)
{
	return send(to->fd, bytes, (size_t)n, MSG_NOSIGNAL) == n;
}

static void
peer_read(struct relay *r, struct peer *p)
{
	static char bytes[65536];
	ssize_t n = recv(p->fd, bytes, sizeof(bytes), 0);
	struct peer *client;

	if (n <= 0) {
		if (n == 0 || errno != EAGAIN)
			peer_close(r, p);
		return;
	}
	if (!p->origin) {
		if (p->other == NULL) {
			p->other = pool_take(r);
			p->other->other = p;
		}
		if (!pass(p->other, bytes, n))
			peer_close(r, p);
		return;
	}
	client = p->other;
	if (client == NULL) {
		peer_close(r, p);
		return;
	}
	client->other = NULL;
	p->other = NULL;
	p->next = r->pool;
	r->pool = p;
	if (!pass(client, bytes, n) || r->close)
		peer_close(r, client);
}

static void
turn(struct relay *r, int listener)
{
	struct epoll_event events[NET_EVENTS];
	int n = epoll_wait(r->epoll, events, NET_EVENTS, -1);
	struct peer *p;
	int fd;

	for (int i = 0; i < n; i++) {
		p = events[i].data.ptr;
		if (p == NULL) {
			while ((fd = net_accept(listener)) >= 0)
				(void)peer_new(r, fd, false);
			continue;
		}
		if (p->fd >= 0)
			peer_read(r, p);
		if (p->fd >= 0 && (events[i].events & EPOLLRDHUP) != 0)
			peer_close(r, p);
	}
	while ((p = r->closed) != NULL) {
		r->closed = p->next;
		free(p);
	}
}

int
main(int argc, char **argv)
{
	struct relay r = { 0 };
	int listener;

	if (argc < 3) {
		fputs("usage: relay PORT ORIGIN_PORT [close]\n", stderr);
		return 2;
	}
	net_raise_files();
	r.epoll = net_epoll();
	r.origin_port = net_number(argv[2]);
	r.close = argc > 3 && strcmp(argv[3], "close") == 0;
	listener = net_listen(net_number(argv[1]));
	net_watch(r.epoll, listener, EPOLLIN, NULL);
	for (;;)
		turn(&r, listener);
}
