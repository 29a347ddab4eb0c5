/*
 * clients.c - see clients.h.
 */
#include "worker/clients.h"

#include <unistd.h>

#include "common/base/log.h"
#include "worker/client_state.h"
#include "worker/connections.h"
#include "worker/watch/record.h"

#define CLIENT_NOTE_US 10000000u
#define CLIENT_ROOM_LOOKS 256 /* when places lack: looked at, and */
#define CLIENT_ROOM_MAX 8     /* closed, at most */

_Static_assert(sizeof(struct client) <= 288, "what an idle connection keeps");

void
clients_init(struct clients *cs, struct env *e, uint32_t max)
{
	*cs = (struct clients){ .env = e, .max = max };
	pool_init_dense(&cs->pool, "clients", sizeof(struct client), 0);
	pool_init(&cs->works, "work", sizeof(struct client_work), 0);
	pool_init(&cs->h2s, "http/2", sizeof(struct client_h2), 0);
	pool_init(&cs->streams, "streams", sizeof(struct client_stream), 0);
	list_init(&cs->all);
	list_init(&cs->resting);
	list_init(&cs->aside);
	list_init(&cs->spare);
}

void
clients_fini(struct clients *cs)
{
	client_works_fini(cs);
	pool_fini(&cs->pool);
	pool_fini(&cs->works);
	pool_fini(&cs->h2s);
	pool_fini(&cs->streams);
}

void
clients_accept(struct clients *cs, int fd, const struct arrival *a)
{
	struct env *e = cs->env;
	uint32_t permit = PERMIT_NONE;
	struct client *c;

	/* Before it costs anything; with a PROXY header, not known yet. */
	if (!a->proxied && !connections_take(e, &a->peer, &permit)) {
		close(fd);
		return;
	}
	c = pool_take(&cs->pool);
	if (c == NULL || !client_open(c, cs, fd, a)) {
		close(fd);
		if (c != NULL)
			pool_give(&cs->pool, c);
		connections_drop(e, permit);
		env_count(e, COUNTER_CONNECTIONS_REFUSED, 1);
		record_peer(e, &a->peer, WHY_OVERLOADED);
		return;
	}
	c->permit = permit;
	if (e->draining)
		client_deadline(c, CLIENT_FRESH_US);
	list_push_back(&cs->all, &c->link);
	cs->count++;
	env_count(e, COUNTER_CONNECTIONS, 1);
	env_count(e, COUNTER_CONNECTIONS_ACCEPTED, 1);
	client_begin(c);
}

void
clients_note(struct clients *cs, enum clients_note what,
    const struct addr *peer, const char *fault)
{
	static const struct {
		const char *text;
		void (*log)(const char *fmt, ...);
	} kinds[CLIENTS_NOTES] = {
		[CLIENTS_HEADER] = { "its PROXY header", log_warnx },
		[CLIENTS_TLS] = { "its TLS handshake failed:", log_debug },
		[CLIENTS_H2] = { "HTTP/2:", log_debug },
		[CLIENTS_FLOOD] = { "HTTP/2:", log_warnx },
	};
	struct mono now = clock_now(), *noted = &cs->noted[what];
	char text[ADDR_TEXT_MAX];

	if (noted->us != 0 && mono_diff_us(now, *noted) < CLIENT_NOTE_US)
		return;
	*noted = now;
	(void)addr_text(peer, text);
	kinds[what].log("a connection of %s was closed: %s %s", text,
	    kinds[what].text, fault);
}

void
clients_give(struct clients *cs, struct client *c)
{
	client_work_give(c);
	pool_give(&cs->pool, c);
	cs->count--;
	if (cs->freed != NULL)
		cs->freed(cs);
}

/* At once, but with what can still be said. */
static void
clients_stop_one(struct client *c)
{
	if (c->h2 != NULL)
		client_h2_stop(c);
	else if (c->req != NULL)
		client_stop_req(c->req);
	if (c->state != CLIENT_CLOSED)
		client_close(c, false);
}

uint32_t
clients_make_room(struct clients *cs)
{
	uint32_t looks =
	    cs->count < CLIENT_ROOM_LOOKS ? cs->count : CLIENT_ROOM_LOOKS;
	uint32_t closed = 0;

	while (
	    looks-- != 0 && closed < CLIENT_ROOM_MAX && !list_empty(&cs->all)) {
		struct client *c =
		    CONTAINER_OF(cs->all.next, struct client, link);

		list_remove(&c->link);
		list_push_back(&cs->all, &c->link);
		if (!client_quiet(c))
			continue;
		clients_stop_one(c);
		closed++;
	}
	return closed;
}

void
clients_drain(struct clients *cs)
{
	struct list *at = cs->all.next;

	while (at != &cs->all) {
		struct client *c = CONTAINER_OF(at, struct client, link);

		at = at->next;
		if (c->h2 != NULL)
			client_h2_leave(c);
		else if (client_quiet(c))
			client_close(c, false);
		else if (c->state <= CLIENT_FRESH)
			client_deadline(c, CLIENT_FRESH_US);
	}
}

bool
clients_leave(struct clients *cs)
{
	struct list *at = cs->all.next;
	bool some = false;

	while (at != &cs->all) {
		struct client *c = CONTAINER_OF(at, struct client, link);
		bool stays;

		at = at->next; /* before c closes itself */
		stays = c->h2 != NULL
		    ? client_h2_last_words(c)
		    : c->req != NULL && req_leave(c->req, WHY_STOPPING);
		if (stays)
			some = true;
		else
			clients_stop_one(c);
	}
	return some;
}

void
clients_stop(struct clients *cs)
{
	while (!list_empty(&cs->all))
		clients_stop_one(
		    CONTAINER_OF(cs->all.next, struct client, link));
}

void
clients_expire(struct clients *cs, uint64_t generation)
{
	struct env *e = cs->env;

	for (uint32_t i = 0; i < IMAGES_MAX; i++) {
		struct list *l = &e->pinned[i];

		while (!list_empty(l)) {
			struct req *q =
			    CONTAINER_OF(l->next, struct req, pin_link);

			if (q->image->generation >= generation)
				break;
			req_fail(q, WHY_GENERATION_EXPIRED);
		}
	}
}
