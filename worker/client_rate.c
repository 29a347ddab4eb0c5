/*
 * client_rate.c - see client_rate.h.
 */
#include "worker/client_rate.h"

#include <linux/sockios.h>
#include <sys/ioctl.h>

#include "common/base/must.h"

#define WINDOW_S (CLIENT_RATE_WINDOW_US / 1000000u)

/*
 * Of what was sent, only what the client's side has acknowledged: the kernel
 * takes a lot at once, and then nothing for a long time.
 */
static uint64_t
rate_moved(const struct io *io, enum client_way way)
{
	int unsent = 0;

	if (way == CLIENT_WAY_IN)
		return io->bytes_in;
	if (ioctl(io->watch.fd, SIOCOUTQ, &unsent) != 0 || unsent < 0)
		unsent = 0;
	return io->bytes_out - (uint64_t)unsent;
}

static void
rate_begin(struct client_rate *r, const struct io *io, enum client_way way)
{
	r->mark = rate_moved(io, way);
	r->waited_us = 0;
	r->way = (uint8_t)way;
}

void
client_rate_wait(
    struct client_rate *r, const struct io *io, enum client_way way)
{
	if (r->now == way)
		return;
	if (r->now != CLIENT_WAY_NONE)
		r->waited_us += (uint32_t)mono_diff_us(clock_now(), r->since);
	if (way != CLIENT_WAY_NONE && way != r->way)
		rate_begin(r, io, way);
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
client_rate_is_slow(
    struct client_rate *r, const struct io *io, uint64_t bytes_per_s)
{
	MUST(r->now != CLIENT_WAY_NONE);
	/* Both wrap alike when more is unsent than was counted. */
	uint64_t moved = rate_moved(io, (enum client_way)r->now) - r->mark;

	if ((int64_t)moved < 0 || moved < bytes_per_s * WINDOW_S)
		return true;
	rate_begin(r, io, (enum client_way)r->now);
	r->since = clock_now();
	return false;
}

void
client_rate_forget(struct client_rate *r)
{
	*r = (struct client_rate){ 0 };
}
