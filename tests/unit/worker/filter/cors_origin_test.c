/* Tests of cors_origin.c: origins, and what only looks like them. */
#include <stdio.h>

#include "worker/filter/cors_origin.h"

#include "tests/unit/master/conf_try.h"

#define POLICY                                                                 \
	"cors = { p = { origins = [ \"https://app.example\", "                 \
	"\"https://z.example\", \"http://localhost:3000\", "                   \
	"\"https://[2001:db8::1]:8443\", \"capacitor://localhost\", "          \
	"\"https://*.suffix.example\", \"https://*.port.example:8443\" ]; }; " \
	"null = { origins = \"null\"; }; any = { origins = \"*\"; }; "         \
	"none = { origins = [ ]; }; };\n"

enum { P, NULLS, ANY, NONE };

static const struct {
	unsigned policy;
	const char *origin;
	bool fits;
} cases[] = {
	{ P, "https://app.example", true },
	{ P, "https://z.example", true },
	{ P, "http://localhost:3000", true },
	{ P, "https://[2001:db8::1]:8443", true },
	{ P, "capacitor://localhost", true },
	{ P, "https://a.suffix.example", true },
	{ P, "https://a.b-c.d_e.1.suffix.example", true },
	{ P, "https://a.port.example:8443", true },
	/* Another scheme, port, host. */
	{ P, "http://app.example", false },
	{ P, "https://app.example:443", false },
	{ P, "https://app.example:8443", false },
	{ P, "https://app.example.", false },
	{ P, "https://app.example.evil", false },
	{ P, "https://evilapp.example", false },
	{ P, "https://evil.app.example", false },
	{ P, "https://app.exampl", false },
	{ P, "http://localhost", false },
	{ P, "http://localhost:30000", false },
	{ P, "https://[2001:db8::1]", false },
	/* As no browser writes it. */
	{ P, "HTTPS://app.example", false },
	{ P, "https://APP.example", false },
	{ P, "https://app.example/", false },
	{ P, "https://app.example/path", false },
	{ P, "https://app.example?", false },
	{ P, "https://app.example#", false },
	{ P, "https://user@app.example", false },
	{ P, "https://user:secret@app.example", false },
	{ P, " https://app.example", false },
	{ P, "https://app.example https://z.example", false },
	{ P, "https://app.example, https://z.example", false },
	{ P, "https://app.example\t", false },
	{ P, "https:app.example", false },
	{ P, "//app.example", false },
	{ P, "app.example", false },
	{ P, "null", false },
	{ P, "*", false },
	{ P, "", false },
	/* Around the star. */
	{ P, "https://suffix.example", false },
	{ P, "https://.suffix.example", false },
	{ P, "https://a..suffix.example", false },
	{ P, "https://.a.suffix.example", false },
	{ P, "https://evilsuffix.example", false },
	{ P, "https://a.suffix.example.evil", false },
	{ P, "https://a.suffix.example:8443", false },
	{ P, "http://a.suffix.example", false },
	{ P, "http://ab.suffix.example", false },
	{ P, "httpsx//a.suffix.example", false },
	{ P, "https://A.suffix.example", false },
	{ P, "https://a.SUFFIX.example", false },
	{ P, "https://evil/.suffix.example", false },
	{ P, "https://evil?.suffix.example", false },
	{ P, "https://evil#.suffix.example", false },
	{ P, "https://evil:1.suffix.example", false },
	{ P, "https://u@a.suffix.example", false },
	{ P, "https://evil\\.suffix.example", false },
	{ P, "https://evil%2f.suffix.example", false },
	{ P, "https://evil .suffix.example", false },
	{ P, "https://\xc3\xa9.suffix.example", false },
	{ P, "https://https://a.suffix.example", false },
	{ P, "https://a.port.example", false },
	{ P, "https://a.port.example:84430", false },
	{ P, "https://*.suffix.example", false },
	{ NULLS, "null", true },
	{ NULLS, "NULL", false },
	{ NULLS, "nul", false },
	{ NULLS, "https://null", false },
	{ ANY, "https://whatever.example", true },
	{ ANY, "null", true },
	{ NONE, "https://app.example", false },
	{ NONE, "null", false },
};

START_TEST(each)
{
	const struct img_head *img;
	const struct img_cors *all;
	struct conf_try t;

	conf_try_text(&t, POLICY REST);
	ck_assert_str_eq(t.complaints, "");
	img = (const struct img_head *)(void *)t.c.image;
	all = img_at(img, img->cors.off);
	ck_assert_uint_eq(img->cors.count, 4);
	ck_assert_msg(cors_origin_fits(img, &all[cases[_i].policy],
			  slice_str(cases[_i].origin)) == cases[_i].fits,
	    "%s", cases[_i].origin);
	conf_try_fini(&t);
}
END_TEST

/* Each of many is found, whatever their order and length. */
START_TEST(many)
{
	struct text conf = { 0 };
	const struct img_head *img;
	char origin[64];
	struct conf_try t;

	text_printf(&conf, "cors = { p = { origins = [ ");
	for (int i = 0; i < 500; i++)
		text_printf(&conf, "%s\"https://h%d.example\"",
		    i != 0 ? ", " : "", i * 37 % 1000);
	text_printf(&conf, " ]; }; };\n%s", REST);
	text_add_char(&conf, '\0');
	conf_try_text(&t, conf.p);
	ck_assert_str_eq(t.complaints, "");
	img = (const struct img_head *)(void *)t.c.image;
	for (int i = 0; i < 1000; i++) {
		bool has = false;

		for (int k = 0; k < 500; k++)
			has |= k * 37 % 1000 == i;
		(void)snprintf(
		    origin, sizeof(origin), "https://h%d.example", i);
		ck_assert_msg(cors_origin_fits(img, img_at(img, img->cors.off),
				  slice_str(origin)) == has,
		    "%s", origin);
	}
	conf_try_fini(&t);
	text_fini(&conf);
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("cors_origin");

	tcase_add_loop_test(
	    tc, each, 0, (int)(sizeof(cases) / sizeof(cases[0])));
	tcase_add_test(tc, many);
	return conf_try_run("cors_origin", tc);
}
