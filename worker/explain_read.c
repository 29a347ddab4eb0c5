/*
 * explain_read.c - an ask as the bytes that a client would send, read by the
 * very codec: what is wrong with it is found there.
 */
#include "worker/explain_state.h"

#include "common/base/must.h"
#include "common/http/h1.h"

struct reader {
	struct h1 h1;
	struct explained *x;
	struct head *head;
	bool seen;
	enum codec_error error;
};

static struct reader *
reader_of(struct stream *s)
{
	return CONTAINER_OF(s, struct reader, h1.stream);
}

static void
reader_head(struct stream *s, const struct head *h)
{
	struct reader *r = reader_of(s);

	r->seen = head_copy(r->head, h, &r->x->arena, 0);
}

static void
reader_data(struct stream *s, struct slice bytes)
{
	(void)s;
	(void)bytes;
}

static void
reader_end(struct stream *s, const struct head *trailers)
{
	(void)s;
	(void)trailers;
}

static void
reader_error(struct stream *s, enum codec_error e)
{
	reader_of(s)->error = e;
}

static const struct codec_events reader_events = {
	.head = reader_head,
	.data = reader_data,
	.end = reader_end,
	.error = reader_error,
};

/* ---- the bytes ---- */

static bool
ask_has(const struct explain_ask *ask, const char *name)
{
	struct slice want = slice_str(name);

	for (size_t i = 0; i < ask->header_count; i++) {
		struct slice h = ask->headers[i];

		if (h.n > want.n && h.p[want.n] == ':' &&
		    slice_eq_nocase(slice_make(h.p, want.n), want))
			return true;
	}
	return false;
}

/* "https://host/path" is the path, of that host. */
static struct slice
ask_split(const struct explain_ask *ask, struct slice *target)
{
	static const struct slice schemes[] = { { "http://", 7 },
		{ "https://", 8 } };
	struct slice url = ask->url;
	const char *path;

	*target = url;
	for (size_t i = 0; i < 2; i++) {
		if (!slice_starts(url, schemes[i]))
			continue;
		url = slice_skip(url, schemes[i].n);
		path = memchr(url.p, '/', url.n);
		*target = path != NULL ? slice_skip(url, (size_t)(path - url.p))
				       : SLICE_LIT("/");
		return path != NULL ? slice_make(url.p, (size_t)(path - url.p))
				    : url;
	}
	return SLICE_LIT("localhost");
}

static void
ask_write(const struct explain_ask *ask, struct text *t)
{
	struct slice target, host = ask_split(ask, &target);

	text_add(t, ask->method);
	text_add_char(t, ' ');
	text_add(t, target);
	text_add(t, SLICE_LIT(" HTTP/1.1\r\n"));
	if (!ask_has(ask, "host"))
		text_printf(t, "Host: %.*s\r\n", SLICE_FMT(host));
	for (size_t i = 0; i < ask->header_count; i++) {
		text_add(t, ask->headers[i]);
		text_add(t, SLICE_LIT("\r\n"));
	}
	if (ask->body_bytes != 0 && !ask_has(ask, "content-length") &&
	    !ask_has(ask, "transfer-encoding"))
		text_printf(
		    t, "Content-Length: %ju\r\n", (uintmax_t)ask->body_bytes);
	text_add(t, SLICE_LIT("\r\n"));
}

enum codec_error
explain_read(struct explained *x, const struct img_head *img, struct head *h)
{
	const struct codec_limits limits = {
		.head_bytes = img->limits.head_bytes,
		.uri_bytes = img->limits.uri_bytes,
		.fields = img->limits.fields,
	};
	struct obuf out;
	struct reader r = { .x = x, .head = h };
	struct text t = { 0 };

	ask_write(x->ask, &t);
	obuf_init(&out, NULL);
	h1_init(&r.h1, CODEC_SERVER, &reader_events, &limits, &out);
	(void)codec_input(&r.h1.base, t.p, t.n);
	/* Nothing more comes: what is not whole yet never will be. */
	if (!r.seen && r.error == CODEC_OK)
		r.error = CODEC_TRUNCATED;
	obuf_fini(&out);
	text_fini(&t);
	return r.seen ? CODEC_OK : r.error;
}
