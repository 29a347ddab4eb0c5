/*
 * probe_peer.h - one probe, and an endpoint that speaks HTTP/2 by our own
 * codec, plain or over TLS, in the same loop. What it says is a script.
 */
#ifndef TESTS_UNIT_MASTER_PROBE_PEER_H
#define TESTS_UNIT_MASTER_PROBE_PEER_H

#include "tests/unit/master/probe_kit.h"

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/net/sock.h"
#include "master/probe.h"

struct says {
	uint16_t status;         /* 0: nothing at all */
	const char *type;        /* Content-Type, or NULL */
	const char *grpc_status; /* in the head */
	struct slice body;
	const char *trailer; /* grpc-status behind the body */
	const char *raw;     /* instead of HTTP/2, when something came */
	bool cancel, leave, close;
};

static struct loop loop;
static struct probe probe;
static struct addr addr;
static unsigned ends;
static int listener = -1;

static struct says says;
static struct tls_server *peer_tls; /* NULL: plain */
static struct {
	struct io io;
	struct h2 *h2;
	struct text asked; /* "POST https host /path|name=value|" */
	char body[1024];
	size_t body_n;
	bool came, ended; /* a connection; its end */
	int error;
} peer;

/* ---- the endpoint ---- */

static inline void
peer_send(void)
{
	while (!h2_pull(peer.h2) && io_flush(&peer.io))
		continue;
	(void)io_flush(&peer.io);
}

static inline void
peer_put(struct slice s)
{
	text_add(&peer.asked, s);
}

static inline void
peer_head(struct stream *s, const struct head *h)
{
	(void)s;
	text_printf(&peer.asked, "%.*s %s %.*s %.*s|",
	    SLICE_FMT(h->method_text), h->https ? "https" : "http",
	    SLICE_FMT(h->host), SLICE_FMT(h->target));
	for (uint32_t i = 0; i < h->count; i++) {
		if (h->fields[i].id == FIELD_HOST)
			continue;
		peer_put(h->fields[i].name);
		peer_put(SLICE_LIT("="));
		peer_put(h->fields[i].value);
		peer_put(SLICE_LIT("|"));
	}
}

static inline void
peer_data(struct stream *s, struct slice bytes)
{
	(void)s;
	ck_assert_uint_le(peer.body_n + bytes.n, sizeof(peer.body));
	memcpy(peer.body + peer.body_n, bytes.p, bytes.n);
	peer.body_n += bytes.n;
}

static inline void
peer_field(struct head *h, const char *name, const char *value)
{
	struct slice n = slice_str(name);

	if (value != NULL)
		h->fields[h->count++] = (struct field){ n, slice_str(value),
			(uint16_t)http_field_find(n) };
}

static inline void
peer_answer(struct stream *s)
{
	struct field fields[2], last[1];
	struct head h = { .status = says.status, .fields = fields };
	struct head trailers = { .fields = last };
	bool whole = says.body.n == 0 && says.trailer == NULL;

	peer_field(&h, "content-type", says.type);
	peer_field(&h, "grpc-status", says.grpc_status);
	peer_field(&trailers, "grpc-status", says.trailer);
	h.body = whole ? BODY_NONE : BODY_STREAM;
	ck_assert(stream_head(s, &h, whole));
	if (whole)
		return;
	stream_data(s, says.body);
	if (!says.close)
		stream_end(s, &trailers);
}

static inline void
peer_asked(struct stream *s, const struct head *trailers)
{
	(void)trailers;
	if (says.leave)
		h2_goaway(peer.h2, true);
	if (says.status != 0)
		peer_answer(s);
	if (says.cancel)
		h2_release(s, H2_FAILED);
}

static inline void
peer_error(struct stream *s, enum codec_error e)
{
	(void)s;
	(void)e;
}

static inline void
peer_room(struct stream *s)
{
	(void)s;
}

static const struct codec_events peer_codec_events = {
	.head = peer_head,
	.data = peer_data,
	.end = peer_asked,
	.error = peer_error,
	.room = peer_room,
};

static inline void
peer_begin(void)
{
	static const struct codec_limits limits = { 8192, 8192, 32 };
	static const struct h2_limits h2 = { 10, 65535, 65535, 100, 100 };

	peer.h2 = h2_new(
	    CODEC_SERVER, &peer_codec_events, &limits, &h2, &peer.io.out, NULL);
	ck_assert_ptr_nonnull(peer.h2);
}

static inline size_t
peer_input(struct io *io, const char *p, size_t n)
{
	size_t used = n;

	if (says.raw != NULL) {
		obuf_append(&io->out, says.raw, strlen(says.raw));
		(void)io_flush(io);
	} else {
		used = codec_input(h2_codec(peer.h2), p, n);
		peer_send();
	}
	if (says.close && (says.raw != NULL || peer.asked.n != 0))
		io_shutdown(io);
	return used;
}

static inline void
peer_eof(struct io *io)
{
	(void)io;
	peer.ended = true;
}

static inline void
peer_nothing(struct io *io)
{
	(void)io;
}

static inline void
peer_failed(struct io *io, int error)
{
	peer.error = error;
	peer.ended = true;
	io_close(io, false);
}

static const struct io_events peer_io_events = {
	.input = peer_input,
	.eof = peer_eof,
	.drained = peer_nothing,
	.secured = peer_nothing,
	.failed = peer_failed,
};

static inline void
peer_step(void)
{
	int fd = peer.came ? -1 : sock_accept(listener, NULL);

	if (fd < 0)
		return;
	peer.came = true;
	ck_assert(io_open(&peer.io, &loop, fd, false, &peer_io_events));
	if (peer_tls != NULL)
		io_secure(&peer.io, tls_accept(peer_tls, NULL));
	peer_begin();
	if (peer_tls == NULL && says.raw == NULL)
		peer_send();
}

/* ---- the probe ---- */

static inline void
setup(void)
{
	struct sockaddr_in in = { .sin_family = AF_INET };
	struct sockaddr_storage ss;
	socklen_t n = sizeof(ss);

	buf_pool_init(0);
	tls_init();
	ck_assert(io_scratch_init());
	ck_assert(loop_init(&loop));
	in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	ck_assert_int_eq(bind(listener, (struct sockaddr *)&in, sizeof(in)), 0);
	ck_assert_int_eq(listen(listener, 8), 0);
	ck_assert_int_eq(getsockname(listener, (struct sockaddr *)&ss, &n), 0);
	addr_from_sockaddr(&ss, &addr);
}

static inline void
teardown(void)
{
	if (io_is_open(&peer.io) && peer.came)
		io_close(&peer.io, false);
	ck_assert(loop_turn(&loop, 0));
	if (peer.h2 != NULL)
		h2_free(peer.h2);
	text_fini(&peer.asked);
	probe_rule_free(probe.rule);
	tls_server_free(peer_tls);
	close(listener);
	loop_fini(&loop);
	h2_trim();
	io_scratch_fini();
	buf_pool_fini();
}

static inline void
ended(struct probe *p)
{
	ck_assert_ptr_eq(p, &probe);
	ck_assert(!io_is_open(&p->io));
	ends++;
}

static inline void
start(const struct kit_service *k)
{
	struct probe_place to = { addr, SLICE_LIT("e:1"), SLICE_LIT("e.test") };

	probe_start(&probe, &loop, kit_rule(k), &to, ended);
}

static inline void
run(const struct kit_service *k)
{
	start(k);
	while (ends == 0) {
		ck_assert(loop_turn(&loop, 1000));
		peer_step();
	}
	for (int i = 0; i < 100 && peer.came && !peer.ended; i++)
		ck_assert(loop_turn(&loop, 10000));
	ck_assert_uint_eq(ends, 1);
}

static inline void
came_to(enum probe_result result, enum change_cause cause, uint32_t detail)
{
	ck_assert_msg(probe.result == result && probe.cause == cause &&
		probe.detail == detail,
	    "result %d, cause %s, detail %#x", (int)probe.result,
	    change_cause_name(probe.cause), probe.detail);
}

static inline void
asked(const char *want)
{
	ck_assert_msg(slice_eq(text_slice(&peer.asked), slice_str(want)),
	    "asked %.*s", SLICE_FMT(text_slice(&peer.asked)));
}

#define GOOD() came_to(PROBE_GOOD, CAUSE_PROBE_OK, 0)
#define AGENT "User-Agent=penstock/" PENSTOCK_VERSION "|"

#endif
