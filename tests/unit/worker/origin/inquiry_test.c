/*
 * Tests of inquiry.c and inquiry_try.c: a question and its answer, what is
 * asked again and what is not, and that nothing is left of it.
 */
#include "tests/unit/worker/origin/call_kit.h"

#include "shm/budget.h"
#include "worker/origin/inquiry.h"

#define ANSWER "HTTP/1.1 200 OK\r\nX-A: b\r\nContent-Length: 2\r\n\r\nok"
#define REQUEST_END "\r\n\r\ntoken=a"

static struct {
	_Alignas(8) struct img_head head;
	struct img_service service;
} image;

static struct inquiry_ask ask;
static struct head question;
static struct field fields[INQUIRY_FIELDS_MAX + 1];
static struct inquiry *inquiry;
static unsigned told, status, woken;
static enum why why;
static char body[64];
static size_t body_bytes;

static void
done(void *user, const struct inquiry_answer *a)
{
	ck_assert_ptr_eq(user, &image);
	ck_assert_ptr_nonnull(inquiry);
	told++;
	why = a->why;
	status = a->head != NULL ? a->head->status : 0;
	body_bytes = a->body.n;
	(void)snprintf(body, sizeof(body), "%.*s", SLICE_FMT(a->body));
}

static void
wake(struct env *e)
{
	(void)e;
	woken++;
}

static unsigned
pins(void)
{
	return atomic_load(&region.state->pins[0].image[0]);
}

static void
begin_asking(uint32_t max_connections)
{
	begin(max_connections);
	envs[0].wake_others = wake;
	memset(&image, 0, sizeof(image));
	image.service = (struct img_service){ .slot = calls[0].params.service,
		.tls = IMG_NONE,
		.balance = IMG_BALANCE_P2C,
		.protocol = IMG_PROTOCOL_H1,
		.max_connections = max_connections,
		.timeouts = { .connect = 5000000,
		    .response = 5000000,
		    .send = 5000000 },
		.pool_max_idle = 8,
		.pool_idle_us = 5000000,
		.passive = { .failures = 100, .time_us = 1000000 } };
	image.head.limits.response_head_bytes = 4096;
	image.head.services.off =
	    (uint32_t)((char *)&image.service - (char *)&image.head);
	image.head.services.count = 1;
	question = (struct head){ .method = METHOD_POST,
		.method_text = SLICE_LIT("POST"),
		.target = SLICE_LIT("/ask"),
		.fields = fields };
	question.count = 0;
	head_add(&question, FIELD_ACCEPT, SLICE_LIT("text/plain"));
	ask = (struct inquiry_ask){ .image = &image.head,
		.timeout_us = 5000000,
		.head = &question,
		.body = SLICE_LIT("token=a") };
	told = status = woken = 0;
	inquiry = NULL;
}

static void
end_asking(void)
{
	ck_assert_uint_eq(pins(), 0);
	end();
}

static void
ask_now(void)
{
	told = 0;
	inquiry = NULL;
	clock_update();
	inquiry = inquiry_begin(&envs[0], &ask, done, &image);
	ck_assert_ptr_nonnull(inquiry);
	ck_assert_uint_eq(pins(), 1);
}

/* Its connection is peer i, which has read all of it. */
static void
hear(uint32_t i)
{
	char text[1024];
	size_t n = 0;

	for (int k = 0; k < 200 && peers[i] < 0; k++) {
		turn();
		peers[i] = accept(listening, NULL, NULL);
	}
	ck_assert_int_ge(peers[i], 0);
	do {
		ssize_t got_now;

		turn();
		got_now = recv(
		    peers[i], text + n, sizeof(text) - 1 - n, MSG_DONTWAIT);
		n += got_now > 0 ? (size_t)got_now : 0;
		text[n] = '\0';
	} while (strstr(text, REQUEST_END) == NULL);
	ck_assert_int_eq(
	    strncmp(text, "POST /ask HTTP/1.1\r\nHost: 127.", 30), 0);
	ck_assert_ptr_nonnull(strstr(text, "\r\nAccept: text/plain\r\n"));
	ck_assert_ptr_nonnull(strstr(text, "\r\nContent-Length: 7\r\n"));
}

static void
say(uint32_t i, const char *text, size_t n)
{
	ck_assert_int_eq(send(peers[i], text, n, MSG_NOSIGNAL), (ssize_t)n);
}

static void
turns_until_told(void)
{
	for (int n = 0; n < 300 && told == 0; n++)
		turn();
	ck_assert_uint_eq(told, 1);
	ck_assert_uint_eq(pins(), 0);
}

static void
hang_up(uint32_t i)
{
	close(peers[i]);
	peers[i] = -1;
}

START_TEST(an_answer)
{
	begin_asking(0);
	ask_now();
	/* What it was asked with need not stay. */
	memset(fields, 0, sizeof(fields));
	hear(0);
	expect(1, 0, 1);
	say(0, "HTTP/1.1 100 Continue\r\n\r\n", 25);
	say(0, ANSWER, strlen(ANSWER));
	turns_until_told();
	ck_assert_int_eq(why, WHY_OK);
	ck_assert_uint_eq(status, 200);
	ck_assert_str_eq(body, "ok");
	expect(0, 1, 1);
	expect_tally(1, 0, 0);
	turn();
	ck_assert_uint_eq(told, 1);
	end_asking();
}
END_TEST

START_TEST(a_connection_that_is_there)
{
	begin_asking(0);
	ask_now();
	hear(0);
	say(0, ANSWER, strlen(ANSWER));
	turns_until_told();
	ask_now();
	hear(0);
	expect(1, 0, 1);
	/* Closed before a byte came: once more, on a fresh one. */
	hang_up(0);
	hear(1);
	say(1, ANSWER, strlen(ANSWER));
	turns_until_told();
	ck_assert_int_eq(why, WHY_OK);
	/* It is a call's as well. */
	ck_assert_int_eq(start(0, 0, false), CALL_CONNECTED);
	ck_assert(calls[0].reused);
	end_asking();
}
END_TEST

/* The others that idle may be closing as well. */
START_TEST(a_fresh_connection_after_a_stale_one)
{
	char text[512];

	begin_asking(0);
	for (uint32_t i = 0; i < 2; i++) {
		ck_assert_int_eq(start(i, 0, true), CALL_CONNECTED);
		for (int n = 0; n < 200 && peers[i] < 0; n++) {
			turn();
			peers[i] = accept(listening, NULL, NULL);
		}
		ck_assert_int_gt(recv(peers[i], text, sizeof(text), 0), 0);
		say(i, ANSWER, strlen(ANSWER));
		turn();
	}
	expect(0, 2, 2);
	ask_now();
	hear(1);
	hang_up(1);
	hear(2);
	say(2, ANSWER, strlen(ANSWER));
	turns_until_told();
	ck_assert_int_eq(why, WHY_OK);
	end_asking();
}
END_TEST

START_TEST(what_was_perhaps_seen_is_not_asked_again)
{
	begin_asking(0);
	ask_now();
	hear(0);
	hang_up(0);
	turns_until_told();
	ck_assert_int_eq(why, WHY_UPSTREAM_CLOSED);
	ck_assert_uint_eq(status, 0);
	expect(0, 0, 0);
	expect_tally(0, 1, 1);
	end_asking();
}
END_TEST

START_TEST(an_answer_that_is_cut)
{
	begin_asking(0);
	ask_now();
	hear(0);
	say(0, ANSWER, strlen(ANSWER) - 1);
	turn();
	hang_up(0);
	turns_until_told();
	ck_assert_int_eq(why, WHY_UPSTREAM_CLOSED);
	ck_assert_uint_eq(status, 0);
	end_asking();
}
END_TEST

/* In pieces, so that each is a piece of the answer's body. */
static void
say_much(uint32_t i, size_t bytes)
{
	static const char much[1024];

	for (size_t n = 0; n < bytes && told == 0; n += sizeof(much)) {
		say(i, much, bytes - n < sizeof(much) ? bytes - n : 1024);
		turn();
	}
}

START_TEST(a_body_has_a_bound)
{
	size_t n = INQUIRY_BYTES_MAX + (size_t)(_i % 2);
	char head[128];
	int head_bytes = snprintf(head, sizeof(head),
	    "HTTP/1.1 200 OK\r\nContent-Length: %zu\r\n\r\n", n);

	begin_asking(0);
	ask.head_only = _i >= 2;
	ask_now();
	hear(0);
	say(0, head, (size_t)head_bytes);
	say_much(0, n);
	turns_until_told();
	ck_assert_int_eq(why, _i == 1 ? WHY_BAD_RESPONSE : WHY_OK);
	ck_assert_uint_eq(status, _i == 1 ? 0 : 200);
	ck_assert_uint_eq(body_bytes, _i == 0 ? n : 0);
	/* Only what was read to its end is used again. */
	expect(0, _i % 2 == 0, _i % 2 == 0);
	end_asking();
}
END_TEST

START_TEST(time_is_over)
{
	begin_asking(0);
	ask.timeout_us = 60000;
	ask_now();
	hear(0);
	turns_until_told();
	ck_assert_int_eq(why, WHY_RESPONSE_TIMEOUT);
	expect(0, 0, 0);
	expect_tally(0, 1, 1);
	end_asking();
}
END_TEST

START_TEST(nobody_listens)
{
	begin_asking(0);
	close(listening);
	listening = -1;
	ask_now();
	turns_until_told();
	ck_assert_int_eq(why, WHY_CONNECT_FAILED);
	refusal = ENETUNREACH;
	ask_now();
	turns_until_told();
	ck_assert_int_eq(why, WHY_CONNECT_FAILED);
	refusal = ENOMEM;
	ask_now();
	turns_until_told();
	ck_assert_int_eq(why, WHY_OVERLOADED);
	expect(0, 0, 0);
	end_asking();
}
END_TEST

START_TEST(given_up)
{
	begin_asking(0);
	ask_now();
	inquiry_cancel(inquiry); /* before it has begun */
	turn();
	expect(0, 0, 0);
	ask_now();
	hear(0);
	inquiry_cancel(inquiry);
	turn();
	expect(0, 0, 0);
	ck_assert_uint_eq(told, 0);
	end_asking();
}
END_TEST

/* As many connections as there may be: the next that is free. */
START_TEST(full)
{
	begin_asking(1);
	ck_assert_int_eq(start(0, 1, true), CALL_CONNECTED);
	turn();
	peers[0] = accept(listening, NULL, NULL);
	ask_now();
	turn();
	turn();
	ck_assert_uint_eq(told, 0);
	ck_assert_uint_gt(woken, 0);
	expect(1, 0, 1);
	call_abort(&calls[0]);
	hear(1);
	say(1, ANSWER, strlen(ANSWER));
	turns_until_told();
	ck_assert_int_eq(why, WHY_OK);
	/* None is: it has an end, too. */
	hang_up(1);
	turn();
	ck_assert_int_eq(start(0, 1, true), CALL_CONNECTED);
	ask.timeout_us = 30000;
	ask_now();
	turns_until_told();
	ck_assert_int_eq(why, WHY_ENDPOINTS_FULL);
	end_asking();
}
END_TEST

/* A set that no image speaks to yet. */
START_TEST(the_image_is_waited_for)
{
	begin_asking(0);
	image.service.manner = 1;
	envs[0].view.image = &image.head;
	ask_now();
	for (int n = 0; n < 3; n++)
		turn();
	expect(0, 0, 0);
	ck_assert_uint_eq(told, 0);
	image.service.manner = 0;
	hear(0);
	say(0, ANSWER, strlen(ANSWER));
	turns_until_told();
	ck_assert_int_eq(why, WHY_OK);
	end_asking();
}
END_TEST

START_TEST(too_many_fields)
{
	begin_asking(0);
	while (question.count <= INQUIRY_FIELDS_MAX)
		head_add(&question, FIELD_ACCEPT, SLICE_LIT("text/plain"));
	ck_assert_ptr_null(inquiry_begin(&envs[0], &ask, done, &image));
	end_asking();
}
END_TEST

/* With a queue, it waits in that. */
START_TEST(a_place_in_the_queue)
{
	begin_asking(1);
	image.service.queue =
	    (struct img_queue){ .length = 1, .timeout_us = 5000000 };
	ck_assert_int_eq(start(0, 0, false), CALL_CONNECTED);
	ask_now();
	turn();
	ck_assert_uint_eq(permit_count(&region, PERMIT_QUEUE), 1);
	ck_assert_uint_eq(told, 0);
	call_abort(&calls[0]);
	peers[0] = accept(listening, NULL, NULL);
	hear(1);
	ck_assert_uint_eq(permit_count(&region, PERMIT_QUEUE), 0);
	say(1, ANSWER, strlen(ANSWER));
	turns_until_told();
	ck_assert_int_eq(why, WHY_OK);
	end_asking();
}
END_TEST

START_TEST(no_place_in_the_queue)
{
	begin_asking(1);
	image.service.queue =
	    (struct img_queue){ .length = 1, .timeout_us = 20000 };
	ck_assert_int_eq(start(0, 0, false), CALL_CONNECTED);
	ask_now();
	turns_until_told();
	ck_assert_int_eq(why, WHY_QUEUE_TIMEOUT);
	uint32_t ticket = permit_take(&envs[1].permits, PERMIT_QUEUE, 1);
	ck_assert_uint_ne(ticket, PERMIT_NONE);
	ask_now();
	turns_until_told();
	ck_assert_int_eq(why, WHY_QUEUE_FULL);
	permit_drop(&envs[1].permits, ticket);
	ask_now();
	turn();
	inquiry_cancel(inquiry);
	ck_assert_uint_eq(permit_count(&region, PERMIT_QUEUE), 0);
	end_asking();
}
END_TEST

/* So many requests the budget knows of: each pays for one more. */
static void
expect_booked(unsigned count)
{
	struct budget budget = { .share = 1000 };
	unsigned n = 0;

	while (n <= count &&
	    budget_retry(&region, image.service.slot, &budget, clock_now().us))
		n++;
	ck_assert_uint_eq(n, count);
}

START_TEST(what_is_sent_counts_for_the_budget)
{
	begin_asking(1);
	image.service.retry.budget = 1000;
	image.service.queue =
	    (struct img_queue){ .length = 1, .timeout_us = 20000 };
	ck_assert_int_eq(start(0, 0, false), CALL_CONNECTED);
	ask_now();
	turns_until_told();
	ck_assert_int_eq(why, WHY_QUEUE_TIMEOUT);
	expect_booked(0);
	call_abort(&calls[0]);
	peers[0] = accept(listening, NULL, NULL);
	ask_now();
	hear(1);
	say(1, ANSWER, strlen(ANSWER));
	turns_until_told();
	expect_booked(1);
	/* The second goes out twice, the third is refused. */
	ask_now();
	hear(1);
	hang_up(1);
	hear(2);
	hang_up(2);
	turns_until_told();
	refusal = ECONNREFUSED;
	ask_now();
	turns_until_told();
	ck_assert_int_eq(why, WHY_CONNECT_FAILED);
	/* Of three, one was used up above, and one by the second call. */
	expect_booked(1);
	end_asking();
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("inquiry");

	tcase_add_test(tc, an_answer);
	tcase_add_test(tc, a_connection_that_is_there);
	tcase_add_test(tc, a_fresh_connection_after_a_stale_one);
	tcase_add_test(tc, what_was_perhaps_seen_is_not_asked_again);
	tcase_add_test(tc, an_answer_that_is_cut);
	tcase_add_loop_test(tc, a_body_has_a_bound, 0, 4);
	tcase_add_test(tc, time_is_over);
	tcase_add_test(tc, nobody_listens);
	tcase_add_test(tc, given_up);
	tcase_add_test(tc, full);
	tcase_add_test(tc, the_image_is_waited_for);
	tcase_add_test(tc, too_many_fields);
	tcase_add_test(tc, a_place_in_the_queue);
	tcase_add_test(tc, no_place_in_the_queue);
	tcase_add_test(tc, what_is_sent_counts_for_the_budget);
	return fixture_run(tc, "inquiry");
}
