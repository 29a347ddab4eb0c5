/*
 * relay_splice.c - the floor of large bodies: a proxy without HTTP that moves
 * bytes through a pipe of 1 MiB each way, by splice. A client's connection has
 * one of its own to the origin.
 *
 * usage: relay_splice PORT ORIGIN_PORT
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "tests/bench/net.h"

#define PIPE_BYTES (1 << 20)
#define MOVE (SPLICE_F_MOVE | SPLICE_F_NONBLOCK)

struct pair;

struct end {
	struct pair *pair;
	int fd;
	int pipe[2]; /* bytes on their way to this end */
	size_t waiting;
};

struct pair {
	struct end ends[2];
	bool closed;
	struct pair *next; /* among the closed */
};

static struct end *
other(struct end *e)
{
	return e == &e->pair->ends[0] ? &e->pair->ends[1] : &e->pair->ends[0];
}

static void
end_open(struct end *e, struct pair *p, int epoll, int fd)
{
	e->pair = p;
	e->fd = fd;
	if (fd < 0 || pipe2(e->pipe, O_NONBLOCK | O_CLOEXEC) != 0 ||
	    fcntl(e->pipe[1], F_SETPIPE_SZ, PIPE_BYTES) < 0)
		net_die("pipe of 1 MiB");
	net_watch(epoll, fd, NET_ET, e);
}

static void
pair_open(int epoll, int client, uint64_t origin_port)
{
	struct pair *p = calloc(1, sizeof(*p));

	if (p == NULL)
		net_die("calloc");
	end_open(&p->ends[0], p, epoll, client);
	end_open(&p->ends[1], p, epoll, net_connect(origin_port));
}

static void
pair_close(struct pair *p, struct pair **closed)
{
	p->closed = true;
	for (int i = 0; i < 2; i++) {
		close(p->ends[i].fd);
		close(p->ends[i].pipe[0]);
		close(p->ends[i].pipe[1]);
	}
	p->next = *closed;
	*closed = p;
}

/* Moves what there is to an end; false: the connection is done for. */
static bool
pump(struct end *to)
{
	int from = other(to)->fd;
	ssize_t n;

	for (;;) {
		if (to->waiting == 0) {
			n = splice(
			    from, NULL, to->pipe[1], NULL, PIPE_BYTES, MOVE);
			if (n <= 0)
				return n < 0 && errno == EAGAIN;
			to->waiting = (size_t)n;
		}
		n = splice(to->pipe[0], NULL, to->fd, NULL, to->waiting, MOVE);
		if (n <= 0)
			return n < 0 && errno == EAGAIN;
		to->waiting -= (size_t)n;
	}
}

static bool
end_event(struct end *e, uint32_t events)
{
	if ((events & (EPOLLERR | EPOLLHUP)) != 0)
		return false;
	if ((events & EPOLLOUT) != 0 && e->waiting != 0 && !pump(e))
		return false;
	return (events & (EPOLLIN | EPOLLRDHUP)) == 0 || pump(other(e));
}

int
main(int argc, char **argv)
{
	struct epoll_event events[NET_EVENTS];
	struct pair *closed = NULL, *p;
	int epoll = net_epoll(), listener, fd;
	uint64_t origin_port;

	if (argc != 3) {
		fputs("usage: relay_splice PORT ORIGIN_PORT\n", stderr);
		return 2;
	}
	net_raise_files();
	origin_port = net_number(argv[2]);
	listener = net_listen(net_number(argv[1]));
	net_watch(epoll, listener, EPOLLIN, NULL);
	for (;;) {
		int n = epoll_wait(epoll, events, NET_EVENTS, -1);

		for (int i = 0; i < n; i++) {
			struct end *e = events[i].data.ptr;

			if (e == NULL)
				while ((fd = net_accept(listener)) >= 0)
					pair_open(epoll, fd, origin_port);
			else if (!e->pair->closed &&
			    !end_event(e, events[i].events))
				pair_close(e->pair, &closed);
		}
		while ((p = closed) != NULL) {
			closed = p->next;
			free(p);
		}
	}
}
