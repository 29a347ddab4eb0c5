/*
 * ws_frame_fuzz.c - any bytes as frames of WebSocket, cut anywhere: boundaries
 * and close frames depend on the bytes only, and every byte is read. The first
 * four bytes say where to cut.
 */
#include <stdlib.h>
#include <string.h>

#include "common/base/must.h"
#include "common/http/ws_frame.h"

#define CUTS 4

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct reading {
	struct ws_frame frame;
	size_t at, boundaries;
	uint64_t sum; /* of the boundaries' places */
};

/* Offers a copy of its own size, so that the sanitizers see more. */
static void
offer(struct reading *g, const char *p, size_t n)
{
	char *copy = malloc(n + 1);
	size_t done = 0;

	MUST(copy != NULL);
	memcpy(copy, p, n);
	while (done != n) {
		size_t used = ws_frame_read(&g->frame, copy + done, n - done);

		MUST(used != 0 && used <= n - done);
		done += used;
		if (g->frame.at == WS_BETWEEN) {
			g->boundaries++;
			g->sum = g->sum * 31 + g->at + done;
		}
	}
	g->at += n;
	free(copy);
}

static struct reading
read_cut(const char *p, size_t n, const uint8_t *cuts)
{
	struct reading g = { .at = 0 };

	for (size_t i = 0; g.at != n; i++) {
		size_t piece = cuts != NULL ? cuts[i % CUTS] + 1u : n;

		offer(&g, p + g.at, piece < n - g.at ? piece : n - g.at);
	}
	return g;
}

static void
check_same(const struct reading *a, const struct reading *b)
{
	MUST(a->boundaries == b->boundaries && a->sum == b->sum);
	MUST(a->frame.at == b->frame.at);
	MUST(a->frame.left == b->frame.left);
	MUST(a->frame.closed == b->frame.closed);
}

/* Between two frames a close frame can be put, which ends it. */
static void
check_close(struct ws_frame f, unsigned code, const uint8_t *mask)
{
	char close[WS_CLOSE_BYTES];
	size_t n;

	if (f.at != WS_BETWEEN)
		return;
	n = ws_frame_close(close, code, mask);
	for (size_t i = 0; mask != NULL && i < 2; i++)
		close[n - 2 + i] ^= (char)mask[i];
	MUST((uint8_t)close[n - 2] == code >> 8);
	MUST((uint8_t)close[n - 1] == (code & 0xff));
	ws_frame_skip(&f, close, n);
	MUST(f.at == WS_BETWEEN && f.closed);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint8_t ones[CUTS];
	struct reading whole, cut, bytes;
	const char *p;

	if (size < CUTS)
		return 0;
	p = (const char *)data + CUTS;
	whole = read_cut(p, size - CUTS, NULL);
	cut = read_cut(p, size - CUTS, data);
	bytes = read_cut(p, size - CUTS, ones);
	check_same(&whole, &cut);
	check_same(&whole, &bytes);
	check_close(whole.frame, WS_GOING_AWAY, NULL);
	check_close(whole.frame, WS_GOING_AWAY, data);
	return 0;
}
