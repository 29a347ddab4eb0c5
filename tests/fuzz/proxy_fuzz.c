/*
 * proxy_fuzz.c - any bytes as the beginning of a proxied connection, cut
 * anywhere: what is made of them depends on the bytes only, and never on those
 * behind the header. The first four bytes say where to cut.
 */
#include <stdint.h>
#include <stdlib.h>

#include "common/base/must.h"
#include "worker/proxyhdr.h"

#define CUTS 4

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct reading {
	struct proxyhdr h;
	enum proxyhdr_result result;
};

/* Offers a copy of its own size, so that the sanitizers see more. */
static void
offer(struct reading *g, const uint8_t *p, size_t n)
{
	char *copy = malloc(n + 1);

	MUST(copy != NULL);
	memcpy(copy, p, n);
	g->result = proxyhdr_parse(slice_make(copy, n), &g->h);
	free(copy);
}

/* As the connection does: all bytes so far, until they are enough. */
static struct reading
read_cut(const uint8_t *p, size_t n, const uint8_t *cuts)
{
	struct reading g = { .result = PROXYHDR_MORE };
	size_t have = 0;

	for (size_t i = 0; have != n && g.result == PROXYHDR_MORE; i++) {
		have += cuts[i % CUTS] + 1u;
		if (have > n)
			have = n;
		offer(&g, p, have);
	}
	return g;
}

static void
must_agree(const struct reading *a, const struct reading *b)
{
	MUST(a->result == b->result);
	MUST(a->h.bytes == b->h.bytes && a->h.named == b->h.named);
	if (a->result == PROXYHDR_BAD)
		MUST(strcmp(a->h.fault, b->h.fault) == 0);
	if (a->h.named)
		MUST(addr_eq(&a->h.source, &b->h.source));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint8_t ones[CUTS];
	const uint8_t *p;
	struct reading whole = { .result = PROXYHDR_MORE }, cut, bytes;
	size_t n;

	if (size <= CUTS)
		return 0;
	p = data + CUTS;
	n = size - CUTS;
	offer(&whole, p, 0);
	MUST(whole.result == PROXYHDR_MORE);
	offer(&whole, p, n);
	cut = read_cut(p, n, data);
	bytes = read_cut(p, n, ones);
	must_agree(&whole, &cut);
	must_agree(&whole, &bytes);
	if (whole.result != PROXYHDR_DONE)
		return 0;
	MUST(whole.h.bytes != 0 && whole.h.bytes <= n);
	MUST(whole.h.bytes <= 16 + PROXYHDR_V2_MAX);
	offer(&cut, p, whole.h.bytes);
	must_agree(&whole, &cut);
	offer(&cut, p, whole.h.bytes - 1);
	MUST(cut.result == PROXYHDR_MORE);
	return 0;
}
