/*
 * handover.c - see handover.h.
 *
 * What a worker has are its open connections and those that wait in its queue.
 * Nobody counts the latter: the kernel is asked how much memory they take, and
 * so no death, of giver or taker, can leave a wrong number behind.
 */
#include "worker/handover.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/sockios.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/net/sock.h"
#include "shm/slots.h"

#define HANDOVER_HOPS_MAX 2u      /* given, and given on once */
#define HANDOVER_LOOK_US 1000u    /* a share that was not reached holds for */
#define HANDOVER_CHURN_US 100000u /* ended within that: short ones */

/* The workers that serve, this one among them. */
struct handover_view {
	uint64_t own, total;
	uint32_t workers;
	uint32_t target; /* another one, with fewest; own slot: there is none */
	uint64_t target_has;
};

/* ---- what there is ---- */

static uint64_t
handover_waiting(const struct handover *h, uint32_t w)
{
	int bytes = 0;

	if (h->message_bytes == 0 ||
	    ioctl(h->in->handover_out[w], SIOCOUTQ, &bytes) != 0 || bytes < 0)
		return 0;
	return (uint64_t)bytes / h->message_bytes;
}

static uint64_t
handover_load(const struct handover *h, uint32_t w, bool with_queues)
{
	uint64_t open = atomic_load_explicit(
	    &counters_block(h->clients->env->region, w)[COUNTER_CONNECTIONS],
	    memory_order_relaxed);

	return with_queues ? open + handover_waiting(h, w) : open;
}

static void
handover_see(struct handover_view *v, uint32_t w, uint64_t has)
{
	v->workers++;
	v->total += has;
	if (has >= v->target_has)
		return;
	v->target = w;
	v->target_has = has;
}

/* Begins behind its own slot, so that not all givers find the same one. */
static void
handover_look(
    const struct handover *h, bool with_queues, struct handover_view *v)
{
	const struct env *e = h->clients->env;
	uint64_t now_us = clock_now().us;

	v->own = handover_load(h, e->slot, with_queues);
	v->total = v->own;
	v->workers = 1;
	v->target = e->slot;
	v->target_has = UINT64_MAX;
	for (uint32_t i = 1; i < h->in->workers; i++) {
		uint32_t w = (e->slot + i) % h->in->workers;

		if (slot_is_fit(e->region, w, now_us))
			handover_see(v, w, handover_load(h, w, with_queues));
	}
}

/* One more than exists is shared out: the even share, or a quarter above it. */
static uint64_t
handover_share(const struct handover_view *v)
{
	uint64_t total = v->total + 1;
	uint64_t even = (total + v->workers - 1) / v->workers;
	uint64_t most = total * 5 / (v->workers * 4);

	return most > even ? most : even;
}

/* Connections of this slot that have ended. */
static uint64_t
handover_closed(const struct handover *h)
{
	const struct env *e = h->clients->env;

	return atomic_load_explicit(&e->counters[COUNTER_CONNECTIONS_ACCEPTED],
		   memory_order_relaxed) -
	    handover_load(h, e->slot, false);
}

/* More have ended of late than are there. */
static bool
handover_is_churning(struct handover *h)
{
	uint64_t open = handover_load(h, h->clients->env->slot, false);
	uint64_t closed = handover_closed(h), now_us = clock_now().us;
	uint64_t age_us = now_us - h->window_us;

	if (age_us >= HANDOVER_CHURN_US) {
		h->closed_before =
		    (closed - h->closed) * HANDOVER_CHURN_US / age_us;
		h->closed = closed;
		h->window_us = now_us;
	}
	return h->closed_before > open || closed - h->closed > open;
}

static bool
handover_is_full(const struct handover *h)
{
	return h->clients->count >= h->clients->max;
}

/* Has more than its share with one more. The kernel is asked last. */
static bool
handover_is_wanted(struct handover *h, struct handover_view *v)
{
	uint64_t now_us = clock_now().us;

	if (handover_is_churning(h))
		return false;
	if (now_us - h->looked_us < HANDOVER_LOOK_US &&
	    handover_load(h, h->clients->env->slot, false) < h->share)
		return false;
	handover_look(h, false, v);
	h->looked_us = now_us;
	h->share = handover_share(v);
	if (v->own < h->share)
		return false;
	handover_look(h, true, v);
	return v->own >= handover_share(v);
}

/* ---- giving and taking ---- */

bool
handover_has_room(const struct handover *h)
{
	struct handover_view v;

	if (h->in->workers == 1 || h->clients->env->draining)
		return false;
	handover_look(h, true, &v);
	return v.target_has < h->clients->max;
}

bool
handover_give(struct handover *h, int fd, const struct arrival *a)
{
	struct arrival m = *a;
	struct env *e = h->clients->env;
	struct handover_view v;

	if (h->in->workers == 1 || e->draining || a->hops >= HANDOVER_HOPS_MAX)
		return false;
	if (handover_is_full(h))
		handover_look(h, true, &v);
	else if (!handover_is_wanted(h, &v))
		return false;
	m.hops++;
	if (v.target_has >= h->clients->max ||
	    !sock_send_fd(h->in->handover_out[v.target], &m, sizeof(m), fd))
		return false;
	(void)close(fd);
	env_count(e, COUNTER_CONNECTIONS_HANDED_OVER, 1);
	return true;
}

/* The kernel closes what it has no descriptor for. */
static bool
handover_can_take(int queue)
{
	int fd = fcntl(queue, F_DUPFD_CLOEXEC, 0);

	if (fd < 0)
		return false;
	(void)close(fd);
	return true;
}

int
handover_take(int queue, struct arrival *a)
{
	ssize_t n;
	int fd;

	if (!handover_can_take(queue))
		return -1;
	n = sock_recv_fd(queue, a, sizeof(*a), &fd);
	if (n == (ssize_t)sizeof(*a) && fd >= 0)
		return fd;
	if (n >= 0)
		errno = EPIPE; /* all who could give are gone */
	return -1;
}

bool
handover_is_over(const struct handover *h)
{
	const struct env *e = h->clients->env;

	for (uint32_t w = 0; w < h->in->workers; w++)
		if (w != e->slot && slot_state(e->region, w) == SLOT_READY)
			return false;
	return true;
}

/* The kernel rounds up what a message takes: one is sent to see. */
static uint64_t
handover_measure(void)
{
	const struct arrival m = { .hops = 0 };
	int pair[2], bytes = 0;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) != 0)
		return 0;
	if (!sock_send_fd(pair[0], &m, sizeof(m), -1) ||
	    ioctl(pair[0], SIOCOUTQ, &bytes) != 0 || bytes < 0)
		bytes = 0;
	(void)close(pair[0]);
	(void)close(pair[1]);
	return (uint64_t)bytes;
}

void
handover_init(struct handover *h, struct clients *cs, const struct inherit *in)
{
	*h = (struct handover){ .clients = cs, .in = in };
	if (in->workers > 1)
		h->message_bytes = handover_measure();
	h->window_us = clock_now().us;
	h->closed = handover_closed(h);
}
