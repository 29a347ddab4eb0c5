/*
 * h1_write.h - heads as bytes. What goes out is always written anew from what
 * was understood.
 */
#ifndef COMMON_HTTP_H1_WRITE_H
#define COMMON_HTTP_H1_WRITE_H

#include "common/base/buf.h"
#include "common/http/head.h"

enum h1_framing { H1_FRAME_NONE, H1_FRAME_LENGTH, H1_FRAME_CHUNKED };

/*
 * A request head: method, h->target, the fields of h but for those of framing,
 * Upgrade and Connection, then the framing and h->upgrade; Connection says
 * "close" if h->close, "TE" where h has that field, "upgrade" with the latter.
 * False without memory.
 */
bool
h1_write_request(struct obuf *o, const struct head *h, enum h1_framing framing);

/* A response head; always HTTP/1.1. `keep_alive_10` adds
 * "Connection: keep-alive" for an HTTP/1.0 client. */
bool h1_write_response(struct obuf *o, const struct head *h,
    enum h1_framing framing, bool keep_alive_10);

/*
 * May be sent behind a body. Those that some servers would take for one that
 * may not (http_field_folded) stay behind, too.
 */
bool h1_write_is_trailer(const struct field *f);

/* The last chunk with trailers (NULL or count 0: none). */
bool h1_write_last_chunk(struct obuf *o, const struct head *trailers);

#endif
