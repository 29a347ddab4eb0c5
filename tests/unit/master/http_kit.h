/*
 * http_kit.h - an HTTP server on the test's own loop: what it answers is for
 * the test to say.
 */
#ifndef TESTS_UNIT_MASTER_HTTP_KIT_H
#define TESTS_UNIT_MASTER_HTTP_KIT_H

#include <arpa/inet.h>
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/base/slice.h"
#include "common/net/loop.h"

#define HTTP_CLIENTS_MAX 64

enum http_way {
	HTTP_ANSWERS,
	HTTP_SILENT,     /* the request is read, nothing is said */
	HTTP_CUT,        /* less than was promised */
	HTTP_LONG_HEAD,  /* fields without end */
	HTTP_LONG_CHUNKS /* a body without end */
};

struct http_server;

struct http_client {
	struct loop_watch watch; /* fd -1: a free place */
	struct http_server *server;
	char said[2048];
	size_t n;
};

struct http_server {
	struct loop *loop;
	struct loop_watch watch;
	uint16_t port;
	enum http_way way;
	const char *status; /* "200 OK" */
	const char *fields; /* more of them, each with CRLF */
	struct slice body;
	unsigned asked;
	char last[2048]; /* the last request */
	struct http_client clients[HTTP_CLIENTS_MAX];
};

static inline void
http_leave(struct http_client *c)
{
	loop_remove(c->server->loop, &c->watch);
	(void)close(c->watch.fd);
	c->watch.fd = -1;
}

static inline void
http_send(int fd, const char *p, size_t n)
{
	(void)!send(fd, p, n, MSG_NOSIGNAL);
}

/* Until the client has had enough. */
static inline void
http_flood(int fd, const char *what)
{
	int blocking = 200;

	while (blocking != 0)
		if (send(fd, what, strlen(what), MSG_NOSIGNAL | MSG_DONTWAIT) <
		    0)
			blocking--;
}

static inline void
http_answer(struct http_server *s, int fd)
{
	char head[1024];
	int n = snprintf(head, sizeof(head),
	    "HTTP/1.1 %s\r\n%sContent-Length: %zu\r\n\r\n", s->status,
	    s->fields, s->body.n + (s->way == HTTP_CUT));

	http_send(fd, head, (size_t)n);
	if (s->body.n != 0)
		http_send(fd, s->body.p, s->body.n);
}

static inline void
http_serve(struct loop_watch *w, unsigned events)
{
	struct http_client *c = CONTAINER_OF(w, struct http_client, watch);
	struct http_server *s = c->server;
	ssize_t n = recv(
	    w->fd, c->said + c->n, sizeof(c->said) - 1 - c->n, MSG_DONTWAIT);

	(void)events;
	if (n <= 0) {
		http_leave(c);
		return;
	}
	c->n += (size_t)n;
	c->said[c->n] = '\0';
	if (strstr(c->said, "\r\n\r\n") == NULL)
		return;
	s->asked++;
	memcpy(s->last, c->said, sizeof(s->last));
	if (s->way == HTTP_SILENT)
		return;
	if (s->way == HTTP_LONG_HEAD || s->way == HTTP_LONG_CHUNKS) {
		const char *begin = "HTTP/1.1 200 OK\r\n"
				    "Transfer-Encoding: chunked\r\n";

		http_send(w->fd, begin, strlen(begin));
		if (s->way == HTTP_LONG_CHUNKS)
			http_send(w->fd, "\r\n", 2);
		http_flood(w->fd,
		    s->way == HTTP_LONG_HEAD ? "X-A: 1\r\n"
					     : "8\r\n12345678\r\n");
	} else {
		http_answer(s, w->fd);
	}
	http_leave(c);
}

static inline void
http_accept(struct loop_watch *w, unsigned events)
{
	struct http_server *s = CONTAINER_OF(w, struct http_server, watch);
	struct http_client *c = s->clients;
	int fd = accept4(w->fd, NULL, NULL, SOCK_CLOEXEC);

	(void)events;
	while (c < &s->clients[HTTP_CLIENTS_MAX] && c->watch.fd >= 0)
		c++;
	ck_assert(c < &s->clients[HTTP_CLIENTS_MAX] && fd >= 0);
	c->watch = (struct loop_watch){ .fn = http_serve, .fd = fd };
	c->server = s;
	c->n = 0;
	ck_assert(loop_add(s->loop, &c->watch, true));
}

static inline void
http_open(struct http_server *s, struct loop *on)
{
	struct sockaddr_in sin = { .sin_family = AF_INET };
	socklen_t n = sizeof(sin);

	*s = (struct http_server){
		.loop = on, .status = "200 OK", .fields = ""
	};
	for (int i = 0; i < HTTP_CLIENTS_MAX; i++)
		s->clients[i].watch.fd = -1;
	sin.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	s->watch = (struct loop_watch){ .fn = http_accept,
		.fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0) };
	ck_assert_int_ge(s->watch.fd, 0);
	ck_assert_int_eq(
	    bind(s->watch.fd, (struct sockaddr *)&sin, sizeof(sin)), 0);
	ck_assert_int_eq(listen(s->watch.fd, 64), 0);
	ck_assert_int_eq(
	    getsockname(s->watch.fd, (struct sockaddr *)&sin, &n), 0);
	s->port = ntohs(sin.sin_port);
	ck_assert(loop_add(on, &s->watch, true));
}

static inline void
http_close(struct http_server *s)
{
	for (int i = 0; i < HTTP_CLIENTS_MAX; i++)
		if (s->clients[i].watch.fd >= 0)
			http_leave(&s->clients[i]);
	loop_remove(s->loop, &s->watch);
	(void)close(s->watch.fd);
}

#endif
