/*
 * h2_head.c - see h2_head.h. The rules that both versions share, on hosts,
 * lengths and expectations, are those of h1_rules.c.
 */
#include "common/http/h2_head.h"

#include <stdlib.h>

#include "common/http/authority.h"
#include "common/http/h1_rules.h"
#include "common/http/h1_scan.h"

#define BLOCK_METHOD_MAX 32
#define BLOCK_LINE_EXTRA 4 /* ": " and CR LF */
/* A block may be so many times as large as a head before it is no mistake. */
#define BLOCK_BOMB 4

/* One block is enough where heads come in one piece; the rest goes back. */
#define BLOCKS_KEPT 8

static struct h2_block *blocks_free;
static unsigned blocks_kept;

static void
block_fail(struct h2_block *b, enum codec_error e)
{
	if (b->error == CODEC_OK)
		b->error = e;
}

static void
block_free(struct h2_block *b)
{
	free(b->text);
	free(b->fields);
	free(b);
}

/* Cookies are joined behind the others' text; one more field is Host. */
static bool
block_fit(struct h2_block *b, const struct codec_limits *limits)
{
	size_t room = 2 * ((size_t)limits->head_bytes + limits->uri_bytes);

	if (b->room < room) {
		free(b->text);
		b->text = malloc(room);
		b->room = b->text != NULL ? room : 0;
	}
	if (b->fields_room < limits->fields + 1) {
		free(b->fields);
		b->fields = calloc(limits->fields + 1, sizeof(*b->fields));
		b->fields_room = b->fields != NULL ? limits->fields + 1 : 0;
	}
	return b->text != NULL && b->fields != NULL;
}

struct h2_block *
h2_block_take(enum h2_block_kind kind, const struct codec_limits *limits)
{
	struct h2_block *b = blocks_free;

	if (b != NULL) {
		blocks_free = b->next;
		blocks_kept--;
	} else {
		b = calloc(1, sizeof(*b));
	}
	if (b == NULL)
		return NULL;
	if (!block_fit(b, limits)) {
		block_free(b);
		return NULL;
	}
	*b = (struct h2_block){
		.limits = *limits,
		.kind = kind,
		.text = b->text,
		.room = b->room,
		.fields = b->fields,
		.fields_room = b->fields_room,
	};
	return b;
}

void
h2_block_give(struct h2_block *b)
{
	if (blocks_kept == BLOCKS_KEPT) {
		block_free(b);
		return;
	}
	blocks_kept++;
	b->next = blocks_free;
	blocks_free = b;
}

/* A copy; empty and an error when there is no room, which is the limit. */
static struct slice
block_keep(struct h2_block *b, struct slice s)
{
	char *p = b->text + b->used;

	if (s.n > b->room / 2 - b->used) {
		block_fail(b, CODEC_HEAD_TOO_LARGE);
		return SLICE_NONE;
	}
	if (s.n != 0)
		memcpy(p, s.p, s.n);
	b->used += s.n;
	return slice_make(p, s.n);
}

/* ---- pseudo-headers (RFC 9113 8.3) ---- */

static struct slice *
block_pseudo(struct h2_block *b, struct slice name)
{
	if (b->kind == H2_RESPONSE)
		return slice_eq(name, SLICE_LIT(":status")) ? &b->status : NULL;
	if (b->kind == H2_TRAILERS)
		return NULL;
	if (slice_eq(name, SLICE_LIT(":method")))
		return &b->method;
	if (slice_eq(name, SLICE_LIT(":scheme")))
		return &b->scheme;
	if (slice_eq(name, SLICE_LIT(":authority")))
		return &b->authority;
	if (slice_eq(name, SLICE_LIT(":path")))
		return &b->path;
	if (slice_eq(name, SLICE_LIT(":protocol")))
		return &b->protocol;
	return NULL;
}

static void
block_add_pseudo(struct h2_block *b, struct slice name, struct slice value)
{
	struct slice *at = block_pseudo(b, name);

	if (at == NULL || at->p != NULL || b->regular) {
		block_fail(b, CODEC_BAD_PSEUDO);
		return;
	}
	if (at == &b->path && value.n > b->limits.uri_bytes) {
		block_fail(b, CODEC_URI_TOO_LONG);
		return;
	}
	*at = block_keep(b, value);
}

/* ---- fields (8.2) ---- */

/* Tokens in lower case: upper case would be another name there (8.2.1). */
static bool
block_name_good(struct slice name)
{
	const char *end = name.p + name.n;

	return name.n != 0 && scan_lower(name.p, end, name.p) == end;
}

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t';
}

static bool
block_value_good(struct slice value)
{
	const char *end = value.p + value.n;

	if (value.n == 0)
		return true;
	return scan_value(value.p, end, value.p) == end &&
	    !is_blank(value.p[0]) && !is_blank(end[-1]);
}

#define BIT(id) (UINT64_C(1) << (id))
/* What says how a connection is used has no place here (8.2.2). */
static const uint64_t of_connections = BIT(FIELD_CONNECTION) |
    BIT(FIELD_KEEP_ALIVE) | BIT(FIELD_PROXY_CONNECTION) |
    BIT(FIELD_TRANSFER_ENCODING) | BIT(FIELD_UPGRADE) |
    BIT(FIELD_HTTP2_SETTINGS);

static bool
block_may_bear(enum field_id id, struct slice value)
{
	if (id == FIELD_TE)
		return slice_eq_nocase(value, SLICE_LIT("trailers"));
	return (of_connections & BIT(id)) == 0;
}

static void
block_add_field(struct h2_block *b, struct slice name, struct slice value)
{
	struct head *h = &b->head;
	enum field_id id = http_field_find(name);
	uint64_t bit = UINT64_C(1) << id;
	struct field *f;

	if (!block_name_good(name) || !block_value_good(value) ||
	    !block_may_bear(id, value)) {
		block_fail(b, CODEC_BAD_FIELD);
		return;
	}
	if (h->count == b->limits.fields) {
		block_fail(b, CODEC_TOO_MANY_FIELDS);
		return;
	}
	f = &b->fields[h->count++];
	f->id = (uint16_t)id;
	f->name = id != FIELD_OTHER ? http_field_name(id) : block_keep(b, name);
	f->value = block_keep(b, value);
	if (id == FIELD_COOKIE) /* crumbs are no repetition (8.2.3) */
		b->cookies++;
	else
		b->repeated |= h->present & bit;
	h->present |= bit;
}

void
h2_block_add(struct h2_block *b, struct slice name, struct slice value)
{
	b->bytes += name.n + value.n + BLOCK_LINE_EXTRA;
	/* The limits count what is read on; HPACK goes on. */
	if (b->error != CODEC_OK)
		return;
	if (b->bytes > b->limits.head_bytes) {
		block_fail(b,
		    b->kind == H2_TRAILERS ? CODEC_TRAILERS_TOO_LARGE
					   : CODEC_HEAD_TOO_LARGE);
		return;
	}
	if (name.n != 0 && name.p[0] == ':') {
		block_add_pseudo(b, name, value);
		return;
	}
	b->regular = true;
	block_add_field(b, name, value);
}

bool
h2_block_is_bomb(const struct h2_block *b)
{
	return b->bytes > BLOCK_BOMB * (size_t)b->limits.head_bytes;
}

/* ---- the end of a block ---- */

/* All crumbs in the first one's place; empty ones would leave a blank. */
static void
block_join_cookies(struct h2_block *b)
{
	struct head *h = &b->head;
	char *start = b->text + b->used, *at = start;
	struct field *first = NULL;
	uint32_t kept = 0;

	for (uint32_t i = 0; i < h->count; i++) {
		struct field *f = &b->fields[i];

		if (f->id == FIELD_COOKIE) {
			if (at != start && f->value.n != 0) {
				memcpy(at, "; ", 2);
				at += 2;
			}
			if (f->value.n != 0)
				memcpy(at, f->value.p, f->value.n);
			at += f->value.n;
			if (first != NULL)
				continue;
			first = &b->fields[kept];
		}
		b->fields[kept++] = *f;
	}
	h->count = kept;
	b->used += (size_t)(at - start);
	if (first != NULL)
		first->value = slice_make(start, (size_t)(at - start));
}

static bool
block_method(struct h2_block *b)
{
	struct head *h = &b->head;

	if (b->method.n > BLOCK_METHOD_MAX)
		block_fail(b, CODEC_METHOD_TOO_LONG);
	else if (!http_is_token(b->method))
		block_fail(b,
		    b->method.p == NULL ? CODEC_BAD_PSEUDO : CODEC_BAD_METHOD);
	h->method_text = b->method;
	return b->error == CODEC_OK;
}

/* RFC 8441 4: a GET that wants another protocol, as HTTP/1.1 has it. */
static bool
block_connect(struct h2_block *b)
{
	struct head *h = &b->head;

	if (h->method != METHOD_CONNECT) {
		if (b->protocol.p != NULL)
			block_fail(b, CODEC_BAD_PSEUDO);
		return b->error == CODEC_OK;
	}
	if (b->protocol.p == NULL) {
		/* A tunnel: it names neither scheme nor path (8.5). */
		if (b->scheme.p != NULL || b->path.p != NULL)
			block_fail(b, CODEC_BAD_PSEUDO);
		h->target = b->authority;
		return false;
	}
	if (!http_is_token(b->protocol))
		block_fail(b, CODEC_BAD_PSEUDO);
	h->upgrade = b->protocol;
	h->method = METHOD_GET;
	h->method_text = http_method_name(METHOD_GET);
	return b->error == CODEC_OK;
}

static void
block_target(struct h2_block *b)
{
	struct head *h = &b->head;
	const char *end;

	if (b->scheme.p == NULL || b->path.n == 0) {
		block_fail(b, CODEC_BAD_PSEUDO);
		return;
	}
	h->https = slice_eq_nocase(b->scheme, SLICE_LIT("https"));
	if (!h->https && !slice_eq_nocase(b->scheme, SLICE_LIT("http")))
		block_fail(b, CODEC_BAD_TARGET);
	end = b->path.p + b->path.n;
	/* Of the forms of a target only these two are a path. */
	if (scan_target(b->path.p, end, b->path.p) != end ||
	    (b->path.p[0] != '/' && !slice_eq(b->path, SLICE_LIT("*"))))
		block_fail(b, CODEC_BAD_TARGET);
	h->target = b->path;
}

/* Host and :authority are one place (8.3.1); it is a Host field from here on.
 */
static void
block_host(struct h2_block *b)
{
	struct head *h = &b->head;
	struct authority one, other;
	uint16_t port = h->https ? 443 : 80;

	if (b->authority.p == NULL)
		return;
	if (!head_has(h, FIELD_HOST)) {
		head_add(h, FIELD_HOST, b->authority);
		return;
	}
	if (!authority_parse(b->authority, &one) ||
	    !authority_parse(head_get(h, FIELD_HOST)->value, &other) ||
	    !authority_eq(&one, &other, port))
		block_fail(b, CODEC_BAD_HOST);
}

/* The end of the stream is that of the body. */
static void
block_request_body(struct h2_block *b, bool end)
{
	struct head *h = &b->head;

	if (h->upgrade.n != 0) {
		if (end || h->body != BODY_NONE)
			block_fail(b, CODEC_BAD_LENGTH);
	} else if (end && h->body == BODY_LENGTH && h->length != 0) {
		block_fail(b, CODEC_BAD_LENGTH);
	} else if (!end && h->body == BODY_NONE) {
		h->body = BODY_STREAM;
	}
}

static void
block_request(struct h2_block *b, bool end)
{
	struct head *h = &b->head;
	const struct field *expect;

	if (!block_method(b))
		return;
	if (block_connect(b))
		block_target(b);
	if (b->error == CODEC_OK)
		block_host(b);
	if (b->error == CODEC_OK)
		block_fail(b, h1_rules_request(h, b->repeated));
	if (b->error != CODEC_OK)
		return;
	h->close = false;
	block_request_body(b, end);
	expect = head_find(h, FIELD_EXPECT);
	h->expect_continue = expect != NULL && h->body != BODY_NONE;
}

static void
block_response(struct h2_block *b, bool end, uint8_t method)
{
	struct head *h = &b->head;
	const char *p = b->status.p;

	if (b->status.n != 3 || p[0] < '1' || p[0] > '5' || p[1] < '0' ||
	    p[1] > '9' || p[2] < '0' || p[2] > '9') {
		block_fail(b, p == NULL ? CODEC_BAD_PSEUDO : CODEC_BAD_STATUS);
		return;
	}
	h->status =
	    (uint16_t)((p[0] - '0') * 100 + (p[1] - '0') * 10 + (p[2] - '0'));
	h->reason = http_reason(h->status);
	h->method = method;
	/* 101 has no meaning here (8.6); an interim answer does not end it. */
	if (h->status == 101 || (h->status < 200 && end)) {
		block_fail(b, CODEC_BAD_STATUS);
		return;
	}
	block_fail(b, h1_rules_response(h, b->repeated));
	h->close = false;
	if (!end || h->body == BODY_NONE)
		return;
	if (h->body == BODY_LENGTH && h->length != 0)
		block_fail(b, CODEC_BAD_LENGTH);
	h->body = BODY_NONE;
}

enum codec_error
h2_block_end(struct h2_block *b, bool end, uint8_t method)
{
	struct head *h = &b->head;

	h->fields = b->fields;
	h->version = HTTP_2;
	h->present &= ~UINT64_C(1); /* FIELD_OTHER has no bit */
	/* However wrong it is, the answer to HEAD has no body. */
	h->method = (uint8_t)http_method_find(b->method);
	if (b->error == CODEC_OK && b->cookies > 1)
		block_join_cookies(b);
	h->whole = slice_make(b->text, b->used);
	if (b->error == CODEC_OK) {
		switch (b->kind) {
		case H2_REQUEST:
			block_request(b, end);
			break;
		case H2_RESPONSE:
			block_response(b, end, method);
			break;
		case H2_TRAILERS:
			block_fail(b, h1_rules_trailers(h));
			break;
		}
	}
	return b->error;
}
