/*
 * Tests of line_template.c: lines by templates.
 */
#include "tests/unit/tools/line_kit.h"

static const struct {
	const char *template, *line;
} rows[] = {
	{ "{timestamp} {client} {status} {duration_ms}",
	    "2026-11-28T23:07:12.345678Z 192.0.2.44 200 12.345" },
	{ "{{{method}}}\t{path}", "{GET}\t/api/v1/users/1000/orders" },
	{ "{correlation_id}|{error_code}|{query}", "-|-|page=***&token=***" },
	{ "{level} {service} {route} {request_id} {trace_id}",
	    "info users user 01j9z8y7x6w5v4u3t2s1r0qpon "
	    "4bf92f3577b34da6a3ce929d0e0e4736" },
	{ "{user_id} {tenant_id} {host} {protocol} {why} {bytes_in} "
	  "{bytes_out} {upstream_ms} {overhead_us} {endpoint} {attempts} "
	  "{generation}",
	    "u-1000 t1 api.example.com HTTP/1.1 ok 0 5120 11.900 445 "
	    "10.1.2.3:9001 1 7" },
	{ "{header:X-One} {header:x-two} {response_header:x-one}",
	    "a\\x0Ab - c" },
	{ "{header:Cookie} {header:referer} {response_header:referer}",
	    "*** https://shop.example/cart -" },
	{ "{query:page} {query:none} {query:token}", "3\\x22 - ***" },
	{ "all the same", "all the same" },
};

START_TEST(follows)
{
	record_kit_field(&kit, "x-one", "a\nb", false);
	record_kit_field(&kit, "x-one", "c", true);
	record_kit_field(&kit, "cookie", "sid=1", false);
	kit.text[RECORD_QUERY] = SLICE_LIT("page=3\"&token=t");
	line_never(&format->masks.headers, "cookie");
	line_never(&format->masks.query, "token");
	/* Without a brace it is no template for a command line. */
	if (strchr(rows[_i].template, '{') != NULL) {
		line_set("format", rows[_i].template);
	} else {
		struct slice at;
		const char *why;

		ck_assert(line_format_template(
		    format, slice_str(rows[_i].template), &why, &at));
	}
	ck_assert_str_eq(line_made(), rows[_i].line);
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("line_template");

	tcase_add_loop_test(tc, follows, 0, sizeof(rows) / sizeof(rows[0]));
	return line_suite_run("line_template", tc);
}
