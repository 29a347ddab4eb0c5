/*
 * record_test.c - what is written down of a request, read back as its readers
 * do: all of it, none of it torn, and never more than there is room for.
 */
#include "worker/watch/record.h"

#include "shm/recorder.h"
#include "tests/unit/shm/fixture.h"
#include "worker/flow/identity.h"
#include "worker/flow/pipeline.h"
#include "worker/flow/steps.h"
#include "worker/flow/trace.h"

static struct {
	struct img_head head;
	struct img_record_field fields[3];
	struct img_str hidden;
	char texts[80];
} image;
static struct region region;
static struct env env;
static struct recorder_cursor cursor;
static _Alignas(8) char bytes[RECORD_MAX];
static struct record_view view;
static char many[20000];

static void
setup(void)
{
	fixture_region(&region, 2);
	(void)clock_update();
	memset(&image, 0, sizeof(image));
	env = (struct env){ .region = &region, .slot = 1 };
	env.view.image = &image.head;
	env.view.generation = 9;
	recorder_seek(&region, RECORDER_REQUESTS, 1, false, &cursor);
	memset(many, 'x', sizeof(many));
}

static void
teardown(void)
{
	region_fini(&region);
}

/* The one record that there is now; false: there is none. */
static bool
next(void)
{
	uint32_t n =
	    recorder_next(&region, RECORDER_REQUESTS, 1, &cursor, bytes);

	if (n == 0)
		return false;
	ck_assert(record_view(&view, bytes, n));
	ck_assert_ptr_nonnull(view.request);
	return true;
}

static void
is_text(enum record_text t, const char *want)
{
	struct slice got = record_text(&view, t);

	ck_assert_msg(
	    slice_eq(got, slice_str(want)), "text %d: %.*s", t, SLICE_FMT(got));
}

static void
is_str(struct record_str s, const char *want)
{
	struct slice got = record_str(&view, s);

	ck_assert_msg(slice_eq(got, slice_str(want)), "%.*s", SLICE_FMT(got));
}

static struct field fields[] = {
	{ SLICE_LIT("Referer"), SLICE_LIT("http://a/"), FIELD_REFERER },
	{ SLICE_LIT("User-Agent"), SLICE_LIT("curl/8"), FIELD_USER_AGENT },
	{ SLICE_LIT("X-One"), SLICE_LIT("1"), FIELD_OTHER },
	{ SLICE_LIT("x-one"), SLICE_LIT("2"), FIELD_OTHER },
	{ SLICE_LIT("Accept"), SLICE_LIT("*/*"), FIELD_ACCEPT },
};

static struct req
request(void)
{
	struct req q = { .env = &env,
		.status = 200,
		.why = WHY_OK,
		.class = IMG_CLASS_PRIORITY,
		.generation = 7,
		.grpc_status = -1,
		.bytes_in = 11,
		.bytes_out = 22,
		.head_us = 1,
		.upstream_us = 3,
		.queue_us = 2,
		.ran = 5,
		.passed = 3,
		.request_id = SLICE_LIT("id1"),
		.began = clock_now() };

	q.plan.row = registry_route(&region, SLICE_LIT("r1"));
	q.plan.name = registry_route_named(&region, q.plan.row);
	q.plan.service = registry_service(&region, SLICE_LIT("s1"));
	q.head = (struct head){ .method_text = SLICE_LIT("GET"),
		.method = METHOD_GET,
		.version = HTTP_1_1,
		.target = SLICE_LIT("/a/b?c=d&e"),
		.host = SLICE_LIT("h:80"),
		.count = sizeof(fields) / sizeof(fields[0]),
		.fields = fields };
	for (uint32_t i = 0; i < q.head.count; i++)
		q.head.present |= UINT64_C(1) << fields[i].id;
	ck_assert(addr_parse_ip(SLICE_LIT("10.0.0.1"), &q.client));
	q.peer = q.client;
	return q;
}

START_TEST(all_of_a_request)
{
	struct req q = request();
	struct identity id = { .authenticator = SLICE_LIT("main") };
	struct trace t = { .trace_id = { 1 },
		.span_id = { 2 },
		.parent_id = { 3 },
		.flags = TRACE_SAMPLED,
		.exported = true,
		.tracestate = SLICE_LIT("a=b"),
		.correlation = SLICE_LIT("c1") };

	id.claim[IMG_CLAIM_USER] = SLICE_LIT("u");
	id.claim[IMG_CLAIM_TENANT] = SLICE_LIT("t");
	q.identity = &id;
	q.trace = &t;
	ck_assert(addr_parse_ip(SLICE_LIT("10.0.0.2"), &q.peer));
	q.trusted = q.cut = q.fallen = true;
	q.grpc_status = 13;
	q.attempts = 2;
	record_request(&q);
	ck_assert(next());
	const struct record_request *r = view.request;
	ck_assert_uint_eq(r->head.kind, RECORD_REQUEST);
	ck_assert_uint_eq(r->head.seq, 1);
	ck_assert_int_le(llabs(r->head.wall_us - clock_wall().us), 60000000);
	ck_assert_uint_eq(r->generation, 7);
	ck_assert(addr_eq(&r->client, &q.client));
	ck_assert(addr_eq(&r->peer, &q.peer));
	ck_assert_uint_eq(r->status, 200);
	ck_assert_uint_eq(r->why, WHY_OK);
	ck_assert_uint_eq(r->version, HTTP_1_1);
	ck_assert_uint_eq(r->method, METHOD_GET);
	ck_assert_uint_eq(r->class, IMG_CLASS_PRIORITY);
	ck_assert_uint_eq(r->flags,
	    RECORD_TRUSTED | RECORD_CUT | RECORD_FALLEN | RECORD_SAMPLED |
		RECORD_PARENT);
	ck_assert_int_eq(r->grpc_status, 13);
	ck_assert_uint_eq(r->bytes_in, 11);
	ck_assert_uint_eq(r->bytes_out, 22);
	ck_assert_uint_ge(r->duration_us, r->head_us);
	ck_assert_uint_eq(r->head_us, 1);
	ck_assert_uint_eq(r->upstream_us, 3);
	ck_assert_uint_eq(r->queue_us, 2);
	ck_assert_uint_eq(r->filters, 5);
	ck_assert_uint_eq(r->last, 2);
	ck_assert_uint_eq(r->attempts, 2);
	ck_assert_uint_eq(r->worker, 1);
	ck_assert_uint_eq(r->trace_id[0], 1);
	ck_assert_uint_eq(r->span_id[0], 2);
	ck_assert_uint_eq(r->parent_id[0], 3);
	is_text(RECORD_ROUTE, "r1");
	is_text(RECORD_SERVICE, "s1");
	is_text(RECORD_ID, "id1");
	is_text(RECORD_CORRELATION, "c1");
	is_text(RECORD_USER, "u");
	is_text(RECORD_TENANT, "t");
	is_text(RECORD_AUTHENTICATOR, "main");
	is_text(RECORD_METHOD, "GET");
	is_text(RECORD_HOST, "h:80");
	is_text(RECORD_PATH, "/a/b");
	is_text(RECORD_QUERY, "");
	is_text(RECORD_REFERER, "http://a/");
	is_text(RECORD_AGENT, "curl/8");
	is_text(RECORD_LIMIT, "");
	is_text(RECORD_TRACESTATE, "a=b");
	ck_assert(!next());
}
END_TEST

/* Within a turn of the loop, too. */
START_TEST(a_time_that_meters_agree_on)
{
	struct req q = request();

	record_request(&q);
	ck_assert(next());
	ck_assert_uint_eq(view.request->duration_us, 1);
	ck_assert_uint_eq(req_took_us(&q), 1);
}
END_TEST

START_TEST(what_never_got_far)
{
	struct req q = request();

	q.plan.row = q.plan.service = REGISTRY_NONE;
	q.plan.name.bytes = 0;
	q.passed = 0;
	q.status = 101;
	q.head.target = SLICE_NONE;
	q.head.count = 0;
	q.head.present = 0;
	env.view.image = NULL;
	record_request(&q);
	ck_assert(next());
	is_text(RECORD_ROUTE, "");
	is_text(RECORD_SERVICE, "");
	is_text(RECORD_PATH, "");
	ck_assert_uint_eq(view.request->last, 255);
	ck_assert_uint_eq(view.request->flags, RECORD_SWITCHED);
}
END_TEST

START_TEST(the_query_where_it_is_wanted)
{
	struct req q = request();

	image.head.telemetry.query = 1;
	record_request(&q);
	ck_assert(next());
	is_text(RECORD_PATH, "/a/b");
	is_text(RECORD_QUERY, "c=d&e");
	q.head.target = SLICE_LIT("?");
	record_request(&q);
	ck_assert(next());
	is_text(RECORD_PATH, "");
	is_text(RECORD_QUERY, "");
}
END_TEST

START_TEST(the_newest_attempts)
{
	struct req q = request();
	struct req_try tries[12] = { 0 };

	for (uint16_t i = 0; i < 12; i++) {
		tries[i] = (struct req_try){
			.before = i != 0 ? &tries[i - 1] : NULL,
			.status = (uint16_t)(500 + i),
			.why = WHY_CONNECT_FAILED,
			.at_us = i * 100u,
			.connect_us = 1,
			.head_us = 2,
			.total_us = i == 11 ? UINT64_MAX : 3,
			.flags = RECORD_HEARD,
			.span_id = { (uint8_t)i },
		};
		tries[i].addr.port = i;
	}
	tries[10].service = SLICE_LIT("other");
	q.tries = &tries[11];
	q.attempts = 12;
	record_request(&q);
	ck_assert(next());
	ck_assert_uint_eq(view.request->attempts, 12);
	ck_assert_uint_eq(view.request->attempts_kept, RECORD_ATTEMPTS_MAX);
	for (uint16_t i = 0; i < RECORD_ATTEMPTS_MAX; i++) {
		const struct record_attempt *a = &view.attempts[i];
		uint16_t n = i + 4;

		ck_assert_uint_eq(a->addr.port, n);
		ck_assert_uint_eq(a->status, 500 + n);
		ck_assert_uint_eq(a->why, WHY_CONNECT_FAILED);
		ck_assert_uint_eq(a->at_us, n * 100u);
		ck_assert_uint_eq(a->span_id[0], n);
		ck_assert_uint_eq(a->flags, RECORD_HEARD);
		ck_assert_uint_eq(a->total_us, n == 11 ? UINT32_MAX : 3);
		is_str(a->service, n == 10 ? "other" : "");
	}
}
END_TEST

START_TEST(steps_of_what_is_watched)
{
	struct req q = request();
	static struct steps steps = { .count = 2,
		.step = {
		    { 3, DONE, 5000, 70 }, { 4, WAIT, 9999, UINT64_MAX } } };

	q.steps = &steps;
	record_request(&q);
	ck_assert(next());
	ck_assert_uint_eq(view.request->steps, 2);
	ck_assert_uint_eq(view.steps[0].filter, 3);
	ck_assert_uint_eq(view.steps[0].verdict, DONE);
	ck_assert_uint_eq(view.steps[0].at_us, 5);
	ck_assert_uint_eq(view.steps[0].took_ns, 70);
	ck_assert_uint_eq(view.steps[1].at_us, 9);
	ck_assert_uint_eq(view.steps[1].took_ns, UINT32_MAX);
}
END_TEST

static void
want_field(uint32_t i, enum field_id id, bool answer, const char *name)
{
	struct img_record_field *f = &image.fields[i];

	f->id = id;
	f->answer = answer;
	f->name.off = (uint32_t)(offsetof(typeof(image), texts) + i * 16);
	f->name.len = (uint32_t)strlen(name);
	memcpy(image.texts + (size_t)i * 16, name, strlen(name));
	image.head.telemetry.fields =
	    (struct img_span){ offsetof(typeof(image), fields), i + 1 };
}

START_TEST(fields_that_are_wanted)
{
	struct req q = request();
	struct req_kept kept = { NULL, SLICE_LIT("ETag"), SLICE_LIT("e") };

	want_field(0, FIELD_ACCEPT, false, "accept");
	want_field(1, FIELD_OTHER, false, "x-one");
	want_field(2, FIELD_ETAG, true, "etag");
	q.kept = &kept;
	record_request(&q);
	ck_assert(next());
	ck_assert_uint_eq(view.request->fields, 4);
	is_str(view.fields[0].name, "Accept");
	is_str(view.fields[0].value, "*/*");
	is_str(view.fields[1].value, "1");
	is_str(view.fields[2].value, "2");
	is_str(view.fields[3].name, "ETag");
	is_str(view.fields[3].value, "e");
	for (int i = 0; i < 4; i++)
		ck_assert_uint_eq(view.fields[i].answer, i == 3);
	ck_assert_uint_eq(view.request->flags, 0);
}
END_TEST

/* Nobody finds in a ring what no log may show. */
START_TEST(fields_that_are_hidden)
{
	struct req q = request();
	struct req_kept kept = { NULL, SLICE_LIT("X_One"), SLICE_LIT("e") };

	want_field(0, FIELD_OTHER, false, "*");
	want_field(1, FIELD_OTHER, true, "*");
	memcpy(image.texts + 64, "X-ONE", 5);
	image.hidden =
	    (struct img_str){ (uint32_t)offsetof(typeof(image), texts) + 64,
		    5 };
	image.head.telemetry.mask_headers =
	    (struct img_span){ offsetof(typeof(image), hidden), 1 };
	q.kept = &kept;
	record_request(&q);
	ck_assert(next());
	ck_assert_uint_eq(view.request->fields, 6);
	is_str(view.fields[1].value, "curl/8");
	is_str(view.fields[2].name, "X-One");
	is_str(view.fields[2].value, "***");
	is_str(view.fields[3].value, "***");
	is_str(view.fields[4].value, "*/*");
	is_str(view.fields[5].name, "X_One");
	is_str(view.fields[5].value, "***");
	image.head.telemetry.mask_headers.count = 0;
}
END_TEST

START_TEST(all_fields_as_far_as_there_is_room)
{
	struct req q = request();
	struct field lots[40];

	for (int i = 0; i < 40; i++)
		lots[i] = (struct field){ SLICE_LIT("n"), SLICE_LIT("v"),
			FIELD_OTHER };
	want_field(0, FIELD_OTHER, false, "*");
	record_request(&q);
	ck_assert(next());
	ck_assert_uint_eq(view.request->fields, 5);
	q.head.fields = lots;
	q.head.present = 1;
	q.head.count = 40;
	record_request(&q);
	ck_assert(next());
	ck_assert_uint_eq(view.request->fields, RECORD_FIELDS_MAX);
	ck_assert_uint_eq(view.request->flags, RECORD_CLIPPED);
}
END_TEST

/* All that can be long is as long as can be: it still is a record. */
START_TEST(long_texts_are_clipped)
{
	struct req q = request();
	struct slice huge = slice_make(many, sizeof(many));
	struct identity id = { .authenticator = huge };
	struct trace t = { .tracestate = huge, .correlation = huge };
	struct req_try tries[8] = { 0 };
	struct field lots[20];
	static struct steps steps = { .count = STEPS_MAX };

	id.claim[IMG_CLAIM_USER] = id.claim[IMG_CLAIM_TENANT] = huge;
	for (int i = 0; i < 20; i++)
		lots[i] = (struct field){ huge, huge,
			i == 0 ? FIELD_REFERER : FIELD_USER_AGENT };
	for (int i = 0; i < 8; i++)
		tries[i] =
		    (struct req_try){ .before = i != 0 ? &tries[i - 1] : NULL,
			    .service = huge };
	want_field(0, FIELD_OTHER, false, "*");
	image.head.telemetry.query = 1;
	q.identity = &id;
	q.trace = &t;
	q.steps = &steps;
	q.tries = &tries[7];
	q.request_id = q.head.host = q.head.method_text = huge;
	q.head.fields = lots;
	q.head.count = 20;
	for (size_t mark = 0; mark < 5000; mark += 499) {
		many[mark] = '?';
		q.head.target = huge;
		record_request(&q);
		many[mark] = 'x';
		ck_assert(next());
		ck_assert_uint_ne(view.request->flags & RECORD_CLIPPED, 0);
		ck_assert_uint_le(view.head->bytes, RECORD_MAX);
		ck_assert_uint_gt(record_text(&view, RECORD_METHOD).n, 0);
		ck_assert_uint_eq(view.request->fields, RECORD_FIELDS_MAX);
	}
}
END_TEST

START_TEST(connections_without_a_request)
{
	struct head h = { .method_text = SLICE_LIT("PUT"),
		.method = METHOD_PUT,
		.version = HTTP_1_1,
		.target = SLICE_LIT("/x?y") };
	struct addr peer;

	ck_assert(addr_parse_ip(SLICE_LIT("::1"), &peer));
	record_peer(&env, &peer, WHY_BANNED_CLOSED);
	ck_assert(next());
	ck_assert_uint_eq(view.head->kind, RECORD_CONNECTION);
	ck_assert_uint_eq(view.request->why, WHY_BANNED_CLOSED);
	ck_assert_uint_eq(view.request->status, 0);
	ck_assert_uint_eq(view.request->generation, 9);
	ck_assert_uint_eq(view.request->last, 255);
	ck_assert_int_eq(view.request->grpc_status, -1);
	ck_assert(addr_eq(&view.request->client, &peer));
	is_text(RECORD_METHOD, "");
	record_connection(&env,
	    &(struct record_ending){ .peer = &peer,
		.why = WHY_HEAD_TIMEOUT,
		.status = 400,
		.bytes_out = 12,
		.tls = true,
		.head = &h,
		.id = SLICE_LIT("i") });
	ck_assert(next());
	ck_assert_uint_eq(view.request->status, 400);
	ck_assert_uint_eq(view.request->bytes_out, 12);
	ck_assert_uint_eq(view.request->flags, RECORD_TLS);
	ck_assert_uint_eq(view.request->method, METHOD_PUT);
	is_text(RECORD_METHOD, "PUT");
	is_text(RECORD_PATH, "/x");
	is_text(RECORD_QUERY, "");
	is_text(RECORD_ID, "i");
}
END_TEST

static const struct {
	const char *target, *path;
} targets[] = {
	{ "http://joe:secret@h/a?q", "/a" },
	{ "ftp://joe:secret@h/a", "/a" },
	{ "http://joe:secret@h", "" },
	{ "http://joe:secret@h?q", "" },
	{ "http://joe:secret@", "" },
	{ "joe:secret@h:443", "h:443" },
	{ "h:443", "h:443" },
	{ "*", "*" },
	{ "/a@b://c", "/a@b://c" },
};

START_TEST(no_credentials_of_a_target)
{
	struct addr peer = { 0 };
	struct head head = { .target = slice_str(targets[_i].target) };

	record_connection(&env,
	    &(struct record_ending){
		.peer = &peer, .why = WHY_HEAD_TIMEOUT, .head = &head });
	ck_assert(next());
	is_text(RECORD_PATH, targets[_i].path);
}
END_TEST

START_TEST(nothing_without_a_ring)
{
	struct geometry g;
	struct region off;
	struct req q;
	struct diag d;

	diag_init(&d);
	geometry_defaults(&g, 2);
	g.images_bytes = FIXTURE_IMAGES;
	g.record_bytes = 0;
	ck_assert(region_create(&off, &g, &d));
	q = request();
	env.region = &off;
	record_request(&q);
	record_peer(&env, &q.peer, WHY_BANNED_CLOSED);
	region_fini(&off);
	ck_assert(!next());
	diag_fini(&d);
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("record");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, all_of_a_request);
	tcase_add_test(tc, a_time_that_meters_agree_on);
	tcase_add_test(tc, what_never_got_far);
	tcase_add_test(tc, the_query_where_it_is_wanted);
	tcase_add_test(tc, the_newest_attempts);
	tcase_add_test(tc, steps_of_what_is_watched);
	tcase_add_test(tc, fields_that_are_wanted);
	tcase_add_test(tc, fields_that_are_hidden);
	tcase_add_test(tc, all_fields_as_far_as_there_is_room);
	tcase_add_test(tc, long_texts_are_clipped);
	tcase_add_test(tc, connections_without_a_request);
	tcase_add_loop_test(tc, no_credentials_of_a_target, 0,
	    (int)(sizeof(targets) / sizeof(targets[0])));
	tcase_add_test(tc, nothing_without_a_ring);
	return fixture_run(tc, "record");
}
