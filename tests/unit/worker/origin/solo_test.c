/*
 * Tests of solo.c: which connections go back to the pool.
 */
#include "tests/unit/worker/origin/call_kit.h"

#define READ_FIRST 16384 /* of an answer, at once */

static void
on_end_next(struct call *c, const struct head *trailers)
{
	on_end(c, trailers);
	ck_assert_int_eq(start(1, 0, false), CALL_CONNECTED);
}

/* Call 1 begins from within the end of call 0. */
static const struct call_sink followed = {
	.ready = on_ready,
	.head = on_head,
	.data = on_data,
	.end = on_end_next,
	.failed = on_failed,
	.drained = on_drained,
	.burst = on_nothing,
};

static void
turns_until_ended(void)
{
	for (int n = 0; n < 200 && strchr(story[0], 'e') == NULL; n++)
		turn();
	ck_assert_str_eq(story[0], "rhde");
}

/* An answer of so many bytes, its head included, and what is behind it. */
static void
answer(size_t size, const char *behind)
{
	static char bytes[2 * READ_FIRST];
	size_t more = strlen(behind);
	int head = snprintf(bytes, sizeof(bytes),
	    "HTTP/1.1 200 OK\r\nContent-Length: %05zu\r\n\r\n", size);

	head = snprintf(bytes, sizeof(bytes),
	    "HTTP/1.1 200 OK\r\nContent-Length: %05zu\r\n\r\n",
	    size - (size_t)head);
	memset(bytes + head, 'x', size - (size_t)head);
	memcpy(bytes + size, behind, more);
	ck_assert_int_eq(send(peers[0], bytes, size + more, MSG_NOSIGNAL),
	    (ssize_t)(size + more));
}

static void
start_followed(void)
{
	begin(0);
	ck_assert_int_eq(start(0, 0, true), CALL_CONNECTED);
	calls[0].sink = &followed;
	for (int n = 0; n < 200 && strcmp(story[0], "r") != 0; n++)
		turn();
	peers[0] = accept(listening, NULL, NULL);
	ck_assert_int_ge(peers[0], 0);
}

START_TEST(kept_when_a_read_was_filled_by_its_answer)
{
	start_followed();
	answer(READ_FIRST, "");
	turns_until_ended();
	ck_assert(calls[1].reused);
	end();
}
END_TEST

/* Of what is unread, the next call would make its answer. */
START_TEST(not_kept_with_bytes_that_are_unread)
{
	start_followed();
	answer(READ_FIRST, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
	turns_until_ended();
	ck_assert(!calls[1].reused);
	turn();
	ck_assert_str_eq(story[1], "r");
	end();
}
END_TEST

START_TEST(not_kept_with_bytes_that_were_read)
{
	start_followed();
	answer(READ_FIRST / 2, "HTTP/1.1 200 OK\r\n");
	turns_until_ended();
	ck_assert(!calls[1].reused);
	end();
}
END_TEST

START_TEST(not_kept_with_an_end_that_is_unread)
{
	start_followed();
	answer(READ_FIRST / 2, "");
	shutdown(peers[0], SHUT_WR);
	turns_until_ended();
	ck_assert(!calls[1].reused);
	end();
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("solo");

	tcase_add_test(tc, kept_when_a_read_was_filled_by_its_answer);
	tcase_add_test(tc, not_kept_with_bytes_that_are_unread);
	tcase_add_test(tc, not_kept_with_bytes_that_were_read);
	tcase_add_test(tc, not_kept_with_an_end_that_is_unread);
	return fixture_run(tc, "solo");
}
