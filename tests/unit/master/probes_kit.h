/*
 * probes_kit.h - one service "s", probed by tcp: its endpoints are addresses of
 * the loopback net, and only that of the first is a port where nobody listens.
 * Connections to them are made, or refused, within the call: time is our own.
 */
#ifndef TESTS_UNIT_MASTER_PROBES_KIT_H
#define TESTS_UNIT_MASTER_PROBES_KIT_H

#include "tests/unit/master/probe_kit.h"
#include "tests/unit/own_clock.h"

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/base/log.h"
#include "master/probes.h"
#include "shm/vital.h"

#define ENDPOINTS 3
#define TURN_US 100 /* pass from one turn to the next */

static struct region region;
static struct loop loop;
static struct probes probes;
static struct kit_service service;
static struct eset_want want[800];
static int listener, dead; /* nobody listens on dead_port */
static uint16_t port, dead_port;

static inline uint16_t
open_port(int *fd, int backlog)
{
	struct sockaddr_in in = { .sin_family = AF_INET };
	socklen_t n = sizeof(in);

	*fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	ck_assert_int_ge(*fd, 0);
	ck_assert_int_eq(bind(*fd, (struct sockaddr *)&in, n), 0);
	if (backlog != 0)
		ck_assert_int_eq(listen(*fd, backlog), 0);
	ck_assert_int_eq(getsockname(*fd, (struct sockaddr *)&in, &n), 0);
	return ntohs(in.sin_port);
}

static inline void
want_endpoint(uint32_t i, uint16_t at)
{
	want[i] = fixture_want(i, 1);
	want[i].addr.ip[12] = 127;
	want[i].addr.ip[13] = 1;
	want[i].addr.port = at;
}

/* Publishes the first n endpoints, and tells the probes. */
static inline void
publish_set(uint32_t n)
{
	ck_assert(registry_publish_set(&region, service.slot, want, n));
	registry_reclaim(&region);
	probes_sync(&probes);
}

static inline void
publish_service(void)
{
	kit_publish(&region, &service, 1);
	probes_sync(&probes);
}

static inline void
setup(void)
{
	ck_assert(log_open("/dev/null", LOG_LVL_CRITICAL, "test"));
	buf_pool_init(0);
	tls_init();
	ck_assert(io_scratch_init());
	fixture_region(&region, 2);
	ck_assert(loop_init(&loop));
	probes_init(&probes, &loop, &region);
	port = open_port(&listener, 4096);
	dead_port = open_port(&dead, 0);
	service = (struct kit_service){ .name = "s", .type = IMG_CHECK_TCP };
	service.slot = registry_service(&region, SLICE_LIT("s"));
	for (uint32_t i = 0; i < ENDPOINTS; i++)
		want_endpoint(i, i == 0 ? dead_port : port);
}

static inline void
teardown(void)
{
	probes_fini(&probes);
	ck_assert(loop_turn(&loop, 0));
	registry_map_drop(&region);
	loop_fini(&loop);
	region_fini(&region);
	io_scratch_fini();
	buf_pool_fini();
	close(listener);
	close(dead);
}

static inline uint32_t
index_of(uint32_t member)
{
	return registry_set(&region, service.slot)
	    ->members[member]
	    .handle.index;
}

static inline bool
down(uint32_t member)
{
	return (vital_flags(&region, index_of(member)) & VITAL_DOWN) != 0;
}

static inline struct vital_info
vital(uint32_t member)
{
	struct vital_info v;

	vital_info(&region, index_of(member), &v);
	return v;
}

static inline struct change
last_change(uint32_t member)
{
	struct change c = { 0 };
	uint64_t n = history_count(&region, index_of(member));

	ck_assert_uint_ge(n, 1);
	ck_assert_uint_eq(
	    history_read(&region, index_of(member), n - 1, &c, 1), 1);
	return c;
}

static inline void
accept_all(void)
{
	int fd;

	while ((fd = accept(listener, NULL, NULL)) >= 0)
		close(fd);
}

/* A turn in which nobody takes the connections. What a probe waits for has a
 * while to arrive, should the kernel not bring it at once. */
static inline void
turn_alone(void)
{
	own_us += TURN_US;
	ck_assert(loop_turn(&loop, probes.running != 0 ? 1000 : 0));
}

static inline void
turn(void)
{
	turn_alone();
	accept_all();
}

static inline uint64_t
probed(void)
{
	return probes.good + probes.bad;
}

static inline void
run_us(uint64_t us)
{
	uint64_t end = clock_raw_us() + us;

	while (clock_raw_us() < end)
		turn();
}

/* Until n probes of all endpoints have ended. */
static inline void
run_probes(uint64_t n)
{
	uint64_t end = probed() + n;

	while (probed() < end)
		turn();
}

static inline void
revive(void)
{
	ck_assert_int_eq(listen(dead, 4096), 0);
}

static inline void
go(uint32_t n)
{
	publish_service();
	publish_set(n);
}

static inline void
await_down(void)
{
	while (!down(0))
		turn();
}

#endif
