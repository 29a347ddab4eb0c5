/*
 * listen.c - see listen.h.
 */
#include "worker/listen.h"

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/base/log.h"
#include "common/net/sock.h"

#define ACCEPT_BURST 64         /* per event: other events get their turn */
#define ACCEPT_DRAIN_MAX 65536  /* when a listener ends */
#define ACCEPT_RETRY_US 100000u /* without descriptors */

static void
listeners_pause(struct listeners *ls, bool paused)
{
	if (ls->paused == paused)
		return;
	ls->paused = paused;
	for (uint32_t i = 0; i < LISTENERS_MAX; i++)
		if (ls->items[i].id != 0)
			loop_level_pause(ls->loop, &ls->items[i].watch, paused);
}

static void
listener_out_of_room(struct listeners *ls)
{
	listeners_pause(ls, true);
	timer_set(&ls->loop->timers, &ls->retry,
	    mono_add_us(clock_now(), ACCEPT_RETRY_US));
}

/* Accepts up to `burst`; true when the queue is empty. */
static bool
listener_accept(struct listener *l, int burst)
{
	struct listeners *ls = l->all;

	for (int i = 0; i < burst; i++) {
		struct addr peer;
		int fd;

		if (ls->clients->count >= ls->clients->max) {
			listener_out_of_room(ls);
			return false;
		}
		fd = sock_accept(l->watch.fd, &peer);
		if (fd >= 0) {
			clients_accept(ls->clients, fd, &peer);
			continue;
		}
		if (errno == EAGAIN)
			return true;
		if (errno == EINTR || errno == ECONNABORTED || errno == EPROTO)
			continue;
		log_warn("accept");
		listener_out_of_room(ls);
		return false;
	}
	return false;
}

static void
listener_event(struct loop_watch *w, unsigned events)
{
	struct listener *l = CONTAINER_OF(w, struct listener, watch);

	(void)events;
	if (!l->all->paused)
		(void)listener_accept(l, ACCEPT_BURST);
}

static void
listeners_retry(struct timer *t)
{
	struct listeners *ls = CONTAINER_OF(t, struct listeners, retry);

	if (ls->clients->count < ls->clients->max)
		listeners_pause(ls, false);
	else
		listener_out_of_room(ls);
}

static void
listeners_resume(struct listeners *ls)
{
	if (ls->paused && ls->clients->count < ls->clients->max)
		listeners_pause(ls, false);
}

static void
listeners_freed(struct clients *cs)
{
	listeners_resume(cs->freed_ctx);
}

void
listeners_init(struct listeners *ls, struct loop *l, struct clients *cs)
{
	*ls = (struct listeners){ .clients = cs, .loop = l };
	cs->freed = listeners_freed;
	cs->freed_ctx = ls;
	timer_init(&ls->retry, listeners_retry);
}

bool
listener_add(struct listeners *ls, uint32_t id, int fd)
{
	for (uint32_t i = 0; i < LISTENERS_MAX; i++) {
		struct listener *l = &ls->items[i];

		if (l->id != 0)
			continue;
		l->watch =
		    (struct loop_watch){ .fn = listener_event, .fd = fd };
		if (!loop_add(ls->loop, &l->watch, true))
			break;
		l->all = ls;
		l->id = id;
		if (ls->paused)
			loop_level_pause(ls->loop, &l->watch, true);
		return true;
	}
	close(fd);
	return false;
}

static void
listener_close(struct listener *l)
{
	loop_remove(l->all->loop, &l->watch);
	close(l->watch.fd);
	l->id = 0;
}

static void
listener_end(struct listener *l)
{
	(void)listener_accept(l, ACCEPT_DRAIN_MAX);
	shutdown(l->watch.fd, SHUT_RD);
	listener_close(l);
}

void
listener_remove(struct listeners *ls, uint32_t id)
{
	for (uint32_t i = 0; i < LISTENERS_MAX; i++)
		if (ls->items[i].id == id && id != 0)
			listener_end(&ls->items[i]);
}

void
listeners_remove_all(struct listeners *ls)
{
	for (uint32_t i = 0; i < LISTENERS_MAX; i++)
		if (ls->items[i].id != 0)
			listener_end(&ls->items[i]);
}

void
listeners_leave(struct listeners *ls)
{
	timer_fini(&ls->loop->timers, &ls->retry);
	for (uint32_t i = 0; i < LISTENERS_MAX; i++)
		if (ls->items[i].id != 0)
			listener_close(&ls->items[i]);
}
