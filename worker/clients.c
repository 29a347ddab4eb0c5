/*
 * clients.c - see clients.h.
 */
#include "worker/clients.h"

#include <unistd.h>

#include "common/base/log.h"
#include "worker/connections.h"

#define CLIENT_FRESH_US 1000000u /* for a first request, when stopping */
#define CLIENT_WARN_US 10000000u
#define CLIENT_ROOM_LOOKS 256 /* when places lack: looked at, and */
#define CLIENT_ROOM_MAX 8     /* closed, at most */

void
clients_init(struct clients *cs, struct env *e, uint32_t max)
{
	*cs = (struct clients){ .env = e, .max = max };
	pool_init(&cs->pool, "clients", sizeof(struct client), 0);
	list_init(&cs->all);
}

void
clients_fini(struct clients *cs)
{
	pool_fini(&cs->pool);
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
		return;
	}
	c->permit = permit;
	if (e->draining)
		client_deadline(c, CLIENT_FRESH_US);
	list_push_back(&cs->all, &c->link);
	cs->count++;
	env_count(e, COUNTER_CONNECTIONS, 1);
	env_count(e, COUNTER_CONNECTIONS_ACCEPTED, 1);
}

void
clients_warn_header(
    struct clients *cs, const struct addr *peer, const char *fault)
{
	struct mono now = clock_now();
	char text[ADDR_TEXT_MAX];

	if (cs->warned.us != 0 &&
	    mono_diff_us(now, cs->warned) < CLIENT_WARN_US)
		return;
	cs->warned = now;
	(void)addr_text(peer, text);
	log_warnx(
	    "a connection of %s was closed: its PROXY header %s", text, fault);
}

void
clients_give(struct clients *cs, struct client *c)
{
	pool_give(&cs->pool, c);
	cs->count--;
	if (cs->freed != NULL)
		cs->freed(cs);
}

void
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
		client_close(c, false);
		closed++;
	}
}

void
clients_drain(struct clients *cs)
{
	struct list *at = cs->all.next;

	while (at != &cs->all) {
		struct client *c = CONTAINER_OF(at, struct client, link);

		at = at->next;
		if (client_quiet(c))
			client_close(c, false);
		else if (c->state == CLIENT_FRESH || c->state == CLIENT_PROXIED)
			client_deadline(c, CLIENT_FRESH_US);
	}
}

static void
clients_stop_one(struct client *c)
{
	if (c->req != NULL && c->req->state != REQ_ANSWERING) {
		c->req->request_done = true;
		req_fail(c->req, WHY_STOPPING);
	} else if (c->req != NULL) {
		req_end(c->req, WHY_STOPPING, true);
	}
	if (c->state != CLIENT_CLOSED)
		client_close(c, false);
}

bool
clients_leave(struct clients *cs)
{
	struct list *at = cs->all.next;
	bool some = false;

	while (at != &cs->all) {
		struct client *c = CONTAINER_OF(at, struct client, link);

		at = at->next;
		if (c->req != NULL && req_leave(c->req))
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
