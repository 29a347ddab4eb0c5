/*
 * call_kit.h - two workers with one loop, calls whose events make a story, an
 * endpoint that is a bare socket, and what the region says of them meanwhile.
 * Time is our own.
 */
#ifndef TESTS_UNIT_WORKER_ORIGIN_CALL_KIT_H
#define TESTS_UNIT_WORKER_ORIGIN_CALL_KIT_H

#include <errno.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "common/net/sock.h"
#include "shm/counters.h"
#include "tests/unit/own_clock.h"
#include "tests/unit/shm/fixture.h"
#include "worker/origin/balance.h"
#include "worker/origin/call.h"
#include "worker/origin/opool.h"
#include "worker/origin/queue.h"

#define WORKERS 2
#define CALLS 8

static struct region region;
static struct loop loop;
static struct env envs[WORKERS];
static struct opool pools[WORKERS];
static struct call calls[CALLS];
static struct endpoint_handle endpoint;
static struct addr address;
static int listening, peers[CALLS];
static char story[CALLS][32]; /* a letter per event */
static size_t got[CALLS];     /* bytes of the answer */
static enum why failure;
static unsigned drained;
static unsigned ended; /* calls that the meters were told of */
static int refusal;    /* an errno for connect, or 0 */
static int late;       /* the same, told when it has ended */
static char name[ADDR_TEXT_MAX];

int
connect(int fd, const struct sockaddr *a, socklen_t n)
{
	if (refusal == 0)
		return (int)syscall(SYS_connect, fd, a, n);
	errno = refusal;
	return -1;
}

int
getsockopt(int fd, int level, int name_of, void *value, socklen_t *n)
{
	if (late == 0 || level != SOL_SOCKET || name_of != SO_ERROR)
		return (int)syscall(
		    SYS_getsockopt, fd, level, name_of, value, n);
	*(int *)value = late;
	return 0;
}

static void
tell(struct call *c, char event)
{
	char *s = story[c - calls];

	s[strlen(s)] = event;
}

static void
on_ready(struct call *c)
{
	struct head h = { .method = METHOD_GET,
		.upgrade = c->tunnel ? SLICE_LIT("websocket") : SLICE_NONE,
		.method_text = SLICE_LIT("GET"),
		.target = SLICE_LIT("/"),
		.host = SLICE_LIT("t"),
		.version = HTTP_1_1 };

	tell(c, 'r');
	ck_assert(call_send_head(c, &h, true));
	call_flush(c);
}

static void
on_head(struct call *c, const struct head *h)
{
	(void)h;
	tell(c, 'h');
}

static bool
on_fits(const struct call *c, const struct head *h)
{
	(void)c;
	(void)h;
	return true;
}

static void
on_switched(struct call *c, const struct head *h)
{
	(void)h;
	tell(c, 's');
}

static void
on_data(struct call *c, struct slice bytes)
{
	got[c - calls] += bytes.n;
	if (story[c - calls][strlen(story[c - calls]) - 1] != 'd')
		tell(c, 'd');
}

static void
on_end(struct call *c, const struct head *trailers)
{
	(void)trailers;
	tell(c, 'e');
}

static void
on_failed(struct call *c, enum why why)
{
	tell(c, 'f');
	failure = why;
}

static void
on_drained(struct call *c)
{
	(void)c;
	drained++;
}

static void
on_nothing(struct call *c)
{
	(void)c;
}

static const struct call_sink sink = {
	.ready = on_ready,
	.head = on_head,
	.fits = on_fits,
	.switched = on_switched,
	.data = on_data,
	.end = on_end,
	.failed = on_failed,
	.drained = on_drained,
	.burst = on_nothing,
};

static void
count_ended(
    struct env *e, uint32_t service, uint32_t index, unsigned code, uint64_t us)
{
	(void)e;
	(void)service;
	(void)index;
	(void)code;
	(void)us;
	ended++;
}

static void
begin_worker(uint32_t w)
{
	struct env *e = &envs[w];

	*e = (struct env){ .loop = &loop,
		.region = &region,
		.slot = w,
		.opool = &pools[w],
		.call_ended = count_ended };
	e->counters = counters_block(&region, w);
	e->balance = balance_new(e);
	e->queues = queues_new(e);
	ck_assert(e->balance != NULL && e->queues != NULL);
	ck_assert(opool_init(&pools[w], e));
	ck_assert(permits_init(&e->permits, &region, w));
}

static void
publish(const struct addr *a)
{
	uint32_t service = registry_service(&region, SLICE_LIT("s"));
	struct eset_want want = { .addr = *a, .weight = 1 };

	want.label = slice_make(name, addr_text(a, name));
	ck_assert(registry_publish_set(&region, service, &want, 1));
	endpoint = registry_set(&region, service)->members[0].handle;
}

static void
begin_listening(void)
{
	struct sockaddr_storage ss;
	socklen_t n = sizeof(ss);
	const char *why;

	ck_assert(addr_parse("127.0.0.1:1", &address, &why));
	address.port = 0;
	listening = sock_listen(&address, false, 16);
	ck_assert_int_ge(listening, 0);
	ck_assert_int_eq(getsockname(listening, (void *)&ss, &n), 0);
	addr_from_sockaddr(&ss, &address);
}

static void
begin(uint32_t max_connections)
{
	fixture_region(&region, WORKERS);
	buf_pool_init(0);
	ck_assert(io_scratch_init() && loop_init(&loop));
	begin_listening();
	publish(&address);
	for (uint32_t w = 0; w < WORKERS; w++)
		begin_worker(w);
	memset(story, 0, sizeof(story));
	refusal = late = 0;
	ended = drained = 0;
	for (uint32_t i = 0; i < CALLS; i++) {
		peers[i] = -1;
		calls[i] = (struct call){ .sink = &sink,
			.params = { .connect_us = 5000000,
			    .response_us = 5000000,
			    .send_us = 5000000,
			    .pool_idle_us = 5000000,
			    .pool_max_idle = 8,
			    .max_connections = max_connections,
			    .response_head_bytes = 4096,
			    .algorithm = IMG_BALANCE_P2C,
			    .protocol = IMG_PROTOCOL_H1,
			    .rule = { 100, 1000000 } } };
	}
}

static void
turn(void)
{
	own_us += 1000;
	ck_assert(loop_turn(&loop, 20000));
}

/* What the region says: exchanges, idle connections, permits. */
static void
expect(uint32_t active, uint32_t pooled, uint32_t permits)
{
	ck_assert_uint_eq(registry_active(&region, endpoint.index), active);
	ck_assert_uint_eq(registry_pooled(&region, endpoint.index), pooled);
	ck_assert_uint_eq(permit_count(&region, endpoint.index), permits);
}

static inline void
expect_tally(uint64_t answered, uint64_t failed, uint32_t in_a_row)
{
	struct vital_info vital;
	struct tally t;

	tally_sum(&region, endpoint.index, &t);
	vital_info(&region, endpoint.index, &vital);
	ck_assert_uint_eq(t.answered, answered);
	ck_assert_uint_eq(t.failed, failed);
	ck_assert_uint_eq(vital.fails, in_a_row);
}

static enum call_connected
start(uint32_t i, uint32_t worker, bool fresh)
{
	enum call_connected how;

	calls[i].env = &envs[worker];
	memset(story[i], 0, sizeof(story[i]));
	got[i] = 0;
	how = call_connect(&calls[i], endpoint, &address, fresh, false);
	if (how == CALL_CONNECTED)
		call_begin(&calls[i]);
	return how;
}

static void
end(void)
{
	for (uint32_t i = 0; i < CALLS; i++) {
		if (calls[i].env != NULL)
			call_abort(&calls[i]);
		if (peers[i] >= 0)
			close(peers[i]);
	}
	for (uint32_t w = 0; w < WORKERS; w++)
		opool_close_all(&pools[w]);
	expect(0, 0, 0);
	turn();
	for (uint32_t w = 0; w < WORKERS; w++) {
		opool_fini(&pools[w]);
		queues_free(envs[w].queues);
		permits_fini(&envs[w].permits);
		balance_free(envs[w].balance);
	}
	if (listening >= 0)
		close(listening);
	loop_fini(&loop);
	io_scratch_fini();
	buf_pool_fini();
	region_fini(&region);
}

#endif
