/*
 * Tests of otlp.c and its rooms against a receiver on the same loop: what it
 * gets, in either encoding, and what becomes of spans that it does not take.
 */
#include "tools/otlp.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/base/log.h"
#include "common/base/text.h"
#include "tests/unit/tools/otlp_kit.h"
#include "tools/otlp_encoding.h"
#include "tools/otlp_wire.h"

/* ---- a receiver ---- */

#define CLIENTS 8

struct client {
	struct loop_watch watch; /* fd -1: a free place */
	struct text said;
};

static struct loop loop;
static struct loop_watch listener;
static struct client clients[CLIENTS];
static uint16_t port;
static unsigned asked;
static struct text head, body; /* of the last request */
static const char *status, *fields;
static struct slice answer;
static bool silent;

static void
client_leave(struct client *c)
{
	loop_remove(&loop, &c->watch);
	(void)close(c->watch.fd);
	c->watch.fd = -1;
	text_fini(&c->said);
}

static void
client_answer(struct client *c)
{
	char text[1024];
	int n = snprintf(text, sizeof(text),
	    "HTTP/1.1 %s\r\n%sContent-Length: %zu\r\n\r\n", status, fields,
	    answer.n);

	if (silent)
		return;
	ck_assert_int_eq(send(c->watch.fd, text, (size_t)n, 0), n);
	if (answer.n != 0)
		ck_assert(send(c->watch.fd, answer.p, answer.n, 0) > 0);
}

/* A whole request: its head, and as many bytes as that says. */
static void
client_hear(struct client *c)
{
	const char *end, *length;
	size_t n, bytes;

	end = memmem(c->said.p, c->said.n, "\r\n\r\n", 4);
	if (end == NULL)
		return;
	n = (size_t)(end - c->said.p) + 4;
	length = memmem(c->said.p, n, "Content-Length: ", 16);
	ck_assert_ptr_nonnull(length);
	bytes = strtoul(length + 16, NULL, 10);
	if (c->said.n < n + bytes)
		return;
	ck_assert_uint_eq(c->said.n, n + bytes);
	text_clear(&head);
	text_add(&head, slice_make(c->said.p, n));
	text_clear(&body);
	text_add(&body, slice_make(c->said.p + n, bytes));
	text_clear(&c->said);
	asked++;
	client_answer(c);
}

static void
client_ready(struct loop_watch *w, unsigned events)
{
	struct client *c = CONTAINER_OF(w, struct client, watch);
	char bytes[65536];
	ssize_t n = recv(w->fd, bytes, sizeof(bytes), MSG_DONTWAIT);

	(void)events;
	if (n <= 0) {
		client_leave(c);
		return;
	}
	text_add(&c->said, slice_make(bytes, (size_t)n));
	client_hear(c);
}

static void
client_come(struct loop_watch *w, unsigned events)
{
	struct client *c = clients;

	(void)events;
	while (c->watch.fd >= 0)
		c++;
	ck_assert(c < &clients[CLIENTS]);
	c->watch = (struct loop_watch){ .fn = client_ready,
		.fd = accept4(w->fd, NULL, NULL, SOCK_CLOEXEC) };
	ck_assert_int_ge(c->watch.fd, 0);
	ck_assert(loop_add(&loop, &c->watch, true));
}

static void
receiver_open(void)
{
	struct sockaddr_in sin = { .sin_family = AF_INET };
	socklen_t n = sizeof(sin);

	for (int i = 0; i < CLIENTS; i++)
		clients[i].watch.fd = -1;
	sin.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	listener = (struct loop_watch){ .fn = client_come,
		.fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0) };
	ck_assert_int_eq(bind(listener.fd, (void *)&sin, sizeof(sin)), 0);
	ck_assert_int_eq(listen(listener.fd, 8), 0);
	ck_assert_int_eq(getsockname(listener.fd, (void *)&sin, &n), 0);
	port = ntohs(sin.sin_port);
	ck_assert(loop_add(&loop, &listener, true));
}

static void
receiver_close(void)
{
	for (int i = 0; i < CLIENTS; i++)
		if (clients[i].watch.fd >= 0)
			client_leave(&clients[i]);
	if (listener.fd < 0)
		return;
	loop_remove(&loop, &listener);
	(void)close(listener.fd);
	listener.fd = -1;
}

/* ---- what is configured ---- */

static struct {
	struct img_head head;
	struct img_str lists[4];
	struct img_route routes[1];
	struct img_route_more more[1];
	char text[1024];
} image;
static size_t image_used;
static struct img_tracing *const rule = &image.head.telemetry.tracing;

static struct img_str
text_of(const char *s)
{
	struct img_str to = { .off = (uint32_t)(offsetof(typeof(image), text) +
				  image_used),
		.len = (uint32_t)strlen(s) };

	memcpy(image.text + image_used, s, strlen(s));
	image_used += strlen(s);
	return to;
}

static void
configure(bool json)
{
	char url[64];

	memset(&image, 0, sizeof(image));
	image_used = 0;
	(void)snprintf(url, sizeof(url), "http://127.0.0.1:%u/v1/traces", port);
	*rule = (struct img_tracing){ .on = 1,
		.json = json,
		.timeout_us = 60000000,
		.interval_us = 10000,
		.queue_bytes = 65536,
		.batch = 4 };
	rule->endpoint = text_of(url);
	rule->service = text_of("edge");
	image.lists[0] = text_of("service.version=9 9");
	image.lists[1] = text_of("team = net=1");
	image.lists[2] = text_of("X-Key: secret");
	rule->resource = (struct img_span){
		.off = (uint32_t)offsetof(typeof(image), lists[0]), .count = 2
	};
	rule->headers = (struct img_span){
		.off = (uint32_t)offsetof(typeof(image), lists[2]), .count = 1
	};
	image.routes[0].name = text_of("user");
	image.more[0].path = text_of("/u/:id");
	image.head.routes_more.off = (uint32_t)offsetof(typeof(image), more);
	image.head.routes =
	    (struct img_span){ .off = (uint32_t)offsetof(typeof(image), routes),
		    .count = 1 };
}

/* ---- the export ---- */

static struct shm_readers readers;
static struct otlp *otlp;
static struct kit_record record;

static void
setup(void)
{
	ck_assert(log_open("/dev/null", LOG_LVL_CRITICAL, "test"));
	ck_assert(loop_init(&loop));
	receiver_open();
	asked = 0;
	silent = false;
	status = "200 OK";
	fields = "";
	answer = SLICE_NONE;
	memset(&readers, 0, sizeof(readers));
	otlp = otlp_new(&loop, &readers, SLICE_LIT("gw1"));
	ck_assert_ptr_nonnull(otlp);
	configure(false);
	otlp_configure(otlp, &image.head);
}

static void
teardown(void)
{
	if (otlp != NULL)
		otlp_free(otlp);
	receiver_close();
	ck_assert(loop_turn(&loop, 0));
	loop_fini(&loop);
	text_fini(&head);
	text_fini(&body);
}

/* A request with one call that failed: two spans. */
static void
take(void)
{
	struct record_request *q = kit_begin(&record, 1, 0);

	q->status = 503;
	q->why = kit_why("connect_failed");
	kit_attempt(&record, 0)->why = kit_why("connect_failed");
	kit_attempt(&record, 0)->connect_us = 5;
	kit_attempt(&record, 0)->total_us = 7;
	kit_text(&record, RECORD_ROUTE, "user");
	kit_text(&record, RECORD_PATH, "/u/\xff\"\\");
	kit_text(&record, RECORD_TRACESTATE, "a=1");
	otlp_take(otlp, kit_end(&record));
}

/* Until so many spans are taken or lost. */
static void
await(uint64_t taken, uint64_t lost)
{
	uint64_t end_us = clock_update().us + 60000000;

	while ((readers.spans < taken || readers.spans_lost < lost) &&
	    clock_now().us < end_us)
		ck_assert(loop_turn(&loop, 10000));
	ck_assert_uint_eq(readers.spans, taken);
	ck_assert_uint_eq(readers.spans_lost, lost);
}

START_TEST(spans_arrive)
{
	take();
	await(2, 0);
	ck_assert_uint_eq(asked, 1);
	ck_assert_uint_eq(readers.exports, 1);
	text_add_char(&head, '\0');
	ck_assert_ptr_nonnull(strstr(head.p, "POST /v1/traces HTTP/1.1\r\n"));
	ck_assert_ptr_nonnull(
	    strstr(head.p, "Content-Type: application/x-protobuf\r\n"));
	ck_assert_ptr_nonnull(strstr(head.p, "X-Key: secret\r\n"));
	ck_assert_ptr_null(strstr(head.p, "Expect"));
	ck_assert(otlp_idle(otlp));
}
END_TEST

START_TEST(full_batches_go_at_once)
{
	rule->interval_us = 1000000000;
	otlp_configure(otlp, &image.head);
	for (int i = 0; i < 5; i++)
		take();
	await(8, 0);
	ck_assert_uint_eq(asked, 2);
	ck_assert(!otlp_idle(otlp));
	otlp_stop(otlp);
	await(10, 0);
	ck_assert(otlp_idle(otlp));
	take(); /* it was recorded before the end, too */
	ck_assert(!otlp_idle(otlp));
	await(12, 0);
}
END_TEST

START_TEST(what_is_not_sampled)
{
	struct record_request *q = kit_begin(&record, 0, 0);

	q->flags = 0;
	otlp_take(otlp, kit_end(&record));
	ck_assert(otlp_idle(otlp));
	ck_assert_uint_eq(readers.spans_lost, 0);
	rule->endpoint.len = 0;
	otlp_configure(otlp, &image.head);
	take(); /* it was recorded before that */
	await(0, 2);
}
END_TEST

/* More paths than there is room for: the spans go out without them. */
START_TEST(many_long_paths)
{
	enum { ROUTES = 5000, PATH = 3900 };
	size_t at = sizeof(image) +
	    ROUTES * (sizeof(struct img_route) + sizeof(struct img_route_more));
	char *large = malloc(at + PATH + ROUTES * 8);
	struct img_route *routes = (void *)(large + sizeof(image));
	struct img_route_more *more = (void *)(routes + ROUTES);
	struct img_head *img = (void *)large;

	ck_assert_ptr_nonnull(large);
	memcpy(large, &image, sizeof(image));
	memset(routes, 0, at - sizeof(image));
	memset(large + at, 'p', PATH);
	for (uint32_t i = 0; i < ROUTES; i++) {
		size_t name = at + PATH + i * 8;

		(void)snprintf(large + name, 8, "%07u", i);
		routes[i].name = (struct img_str){ (uint32_t)name, 7 };
		more[i].path = (struct img_str){ (uint32_t)at, PATH };
	}
	img->routes = (struct img_span){ sizeof(image), ROUTES };
	img->routes_more =
	    (struct img_span){ (uint32_t)((char *)more - large), ROUTES };
	img->bytes = at + PATH + ROUTES * 8;
	otlp_configure(otlp, img);
	free(large);
	take();
	await(2, 0);
}
END_TEST

/* ---- what the receiver says ---- */

START_TEST(tried_again)
{
	struct text first;

	text_init(&first);
	status = "503 Busy";
	fields = "Retry-After: 0\r\n";
	take();
	while (asked == 0)
		ck_assert(loop_turn(&loop, 10000));
	text_add(&first, text_slice(&body));
	status = "200 OK";
	await(2, 0);
	ck_assert_uint_eq(asked, 2);
	ck_assert(slice_eq(text_slice(&first), text_slice(&body)));
	ck_assert_uint_eq(readers.exports_failed, 1);
	ck_assert_uint_eq(readers.exports, 1);
	text_fini(&first);
}
END_TEST

/* Once for each way in which it fails. */
START_TEST(complaints)
{
	static const char *const want[] = { "answers with 503",
		"answers with 401" };
	char path[] = "/tmp/otlp-test.XXXXXX", said[4096] = "";
	int fd = mkstemp(path);

	ck_assert_int_ge(fd, 0);
	ck_assert(log_open(path, LOG_LVL_WARN, "test"));
	status = "503 Busy";
	fields = "Retry-After: 0\r\n";
	take();
	while (asked < 2)
		ck_assert(loop_turn(&loop, 10000));
	status = "401 Who";
	await(0, 2);
	ck_assert(log_open("/dev/null", LOG_LVL_CRITICAL, "test"));
	ck_assert_int_gt(read(fd, said, sizeof(said) - 1), 0);
	for (int i = 0; i < 2; i++) {
		const char *at = strstr(said, want[i]);

		ck_assert_msg(at != NULL, "%s: %s", want[i], said);
		ck_assert_ptr_null(strstr(at + 1, want[i]));
	}
	(void)close(fd);
	ck_assert_int_eq(unlink(path), 0);
}
END_TEST

/* Not before the receiver wants it. */
START_TEST(retry_after)
{
	uint64_t us;

	status = "503 Busy";
	fields = "Retry-After: 1\r\n";
	take();
	while (readers.exports_failed == 0)
		ck_assert(loop_turn(&loop, 10000));
	us = clock_now().us;
	status = "200 OK";
	take();
	await(4, 0);
	ck_assert_uint_ge(clock_now().us - us, 1000000);
}
END_TEST

static const char *const refused[] = { "400 Bad", "401 Who", "404 Where",
	"413 Large", "500 Broken", "301 There" };

START_TEST(refused_for_good)
{
	status = refused[_i];
	take();
	await(0, 2);
	ck_assert_uint_eq(readers.exports_failed, 1);
	status = "200 OK";
	take();
	await(2, 2);
	ck_assert_uint_eq(asked, 2);
}
END_TEST

START_TEST(partial_success)
{
	answer = SLICE_LIT("\x0a\x07\x08\x01\x12\x03"
			   "why");
	take();
	await(1, 1);
	/* More than there were: it is not believed. */
	answer = SLICE_LIT("\x0a\x02\x08\x63");
	take();
	await(1, 3);
	/* What cannot be read says nothing. */
	answer = SLICE_LIT("\x0a\x63");
	take();
	await(3, 3);
}
END_TEST

START_TEST(partial_success_in_json)
{
	configure(true);
	otlp_configure(otlp, &image.head);
	answer = SLICE_LIT("{\"partialSuccess\":{\"rejectedSpans\":\"1\","
			   "\"errorMessage\":\"a\\u00e4\"}}");
	take();
	await(1, 1);
	answer = SLICE_LIT("{\"partialSuccess\":{\"rejectedSpans\":2}}");
	take();
	await(1, 3);
	answer = SLICE_LIT("{\"partialSuccess\":{}}");
	take();
	await(3, 3);
	answer = SLICE_LIT("{");
	take();
	await(5, 3);
	answer = SLICE_LIT("{\"partialSuccess\":{\"rejectedSpans\":\"-3\"}}");
	take();
	await(7, 3);
}
END_TEST

/* ---- no receiver ---- */

START_TEST(bounded)
{
	uint64_t taken;

	receiver_close();
	for (int i = 0; i < 1000; i++) {
		take();
		ck_assert(loop_turn(&loop, 0));
	}
	ck_assert_uint_gt(readers.spans_lost, 1000);
	taken = 2000 - readers.spans_lost;
	ck_assert_uint_gt(taken, 65536 / 1024);
	otlp_free(otlp);
	otlp = NULL;
	ck_assert_uint_eq(readers.spans_lost, 2000);
	ck_assert_uint_eq(readers.spans, 0);
}
END_TEST

/* It is not waited for when the process is to end. */
START_TEST(a_dead_one_at_the_end)
{
	receiver_close();
	for (int i = 0; i < 20; i++)
		take();
	otlp_stop(otlp);
	await(0, 40);
	ck_assert(otlp_idle(otlp));
}
END_TEST

/* Neither is one that says nothing. */
START_TEST(a_silent_one)
{
	silent = true;
	rule->timeout_us = 100000;
	otlp_configure(otlp, &image.head);
	take();
	while (readers.exports_failed == 0)
		ck_assert(loop_turn(&loop, 10000));
	ck_assert_uint_eq(readers.spans_lost, 0);
	silent = false;
	rule->timeout_us = 60000000;
	otlp_configure(otlp, &image.head);
	await(2, 0);
}
END_TEST

/* What is under way ends as it began. */
START_TEST(configured_meanwhile)
{
	silent = true;
	for (int i = 0; i < 3; i++)
		take();
	while (asked == 0)
		ck_assert(loop_turn(&loop, 10000));
	configure(true);
	otlp_configure(otlp, &image.head);
	silent = false;
	take();
	await(4, 0);
	text_add_char(&head, '\0');
	ck_assert_ptr_nonnull(
	    strstr(head.p, "Content-Type: application/json\r\n"));
	rule->on = 0;
	otlp_configure(otlp, &image.head);
	take();
	await(4, 2);
	otlp_free(otlp);
	otlp = NULL;
	ck_assert_uint_eq(readers.spans_lost, 6);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("otlp");
	TCase *t = tcase_create("otlp");
	SRunner *sr;
	int failed;

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, spans_arrive);
	tcase_add_test(t, full_batches_go_at_once);
	tcase_add_test(t, what_is_not_sampled);
	tcase_add_test(t, many_long_paths);
	tcase_add_test(t, tried_again);
	tcase_add_test(t, complaints);
	tcase_add_test(t, retry_after);
	tcase_add_loop_test(t, refused_for_good, 0,
	    (int)(sizeof(refused) / sizeof(refused[0])));
	tcase_add_test(t, partial_success);
	tcase_add_test(t, partial_success_in_json);
	tcase_add_test(t, bounded);
	tcase_add_test(t, a_dead_one_at_the_end);
	tcase_add_test(t, a_silent_one);
	tcase_add_test(t, configured_meanwhile);
	suite_add_tcase(s, t);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_NORMAL);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
