/*
 * base64.h - base64 (RFC 4648 4) of bytes that come in pieces, cut anywhere.
 *
 * What is read may consist of several padded segments, one behind another; bits
 * of the last digit that stand for nothing may be set.
 */
#ifndef COMMON_BASE_BASE64_H
#define COMMON_BASE_BASE64_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/slice.h"

/* Both start zeroed. */
struct base64_reader {
	uint32_t bits;           /* of the digits of a group that has begun */
	uint8_t digits, padding; /* of it, so far */
};

struct base64_writer {
	uint8_t held[3]; /* bytes that are no group yet: two at most */
	uint8_t count;
};

/*
 * Decodes from the front of *text, which is moved on, into out, until either is
 * used up; *n: the bytes written. `room` is 3 at least. False: it is no base64.
 */
bool base64_read(struct base64_reader *r, struct slice *text, char *out,
    size_t room, size_t *n);

/* No group is incomplete. */
static inline bool
base64_read_whole(const struct base64_reader *r)
{
	return r->digits == 0;
}

/*
 * Encodes from the front of *bytes, likewise; returns the characters written.
 * `room` is 4 at least.
 */
size_t base64_write(
    struct base64_writer *w, struct slice *bytes, char *out, size_t room);

/* Ends a segment: writes what is held, padded; returns 0 or 4. */
size_t base64_write_end(struct base64_writer *w, char out[4]);

#endif
