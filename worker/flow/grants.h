/*
 * grants.h - what an identity may do: its roles and permissions as bits of one
 * configuration, looked up once and kept in the identity.
 */
#ifndef WORKER_FLOW_GRANTS_H
#define WORKER_FLOW_GRANTS_H

#include <stdint.h>

#include "worker/flow/identity.h"

struct img_head;

/* On the heap; owned by the identity. */
struct grants {
	uint64_t generation; /* of the image that the bits are of */
	/* Bit n: role n, also an inherited one; permission n of img_access. */
	uint64_t *roles, *permissions;
};

/* The bits of id for this image: kept in it. NULL: no memory. */
const struct grants *grants_of(const struct img_head *img, struct identity *id);

void grants_free(struct grants *g);

#endif
