/*
 * h1_fuzz.c - any bytes into the HTTP/1 codec, in both roles, cut and paused
 * anywhere: the events and what is answered depend on the bytes only, and come
 * in their order. The first byte chooses role and owner, four more where to
 * cut.
 */
#include "tests/unit/common/http/trace.h"

#define CUTS 4

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct codec_limits limits = { 512, 64, 8 };

/* What a client has sent when the answer's bytes come. */
enum asking {
	ASKED,
	ASKED_TO_SWITCH,
	ASKED_IN_PART,
	ASKED_IN_CHUNKS,
	ASKED_TOO_LITTLE,
	ASKED_TOO_MUCH,
	ASKED_NOTHING, /* a body of no bytes */
	ASKINGS
};

static void
ask(struct trace *t, enum asking asking, enum http_method method)
{
	struct stream *s = &t->h.stream;
	struct head h = { .method = (uint8_t)method,
		.target = SLICE_LIT("/"),
		.body = BODY_LENGTH };
	bool end;

	switch (asking) {
	case ASKED_TO_SWITCH:
		h.upgrade = SLICE_LIT("websocket");
		h.body = BODY_NONE;
		break;
	case ASKED:
	case ASKINGS:
		h.body = BODY_NONE;
		break;
	case ASKED_IN_CHUNKS:
		h.body = BODY_STREAM;
		break;
	case ASKED_IN_PART:
	case ASKED_TOO_LITTLE:
		h.length = 5;
		break;
	case ASKED_TOO_MUCH:
		h.length = 3;
		break;
	case ASKED_NOTHING:
		break;
	}
	end = h.body == BODY_NONE || asking == ASKED_NOTHING;
	MUST(stream_head(s, &h, end));
	if (end)
		return;
	stream_data(s, SLICE_NONE);
	stream_data(s, SLICE_LIT("abcd"));
	if (asking != ASKED_IN_PART)
		stream_end(s, NULL);
}

static void
start(struct trace *t, uint8_t choice)
{
	static const enum http_method methods[] = { METHOD_GET, METHOD_HEAD,
		METHOD_POST };

	if (choice % 2 == 0) {
		trace_init(t, CODEC_SERVER, (enum trace_answer)(choice / 2 % 3),
		    &limits);
		if (choice / 6 % 2 != 0)
			trace_reply(t, 408); /* before anything was asked */
		return;
	}
	trace_init(t, CODEC_CLIENT, TRACE_AT_END, &limits);
	ask(t, (enum asking)(choice / 6 % ASKINGS), methods[choice / 2 % 3]);
}

static void
check_same(const struct trace *a, const struct trace *b)
{
	struct iovec x[16], y[16];
	int n = obuf_iov(&a->out, x, 16);

	MUST(slice_eq(slice_make(a->text, a->n), slice_make(b->text, b->n)));
	MUST(a->out.bytes == b->out.bytes && n == obuf_iov(&b->out, y, 16));
	for (int i = 0; i < n; i++)
		MUST(slice_eq(slice_make(x[i].iov_base, x[i].iov_len),
		    slice_make(y[i].iov_base, y[i].iov_len)));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint8_t ones[1];
	static bool ready;
	struct trace whole, cut, bytes;
	const char *p;
	size_t n;

	if (!ready)
		buf_pool_init(0);
	ready = true;
	if (size < 1 + CUTS)
		return 0;
	p = (const char *)data + 1 + CUTS;
	n = size - 1 - CUTS;
	start(&whole, data[0]);
	trace_feed(&whole, p, n, NULL, 0);
	start(&cut, data[0]);
	trace_feed(&cut, p, n, data + 1, CUTS);
	start(&bytes, data[0]);
	bytes.pausing = true;
	trace_feed(&bytes, p, n, ones, 1);
	check_same(&whole, &cut);
	check_same(&whole, &bytes);
	trace_fini(&whole);
	trace_fini(&cut);
	trace_fini(&bytes);
	return 0;
}
