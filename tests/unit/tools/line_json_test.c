/*
 * Tests of line_json.c: the line of JSON, by the byte and as jansson reads it,
 * whatever bytes the texts consist of.
 */
#include <jansson.h>
#include <stdio.h>

#include "common/base/utf8.h"
#include "tests/unit/tools/line_kit.h"

START_TEST(writes_a_request)
{
	ck_assert_str_eq(line_made(),
	    "{\"timestamp\":\"2026-11-28T23:07:12.345678Z\","
	    "\"level\":\"info\",\"service\":\"users\",\"route\":\"user\","
	    "\"request_id\":\"01j9z8y7x6w5v4u3t2s1r0qpon\","
	    "\"correlation_id\":\"\","
	    "\"trace_id\":\"4bf92f3577b34da6a3ce929d0e0e4736\","
	    "\"user_id\":\"u-1000\",\"tenant_id\":\"t1\","
	    "\"client\":\"192.0.2.44\",\"method\":\"GET\","
	    "\"host\":\"api.example.com\","
	    "\"path\":\"/api/v1/users/1000/orders\",\"query\":\"\","
	    "\"protocol\":\"HTTP/1.1\",\"status\":200,\"why\":\"ok\","
	    "\"error_code\":\"\",\"bytes_in\":0,\"bytes_out\":5120,"
	    "\"duration_ms\":12.345,\"upstream_ms\":11.900,"
	    "\"overhead_us\":445,\"endpoint\":\"10.1.2.3:9001\","
	    "\"attempts\":1,\"generation\":7}");
}
END_TEST

/* A connection that ended before there was a request. */
START_TEST(writes_a_connection)
{
	record_kit_init(&kit);
	memset(kit.text, 0, sizeof(kit.text));
	kit.q = (struct record_request){
		.head = { .kind = RECORD_CONNECTION,
		    .wall_us = RECORD_KIT_WALL },
		.client = kit.q.client,
		.why = (uint16_t)line_why_find(SLICE_LIT("tls_failed")),
		.duration_us = 999,
		.generation = 1,
	};
	ck_assert_str_eq(line_made(),
	    "{\"timestamp\":\"2026-11-28T23:07:12.345678Z\","
	    "\"level\":\"warning\",\"service\":\"\",\"route\":\"\","
	    "\"request_id\":\"\",\"correlation_id\":\"\",\"trace_id\":\"\","
	    "\"user_id\":\"\",\"tenant_id\":\"\",\"client\":\"192.0.2.44\","
	    "\"method\":\"\",\"host\":\"\",\"path\":\"\",\"query\":\"\","
	    "\"protocol\":\"\",\"status\":0,\"why\":\"tls_failed\","
	    "\"error_code\":\"\",\"bytes_in\":0,\"bytes_out\":0,"
	    "\"duration_ms\":0.999,\"upstream_ms\":0.000,"
	    "\"overhead_us\":999,\"endpoint\":\"\",\"attempts\":0,"
	    "\"generation\":1}");
}
END_TEST

static json_t *
line_read(void)
{
	const char *line = line_made();
	json_error_t error;
	json_t *tree =
	    json_loadb(line, line_out.n - 1, JSON_REJECT_DUPLICATES, &error);

	ck_assert_msg(tree != NULL, "%s: %s", error.text, line);
	return tree;
}

static const char *
member(const json_t *tree, const char *name)
{
	return json_string_value(json_object_get(tree, name));
}

START_TEST(has_the_limits_of_numbers)
{
	json_t *tree;

	kit.q.bytes_in = UINT64_MAX;
	kit.q.duration_us = UINT64_MAX;
	kit.q.upstream_us = UINT64_MAX;
	kit.q.status = UINT16_MAX;
	kit.q.why = UINT16_MAX;
	kit.q.version = UINT8_MAX;
	kit.q.head.wall_us = -5;
	tree = json_loads(line_made(), JSON_DECODE_INT_AS_REAL, NULL);
	ck_assert_ptr_nonnull(tree);
	ck_assert_str_eq(member(tree, "why"), "unknown");
	ck_assert_str_eq(member(tree, "protocol"), "");
	ck_assert_str_eq(
	    member(tree, "timestamp"), "1970-01-01T00:00:00.000000Z");
	ck_assert(strstr(line_out.p, "\"bytes_in\":18446744073709551615,"));
	ck_assert(strstr(line_out.p, "\"duration_ms\":18446744073709551.615,"));
	json_decref(tree);
}
END_TEST

START_TEST(shows_fields_that_are_listed)
{
	json_t *tree, *headers;

	record_kit_field(&kit, "x-a", "1", false);
	record_kit_field(&kit, "X-A", "2", false);
	record_kit_field(&kit, "x-a", "3", false);
	record_kit_field(&kit, "x-b", "b", false);
	record_kit_field(&kit, "X-A", "answer", true);
	record_kit_field(&kit, "authorization", "Bearer secret", false);
	tree = line_read();
	ck_assert_ptr_null(json_object_get(tree, "headers"));
	ck_assert_ptr_null(json_object_get(tree, "response_headers"));
	json_decref(tree);
	line_set("header", "X-A, User-Agent, X-Absent, Authorization");
	line_never(&format->masks.headers, "Authorization");
	tree = line_read();
	headers = json_object_get(tree, "headers");
	ck_assert_uint_eq(json_object_size(headers), 3);
	ck_assert_str_eq(member(headers, "x-a"), "1, 2, 3");
	ck_assert_str_eq(member(headers, "authorization"), "***");
	ck_assert_int_eq(
	    strncmp(member(headers, "user-agent"), "Mozilla", 7), 0);
	json_decref(tree);
	line_set("response-header", "*");
	line_set("header", "*");
	tree = line_read();
	headers = json_object_get(tree, "headers");
	ck_assert_uint_eq(json_object_size(headers), 3);
	ck_assert_str_eq(member(headers, "x-b"), "b");
	headers = json_object_get(tree, "response_headers");
	ck_assert_uint_eq(json_object_size(headers), 1);
	ck_assert_str_eq(member(headers, "x-a"), "answer");
	json_decref(tree);
}
END_TEST

/* Ids have digits, too. */
START_TEST(masks_no_id_of_ours)
{
	json_t *tree;

	kit.text[RECORD_ID] = SLICE_LIT("7f4111111111111111");
	kit.text[RECORD_CORRELATION] = SLICE_LIT("7f4111111111111111");
	tree = line_read();
	ck_assert_str_eq(member(tree, "request_id"), "7f4111111111111111");
	ck_assert_str_eq(member(tree, "correlation_id"), "7f4111111111111111");
	json_decref(tree);
	kit.text[RECORD_CORRELATION] = SLICE_LIT("8f4111111111111111");
	tree = line_read();
	ck_assert_str_eq(member(tree, "correlation_id"), "8f************1111");
	json_decref(tree);
}
END_TEST

START_TEST(masks_what_clients_say)
{
	json_t *tree;

	kit.text[RECORD_USER] = SLICE_LIT("joe@example.com");
	kit.text[RECORD_PATH] = SLICE_LIT("/pay/4111111111111111");
	kit.text[RECORD_CORRELATION] = SLICE_LIT("219-09-9998");
	kit.text[RECORD_HOST] = SLICE_LIT("joe@example.com");
	kit.q.method = METHOD_OTHER;
	kit.text[RECORD_METHOD] = SLICE_LIT("DE89370400440532013000");
	record_kit_field(&kit, "x-a", "joe@example.com", false);
	record_kit_field(&kit, "x-a", "joe@example.com", true);
	line_set("header", "x-a");
	line_set("response-header", "x-a");
	tree = line_read();
	ck_assert_str_eq(member(tree, "user_id"), "j***@example.com");
	ck_assert_str_eq(member(tree, "path"), "/pay/************1111");
	ck_assert_str_eq(member(tree, "correlation_id"), "***-**-**98");
	ck_assert_str_eq(member(tree, "host"), "j***@example.com");
	ck_assert_str_eq(member(tree, "method"), "DE****************3000");
	ck_assert_ptr_null(strstr(line_out.p, "joe"));
	json_decref(tree);
	format->masks.text = 0;
	tree = line_read();
	ck_assert_str_eq(member(tree, "path"), "/pay/4111111111111111");
	json_decref(tree);
}
END_TEST

static const struct {
	const char *text, *json;
} escapes[] = {
	{ "a\"b\\c/d", "a\\\"b\\\\c/d" },
	{ "\b\f\n\r\t\x01\x1f\x7f", "\\b\\f\\n\\r\\t\\u0001\\u001f\\u007f" },
	{ "gr\xc3\xbc\xc3\x9f \xe2\x82\xac \xf0\x9f\x98\x80",
	    "gr\xc3\xbc\xc3\x9f \xe2\x82\xac \xf0\x9f\x98\x80" },
	{ "a\x7f"
	  "aaaaaaaaaaaa",
	    "a\\u007faaaaaaaaaaaa" },
	/* C1, separators of lines, directions of writing */
	{ "\xc2\x80\xc2\x85\xc2\x9f\xc2\xa0", "\\u0080\\u0085\\u009f\xc2\xa0" },
	{ "\xe2\x80\xa8\xe2\x80\xa9\xe2\x80\xae\xe2\x81\xa6\xe2\x80\xaf",
	    "\\u2028\\u2029\\u202e\\u2066\xe2\x80\xaf" },
	/* no UTF-8: alone, too long, a surrogate, too large, cut short */
	{ "a\xff\xfe", "a\xef\xbf\xbd\xef\xbf\xbd" },
	{ "\xc0\xaf", "\xef\xbf\xbd\xef\xbf\xbd" },
	{ "\xed\xa0\x80", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd" },
	{ "\xf4\x90\x80\x80",
	    "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd" },
	{ "x\xe2\x82", "x\xef\xbf\xbd\xef\xbf\xbd" },
};

/* Behind so many plain bytes that it stands at every place of a word. */
START_TEST(escapes_everywhere)
{
	char text[64], want[128];

	for (int before = 0; before < 20; before++) {
		(void)snprintf(text, sizeof(text), "%.*s%szz", before,
		    "aaaaaaaaaaaaaaaaaaaa", escapes[_i].text);
		(void)snprintf(want, sizeof(want), "\"path\":\"%.*s%szz\",",
		    before, "aaaaaaaaaaaaaaaaaaaa", escapes[_i].json);
		kit.text[RECORD_PATH] = slice_str(text);
		ck_assert_msg(strstr(line_made(), want) != NULL, "%s\n%s", want,
		    line_out.p);
	}
}
END_TEST

static const struct {
	enum record_text text;
	const char *name;
} shown[] = {
	{ RECORD_SERVICE, "service" },
	{ RECORD_ROUTE, "route" },
	{ RECORD_ID, "request_id" },
	{ RECORD_CORRELATION, "correlation_id" },
	{ RECORD_USER, "user_id" },
	{ RECORD_TENANT, "tenant_id" },
	{ RECORD_METHOD, "method" },
	{ RECORD_HOST, "host" },
	{ RECORD_PATH, "path" },
	{ RECORD_QUERY, "query" },
};

/* One of them is enough, be it the first or the last; what is not shown of the
 * record needs none. */
START_TEST(escapes_each_text)
{
	static char much[800];
	json_t *tree;

	memset(much, '\n', sizeof(much) - 1);
	line_set("query", "*");
	kit.text[RECORD_REFERER] = SLICE_LIT("\"");
	kit.text[shown[_i].text] = SLICE_LIT("a\"b");
	tree = line_read();
	ck_assert_str_eq(member(tree, shown[_i].name), "a\"b");
	ck_assert_int_eq(
	    json_integer_value(json_object_get(tree, "status")), kit.q.status);
	json_decref(tree);
	/* More than the line had room for. */
	text_fini(&line_out);
	kit.text[shown[_i].text] = slice_str(much);
	tree = line_read();
	if (shown[_i].text != RECORD_QUERY)
		ck_assert_str_eq(member(tree, shown[_i].name), much);
	json_decref(tree);
}
END_TEST

/* What a reader must find where these bytes were. */
static size_t
repaired(struct slice s, char *out)
{
	size_t n = 0;

	while (s.n != 0) {
		size_t k = utf8_sequence(s);

		memcpy(out + n, k != 0 ? s.p : "\xef\xbf\xbd", k != 0 ? k : 3);
		n += k != 0 ? k : 3;
		s = slice_skip(s, k != 0 ? k : 1);
	}
	return n;
}

static void
bytes_fill(char *p, size_t n, unsigned *seed)
{
	for (size_t i = 0; i < n; i++)
		p[i] = (char)(rand_r(seed) % 4 == 0
			? rand_r(seed)
			: "a\"\xc3\xbc\\\n"[rand_r(seed) % 6]);
}

START_TEST(any_bytes_come_back)
{
	static char bytes[900], want[2700];
	const char *names[] = { "route", "user_id", "path", "host" };
	const enum record_text texts[] = { RECORD_ROUTE, RECORD_USER,
		RECORD_PATH, RECORD_HOST };
	unsigned seed = 1;

	format->masks.text = 0;
	for (unsigned round = 0; round < 2000; round++) {
		size_t n = (size_t)rand_r(&seed) % sizeof(bytes), m;
		unsigned k = round % 4;
		const json_t *value;
		json_t *tree;

		bytes_fill(bytes, n, &seed);
		kit.text[texts[k]] = slice_make(bytes, n);
		record_kit_make(&kit);
		text_clear(&line_out);
		line_write(format, &kit.view, &line_out);
		tree = json_loadb(line_out.p, line_out.n,
		    JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, NULL);
		ck_assert_ptr_nonnull(tree);
		value = json_object_get(tree, names[k]);
		m = repaired(kit.text[texts[k]], want);
		ck_assert(slice_eq(slice_make(want, m),
		    slice_make(
			json_string_value(value), json_string_length(value))));
		json_decref(tree);
		kit.text[texts[k]] = SLICE_NONE;
	}
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("line_json");

	tcase_add_test(tc, writes_a_request);
	tcase_add_test(tc, writes_a_connection);
	tcase_add_test(tc, has_the_limits_of_numbers);
	tcase_add_test(tc, shows_fields_that_are_listed);
	tcase_add_test(tc, masks_what_clients_say);
	tcase_add_test(tc, masks_no_id_of_ours);
	tcase_add_loop_test(
	    tc, escapes_everywhere, 0, sizeof(escapes) / sizeof(escapes[0]));
	tcase_add_loop_test(
	    tc, escapes_each_text, 0, sizeof(shown) / sizeof(shown[0]));
	tcase_add_test(tc, any_bytes_come_back);
	return line_suite_run("line_json", tc);
}
