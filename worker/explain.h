/*
 * explain.h - `penstock --explain`: what would become of a request, by the very
 * code that would serve it, in a process of its own with a copy of the region
 * (shm/region_copy.h). Nobody is called, nothing is charged.
 *
 *	ask -> admit -> codec -> req_begin -> filters -> forward ends in a plan
 */
#ifndef WORKER_EXPLAIN_H
#define WORKER_EXPLAIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/slice.h"
#include "shm/region.h"

#define EXPLAIN_HEADERS_MAX 256

/* Empty slices: not given. */
struct explain_ask {
	struct slice method, url;
	struct slice address; /* of the client; else 127.0.0.1 */
	struct slice claims;  /* JSON: whom it is from, nobody else is asked */
	struct slice headers[EXPLAIN_HEADERS_MAX]; /* "Name: value" */
	size_t header_count;
	uint64_t body_bytes; /* that would follow */
	bool tls;            /* by TLS, without a certificate */
};

struct explain_how {
	bool json;
	bool live;    /* r is that of a gateway that runs */
	bool secrets; /* r has them: else not all can be decided */
	/* Does the work of helpers (helper.h). */
	void (*help)(struct region *r);
};

/*
 * Explains `ask`, or each line of standard input where it is NULL: a JSON
 * object {"method", "url", "headers": [[name, value]], "address", "claims",
 * "body_size", "tls"}, of which the first two are needed; "id" comes back. The
 * exit code: 0, or 2: it is no request at all.
 */
int explain_main(struct region *r, const struct explain_how *how,
    const struct explain_ask *ask);

#endif
