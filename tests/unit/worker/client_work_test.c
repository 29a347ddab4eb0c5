/*
 * Tests of client_work.c: connections that speak HTTP/1, over a pair of
 * sockets: when they have their work, and that nothing is lost with it.
 */
#include <sys/socket.h>

#include "tests/unit/worker/client_kit.h"
#include "worker/flow/reply.h"

#define LAST_REQUEST "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"

static struct req *asked; /* the request that has come, until it ends */
static int peer;          /* the client's socket */
static int at_once;       /* requests that are answered as they come */

static void
answer(void)
{
	reply_body(asked, 200, SLICE_LIT("text/plain"), SLICE_LIT("ok"), NULL);
}

/* ---- in place of the endpoint ---- */

static void
handler_nothing(struct req *q)
{
	(void)q;
}

static const struct req_handler handler = { .room = handler_nothing,
	.abort = handler_nothing };

static enum verdict
take(struct req *q)
{
	asked = q;
	q->handler = &handler;
	req_set_state(q, REQ_HANDLED);
	if (at_once != 0) {
		at_once--;
		answer();
	}
	return DONE;
}

static void
note_end(const struct req *q)
{
	(void)q;
	asked = NULL;
}

/* ---- */

static void
turn(void)
{
	ck_assert(loop_turn(&loop, 0));
	client_works_turn(&clients);
}

static void
pass(uint64_t us)
{
	own_us += us;
	(void)clock_update();
	turn();
}

static void
say(const char *text)
{
	ck_assert_int_eq(
	    write(peer, text, strlen(text)), (ssize_t)strlen(text));
	turn();
}

/* What has arrived at the client; true when it is the end. */
static bool
hear(char *text, size_t room)
{
	ssize_t n = read(peer, text, room - 1);

	text[n > 0 ? n : 0] = '\0';
	return n == 0;
}

static struct client *
connection(void)
{
	ck_assert(!list_empty(&clients.all));
	return CONTAINER_OF(clients.all.next, struct client, link);
}

/* A connection on which this is to be read when it is accepted. */
static void
arrive(const char *text)
{
	const struct arrival a = { .protocols = IMG_PROTOCOL_H1 };
	int pair[2];

	ck_assert_int_eq(
	    socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair), 0);
	peer = pair[1];
	ck_assert_int_eq(
	    write(peer, text, strlen(text)), (ssize_t)strlen(text));
	clients_accept(&clients, pair[0], &a);
	turn();
}

static void
set_up(void)
{
	kit_begin(take, note_end, (struct codec_limits){ 16384, 8192, 100 });
	asked = NULL;
	arrive("");
}

static void
tear_down(void)
{
	clients_stop(&clients);
	turn();
	ck_assert_uint_eq(clients.works.used, clients.spares);
	ck_assert(list_empty(&clients.resting));
	kit_end(peer);
}

/* While a request is on it, and only then. */
START_TEST(taken_and_given)
{
	char text[1000];

	ck_assert_ptr_null(connection()->work);
	for (int i = 0; i < 3; i++) {
		say("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
		ck_assert_ptr_nonnull(asked);
		ck_assert_uint_eq(clients.works.used, 1);
		answer();
		/* Nothing of it goes within the call. */
		ck_assert_ptr_nonnull(connection()->work);
		turn();
		ck_assert_ptr_null(connection()->work);
		ck_assert_uint_eq(clients.spares, 1);
		ck_assert(!hear(text, sizeof(text)));
		ck_assert_ptr_nonnull(strstr(text, "200 OK"));
	}
	ck_assert_uint_eq(connection()->requests, 3);
}
END_TEST

START_TEST(kept_with_a_part_of_a_head)
{
	char text[1000];

	say("GET / HTTP/1.1\r\nHost: a\r\n\r\nGET /b");
	answer();
	turn();
	turn();
	ck_assert_ptr_nonnull(connection()->work);
	say(" HTTP/1.1\r\nHost: a\r\n\r\n");
	ck_assert_ptr_nonnull(asked);
	ck_assert(slice_eq(asked->head.target, SLICE_LIT("/b")));
	answer();
	turn();
	ck_assert_ptr_null(connection()->work);
	(void)hear(text, sizeof(text));
}
END_TEST

/* An answer that its client does not take yet. */
START_TEST(kept_until_taken)
{
	static char bytes[4 << 20];
	char text[65536];

	say("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
	reply_body(asked, 200, SLICE_LIT("text/plain"),
	    slice_make(bytes, sizeof(bytes)), NULL);
	turn();
	ck_assert_ptr_null(asked);
	ck_assert_int_eq(connection()->state, CLIENT_IDLE);
	ck_assert_ptr_nonnull(connection()->work);
	for (int i = 0; i < 1000 && connection()->work != NULL; i++) {
		while (read(peer, text, sizeof(text)) > 0)
			continue;
		turn();
	}
	ck_assert_ptr_null(connection()->work);
	pass(75 * S + 2000);
	turn();
	ck_assert_uint_eq(clients.count, 0);
}
END_TEST

/* It closes when it was idle for too long, with its work or without. */
START_TEST(idle)
{
	char text[1000];

	say("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
	answer();
	turn();
	(void)hear(text, sizeof(text));
	pass(74 * S);
	ck_assert_uint_eq(clients.count, 1);
	pass(1 * S + 2000);
	ck_assert_uint_eq(clients.count, 0);
	ck_assert(hear(text, sizeof(text)));
}
END_TEST

/* A first head has the time that began with the connection. */
START_TEST(first_head)
{
	char text[1000];

	pass(6 * S);
	say("GET / HTTP");
	ck_assert_ptr_nonnull(connection()->work);
	pass(3 * S);
	ck_assert(!hear(text, sizeof(text)) && text[0] == '\0');
	pass(1 * S + 2000);
	(void)hear(text, sizeof(text));
	ck_assert_ptr_nonnull(strstr(text, "408 Request Timeout"));
}
END_TEST

/* Instead of the one that there is. */
static void
arrive_instead(const char *text)
{
	close(peer);
	turn();
	ck_assert_uint_eq(clients.count, 0);
	arrive(text);
	ck_assert_ptr_nonnull(asked);
}

/* The loop need not know of who only waits for the last answer. */
START_TEST(aside_for_the_last_answer)
{
	char text[1000];

	arrive_instead("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
	ck_assert(!io_is_aside(&connection()->io));
	answer();
	arrive_instead(LAST_REQUEST);
	ck_assert(io_is_aside(&connection()->io));
	ck_assert_uint_le(client_works_turn(&clients), 10000);
	answer();
	turn();
	ck_assert_uint_eq(clients.count, 0);
	ck_assert_uint_eq(client_works_turn(&clients), UINT64_MAX);
	ck_assert(!hear(text, sizeof(text)));
	ck_assert_ptr_nonnull(strstr(text, "200 OK"));
	ck_assert(hear(text, sizeof(text)));
}
END_TEST

START_TEST(not_aside_for_long)
{
	arrive_instead(LAST_REQUEST);
	ck_assert(io_is_aside(&connection()->io));
	pass(10000);
	ck_assert(!io_is_aside(&connection()->io));
	ck_assert(list_empty(&clients.aside));
	answer();
	turn();
	ck_assert_uint_eq(clients.count, 0);
}
END_TEST

/* What it still says must not reset the connection. */
START_TEST(aside_with_more)
{
	char text[1000];

	arrive_instead(LAST_REQUEST);
	say("\r\n");
	answer();
	turn();
	ck_assert_uint_eq(clients.count, 1);
	ck_assert_int_eq(connection()->state, CLIENT_CLOSING);
	ck_assert(!io_is_aside(&connection()->io));
	ck_assert(!hear(text, sizeof(text)));
	ck_assert(hear(text, sizeof(text)));
	close(peer);
	turn();
	ck_assert_uint_eq(clients.count, 0);
	arrive("");
}
END_TEST

/* Behind one that was answered as it came, so that its work may be idle. */
START_TEST(aside_behind_another)
{
	at_once = 1;
	arrive_instead("GET / HTTP/1.1\r\nHost: a\r\n\r\n" LAST_REQUEST);
	ck_assert(io_is_aside(&connection()->io));
	ck_assert_uint_le(client_works_turn(&clients), 10000);
	ck_assert(list_empty(&clients.resting));
	answer();
	turn();
	ck_assert_uint_eq(clients.count, 0);
	ck_assert(list_empty(&clients.aside));
}
END_TEST

/* As many as are idle are small: five cache lines each. */
START_TEST(small)
{
	ck_assert_uint_le(sizeof(struct client), 320);
	ck_assert_uint_eq(clients.works.used, 0);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("client_work");
	TCase *tc = tcase_create("client_work");
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(tc, set_up, tear_down);
	tcase_add_test(tc, taken_and_given);
	tcase_add_test(tc, kept_with_a_part_of_a_head);
	tcase_add_test(tc, kept_until_taken);
	tcase_add_test(tc, idle);
	tcase_add_test(tc, first_head);
	tcase_add_test(tc, aside_for_the_last_answer);
	tcase_add_test(tc, not_aside_for_long);
	tcase_add_test(tc, aside_with_more);
	tcase_add_test(tc, aside_behind_another);
	tcase_add_test(tc, small);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
