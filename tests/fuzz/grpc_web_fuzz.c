/*
 * grpc_web_fuzz.c - any bytes as the bodies of gRPC-Web, cut anywhere: what
 * comes of them depends on the bytes only; an answer as text, decoded, is the
 * same answer as bytes, which is what came and one message of trailers. The
 * first four bytes say where to cut, the fifth what is cut off for trailers.
 */
#include <stdlib.h>
#include <string.h>

#include "common/base/must.h"
#include "worker/filter/grpc_web_body.h"
#include "worker/flow/req.h"

#define CUTS 4
#define HEAD (CUTS + 1)
#define ARENA 65536

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The end of a chain. */
struct kept {
	struct sink sink;
	char *bytes;
	size_t n, room;
	unsigned ends;
};

static struct req req;

static enum why
kept_data(struct sink *s, struct slice bytes)
{
	struct kept *k = CONTAINER_OF(s, struct kept, sink);

	MUST(k->ends == 0 && bytes.n != 0);
	if (k->n + bytes.n > k->room) {
		k->room = 2 * (k->n + bytes.n);
		k->bytes = realloc(k->bytes, k->room);
		MUST(k->bytes != NULL);
	}
	memcpy(k->bytes + k->n, bytes.p, bytes.n);
	k->n += bytes.n;
	return WHY_OK;
}

static enum why
kept_end(struct sink *s, const struct head *trailers)
{
	struct kept *k = CONTAINER_OF(s, struct kept, sink);

	(void)trailers;
	k->ends++;
	return WHY_OK;
}

static void
kept_behind(struct kept *k, struct sink *first)
{
	static const struct sink_ops ops = { kept_data, kept_end };

	*k = (struct kept){ 0 };
	sink_init(&k->sink, &ops, &req);
	first->next = &k->sink;
}

/* Feeds copies of their own size, so that the sanitizers see more. */
static enum why
feed(struct sink *s, struct slice bytes, const uint8_t *cuts,
    const struct head *trailers)
{
	for (size_t i = 0; bytes.n != 0; i++) {
		size_t piece = cuts != NULL ? cuts[i % CUTS] + 1u : bytes.n;
		char *copy;

		if (piece > bytes.n)
			piece = bytes.n;
		copy = malloc(piece);
		MUST(copy != NULL);
		memcpy(copy, bytes.p, piece);
		(void)sink_data(s, slice_make(copy, piece));
		free(copy);
		bytes = slice_skip(bytes, piece);
	}
	return sink_end(s, trailers);
}

static enum why
decode(struct kept *k, struct slice text, const uint8_t *cuts)
{
	struct grpc_web_up u;

	grpc_web_up_init(&u, &req);
	kept_behind(k, &u.sink);
	return feed(&u.sink, text, cuts, NULL);
}

static void
encode(struct kept *k, struct slice body, const uint8_t *cuts, bool text,
    const struct head *trailers)
{
	struct grpc_web_down d;

	grpc_web_down_init(&d, &req, text);
	kept_behind(k, &d.sink);
	MUST(feed(&d.sink, body, cuts, trailers) == WHY_OK && k->ends == 1);
}

static void
check_same(const struct kept *a, const struct kept *b)
{
	MUST(slice_eq(slice_make(a->bytes, a->n), slice_make(b->bytes, b->n)));
}

/* As a request: it is base64 or not, whatever the cuts. */
static void
check_request(struct slice text, const uint8_t *cuts)
{
	static const uint8_t ones[CUTS];
	struct kept whole, cut, bytes;
	enum why why = decode(&whole, text, NULL);

	MUST(decode(&cut, text, cuts) == why);
	MUST(decode(&bytes, text, ones) == why);
	if (why == WHY_OK) {
		MUST(whole.ends == 1);
		check_same(&whole, &cut);
		check_same(&whole, &bytes);
	} else {
		MUST(why == WHY_BAD_GRPC_WEB && whole.ends == 0);
	}
	free(whole.bytes);
	free(cut.bytes);
	free(bytes.bytes);
}

/* Behind the body: one message, of one line. */
static void
check_trailers(const struct kept *k, struct slice body, struct slice value)
{
	struct slice end = slice_skip(slice_make(k->bytes, k->n), body.n);
	const uint8_t *p = (const uint8_t *)end.p;
	size_t n = end.n - GRPC_MESSAGE_HEAD;

	MUST(end.n >= GRPC_MESSAGE_HEAD && p[0] == GRPC_WEB_TRAILERS);
	MUST(((size_t)p[1] << 24 | p[2] << 16 | p[3] << 8 | p[4]) == n);
	end = slice_skip(end, GRPC_MESSAGE_HEAD);
	MUST(n == value.n + 14);
	MUST(slice_starts(end, SLICE_LIT("grpc-value: ")));
	end = slice_skip(end, 12);
	MUST(slice_eq(slice_make(end.p, value.n), value));
	MUST(slice_eq(slice_skip(end, value.n), SLICE_LIT("\r\n")));
}

static void
check_answer(struct slice body, struct slice value, const uint8_t *cuts)
{
	struct field f = { SLICE_LIT("Grpc-Value"), value, FIELD_OTHER };
	struct head trailers = { .count = 1, .fields = &f };
	struct kept plain, text, cut, back;

	encode(&plain, body, cuts, false, &trailers);
	MUST(slice_eq(slice_make(plain.bytes, body.n), body));
	check_trailers(&plain, body, value);
	encode(&text, body, NULL, true, &trailers);
	encode(&cut, body, cuts, true, &trailers);
	check_same(&text, &cut);
	MUST(decode(&back, slice_make(text.bytes, text.n), cuts) == WHY_OK);
	check_same(&plain, &back);
	free(plain.bytes);
	free(text.bytes);
	free(cut.bytes);
	free(back.bytes);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static char memory[ARENA];
	struct slice body;
	size_t n;

	if (size < HEAD)
		return 0;
	body = slice_make((const char *)data + HEAD, size - HEAD);
	n = data[CUTS] < body.n ? data[CUTS] : body.n;
	arena_init(&req.arena, memory, sizeof(memory), 1u << 20);
	check_request(body, data);
	check_answer(slice_skip(body, n), slice_make(body.p, n), data);
	arena_fini(&req.arena);
	return 0;
}
