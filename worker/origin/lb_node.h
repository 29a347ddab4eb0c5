/*
 * lb_node.h - what this worker knows of an endpoint, whatever service and set
 * it is found through: its load over all workers and its latency here.
 */
#ifndef WORKER_ORIGIN_LB_NODE_H
#define WORKER_ORIGIN_LB_NODE_H

#include <stdint.h>

#include "common/base/clock.h"
#include "shm/registry.h"

struct lb_node {
	uint32_t tag;    /* of the handle that this is about; 0: none yet */
	uint32_t others; /* active in the other workers */
	struct mono others_until; /* then it is summed again */
	double latency_us;        /* lb_p2c's; 0: not known */
	struct mono latency_at;
};

struct lb_nodes;

/* The nodes of worker `slot`; NULL without memory. */
struct lb_nodes *lb_nodes_new(const struct region *r, uint32_t slot);
void lb_nodes_free(struct lb_nodes *n);

/* The endpoint's node; blank when its slot has served another before. */
struct lb_node *lb_node(struct lb_nodes *n, struct endpoint_handle h);

/*
 * Active exchanges with the endpoint: this worker's as of now, the others' as
 * of at most 1 ms ago.
 */
uint32_t
lb_node_active(const struct lb_nodes *n, struct lb_node *node, struct mono now);

#endif
