/*
 * Tests of line_url.c: what of queries, paths and other people's urls is shown.
 */
#include "tests/unit/tools/line_kit.h"

static struct line at_work;

static struct line *
line_at_work(void)
{
	record_kit_make(&kit);
	at_work = (struct line){ .f = format, .v = &kit.view };
	return &at_work;
}

static void
ck_text(struct slice got, const char *want, const char *of)
{
	ck_assert_msg(slice_eq(got, slice_str(want)), "%s: %.*s, not %s", of,
	    SLICE_FMT(got), want);
}

/* page and q are listed, token and sid never shown. */
static const struct {
	const char *query, *shown;
} queries[] = {
	{ "", "" },
	{ "page=3", "page=3" },
	{ "page=3&token=abc", "page=3&token=***" },
	{ "a=1&b=2&page=3", "a=***&b=***&page=3" },
	{ "a=&b", "a=&***" },
	{ "page", "page" },
	{ "wsdl", "***" },
	{ "&&=&=x&", "&&=&=***&" },
	{ "page=1;token=2;x=3", "page=1;token=***;x=***" },
	{ "p%61ge=3&P%41GE=4", "p%61ge=3&P%41GE=***" },
	{ "page=a=b&x=a=b", "page=a=b&x=***" },
	{ "a+b=1&a%20b=2&a%2bb=3", "a+b=1&a%20b=2&a%2bb=***" },
	{ "page=joe@example.com&q=4111111111111111",
	    "page=j***@example.com&q=************1111" },
	{ "joe@example.com=1", "j***@example.com=***" },
	{ "%", "***" },
	{ "page%=1&pag%6=2", "page%=***&pag%6=***" },
};

static void
lists_make(void)
{
	line_set("query", "page,q,a b");
	line_never(&format->masks.query, "token");
	line_never(&format->masks.query, "sid");
}

START_TEST(shows_listed_values)
{
	lists_make();
	kit.text[RECORD_QUERY] = slice_str(queries[_i].query);
	ck_text(
	    line_query(line_at_work()), queries[_i].shown, queries[_i].query);
}
END_TEST

START_TEST(shows_nothing_without_a_list)
{
	kit.text[RECORD_QUERY] = SLICE_LIT("page=3");
	ck_text(line_query(line_at_work()), "", "no list");
}
END_TEST

START_TEST(shows_all_but_what_is_masked)
{
	line_set("query", "*");
	line_never(&format->masks.query, "token");
	kit.text[RECORD_QUERY] =
	    SLICE_LIT("a=1&token=2&TOKEN=3&t%6Fken=4&wsdl&x");
	ck_text(line_query(line_at_work()),
	    "a=1&token=***&TOKEN=***&t%6Fken=***&wsdl&x", "all");
	/* A list does not win either. */
	line_set("query", "token");
	ck_text(line_query(line_at_work()),
	    "a=1&token=***&TOKEN=***&t%6Fken=***&wsdl&x", "token");
}
END_TEST

static const struct {
	const char *query, *shown;
} spellings[] = {
	{ "token[]=1", "token[]=***" },
	{ "user[token]=1&user[name]=2", "user[token]=***&user[name]=2" },
	{ "user%5Btoken%5d=1", "user%5Btoken%5d=***" },
	{ "+token=1&%20token+=2", "+token=***&%20token+=***" },
	{ "API-KEY=1&api_key=2", "API-KEY=***&api_key=***" },
	{ "tokens=1&[]=2", "tokens=1&[]=2" },
};

START_TEST(hides_all_spellings)
{
	static char query[400];

	line_set("query", "*");
	line_never(&format->masks.query, "token");
	line_never(&format->masks.query, "api_key");
	kit.text[RECORD_QUERY] = slice_str(spellings[_i].query);
	ck_text(line_query(line_at_work()), spellings[_i].shown,
	    spellings[_i].query);
	/* Nor what is behind so many blanks that nobody looks. */
	memset(query, '+', sizeof(query));
	memcpy(query + 390, "token=1", 7);
	kit.text[RECORD_QUERY] = slice_make(query, 397);
	ck_assert_uint_eq(line_query(line_at_work()).n, 396 + 3);
}
END_TEST

START_TEST(does_not_list_very_long_names)
{
	static char query[2000];

	line_set("query", "page");
	memset(query, 'a', sizeof(query));
	query[1990] = '=';
	kit.text[RECORD_QUERY] = slice_make(query, sizeof(query));
	ck_assert_uint_eq(line_query(line_at_work()).n, 1991 + 3);
}
END_TEST

START_TEST(shows_texts_by_themselves)
{
	line_never(&format->masks.query, "sid");
	kit.text[RECORD_PATH] = SLICE_LIT("/joe@example.com;sid=1");
	kit.text[RECORD_USER] = SLICE_LIT("joe@example.com");
	kit.text[RECORD_ROUTE] = SLICE_LIT("4111111111111111");
	kit.text[RECORD_QUERY] = SLICE_LIT("a=1");
	kit.text[RECORD_ID] = SLICE_LIT("7f4111111111111111");
	kit.text[RECORD_CORRELATION] = SLICE_LIT("7f4111111111111111");
	record_kit_make(&kit);
	ck_text(line_shown(format, &kit.view, RECORD_CORRELATION),
	    "7f4111111111111111", "correlation id");
	ck_text(line_shown(format, &kit.view, RECORD_PATH),
	    "/j***@example.com;sid=***", "path");
	ck_text(line_shown(format, &kit.view, RECORD_USER), "j***@example.com",
	    "user");
	ck_text(line_shown(format, &kit.view, RECORD_ROUTE), "4111111111111111",
	    "route");
	ck_text(line_shown(format, &kit.view, RECORD_QUERY), "", "query");
}
END_TEST

START_TEST(finds_one_value)
{
	struct line *l;

	lists_make();
	kit.text[RECORD_QUERY] =
	    SLICE_LIT("x&a=1&b%20c=2&a=3&mail=joe@example.com&token=t");
	l = line_at_work();
	ck_text(line_query_value(l, SLICE_LIT("a")), "1", "a");
	ck_text(line_query_value(l, SLICE_LIT("b c")), "2", "b c");
	ck_text(line_query_value(l, SLICE_LIT("x")), "", "x");
	ck_text(line_query_value(l, SLICE_LIT("y")), "", "y");
	ck_text(line_query_value(l, SLICE_LIT("token")), "***", "token");
	ck_text(
	    line_query_value(l, SLICE_LIT("mail")), "j***@example.com", "mail");
}
END_TEST

static const struct {
	const char *path, *shown;
} paths[] = {
	{ "", "" },
	{ "/a;b=c/d", "/a;b=c/d" },
	{ "/a;sid=123", "/a;sid=***" },
	{ "/a;x=1;SID=123;y=2/b;s%69d=4/c",
	    "/a;x=1;SID=***;y=2/b;s%69d=***/c" },
	{ "/a;sid;sid=", "/a;sid;sid=***" },
	{ ";sid=1", ";sid=***" },
	{ "/joe@example.com;sid=1", "/j***@example.com;sid=***" },
	{ "*", "*" },
};

START_TEST(hides_parameters_of_paths)
{
	lists_make();
	kit.text[RECORD_PATH] = slice_str(paths[_i].path);
	ck_text(line_path(line_at_work()), paths[_i].shown, paths[_i].path);
}
END_TEST

static const struct {
	const char *url, *shown;
} urls[] = {
	{ "https://shop.example/cart", "https://shop.example/cart" },
	{ "https://shop.example/a?page=2&token=x#frag",
	    "https://shop.example/a?page=2&token=***" },
	{ "https://joe:pw@shop.example:8443/a",
	    "https://***@shop.example:8443/a" },
	{ "https://joe:p@w@shop.example", "https://***@shop.example" },
	{ "https://shop.example/joe@home?a@b=1",
	    "https://shop.example/joe@home?a@b=***" },
	{ "https://shop.example/a;sid=1?q=2",
	    "https://shop.example/a;sid=***?q=2" },
	{ "/a?x=1", "/a?x=***" },
	{ "//u:p@h", "//***@h" },
	{ "a#b?c", "a" },
	{ "?", "?" },
	{ "#access_token=1", "" },
	{ "", "" },
};

START_TEST(hides_what_urls_tell)
{
	struct slice value = SLICE_NONE;

	lists_make();
	kit.text[RECORD_REFERER] = slice_str(urls[_i].url);
	(void)line_header(line_at_work(), SLICE_LIT("Referer"), false, &value);
	ck_text(value, urls[_i].shown, urls[_i].url);
	record_kit_field(&kit, "location", urls[_i].url, true);
	(void)line_header(line_at_work(), SLICE_LIT("Location"), true, &value);
	ck_text(value, urls[_i].shown, urls[_i].url);
}
END_TEST

START_TEST(leaves_queries_of_urls_out)
{
	struct slice value = SLICE_NONE;

	kit.text[RECORD_REFERER] = SLICE_LIT("https://a.example/b?c=d#e");
	ck_assert(
	    line_header(line_at_work(), SLICE_LIT("referer"), false, &value));
	ck_text(value, "https://a.example/b", "without a list");
}
END_TEST

#define COUNT(rows) (sizeof(rows) / sizeof(rows[0]))

int
main(void)
{
	TCase *tc = tcase_create("line_url");

	tcase_add_loop_test(tc, shows_listed_values, 0, COUNT(queries));
	tcase_add_test(tc, shows_nothing_without_a_list);
	tcase_add_test(tc, shows_all_but_what_is_masked);
	tcase_add_loop_test(tc, hides_all_spellings, 0,
	    sizeof(spellings) / sizeof(spellings[0]));
	tcase_add_test(tc, does_not_list_very_long_names);
	tcase_add_test(tc, shows_texts_by_themselves);
	tcase_add_test(tc, finds_one_value);
	tcase_add_loop_test(tc, hides_parameters_of_paths, 0, COUNT(paths));
	tcase_add_loop_test(tc, hides_what_urls_tell, 0, COUNT(urls));
	tcase_add_test(tc, leaves_queries_of_urls_out);
	return line_suite_run("line_url", tc);
}
