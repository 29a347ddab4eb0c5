/*
 * h2_frames.h - frames of HTTP/2 as bytes, written and read by hand (RFC 9113
 * 4.1, 6 and 7, RFC 7541): for h2_raw.h and h2_peer.h.
 */
#ifndef TESTS_UNIT_COMMON_HTTP_H2_FRAMES_H
#define TESTS_UNIT_COMMON_HTTP_H2_FRAMES_H

#include <stdint.h>
#include <string.h>

#include "common/base/slice.h"

enum raw_type {
	RAW_DATA,
	RAW_HEADERS,
	RAW_PRIORITY,
	RAW_RST_STREAM,
	RAW_SETTINGS,
	RAW_PUSH_PROMISE,
	RAW_PING,
	RAW_GOAWAY,
	RAW_WINDOW_UPDATE,
	RAW_CONTINUATION,
	RAW_TYPES
};
#define END_STREAM 1
#define ACK 1
#define END_HEADERS 4
#define PADDED 8

enum raw_code {
	CODE_NO_ERROR,
	CODE_PROTOCOL_ERROR,
	CODE_INTERNAL_ERROR,
	CODE_FLOW_CONTROL_ERROR,
	CODE_SETTINGS_TIMEOUT,
	CODE_STREAM_CLOSED,
	CODE_FRAME_SIZE_ERROR,
	CODE_REFUSED_STREAM,
	CODE_CANCEL,
	CODE_COMPRESSION_ERROR,
	CODE_CONNECT_ERROR,
	CODE_ENHANCE_YOUR_CALM,
	CODE_NONE = 255
};

#define RAW_HEAD_BYTES 9

static inline void
raw_put_u32(uint8_t *to, uint32_t value)
{
	for (int i = 0; i < 4; i++)
		to[i] = (uint8_t)(value >> (24 - 8 * i));
}

static inline uint32_t
raw_u32(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 |
	    (uint32_t)p[2] << 8 | p[3];
}

/* The head of a frame with n bytes of payload. */
static inline void
raw_put_head(uint8_t *to, unsigned type, unsigned flags, uint32_t id, size_t n)
{
	raw_put_u32(to, (uint32_t)(n << 8 | type));
	to[4] = (uint8_t)flags;
	raw_put_u32(to + 5, id);
}

/* Of a frame: its payload's bytes, and its stream. */
static inline size_t
raw_length(const uint8_t *frame)
{
	return raw_u32(frame) >> 8;
}

static inline uint32_t
raw_id(const uint8_t *frame)
{
	return raw_u32(frame + 5) & 0x7fffffff;
}

/* RFC 7541 5.1, with a prefix of seven bits; returns its bytes. */
static inline size_t
raw_hpack_number(uint8_t *to, size_t value)
{
	size_t n = 1;

	if (value < 127) {
		*to = (uint8_t)value;
		return 1;
	}
	*to = 127;
	for (value -= 127; value >= 128; value >>= 7)
		to[n++] = (uint8_t)(128 | (value & 127));
	to[n++] = (uint8_t)value;
	return n;
}

/* A literal that no table keeps (6.2.2); returns its bytes. */
static inline size_t
raw_literal(uint8_t *to, struct slice name, struct slice value)
{
	size_t n = 0;

	to[n++] = 0;
	n += raw_hpack_number(to + n, name.n);
	memcpy(to + n, name.p, name.n);
	n += name.n;
	n += raw_hpack_number(to + n, value.n);
	memcpy(to + n, value.p, value.n);
	return n + value.n;
}

#endif
