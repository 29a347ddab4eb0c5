/*
 * Tests of trace.c and what it is made of: who is believed, what goes upstream
 * and changes there from call to call, the correlation id both ways, and that
 * as many are sampled as ought to be.
 */
#include <check.h>
#include <stdlib.h>

#include "common/base/hex.h"
#include "worker/filter/correlation.h"
#include "worker/filter/trace.h"
#include "worker/filter/trace_fields.h"
#include "worker/flow/req.h"
#include "worker/flow/trace.h"

#define T "4bf92f3577b34da6a3ce929d0e0e4736"
#define S "00f067aa0ba902b7"

static struct {
	struct img_head head;
	char text[64];
} image;
static struct img_tracing *const rule = &image.head.telemetry.tracing;
static struct env *env;
static struct req q;
static struct req_try call;
static char first[16384];
static struct field fields[16], up[16], answer_fields[8];
static struct head answer;

static struct img_str
image_text(size_t at, const char *s)
{
	memcpy(image.text + at, s, strlen(s));
	return (struct img_str){
		.off = (uint32_t)(offsetof(typeof(image), text) + at),
		.len = (uint32_t)strlen(s)
	};
}

static void
setup(void)
{
	env = calloc(1, sizeof(*env));
	random_init(&env->random, (struct hash_key){ 11, 12 });
	memset(&image, 0, sizeof(image));
	rule->on = 1;
	rule->propagate = IMG_TRACE_W3C;
	rule->parent = 1;
	rule->sample = UINT32_MAX;
	rule->endpoint = image_text(0, "http://x/");
	q = (struct req){ .env = env, .image = &image.head };
	q.head.fields = fields;
	arena_init(&q.arena, first, sizeof(first), 0);
}

static void
teardown(void)
{
	arena_fini(&q.arena);
	free(env);
}

static void
say(const char *name, const char *value)
{
	enum field_id id = http_field_find(slice_str(name));

	q.head.fields[q.head.count++] = (struct field){ .name = slice_str(name),
		.value = slice_str(value),
		.id = (uint16_t)id };
	q.head.present |= (uint64_t)(id != FIELD_OTHER) << id;
}

static void
run(void)
{
	q.request_id = SLICE_LIT("0123456789");
	q.up = q.head;
	q.up.fields = up;
	q.up_room = 16;
	memcpy(up, fields, sizeof(up));
	ck_assert_int_eq(trace_request(&q), GO_ON);
	trace_tell(&q);
}

/* What goes upstream in the one field of that name; empty: it has none. */
static struct slice
told(const char *name)
{
	struct slice value = SLICE_NONE;

	for (uint32_t i = 0; i < q.up.count; i++) {
		const struct field *f = &q.up.fields[i];

		if (!slice_eq_nocase(f->name, slice_str(name)))
			continue;
		ck_assert_uint_eq(value.n, 0);
		value = f->value;
		if (f->id != FIELD_OTHER)
			ck_assert(head_has(&q.up, f->id));
	}
	return value;
}

static void
ck_told(const char *name, const char *want)
{
	struct slice got = told(name);

	ck_assert_msg(
	    slice_eq(got, slice_str(want)), "%s: %.*s", name, SLICE_FMT(got));
}

/* What a call is told, by the ids that are known of it. */
static void
ck_parent(const char *flags)
{
	char want[TRACE_PARENT_TEXT + 1] = "00-";

	hex_write(q.trace->trace_id, 16, want + 3);
	want[35] = '-';
	hex_write(call.span_id, 8, want + 36);
	want[52] = '-';
	memcpy(want + 53, flags, 3);
	ck_told("traceparent", want);
}

/* ---- contexts ---- */

START_TEST(a_trace_begins)
{
	uint8_t before[8];

	say("tracestate", "a=1"); /* of no trace */
	run();
	ck_assert(!trace_has_id(q.trace->parent_id, 8));
	ck_assert(trace_has_id(q.trace->trace_id, 8));
	ck_assert(trace_has_id(q.trace->trace_id + 8, 8));
	ck_told("tracestate", "");
	ck_assert(!head_has(&q.up, FIELD_TRACESTATE));
	q.tries = &call;
	trace_call(&q, q.tries);
	ck_parent("01");
	memcpy(before, call.span_id, 8);
	ck_assert_mem_ne(before, q.trace->span_id, 8);
	trace_call(&q, q.tries);
	ck_parent("01");
	ck_assert_mem_ne(before, call.span_id, 8);
	memcpy(before, call.span_id, 8);
	trace_call(&q, NULL); /* of this one there is no note */
	ck_assert_mem_eq(before, call.span_id, 8);
}
END_TEST

START_TEST(a_trace_goes_on)
{
	struct record_request rec = { 0 };

	say("traceparent", "00-" T "-" S "-00");
	say("X", "y");
	say("tracestate", "a=1");
	say("tracestate", "b=2");
	q.trusted = true;
	run();
	q.tries = &call;
	trace_call(&q, q.tries);
	ck_parent("00");
	ck_told("tracestate", "a=1,b=2");
	ck_told("X", "y");
	ck_assert_uint_eq(q.up.count, 3);
	trace_record(&q, &rec);
	ck_assert_uint_eq(rec.flags, RECORD_PARENT);
	ck_assert_mem_eq(rec.trace_id, q.trace->trace_id, 16);
	ck_assert_mem_eq(rec.span_id, q.trace->span_id, 8);
}
END_TEST

/* Of a trace that cannot be read, nothing goes on. */
START_TEST(a_wrong_trace_is_restarted)
{
	say("traceparent", "00-" T "-" S "-01-x");
	say("tracestate", "a=1");
	run();
	ck_told("tracestate", "");
	ck_assert(!trace_has_id(q.trace->parent_id, 8));
	ck_assert_uint_eq(told("traceparent").n, 55);
	ck_assert(memmem(told("traceparent").p, 55, T, 32) == NULL);
}
END_TEST

/* A field that Connection names has been left behind. */
START_TEST(without_anything_upstream)
{
	say("traceparent", "00-" T "-" S "-01");
	q.request_id = SLICE_LIT("0123456789");
	rule->correlation = image_text(20, "X-Mine");
	ck_assert_int_eq(trace_request(&q), GO_ON);
	ck_assert_uint_eq(q.up.count, 0);
	ck_assert(slice_eq(q.trace->correlation, q.request_id));
}
END_TEST

/* ---- B3 ---- */

static void
ck_b3(char state)
{
	char want[TRACE_B3_TEXT + 1] = "";

	hex_write(q.trace->trace_id, 16, want);
	want[32] = '-';
	hex_write(call.span_id, 8, want + 33);
	want[49] = '-';
	want[50] = state;
	want[51] = '-';
	hex_write(q.trace->span_id, 8, want + 52);
	ck_told("b3", want);
	want[32] = want[49] = want[51] = '\0';
	ck_told("X-B3-TraceId", want);
	ck_told("X-B3-SpanId", want + 33);
	ck_told("X-B3-ParentSpanId", want + 52);
	ck_told("X-B3-Sampled", state == '1' ? "1" : state == '0' ? "0" : "");
	ck_told("X-B3-Flags", state == 'd' ? "1" : "");
}

static const struct {
	const char *name, *value;
	bool trusted;
	uint32_t sample;
	char state;
} b3s[] = {
	{ "b3", T "-" S "-1", true, 0, '1' },
	{ "b3", T "-" S "-d", true, 0, 'd' },
	{ "b3", T "-" S "-0", true, UINT32_MAX, '0' },
	{ "b3", T "-" S, true, UINT32_MAX, '1' },
	{ "b3", T "-" S, true, 0, '0' },
	{ "b3", "0", true, UINT32_MAX, '0' },
	{ "b3", T "-" S "-d", false, 0, '0' },
	{ "b3", "0", false, UINT32_MAX, '1' },
	{ "X-B3-Flags", "1", true, 0, 'd' },
	{ "X-B3-Sampled", "1", true, 0, '1' },
	{ "X-B3-What", "1", true, 0, '0' },
};

START_TEST(b3)
{
	say(b3s[_i].name, b3s[_i].value);
	say("X-B3-Unknown", "1");
	say("traceparent", "00-x");
	say("tracestate", "a=1"); /* that of no trace */
	rule->propagate = IMG_TRACE_B3 | IMG_TRACE_B3_MULTI;
	rule->sample = b3s[_i].sample;
	q.trusted = b3s[_i].trusted;
	run();
	q.tries = &call;
	trace_call(&q, q.tries);
	ck_b3(b3s[_i].state);
	ck_told("X-B3-Unknown", "");
	ck_assert_uint_eq(q.trace->tracestate.n, 0);
	ck_told("traceparent", "00-x"); /* it is not ours to speak so */
	if (b3s[_i].value[0] == '8')
		ck_assert_mem_eq(told("X-B3-TraceId").p, T, 32);
}
END_TEST

/* ---- sampling ---- */

static const struct {
	const char *flags;
	bool trusted;
	uint32_t parent, sample;
	bool sampled;
} decisions[] = {
	{ "01", true, 1, 0, true },
	{ "00", true, 1, UINT32_MAX, false },
	{ "01", false, 1, 0, false },
	{ "00", false, 1, UINT32_MAX, true },
	{ "01", true, 0, 0, false },
	{ "00", true, 0, UINT32_MAX, true },
};

START_TEST(who_decides)
{
	char text[] = "00-" T "-" S "-0x";
	struct record_request rec = { 0 };

	memcpy(text + 53, decisions[_i].flags, 2);
	say("traceparent", text);
	rule->parent = decisions[_i].parent;
	rule->sample = decisions[_i].sample;
	q.trusted = decisions[_i].trusted;
	run();
	ck_assert_int_eq(q.trace->flags & TRACE_SAMPLED, decisions[_i].sampled);
	ck_assert_int_eq(q.steps != NULL, decisions[_i].sampled);
	trace_record(&q, &rec);
	ck_assert_int_eq(
	    (rec.flags & RECORD_SAMPLED) != 0, decisions[_i].sampled);
	ck_assert_mem_eq(
	    told("traceparent").p + 53, decisions[_i].sampled ? "01" : "00", 2);
}
END_TEST

#define TRACES 100000

static const double ratios[] = { 0.0, 0.0001, 0.01, 0.5, 0.99, 1.0 };

START_TEST(as_many_as_ought_to_be)
{
	double ratio = ratios[_i], sigma;
	int sampled = 0;

	rule->sample =
	    ratio < 1 ? (uint32_t)(ratio * 4294967296.0) : UINT32_MAX;
	for (int i = 0; i < TRACES; i++) {
		q.head.count = 0;
		q.up_room = 0;
		q.up = (struct head){ 0 };
		ck_assert_int_eq(trace_request(&q), GO_ON);
		sampled += q.trace->flags & TRACE_SAMPLED;
		arena_fini(&q.arena);
		arena_init(&q.arena, first, sizeof(first), 0);
	}
	sigma = TRACES * ratio * (1 - ratio);
	ck_assert_double_le(
	    (sampled - TRACES * ratio) * (sampled - TRACES * ratio),
	    16 * sigma);
}
END_TEST

/* The rightmost 7 bytes count: the larger they are, the sooner. */
START_TEST(by_the_id)
{
	static const struct {
		const char *id;
		bool sampled; /* of a tenth */
	} ids[] = {
		{ "000000000000000000e6666666666666", true },
		{ "000000000000000000e6666500000000", false },
		{ "ffffffffffffffffff00000000000000", false },
		{ "000000000000000000ffffffffffffff", true },
	};
	char text[] = "00-" T "-" S "-00";

	memcpy(text + 3, ids[_i].id, 32);
	say("traceparent", text);
	rule->sample = 429496730;
	run();
	ck_assert_int_eq(q.trace->flags, ids[_i].sampled);
}
END_TEST

/* What failed, or was slow, is exported all the same; nobody was told. */
START_TEST(errors_and_slow_ones)
{
	struct record_request rec = { 0 };

	rule->sample = 0;
	rule->errors = 1;
	rule->slow_us = 1000;
	q.began = clock_update();
	run();
	q.status = 404;
	trace_record(&q, &rec);
	ck_assert_uint_eq(rec.flags & RECORD_SAMPLED, 0);
	q.status = 503;
	trace_record(&q, &rec);
	ck_assert_uint_ne(rec.flags & RECORD_SAMPLED, 0);
	ck_assert_uint_eq(rec.trace_flags & TRACE_SAMPLED, 0);
	q.status = 200;
	q.why = WHY_UPSTREAM_CLOSED;
	rec.flags = 0;
	trace_record(&q, &rec);
	ck_assert_uint_ne(rec.flags & RECORD_SAMPLED, 0);
	q.why = WHY_OK;
	q.began.us -= 1000;
	rec.flags = 0;
	trace_record(&q, &rec);
	ck_assert_uint_ne(rec.flags & RECORD_SAMPLED, 0);
	q.status = 101; /* what comes then is not the gateway's time */
	q.switched_us = 999;
	rec.flags = 0;
	trace_record(&q, &rec);
	ck_assert_uint_eq(rec.flags & RECORD_SAMPLED, 0);
	q.switched_us = 1000;
	trace_record(&q, &rec);
	ck_assert_uint_ne(rec.flags & RECORD_SAMPLED, 0);
	q.trace->exported = false;
	rec.flags = 0;
	trace_record(&q, &rec);
	ck_assert_uint_eq(rec.flags & RECORD_SAMPLED, 0);
}
END_TEST

/* Without the filter a record has the client's ids, if they are good. */
START_TEST(no_tracing)
{
	struct record_request rec = { 0 };

	say("traceparent", "00-" T "-" S "-01");
	trace_record(&q, &rec);
	ck_assert_uint_eq(rec.flags, RECORD_PARENT);
	ck_assert_uint_eq(rec.trace_id[0], 0x4b);
	ck_assert_uint_eq(rec.parent_id[1], 0xf0);
	ck_assert(!trace_has_id(rec.span_id, 8));
	say("traceparent", "00-" T "-" S "-01");
	rec = (struct record_request){ 0 };
	trace_record(&q, &rec);
	ck_assert(!trace_has_id(rec.trace_id, 16));
}
END_TEST

/* ---- the correlation id ---- */

#define LONG                                   \
	"123456789012345678901234567890123456" \
	"123456789012345678901234567890123456" \
	"123456789012345678901234567890123456" \
	"12345678901234567890"

static const struct {
	const char *field, *values[2], *want; /* NULL: the request's id */
} correlations[] = {
	{ "X-Correlation-ID", { "abc-1" }, "abc-1" },
	{ "X-Correlation-ID", { NULL }, NULL },
	{ "X-Correlation-ID", { "a b" }, NULL },
	{ "X-Correlation-ID", { "" }, NULL },
	{ "X-Correlation-ID", { "\xc3\xa4" }, NULL },
	{ "X-Correlation-ID", { "one", "two" }, NULL },
	{ "X-Correlation-ID", { LONG }, LONG },
	{ "X-Correlation-ID", { LONG "x" }, NULL },
	{ "X-Amzn-Cause", { "Root=1" }, "Root=1" },
	{ "X-Amzn-Cause", { "one", "one" }, NULL },
	{ "X-Amzn-Cause", { NULL }, NULL },
};

static void
ck_answer(const char *field, struct slice want)
{
	uint32_t n = 0;

	trace_answer(&q, &answer);
	for (uint32_t i = 0; i < answer.count; i++) {
		if (!slice_eq_nocase(answer.fields[i].name, slice_str(field)))
			continue;
		ck_assert(slice_eq(answer.fields[i].value, want));
		n++;
	}
	ck_assert_uint_eq(n, 1);
}

START_TEST(correlation)
{
	const char *name = correlations[_i].field;
	struct slice want;

	rule->correlation = image_text(20, name);
	rule->correlation_id = http_field_find(slice_str(name));
	for (int i = 0; i < 2 && correlations[_i].values[i] != NULL; i++)
		say(name, correlations[_i].values[i]);
	run();
	want = correlations[_i].want != NULL ? slice_str(correlations[_i].want)
					     : q.request_id;
	ck_assert(slice_eq(q.trace->correlation, want));
	ck_assert(slice_eq(told(name), want));
	answer = (struct head){ .fields = answer_fields, .room = 8 };
	ck_answer(name, want);
	answer.fields[0].value = SLICE_LIT("the endpoint's");
	ck_answer(name, want);
}
END_TEST

START_TEST(a_nominated_correlation)
{
	say("Connection", "X-Mine");
	say("X-Mine", "abc-1");
	rule->correlation = image_text(20, "X-Mine");
	run();
	ck_assert(slice_eq(q.trace->correlation, q.request_id));
	ck_assert(slice_eq(told("X-Mine"), q.request_id));
}
END_TEST

START_TEST(no_correlation)
{
	say("X-Correlation-ID", "kept");
	run();
	ck_assert_uint_eq(q.trace->correlation.n, 0);
	ck_told("X-Correlation-ID", "kept");
	answer = (struct head){ .fields = answer_fields, .room = 8 };
	trace_answer(&q, &answer);
	ck_assert_uint_eq(answer.count, 0);
}
END_TEST

/* ---- no memory ---- */

START_TEST(no_room)
{
	rule->propagate = IMG_TRACE_W3C | IMG_TRACE_B3;
	for (int i = 0; i < 12; i++)
		say("X", "y");
	run();
	ck_assert_uint_eq(q.up.count, 14);
	ck_assert_uint_ge(q.up_room, q.up.count);
	ck_assert_ptr_ne(q.up.fields, up);
}
END_TEST

#define LOOP(test, cases) \
	tcase_add_loop_test(t, test, 0, (int)(sizeof(cases) / sizeof(cases[0])))

int
main(void)
{
	Suite *s = suite_create("trace");
	TCase *t = tcase_create("trace");
	SRunner *sr;
	int failed;

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, a_trace_begins);
	tcase_add_test(t, a_trace_goes_on);
	tcase_add_test(t, a_wrong_trace_is_restarted);
	tcase_add_test(t, without_anything_upstream);
	LOOP(b3, b3s);
	LOOP(who_decides, decisions);
	LOOP(as_many_as_ought_to_be, ratios);
	tcase_add_loop_test(t, by_the_id, 0, 4);
	tcase_add_test(t, errors_and_slow_ones);
	tcase_add_test(t, no_tracing);
	LOOP(correlation, correlations);
	tcase_add_test(t, a_nominated_correlation);
	tcase_add_test(t, no_correlation);
	tcase_add_test(t, no_room);
	suite_add_tcase(s, t);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_NORMAL);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
