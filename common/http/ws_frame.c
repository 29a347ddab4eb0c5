/*
 * ws_frame.c - see ws_frame.h.
 */
#include "common/http/ws_frame.h"

#include <string.h>

#define WS_FIN 0x80u
#define WS_OPCODE 0x0fu
#define WS_OPCODE_CLOSE 0x08u
#define WS_MASKED 0x80u
#define WS_LENGTH_16 126u
#define WS_LENGTH_64 127u
#define WS_MASK_BYTES 4u
#define WS_CODE_BYTES 2u

static void
frame_end(struct ws_frame *f)
{
	f->at = WS_BETWEEN;
	f->closed = f->closed || f->closing;
}

/* The length is known. */
static void
frame_rest(struct ws_frame *f)
{
	if (f->left > INT64_MAX) {
		f->at = WS_LOST;
		return;
	}
	f->left += f->masked ? WS_MASK_BYTES : 0;
	f->at = WS_REST;
	if (f->left == 0)
		frame_end(f);
}

static void
frame_length(struct ws_frame *f, uint8_t byte)
{
	unsigned length = byte & ~WS_MASKED;

	f->masked = (byte & WS_MASKED) != 0;
	f->left = 0;
	f->at = WS_EXTENDED;
	if (length == WS_LENGTH_16) {
		f->extended = 2;
	} else if (length == WS_LENGTH_64) {
		f->extended = 8;
	} else {
		f->left = length;
		frame_rest(f);
	}
}

/* Reads one byte of a head, or many of what follows. */
static size_t
frame_step(struct ws_frame *f, const char *p, size_t n)
{
	uint8_t byte = (uint8_t)*p;

	switch ((enum ws_place)f->at) {
	case WS_BETWEEN:
		f->closing = (byte & WS_OPCODE) == WS_OPCODE_CLOSE;
		f->at = WS_LENGTH;
		break;
	case WS_LENGTH:
		frame_length(f, byte);
		break;
	case WS_EXTENDED:
		f->left = f->left << 8 | byte;
		if (--f->extended == 0)
			frame_rest(f);
		break;
	case WS_REST:
		n = n < f->left ? n : (size_t)f->left;
		f->left -= n;
		if (f->left == 0)
			frame_end(f);
		return n;
	case WS_LOST:
		return n;
	}
	return 1;
}

size_t
ws_frame_read(struct ws_frame *f, const char *p, size_t n)
{
	size_t at = 0;

	while (at < n) {
		at += frame_step(f, p + at, n - at);
		if (f->at == WS_BETWEEN)
			break;
	}
	return at;
}

void
ws_frame_skip(struct ws_frame *f, const char *p, size_t n)
{
	for (size_t at = 0; at < n;)
		at += ws_frame_read(f, p + at, n - at);
}

size_t
ws_frame_close(char to[WS_CLOSE_BYTES], unsigned code, const uint8_t *mask)
{
	uint8_t frame[WS_CLOSE_BYTES] = { WS_FIN | WS_OPCODE_CLOSE,
		WS_CODE_BYTES };
	uint8_t *payload = frame + 2;

	if (mask != NULL) {
		frame[1] |= WS_MASKED;
		memcpy(payload, mask, WS_MASK_BYTES);
		payload += WS_MASK_BYTES;
	}
	payload[0] = (uint8_t)(code >> 8);
	payload[1] = (uint8_t)code;
	if (mask != NULL) {
		payload[0] ^= mask[0];
		payload[1] ^= mask[1];
	}
	memcpy(to, frame, sizeof(frame));
	return (size_t)(payload + WS_CODE_BYTES - frame);
}
