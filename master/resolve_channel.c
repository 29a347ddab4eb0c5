/*
 * resolve_channel.c - see resolve_channel.h.
 */
#include "master/resolve_channel.h"

#define CARES_NO_DEPRECATED
#include <ares.h>
#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "common/base/log.h"
#include "common/base/must.h"

#define SYSTEM_PATH "/etc/resolv.conf"
#define SYSTEM_SERVERS_MAX 3 /* that resolv.conf(5) may name */
#define UDP_BYTES 1232       /* what fits everywhere without fragments */
#define BATCH 32
#define LOOK_US 1000000

#define WANTS_READ (UINT64_C(1) << 32)
#define WANTS_WRITE (UINT64_C(1) << 33)

/* ---- sockets and timeouts ---- */

static void
channel_on_socket(void *data, ares_socket_t fd, int readable, int writable)
{
	struct resolve_channel *c = data;
	struct epoll_event e = { .events = (readable ? EPOLLIN : 0u) |
		    (writable ? EPOLLOUT : 0u),
		.data.u64 = (uint32_t)fd | (readable ? WANTS_READ : 0) |
		    (writable ? WANTS_WRITE : 0) };

	if (!readable && !writable)
		(void)epoll_ctl(c->sockets.fd, EPOLL_CTL_DEL, fd, NULL);
	else if (epoll_ctl(c->sockets.fd, EPOLL_CTL_MOD, fd, &e) < 0 &&
	    epoll_ctl(c->sockets.fd, EPOLL_CTL_ADD, fd, &e) < 0)
		log_warn("watch a socket of the resolver");
}

void
resolve_channel_arm(struct resolve_channel *c)
{
	struct timeval tv;

	if (c->ares == NULL || ares_timeout(c->ares, NULL, &tv) == NULL)
		timer_cancel(&c->timer);
	else
		timer_set(&c->loop->timers, &c->timer,
		    mono_add_us(clock_now(),
			(uint64_t)tv.tv_sec * 1000000 + (uint64_t)tv.tv_usec));
}

static void
channel_on_timer(struct timer *t)
{
	struct resolve_channel *c =
	    CONTAINER_OF(t, struct resolve_channel, timer);

	if (c->ares != NULL)
		ares_process_fd(c->ares, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
	resolve_channel_arm(c);
}

static void
channel_on_ready(struct loop_watch *w, unsigned events)
{
	struct resolve_channel *c =
	    CONTAINER_OF(w, struct resolve_channel, sockets);
	struct epoll_event ready[BATCH];
	int n = epoll_wait(w->fd, ready, BATCH, 0);

	(void)events;
	for (int i = 0; i < n && c->ares != NULL; i++) {
		uint64_t wants = ready[i].data.u64;
		ares_socket_t fd = (int)(uint32_t)wants;

		ares_process_fd(c->ares,
		    (wants & WANTS_READ) != 0 ? fd : ARES_SOCKET_BAD,
		    (wants & WANTS_WRITE) != 0 ? fd : ARES_SOCKET_BAD);
	}
	resolve_channel_arm(c);
}

/* ---- servers ---- */

static void
servers_text(
    const struct img_head *img, const struct img_resolver *s, struct text *out)
{
	const struct addr *server = img_at(img, s->servers.off);
	char addr[ADDR_TEXT_MAX];

	text_clear(out);
	for (uint32_t i = 0; i < s->servers.count; i++) {
		if (i != 0)
			text_add_char(out, ',');
		text_add(out, slice_make(addr, addr_text(&server[i], addr)));
	}
}

uint32_t
resolve_channel_servers(const struct resolve_channel *c)
{
	uint32_t n = 1;

	if (c->servers.n == 0)
		return SYSTEM_SERVERS_MAX;
	for (size_t i = 0; i < c->servers.n; i++)
		n += c->servers.p[i] == ',';
	return n;
}

/* ---- life ---- */

bool
resolve_channel_init(struct resolve_channel *c, struct loop *loop)
{
	*c = (struct resolve_channel){ .loop = loop,
		.sockets = { .fn = channel_on_ready, .fd = -1 } };
	text_init(&c->servers);
	timer_init(&c->timer, channel_on_timer);
	if (ares_library_init(ARES_LIB_INIT_ALL) != ARES_SUCCESS) {
		errno = ENOMEM;
		return false;
	}
	c->sockets.fd = epoll_create1(EPOLL_CLOEXEC);
	return c->sockets.fd >= 0 && loop_add(loop, &c->sockets, true);
}

void
resolve_channel_fini(struct resolve_channel *c)
{
	resolve_channel_close(c);
	if (c->sockets.fd >= 0) {
		loop_remove(c->loop, &c->sockets);
		(void)close(c->sockets.fd);
	}
	timer_fini(&c->loop->timers, &c->timer);
	text_fini(&c->servers);
	ares_library_cleanup();
}

void
resolve_channel_close(struct resolve_channel *c)
{
	ares_channel ares = c->ares;

	c->ares = NULL;
	if (ares != NULL)
		ares_destroy(ares);
	timer_cancel(&c->timer);
}

/*
 * One try each: attempts are counted by who asks, so that each waits exactly
 * the timeout. The hosts file is looked into by ares_getaddrinfo alone, DNS
 * asked by ares_search alone; search domains are for the system's servers.
 */
static int
channel_make(struct resolve_channel *c)
{
	struct ares_options o = { .flags = ARES_FLAG_NOALIASES | ARES_FLAG_EDNS,
		.timeout = (int)(c->timeout_us / 1000),
		.tries = 1,
		.ednspsz = UDP_BYTES,
		.sock_state_cb = channel_on_socket,
		.sock_state_cb_data = c };
	char lookups[] = "f";
	int mask = ARES_OPT_FLAGS | ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES |
	    ARES_OPT_EDNSPSZ | ARES_OPT_SOCK_STATE_CB | ARES_OPT_LOOKUPS |
	    ARES_OPT_NOROTATE;
	int status;

	o.lookups = lookups;
	if (c->servers.n != 0)
		o.flags |= ARES_FLAG_NOSEARCH;
#ifdef ARES_OPT_QUERY_CACHE
	/* It would not heed max_ttl. */
	o.qcache_max_ttl = 0;
	mask |= ARES_OPT_QUERY_CACHE;
#endif
	status = ares_init_options(&c->ares, &o, mask);
	if (status != ARES_SUCCESS)
		c->ares = NULL;
	else if (c->servers.n != 0) {
		text_add_char(&c->servers, '\0');
		status = ares_set_servers_ports_csv(c->ares, c->servers.p);
		c->servers.n--;
	}
	return status;
}

static bool
channel_reopen(struct resolve_channel *c)
{
	int status;

	resolve_channel_close(c);
	if (stat(SYSTEM_PATH, &c->system) < 0)
		c->system = (struct stat){ 0 };
	status = channel_make(c);
	if (status == ARES_SUCCESS)
		return true;
	log_errx("the resolver does not start: %s", ares_strerror(status));
	resolve_channel_close(c);
	return false;
}

bool
resolve_channel_open(struct resolve_channel *c, const struct img_head *img,
    const struct img_resolver *s)
{
	servers_text(img, s, &c->servers);
	c->timeout_us = s->timeout_us;
	return channel_reopen(c);
}

bool
resolve_channel_differs(const struct resolve_channel *c,
    const struct img_head *img, const struct img_resolver *s)
{
	struct text servers;
	bool differs;

	text_init(&servers);
	servers_text(img, s, &servers);
	differs = c->ares == NULL || c->timeout_us != s->timeout_us ||
	    !slice_eq(text_slice(&servers), text_slice(&c->servers));
	text_fini(&servers);
	return differs;
}

bool
resolve_channel_refresh(struct resolve_channel *c)
{
	struct stat now;

	if (mono_diff_us(clock_now(), c->looked) < LOOK_US)
		return false;
	c->looked = clock_now();
	if (c->ares == NULL)
		return channel_reopen(c);
	if (c->servers.n != 0 || stat(SYSTEM_PATH, &now) < 0 ||
	    (now.st_ino == c->system.st_ino &&
		now.st_size == c->system.st_size &&
		now.st_mtim.tv_sec == c->system.st_mtim.tv_sec &&
		now.st_mtim.tv_nsec == c->system.st_mtim.tv_nsec))
		return false;
	return channel_reopen(c);
}
