/*
 * ranges.c - see ranges.h. IPv4 addresses lie within the space of IPv6, where
 * no net of IPv6 has them: one that goes around them makes two ranges.
 */
#include <endian.h>
#include <stdlib.h>
#include <string.h>

#include "common/net/ranges.h"

#define IP_BYTES 16
#define V4_BITS 96

static const struct addr_range v4_all = {
	.from = { [10] = 0xff, [11] = 0xff },
	.to = { [10] = 0xff, 0xff, 0xff, 0xff, 0xff, 0xff },
};
static const uint8_t before_v4[IP_BYTES] = {
	[10] = 0xff, 0xfe, 0xff, 0xff, 0xff, 0xff
};
static const uint8_t after_v4[IP_BYTES] = { [9] = 1 };

static int
ip_cmp(const uint8_t *a, const uint8_t *b)
{
	return memcmp(a, b, IP_BYTES);
}

static struct addr_range
range_of_net(const struct addr_net *n)
{
	struct addr_range r;

	memcpy(r.from, n->ip, IP_BYTES);
	memcpy(r.to, n->ip, IP_BYTES);
	for (unsigned i = n->bits; i < IP_BYTES * 8; i++)
		r.to[i / 8] |= (uint8_t)(0x80 >> i % 8);
	return r;
}

static size_t
ranges_add(const struct addr_net *n, struct addr_range *out)
{
	struct addr_range r = range_of_net(n);

	out[0] = r;
	if (n->bits >= V4_BITS || ip_cmp(r.to, v4_all.from) < 0 ||
	    ip_cmp(r.from, v4_all.to) > 0)
		return 1;
	memcpy(out[0].to, before_v4, IP_BYTES);
	if (ip_cmp(r.to, v4_all.to) == 0)
		return 1;
	out[1] = r;
	memcpy(out[1].from, after_v4, IP_BYTES);
	return 2;
}

static int
range_cmp(const void *a, const void *b)
{
	return ip_cmp(((const struct addr_range *)a)->from,
	    ((const struct addr_range *)b)->from);
}

size_t
ranges_of_nets(
    const struct addr_net *nets, size_t count, struct addr_range *out)
{
	size_t n = 0, kept = 0;

	for (size_t i = 0; i < count; i++)
		n += ranges_add(&nets[i], out + n);
	if (n == 0)
		return 0;
	qsort(out, n, sizeof(*out), range_cmp);
	for (size_t i = 1; i < n; i++) {
		if (ip_cmp(out[i].from, out[kept].to) > 0)
			out[++kept] = out[i];
		else if (ip_cmp(out[i].to, out[kept].to) > 0)
			memcpy(out[kept].to, out[i].to, IP_BYTES);
	}
	return kept + 1;
}

/* As a number: compared at once. */
typedef unsigned __int128 ip_number;

static inline ip_number
ip_value(const uint8_t *ip)
{
	uint64_t high, low;

	memcpy(&high, ip, sizeof(high));
	memcpy(&low, ip + sizeof(high), sizeof(low));
	return (ip_number)be64toh(high) << 64 | be64toh(low);
}

/* How many of the ranges begin at `ip` or before it. */
static inline size_t
ranges_before(const struct addr_range *ranges, size_t count, ip_number ip)
{
	const struct addr_range *at = ranges;

	while (count != 0) {
		size_t half = count / 2;

		if (ip_value(at[half].from) <= ip) {
			at += half + 1;
			count -= half + 1;
		} else {
			count = half;
		}
	}
	return (size_t)(at - ranges);
}

bool
ranges_have(const struct addr_range *ranges, size_t count, const struct addr *a)
{
	ip_number ip = ip_value(a->ip);
	size_t before = ranges_before(ranges, count, ip);

	return before != 0 && ip <= ip_value(ranges[before - 1].to);
}

/* ---- the index ---- */

#define V4_HIGH 0xffffu /* what IPv4 has in front of its 32 bits */

static bool
ip_is_v4(ip_number ip)
{
	return ip >> 32 == V4_HIGH;
}

/* The bits that all ranges of IPv6 begin with. */
static void
index_lead(
    const struct addr_range *ranges, size_t count, struct ranges_index *index)
{
	uint64_t first = 0, last = 0, differ;
	bool any = false;

	for (size_t i = 0; i < count; i++) {
		ip_number from = ip_value(ranges[i].from);

		if (ip_is_v4(from))
			continue;
		if (!any)
			first = (uint64_t)(from >> 64);
		last = (uint64_t)(ip_value(ranges[i].to) >> 64);
		any = true;
	}
	differ = first ^ last;
	index->skip =
	    differ != 0 ? (uint32_t)__builtin_clzll(differ) : RANGES_SKIP_MAX;
	if (index->skip > RANGES_SKIP_MAX)
		index->skip = RANGES_SKIP_MAX;
	index->lead = index->skip != 0 ? first >> (64 - index->skip) : 0;
}

/* The first address of a bucket, or of what is behind the last one. */
static ip_number
bucket_v4(uint32_t bucket)
{
	return ((ip_number)V4_HIGH << 32) + ((ip_number)bucket << 16);
}

static ip_number
bucket_v6(const struct ranges_index *index, uint32_t bucket)
{
	ip_number lead = (ip_number)index->lead << 16;

	return (lead + bucket) << (112 - index->skip);
}

void
ranges_index_make(
    const struct addr_range *ranges, size_t count, struct ranges_index *index)
{
	uint32_t at4 = 0, at6 = 0;

	*index = (struct ranges_index){ 0 };
	index_lead(ranges, count, index);
	for (uint32_t b = 0; b < RANGES_BUCKETS; b++) {
		while (at4 < count && ip_value(ranges[at4].from) < bucket_v4(b))
			at4++;
		while (at6 < count &&
		    ip_value(ranges[at6].from) < bucket_v6(index, b))
			at6++;
		index->v4[b] = at4;
		index->v6[b] = at6;
	}
	/* All others: what is behind the last address may have no number. */
	index->v4[RANGES_BUCKETS] = (uint32_t)count;
	index->v6[RANGES_BUCKETS] = (uint32_t)count;
}

bool
ranges_have_indexed(const struct addr_range *ranges,
    const struct ranges_index *index, const struct addr *a)
{
	ip_number ip = ip_value(a->ip);
	uint64_t high = (uint64_t)(ip >> 64);
	const uint32_t *start;
	size_t before;

	if (ip_is_v4(ip)) {
		start = &index->v4[(uint32_t)ip >> 16];
	} else {
		/* Twice: skip may be 0. */
		if (high >> (63 - index->skip) >> 1 != index->lead)
			return false;
		start = &index->v6[high << index->skip >> 48];
	}
	before = start[0] +
	    ranges_before(ranges + start[0], start[1] - start[0], ip);
	return before != 0 && ip <= ip_value(ranges[before - 1].to);
}
