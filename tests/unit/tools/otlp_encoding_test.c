/*
 * Tests of otlp_proto.c and otlp_json.c: that they say the same, and what. What
 * a receiver makes of it that knows the published messages is in
 * tests/e2e/test_tracing.py.
 */
#include <check.h>
#include <jansson.h>
#include <stdlib.h>

#include "tools/otlp_encoding.h"
#include "tools/otlp_wire.h"

static const uint8_t trace_id[16] = { 0xa0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11,
	12, 13, 14, 15 };
static struct otlp_span span;
static struct text spans, body;

static void
setup(void)
{
	static const struct otlp_attr attr[] = {
		{ .key = { "text", 4 }, .text = { "a\xff\"\n", 4 } },
		{ .key = { "number", 6 }, .number = -7, .type = OTLP_NUMBER },
		{ .key = { "yes", 3 }, .number = 1, .type = OTLP_BOOL },
	};

	span = (struct otlp_span){ .trace_id = trace_id,
		.id = { 0xb0, 1, 2, 3, 4, 5, 6, 7 },
		.parent_id = { 0xc0, 1, 2, 3, 4, 5, 6, 7 },
		.flags = 0x301,
		.kind = OTLP_SERVER,
		.failed = true,
		.name = SLICE_LIT("GET /x"),
		.tracestate = SLICE_LIT("a=1"),
		.error = SLICE_LIT("no_endpoint"),
		.start_ns = UINT64_C(1700000000123456789),
		.end_ns = UINT64_C(1700000000223456789),
		.connected_ns = UINT64_C(1700000000133456789),
		.attrs = 3 };
	memcpy(span.attr, attr, sizeof(attr));
	text_init(&spans);
	text_init(&body);
}

static void
teardown(void)
{
	text_fini(&spans);
	text_fini(&body);
}

static void
make(const struct otlp_encoding *e)
{
	static const struct otlp_attr name = { .key = { "service.name", 12 },
		.text = { "edge", 4 } };
	const struct otlp_resource r = { &name, 1 };

	e->span(&spans, &span);
	memset(span.parent_id, 0, sizeof(span.parent_id));
	span.failed = false;
	span.connected_ns = 0;
	span.attrs = 0;
	span.tracestate = SLICE_NONE;
	e->span(&spans, &span);
	e->body(&body, &r, text_slice(&spans));
}

/* ---- Protocol Buffers ---- */

/* The nth field of this number in a message. */
static struct wire_field
nth(struct slice message, uint32_t number, int n)
{
	struct wire_field f;

	while (wire_next(&message, &f))
		if (f.number == number && n-- == 0)
			return f;
	return (struct wire_field){ 0 };
}

static struct slice
bytes(struct slice message, uint32_t number, int n)
{
	struct wire_field f = nth(message, number, n);

	ck_assert_msg(f.is_bytes, "field %u", number);
	return f.bytes;
}

static uint64_t
value(struct slice message, uint32_t number)
{
	struct wire_field f = nth(message, number, 0);

	ck_assert_msg(f.number == number && !f.is_bytes, "field %u", number);
	return f.value;
}

static void
ck_slice(struct slice got, const char *want)
{
	ck_assert_msg(slice_eq(got, slice_str(want)), "%.*s", SLICE_FMT(got));
}

START_TEST(proto)
{
	struct slice all, scope, one, attr;

	make(&otlp_proto);
	all = bytes(text_slice(&body), 1, 0);
	attr = bytes(bytes(all, 1, 0), 1, 0);
	ck_slice(bytes(attr, 1, 0), "service.name");
	ck_slice(bytes(bytes(attr, 2, 0), 1, 0), "edge");
	scope = bytes(all, 2, 0);
	ck_slice(bytes(bytes(scope, 1, 0), 1, 0), "penstock");
	ck_slice(bytes(bytes(scope, 1, 0), 2, 0), PENSTOCK_VERSION);
	one = bytes(scope, 2, 0);
	ck_assert_mem_eq(bytes(one, 1, 0).p, trace_id, 16);
	ck_assert_mem_eq(bytes(one, 2, 0).p, span.id, 8);
	ck_slice(bytes(one, 3, 0), "a=1");
	ck_assert_uint_eq((uint8_t)bytes(one, 4, 0).p[0], 0xc0);
	ck_slice(bytes(one, 5, 0), "GET /x");
	ck_assert_uint_eq(value(one, 6), 2);
	ck_assert_uint_eq(value(one, 7), 1700000000123456789);
	ck_assert_uint_eq(value(one, 8), 1700000000223456789);
	attr = bytes(one, 9, 0);
	ck_slice(bytes(bytes(attr, 2, 0), 1, 0), "a\xef\xbf\xbd\"\n");
	attr = bytes(one, 9, 1);
	ck_assert_int_eq((int64_t)value(bytes(attr, 2, 0), 3), -7);
	attr = bytes(one, 9, 2);
	ck_assert_uint_eq(value(bytes(attr, 2, 0), 2), 1);
	ck_assert_uint_eq(value(bytes(one, 11, 0), 1), 1700000000133456789);
	ck_slice(bytes(bytes(one, 11, 0), 2, 0), "connected");
	ck_slice(bytes(bytes(one, 15, 0), 2, 0), "no_endpoint");
	ck_assert_uint_eq(value(bytes(one, 15, 0), 3), 2);
	ck_assert_uint_eq(value(one, 16), 0x301);
	one = bytes(scope, 2, 1);
	for (uint32_t number = 3; number <= 15; number++)
		if (number < 5 || number > 8)
			ck_assert_uint_eq(nth(one, number, 0).number, 0);
	ck_assert_uint_eq(nth(scope, 2, 2).number, 0);
}
END_TEST

/* ---- JSON ---- */

static void
ck_string(json_t *object, const char *key, const char *want)
{
	const char *got = json_string_value(json_object_get(object, key));

	ck_assert_msg(got != NULL, "%s", key);
	ck_assert_str_eq(got, want);
}

static void
ck_int(json_t *object, const char *key, long long want)
{
	ck_assert(json_is_integer(json_object_get(object, key)));
	ck_assert_int_eq(
	    json_integer_value(json_object_get(object, key)), want);
}

static json_t *
attr_value(json_t *object, size_t i)
{
	json_t *list = json_object_get(object, "attributes");

	return json_object_get(json_array_get(list, i), "value");
}

/* What one of a list of objects has under `key`. */
static json_t *
first(json_t *object, const char *key)
{
	return json_array_get(json_object_get(object, key), 0);
}

START_TEST(json)
{
	json_t *root, *all, *scope, *one;

	make(&otlp_json);
	root = json_loadb(body.p, body.n, 0, NULL);
	ck_assert_ptr_nonnull(root);
	all = first(root, "resourceSpans");
	ck_string(attr_value(json_object_get(all, "resource"), 0),
	    "stringValue", "edge");
	scope = first(all, "scopeSpans");
	ck_string(json_object_get(scope, "scope"), "name", "penstock");
	one = first(scope, "spans");
	ck_string(one, "traceId", "a00102030405060708090a0b0c0d0e0f");
	ck_string(one, "spanId", "b001020304050607");
	ck_string(one, "parentSpanId", "c001020304050607");
	ck_string(one, "traceState", "a=1");
	ck_int(one, "flags", 0x301);
	ck_string(one, "name", "GET /x");
	ck_int(one, "kind", 2);
	ck_string(one, "startTimeUnixNano", "1700000000123456789");
	ck_string(one, "endTimeUnixNano", "1700000000223456789");
	ck_string(attr_value(one, 0), "stringValue", "a\xef\xbf\xbd\"\n");
	ck_string(attr_value(one, 1), "intValue", "-7");
	ck_assert(
	    json_is_true(json_object_get(attr_value(one, 2), "boolValue")));
	ck_string(first(one, "events"), "timeUnixNano", "1700000000133456789");
	ck_string(first(one, "events"), "name", "connected");
	ck_string(json_object_get(one, "status"), "message", "no_endpoint");
	ck_int(json_object_get(one, "status"), "code", 2);
	ck_assert_uint_eq(json_array_size(json_object_get(scope, "spans")), 2);
	one = json_array_get(json_object_get(scope, "spans"), 1);
	ck_assert_ptr_null(json_object_get(one, "parentSpanId"));
	ck_assert_ptr_null(json_object_get(one, "traceState"));
	ck_assert_ptr_null(json_object_get(one, "status"));
	ck_assert_ptr_null(json_object_get(one, "events"));
	json_decref(root);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("otlp_encoding");
	TCase *t = tcase_create("otlp_encoding");
	SRunner *sr;
	int failed;

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, proto);
	tcase_add_test(t, json);
	suite_add_tcase(s, t);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_NORMAL);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
