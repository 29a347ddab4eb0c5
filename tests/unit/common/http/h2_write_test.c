/* Tests of h2_write.c: which fields of a head go out, and how they are spelt.
 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/http/h2_write.h"

static struct field fields[1200];
static char text[8192];

/* As "name=value|"; a field that HPACK shall not keep has "!" behind it. */
static void
check(struct h2_list l, const char *want)
{
	size_t n = 0;

	text[0] = '\0';
	for (size_t i = 0; i < l.n; i++)
		n += (size_t)snprintf(text + n, sizeof(text) - n, "%.*s=%.*s%s",
		    (int)l.nv[i].namelen, (const char *)l.nv[i].name,
		    (int)l.nv[i].valuelen, (const char *)l.nv[i].value,
		    (l.nv[i].flags & NGHTTP2_NV_FLAG_NO_INDEX) != 0 ? "!|"
								    : "|");
	ck_assert_str_eq(text, want);
}

static void
own(struct head *h, const char *name, const char *value)
{
	struct slice s = slice_str(name);
	enum field_id id = http_field_find(s);

	h->fields[h->count++] =
	    (struct field){ s, slice_str(value), (uint16_t)id };
	if (id != FIELD_OTHER)
		h->present |= UINT64_C(1) << id;
}

START_TEST(request)
{
	struct head h = { .method = METHOD_POST,
		.target = SLICE_LIT("/x"),
		.https = true,
		.fields = fields };
	uint64_t length = 18446744073709551615u;

	own(&h, "HOST", "a.example");
	own(&h, "User-Agent", "x");
	own(&h, "Connection", "close");
	own(&h, "Keep-Alive", "1");
	own(&h, "Transfer-Encoding", "chunked");
	own(&h, "Content-Length", "9");
	own(&h, "Upgrade", "x");
	own(&h, "HTTP2-Settings", "x");
	own(&h, "TE", "gzip");
	own(&h, "TE", "trailers");
	own(&h, "X-Request-ID", "1");
	own(&h, "Sec-WebSocket-Key", "k");
	check(h2_write_request(&h, &length, false),
	    ":method=POST|:scheme=https|:authority=a.example|:path=/x|"
	    "user-agent=x|te=trailers|x-request-id=1!|sec-websocket-key=k|"
	    "content-length=18446744073709551615|");
}
END_TEST

START_TEST(request_of_little)
{
	struct head h = { .method = METHOD_OTHER,
		.method_text = SLICE_LIT("OWN"),
		.target = SLICE_LIT("?q"),
		.host = SLICE_LIT("b") };

	check(h2_write_request(&h, NULL, false),
	    ":method=OWN|:scheme=http|:authority=b|:path=/?q|");
	h.target = SLICE_NONE;
	check(h2_write_request(&h, NULL, false),
	    ":method=OWN|:scheme=http|:authority=b|:path=/|");
	h.target = SLICE_LIT("*");
	check(h2_write_request(&h, NULL, false),
	    ":method=OWN|:scheme=http|:authority=b|:path=*|");
}
END_TEST

START_TEST(connect)
{
	struct head h = { .method = METHOD_GET,
		.target = SLICE_LIT("/"),
		.host = SLICE_LIT("a"),
		.upgrade = SLICE_LIT("websocket"),
		.fields = fields };

	own(&h, "Sec-WebSocket-Key", "k");
	own(&h, "Sec-WebSocket-Version", "13");
	check(h2_write_request(&h, NULL, true),
	    ":method=CONNECT|:protocol=websocket|:scheme=http|:authority=a|"
	    ":path=/|sec-websocket-version=13|");
}
END_TEST

START_TEST(answer)
{
	struct head h = { .status = 101, .fields = fields };
	uint64_t length = 0;

	own(&h, "Sec-WebSocket-Accept", "k");
	own(&h, "Connection", "upgrade");
	own(&h, "Server", "x");
	check(h2_write_answer(&h, 200, NULL, true), ":status=200|server=x|");
	check(h2_write_answer(&h, 404, &length, false),
	    ":status=404|sec-websocket-accept=k|server=x|content-length=0|");
}
END_TEST

START_TEST(trailers)
{
	struct head h = { .fields = fields };

	own(&h, "grpc-status", "0");
	own(&h, "Content-Length", "1");
	own(&h, "Host", "a");
	own(&h, "TE", "trailers");
	own(&h, "Authorization", "x");
	own(&h, "transfer_encoding", "x");
	own(&h, "ETag", "y");
	check(h2_write_trailers(&h), "grpc-status=0|etag=y|");
}
END_TEST

/* Nobody may send so many; the next one is whole again. */
START_TEST(too_many)
{
	struct head h = { .status = 200, .fields = fields };

	for (int i = 0; i < 1100; i++)
		own(&h, "x", "y");
	ck_assert_uint_eq(h2_write_answer(&h, 200, NULL, false).n, 0);
	h.count = 1050;
	ck_assert_uint_eq(h2_write_answer(&h, 200, NULL, false).n, 1051);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("h2_write");
	TCase *tc = tcase_create("h2_write");
	SRunner *runner;
	int failed;

	tcase_add_test(tc, request);
	tcase_add_test(tc, request_of_little);
	tcase_add_test(tc, connect);
	tcase_add_test(tc, answer);
	tcase_add_test(tc, trailers);
	tcase_add_test(tc, too_many);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
