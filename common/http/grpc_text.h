/*
 * grpc_text.h - what gRPC writes into header fields: content types, status
 * codes, grpc-message, grpc-timeout (PROTOCOL-HTTP2 and PROTOCOL-WEB of gRPC).
 */
#ifndef COMMON_HTTP_GRPC_TEXT_H
#define COMMON_HTTP_GRPC_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/slice.h"

enum grpc_code {
	GRPC_OK,
	GRPC_CANCELLED,
	GRPC_UNKNOWN,
	GRPC_INVALID_ARGUMENT,
	GRPC_DEADLINE_EXCEEDED,
	GRPC_NOT_FOUND,
	GRPC_ALREADY_EXISTS,
	GRPC_PERMISSION_DENIED,
	GRPC_RESOURCE_EXHAUSTED,
	GRPC_FAILED_PRECONDITION,
	GRPC_ABORTED,
	GRPC_OUT_OF_RANGE,
	GRPC_UNIMPLEMENTED,
	GRPC_INTERNAL,
	GRPC_UNAVAILABLE,
	GRPC_DATA_LOSS,
	GRPC_UNAUTHENTICATED,
	GRPC_CODE_COUNT
};

/* "UNIMPLEMENTED" */
const char *grpc_code_name(enum grpc_code code);

enum grpc_kind {
	GRPC_NONE,     /* some other type */
	GRPC_PLAIN,    /* application/grpc */
	GRPC_WEB,      /* application/grpc-web */
	GRPC_WEB_TEXT, /* application/grpc-web-text */
};

/*
 * Of a Content-Type: any of these may go on with "+proto" or the like, which is
 * *suffix then (else empty), and with parameters.
 */
enum grpc_kind grpc_text_kind(struct slice content_type, struct slice *suffix);

#define GRPC_TYPE_BYTES 16 /* "application/grpc" */

/* grpc_text_is, of what may be one. */
bool grpc_text_is_kind(struct slice content_type);

/* It is one of them: most others show by a letter that they are not. */
static inline bool
grpc_text_is(struct slice content_type)
{
	return content_type.n >= GRPC_TYPE_BYTES &&
	    (content_type.p[GRPC_TYPE_BYTES - 1] | 0x20) == 'c' &&
	    grpc_text_is_kind(content_type);
}

#define GRPC_TIMEOUT_TEXT 9 /* eight digits and a unit */

/* A grpc-timeout in us, parts of one counting whole; false: it is none. */
bool grpc_text_timeout(struct slice text, uint64_t *us);

/*
 * The longest one that is not longer than this and fits, but never 0; returns
 * its length.
 */
size_t grpc_text_make_timeout(uint64_t us, char out[GRPC_TIMEOUT_TEXT]);

/*
 * Percent-encodes a grpc-message: all but printable ASCII, and "%". Returns its
 * length; what does not fit is left out.
 */
size_t grpc_text_message(struct slice message, char *out, size_t room);

#endif
