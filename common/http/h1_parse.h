/*
 * h1_parse.h - the one strict grammar for HTTP/1 heads (RFC 9112 2-5).
 *
 * No lenient switches: CRLF only, no obs-fold, no space before the colon, no
 * control characters. The result's slices point into the input.
 */
#ifndef COMMON_HTTP_H1_PARSE_H
#define COMMON_HTTP_H1_PARSE_H

#include "common/http/codec.h"
#include "common/http/head.h"

/*
 * The head at the start of p[0..n): its length in bytes when complete (h is
 * filled; fields[] holds up to limits->fields), 0 when more bytes are needed,
 * -1 on an error (*error set). A request head also gets host, close,
 * expect_continue, body and length, after RFC 9112 6.3 and 3.2.2.
 */
int h1_parse_request(const char *p, size_t n, const struct codec_limits *limits,
    struct head *h, struct field *fields, enum codec_error *error);

/* As much of its start line as is there, whatever is wrong with the rest. It is
 * of HTTP/1.1 unless it says something else. */
void h1_parse_glimpse(
    const char *p, size_t n, const struct codec_limits *limits, struct head *h);

/* The same for a response to a request with `method` (enum http_method). */
int h1_parse_response(const char *p, size_t n,
    const struct codec_limits *limits, uint8_t method, struct head *h,
    struct field *fields, enum codec_error *error);

/* A trailer section up to its empty line; same results. */
int
h1_parse_trailers(const char *p, size_t n, const struct codec_limits *limits,
    struct head *h, struct field *fields, enum codec_error *error);

#endif
