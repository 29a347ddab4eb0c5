/*
 * waiters.h - which workers have requests that wait for a connection of a
 * service (its endpoints have as many as they may), so that whoever lets one go
 * wakes one of them, and no other.
 *
 * Of each service and class there is a word with a bit per worker. The protocol
 * and why it loses no wakeup is in waiters.c.
 */
#ifndef SHM_WAITERS_H
#define SHM_WAITERS_H

#include <stdbool.h>
#include <stdint.h>

#include "shm/region.h"

/* W1, L1: worker w has some of this class from now on, or none any more. */
void waiters_set(
    const struct region *r, uint32_t service, uint32_t class, uint32_t w);
void waiters_clear(
    const struct region *r, uint32_t service, uint32_t class, uint32_t w);

/* F2: anybody of any class. */
bool waiters_any(const struct region *r, uint32_t service);

/*
 * 1 + the highest class of which a worker other than w has some, and a bit for
 * each of them; 0: none has. Workers that hang are none.
 */
uint32_t waiters_others(const struct region *r, uint32_t service, uint32_t w,
    uint64_t now_us, uint64_t *who);

/*
 * Of those bits (not none), the worker whose last turn was longest ago. It is
 * as if it had one now, until it says something else.
 */
uint32_t waiters_choose(
    const struct region *r, uint32_t service, uint64_t who, uint64_t now_us);

/* Worker w had its last turn then. */
void waiters_set_turn(
    const struct region *r, uint32_t service, uint32_t w, uint64_t us);

/*
 * Keeper, after worker w was reaped and its permits were given back: it waits
 * no more. All others are to be woken afterwards.
 */
void waiters_recover(const struct region *r, uint32_t w);

#endif
