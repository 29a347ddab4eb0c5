/* Tests of cors_preflight.c: what a page of another origin may ask for. */
#include "worker/filter/cors_preflight.h"

#include <stdio.h>

#include "tests/unit/master/conf_try.h"

#define POLICIES                                                          \
	"cors = (\n"                                                      \
	"{ name = \"few\"; origins = \"https://a.example\"; "             \
	"methods = [ \"GET\", \"PUT\", \"PURGE\" ]; "                     \
	"headers = [ \"X-One\", \"Authorization\" ]; },\n"                \
	"{ name = \"free\"; origins = [ \"https://a.example\", \"null\" " \
	"]; headers = \"*\"; credentials = true; },\n"                    \
	"{ name = \"any\"; origins = \"*\"; } );\n"

enum { FEW, FREE, ANY };

static const struct {
	unsigned policy, kind;
	const char *origin, *method, *headers;
	enum cors_verdict verdict;
	const char *name;
} cases[] = {
	{ FEW, 0, "https://a.example", "GET", "", CORS_ALLOWED, "" },
	{ FEW, 0, "https://a.example", "HEAD", "", CORS_ALLOWED, "" },
	{ FEW, 0, "https://a.example", "PURGE", "", CORS_ALLOWED, "" },
	{ FEW, 0, "https://a.example", "PUT", "x-one,AUTHORIZATION",
	    CORS_ALLOWED, "" },
	{ FEW, 0, "https://a.example", "PUT", " , x-one , ", CORS_ALLOWED, "" },
	{ FEW, 0, "https://b.example", "PUT", "", CORS_BAD_ORIGIN, "" },
	{ FEW, 0, "https://a.example.evil", "PUT", "", CORS_BAD_ORIGIN, "" },
	{ FEW, 0, "https://evila.example", "PUT", "", CORS_BAD_ORIGIN, "" },
	{ FEW, 0, "HTTPS://A.EXAMPLE", "PUT", "", CORS_BAD_ORIGIN, "" },
	{ FEW, 0, "https://a.example/", "PUT", "", CORS_BAD_ORIGIN, "" },
	{ FEW, 0, "https://u@a.example", "PUT", "", CORS_BAD_ORIGIN, "" },
	{ FEW, 0, "null", "PUT", "", CORS_BAD_ORIGIN, "" },
	{ FEW, 0, "", "PUT", "", CORS_BAD_ORIGIN, "" },
	{ FEW, 0, "https://a.example", "POST", "", CORS_BAD_METHOD, "" },
	{ FEW, 0, "https://a.example", "put", "", CORS_BAD_METHOD, "" },
	{ FEW, 0, "https://a.example", "purge", "", CORS_BAD_METHOD, "" },
	{ FEW, 0, "https://a.example", "", "", CORS_BAD_METHOD, "" },
	{ FEW, 0, "https://a.example", "PUT, GET", "", CORS_BAD_METHOD, "" },
	{ FEW, 0, "https://a.example", "PUT", "x-two", CORS_BAD_HEADER,
	    "x-two" },
	{ FEW, 0, "https://a.example", "PUT", "x-one,x-on,x-three",
	    CORS_BAD_HEADER, "x-on" },
	{ FEW, 0, "https://a.example", "PUT", "x-one authorization",
	    CORS_BAD_HEADER, "x-one authorization" },
	{ FEW, 0, "https://a.example", "PUT", "content-type", CORS_BAD_HEADER,
	    "content-type" },
	{ FEW, 0, "https://a.example", "PUT", "*", CORS_BAD_HEADER, "*" },
	/* What clients of gRPC-Web send. */
	{ FEW, 1, "https://a.example", "PUT",
	    "content-type,grpc-timeout,x-grpc-web,x-user-agent,x-one",
	    CORS_ALLOWED, "" },
	{ FEW, 1, "https://a.example", "PUT", "grpc-status", CORS_BAD_HEADER,
	    "grpc-status" },
	{ FREE, 0, "null", "PATCH", "x-1, authorization", CORS_ALLOWED, "" },
	{ FREE, 0, "null", "WHATEVER", "*", CORS_ALLOWED, "" },
	{ FREE, 0, "null", "WHAT EVER", "", CORS_BAD_METHOD, "" },
	{ FREE, 0, "null", "TRACE", "", CORS_BAD_METHOD, "" },
	{ FREE, 0, "null", "CONNECT", "", CORS_BAD_METHOD, "" },
	{ FREE, 0, "null", "PUT", "x 1", CORS_BAD_HEADER, "x 1" },
	{ FREE, 0, "null", "PUT", "x-1;", CORS_BAD_HEADER, "x-1;" },
	{ ANY, 0, "https://whoever.example", "PUT", "", CORS_ALLOWED, "" },
	{ ANY, 0, "https://whoever.example", "PUT", "x-1", CORS_BAD_HEADER,
	    "x-1" },
};

static struct field fields[4];

static struct head
preflight_of(const char *origin, const char *method, const char *headers)
{
	struct head h = { .fields = fields };

	head_add(&h, FIELD_ORIGIN, slice_str(origin));
	head_add(&h, FIELD_ACCESS_CONTROL_REQUEST_METHOD, slice_str(method));
	head_add(&h, FIELD_ACCESS_CONTROL_REQUEST_HEADERS, SLICE_LIT(""));
	head_add(&h, FIELD_ACCESS_CONTROL_REQUEST_HEADERS, slice_str(headers));
	return h;
}

START_TEST(each)
{
	struct head h =
	    preflight_of(cases[_i].origin, cases[_i].method, cases[_i].headers);
	const struct img_head *img;
	const struct img_cors *all;
	struct slice name = SLICE_NONE;
	struct conf_try t;

	conf_try_text(&t, POLICIES REST);
	ck_assert_str_eq(t.complaints, "");
	img = (const struct img_head *)(void *)t.c.image;
	all = img_at(img, img->cors.off);
	ck_assert_int_eq(cors_preflight_judge(img, &all[cases[_i].policy],
			     cases[_i].kind, &h, &name),
	    cases[_i].verdict);
	ck_assert(slice_eq(name, slice_str(cases[_i].name)));
	conf_try_fini(&t);
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("cors_preflight");

	tcase_add_loop_test(
	    tc, each, 0, (int)(sizeof(cases) / sizeof(cases[0])));
	return conf_try_run("cors_preflight", tc);
}
