/*
 * h1_rules.h - what the fields of a well-formed head say together: whom it is
 * for, where its body ends, whether the connection lives on.
 */
#ifndef COMMON_HTTP_H1_RULES_H
#define COMMON_HTTP_H1_RULES_H

#include "common/http/codec.h"
#include "common/http/head.h"

/*
 * `repeated` has the bit of each field_id that occurs more than once. Both fill
 * host, target, close, expect_continue, body and length of a head whose start
 * line and fields are read; CODEC_OK when it may be believed.
 */
enum codec_error h1_rules_request(struct head *h, uint64_t repeated);

/* h->method is that of the request. */
enum codec_error h1_rules_response(struct head *h, uint64_t repeated);

enum codec_error h1_rules_trailers(const struct head *h);

/*
 * Connection nominates fields that are not void between hops by themselves: its
 * message's trailers may bear them, too (RFC 9110 7.6.1).
 */
bool h1_nominates(const struct head *h);

/* No body follows an answer with this status to this method (RFC 9112 6.3). */
static inline bool
h1_bodiless(uint8_t method, unsigned status)
{
	return method == METHOD_HEAD || status < 200 || status == 204 ||
	    status == 304 || (method == METHOD_CONNECT && status < 300);
}

#endif
