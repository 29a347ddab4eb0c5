/*
 * label_test.c - the name in what an endpoint is configured by.
 */
#include "tests/unit/shm/fixture.h"

#include "shm/label.h"

START_TEST(names)
{
	static const char *const c[][2] = {
		{ "10.0.0.1:80", "10.0.0.1" },
		{ "[::1]:443", "::1" },
		{ "[2001:DB8::1]", "2001:db8::1" },
		{ "A.Example:443", "a.example" },
		{ "a.example", "a.example" },
		{ "_http._tcp.A.example", "a.example" },
		{ "_http._tcp.a.example:1", "a.example" },
		{ "_only", "_only" },
		{ "", "" },
	};
	char text[ENDPOINT_LABEL_MAX];
	struct slice name = label_name(slice_str(c[_i][0]), text);

	ck_assert_msg(
	    slice_eq(name, slice_str(c[_i][1])), "%.*s", SLICE_FMT(name));
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("label");

	tcase_add_loop_test(tc, names, 0, 9);
	return fixture_run(tc, "label");
}
