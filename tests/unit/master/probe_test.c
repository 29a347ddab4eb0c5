/*
 * probe_test.c - one probe against a server that is played here.
 */
#include "tests/unit/master/probe_kit.h"

#include <errno.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/net/sock.h"
#include "master/probe.h"

#define HEAD_200 "HTTP/1.1 200 OK\r\n"

static struct loop loop;
static struct probe probe;
static struct addr addr;
static unsigned ends;

/* The server: what it answers a request with, and what it then does. */
static int listener = -1, peer = -1;
static char asked[4096];
static size_t asked_n;
static const char *answer; /* NULL: none */
static size_t answer_n, answer_at;
static enum { PEER_STAY, PEER_CLOSE, PEER_RESET } then;

static void
setup(void)
{
	struct sockaddr_storage ss;
	socklen_t n = sizeof(ss);

	buf_pool_init(0);
	ck_assert(io_scratch_init());
	clock_set_birth(clock_raw_us() - 1000000);
	ck_assert(loop_init(&loop));
	ck_assert(addr_parse("127.0.0.1:1", &addr, &(const char *){ NULL }));
	n = addr_to_sockaddr(&addr, &ss);
	((struct sockaddr_in *)(void *)&ss)->sin_port = 0;
	listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	ck_assert_int_eq(bind(listener, (struct sockaddr *)&ss, n), 0);
	ck_assert_int_eq(listen(listener, 8), 0);
	n = sizeof(ss);
	ck_assert_int_eq(getsockname(listener, (struct sockaddr *)&ss, &n), 0);
	addr_from_sockaddr(&ss, &addr);
}

static void
teardown(void)
{
	if (peer >= 0)
		close(peer);
	close(listener);
	probe_rule_free(probe.rule);
	loop_fini(&loop);
	io_scratch_fini();
	buf_pool_fini();
}

static void
ended(struct probe *p)
{
	ck_assert_ptr_eq(p, &probe);
	ends++;
}

static void
peer_leave(void)
{
	if (then == PEER_RESET)
		sock_reset(peer);
	else if (then == PEER_CLOSE)
		close(peer);
	if (then != PEER_STAY)
		peer = -1;
}

static void
peer_step(void)
{
	ssize_t n;

	if (peer < 0 && asked_n == 0)
		peer = sock_accept(listener, NULL);
	if (peer < 0)
		return;
	n = recv(
	    peer, asked + asked_n, sizeof(asked) - 1 - asked_n, MSG_DONTWAIT);
	asked_n += n > 0 ? (size_t)n : 0;
	if (answer == NULL || strstr(asked, "\r\n\r\n") == NULL)
		return;
	n = send(peer, answer + answer_at, answer_n - answer_at,
	    MSG_DONTWAIT | MSG_NOSIGNAL);
	answer_at += n > 0 ? (size_t)n : 0;
	if (answer_at == answer_n || (n < 0 && errno == EPIPE))
		peer_leave();
}

static void
start(const struct kit_service *k)
{
	probe_start(&probe, &loop, kit_rule(k),
	    &(struct probe_place){ addr, SLICE_LIT("e:1"), SLICE_LIT("e") },
	    ended);
}

static void
finish(void)
{
	while (ends == 0) {
		ck_assert(loop_turn(&loop, 1000));
		peer_step();
	}
	ck_assert(loop_turn(&loop, 0));
	ck_assert_uint_eq(ends, 1);
}

static void
says(const char *text, int next)
{
	answer = text;
	answer_n = strlen(text);
	then = next;
}

static void
run(const struct kit_service *k)
{
	start(k);
	finish();
}

static const struct kit_service http = { .name = "s", .type = IMG_CHECK_HTTP };
static const struct kit_service tcp = { .name = "s", .type = IMG_CHECK_TCP };
static const struct kit_service wants_ok = {
	.name = "s", .type = IMG_CHECK_HTTP, .body = "ok"
};
static const struct kit_service hasty = {
	.name = "s", .type = IMG_CHECK_HTTP, .timeout_us = 50000
};

static const struct kit_service patient = {
	.name = "s", .type = IMG_CHECK_HTTP, .timeout_us = 20000000
};

static void
came_to(enum probe_result result, enum change_cause cause, uint32_t detail)
{
	ck_assert_int_eq(probe.result, result);
	ck_assert_msg(probe.cause == cause, "cause %d", (int)probe.cause);
	ck_assert_uint_eq(probe.detail, detail);
}

#define GOOD() came_to(PROBE_GOOD, CAUSE_PROBE_OK, 0)

START_TEST(good_answers)
{
	static const char *const texts[] = {
		HEAD_200 "Content-Length: 2\r\n\r\nok",
		HEAD_200 "Transfer-Encoding: chunked\r\n\r\n1\r\no\r\n"
			 "1\r\nk\r\n0\r\n\r\n",
		"HTTP/1.0 200 OK\r\n\r\nok",
		"HTTP/1.1 103 Early\r\n\r\n" HEAD_200
		"Content-Length: 2\r\n\r\nok",
		/* Bytes behind the answer are none of a probe's business. */
		HEAD_200 "Content-Length: 2\r\n\r\nokHTTP/1.1 500 No\r\n\r\n",
	};

	says(texts[_i], PEER_CLOSE);
	run(&wants_ok);
	GOOD();
	ck_assert_str_eq(asked,
	    "GET / HTTP/1.1\r\nHost: e:1\r\nUser-Agent: "
	    "penstock/" PENSTOCK_VERSION "\r\nConnection: close\r\n\r\n");
}
END_TEST

START_TEST(answer_without_body)
{
	struct kit_service k = http;

	k.head = true;
	says(HEAD_200 "Content-Length: 70000\r\n\r\n", PEER_STAY);
	run(&k);
	GOOD();
}
END_TEST

START_TEST(wrong_status)
{
	says("HTTP/1.1 503 No\r\nContent-Length: 100\r\n\r\n", PEER_STAY);
	run(&http);
	came_to(PROBE_BAD, CAUSE_PROBE_STATUS, 503);
}
END_TEST

START_TEST(wrong_body)
{
	says(HEAD_200 "Content-Length: 4\r\n\r\nnope", PEER_CLOSE);
	run(&wants_ok);
	came_to(PROBE_BAD, CAUSE_PROBE_BODY, 0);
}
END_TEST

START_TEST(broken_answers)
{
	static const struct {
		const char *text;
		int then;
	} c[] = { { "SSH-2.0-x\r\n\r\n", PEER_STAY }, { "", PEER_CLOSE },
		{ "", PEER_RESET }, { "HTTP/1.1 2", PEER_CLOSE },
		{ HEAD_200 "Content-Length: 9\r\n\r\nok", PEER_CLOSE },
		{ HEAD_200 "Content-Length: 9\r\n\r\nok", PEER_RESET },
		{ "HTTP/1.1 101 Up\r\n\r\n", PEER_STAY },
		{ HEAD_200 "Transfer-Encoding: chunked\r\n\r\nx\r\n",
		    PEER_STAY } };

	says(c[_i].text, c[_i].then);
	run(&wants_ok);
	came_to(PROBE_BAD, CAUSE_PROBE_BROKEN, 0);
}
END_TEST

/* A body of `size` bytes that ends with "ok", announced as longer still. */
static const char *
long_answer(size_t size)
{
	static const char head[] = HEAD_200 "Content-Length: 9000000\r\n\r\n";
	char *text = malloc(sizeof(head) + size);

	ck_assert_ptr_nonnull(text);
	memcpy(text, head, sizeof(head) - 1);
	memset(text + sizeof(head) - 1, 'x', size);
	memcpy(text + sizeof(head) - 1 + size - 2, "ok", 3);
	return text;
}

START_TEST(first_part_of_a_long_body)
{
	size_t size = PROBE_BODY_BYTES + (_i == 0 ? 0 : 1);

	says(long_answer(size), PEER_STAY);
	run(&wants_ok);
	if (_i == 0)
		GOOD();
	else
		came_to(PROBE_BAD, CAUSE_PROBE_BODY, 0);
	free((void *)(uintptr_t)answer);
}
END_TEST

START_TEST(long_body_that_is_not_looked_at)
{
	says(long_answer(PROBE_BODY_BYTES), PEER_STAY);
	run(&http);
	GOOD();
	free((void *)(uintptr_t)answer);
}
END_TEST

START_TEST(refused)
{
	close(listener);
	listener = -1;
	run(_i == 0 ? &http : &tcp);
	came_to(PROBE_BAD, CAUSE_PROBE_CONNECT, ECONNREFUSED);
}
END_TEST

START_TEST(hangs)
{
	static const char *const texts[] = { NULL, HEAD_200,
		HEAD_200 "Content-Length: 2\r\n\r\no" };

	if (texts[_i] != NULL)
		says(texts[_i], PEER_STAY);
	run(&hasty);
	came_to(PROBE_BAD, CAUSE_PROBE_TIMEOUT, 0);
}
END_TEST

/* As if this process had been held up beyond the probe's time. */
static void
hold_up(void)
{
	clock_set_birth(
	    clock_raw_us() - clock_now().us - patient.timeout_us - 200000);
}

static void
until_asked(void)
{
	start(&patient);
	while (asked_n == 0) {
		ck_assert(loop_turn(&loop, 0));
		peer = peer >= 0 ? peer : sock_accept(listener, NULL);
		if (peer >= 0)
			asked_n += recv(peer, asked, 1, MSG_DONTWAIT) > 0;
	}
}

/* The answer was there in time, and this process was not. */
START_TEST(late_reader)
{
	says(HEAD_200 "Content-Length: 0\r\n\r\n", PEER_STAY);
	until_asked();
	hold_up();
	/* Its timer runs first; only then do the bytes arrive. */
	ck_assert(loop_turn(&loop, 0));
	ck_assert_uint_eq(ends, 0);
	ck_assert_int_eq(send(peer, answer, answer_n, 0), answer_n);
	finish();
	GOOD();
}
END_TEST

START_TEST(late_reader_waits_once)
{
	until_asked();
	hold_up();
	ck_assert(loop_turn(&loop, 0));
	ck_assert_uint_eq(ends, 0);
	hold_up();
	ck_assert(loop_turn(&loop, 0));
	ck_assert_uint_eq(ends, 1);
	came_to(PROBE_BAD, CAUSE_PROBE_TIMEOUT, 0);
}
END_TEST

START_TEST(connects)
{
	run(&tcp);
	GOOD();
	while (peer < 0)
		peer = sock_accept(listener, NULL);
	/* Closed in order, and without a byte. */
	while (recv(peer, asked, 1, 0) < 0)
		ck_assert(errno == EAGAIN);
}
END_TEST

START_TEST(no_descriptors)
{
	struct rlimit limit;
	int next = dup(0);

	ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &limit), 0);
	limit.rlim_cur = (rlim_t)next;
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
	close(next);
	next = dup(0);
	run(&http);
	came_to(PROBE_PUT_OFF, CAUSE_PROBE_CONNECT, EMFILE);
	close(next);
}
END_TEST

START_TEST(aborted)
{
	start(&http);
	probe_abort(&probe);
	probe_abort(&probe);
	finish();
	ck_assert_int_eq(probe.result, PROBE_ABORTED);
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("probe");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_loop_test(tc, good_answers, 0, 5);
	tcase_add_test(tc, answer_without_body);
	tcase_add_test(tc, wrong_status);
	tcase_add_test(tc, wrong_body);
	tcase_add_loop_test(tc, broken_answers, 0, 8);
	tcase_add_loop_test(tc, first_part_of_a_long_body, 0, 2);
	tcase_add_test(tc, long_body_that_is_not_looked_at);
	tcase_add_loop_test(tc, refused, 0, 2);
	tcase_add_loop_test(tc, hangs, 0, 3);
	tcase_add_test(tc, late_reader);
	tcase_add_test(tc, late_reader_waits_once);
	tcase_add_test(tc, connects);
	tcase_add_test(tc, no_descriptors);
	tcase_add_test(tc, aborted);
	return fixture_run(tc, "probe");
}
