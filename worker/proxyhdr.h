/*
 * proxyhdr.h - the header of the PROXY protocol, in which a load balancer that
 * passes connections on says whose they are.
 *
 *   v1: "PROXY TCP4 192.0.2.1 198.51.100.1 50000 443\r\n"
 *   v2: signature, version and command, family, length, addresses, TLVs
 *
 * The text of the protocol is doc/proxy-protocol.txt of HAProxy.
 */
#ifndef WORKER_PROXYHDR_H
#define WORKER_PROXYHDR_H

#include <stdbool.h>
#include <stddef.h>

#include "common/base/slice.h"
#include "common/net/addr.h"

#define PROXYHDR_V1_MAX 107u  /* bytes of a header, its CR LF among them */
#define PROXYHDR_V2_MAX 4096u /* bytes behind the first 16 */

enum proxyhdr_result {
	PROXYHDR_MORE, /* so far it is the beginning of one */
	PROXYHDR_DONE,
	PROXYHDR_BAD,
};

struct proxyhdr {
	size_t bytes; /* DONE: of the header; what follows is the client's */
	bool named;   /* DONE: source is there; else the peer is the client */
	struct addr source;
	const char *fault; /* BAD: half a sentence, static */
};

/*
 * Reads the header that s begins with. Needs all bytes from the first one on;
 * the result does not depend on how they arrived.
 */
enum proxyhdr_result proxyhdr_parse(struct slice s, struct proxyhdr *h);

#endif
