/*
 * Tests of otlp_span.c and its rooms: what a record becomes, by the semantic
 * conventions of OpenTelemetry.
 */
#include "tools/otlp_span.h"

#include "tests/unit/tools/otlp_kit.h"

#define US 1000u /* ns */
#define START (KIT_WALL_US * 1000)

static struct kit_record record;
static struct otlp_span span;
static struct otlp_known known;

static struct slice
path_of(const struct otlp_known *k, struct slice name)
{
	(void)k;
	return slice_eq(name, SLICE_LIT("user")) ? SLICE_LIT("/api/users/:id")
						 : SLICE_NONE;
}

static void
setup(void)
{
	known = (struct otlp_known){
		.path = path_of, .room = mask_room_new(), .mask = MASK_ALL
	};
}

static void
teardown(void)
{
	mask_room_free(known.room);
}

static const struct otlp_attr *
attr(const char *key)
{
	const struct otlp_attr *found = NULL;

	for (uint32_t i = 0; i < span.attrs; i++) {
		if (!slice_eq(span.attr[i].key, slice_str(key)))
			continue;
		ck_assert_ptr_null(found); /* keys are unique */
		found = &span.attr[i];
	}
	return found;
}

/* NULL: it is not there. */
static void
ck_text(const char *key, const char *want)
{
	const struct otlp_attr *a = attr(key);

	if (want == NULL) {
		ck_assert_msg(a == NULL, "%s", key);
		return;
	}
	ck_assert_msg(a != NULL && a->type == OTLP_TEXT, "%s", key);
	ck_assert_msg(slice_eq(a->text, slice_str(want)), "%s: %.*s", key,
	    SLICE_FMT(a->text));
}

static void
ck_number(const char *key, int64_t want)
{
	const struct otlp_attr *a = attr(key);

	ck_assert_msg(a != NULL && a->type == OTLP_NUMBER, "%s", key);
	ck_assert_int_eq(a->number, want);
}

static void
ck_id(const uint8_t *id, uint8_t byte)
{
	for (int i = 0; i < 8; i++)
		ck_assert_uint_eq(id[i], byte);
}

static void
make(uint32_t number)
{
	otlp_span_make(&span, &record.view, number, &known);
	ck_assert_uint_le(span.start_ns, span.end_ns);
}

#define CK_NAME(want)                                               \
	ck_assert_msg(slice_eq(span.name, SLICE_LIT(want)), "%.*s", \
	    SLICE_FMT(span.name))

/* ---- the request ---- */

START_TEST(a_request)
{
	struct record_request *q = kit_begin(&record, 0, 0);

	q->status = 200;
	q->duration_us = 1500;
	q->generation = 7;
	q->worker = 3;
	q->flags |= RECORD_TLS | RECORD_PARENT;
	q->version = HTTP_2;
	q->peer = kit_addr("10.1.1.1:80");
	memset(q->parent_id, 0xdd, 8);
	kit_text(&record, RECORD_ROUTE, "user");
	kit_text(&record, RECORD_SERVICE, "users");
	kit_text(&record, RECORD_ID, "id-1");
	kit_text(&record, RECORD_CORRELATION, "cause-1");
	kit_text(&record, RECORD_HOST, "api.example:8443");
	kit_text(&record, RECORD_PATH, "/api/users/17");
	kit_text(&record, RECORD_QUERY, "token=secret");
	kit_text(&record, RECORD_AGENT, "test/1");
	kit_text(&record, RECORD_TRACESTATE, "a=1");
	(void)kit_end(&record);
	ck_assert_uint_eq(otlp_span_count(&record.view), 1);
	make(0);
	CK_NAME("GET /api/users/:id");
	ck_assert_int_eq(span.kind, OTLP_SERVER);
	ck_id(span.id, 0xbb);
	ck_id(span.parent_id, 0xdd);
	ck_id(span.trace_id, 0xaa);
	ck_assert_uint_eq(span.flags, 0x301);
	ck_assert_uint_eq(span.start_ns, START);
	ck_assert_uint_eq(span.end_ns, START + 1500 * US);
	ck_assert(!span.failed);
	ck_assert(slice_eq(span.tracestate, SLICE_LIT("a=1")));
	ck_text("http.request.method", "GET");
	ck_text("url.scheme", "https");
	ck_text("url.path", "/api/users/17");
	ck_text("url.query", NULL);
	ck_text("http.route", "/api/users/:id");
	ck_text("server.address", "api.example");
	ck_number("server.port", 8443);
	ck_text("client.address", "192.0.2.7");
	ck_number("client.port", 1234);
	ck_text("network.peer.address", "10.1.1.1");
	ck_text("network.protocol.version", "2");
	ck_text("user_agent.original", "test/1");
	ck_number("http.response.status_code", 200);
	ck_text("error.type", NULL);
	ck_text("penstock.route", "user");
	ck_text("penstock.service", "users");
	ck_text("penstock.request_id", "id-1");
	ck_text("penstock.correlation_id", "cause-1");
	ck_number("penstock.generation", 7);
	ck_number("penstock.worker", 3);
	ck_number("penstock.attempts", 0);
	ck_text("penstock.why", NULL);
	ck_text("penstock.endpoint", NULL);
}
END_TEST

static const struct {
	uint16_t status;
	const char *why, *error; /* NULL: it did not fail */
} faults[] = {
	{ 200, "ok", NULL },
	{ 404, "ok", NULL },
	{ 404, "no_route", NULL },
	{ 429, "rate_limited", NULL },
	{ 500, "ok", "500" },
	{ 503, "no_endpoint", "no_endpoint" },
	{ 504, "response_timeout", "response_timeout" },
	{ 0, "client_closed", NULL },
	{ 200, "upstream_closed", "upstream_closed" },
};

START_TEST(what_failed)
{
	struct record_request *q = kit_begin(&record, 0, 0);

	q->status = faults[_i].status;
	q->why = kit_why(faults[_i].why);
	(void)kit_end(&record);
	make(0);
	CK_NAME("GET");
	ck_assert_int_eq(span.failed, faults[_i].error != NULL);
	ck_text("error.type", faults[_i].error);
	if (faults[_i].error != NULL)
		ck_assert(slice_eq(span.error, slice_str(faults[_i].error)));
	ck_text("penstock.why", q->why != 0 ? faults[_i].why : NULL);
	if (q->status == 0)
		ck_assert_ptr_null(attr("http.response.status_code"));
	ck_assert_uint_eq(span.flags, 0x101);
	ck_id(span.parent_id, 0);
}
END_TEST

START_TEST(odd_ones)
{
	struct record_request *q = kit_begin(&record, 0, 0);

	q->method = METHOD_OTHER;
	q->version = HTTP_1_0;
	q->why = 999;
	q->client.port = 0;
	q->peer = kit_addr("[2001:db8::1]:443");
	kit_text(&record, RECORD_METHOD, "BREW");
	kit_text(&record, RECORD_ROUTE, "pots");
	kit_text(&record, RECORD_HOST, "[2001:db8::2]");
	kit_text(&record, RECORD_PATH, "/of/jane.doe@mail.example/x");
	kit_text(&record, RECORD_AGENT, "4111111111111111");
	(void)kit_end(&record);
	make(0);
	CK_NAME("HTTP pots");
	ck_text("http.request.method", "_OTHER");
	ck_text("http.request.method_original", "BREW");
	ck_text("http.route", NULL);
	ck_text("network.protocol.version", "1.0");
	ck_text("server.address", "2001:db8::2");
	ck_assert_ptr_null(attr("server.port"));
	ck_assert_ptr_null(attr("client.port"));
	ck_text("network.peer.address", "2001:db8::1");
	ck_text("url.scheme", "http");
	ck_text("penstock.why", "unknown");
	ck_assert_ptr_null(memmem(
	    attr("url.path")->text.p, attr("url.path")->text.n, "jane", 4));
	ck_assert_ptr_null(memmem(attr("user_agent.original")->text.p,
	    attr("user_agent.original")->text.n, "41111111", 8));
}
END_TEST

START_TEST(ids_of_ours)
{
	(void)kit_begin(&record, 0, 0);
	kit_text(&record, RECORD_ID, "7f4111111111111111");
	kit_text(&record, RECORD_CORRELATION, "7f4111111111111111");
	(void)kit_end(&record);
	make(0);
	ck_text("penstock.correlation_id", "7f4111111111111111");
	(void)kit_begin(&record, 0, 0);
	kit_text(&record, RECORD_ID, "7f4111111111111111");
	kit_text(&record, RECORD_CORRELATION, "8f4111111111111111");
	(void)kit_end(&record);
	make(0);
	ck_text("penstock.correlation_id", "8f************1111");
}
END_TEST

/* ---- calls ---- */

START_TEST(calls)
{
	struct record_request *q = kit_begin(&record, 3, 0);
	struct record_attempt *a = kit_attempt(&record, 0);

	q->status = 200;
	q->attempts = 2;
	q->duration_us = 900;
	a[0].at_us = 10;
	a[0].total_us = a[0].connect_us = 30;
	a[0].why = kit_why("connect_failed");
	a[1].flags = RECORD_BARRED; /* nothing was sent: it has no span */
	memset(a[1].span_id, 0, 8);
	a[2].at_us = 100;
	a[2].connect_us = 50;
	a[2].total_us = 700;
	a[2].status = 200;
	a[2].flags = RECORD_HEARD;
	a[2].addr = kit_addr("[::1]:9002");
	(void)kit_end(&record);
	ck_assert_uint_eq(otlp_span_count(&record.view), 3);
	make(0);
	ck_number("penstock.attempts", 2);
	ck_number("penstock.barred", 1);
	ck_text("penstock.endpoint", "[::1]:9002");
	make(1);
	CK_NAME("GET");
	ck_assert_int_eq(span.kind, OTLP_CLIENT);
	ck_id(span.id, 0xc0);
	ck_id(span.parent_id, 0xbb);
	ck_assert_uint_eq(span.flags, 0x101);
	ck_assert_uint_eq(span.start_ns, START + 10 * US);
	ck_assert_uint_eq(span.end_ns, START + 40 * US);
	ck_assert_uint_eq(span.connected_ns, 0);
	ck_text("server.address", "10.0.0.1");
	ck_number("server.port", 9001);
	ck_text("error.type", "connect_failed");
	ck_assert_ptr_null(attr("http.request.resend_count"));
	ck_assert_ptr_null(attr("http.response.status_code"));
	make(2);
	ck_id(span.id, 0xc2);
	ck_assert_uint_eq(span.start_ns, START + 100 * US);
	ck_assert_uint_eq(span.end_ns, START + 800 * US);
	ck_assert_uint_eq(span.connected_ns, START + 150 * US);
	ck_text("server.address", "::1");
	ck_number("http.request.resend_count", 1);
	ck_number("http.response.status_code", 200);
	ck_assert(!span.failed);
	ck_assert_int_eq(attr("penstock.reused")->number, 0);
	q->attempts = 1; /* of a record that is wrong: nothing wraps */
	make(2);
	ck_number("http.request.resend_count", 1);
}
END_TEST

/* Of many, only the last are in the record. */
START_TEST(calls_that_are_not_kept)
{
	struct record_request *q = kit_begin(&record, 1, 0);
	struct record_attempt *a = kit_attempt(&record, 0);

	q->attempts = 12;
	a->status = 404;
	a->flags = RECORD_REUSED;
	(void)kit_end(&record);
	make(1);
	ck_number("http.request.resend_count", 11);
	ck_text("error.type", "404"); /* it is an error to who has called */
	ck_assert_int_eq(attr("penstock.reused")->number, 1);
}
END_TEST

/* ---- filters ---- */

START_TEST(filters)
{
	struct record_step *s;

	(void)kit_begin(&record, 1, 4);
	s = kit_step(&record, 0);
	s[0] = (struct record_step){ .filter = IMG_FILTER_LIMIT,
		.took_ns = 99999 };
	s[1] = (struct record_step){ .filter = IMG_FILTER_AUTHENTICATE,
		.verdict = 1,
		.at_us = 5,
		.took_ns = 2000 };
	s[2] = (struct record_step){
		.filter = IMG_FILTER_TRANSFORM, .at_us = 9, .took_ns = 100000
	};
	s[3] = (struct record_step){
		.filter = IMG_FILTER_FORWARD, .at_us = 9, .took_ns = 900000
	};
	(void)kit_end(&record);
	ck_assert_uint_eq(otlp_span_count(&record.view), 4);
	make(2);
	CK_NAME("authenticate");
	ck_assert_int_eq(span.kind, OTLP_INTERNAL);
	ck_id(span.parent_id, 0xbb);
	ck_assert_uint_eq(span.start_ns, START + 5 * US);
	ck_assert_uint_eq(span.end_ns, START + 5 * US + 2000);
	ck_assert_int_eq(attr("penstock.waited")->number, 1);
	make(3);
	CK_NAME("transform");
	ck_assert_int_eq(attr("penstock.waited")->number, 0);
	ck_text("penstock.filter", "transform");
}
END_TEST

/* All texts as long as they may be: there is room, or they are cut. */
START_TEST(the_longest)
{
	static char path[4000], agent[513];

	(void)kit_begin(&record, 0, 0);
	memset(path, '7', sizeof(path) - 1);
	memcpy(path + 300, "a@b.example", 11);
	memset(agent, 'x', sizeof(agent) - 1);
	memcpy(agent + 100, "a@b.example", 11);
	kit_text(&record, RECORD_PATH, path);
	kit_text(&record, RECORD_AGENT, agent);
	kit_text(&record, RECORD_CORRELATION, agent);
	(void)kit_end(&record);
	make(0);
	ck_assert_uint_gt(attr("url.path")->text.n, 3000);
	ck_assert_uint_gt(attr("user_agent.original")->text.n, 400);
	ck_assert_uint_le(span.used, sizeof(span.room));
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("otlp_span");
	TCase *t = tcase_create("otlp_span");
	SRunner *sr;
	int failed;

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, a_request);
	tcase_add_loop_test(
	    t, what_failed, 0, (int)(sizeof(faults) / sizeof(faults[0])));
	tcase_add_test(t, odd_ones);
	tcase_add_test(t, ids_of_ours);
	tcase_add_test(t, calls);
	tcase_add_test(t, calls_that_are_not_kept);
	tcase_add_test(t, filters);
	tcase_add_test(t, the_longest);
	suite_add_tcase(s, t);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_NORMAL);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
