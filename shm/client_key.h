/*
 * client_key.h - what clients are counted by: the address, of IPv6 its /64.
 */
#ifndef SHM_CLIENT_KEY_H
#define SHM_CLIENT_KEY_H

#include <stdint.h>

#include "common/net/addr.h"
#include "shm/region.h"

/* The same in all processes; `what` tells what is counted from other things. */
uint64_t client_key(const struct region *r, char what, const struct addr *a);

#endif
