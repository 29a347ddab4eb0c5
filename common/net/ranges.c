/*
 * ranges.c - see ranges.h. IPv4 addresses lie within the space of IPv6, where
 * no net of IPv6 has them: one that goes around them makes two ranges.
 */
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

bool
ranges_have(const struct addr_range *ranges, size_t count, const struct addr *a)
{
	size_t low = 0, high = count;

	/* The last range that begins at the address or before it. */
	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (ip_cmp(ranges[mid].from, a->ip) <= 0)
			low = mid + 1;
		else
			high = mid;
	}
	return low != 0 && ip_cmp(a->ip, ranges[low - 1].to) <= 0;
}
