/*
 * record.h - writes down what becomes of each request, and of connections that
 * end without one, in this worker's ring (shm/recorder.h): once, as it ends,
 * in one pass, and nothing else. Everything that people read is made of it by
 * other processes.
 */
#ifndef WORKER_WATCH_RECORD_H
#define WORKER_WATCH_RECORD_H

#include "worker/flow/req.h"

/* As env.req_ended: q has just ended. Does nothing where there is no ring. */
void record_request(const struct req *q);

/* How a connection, or what was to become a request on it, has ended. */
struct record_ending {
	const struct addr *peer;
	enum why why;
	uint16_t status;    /* of the answer it got; 0: none */
	uint64_t bytes_out; /* of its body */
	uint8_t version;    /* enum http_version */
	bool tls;
	const struct head *head; /* as much as was read of it; NULL: nothing */
	struct slice id;         /* that the answer told; empty: none */
};

void record_connection(struct env *e, const struct record_ending *how);

/* The same of one of which nothing else is known. */
void record_peer(struct env *e, const struct addr *peer, enum why why);

#endif
