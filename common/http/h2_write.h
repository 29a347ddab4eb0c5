/*
 * h2_write.h - heads as lists of fields for libnghttp2, which copies what is
 * not static before it returns. What goes out is written anew from what was
 * understood, as h1_write does.
 *
 * There is one list per process: it is used up by the submit that follows. It
 * is empty without memory, and when a head has more fields than anybody may
 * send.
 */
#ifndef COMMON_HTTP_H2_WRITE_H
#define COMMON_HTTP_H2_WRITE_H

#include <nghttp2/nghttp2.h>

#include "common/http/head.h"

struct h2_list {
	const nghttp2_nv *nv;
	size_t n;
};

/*
 * A request: pseudo-headers from method, https, host (the Host field, else
 * h->host) and target, then the fields but for those of framing and of a
 * connection; Content-Length says `length` unless that is NULL. With `connect`
 * it is an extended CONNECT to h->upgrade (RFC 8441).
 */
struct h2_list
h2_write_request(const struct head *h, const uint64_t *length, bool connect);

/* An answer; `switched`: as that to an extended CONNECT. */
struct h2_list h2_write_answer(const struct head *h, unsigned status,
    const uint64_t *length, bool switched);

/* Those fields that may be there (h1_write_is_trailer). */
struct h2_list h2_write_trailers(const struct head *trailers);

#endif
