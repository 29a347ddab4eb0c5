/*
 * Tests of guards.c: which requests end with their identity, how, and which
 * are left to get their answer. With API keys, as they are revoked by name.
 */
#include "shm/audit.h"
#include "shm/recorder.h"
#include "tests/unit/worker/filter/auth_flow.h"

static unsigned left; /* times that the handler was asked to leave */
static enum why left_why;
static bool stays;

static bool
handler_leave(struct req *q, enum why why)
{
	(void)q;
	left++;
	left_why = why;
	return stays;
}

static void
handler_abort(struct req *q)
{
	(void)q;
}

static const struct req_handler handler = { .leave = handler_leave,
	.abort = handler_abort };

/* A request with an identity that goes on up to expires_s. */
static void
begin(const char *id, int64_t expires_s)
{
	struct identity_parts parts = { .type = IMG_AUTH_JWT,
		.authenticator = SLICE_LIT("main"),
		.token_id = slice_str(id),
		.issued_s = INT64_MIN,
		.expires_s = expires_s };

	flow.route.filters = UINT32_C(1) << IMG_FILTER_FORWARD;
	flow_send();
	flow.q->identity = identity_new(&parts);
	flow.q->handler = &handler;
	ck_assert(guards_add(flow.q));
	left = 0;
}

/* It has ended, or is left; its identity is not the arena's here. */
static void
drop(struct identity *id)
{
	if (flow.q != NULL)
		req_end(flow.q, WHY_OK, false);
	identity_unref(id);
}

static void
revoke(const char *id)
{
	struct revoke_entry e = { .kind = REVOKE_TOKEN,
		.value = slice_str(id),
		.until_s = INT64_MAX };

	ck_assert(revoke_add(&flow.region, &e));
}

START_TEST(it_goes_on_while_it_holds)
{
	struct identity *id;

	begin("a", env_now_s() + 100);
	id = flow.q->identity;
	req_set_state(flow.q, REQ_ANSWERING);
	guards_turn(&flow.env);
	revoke("b");
	guards_turn(&flow.env);
	ck_assert_ptr_nonnull(flow.q);
	ck_assert_uint_eq(left, 0);
	drop(id);
	guards_turn(&flow.env);
}
END_TEST

START_TEST(an_answer_is_cut)
{
	struct identity *id;

	begin("a", INT64_MAX);
	id = flow.q->identity;
	req_set_state(flow.q, REQ_ANSWERING);
	guards_turn(&flow.env);
	revoke("a");
	guards_turn(&flow.env);
	ck_assert_ptr_null(flow.q);
	ck_assert_int_eq(flow.why, WHY_IDENTITY_ENDED);
	ck_assert_uint_eq(left, 1);
	ck_assert_int_eq(left_why, WHY_IDENTITY_ENDED);
	drop(id);
}
END_TEST

START_TEST(an_end_is_audited)
{
	static const struct img_head wanted = { .telemetry.audit = { .on = 1,
						    .events = AUDIT_DEFAULT } };
	static _Alignas(8) char out[RECORD_MAX];
	struct recorder_cursor c = { 0 };
	const struct record_audit *a;
	struct identity *id;

	audit_begin(&flow.region, 0);
	audit_follow(&flow.region, &wanted);
	begin("a", INT64_MAX);
	id = flow.q->identity;
	req_set_state(flow.q, REQ_ANSWERING);
	revoke("a");
	guards_turn(&flow.env);
	ck_assert_ptr_null(flow.q);
	a = audit_view(
	    out, recorder_next(&flow.region, RECORDER_AUDIT, 0, &c, out));
	ck_assert_ptr_nonnull(a);
	ck_assert_uint_eq(a->event, AUDIT_AUTH_ENDED);
	ck_assert(slice_eq(audit_text(a, AUDIT_VIA), SLICE_LIT("main")));
	ck_assert(
	    slice_eq(audit_text(a, AUDIT_WHY), SLICE_LIT("identity_ended")));
	ck_assert_uint_eq(
	    recorder_next(&flow.region, RECORDER_AUDIT, 0, &c, out), 0);
	drop(id);
}
END_TEST

START_TEST(a_moment_for_a_last_word)
{
	struct identity *id;
	uint64_t end;

	stays = true;
	begin("a", env_now_s());
	id = flow.q->identity;
	req_set_state(flow.q, REQ_ANSWERING);
	guards_turn(&flow.env);
	ck_assert_ptr_nonnull(flow.q);
	ck_assert_uint_eq(left, 1);
	for (end = clock_raw_us() + 60000000;
	     flow.q != NULL && clock_raw_us() < end;) {
		ck_assert(loop_turn(&flow.loop, 5000));
		guards_turn(&flow.env);
	}
	ck_assert_ptr_null(flow.q);
	ck_assert_int_eq(flow.why, WHY_IDENTITY_ENDED);
	ck_assert_uint_eq(left, 1);
	stays = false;
	drop(id);
}
END_TEST

START_TEST(a_request_that_is_still_sent)
{
	struct identity *id;

	kit_q.head.body = BODY_STREAM;
	begin("a", INT64_MAX);
	id = flow.q->identity;
	revoke("a");
	guards_turn(&flow.env);
	ck_assert_int_eq(flow.why, WHY_TOKEN_REVOKED);
	ck_assert_uint_eq(flow.status, 401);
	drop(id);
}
END_TEST

START_TEST(or_whose_time_is_over)
{
	struct identity *id;

	kit_q.head.body = BODY_STREAM;
	begin("b", env_now_s());
	id = flow.q->identity;
	guards_turn(&flow.env);
	ck_assert_int_eq(flow.why, WHY_TOKEN_EXPIRED);
	drop(id);
}
END_TEST

START_TEST(one_that_was_sent_whole)
{
	struct identity *id;

	begin("a", INT64_MAX);
	id = flow.q->identity;
	revoke("a");
	guards_turn(&flow.env);
	ck_assert_ptr_nonnull(flow.q);
	ck_assert_uint_eq(flow.status, 0);
	drop(id);
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("guards");

	tcase_add_checked_fixture(tc, kit_begin, kit_end);
	tcase_add_checked_fixture(tc, flow_begin, flow_fini);
	tcase_add_test(tc, it_goes_on_while_it_holds);
	tcase_add_test(tc, an_answer_is_cut);
	tcase_add_test(tc, an_end_is_audited);
	tcase_add_test(tc, a_moment_for_a_last_word);
	tcase_add_test(tc, a_request_that_is_still_sent);
	tcase_add_test(tc, or_whose_time_is_over);
	tcase_add_test(tc, one_that_was_sent_whole);
	return fixture_run(tc, "guards");
}
