/*
 * h1_write.c - heads and trailers as bytes, in one reserved piece of the queue.
 */
#include "common/http/h1_write.h"

#include "common/base/text.h"

/* Framing, Upgrade, Connection, version, status, line ends. */
#define EXTRA_BYTES 192

/* Written by the codec itself, or void between hops. */
#define SKIPPED_HEAD                                                         \
	((uint64_t)1 << FIELD_CONTENT_LENGTH |                               \
	    (uint64_t)1 << FIELD_TRANSFER_ENCODING |                         \
	    (uint64_t)1 << FIELD_CONNECTION | (uint64_t)1 << FIELD_UPGRADE | \
	    (uint64_t)1 << FIELD_KEEP_ALIVE |                                \
	    (uint64_t)1 << FIELD_PROXY_CONNECTION)
/*
 * RFC 9110 6.5.1: nothing that frames, routes, modifies a request or its
 * content, authenticates or says who a client is. Of the known fields only that
 * whose definition allows it (8.8.3).
 */
#define SKIPPED_TRAILERS \
	(~((uint64_t)1 << FIELD_OTHER | (uint64_t)1 << FIELD_ETAG))

#define PUT_LIT(at, text) \
	((char *)memcpy((at), (text), sizeof(text) - 1) + sizeof(text) - 1)

static size_t
fields_bytes(const struct head *h)
{
	const struct field *f = h->fields, *end = f + h->count;
	size_t n = h->count * (size_t)4;

#pragma GCC unroll 4
	for (; f != end; f++)
		n += f->name.n + f->value.n;
	return n;
}

/* Its name is one of ours, which has its colon with it. */
static inline bool
is_ours(const struct field *f)
{
	return (uintptr_t)f->name.p - (uintptr_t)http_fields <
	    sizeof(http_fields);
}

static inline __attribute__((always_inline)) char *
put_value(char *at, struct slice value)
{
	at = slice_put_here(at, value);
	*at++ = '\r';
	*at++ = '\n';
	return at;
}

/* As much as may stand behind the colon there goes along: the queue has room
 * for it. */
static inline __attribute__((always_inline)) char *
put_ours(char *at, const struct field *f)
{
	memcpy(at, f->name.p, FIELD_LINE_BYTES);
	return put_value(at + f->name.n + 2, f->value);
}

static char *
put_field(char *at, const struct field *f)
{
	if (is_ours(f))
		return put_ours(at, f);
	at = slice_put(at, f->name);
	*at++ = ':';
	*at++ = ' ';
	return put_value(at, f->value);
}

/*
 * The bytes of f's line in the text that was read, if it stands there just as
 * it is to be written; else 0.
 */
static inline size_t
line_bytes(struct slice whole, const struct field *f)
{
	size_t at = (uintptr_t)f->name.p - (uintptr_t)whole.p;
	const char *colon = f->name.p + f->name.n;
	size_t n = f->name.n + f->value.n + 4;

	if (at >= whole.n || f->value.p != colon + 2 || n > whole.n - at ||
	    memcmp(colon, ": ", 2) != 0 ||
	    memcmp(f->value.p + f->value.n, "\r\n", 2) != 0)
		return 0;
	return n;
}

/* The lines that wait, if any. */
static inline char *
put_lines(char *at, struct slice *lines)
{
	if (lines->n == 0)
		return at;
	at = slice_put(at, *lines);
	lines->n = 0;
	return at;
}

/* Lines that stand one behind the other, and go on so, go at once. */
static char *
put_fields(char *at, const struct head *h)
{
	const struct field *end = h->fields + h->count;
	struct slice lines = SLICE_LIT("");

	for (const struct field *f = h->fields; f != end; f++) {
		size_t n;

		if ((SKIPPED_HEAD >> f->id & 1) != 0)
			continue;
		if (is_ours(f)) {
			at = put_ours(put_lines(at, &lines), f);
			continue;
		}
		n = line_bytes(h->whole, f);
		if (n == 0) {
			at = put_field(put_lines(at, &lines), f);
			continue;
		}
		if (lines.p + lines.n != f->name.p) {
			at = put_lines(at, &lines);
			lines.p = f->name.p;
		}
		lines.n += n;
	}
	return put_lines(at, &lines);
}

bool
h1_write_is_trailer(const struct field *f)
{
	uint16_t id = f->id;

	if (id == FIELD_OTHER)
		id = (uint16_t)http_field_folded(f->name);
	return (SKIPPED_TRAILERS >> id & 1) == 0;
}

static char *
put_trailers(char *at, const struct head *h)
{
	for (uint32_t i = 0; i < h->count; i++)
		if (h1_write_is_trailer(&h->fields[i]))
			at = put_field(at, &h->fields[i]);
	return at;
}

static char *
put_framing(char *at, const struct head *h, enum h1_framing framing)
{
	switch (framing) {
	case H1_FRAME_NONE:
		return at;
	case H1_FRAME_LENGTH:
		at = PUT_LIT(at, "Content-Length: ");
		at = text_put_u64(at, h->length);
		return PUT_LIT(at, "\r\n");
	case H1_FRAME_CHUNKED:
		return PUT_LIT(at, "Transfer-Encoding: chunked\r\n");
	}
	return at;
}

/* RFC 9110 7.8: it is of this connection only, and Connection says so. */
static char *
put_upgrade(char *at, const struct head *h)
{
	if (h->upgrade.n == 0)
		return at;
	at = PUT_LIT(at, "Upgrade: ");
	at = slice_put(at, h->upgrade);
	return PUT_LIT(at, "\r\nConnection: upgrade\r\n");
}

/* So is TE (10.1.4). */
static char *
put_connection(char *at, const struct head *h)
{
	if (h->close)
		at = PUT_LIT(at, "Connection: close\r\n");
	if (head_has(h, FIELD_TE))
		at = PUT_LIT(at, "Connection: TE\r\n");
	return at;
}

bool
h1_write_request(struct obuf *o, const struct head *h, enum h1_framing framing)
{
	struct slice method = h->method_text.n != 0
	    ? h->method_text
	    : http_method_name((enum http_method)h->method);
	char *start = obuf_reserve(o,
	    method.n + h->target.n + h->upgrade.n + fields_bytes(h) +
		EXTRA_BYTES);
	char *at = start;

	if (start == NULL)
		return false;
	at = slice_put(at, method);
	*at++ = ' ';
	/* An absolute target may have had a query and no path. */
	if (h->target.n != 0 && h->target.p[0] == '?')
		*at++ = '/';
	at = slice_put(at, h->target);
	at = PUT_LIT(at, " HTTP/1.1\r\n");
	at = put_fields(at, h);
	at = put_framing(at, h, framing);
	at = put_upgrade(at, h);
	at = put_connection(at, h);
	at = PUT_LIT(at, "\r\n");
	obuf_commit(o, (size_t)(at - start));
	return true;
}

bool
h1_write_response(struct obuf *o, const struct head *h, enum h1_framing framing,
    bool keep_alive_10)
{
	struct slice reason =
	    h->reason.n != 0 ? h->reason : http_reason(h->status);
	char *start = obuf_reserve(
	    o, reason.n + h->upgrade.n + fields_bytes(h) + EXTRA_BYTES);
	char *at = start;

	if (start == NULL)
		return false;
	at = PUT_LIT(at, "HTTP/1.1 ");
	at = text_put_triple(at, h->status);
	*at++ = ' ';
	at = slice_put(at, reason);
	at = PUT_LIT(at, "\r\n");
	at = put_fields(at, h);
	at = put_framing(at, h, framing);
	at = put_upgrade(at, h);
	if (h->close)
		at = PUT_LIT(at, "Connection: close\r\n");
	else if (keep_alive_10)
		at = PUT_LIT(at, "Connection: keep-alive\r\n");
	at = PUT_LIT(at, "\r\n");
	obuf_commit(o, (size_t)(at - start));
	return true;
}

bool
h1_write_last_chunk(struct obuf *o, const struct head *trailers)
{
	size_t fields = trailers != NULL ? fields_bytes(trailers) : 0;
	char *start = obuf_reserve(o, fields + EXTRA_BYTES);
	char *at = start;

	if (start == NULL)
		return false;
	at = PUT_LIT(at, "0\r\n");
	if (trailers != NULL)
		at = put_trailers(at, trailers);
	at = PUT_LIT(at, "\r\n");
	obuf_commit(o, (size_t)(at - start));
	return true;
}
