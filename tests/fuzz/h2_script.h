/*
 * h2_script.h - bytes of a fuzzer as the bytes of a peer of HTTP/2: a list of
 * frames whose header blocks are built from names and values, so that most
 * inputs get past the framing; or the bytes as they are.
 *
 *	op ...	one byte says what comes, those behind it fill it in
 *
 * "Turns" stand between bytes: there the owner acts. They are a matter of the
 * script, not of how its bytes are cut.
 */
#ifndef TESTS_FUZZ_H2_SCRIPT_H
#define TESTS_FUZZ_H2_SCRIPT_H

#include <stdlib.h>
#include <string.h>

#include "common/base/must.h"
#include "common/base/slice.h"

#define SCRIPT_TURNS 64
#define SCRIPT_BYTES 65536
#define SCRIPT_RAW_TURN 200 /* bytes between turns, where nothing says */
#define SCRIPT_STREAMS 8
#define FRAME_BYTES_MAX 2048

struct script {
	const uint8_t *at, *end;
	char text[SCRIPT_BYTES]; /* what the peer sends */
	size_t n;
	size_t turns[SCRIPT_TURNS]; /* offsets, ascending */
	unsigned turn_count;
};

static inline uint8_t
script_byte(struct script *s)
{
	return s->at != s->end ? *s->at++ : 0;
}

static inline void
script_put(struct script *s, const void *p, size_t n)
{
	if (n > sizeof(s->text) - s->n)
		n = sizeof(s->text) - s->n;
	if (n == 0)
		return;
	memcpy(s->text + s->n, p, n);
	s->n += n;
}

static inline void
script_turn(struct script *s)
{
	if (s->turn_count != SCRIPT_TURNS)
		s->turns[s->turn_count++] = s->n;
}

static inline void
script_frame(struct script *s, uint8_t type, uint8_t flags, uint32_t stream,
    const void *p, size_t n)
{
	uint8_t head[9] = { (uint8_t)(n >> 16), (uint8_t)(n >> 8), (uint8_t)n,
		type, flags, (uint8_t)(stream >> 24), (uint8_t)(stream >> 16),
		(uint8_t)(stream >> 8), (uint8_t)stream };

	script_put(s, head, sizeof(head));
	script_put(s, p, n);
}

/* ---- header blocks ---- */

struct script_block {
	uint8_t bytes[FRAME_BYTES_MAX];
	size_t n;
};

static inline void
block_text(struct script_block *b, struct slice s)
{
	size_t n = s.n < 126 ? s.n : 126; /* one byte of length */

	if (n + 2 > sizeof(b->bytes) - b->n)
		return;
	b->bytes[b->n++] = (uint8_t)n;
	if (n != 0)
		memcpy(b->bytes + b->n, s.p, n);
	b->n += n;
}

/* `how`: 0x00 not kept, 0x10 never kept, 0x40 kept in the table. */
static inline void
block_field(
    struct script_block *b, uint8_t how, struct slice name, struct slice value)
{
	if (b->n + name.n + value.n + 8 > sizeof(b->bytes))
		return;
	b->bytes[b->n++] = how;
	block_text(b, name);
	block_text(b, value);
}

#define WORD(text)                     \
	{                              \
		text, sizeof(text) - 1 \
	}

static const struct slice script_names[] = { WORD(":method"), WORD(":scheme"),
	WORD(":authority"), WORD(":path"), WORD(":protocol"), WORD(":status"),
	WORD("host"), WORD("content-length"), WORD("cookie"), WORD("te"),
	WORD("expect"), WORD("transfer-encoding"), WORD("connection"),
	WORD("x-a"), WORD("trailer"), WORD("grpc-status"), WORD("set-cookie"),
	WORD("content-type"), WORD("upgrade"), WORD("X-A"),
	WORD("content_length"), WORD("priority"), WORD("authorization"),
	WORD("sec-websocket-key") };

static const struct slice script_values[] = { WORD(""), WORD("GET"),
	WORD("POST"), WORD("HEAD"), WORD("CONNECT"), WORD("OPTIONS"),
	WORD("http"), WORD("https"), WORD("a.test"), WORD("a.test:80"),
	WORD("/"), WORD("/x?y"), WORD("*"), WORD("websocket"), WORD("200"),
	WORD("204"), WORD("304"), WORD("100"), WORD("103"), WORD("0"),
	WORD("5"), WORD("10"), WORD("a=b"), WORD("trailers"),
	WORD("100-continue"), WORD("chunked"), WORD("a b\tc"), WORD(" a"),
	WORD("a\r\nb: c"), WORD("404"), WORD("206"), WORD("205") };

/* A word of the list, or as many bytes as the script says. */
static inline struct slice
script_word(struct script *s, const struct slice *words, size_t count)
{
	uint8_t b = script_byte(s);
	size_t left, n;
	struct slice word;

	if (b < count)
		return words[b];
	n = b % 24;
	left = (size_t)(s->end - s->at);
	n = n < left ? n : left;
	word = slice_make((const char *)s->at, n);
	s->at += n;
	return word;
}

static inline void
script_fields(struct script *s, struct script_block *b)
{
	static const uint8_t hows[] = { 0x00, 0x40, 0x10, 0x00 };
	unsigned count = script_byte(s) % 12;

	for (unsigned i = 0; i < count && s->at != s->end; i++) {
		uint8_t how = script_byte(s);
		struct slice name, value;

		if (how >= 0xc0) { /* one of a table */
			b->bytes[b->n] = how;
			b->n += b->n + 1 < sizeof(b->bytes);
			continue;
		}
		name = script_word(s, script_names,
		    sizeof(script_names) / sizeof(script_names[0]));
		value = script_word(s, script_values,
		    sizeof(script_values) / sizeof(script_values[0]));
		block_field(b, hows[how % 4], name, value);
	}
}

/* What most heads begin with. */
static inline void
script_start(struct script_block *b, bool server, uint8_t which)
{
	static const char *const statuses[] = { "200", "103", "204", "304",
		"404", "206", "100", "200" };
	static const char *const methods[] = { "GET", "POST", "HEAD", "PUT" };

	if (!server) {
		block_field(
		    b, 0, SLICE_LIT(":status"), slice_str(statuses[which % 8]));
		return;
	}
	if (which >= 0xe0) {
		block_field(b, 0, SLICE_LIT(":method"), SLICE_LIT("CONNECT"));
		block_field(
		    b, 0, SLICE_LIT(":protocol"), SLICE_LIT("websocket"));
	} else {
		block_field(
		    b, 0, SLICE_LIT(":method"), slice_str(methods[which % 4]));
	}
	block_field(b, 0, SLICE_LIT(":scheme"), SLICE_LIT("http"));
	block_field(b, 0x40, SLICE_LIT(":authority"), SLICE_LIT("a.test"));
	block_field(b, 0, SLICE_LIT(":path"), SLICE_LIT("/x?y=1"));
}

/* ---- frames ---- */

static inline uint32_t
script_stream(struct script *s)
{
	uint8_t b = script_byte(s);

	if (b >= 0xf8)
		return b == 0xf8 ? 0 : b; /* of the connection; far away */
	return 2u * (b % SCRIPT_STREAMS) + 1 + (b >= 0xe8);
}

/* END_STREAM and END_HEADERS mostly as they should be. */
static inline void
script_headers(struct script *s, bool server, bool start)
{
	struct script_block b = { .n = 0 };
	uint32_t stream = script_stream(s);
	uint8_t how = script_byte(s);
	uint8_t flags = how & 1;

	if (start)
		script_start(&b, server, script_byte(s));
	script_fields(s, &b);
	if ((how & 0x06) != 0x06) {
		script_frame(s, 1, flags | 4, stream, b.bytes, b.n);
		return;
	}
	script_frame(s, 1, flags, stream, b.bytes, b.n / 2);
	script_frame(
	    s, 9, (how & 8) ? 0 : 4, stream, b.bytes + b.n / 2, b.n - b.n / 2);
}

static inline void
script_data(struct script *s)
{
	static const char text[256] = "data of some kind";
	uint32_t stream = script_stream(s);
	uint8_t how = script_byte(s);
	size_t n = script_byte(s);

	n = (how & 0x10) ? n * 8 : n % 16;
	for (size_t i = 0; i == 0 || (i < n / sizeof(text)); i++)
		script_frame(s, 0, i == 0 ? how & 9 : 0, stream, text,
		    n < sizeof(text) ? n : sizeof(text));
}

static inline void
script_number_frame(struct script *s, uint8_t type, uint32_t stream)
{
	uint8_t b = script_byte(s);
	uint32_t value = b >= 0xf0 ? 0x7fffffffu >> (b & 15) : b;
	uint8_t bytes[4] = { (uint8_t)(value >> 24), (uint8_t)(value >> 16),
		(uint8_t)(value >> 8), (uint8_t)value };

	script_frame(s, type, 0, stream, bytes, sizeof(bytes));
}

static inline void
script_settings(struct script *s)
{
	uint8_t id = script_byte(s), size = script_byte(s);
	uint8_t entry[6] = { 0, id % 10, 0, 0, size, script_byte(s) };

	if (id >= 0xf0)
		script_frame(s, 4, 1, 0, NULL, 0);
	else
		script_frame(s, 4, 0, 0, entry, sizeof(entry));
}

static inline void
script_any(struct script *s)
{
	uint8_t type = script_byte(s), flags = script_byte(s);
	uint32_t stream = script_stream(s);
	size_t n = script_byte(s) % 48, left = (size_t)(s->end - s->at);
	const uint8_t *p = s->at;

	n = n < left ? n : left;
	s->at += n;
	script_frame(s, type % 20, flags, stream, p, n);
}

static inline void
script_op(struct script *s, bool server)
{
	static const char ping[8] = "pingping";
	uint8_t op = script_byte(s);

	switch (op % 16) {
	case 0:
	case 1:
	case 2:
		script_headers(s, server, true);
		break;
	case 3:
		script_headers(s, server, false);
		break;
	case 4:
	case 5:
		script_data(s);
		break;
	case 6:
	case 7:
	case 8:
		script_turn(s);
		break;
	case 9:
		script_number_frame(s, 3, script_stream(s));
		break;
	case 10:
		script_number_frame(s, 8, script_stream(s));
		break;
	case 11:
		script_settings(s);
		break;
	case 12:
		script_frame(s, 6, op >> 7, 0, ping, sizeof(ping));
		break;
	case 13: { /* GOAWAY, 7 is the last stream */
		const uint8_t goaway[8] = { 0, 0, 0, op >> 4, 0, 0, 0, 0 };

		script_frame(s, 7, 0, 0, goaway, sizeof(goaway));
		break;
	}
	default:
		script_any(s);
	}
}

/* Reads all of p[0..n). `raw`: the peer's bytes, without a beginning. */
static inline void
script_read(struct script *s, bool raw, bool server, const uint8_t *p, size_t n)
{
	s->at = p;
	s->end = p + n;
	s->n = 0;
	s->turn_count = 0;
	if (raw) {
		script_put(s, p, n);
		for (size_t at = SCRIPT_RAW_TURN; at < s->n;
		     at += SCRIPT_RAW_TURN)
			if (s->turn_count != SCRIPT_TURNS)
				s->turns[s->turn_count++] = at;
		return;
	}
	if (server)
		script_put(s, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 24);
	script_frame(s, 4, 0, 0, NULL, 0);
	script_frame(s, 4, 1, 0, NULL, 0);
	while (s->at != s->end)
		script_op(s, server);
}

#endif
