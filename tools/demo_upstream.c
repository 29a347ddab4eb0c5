/*
 * demo_upstream.c - a small HTTP/1.1 server to stand behind the gateway in
 * `make run`: one process, one loop, the same codec as the gateway.
 *
 *   accept -> head, data*, end -> demo_page -> [delay] -> answer | stream
 *
 * A request line is printed as each answer begins. Each answer is delayed by MS
 * milliseconds, where given.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "common/base/buf.h"
#include "common/http/h1.h"
#include "common/net/io.h"
#include "common/net/sock.h"
#include "tools/demo_pages.h"

#define BODY_KEPT 65536 /* of a request body, for /echo */

struct server {
	struct loop loop;
	struct loop_watch listening;
	const char *name;
	uint64_t delay_ms; /* of every answer */
	enum demo_fail failing;
};

struct conn {
	struct io io;
	struct h1 h1;
	struct server *server;
	struct timer timer; /* the answer's delay, then a stream's next line */
	struct loop_task end;
	struct text method, target, fields, body; /* of the request */
	struct demo_answer answer;
	uint64_t line; /* of a stream, sent so far */
	bool begun;    /* the answer's head was sent */
};

static const struct codec_limits limits = { 65536, 16384, 200 };
static const struct io_events conn_io_events;
static const struct codec_events conn_codec_events;

static struct conn *
conn_of_io(struct io *io)
{
	return CONTAINER_OF(io, struct conn, io);
}

static struct conn *
conn_of_timer(struct timer *t)
{
	return CONTAINER_OF(t, struct conn, timer);
}

static void
conn_free(struct loop_task *t)
{
	struct conn *c = CONTAINER_OF(t, struct conn, end);

	timer_fini(&c->server->loop.timers, &c->timer);
	text_fini(&c->method);
	text_fini(&c->target);
	text_fini(&c->fields);
	text_fini(&c->body);
	text_fini(&c->answer.body);
	free(c);
}

static void
conn_close(struct conn *c)
{
	if (!io_is_open(&c->io))
		return;
	timer_cancel(&c->timer);
	io_close(&c->io, false);
	loop_defer_free(&c->server->loop, &c->end);
}

/* The answer is complete: the next request may come, if there is to be one. */
static void
conn_finish(struct conn *c)
{
	if (h1_must_close(&c->h1)) {
		io_shutdown(&c->io);
		return;
	}
	io_flush(&c->io);
	io_resume(&c->io);
}

static void
conn_next_line(struct conn *c)
{
	struct text line;

	text_init(&line);
	text_printf(&line, "%s: line %lu\n", c->server->name, ++c->line);
	stream_data(&c->h1.stream, text_slice(&line));
	text_fini(&line);
	if (c->answer.lines != 0 && c->line >= c->answer.lines) {
		stream_end(&c->h1.stream, NULL);
		conn_finish(c);
		return;
	}
	/* A peer that does not read is not sent more: see conn_drained. */
	if (io_flush(&c->io))
		timer_set(&c->server->loop.timers, &c->timer,
		    mono_add_us(clock_now(), c->answer.interval_ms * 1000));
}

static void
conn_answer(struct conn *c)
{
	struct demo_answer *a = &c->answer;
	struct field type = { SLICE_LIT("Content-Type"),
		slice_str(a->content_type), FIELD_CONTENT_TYPE };
	struct head h = { .status = (uint16_t)a->status,
		.body = a->stream ? BODY_STREAM : BODY_LENGTH,
		.length = a->body.n,
		.present = UINT64_C(1) << FIELD_CONTENT_TYPE,
		.count = 1,
		.fields = &type };
	bool headless = slice_eq(text_slice(&c->method), SLICE_LIT("HEAD"));

	c->begun = true;
	printf("%s %.*s %.*s %u\n", c->server->name,
	    SLICE_FMT(text_slice(&c->method)),
	    SLICE_FMT(text_slice(&c->target)), a->status);
	if (!stream_head(&c->h1.stream, &h, headless)) {
		conn_close(c);
		return;
	}
	if (!headless && a->stream) {
		conn_next_line(c);
		return;
	}
	if (!headless) {
		stream_data(&c->h1.stream, text_slice(&a->body));
		stream_end(&c->h1.stream, NULL);
	}
	conn_finish(c);
}

static void
conn_timer(struct timer *t)
{
	struct conn *c = conn_of_timer(t);

	if (c->begun)
		conn_next_line(c);
	else
		conn_answer(c);
}

static void
conn_head(struct stream *s, const struct head *h)
{
	struct conn *c = CONTAINER_OF(s->codec, struct conn, h1);

	s->user = c;
	text_clear(&c->method);
	text_clear(&c->target);
	text_clear(&c->fields);
	text_clear(&c->body);
	text_add(&c->method, h->method_text);
	text_add(&c->target, h->target);
	for (uint32_t i = 0; i < h->count; i++)
		text_printf(&c->fields, "%.*s: %.*s\n",
		    SLICE_FMT(h->fields[i].name),
		    SLICE_FMT(h->fields[i].value));
	if (h->expect_continue)
		stream_head(s, &(struct head){ .status = 100 }, false);
}

static void
conn_data(struct stream *s, struct slice bytes)
{
	struct conn *c = s->user;

	if (c->body.n + bytes.n <= BODY_KEPT)
		text_add(&c->body, bytes);
}

static void
conn_end(struct stream *s, const struct head *trailers)
{
	struct conn *c = s->user;
	struct demo_request q = { text_slice(&c->method),
		text_slice(&c->target), text_slice(&c->fields),
		text_slice(&c->body) };

	(void)trailers;
	text_fini(&c->answer.body);
	c->answer = (struct demo_answer){ 0 };
	c->line = 0;
	c->begun = false;
	demo_page(c->server->name, &c->server->failing, &q, &c->answer);
	switch (c->answer.fail) {
	case FAIL_HANG:
	case FAIL_CLOSE:
		printf("%s %.*s %.*s %s\n", c->server->name,
		    SLICE_FMT(q.method), SLICE_FMT(q.target),
		    c->answer.fail == FAIL_HANG ? "hangs" : "closes");
		break;
	case FAIL_OFF:
	case FAIL_503:
		timer_set(&c->server->loop.timers, &c->timer,
		    mono_add_us(clock_now(),
			(c->answer.delay_ms + c->server->delay_ms) * 1000));
		break;
	}
}

static void
conn_error(struct stream *s, enum codec_error e)
{
	struct conn *c = CONTAINER_OF(s->codec, struct conn, h1);

	printf("%s bad request: %s\n", c->server->name, codec_error_name(e));
	c->answer.fail = FAIL_CLOSE;
}

static const struct codec_events conn_codec_events = {
	.head = conn_head,
	.data = conn_data,
	.end = conn_end,
	.error = conn_error,
};

static size_t
conn_input(struct io *io, const char *p, size_t n)
{
	struct conn *c = conn_of_io(io);
	size_t used = codec_input(&c->h1.base, p, n);

	if (c->answer.fail == FAIL_CLOSE) {
		conn_close(c);
		return n;
	}
	io_flush(io);
	return used;
}

static void
conn_eof(struct io *io)
{
	conn_close(conn_of_io(io));
}

static void
conn_drained(struct io *io)
{
	struct conn *c = conn_of_io(io);

	if (c->begun && c->answer.stream && c->h1.writing == H1_WRITE_CHUNKED)
		timer_set(&c->server->loop.timers, &c->timer,
		    mono_add_us(clock_now(), c->answer.interval_ms * 1000));
}

static void
conn_failed(struct io *io, int error)
{
	(void)error;
	conn_close(conn_of_io(io));
}

static const struct io_events conn_io_events = {
	.input = conn_input,
	.eof = conn_eof,
	.drained = conn_drained,
	.failed = conn_failed,
};

static void
server_accept(struct loop_watch *w, unsigned events)
{
	struct server *s = CONTAINER_OF(w, struct server, listening);
	struct addr peer;
	struct conn *c;
	int fd = sock_accept(w->fd, &peer);

	(void)events;
	if (fd < 0)
		return;
	c = calloc(1, sizeof(*c));
	if (c == NULL ||
	    !io_open(&c->io, &s->loop, fd, false, &conn_io_events)) {
		free(c);
		close(fd);
		return;
	}
	c->server = s;
	timer_init(&c->timer, conn_timer);
	loop_task_init(&c->end, conn_free);
	h1_init(&c->h1, CODEC_SERVER, &conn_codec_events, &limits, &c->io.out);
}

static bool
server_listen(struct server *s, const char *port)
{
	char text[ADDR_TEXT_MAX];
	struct addr a;
	const char *why;

	snprintf(text, sizeof(text), "127.0.0.1:%s", port);
	if (!addr_parse(text, &a, &why)) {
		fprintf(stderr, "demo-upstream: port %s %s\n", port, why);
		return false;
	}
	s->listening.fn = server_accept;
	s->listening.fd = sock_listen(&a, false, 511);
	if (s->listening.fd < 0 || !loop_add(&s->loop, &s->listening, true)) {
		fprintf(
		    stderr, "demo-upstream: %s: %s\n", text, strerror(errno));
		return false;
	}
	return true;
}

int
main(int argc, char **argv)
{
	struct server s = { 0 };

	if (argc != 3 && argc != 4) {
		fprintf(stderr, "usage: demo-upstream PORT NAME [MS]\n");
		return 2;
	}
	setvbuf(stdout, NULL, _IOLBF, 0);
	signal(SIGPIPE, SIG_IGN);
	s.name = argv[2];
	if (argc == 4)
		s.delay_ms = strtoull(argv[3], NULL, 10);
	clock_set_birth(clock_raw_us());
	clock_set_birth(clock_raw_us());
	clock_update();
	buf_pool_init(0);
	if (!io_scratch_init() || !loop_init(&s.loop)) {
		perror("demo-upstream");
		return 1;
	}
	if (!server_listen(&s, argv[1]))
		return 1;
	printf("%s listens on 127.0.0.1:%s\n", s.name, argv[1]);
	return loop_run(&s.loop) ? 0 : 1;
}
