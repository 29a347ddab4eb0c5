/*
 * client_rate.c - see client_rate.h.
 */
#include "worker/client_rate.h"

#include <linux/sockios.h>
#include <sys/ioctl.h>

#include "common/base/must.h"

#define WINDOW_S (CLIENT_RATE_WINDOW_US / 1000000u)

uint64_t
client_moved_by_io(const void *of, enum client_way way)
{
	const struct io *io = of;
	int unsent = 0;

	if (way == CLIENT_WAY_IN)
		return io->bytes_in;
	if (ioctl(io->watch.fd, SIOCOUTQ, &unsent) != 0 || unsent < 0)
		unsent = 0;
	return io->bytes_out - (uint64_t)unsent;
}

static void
rate_begin(struct client_rate *r, enum client_way way, uint64_t moved)
{
	r->mark = moved;
	r->waited_us = 0;
	r->way = (uint8_t)way;
}

void
client_rate_wait(struct client_rate *r, enum client_way way,
    client_moved_fn *moved, const void *of)
{
	if (r->now == way)
		return;
	if (r->now != CLIENT_WAY_NONE)
		r->waited_us += (uint32_t)mono_diff_us(clock_now(), r->since);
	if (way != CLIENT_WAY_NONE && way != r->way)
		rate_begin(r, way, moved(of, way));
	r->now = (uint8_t)way;
	r->since = clock_now();
}

struct mono
client_rate_due(const struct client_rate *r)
{
	if (r->now == CLIENT_WAY_NONE)
		return MONO_NEVER;
	return r->waited_us < CLIENT_RATE_WINDOW_US
	    ? mono_add_us(r->since, CLIENT_RATE_WINDOW_US - r->waited_us)
	    : r->since;
}

bool
client_rate_is_slow(struct client_rate *r, uint64_t bytes_per_s,
    client_moved_fn *moved, const void *of)
{
	enum client_way way = (enum client_way)r->now;
	uint64_t total = moved(of, way);
	/* Both wrap alike when more is unsent than was counted. */
	int64_t since = (int64_t)(total - r->mark);

	MUST(way != CLIENT_WAY_NONE);
	if (since < 0 || (uint64_t)since < bytes_per_s * WINDOW_S)
		return true;
	rate_begin(r, way, total);
	r->since = clock_now();
	return false;
}

void
client_rate_forget(struct client_rate *r)
{
	*r = (struct client_rate){ 0 };
}
