/*
 * lb_node.c - see lb_node.h. The rows of other workers lie in cache lines that
 * these write all the time: reading them for each pick would slow both down.
 */
#include "worker/origin/lb_node.h"

#include <stdlib.h>

#include "common/base/must.h"
#include "shm/layout.h"

#define OTHERS_FRESH_US 1000u

struct lb_nodes {
	const struct region *region;
	uint32_t slot;
	struct lb_node node[ENDPOINTS_MAX]; /* by registry index */
};

struct lb_nodes *
lb_nodes_new(const struct region *r, uint32_t slot)
{
	/* Zeroed pages: only those of endpoints in use take memory. */
	struct lb_nodes *n = calloc(1, sizeof(*n));

	if (n == NULL)
		return NULL;
	n->region = r;
	n->slot = slot;
	return n;
}

void
lb_nodes_free(struct lb_nodes *n)
{
	free(n);
}

struct lb_node *
lb_node(struct lb_nodes *n, struct endpoint_handle h)
{
	struct lb_node *node;

	MUST(h.index < ENDPOINTS_MAX);
	node = &n->node[h.index];
	if (node->tag != h.tag)
		*node = (struct lb_node){ .tag = h.tag };
	return node;
}

uint32_t
lb_node_active(const struct lb_nodes *n, struct lb_node *node, struct mono now)
{
	uint32_t index = (uint32_t)(node - n->node);
	uint32_t own = registry_active_of(n->region, n->slot, index);

	if (now.us >= node->others_until.us) {
		node->others = registry_active(n->region, index) - own;
		node->others_until = mono_add_us(now, OTHERS_FRESH_US);
	}
	return own + node->others;
}
