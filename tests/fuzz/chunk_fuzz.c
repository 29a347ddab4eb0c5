/*
 * chunk_fuzz.c - any bytes as a chunked body, cut anywhere: the result, the
 * data and the end depend on the bytes only. The first four bytes say where to
 * cut.
 */
#include <stdlib.h>

#include "common/base/must.h"
#include "common/http/chunk.h"

#define CUTS 4

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct reading {
	char *body;
	size_t body_n, at;
	enum chunk_result result;
};

/* Offers a copy of its own size, so that the sanitizers see more. */
static void
offer(struct chunk_reader *r, struct reading *g, const char *p, size_t n)
{
	char *copy = malloc(n + 1);
	struct slice piece;
	size_t at = 0;

	MUST(copy != NULL);
	memcpy(copy, p, n);
	while (
	    (g->result = chunk_read(r, copy, n, &at, &piece)) == CHUNK_DATA) {
		MUST(piece.n != 0);
		memcpy(g->body + g->body_n, piece.p, piece.n);
		g->body_n += piece.n;
	}
	/* Once ended, well or not, it stays so. */
	if (g->result != CHUNK_MORE && at != n)
		MUST(chunk_read(r, copy, n, &at, &piece) == CHUNK_BAD);
	MUST(at <= n && (g->result != CHUNK_MORE || at == n));
	g->at += at;
	free(copy);
}

static struct reading
read_cut(const char *p, size_t n, const uint8_t *cuts)
{
	struct reading g = { .body = malloc(n + 1) };
	struct chunk_reader r;
	size_t done = 0;

	chunk_init(&r);
	for (size_t i = 0; done != n && g.result == CHUNK_MORE; i++) {
		size_t piece = cuts != NULL ? cuts[i % CUTS] + 1u : n;

		if (piece > n - done)
			piece = n - done;
		offer(&r, &g, p + done, piece);
		done += piece;
	}
	return g;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint8_t ones[CUTS];
	const char *p;
	struct reading whole, cut, bytes;

	if (size < CUTS)
		return 0;
	p = (const char *)data + CUTS;
	whole = read_cut(p, size - CUTS, NULL);
	cut = read_cut(p, size - CUTS, data);
	bytes = read_cut(p, size - CUTS, ones);
	MUST(whole.result == cut.result && whole.result == bytes.result);
	MUST(whole.at == cut.at && whole.at == bytes.at);
	MUST(whole.body_n == cut.body_n && whole.body_n == bytes.body_n);
	MUST(memcmp(whole.body, cut.body, whole.body_n) == 0);
	MUST(memcmp(whole.body, bytes.body, whole.body_n) == 0);
	free(whole.body);
	free(cut.body);
	free(bytes.body);
	return 0;
}
