/*
 * Who is believed about clients, and which listeners say whose a connection is.
 */
#include <stdio.h>

#include "tests/unit/master/conf_try.h"

static const struct conf_case bad[] = {
	{ "trusted_proxies = [ \"10.0.0.1/8\",\n\"::1\", \"proxy\" ];\n" REST,
	    "f:1: trusted_proxies: \"10.0.0.1/8\" has bits set behind the "
	    "prefix; it must be one such as \"10.0.0.1\" or \"10.0.0.0/8\"\n"
	    "f:2: trusted_proxies: \"proxy\" is not a numeric address or "
	    "network; it must be one such as \"10.0.0.1\" or "
	    "\"10.0.0.0/8\"\n" },
	{ "trusted_proxies = \"10.0.0.0/33\";\n" REST,
	    "f:1: trusted_proxies: \"10.0.0.0/33\" has no valid prefix length; "
	    "it must be one such as \"10.0.0.1\" or \"10.0.0.0/8\"\n" },
	{ "trusted_proxies = [ \"::1\", \"::1\" ];\n" REST,
	    "f:1: trusted_proxies: \"::1\" is there twice\n" },
	{ "trusted_proxies = [ \"\" ];\n" REST,
	    "f:1: trusted_proxies: the string is empty\n" },
	{ "listeners = ( { address = \"127.0.0.1:80\"; proxy_protocol = 1; } "
	  ");\n" SERVICE ROUTE,
	    "f:1: proxy_protocol: expected true or false, got an integer\n" },
};

START_TEST(each_bad)
{
	conf_try_expect(bad[_i].text, bad[_i].complaints);
}
END_TEST

/* The image of the configuration under test. */
static const struct img_head *
image_of(const struct conf_try *t)
{
	ck_assert_str_eq(t->complaints, "");
	ck_assert_ptr_nonnull(t->c.image);
	return (const struct img_head *)(void *)t->c.image;
}

static bool
trusts(const struct img_head *img, const char *ip)
{
	struct addr a;

	ck_assert(addr_parse_ip(slice_str(ip), &a));
	return ranges_have(
	    img_at(img, img->trusted.off), img->trusted.count, &a);
}

START_TEST(nobody_by_default)
{
	const struct img_listener *l;
	const struct img_head *img;
	struct conf_try t;

	conf_try_text(&t, REST);
	img = image_of(&t);
	l = img_at(img, img->listeners.off);
	ck_assert_uint_eq(img->trusted.count, 0);
	ck_assert_uint_eq(l[0].proxy_protocol, 0);
	ck_assert(!trusts(img, "127.0.0.1"));
	conf_try_fini(&t);
}
END_TEST

START_TEST(in_the_image)
{
	const struct img_listener *l;
	const struct img_head *img;
	struct conf_try t;

	conf_try_text(&t,
	    "trusted_proxies = [ \"10.0.0.0/8\", \"10.1.0.0/16\", \"fd00::1\" "
	    "];\nlisteners = ( { address = \"127.0.0.1:80\"; }, { address = "
	    "\"127.0.0.1:81\"; proxy_protocol = true; } );\n" SERVICE ROUTE);
	img = image_of(&t);
	l = img_at(img, img->listeners.off);
	ck_assert_uint_eq(img->trusted.count, 2);
	ck_assert(trusts(img, "10.200.3.4"));
	ck_assert(trusts(img, "fd00::1"));
	ck_assert(!trusts(img, "11.0.0.1"));
	ck_assert_uint_eq(l[0].proxy_protocol, 0);
	ck_assert_uint_eq(l[1].proxy_protocol, 1);
	conf_try_fini(&t);
}
END_TEST

/* Every reference of the image stays inside, or it is not walked. */
START_TEST(a_bad_image)
{
	struct img_head *img;
	struct conf_try t;

	conf_try_text(&t, "trusted_proxies = \"10.0.0.0/8\";\n" REST);
	img = (struct img_head *)(void *)t.c.image;
	ck_assert(image_check(img, img->bytes));
	img->trusted.count = UINT32_MAX;
	ck_assert(!image_check(img, img->bytes));
	conf_try_fini(&t);
}
END_TEST

START_TEST(thousands)
{
	const struct img_head *img;
	struct text all = { 0 };
	struct conf_try t;

	text_add(&all, SLICE_LIT("trusted_proxies = [ \"fd00::/8\""));
	for (unsigned i = 0; i < 10000; i++)
		text_printf(&all, ",\n\"10.%u.%u.0/25\"", i / 100, i % 100);
	text_add(&all, SLICE_LIT(" ];\n" REST));
	text_add_char(&all, '\0');
	conf_try_text(&t, all.p);
	img = image_of(&t);
	ck_assert_uint_eq(img->trusted.count, 10001);
	ck_assert(trusts(img, "10.0.0.0") && trusts(img, "10.99.99.127"));
	ck_assert(trusts(img, "10.57.31.5") && !trusts(img, "10.57.31.200"));
	ck_assert(!trusts(img, "10.100.0.0"));
	conf_try_fini(&t);
	text_fini(&all);
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("trusted");

	tcase_add_loop_test(
	    tc, each_bad, 0, (int)(sizeof(bad) / sizeof(bad[0])));
	tcase_add_test(tc, nobody_by_default);
	tcase_add_test(tc, in_the_image);
	tcase_add_test(tc, a_bad_image);
	tcase_add_test(tc, thousands);
	return conf_try_run("conf_check_trusted", tc);
}
