/*
 * Which words are near.
 */
#include "master/conf_suggest.h"

#include "tests/unit/master/conf_try.h"

static const struct {
	const char *word, *candidates[4], *text;
} cases[] = {
	{ "worker", { "workers", "user" }, "; did you mean \"workers\"?" },
	{ "idel", { "head", "idle", "body" }, "; did you mean \"idle\"?" },
	{ "Path", { "path" }, "; did you mean \"path\"?" },
	{ "pth", { "path", "host" }, "; did you mean \"path\"?" },
	{ "servise", { "services", "service" }, "; did you mean \"service\"?" },
	{ "respnose_header", { "request_headers", "response_headers" },
	    "; did you mean \"response_headers\"?" },
	{ "zebra", { "user", "routes", "log" }, "" },
	{ "ab", { "xy" }, "" },
	{ "x", { "y" }, "" },
	{ "", { "a" }, "" },
	{ "a", { "" }, "" },
};

START_TEST(each_word)
{
	struct conf_suggest s;
	char buf[64];

	conf_suggest_init(&s, cases[_i].word);
	for (size_t i = 0; i < 4 && cases[_i].candidates[i] != NULL; i++)
		conf_suggest_offer(&s, cases[_i].candidates[i]);
	ck_assert_str_eq(
	    conf_suggest_text(&s, buf, sizeof(buf)), cases[_i].text);
}
END_TEST

START_TEST(long_words)
{
	char word[100], other[100], buf[64];
	struct conf_suggest s;

	memset(word, 'a', sizeof(word));
	word[63] = '\0';
	(void)strcpy(other, word);
	other[62] = 'b';
	conf_suggest_init(&s, word);
	conf_suggest_offer(&s, other);
	ck_assert_ptr_eq(s.best, other);
	ck_assert_uint_eq(strlen(conf_suggest_text(&s, buf, sizeof(buf))), 63);
	memset(word, 'a', 64);
	word[64] = '\0';
	conf_suggest_init(&s, word);
	conf_suggest_offer(&s, other);
	ck_assert_ptr_null(s.best);
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("all");

	tcase_add_loop_test(
	    tc, each_word, 0, (int)(sizeof(cases) / sizeof(cases[0])));
	tcase_add_test(tc, long_words);
	return conf_try_run("conf_suggest", tc);
}
