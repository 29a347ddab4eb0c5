/*
 * listening.c - see listening.h.
 */
#include "master/listening.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/base/log.h"
#include "common/base/must.h"
#include "common/net/sock.h"

#define LISTENING_BACKLOG 4096 /* cut by net.core.somaxconn */

void
listening_init(struct listening *l, struct inherit *in,
    struct activation *passed, listening_let_go_fn *let_go)
{
	l->in = in;
	l->passed = passed;
	l->let_go = let_go;
	l->next_id = 1;
	l->leaving = calloc(LISTENERS_MAX, sizeof(*l->leaving));
	MUST(l->leaving != NULL);
	for (size_t i = 0; i < LISTENERS_MAX; i++)
		in->listeners[i].id = 0;
}

/* shutdown() ends the socket for whoever still holds it. */
static void
listening_end(struct inherit_listener *e, uint32_t workers)
{
	for (uint32_t w = 0; w < workers; w++) {
		if (e->fds[w] < 0)
			continue;
		if (w >= e->passed)
			(void)shutdown(e->fds[w], SHUT_RD);
		(void)close(e->fds[w]);
		e->fds[w] = -1;
	}
	e->id = 0;
}

static void
listening_deafen(const struct inherit_listener *e, uint32_t workers, bool deaf)
{
	for (uint32_t w = e->passed; w < workers; w++)
		if (!sock_deafen(e->fds[w], deaf))
			log_warn("a listening socket hears on");
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

/* The same address may still be leaving: then its sockets stay. */
static bool
listening_return(struct listening *l, struct inherit_listener *e)
{
	for (size_t i = 0; i < LISTENERS_MAX; i++) {
		struct listening_leaving *g = &l->leaving[i];
		uint32_t id = e->id;

		if (g->until_us == 0 || !addr_eq(&g->listener.addr, &e->addr))
			continue;
		l->let_go(l, g->listener.id);
		g->until_us = 0;
		*e = g->listener;
		e->id = id;
		listening_deafen(e, l->in->workers, false);
		return true;
	}
	return false;
}

static bool
listening_sockets(struct inherit_listener *e, uint32_t workers)
{
	for (uint32_t w = e->passed; w < workers; w++) {
		e->fds[w] = sock_listen(&e->addr, true, LISTENING_BACKLOG);
		if (e->fds[w] < 0)
			return false;
	}
	return true;
}

/* Every worker accepts from the one socket, in copies of its descriptor. */
static bool
listening_share(struct inherit_listener *e, uint32_t workers, int fd)
{
	listening_end(e, workers);
	e->passed = workers;
	for (uint32_t w = 0; w < workers; w++) {
		e->fds[w] = fcntl(fd, F_DUPFD_CLOEXEC, 0);
		if (e->fds[w] < 0)
			return false;
	}
	return true;
}

static bool
listening_make(struct listening *l, struct inherit_listener *e)
{
	uint32_t id = e->id;
	int fd = activation_find(l->passed, &e->addr);
	bool ok;

	if (fd < 0)
		return listening_probe(&e->addr) &&
		    listening_sockets(e, l->in->workers);
	ok = listening_share(e, 1, fd) &&
	    (listening_sockets(e, l->in->workers) ||
		listening_share(e, l->in->workers, fd));
	e->id = id;
	return ok;
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
	for (uint32_t w = 0; w < WORKERS_MAX; w++)
		e.fds[w] = -1;
	if (!listening_return(l, &e) && !listening_make(l, &e)) {
		saved = errno;
		listening_end(&e, l->in->workers);
		errno = saved;
		return -1;
	}
	l->next_id++;
	l->in->listeners[place] = e;
	return place;
}

static void
listening_leave(
    struct listening *l, struct inherit_listener *e, uint64_t now_us)
{
	struct listening_leaving *g = l->leaving;

	for (size_t i = 0; i < LISTENERS_MAX && g->until_us != 0; i++)
		g = &l->leaving[i];
	if (g->until_us != 0)
		listening_end(&g->listener, l->in->workers);
	g->listener = *e;
	g->until_us = now_us + LISTENING_LEAVE_US;
	g->let_go = false;
	listening_deafen(e, l->in->workers, true);
	e->id = 0;
}

bool
listening_close(struct listening *l, uint32_t id, uint64_t now_us)
{
	for (size_t i = 0; i < LISTENERS_MAX && id != 0; i++) {
		if (l->in->listeners[i].id != id)
			continue;
		listening_leave(l, &l->in->listeners[i], now_us);
		return true;
	}
	return false;
}

void
listening_close_all(struct listening *l, uint64_t now_us)
{
	for (size_t i = 0; i < LISTENERS_MAX; i++)
		if (l->in->listeners[i].id != 0)
			listening_leave(l, &l->in->listeners[i], now_us);
}

static void
listening_step(
    struct listening *l, struct listening_leaving *g, uint64_t now_us)
{
	if (g->let_go) {
		listening_end(&g->listener, l->in->workers);
		g->until_us = 0;
		return;
	}
	l->let_go(l, g->listener.id);
	g->let_go = true;
	g->until_us = now_us + LISTENING_END_US;
}

uint64_t
listening_tick(struct listening *l, uint64_t now_us)
{
	uint64_t next_us = UINT64_MAX;

	for (size_t i = 0; i < LISTENERS_MAX; i++) {
		struct listening_leaving *g = &l->leaving[i];

		if (g->until_us != 0 && g->until_us <= now_us)
			listening_step(l, g, now_us);
		if (g->until_us != 0 && g->until_us < next_us)
			next_us = g->until_us;
	}
	return next_us;
}
