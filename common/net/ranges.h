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

/*
 * Where to look in many ranges, by 16 bits of the address: of IPv4 the first
 * ones, of IPv6 those behind what all ranges of it begin with. start[n] of them
 * begin before the n-th bucket.
 */
#define RANGES_BUCKETS 65536
#define RANGES_INDEXED 64 /* from so many on it pays */
#define RANGES_SKIP_MAX 48

struct ranges_index {
	uint64_t lead; /* IPv6: what all of them begin with, in */
	uint32_t skip; /* so many bits, RANGES_SKIP_MAX at most */
	uint32_t spare;
	uint32_t v4[RANGES_BUCKETS + 1], v6[RANGES_BUCKETS + 1];
};

void ranges_index_make(
    const struct addr_range *ranges, size_t count, struct ranges_index *index);

/* The same as ranges_have. */
bool ranges_have_indexed(const struct addr_range *ranges,
    const struct ranges_index *index, const struct addr *a);

#endif
