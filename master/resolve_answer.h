/*
 * resolve_answer.h - what a DNS answer (RFC 1035) says to one question. c-ares
 * sends questions and matches answers to them, but of SRV records it gives no
 * TTL in the versions that we support, so answers are read here.
 */
#ifndef MASTER_RESOLVE_ANSWER_H
#define MASTER_RESOLVE_ANSWER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/net/addr.h"

#define RESOLVE_HOST_MAX 255

#define RESOLVE_TYPE_A 1
#define RESOLVE_TYPE_CNAME 5
#define RESOLVE_TYPE_AAAA 28
#define RESOLVE_TYPE_SRV 33

/* An SRV record (RFC 2782). */
struct resolve_record {
	uint16_t priority, weight, port;
	char target[RESOLVE_HOST_MAX + 1]; /* lower case, no dot at the end */
};

struct resolve_answer {
	uint32_t ttl_s;     /* the smallest of what led here; 0 without any */
	struct addr *addrs; /* of A and AAAA; sorted, each once, port 0 */
	uint32_t addr_count;
	struct resolve_record *records; /* sorted by priority, then target */
	uint32_t record_count;
	bool nowhere; /* the target ".": there is no such service */
};

/*
 * Reads the records of `type` (A, AAAA, SRV) that the message has for its own
 * question, aliases followed. False: it is malformed; then *a is empty.
 */
bool resolve_answer_read(
    struct resolve_answer *a, const void *message, size_t n, uint16_t type);

/* For addresses that came from elsewhere: sorts them, each once. */
void resolve_answer_sort(struct resolve_answer *a);

void resolve_answer_fini(struct resolve_answer *a);

#endif
