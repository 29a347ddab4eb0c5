/*
 * origin.c - the cheapest HTTP/1.1 origin that gateways can be measured with:
 * an answer made beforehand per port, for every request; "/echo" is answered
 * by the request's head. Bodies of requests are read away, and the answer waits
 * for their end. It knows Content-Length alone, and never closes by itself.
 *
 * usage: origin PORT=BYTES ...
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/bench/net.h"

#define PORTS_MAX 16
#define HEAD_MAX 8192

struct text {
	char *bytes;
	size_t length;
};

struct port {
	int fd;
	struct text answer;
};

struct conn {
	const struct port *port;
	int fd;
	uint64_t body_left;
	struct text out; /* what is left of the answer that is sent */
	struct text echo;
	size_t have;
	char head[HEAD_MAX];
};

static struct text
answer_make(const char *body, size_t length)
{
	struct text t = { malloc(length + 128), 0 };

	if (t.bytes == NULL)
		net_die("malloc");
	t.length = (size_t)sprintf(t.bytes,
	    "HTTP/1.1 200 OK\r\nServer: origin\r\n"
	    "Content-Type: application/json\r\nContent-Length: %zu\r\n\r\n",
	    length);
	if (body != NULL)
		memcpy(t.bytes + t.length, body, length);
	else
		memset(t.bytes + t.length, 'o', length);
	t.length += length;
	return t;
}

static void
port_open(struct port *p, const char *argument)
{
	const char *bytes = strchr(argument, '=');
	char port[16];

	if (bytes == NULL || bytes - argument >= (ptrdiff_t)sizeof(port)) {
		fprintf(stderr, "\"%s\" is not PORT=BYTES\n", argument);
		exit(2);
	}
	snprintf(port, sizeof(port), "%.*s", (int)(bytes - argument), argument);
	p->answer = answer_make(NULL, net_number(bytes + 1));
	p->fd = net_listen(net_number(port));
}

static bool
conn_send(struct conn *c)
{
	ssize_t n = send(c->fd, c->out.bytes, c->out.length, MSG_NOSIGNAL);

	if (n < 0)
		return errno == EAGAIN;
	c->out.bytes += n;
	c->out.length -= (size_t)n;
	return true;
}

static bool
conn_answer(struct conn *c, size_t head)
{
	c->out = c->port->answer;
	if (memcmp(c->head, "GET /echo", 9) == 0) {
		free(c->echo.bytes);
		c->echo = answer_make(c->head, head);
		c->out = c->echo;
	}
	return conn_send(c);
}

static uint64_t
body_length(const char *head)
{
	const char *at = memcmp(head, "GET ", 4) == 0
	    ? NULL
	    : strcasestr(head, "\r\nContent-Length:");

	return at == NULL ? 0 : strtoull(at + 17, NULL, 10);
}

/* The head is in the buffer, perhaps with a part of the body behind it. */
static bool
conn_head(struct conn *c, size_t head)
{
	size_t body = c->have - head;

	c->head[head - 1] = '\0';
	c->body_left = body_length(c->head);
	c->head[head - 1] = '\n';
	c->have = 0;
	if (body > c->body_left)
		return false;
	c->body_left -= body;
	return c->body_left != 0 || conn_answer(c, head);
}

/* False: the connection is done for. */
static bool
conn_read(struct conn *c)
{
	static char sink[1 << 18];
	char *end;
	ssize_t n;

	for (;;) {
		if (c->body_left != 0) {
			n = recv(c->fd, sink, sizeof(sink), 0);
			if (n <= 0)
				return n < 0 && errno == EAGAIN;
			if ((uint64_t)n > c->body_left)
				return false;
			c->body_left -= (uint64_t)n;
			if (c->body_left == 0)
				return conn_answer(c, 0);
			continue;
		}
		n = recv(c->fd, c->head + c->have, HEAD_MAX - c->have, 0);
		if (n <= 0)
			return n < 0 && errno == EAGAIN;
		c->have += (size_t)n;
		end = memmem(c->head, c->have, "\r\n\r\n", 4);
		if (end == NULL) {
			if (c->have == HEAD_MAX)
				return false;
			continue;
		}
		if (!conn_head(c, (size_t)(end + 4 - c->head)))
			return false;
		if (c->body_left == 0)
			return true;
	}
}

static void
conn_event(struct conn *c, uint32_t events)
{
	bool alive = (events & (EPOLLERR | EPOLLHUP | EPOLLRDHUP)) == 0;

	if (alive && (events & EPOLLIN) != 0)
		alive = conn_read(c);
	if (alive && (events & EPOLLOUT) != 0 && c->out.length != 0)
		alive = conn_send(c);
	if (alive)
		return;
	close(c->fd);
	free(c->echo.bytes);
	free(c);
}

static void
port_accept(const struct port *p, int epoll)
{
	struct conn *c;
	int fd;

	while ((fd = net_accept(p->fd)) >= 0) {
		c = malloc(sizeof(*c));
		if (c == NULL)
			net_die("malloc");
		memset(c, 0, offsetof(struct conn, head));
		c->fd = fd;
		c->port = p;
		net_watch(epoll, fd, NET_ET, c);
	}
}

int
main(int argc, char **argv)
{
	static struct port ports[PORTS_MAX + 1];
	struct epoll_event events[NET_EVENTS];
	int epoll = net_epoll();

	if (argc < 2 || argc > PORTS_MAX + 1) {
		fputs("usage: origin PORT=BYTES ...\n", stderr);
		return 2;
	}
	net_raise_files();
	for (int i = 1; i < argc; i++) {
		port_open(&ports[i], argv[i]);
		net_watch(epoll, ports[i].fd, EPOLLIN, &ports[i]);
	}
	for (;;) {
		int n = epoll_wait(epoll, events, NET_EVENTS, -1);

		for (int i = 0; i < n; i++) {
			struct port *p = events[i].data.ptr;

			if (p >= ports && p <= ports + PORTS_MAX)
				port_accept(p, epoll);
			else
				conn_event(
				    events[i].data.ptr, events[i].events);
		}
	}
}
