/*
 * Tests of call.c, origin.c and opool.c together: two workers with one loop, an
 * endpoint that is a bare socket, and what the region says of them meanwhile.
 */
#include <errno.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "common/net/sock.h"
#include "shm/counters.h"
#include "tests/unit/shm/fixture.h"
#include "worker/origin/balance.h"
#include "worker/origin/call.h"
#include "worker/origin/opool.h"

#define WORKERS 2
#define CALLS 4
#define ANSWER "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n"

static struct region region;
static struct loop loop;
static struct env envs[WORKERS];
static struct opool pools[WORKERS];
static struct call calls[CALLS];
static struct endpoint_handle endpoint;
static struct addr address;
static int listening, peers[CALLS];
static char story[CALLS][32]; /* a letter per event */
static enum why failure;
static unsigned ended; /* calls that the meters were told of */
static int refusal;    /* an errno for connect, or 0 */
static char name[ADDR_TEXT_MAX];

int
connect(int fd, const struct sockaddr *a, socklen_t n)
{
	if (refusal == 0)
		return (int)syscall(SYS_connect, fd, a, n);
	errno = refusal;
	return -1;
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

static void
on_data(struct call *c, struct slice bytes)
{
	(void)bytes;
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
on_nothing(struct call *c)
{
	(void)c;
}

static const struct call_sink sink = {
	.ready = on_ready,
	.head = on_head,
	.data = on_data,
	.end = on_end,
	.failed = on_failed,
	.drained = on_nothing,
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
	ck_assert_ptr_nonnull(e->balance);
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
	refusal = 0;
	ended = 0;
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
			    .rule = { 100, 1000000 } } };
	}
}

static void
turn(void)
{
	ck_assert(loop_turn(&loop, 20000));
}

static void
turns_until(uint32_t i, const char *want)
{
	for (int n = 0; n < 200 && strcmp(story[i], want) != 0; n++)
		turn();
	ck_assert_str_eq(story[i], want);
}

/* What the region says: exchanges, idle connections, permits. */
static void
expect(uint32_t active, uint32_t pooled, uint32_t permits)
{
	ck_assert_uint_eq(registry_active(&region, endpoint.index), active);
	ck_assert_uint_eq(registry_pooled(&region, endpoint.index), pooled);
	ck_assert_uint_eq(permit_count(&region, endpoint.index), permits);
}

static void
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
	how = call_connect(&calls[i], endpoint, &address, fresh, false);
	if (how == CALL_CONNECTED)
		call_begin(&calls[i]);
	return how;
}

/* Call i has a connection of its own, and waits for its answer. */
static void
start_fresh(uint32_t i, uint32_t worker)
{
	ck_assert_int_eq(start(i, worker, true), CALL_CONNECTED);
	turns_until(i, "r");
	peers[i] = accept(listening, NULL, NULL);
	ck_assert_int_ge(peers[i], 0);
}

static void
say(uint32_t i, const char *text)
{
	ssize_t n = send(peers[i], text, strlen(text), MSG_NOSIGNAL);

	ck_assert_int_eq(n, (ssize_t)strlen(text));
}

static void
answer(uint32_t i)
{
	say(i, ANSWER "ok");
	turns_until(i, "rhde");
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

START_TEST(a_connection_is_counted_once)
{
	begin(0);
	expect(0, 0, 0);
	start_fresh(0, 0);
	expect(1, 0, 1);
	answer(0);
	expect(0, 1, 1);
	ck_assert_int_eq(start(0, 0, false), CALL_CONNECTED);
	ck_assert(calls[0].reused);
	expect(1, 0, 1);
	answer(0);
	start_fresh(1, 0);
	expect(1, 1, 2);
	call_abort(&calls[1]);
	expect(0, 1, 1);
	ck_assert_uint_eq(ended, 3);
	end();
}
END_TEST

START_TEST(no_more_than_allowed)
{
	begin(2);
	start_fresh(0, 0);
	start_fresh(1, 1);
	expect(2, 0, 2);
	ck_assert_int_eq(start(2, 0, false), CALL_FULL);
	ck_assert_int_eq(start(3, 1, false), CALL_FULL);
	expect(2, 0, 2);
	expect_tally(0, 0, 0);
	ck_assert_uint_eq(ended, 0);
	/* One that idles elsewhere still counts; one's own is used. */
	answer(1);
	expect(1, 1, 2);
	ck_assert_int_eq(start(2, 0, false), CALL_FULL);
	ck_assert_int_eq(start(1, 1, false), CALL_CONNECTED);
	call_abort(&calls[1]);
	expect(1, 0, 1);
	start_fresh(2, 0);
	expect(2, 0, 2);
	end();
}
END_TEST

START_TEST(what_idles_is_given_up_when_wanted)
{
	begin(2);
	start_fresh(0, 1);
	start_fresh(1, 1);
	answer(0);
	answer(1);
	opool_sweep(&pools[1]);
	expect(0, 2, 2);
	permit_want(&region, endpoint.index, clock_now().us);
	opool_sweep(&pools[1]);
	expect(0, 1, 1);
	/* And what becomes idle is not kept. */
	ck_assert_int_eq(start(1, 1, false), CALL_CONNECTED);
	close(peers[0]); /* the older one was closed */
	peers[0] = -1;
	answer(1);
	expect(0, 0, 0);
	end();
}
END_TEST

/* A reload has set a bound since the connections were made. */
START_TEST(what_idles_from_before_a_bound_is_given_up)
{
	begin(0);
	start_fresh(0, 1);
	start_fresh(1, 1);
	answer(0);
	answer(1);
	for (uint32_t i = 0; i < CALLS; i++)
		calls[i].params.max_connections = 2;
	ck_assert_int_eq(start(2, 0, false), CALL_FULL);
	permit_want(&region, endpoint.index, clock_now().us);
	opool_sweep(&pools[1]);
	expect(0, 1, 1);
	close(peers[0]); /* the older one was closed */
	peers[0] = -1;
	start_fresh(2, 0);
	/* And what is used again under the bound is not kept. */
	ck_assert_int_eq(start(1, 1, false), CALL_CONNECTED);
	permit_want(&region, endpoint.index, clock_now().us);
	answer(1);
	expect(1, 0, 1);
	end();
}
END_TEST

START_TEST(an_old_want_is_forgotten)
{
	begin(2);
	start_fresh(0, 0);
	permit_want(&region, endpoint.index, clock_now().us);
	usleep(30000);
	turn();
	answer(0);
	opool_sweep(&pools[0]);
	expect(0, 1, 1);
	end();
}
END_TEST

START_TEST(refusals_count_against_the_endpoint)
{
	begin(0);
	close(listening);
	listening = -1;
	ck_assert_int_eq(start(0, 0, false), CALL_CONNECTED);
	turns_until(0, "f");
	ck_assert_int_eq(failure, WHY_CONNECT_FAILED);
	expect(0, 0, 0);
	expect_tally(0, 1, 1);
	refusal = ENETUNREACH;
	ck_assert_int_eq(start(0, 0, false), CALL_REFUSED);
	expect(0, 0, 0);
	expect_tally(0, 2, 2);
	ck_assert_uint_eq(ended, 2);
	end();
}
END_TEST

START_TEST(what_lacks_here_does_not)
{
	static const int lacks[] = { ENOMEM, ENOBUFS, EMFILE, ENFILE };

	begin(1);
	for (size_t i = 0; i < sizeof(lacks) / sizeof(lacks[0]); i++) {
		refusal = lacks[i];
		ck_assert_int_eq(start(0, 0, false), CALL_LACKS);
		expect(0, 0, 0);
	}
	refusal = EADDRNOTAVAIL;
	ck_assert_int_eq(start(0, 0, false), CALL_REFUSED);
	expect(0, 0, 0);
	expect_tally(0, 0, 0);
	end();
}
END_TEST

START_TEST(told_once_how_it_went)
{
	begin(0);
	start_fresh(0, 0);
	answer(0);
	expect_tally(1, 0, 0);
	/* An answer that does not end well is a failure only. */
	start_fresh(1, 0);
	say(1, ANSWER);
	turns_until(1, "rh");
	expect_tally(1, 0, 0);
	close(peers[1]);
	peers[1] = -1;
	turns_until(1, "rhf");
	expect_tally(1, 1, 1);
	/* A bad one is known at its head. */
	start_fresh(2, 0);
	say(2, "HTTP/1.1 503 No\r\nContent-Length: 1\r\n\r\n");
	turns_until(2, "rh");
	expect_tally(1, 2, 2);
	say(2, "x");
	turns_until(2, "rhde");
	expect_tally(1, 2, 2);
	end();
}
END_TEST

START_TEST(given_up)
{
	begin(0);
	start_fresh(0, 0);
	call_abort(&calls[0]);
	expect_tally(0, 0, 0);
	start_fresh(1, 0);
	say(1, ANSWER);
	turns_until(1, "rh");
	call_abort(&calls[1]);
	expect_tally(1, 0, 0);
	end();
}
END_TEST

START_TEST(closed_while_it_idled)
{
	begin(0);
	start_fresh(0, 0);
	answer(0);
	ck_assert_int_eq(start(0, 0, false), CALL_CONNECTED);
	close(peers[0]);
	peers[0] = -1;
	turns_until(0, "rf");
	ck_assert_int_eq(failure, WHY_UPSTREAM_CLOSED);
	ck_assert(calls[0].reused && !calls[0].heard);
	expect(0, 0, 0);
	expect_tally(1, 0, 0);
	end();
}
END_TEST

START_TEST(nonsense_where_it_idled)
{
	begin(0);
	start_fresh(0, 0);
	answer(0);
	ck_assert_int_eq(start(0, 0, false), CALL_CONNECTED);
	say(0, "nonsense\r\n\r\n");
	turns_until(0, "rf");
	ck_assert_int_eq(failure, WHY_BAD_RESPONSE);
	expect_tally(1, 1, 1);
	end();
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("call");

	tcase_add_test(tc, a_connection_is_counted_once);
	tcase_add_test(tc, no_more_than_allowed);
	tcase_add_test(tc, what_idles_is_given_up_when_wanted);
	tcase_add_test(tc, what_idles_from_before_a_bound_is_given_up);
	tcase_add_test(tc, an_old_want_is_forgotten);
	tcase_add_test(tc, refusals_count_against_the_endpoint);
	tcase_add_test(tc, what_lacks_here_does_not);
	tcase_add_test(tc, told_once_how_it_went);
	tcase_add_test(tc, given_up);
	tcase_add_test(tc, closed_while_it_idled);
	tcase_add_test(tc, nonsense_where_it_idled);
	return fixture_run(tc, "call");
}
