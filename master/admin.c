/*
 * admin.c - see admin.h.
 */
#include "master/admin.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/base/log.h"
#include "common/net/sock.h"
#include "master/admin_answer.h"
#include "master/admin_routes.h"
#include "master/audited.h"

#define ADMIN_TIME_US 30000000  /* for a request, or for its answer */
#define ADMIN_BODY_US 3000000   /* for a body, once the head is there */
#define ADMIN_LINGER_US 1000000 /* for what follows an early answer */

static const struct codec_limits admin_limits = {
	.head_bytes = 8192, .uri_bytes = ADMIN_TARGET_MAX, .fields = 64
};

static void
admin_free(struct loop_task *t)
{
	struct admin_client *c = CONTAINER_OF(t, struct admin_client, free);

	text_fini(&c->accept);
	text_fini(&c->authorization);
	text_fini(&c->body);
	free(c);
}

static void
admin_close(struct admin_client *c)
{
	struct admin *a = c->admin;

	if (!io_is_open(&c->io))
		return;
	timer_fini(&a->loop->timers, &c->timer);
	io_close(&c->io, false);
	list_remove(&c->link);
	admin_door_left(c->door);
	loop_defer_free(a->loop, &c->free);
}

static void
admin_late(struct timer *t)
{
	admin_close(CONTAINER_OF(t, struct admin_client, timer));
}

static void
admin_hurry(struct admin_client *c, int64_t us)
{
	timer_set(
	    &c->admin->loop->timers, &c->timer, mono_add_us(clock_now(), us));
}

/* The last in the list is the one that did something last. */
static void
admin_touch(struct admin_client *c)
{
	c->since = clock_now();
	c->taken = c->io.bytes_out;
	list_remove(&c->link);
	list_push_back(&c->door->clients, &c->link);
	admin_hurry(c, ADMIN_TIME_US);
}

/* ---- answers ---- */

static void
admin_answer(struct admin_client *c, const struct admin_reply *r)
{
	admin_answer_queue(c, r);
	admin_touch(c);
}

/* A close with bytes unread is a reset, and might undo the answer. */
static void
admin_part(struct admin_client *c)
{
	if (!c->unread || c->closing) {
		admin_close(c);
	} else if (!c->io.shut_wanted) {
		io_shutdown(&c->io);
		admin_hurry(c, ADMIN_LINGER_US);
	}
}

/* Closes when all is said. */
static void
admin_settle(struct admin_client *c)
{
	if (!io_is_open(&c->io))
		return;
	if (c->io.out.failed)
		admin_close(c);
	else if (io_flush(&c->io) && c->stream == NULL &&
	    (c->closing || h1_must_close(&c->h1)))
		admin_part(c);
}

static struct admin_request
admin_request(const struct admin_client *c)
{
	return (struct admin_request){ .method = c->method,
		.guarded = c->door->guarded,
		.path = slice_make(c->target, c->target_bytes),
		.accept = text_slice(&c->accept),
		.authorization = text_slice(&c->authorization),
		.body = text_slice(&c->body),
		.local = c->local,
		.uid = c->uid,
		.who = c->who };
}

static void
admin_dispatch(struct admin_client *c)
{
	struct admin_request q = admin_request(c);
	struct admin_reply r;

	admin_touch(c); /* the request is whole */
	admin_reply_init(&r);
	if (c->body_over)
		admin_reply_problem(
		    &r, 413, SLICE_LIT("a body may have 16384 bytes, no more"));
	else
		admin_routes_answer(c->admin, &q, &r);
	if (r.run != 0)
		c->run = r.run; /* admin_reloaded answers */
	else
		admin_answer(c, &r);
	if (r.fd_count != 0 && r.status == 200 && c->method == METHOD_GET)
		admin_answer_pass(c, &r);
	admin_reply_fini(&r);
}

/* Answers right away what needs no body for that. */
static bool
admin_refuse(struct admin_client *c)
{
	struct admin_request q = admin_request(c);
	struct admin_reply r;
	bool refused;

	admin_reply_init(&r);
	refused = admin_routes_refuse(c->admin, &q, &r);
	if (refused)
		admin_answer(c, &r);
	admin_reply_fini(&r);
	return refused;
}

static void
door_reloaded(struct admin_door *door, enum reload_outcome how)
{
	struct admin *a = door->admin;
	struct list *next;

	for (struct list *l = door->clients.next; l != &door->clients;
	     l = next) {
		struct admin_client *c =
		    CONTAINER_OF(l, struct admin_client, link);
		struct admin_reply r;

		next = l->next;
		if (c->run == 0 || c->run > a->reload->run)
			continue;
		c->run = 0;
		admin_reply_init(&r);
		admin_routes_reloaded(a, how, &r);
		admin_answer(c, &r);
		admin_reply_fini(&r);
		io_resume(&c->io);
		admin_settle(c);
	}
}

void
admin_reloaded(struct admin *a, enum reload_outcome how)
{
	door_reloaded(&a->socket, how);
	door_reloaded(&a->address, how);
}

/* ---- the codec's events ---- */

static struct admin_client *
admin_of_stream(struct stream *s)
{
	return CONTAINER_OF(s->codec, struct admin_client, h1.base);
}

/* The value of a field, however many lines it stands on. */
static void
admin_copy(struct text *to, const struct head *h, enum field_id id)
{
	text_clear(to);
	for (uint32_t i = 0; i < h->count; i++) {
		if (h->fields[i].id != id)
			continue;
		if (to->n != 0)
			text_add(to, SLICE_LIT(", "));
		text_add(to, h->fields[i].value);
	}
}

static void
admin_on_head(struct stream *s, const struct head *h)
{
	struct admin_client *c = admin_of_stream(s);
	bool bodied = h->body == BODY_STREAM ||
	    (h->body == BODY_LENGTH && h->length != 0);
	const char *query = memchr(h->target.p, '?', h->target.n);
	size_t n = query != NULL ? (size_t)(query - h->target.p) : h->target.n;

	c->stream = s;
	c->method = h->method;
	c->target_bytes = n < sizeof(c->target) ? (uint32_t)n : 0;
	memcpy(c->target, h->target.p, c->target_bytes);
	admin_copy(&c->accept, h, FIELD_ACCEPT);
	admin_copy(&c->authorization, h, FIELD_AUTHORIZATION);
	text_clear(&c->body);
	c->body_over = false;
	if (admin_refuse(c))
		c->unread = bodied;
	else if (bodied)
		admin_hurry(c, ADMIN_BODY_US);
}

static void
admin_on_data(struct stream *s, struct slice bytes)
{
	struct admin_client *c = admin_of_stream(s);

	if (bytes.n > ADMIN_BODY_MAX - c->body.n)
		c->body_over = true;
	else if (!c->body_over)
		text_add(&c->body, bytes);
}

static void
admin_on_end(struct stream *s, const struct head *trailers)
{
	(void)trailers;
	admin_dispatch(admin_of_stream(s));
}

static void
admin_on_error(struct stream *s, enum codec_error e)
{
	struct admin_client *c = admin_of_stream(s);
	struct admin_reply r;

	c->closing = true;
	c->stream = s;
	admin_reply_init(&r);
	admin_reply_problem(&r, 400, slice_str(codec_error_name(e)));
	admin_answer(c, &r);
	admin_reply_fini(&r);
}

static const struct codec_events admin_codec_events = {
	.head = admin_on_head,
	.data = admin_on_data,
	.end = admin_on_end,
	.error = admin_on_error,
};

/* ---- the socket's events ---- */

static struct admin_client *
admin_of_io(struct io *io)
{
	return CONTAINER_OF(io, struct admin_client, io);
}

/* One answer at a time: a client that asks and does not read fills nothing. */
static bool
admin_is_taken(struct admin_client *c)
{
	if (io_flush(&c->io) || io_queued(&c->io) == 0)
		return true;
	io_pause(&c->io, true);
	return false;
}

static size_t
admin_input(struct io *io, const char *p, size_t n)
{
	struct admin_client *c = admin_of_io(io);
	size_t used = 0, step;

	while (used < n && c->run == 0 && !c->closing && admin_is_taken(c)) {
		stream_pause(&c->h1.stream, false);
		step = codec_input(&c->h1.base, p + used, n - used);
		if (step == 0)
			break;
		used += step;
	}
	if (c->closing || c->unread)
		used = n;
	admin_settle(c);
	return used;
}

/* A client that has sent all may still wait for its answer. */
static void
admin_eof(struct io *io)
{
	struct admin_client *c = admin_of_io(io);

	c->closing = true;
	if (c->run == 0 && c->stream != NULL)
		admin_close(c); /* its request will never be whole */
	else if (c->run == 0)
		admin_settle(c);
}

static void
admin_drained(struct io *io)
{
	struct admin_client *c = admin_of_io(io);

	admin_touch(c); /* for the next request */
	admin_settle(c);
	if (io_is_open(&c->io))
		io_pause(&c->io, false);
}

static void
admin_failed(struct io *io, int error)
{
	(void)error;
	admin_close(admin_of_io(io));
}

static const struct io_events admin_io_events = {
	.input = admin_input,
	.eof = admin_eof,
	.drained = admin_drained,
	.failed = admin_failed,
};

static void
admin_look(struct admin_client *c, int fd)
{
	struct ucred peer;
	socklen_t n = sizeof(peer), m = sizeof(int);
	int domain = 0;

	c->local = getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &m) == 0 &&
	    domain == AF_UNIX &&
	    getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &n) == 0;
	c->uid = c->local ? peer.uid : (uid_t)-1;
}

static void
admin_serve(struct admin_door *door, int fd)
{
	struct admin *a = door->admin;
	struct admin_client *c = calloc(1, sizeof(*c));

	if (c == NULL ||
	    !io_open(&c->io, a->loop, fd, false, &admin_io_events)) {
		(void)close(fd);
		free(c);
		return;
	}
	c->admin = a;
	c->door = door;
	admin_look(c, fd);
	audited_peer(fd, c->local, c->who);
	loop_task_init(&c->free, admin_free);
	timer_init(&c->timer, admin_late);
	h1_init(&c->h1, CODEC_SERVER, &admin_codec_events, &admin_limits,
	    &c->io.out);
	list_push_back(&door->clients, &c->link);
	door->count++;
	admin_touch(c);
}

/* Neither a whole request nor a byte of an answer for a while. */
static bool
admin_idle(struct admin_client *c)
{
	if (c->io.bytes_out != c->taken) {
		c->taken = c->io.bytes_out;
		c->since = clock_now();
	}
	return c->run == 0 &&
	    mono_diff_us(clock_now(), c->since) >= ADMIN_IDLE_US;
}

static bool
admin_make_room(struct admin_door *door)
{
	for (struct list *l = door->clients.next; l != &door->clients;
	     l = l->next) {
		struct admin_client *c =
		    CONTAINER_OF(l, struct admin_client, link);

		if (!admin_idle(c))
			continue;
		admin_close(c);
		return true;
	}
	return false;
}

static const struct admin_door_owner admin_door_owner = { admin_serve,
	admin_make_room };

static bool
admin_open(struct admin *a, struct admin_door *door, int fd, bool guarded)
{
	*door = (struct admin_door){ .admin = a,
		.loop = a->loop,
		.owner = &admin_door_owner,
		.guarded = guarded };
	return admin_door_init(door, fd);
}

static void
admin_shut(struct admin_door *door)
{
	while (!list_empty(&door->clients))
		admin_close(CONTAINER_OF(
		    door->clients.next, struct admin_client, link));
	admin_door_fini(door);
}

bool
admin_init(struct admin *a, struct loop *loop, struct inherit *in,
    struct reload *reload, const struct probes *probes, struct access *access)
{
	*a = (struct admin){ .loop = loop,
		.in = in,
		.reload = reload,
		.probes = probes,
		.access = access };
	return admin_open(a, &a->socket, in->admin_fd, false) &&
	    admin_open(a, &a->address, in->admin_tcp_fd, true);
}

void
admin_fini(struct admin *a)
{
	admin_shut(&a->socket);
	admin_shut(&a->address);
}
