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
#include "master/admin_routes.h"

#define ADMIN_TIME_US 30000000 /* between two steps of a client */

static const struct codec_limits admin_limits = {
	.head_bytes = 8192, .uri_bytes = ADMIN_TARGET_MAX, .fields = 64
};

static void
admin_free(struct loop_task *t)
{
	struct admin_client *c = CONTAINER_OF(t, struct admin_client, free);

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
	loop_level_pause(a->loop, &a->watch, false);
	a->count--;
	loop_defer_free(a->loop, &c->free);
}

static void
admin_late(struct timer *t)
{
	admin_close(CONTAINER_OF(t, struct admin_client, timer));
}

static void
admin_touch(struct admin_client *c)
{
	timer_set(&c->admin->loop->timers, &c->timer,
	    mono_add_us(clock_now(), ADMIN_TIME_US));
}

/* ---- answers ---- */

static void
admin_field(
    struct head *h, struct field *f, enum field_id id, struct slice value)
{
	f[h->count++] = (struct field){
		.name = http_field_name(id), .value = value, .id = (uint16_t)id
	};
	h->present |= UINT64_C(1) << (unsigned)id;
}

static void
admin_answer(struct admin_client *c, const struct admin_reply *r)
{
	struct field fields[3];
	struct head h = { .status = r->status,
		.reason = http_reason(r->status),
		.method = c->method,
		.version = HTTP_1_1,
		.body = BODY_LENGTH,
		.length = r->body.n,
		.close = c->closing,
		.fields = fields };
	bool bodiless = c->method == METHOD_HEAD || r->body.n == 0;

	admin_field(&h, fields, FIELD_CONTENT_TYPE, slice_str(r->type));
	admin_field(&h, fields, FIELD_CACHE_CONTROL, SLICE_LIT("no-store"));
	if (r->allow[0] != '\0')
		admin_field(&h, fields, FIELD_ALLOW, slice_str(r->allow));
	(void)stream_head(c->stream, &h, bodiless);
	if (!bodiless) {
		stream_data(c->stream, text_slice(&r->body));
		stream_end(c->stream, NULL);
	}
	c->stream = NULL;
	admin_touch(c);
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
		admin_close(c);
}

static void
admin_dispatch(struct admin_client *c)
{
	struct admin_request q = { .method = c->method,
		.path = slice_make(c->target, c->target_bytes),
		.body = text_slice(&c->body) };
	struct admin_reply r;

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
	admin_reply_fini(&r);
}

void
admin_reloaded(struct admin *a, enum reload_outcome how)
{
	struct list *next;

	for (struct list *l = a->clients.next; l != &a->clients; l = next) {
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

/* ---- the codec's events ---- */

static struct admin_client *
admin_of_stream(struct stream *s)
{
	return CONTAINER_OF(s->codec, struct admin_client, h1.base);
}

static void
admin_on_head(struct stream *s, const struct head *h)
{
	struct admin_client *c = admin_of_stream(s);
	const char *query = memchr(h->target.p, '?', h->target.n);
	size_t n = query != NULL ? (size_t)(query - h->target.p) : h->target.n;

	c->stream = s;
	c->method = h->method;
	c->target_bytes = n < sizeof(c->target) ? (uint32_t)n : 0;
	memcpy(c->target, h->target.p, c->target_bytes);
	text_clear(&c->body);
	c->body_over = false;
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

static size_t
admin_input(struct io *io, const char *p, size_t n)
{
	struct admin_client *c = admin_of_io(io);
	size_t used = 0, step;

	admin_touch(c);
	while (used < n && c->run == 0 && !c->closing) {
		step = codec_input(&c->h1.base, p + used, n - used);
		if (step == 0)
			break;
		used += step;
	}
	if (c->closing)
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

	admin_touch(c);
	admin_settle(c);
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
admin_serve(struct admin *a, int fd)
{
	struct admin_client *c = calloc(1, sizeof(*c));

	if (c == NULL ||
	    !io_open(&c->io, a->loop, fd, false, &admin_io_events)) {
		(void)close(fd);
		free(c);
		return;
	}
	c->admin = a;
	loop_task_init(&c->free, admin_free);
	timer_init(&c->timer, admin_late);
	h1_init(&c->h1, CODEC_SERVER, &admin_codec_events, &admin_limits,
	    &c->io.out);
	list_push_back(&a->clients, &c->link);
	if (++a->count == ADMIN_CLIENTS_MAX)
		loop_level_pause(a->loop, &a->watch, true);
	admin_touch(c);
}

static void
admin_accept(struct loop_watch *w, unsigned events)
{
	struct admin *a = CONTAINER_OF(w, struct admin, watch);
	int fd;

	(void)events;
	while (a->count < ADMIN_CLIENTS_MAX) {
		fd = accept4(w->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
		if (fd < 0)
			return;
		admin_serve(a, fd);
	}
}

bool
admin_init(struct admin *a, struct loop *loop, struct inherit *in,
    struct reload *reload, const struct probes *probes, struct access *access)
{
	*a = (struct admin){ .loop = loop,
		.in = in,
		.reload = reload,
		.probes = probes,
		.access = access,
		.watch = { .fn = admin_accept, .fd = in->admin_fd } };
	list_init(&a->clients);
	return a->watch.fd < 0 || loop_add(loop, &a->watch, true);
}

void
admin_fini(struct admin *a)
{
	while (!list_empty(&a->clients))
		admin_close(
		    CONTAINER_OF(a->clients.next, struct admin_client, link));
	if (a->watch.fd < 0)
		return;
	loop_remove(a->loop, &a->watch);
	(void)close(a->watch.fd);
	a->watch.fd = -1;
}
