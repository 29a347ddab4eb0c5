/*
 * permit.h - protocol B: counts that decide. A permit of a resource (an
 * endpoint, for each connection to it; a place of the keyed table, see keyed.h)
 * is given to at most `max` holders over all workers at once, exactly, whatever
 * is killed at whatever instruction.
 *
 * The word of a resource says how many are out and which operation, of which
 * worker, was applied last; the worker's ledger says which permits it holds and
 * which operation it was about. Together they tell, once a worker was reaped,
 * whether its last operation took place. The steps are named as in
 * tests/model/permits.pml.
 */
#ifndef SHM_PERMIT_H
#define SHM_PERMIT_H

#include <stdbool.h>
#include <stdint.h>

#include "shm/region.h"

#define PERMIT_COUNT_MAX ((1u << 20) - 1)
#define PERMIT_NONE UINT32_MAX
/*
 * Resources: endpoints by their index (connections), breakers (trials, see
 * breaker.h), services (places in their queues), and the places of the keyed
 * table.
 */
#define PERMIT_BREAKER ENDPOINTS_MAX
#define PERMIT_QUEUE (PERMIT_BREAKER + BREAKERS_MAX)
#define PERMIT_KEYED PERMITS_MAX
#define PERMIT_RESOURCES (PERMIT_KEYED + KEYED_MAX)

/* A worker's own side: which entries of its ledger are free. */
struct permits {
	const struct region *region;
	uint32_t slot;
	uint32_t *free; /* entries given back, newest last */
	uint32_t free_count;
};

/* For the process in slot w; its ledger is empty (recovered). False: no
 * memory. */
bool permits_init(struct permits *p, const struct region *r, uint32_t w);
/* Drops nothing: what is held stays in the ledger. */
void permits_fini(struct permits *p);

/*
 * Takes a permit of the resource, if fewer than max are out (0: as many as can
 * be counted). Returns its ticket, or PERMIT_NONE: none is left, or the ledger
 * is full. An endpoint must be counted as active or pooled in the worker's rows
 * from before it is taken until after it is dropped, so that its slot is not
 * given to another meanwhile.
 */
uint32_t permit_take(struct permits *p, uint32_t resource, uint32_t max);
/* The same; *count is how many are out with this one, by the very operation
 * that took it. Not changed where there is none. */
uint32_t permit_take_counted(
    struct permits *p, uint32_t resource, uint32_t max, uint32_t *count);
void permit_drop(struct permits *p, uint32_t ticket);

/* The ledger is full: nothing more can be taken, of any resource. */
bool permits_full(const struct permits *p);

/* How many are out. */
uint32_t permit_count(const struct region *r, uint32_t resource);

/*
 * Says that somebody found no permit of an endpoint, and when that was last
 * said: holders of connections that idle let them go.
 */
void permit_want(const struct region *r, uint32_t resource, uint64_t now_us);
uint64_t permit_wanted_us(const struct region *r, uint32_t resource);

/*
 * Keeper, after worker w was reaped: drops what it held. May be killed at any
 * instruction and run again.
 */
void permit_recover(struct region *r, uint32_t w);

#endif
