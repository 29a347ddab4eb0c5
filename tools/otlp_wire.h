/*
 * otlp_wire.h - the wire format of Protocol Buffers: as much of it as messages
 * of OTLP need.
 */
#ifndef TOOLS_OTLP_WIRE_H
#define TOOLS_OTLP_WIRE_H

#include <stdbool.h>
#include <stdint.h>

#include "common/base/slice.h"

/*
 * ---- writing: each at `to`, and returns where it ended ----
 *
 * Room is the caller's matter: WIRE_HEAD bytes for each field, and what its
 * bytes need: of a string three times as many as it has, in the worst case.
 */

#define WIRE_HEAD 20

char *wire_put_uint(char *to, uint32_t field, uint64_t value);
char *wire_put_fixed32(char *to, uint32_t field, uint32_t value);
char *wire_put_fixed64(char *to, uint32_t field, uint64_t value);
char *wire_put_bytes(char *to, uint32_t field, struct slice bytes);
/*
 * A string, which has to be UTF-8: what is not becomes U+FFFD. A receiver would
 * refuse all that comes with it.
 */
char *wire_put_string(char *to, uint32_t field, struct slice s);

/* In front of `n` bytes that are a message of its own. */
char *wire_put_head(char *to, uint32_t field, size_t n);

/*
 * A message within: what is put between the two. wire_close gets what wire_open
 * returned, and where the message ends.
 */
char *wire_open(char *to, uint32_t field);
char *wire_close(char *opened, char *end);

/* ---- reading ---- */

struct wire_field {
	uint32_t number;
	bool is_bytes;
	uint64_t value;     /* of the other kinds */
	struct slice bytes; /* in the message */
};

/*
 * Takes the next field off the message. False: there is none, or (*message is
 * not empty) what is there is none.
 */
bool wire_next(struct slice *message, struct wire_field *f);

#endif
