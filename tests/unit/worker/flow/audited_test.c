/*
 * Tests of audited.c: which requests are told of, what is told, and what they
 * are answered when it cannot be told. With API keys, since they are short.
 */
#include "worker/flow/audited.h"

#include <openssl/evp.h>

#include "shm/readers.h"
#include "shm/recorder.h"
#include "tests/unit/worker/filter/auth_flow.h"

static _Alignas(8) char out[RECORD_MAX];
static struct recorder_cursor cursor;
static struct img_head wanted;

static void
setup(void)
{
	struct img_holder h = { .expires_s = INT64_MAX };
	struct img_auth *a;
	size_t n;

	kit_begin();
	flow_begin();
	h.name = kit_str("ci");
	a = flow_auth(IMG_AUTH_API_KEY, "keys");
	a->header = kit_str("X-A");
	h.claims[IMG_CLAIM_USER] = kit_str("robot");
	ck_assert(
	    EVP_Q_digest(NULL, "SHA256", NULL, "key", 3, h.sha256, &n) == 1);
	a->holders = (struct img_span){ kit_put(&h, sizeof(h)), 1 };
	flow_configure();
	audit_begin(&flow.region, 0);
	cursor = (struct recorder_cursor){ 0 };
	wanted.telemetry.audit = (struct img_audit){ .on = 1,
		.refuse = 1,
		.events = AUDIT_DEFAULT | AUDIT_BIT(AUDIT_AUTH_OK) };
	audit_follow(&flow.region, &wanted);
}

static void
teardown(void)
{
	flow_fini();
	kit_end();
}

static void
ask(const char *key)
{
	kit_q.head.count = kit_q.up.count = 0;
	if (key != NULL)
		kit_field("X-A", key);
	flow_send();
}

/* The next event; NULL: there is none. */
static const struct record_audit *
next(void)
{
	uint32_t n =
	    recorder_next(&flow.region, RECORDER_AUDIT, 0, &cursor, out);

	return n != 0 ? audit_view(out, n) : NULL;
}

static void
check_text(const struct record_audit *a, enum audit_text t, const char *want)
{
	struct slice s = audit_text(a, t);

	ck_assert_msg(
	    slice_eq(s, slice_str(want)), "text %u: %.*s", t, SLICE_FMT(s));
}

/* As many as there is room for. */
static void
fill(void)
{
	const struct audit_note n = { .event = AUDIT_BANNED };

	while (audit_before(&flow.region, &n))
		;
}

START_TEST(who_is_let_in)
{
	const struct record_audit *a;

	ask("key");
	ck_assert_uint_eq(flow.reached, 1);
	a = next();
	ck_assert_ptr_nonnull(a);
	ck_assert_uint_eq(a->event, AUDIT_AUTH_OK);
	ck_assert_uint_eq(a->outcome, AUDIT_DONE);
	check_text(a, AUDIT_WHO, "robot");
	check_text(a, AUDIT_VIA, "keys");
	check_text(a, AUDIT_DETAIL, "ci");
	check_text(a, AUDIT_WHY, "");
	ck_assert_ptr_null(next());
}
END_TEST

START_TEST(who_is_refused)
{
	const struct record_audit *a;

	ask("other");
	ck_assert_uint_eq(flow.status, 401);
	a = next();
	ck_assert_ptr_nonnull(a);
	ck_assert_uint_eq(a->event, AUDIT_AUTH_REFUSED);
	ck_assert_uint_eq(a->outcome, AUDIT_REFUSED);
	ck_assert_uint_eq(a->status, 401);
	check_text(a, AUDIT_VIA, "keys");
	check_text(a, AUDIT_WHY, "api_key_unknown");
	check_text(a, AUDIT_CODE, "AUTH_014");
	ask(NULL);
	a = next();
	ck_assert_ptr_nonnull(a);
	check_text(a, AUDIT_VIA, "");
	check_text(a, AUDIT_WHY, "no_credentials");
	ck_assert_ptr_null(next());
}
END_TEST

/* A name is no user's before somebody vouches for it. */
START_TEST(who_is_only_claimed)
{
	const struct revoke_entry e = { .kind = REVOKE_USER,
		.value = SLICE_LIT("robot"),
		.before_s = INT64_MAX,
		.until_s = INT64_MAX };
	const struct record_audit *a;

	flow.route.filters = UINT32_C(1) << IMG_FILTER_FORWARD;
	ask(NULL);
	flow.q->said_user = SLICE_LIT("admin");
	(void)audited_refusal(flow.q, WHY_PASSWORD);
	a = next();
	ck_assert_ptr_nonnull(a);
	check_text(a, AUDIT_WHO, "admin");
	ck_assert((a->flags & AUDIT_CLAIMED) != 0);
	/* It was let in once, and still is who it says. */
	flow.route.filters |= UINT32_C(1) << IMG_FILTER_AUTHENTICATE;
	ck_assert(revoke_add(&flow.region, &e));
	ask("key");
	ck_assert_uint_eq(flow.status, 401);
	a = next();
	ck_assert_ptr_nonnull(a);
	check_text(a, AUDIT_WHY, "token_revoked");
	check_text(a, AUDIT_WHO, "robot");
	ck_assert((a->flags & AUDIT_CLAIMED) == 0);
}
END_TEST

START_TEST(what_nobody_wants_is_not_told)
{
	wanted.telemetry.audit.events = AUDIT_DEFAULT;
	audit_follow(&flow.region, &wanted);
	ask("key");
	ck_assert_ptr_null(next());
	wanted.telemetry.audit.on = 0;
	audit_follow(&flow.region, &wanted);
	ask("other");
	ck_assert_uint_eq(flow.status, 401);
	ck_assert_ptr_null(next());
}
END_TEST

/* Neither is let in, nor learns whether it would have been. */
START_TEST(nothing_is_done_that_cannot_be_told)
{
	fill();
	ask("key");
	ck_assert_uint_eq(flow.reached, 0);
	ck_assert_uint_eq(flow.status, 503);
	ck_assert_int_eq(flow.why, WHY_AUDIT_FULL);
	ask("other");
	ck_assert_uint_eq(flow.status, 503);
	ck_assert_int_eq(flow.why, WHY_AUDIT_FULL);
	ck_assert_str_eq(flow.www, "");
	ck_assert_uint_eq(audit_lost(&flow.region), 0);
	wanted.telemetry.audit.refuse = 0;
	audit_follow(&flow.region, &wanted);
	ask("key");
	ck_assert_uint_eq(flow.reached, 1);
	ask("other");
	ck_assert_uint_eq(flow.status, 401);
	ck_assert_uint_eq(audit_lost(&flow.region), 2);
}
END_TEST

/* The event of each reason, by its code and status. */
START_TEST(reasons_have_their_events)
{
	static const struct {
		enum why why;
		enum audit_event event;
	} some[] = {
		{ WHY_TOKEN_EXPIRED, AUDIT_AUTH_REFUSED },
		{ WHY_TWO_CREDENTIALS, AUDIT_AUTH_REFUSED },
		{ WHY_AUTH_UNAVAILABLE, AUDIT_AUTH_REFUSED },
		{ WHY_AUTH_REDIRECT, AUDIT_AUTH_REFUSED },
		{ WHY_ROLE_MISSING, AUDIT_ACCESS_REFUSED },
		{ WHY_DENIED, AUDIT_ACCESS_REFUSED },
		{ WHY_CSRF, AUDIT_ACCESS_REFUSED },
		{ WHY_AUTH_FORBIDDEN, AUDIT_ACCESS_REFUSED },
		{ WHY_REFRESH_REUSED, AUDIT_TOKEN_REUSED },
		{ WHY_REFRESH_UNKNOWN, AUDIT_AUTH_REFUSED },
		{ WHY_RATE_LIMITED, AUDIT_EVENTS },
		{ WHY_ACL_DENIED, AUDIT_EVENTS },
		{ WHY_BANNED, AUDIT_EVENTS },
		{ WHY_IDENTITY_TOO_LARGE, AUDIT_EVENTS },
		{ WHY_AUDIT_FULL, AUDIT_EVENTS },
		{ WHY_NO_ROUTE, AUDIT_EVENTS },
	};

	flow.route.filters = UINT32_C(1) << IMG_FILTER_FORWARD;
	ask(NULL);
	for (size_t i = 0; i < sizeof(some) / sizeof(some[0]); i++) {
		const struct record_audit *a;

		ck_assert_int_eq(
		    audited_refusal(flow.q, some[i].why), some[i].why);
		a = next();
		ck_assert_int_eq(a != NULL, some[i].event != AUDIT_EVENTS);
		if (a != NULL)
			ck_assert_uint_eq(a->event, some[i].event);
	}
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("audited");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, who_is_let_in);
	tcase_add_test(tc, who_is_refused);
	tcase_add_test(tc, who_is_only_claimed);
	tcase_add_test(tc, what_nobody_wants_is_not_told);
	tcase_add_test(tc, nothing_is_done_that_cannot_be_told);
	tcase_add_test(tc, reasons_have_their_events);
	return fixture_run(tc, "audited");
}
