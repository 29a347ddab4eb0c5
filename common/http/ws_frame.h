/*
 * ws_frame.h - where frames of WebSocket (RFC 6455 5.2) begin and end, and no
 * more: enough to put a close frame between two of them.
 */
#ifndef COMMON_HTTP_WS_FRAME_H
#define COMMON_HTTP_WS_FRAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define WS_CLOSE_BYTES 8 /* a close frame with a status code, at most */
/* RFC 6455 7.4.1 */
#define WS_GOING_AWAY 1001
#define WS_POLICY 1008

enum ws_place {
	WS_BETWEEN, /* two frames */
	WS_LENGTH,  /* the second byte of the head is next */
	WS_EXTENDED,
	WS_REST, /* mask and payload */
	WS_LOST, /* after a length that cannot be: no boundary comes */
};

/* One way of a connection; all zero at its start. */
struct ws_frame {
	uint64_t left;    /* of WS_REST; before that, the length so far */
	uint8_t at;       /* enum ws_place: the next byte */
	uint8_t extended; /* bytes of the extended length to come */
	bool masked;
	bool closing; /* the frame is a close frame */
	bool closed;  /* one has passed: no frame may follow */
};

/*
 * Reads p[0..n) up to the end of the frame that it begins with, or is in;
 * returns the bytes read.
 */
size_t ws_frame_read(struct ws_frame *f, const char *p, size_t n);

/* Reads all of p[0..n). */
void ws_frame_skip(struct ws_frame *f, const char *p, size_t n);

/*
 * A close frame with this status code, masked, as a client's has to be, when
 * `mask` (four bytes) is not NULL. Returns its length.
 */
size_t
ws_frame_close(char to[WS_CLOSE_BYTES], unsigned code, const uint8_t *mask);

#endif
