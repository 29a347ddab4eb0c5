/*
 * ranges.h - a set of addresses as sorted stretches, for lists of thousands of
 * networks that every request or connection is looked up in.
 */
#ifndef COMMON_NET_RANGES_H
#define COMMON_NET_RANGES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/net/addr.h"

/* From the first address to the last one, both in the form of struct addr. */
struct addr_range {
	uint8_t from[16], to[16];
};

/*
 * The ranges of all nets, in order and apart from each other; returns how many.
 * `out` has room for two per net.
 */
size_t ranges_of_nets(
    const struct addr_net *nets, size_t count, struct addr_range *out);

/* Whether one of the ranges has the address. */
bool ranges_have(
    const struct addr_range *ranges, size_t count, const struct addr *a);

#endif
