/*
 * load_conn.c - a connection of the load: sends a request, reads an answer with
 * Content-Length, and notices every way in which that can fail.
 */
#include <errno.h>
#include <openssl/err.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/bench/load.h"
#include "tests/bench/net.h"
#include "tests/bench/tls.h"

static void
conn_set_state(struct conn *c, enum conn_state state)
{
	if (c->state == CONN_IDLE && state != CONN_IDLE)
		load_was_idle(c->load, c);
	c->state = state;
	if (state == CONN_IDLE)
		load_is_idle(c->load, c);
}

void
conn_close(struct conn *c)
{
	if (c->ssl != NULL) {
		/* Without this, its session counts as broken. */
		SSL_set_quiet_shutdown(c->ssl, 1);
		(void)SSL_shutdown(c->ssl);
		SSL_free(c->ssl);
		c->ssl = NULL;
	}
	if (c->fd >= 0)
		close(c->fd);
	c->fd = -1;
	conn_set_state(c, CONN_DEAD);
}

/* It broke, or the server ended it. */
static void
conn_lost(struct conn *c)
{
	struct load *l = c->load;

	switch (c->state) {
	case CONN_DEAD:
		return;
	case CONN_CONNECTING:
		load_failed(l, FAIL_CONNECT);
		break;
	case CONN_SHAKING:
		load_failed(l, FAIL_TLS);
		break;
	case CONN_IDLE:
		if (l->refused)
			load_refused(l, c);
		else
			l->idle_closes++;
		break;
	case CONN_SENDING:
	case CONN_READING:
		load_failed(
		    l, c->in_head && c->have == 0 ? FAIL_CLOSED : FAIL_CUT);
		break;
	}
	conn_close(c);
}

static ssize_t
ssl_result(struct conn *c, int n)
{
	int error;

	if (n > 0)
		return n;
	error = SSL_get_error(c->ssl, n);
	ERR_clear_error();
	if (error == SSL_ERROR_ZERO_RETURN)
		return 0;
	errno = error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE
	    ? EAGAIN
	    : ECONNRESET;
	return -1;
}

static ssize_t
conn_recv(struct conn *c, char *to, size_t room)
{
	if (c->ssl != NULL)
		return ssl_result(c, SSL_read(c->ssl, to, (int)room));
	return recv(c->fd, to, room, 0);
}

static void
conn_send(struct conn *c)
{
	const struct text *t = c->request;
	ssize_t n;

	while (c->sent < t->length) {
		const char *at = t->bytes + c->sent;
		size_t left = t->length - c->sent;

		n = c->ssl != NULL
		    ? ssl_result(c, SSL_write(c->ssl, at, (int)left))
		    : send(c->fd, at, left, MSG_NOSIGNAL);
		if (n < 0) {
			if (errno != EAGAIN)
				conn_lost(c);
			return;
		}
		c->sent += (size_t)n;
	}
	conn_set_state(c, CONN_READING);
}

static void
conn_begin(struct conn *c)
{
	c->sent = 0;
	c->have = 0;
	c->in_head = true;
	conn_set_state(c, CONN_SENDING);
	conn_send(c);
}

void
conn_ask(struct conn *c, const struct text *request, uint64_t due_ns)
{
	c->request = request;
	c->began_ns = due_ns;
	if (c->state == CONN_DEAD)
		conn_open(c);
	else
		conn_begin(c);
}

static void
conn_ready(struct conn *c)
{
	if (c->load->close && !c->load->refused)
		conn_begin(c);
	else
		conn_set_state(c, CONN_IDLE);
}

static void
conn_shake(struct conn *c)
{
	int n = SSL_do_handshake(c->ssl);

	if (n == 1) {
		c->load->resumed += SSL_session_reused(c->ssl) ? 1 : 0;
		conn_ready(c);
	} else if (ssl_result(c, n) == 0 || errno != EAGAIN) {
		conn_lost(c);
	}
}

static void
conn_connected(struct conn *c)
{
	if (c->load->tls == NULL) {
		conn_ready(c);
		return;
	}
	c->ssl = tls_client_end(c->load->tls);
	if (SSL_set_fd(c->ssl, c->fd) != 1 ||
	    SSL_set_ex_data(c->ssl, 0, c) != 1)
		tls_die("SSL_new");
	if (c->session != NULL && SSL_set_session(c->ssl, c->session) != 1)
		tls_die("SSL_set_session");
	conn_set_state(c, CONN_SHAKING);
	conn_shake(c);
}

void
conn_open(struct conn *c)
{
	c->load->opened++;
	c->last = false;
	conn_set_state(c, CONN_CONNECTING);
	c->fd = net_connect(c->load->port);
	if (c->fd < 0)
		conn_lost(c);
	else
		net_watch(c->load->epoll, c->fd, NET_ET, c);
}

static void
conn_answered(struct conn *c)
{
	load_answered(c->load, c);
	if (c->load->close || c->last)
		conn_close(c);
	else
		conn_set_state(c, CONN_IDLE);
}

/* Of a whole head: its status and the length of the body; false where it has
 * none. */
static bool
head_parse(struct conn *c, const char *end)
{
	bool length = false;

	if (end - c->head < 12 || memcmp(c->head, "HTTP/1.", 7) != 0)
		return false;
	c->status = atoi(c->head + 9);
	for (const char *at = c->head; at != NULL && at < end;
	     at = memchr(at, '\n', (size_t)(end - at))) {
		at++;
		if (strncasecmp(at, "content-length:", 15) == 0) {
			c->body_left = strtoull(at + 15, NULL, 10);
			length = true;
		} else if (strncasecmp(at, "connection: close", 17) == 0) {
			c->last = true;
		}
	}
	return length && c->status >= 200 && c->status < 600;
}

/* Bytes of an answer; false where it is none. */
static bool
conn_eat(struct conn *c, const char *bytes, size_t n)
{
	size_t before = c->have, taken;
	char *end;

	c->load->bytes += n;
	if (c->in_head) {
		taken = LOAD_HEAD_MAX - 1 - before;
		if (taken > n)
			taken = n;
		memcpy(c->head + before, bytes, taken);
		c->have += taken;
		end = memmem(c->head, c->have, "\r\n\r\n", 4);
		if (end == NULL)
			return c->have < LOAD_HEAD_MAX - 1;
		if (!head_parse(c, end + 2))
			return false;
		n -= (size_t)(end + 4 - c->head) - before;
		c->in_head = false;
	}
	if (n > c->body_left)
		return false;
	c->body_left -= n;
	if (c->body_left == 0)
		conn_answered(c);
	return true;
}

static void
conn_read(struct conn *c, uint32_t events)
{
	static char bytes[1 << 18];
	ssize_t n;

	while (c->state != CONN_DEAD) {
		n = conn_recv(c, bytes, sizeof(bytes));
		if (n < 0 && errno == EAGAIN)
			return;
		if (n <= 0 ||
		    (c->state != CONN_READING && c->state != CONN_SENDING) ||
		    !conn_eat(c, bytes, (size_t)n)) {
			conn_lost(c);
			return;
		}
		if (c->ssl == NULL && (size_t)n < sizeof(bytes) &&
		    (events & EPOLLRDHUP) == 0)
			return;
	}
}

/* Of a connection with an error: it was there, and was expected to end. */
static bool
conn_was_made(const struct conn *c)
{
	int error = 0;
	socklen_t size = sizeof(error);

	(void)getsockopt(c->fd, SOL_SOCKET, SO_ERROR, &error, &size);
	return c->load->refused && error == ECONNRESET;
}

void
conn_event(struct conn *c, uint32_t events)
{
	if (c->state == CONN_CONNECTING) {
		if ((events & EPOLLERR) != 0 && !conn_was_made(c)) {
			conn_lost(c);
			return;
		}
		if ((events & EPOLLOUT) != 0)
			conn_connected(c);
	} else if (c->state == CONN_SHAKING) {
		conn_shake(c);
	}
	if (c->state == CONN_SENDING)
		conn_send(c);
	if ((events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0 &&
	    c->state >= CONN_IDLE)
		conn_read(c, events);
}
