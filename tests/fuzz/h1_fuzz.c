/*
 * h1_fuzz.c - any bytes into the HTTP/1 codec, in both roles, cut anywhere: the
 * events and what is answered depend on the bytes only. The first byte chooses
 * role and owner, four more where to cut.
 */
#include "tests/unit/common/http/trace.h"

#define CUTS 4

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct codec_limits limits = { 512, 64, 8 };

static void
start(struct trace *t, uint8_t choice)
{
	static const enum http_method methods[] = { METHOD_GET, METHOD_HEAD,
		METHOD_POST };

	if (choice % 2 == 0) {
		trace_init(t, CODEC_SERVER, (enum trace_answer)(choice / 2 % 3),
		    &limits);
		return;
	}
	trace_init(t, CODEC_CLIENT, TRACE_AT_END, &limits);
	trace_ask(t, methods[choice / 2 % 3]);
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
	trace_feed(&bytes, p, n, ones, 1);
	check_same(&whole, &cut);
	check_same(&whole, &bytes);
	trace_fini(&whole);
	trace_fini(&cut);
	trace_fini(&bytes);
	return 0;
}
