/*
 * head_fuzz.c - any bytes as a head or trailer section. The first byte chooses
 * the grammar. What is accepted was read to its exact end, and written anew it
 * means the same: written again from there, not a byte changes.
 */
#include <stdlib.h>

#include "common/base/must.h"
#include "common/http/h1_parse.h"
#include "common/http/h1_write.h"

#define FIELDS 32

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum kind { REQUEST, RESPONSE, RESPONSE_TO_HEAD, TRAILERS, KINDS };

/* Room for what writing may add: "/", framing, Connection, a reason. */
static const struct codec_limits first = { 4096, 256, FIELDS - 2 };
static const struct codec_limits second = { 8192, 257, FIELDS };

static int
parse(enum kind kind, struct slice text, const struct codec_limits *limits,
    struct head *h, struct field *fields)
{
	enum codec_error error = CODEC_OK;
	int used = -1;

	switch (kind) {
	case REQUEST:
		used =
		    h1_parse_request(text.p, text.n, limits, h, fields, &error);
		break;
	case RESPONSE:
	case RESPONSE_TO_HEAD:
		used = h1_parse_response(text.p, text.n, limits,
		    kind == RESPONSE ? METHOD_GET : METHOD_HEAD, h, fields,
		    &error);
		break;
	case TRAILERS:
	case KINDS:
		used = h1_parse_trailers(
		    text.p, text.n, limits, h, fields, &error);
		break;
	}
	MUST(used >= -1 && used <= (int)text.n);
	MUST((used < 0) == (error != CODEC_OK));
	return used;
}

static enum h1_framing
framing_of(const struct head *h)
{
	if (h->body == BODY_LENGTH || head_has(h, FIELD_CONTENT_LENGTH))
		return H1_FRAME_LENGTH;
	return head_has(h, FIELD_TRANSFER_ENCODING) ? H1_FRAME_CHUNKED
						    : H1_FRAME_NONE;
}

/* Writes h and gives the bytes, without the "0" CRLF before trailers. */
static struct slice
write_head(enum kind kind, const struct head *h, struct obuf *o)
{
	struct iovec iov;
	size_t skip = 0;

	if (kind == REQUEST) {
		MUST(h1_write_request(o, h, framing_of(h)));
	} else if (kind == TRAILERS) {
		MUST(h1_write_last_chunk(o, h));
		skip = 3;
	} else {
		MUST(h1_write_response(o, h, framing_of(h), false));
	}
	MUST(obuf_iov(o, &iov, 1) == 1);
	return slice_make((char *)iov.iov_base + skip, iov.iov_len - skip);
}

static void
check_again(enum kind kind, const struct head *h)
{
	struct field fields[FIELDS];
	struct slice once, twice;
	struct obuf a, b;
	struct head back;

	obuf_init(&a, NULL);
	obuf_init(&b, NULL);
	once = write_head(kind, h, &a);
	MUST(parse(kind, once, &second, &back, fields) == (int)once.n);
	MUST(back.method == h->method && back.status == h->status);
	MUST(back.body == h->body && back.length == h->length);
	MUST(back.close == h->close || h->version == HTTP_1_0);
	twice = write_head(kind, &back, &b);
	MUST(slice_eq(once, twice));
	obuf_fini(&a);
	obuf_fini(&b);
}

/* What was read can be found by its name, and nothing else. */
static void
check_names(const struct head *h)
{
	for (uint32_t i = 0; i < h->count; i++) {
		const struct field *f = head_find_name(h, h->fields[i].name);

		MUST(f != NULL && f <= &h->fields[i]);
		MUST(slice_eq_nocase(f->name, h->fields[i].name));
	}
	MUST(head_find_name(h, SLICE_LIT("no name")) == NULL);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static bool ready;
	struct field fields[FIELDS];
	struct slice text;
	enum kind kind;
	struct head h;
	int used;

	if (!ready)
		buf_pool_init(0);
	ready = true;
	if (size == 0)
		return 0;
	kind = (enum kind)(data[0] % KINDS);
	text = slice_make((const char *)data + 1, size - 1);
	used = parse(kind, text, &first, &h, fields);
	if (used <= 0)
		return 0;
	text.n = (size_t)used;
	MUST(parse(kind, slice_make(text.p, text.n - 1), &first, &h, fields) ==
	    0);
	MUST(parse(kind, text, &first, &h, fields) == used);
	check_names(&h);
	/* HTTP/1.1, which is what is written, cannot do without Host. */
	if (kind != REQUEST || (head_has(&h, FIELD_HOST) && h.host.n != 0))
		check_again(kind, &h);
	return 0;
}
