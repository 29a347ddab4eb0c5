/*
 * listen.c - see listen.h.
 */
#include "worker/listen.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "common/base/log.h"
#include "common/net/sock.h"
#include "worker/flow/admit.h"
#include "worker/watch/record.h"

#define ACCEPT_BURST 64         /* per event: other events get their turn */
#define ACCEPT_DRAIN_MAX 65536  /* when a listener ends */
#define ACCEPT_RETRY_US 100000u /* without descriptors */
#define ACCEPT_WARN_US 10000000u

static struct listener *
listener_at(struct list *at)
{
	return CONTAINER_OF(at, struct listener, link);
}

static void
listeners_pause(struct listeners *ls, bool paused)
{
	struct list *at = ls->items.next;

	if (ls->paused == paused)
		return;
	ls->paused = paused;
	for (; at != &ls->items; at = at->next)
		loop_level_pause(ls->loop, &listener_at(at)->watch, paused);
}

/*
 * Somebody waits, or there are no descriptors: idle connections make room, and
 * accepting goes on when some has come free, or is tried again.
 */
static void
listener_out_of_room(struct listeners *ls)
{
	listeners_pause(ls, true);
	(void)clients_make_room(ls->clients);
	timer_set(&ls->loop->timers, &ls->retry,
	    mono_add_us(clock_now(), ACCEPT_RETRY_US));
}

static void
listener_warn(struct listeners *ls)
{
	struct mono now = clock_now();

	if (ls->warned.us != 0 && now.us - ls->warned.us < ACCEPT_WARN_US)
		return;
	ls->warned = now;
	log_warn("accept");
}

/* Here, or with a worker that it is handed to. */
static bool
listeners_have_place(struct listeners *ls)
{
	const struct clients *cs = ls->clients;

	return cs->count < cs->max ||
	    (cs->count == cs->max && handover_has_room(&ls->handover));
}

/*
 * What the configuration says of it now. One that is not there any more stays
 * what it was: its last connections are still accepted. But TLS has nothing to
 * show for them any more: those are closed.
 */
static void
listener_follow(struct listener *l)
{
	const struct img_head *img = l->all->clients->env->view.image;
	const struct img_listener *said;

	if (img == NULL || l->id == LISTENER_HANDOVER)
		return;
	said = image_listener(img, &l->arrival.local);
	if (said == NULL)
		return;
	l->arrival.proxied = said->proxy_protocol;
	l->arrival.secured = said->tls != IMG_NONE;
	l->arrival.protocols = said->protocols;
	l->arrival.redirect_port = said->redirect_port;
}

void
listeners_follow(struct listeners *ls)
{
	struct list *at = ls->items.next;

	for (; at != &ls->items; at = at->next)
		listener_follow(listener_at(at));
}

static int
listener_take(struct listener *l, struct arrival *a)
{
	if (l->id == LISTENER_HANDOVER)
		return handover_take(l->watch.fd, a);
	*a = l->arrival;
	return sock_accept(l->watch.fd, &a->peer);
}

/*
 * Before it costs anything, here or elsewhere; with a PROXY header, its peer is
 * not known yet. Reset, so that nothing of it is left in the kernel, either.
 */
static bool
listeners_admit(struct listeners *ls, int fd, const struct arrival *a)
{
	enum why why = WHY_OK;

	if (!a->proxied)
		why = admit_peer(ls->clients->env, &a->peer);
	if (why == WHY_OK)
		return true;
	record_peer(ls->clients->env, &a->peer, why);
	sock_reset(fd);
	return false;
}

/*
 * Accepts up to `burst`; true when the queue is empty. Who has taken the last
 * place makes no room yet: if another waits, the listener says so again.
 */
static bool
listener_accept(struct listener *l, int burst)
{
	struct listeners *ls = l->all;

	for (int i = 0; i < burst; i++) {
		struct arrival a;
		int fd;

		if (!listeners_have_place(ls)) {
			if (i == 0)
				listener_out_of_room(ls);
			return false;
		}
		fd = listener_take(l, &a);
		if (fd >= 0) {
			ls->accepted++;
			if (!listeners_admit(ls, fd, &a))
				continue;
			if (!handover_give(&ls->handover, fd, &a))
				clients_accept(ls->clients, fd, &a);
			continue;
		}
		if (errno == EAGAIN)
			return true;
		if (errno == EINTR || errno == ECONNABORTED || errno == EPROTO)
			continue;
		listener_warn(ls);
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
	listeners_pause(CONTAINER_OF(t, struct listeners, retry), false);
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
listeners_init(struct listeners *ls, struct loop *l, struct clients *cs,
    const struct inherit *in)
{
	*ls = (struct listeners){ .clients = cs, .loop = l };
	handover_init(&ls->handover, cs, in);
	list_init(&ls->items);
	cs->freed = listeners_freed;
	cs->freed_ctx = ls;
	timer_init(&ls->retry, listeners_retry);
}

static void
listener_free(struct loop_task *t)
{
	free(CONTAINER_OF(t, struct listener, free_task));
}

bool
listener_add(struct listeners *ls, uint32_t slot, uint32_t id, int fd)
{
	struct listener *l = malloc(sizeof(*l));

	if (l == NULL) {
		close(fd);
		return false;
	}
	*l = (struct listener){ .all = ls,
		.id = id,
		.slot = slot,
		.arrival.protocols = IMG_PROTOCOL_H1 };
	l->watch = (struct loop_watch){ .fn = listener_event, .fd = fd };
	loop_task_init(&l->free_task, listener_free);
	if ((id != LISTENER_HANDOVER && !sock_local(fd, &l->arrival.local)) ||
	    !loop_add(ls->loop, &l->watch, true)) {
		close(fd);
		free(l);
		return false;
	}
	listener_follow(l);
	list_push_back(&ls->items, &l->link);
	if (ls->paused)
		loop_level_pause(ls->loop, &l->watch, true);
	return true;
}

static void
listener_close(struct listener *l)
{
	loop_remove(l->all->loop, &l->watch);
	close(l->watch.fd);
	list_remove(&l->link);
	loop_defer_free(l->all->loop, &l->free_task);
}

void
listener_remove(struct listeners *ls, uint32_t id)
{
	for (struct list *at = ls->items.next, *next; at != &ls->items;
	     at = next) {
		struct listener *l = listener_at(at);

		next = at->next;
		if (l->id != id && id != 0)
			continue;
		(void)listener_accept(l, ACCEPT_DRAIN_MAX);
		listener_close(l);
	}
}

void
listeners_remove_all(struct listeners *ls)
{
	listener_remove(ls, 0);
}

void
listeners_release(struct listeners *ls, uint32_t slot)
{
	for (struct list *at = ls->items.next, *next; at != &ls->items;
	     at = next) {
		next = at->next;
		if (listener_at(at)->slot == slot)
			listener_close(listener_at(at));
	}
}

void
listeners_leave(struct listeners *ls)
{
	timer_fini(&ls->loop->timers, &ls->retry);
	while (!list_empty(&ls->items))
		listener_close(listener_at(ls->items.next));
}
