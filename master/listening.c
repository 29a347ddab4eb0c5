/*
 * listening.c - see listening.h.
 */
#include "master/listening.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/base/must.h"
#include "common/net/sock.h"

#define LISTENING_BACKLOG 4096 /* cut by net.core.somaxconn */

void
listening_init(struct listening *l, struct inherit *in)
{
	l->in = in;
	l->next_id = 1;
	l->leaving = calloc(LISTENERS_MAX, sizeof(*l->leaving));
	MUST(l->leaving != NULL);
	for (size_t i = 0; i < LISTENERS_MAX; i++)
		in->listeners[i].id = 0;
}

/*
 * shutdown() ends the socket for whoever still holds it; a connection that
 * waits in it is reset, so workers come first.
 */
static void
listening_end(struct inherit_listener *e, uint32_t workers)
{
	for (uint32_t w = 0; w < workers; w++) {
		if (e->fds[w] < 0)
			continue;
		(void)shutdown(e->fds[w], SHUT_RD);
		(void)close(e->fds[w]);
		e->fds[w] = -1;
	}
	e->id = 0;
}

void
listening_fini(struct listening *l)
{
	for (size_t i = 0; i < LISTENERS_MAX; i++) {
		if (l->in->listeners[i].id != 0)
			listening_end(&l->in->listeners[i], l->in->workers);
		if (l->leaving[i].until_us != 0)
			listening_end(&l->leaving[i].listener, l->in->workers);
	}
	free(l->leaving);
	l->leaving = NULL;
}

/* Without SO_REUSEPORT: fails while anybody else listens there. */
static bool
listening_probe(const struct addr *a)
{
	struct sockaddr_storage ss;
	socklen_t n = addr_to_sockaddr(a, &ss);
	int on = 1, saved;
	int fd = socket(ss.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	bool ok;

	if (fd < 0)
		return false;
	ok = setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) == 0;
	if (ok && a->is_v6)
		ok = setsockopt(
			 fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on)) == 0;
	ok = ok && bind(fd, (const struct sockaddr *)&ss, n) == 0;
	saved = errno;
	(void)close(fd);
	errno = saved;
	return ok;
}

/* The same address may still be leaving: then its time is over now. */
static void
listening_hurry(struct listening *l, const struct addr *a)
{
	for (size_t i = 0; i < LISTENERS_MAX; i++) {
		struct listening_leaving *g = &l->leaving[i];

		if (g->until_us == 0 || !addr_eq(&g->listener.addr, a))
			continue;
		listening_end(&g->listener, l->in->workers);
		g->until_us = 0;
	}
}

static bool
listening_sockets(struct inherit_listener *e, uint32_t workers)
{
	for (uint32_t w = 0; w < WORKERS_MAX; w++)
		e->fds[w] = -1;
	for (uint32_t w = 0; w < workers; w++) {
		e->fds[w] = sock_listen(&e->addr, true, LISTENING_BACKLOG);
		if (e->fds[w] < 0)
			return false;
	}
	return true;
}

int
listening_open(struct listening *l, const struct addr *a)
{
	struct inherit_listener e = { .id = l->next_id, .addr = *a };
	int place = 0, saved;

	while (place < LISTENERS_MAX && l->in->listeners[place].id != 0)
		place++;
	if (place == LISTENERS_MAX) {
		errno = ENOSPC;
		return -1;
	}
	listening_hurry(l, a);
	if (!listening_probe(a))
		return -1;
	if (!listening_sockets(&e, l->in->workers)) {
		saved = errno;
		listening_end(&e, l->in->workers);
		errno = saved;
		return -1;
	}
	l->next_id++;
	l->in->listeners[place] = e;
	return place;
}

bool
listening_close(struct listening *l, uint32_t id, uint64_t now_us)
{
	struct inherit_listener *e = NULL;
	struct listening_leaving *g = l->leaving;

	for (size_t i = 0; i < LISTENERS_MAX && id != 0; i++)
		if (l->in->listeners[i].id == id)
			e = &l->in->listeners[i];
	if (e == NULL)
		return false;
	for (size_t i = 0; i < LISTENERS_MAX && g->until_us != 0; i++)
		g = &l->leaving[i];
	if (g->until_us != 0)
		listening_end(&g->listener, l->in->workers);
	g->listener = *e;
	g->until_us = now_us + LISTENING_LEAVE_US;
	e->id = 0;
	return true;
}

uint64_t
listening_tick(struct listening *l, uint64_t now_us)
{
	uint64_t next_us = UINT64_MAX;

	for (size_t i = 0; i < LISTENERS_MAX; i++) {
		struct listening_leaving *g = &l->leaving[i];

		if (g->until_us == 0)
			continue;
		if (g->until_us <= now_us) {
			listening_end(&g->listener, l->in->workers);
			g->until_us = 0;
		} else if (g->until_us < next_us) {
			next_us = g->until_us;
		}
	}
	return next_us;
}
