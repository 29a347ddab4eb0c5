/*
 * retry.h - whether a request whose call did not end well is sent again, and
 * when. Only the decision: the sequence is forward's.
 */
#ifndef WORKER_ORIGIN_RETRY_H
#define WORKER_ORIGIN_RETRY_H

#include <stdbool.h>
#include <stdint.h>

#include "shm/image.h"
#include "worker/flow/why.h"

/* How a call ended, and what could still be done. */
struct retry_case {
	enum why why;      /* WHY_OK: answered with `status` */
	uint16_t status;   /* of an answer that the client has not seen */
	uint32_t attempts; /* made so far, this one included */
	uint32_t class;    /* enum img_class of the request */
	bool idempotent;   /* the request's method */
	bool sent;         /* connected: bytes of it may have gone out */
	bool heard;        /* bytes of an answer came back */
	bool whole;        /* all of it is still there to be sent */
};

/*
 * The endpoint has not looked at the request: no connection came about, or it
 * refused the stream (RFC 9113 8.7).
 */
static inline bool
retry_unseen(enum why why)
{
	return why == WHY_CONNECT_FAILED || why == WHY_CONNECT_TIMEOUT ||
	    why == WHY_UPSTREAM_TLS || why == WHY_UPSTREAM_REFUSED;
}

/* `statuses` are those of `rule`. */
bool retry_again(const struct img_retry *rule, const struct img_range *statuses,
    const struct retry_case *c);

/*
 * How long to wait before the n-th time that a request is sent again (from 1).
 * `random`: 64 random bits, for the jitter.
 */
uint64_t
retry_delay_us(const struct img_retry *rule, uint32_t n, uint64_t random);

#endif
