/*
 * chunk.h - the chunked transfer coding (RFC 9112 7.1), read strictly.
 */
#ifndef COMMON_HTTP_CHUNK_H
#define COMMON_HTTP_CHUNK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/slice.h"

struct chunk_reader {
	uint64_t left;  /* bytes of the current chunk */
	uint16_t extra; /* bytes of size line read so far: bounded */
	uint8_t state;
	uint8_t digits;
};

enum chunk_result {
	CHUNK_MORE, /* all consumed, more is needed */
	CHUNK_DATA, /* *data holds bytes of a chunk */
	CHUNK_LAST, /* the last chunk's line was read: trailers follow */
	CHUNK_BAD,
};

void chunk_init(struct chunk_reader *r);

/*
 * Reads from p[*at..n), moving *at. Call again until MORE, LAST or BAD.
 * Sizes: 1..16 hex digits under 2^63; extensions are checked and dropped, at
 * most 256 bytes per line.
 */
enum chunk_result chunk_read(struct chunk_reader *r, const char *p, size_t n,
    size_t *at, struct slice *data);

/* Writes "SIZE CRLF" for n bytes; buf holds 20. Returns the length. */
size_t chunk_head(uint64_t n, char *buf);

#endif
