/*
 * conf_url_test.c - urls that are fetched, and those that are not.
 */
#include "master/conf_url.h"

#include "tests/unit/master/conf_try.h"

START_TEST(each)
{
	static const struct {
		const char *url, *fault;
		bool secure;
	} rows[] = {
		{ "http://a", NULL, false },
		{ "HTTPS://a.example:8443/x?y=%20", NULL, true },
		{ "https://[::1]/jwks.json", NULL, true },
		{ "http://a?b", NULL, false },
		{ "", "is neither an http nor an https url", false },
		{ "http:/a", "is neither an http nor an https url", false },
		{ "file:///etc/passwd", "is neither an http nor an https url",
		    false },
		{ "http://", "has no host, or none that could be one", false },
		{ "https:///x", "has no host, or none that could be one",
		    true },
		{ "http://a:0/", "has no host, or none that could be one",
		    false },
		{ "http://u:p@a/", "has a user in it", false },
		{ "http://a/x#y", "has a fragment, which nobody is sent",
		    false },
		{ "http://a/x y", "has a character that no url has", false },
		{ "http://a\\b/", "has a character that no url has", false },
		{ "http://\xc3\xa4/", "has a character that no url has",
		    false },
	};
	bool secure;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const char *fault = conf_url_fault(rows[i].url, &secure);

		if (rows[i].fault == NULL)
			ck_assert_msg(fault == NULL, "%s", rows[i].url);
		else
			ck_assert_str_eq(fault, rows[i].fault);
		ck_assert_msg(secure == rows[i].secure, "%s", rows[i].url);
	}
}
END_TEST

START_TEST(near)
{
	static const char *const yes[] = { "http://127.0.0.1/x",
		"http://127.9.9.9:80", "http://[::1]:1/", "http://LOCALHOST" };
	static const char *const no[] = { "http://a", "http://10.0.0.1/",
		"http://[::2]/", "http://localhost.example/", "http://" };

	for (size_t i = 0; i < sizeof(yes) / sizeof(yes[0]); i++)
		ck_assert_msg(conf_url_is_near(yes[i]), "%s", yes[i]);
	for (size_t i = 0; i < sizeof(no) / sizeof(no[0]); i++)
		ck_assert_msg(!conf_url_is_near(no[i]), "%s", no[i]);
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("all");

	tcase_add_test(tc, each);
	tcase_add_test(tc, near);
	return conf_try_run("conf_url", tc);
}
