/* Tests of same_site.c: whose page it was. */
#include "tests/unit/worker/filter/auth_kit.h"

#include "worker/filter/same_site.h"

static struct tls *const secured = (void *)&kit_q; /* only looked whether */

static void
start(enum http_method method)
{
	kit_end();
	kit_begin();
	kit_q.head.method = (uint8_t)method;
	kit_q.head.host = SLICE_LIT("api.example");
}

static bool
says(const char *name, const char *value)
{
	start(METHOD_POST);
	kit_field(name, value);
	return same_site(&kit_q);
}

START_TEST(reading_is_harmless)
{
	start(METHOD_GET);
	kit_field("Origin", "https://evil.example");
	ck_assert(same_site(&kit_q));
	start(METHOD_HEAD);
	ck_assert(same_site(&kit_q));
	/* But not what goes on after a switch. */
	start(METHOD_GET);
	kit_field("Upgrade", "websocket");
	ck_assert(!same_site(&kit_q));
	kit_field("Origin", "https://api.example");
	ck_assert(same_site(&kit_q));
	start(METHOD_GET);
	kit_q.head.upgrade = SLICE_LIT("websocket");
	ck_assert(!same_site(&kit_q));
}
END_TEST

START_TEST(who_says_nothing)
{
	static const enum http_method methods[] = { METHOD_POST, METHOD_PUT,
		METHOD_DELETE, METHOD_PATCH, METHOD_OTHER };

	for (size_t i = 0; i < sizeof(methods) / sizeof(methods[0]); i++) {
		start(methods[i]);
		ck_assert(!same_site(&kit_q));
	}
}
END_TEST

START_TEST(fetch_metadata)
{
	ck_assert(says("Sec-Fetch-Site", "same-origin"));
	ck_assert(says("sec-fetch-site", "none"));
	ck_assert(!says("Sec-Fetch-Site", "same-site"));
	ck_assert(!says("Sec-Fetch-Site", "cross-site"));
	ck_assert(!says("Sec-Fetch-Site", ""));
	ck_assert(!says("Sec-Fetch-Site", "Same-Origin"));
	/* It goes before the others. */
	start(METHOD_POST);
	kit_field("Sec-Fetch-Site", "cross-site");
	kit_field("Origin", "https://api.example");
	ck_assert(!same_site(&kit_q));
	/* And is said once. */
	start(METHOD_POST);
	kit_field("Sec-Fetch-Site", "same-origin");
	kit_field("Sec-Fetch-Site", "cross-site");
	ck_assert(!same_site(&kit_q));
}
END_TEST

START_TEST(origins)
{
	static const char *const good[] = { "https://api.example",
		"http://api.example", "https://API.example",
		"https://api.example:443", "http://api.example:80" };
	static const char *const bad[] = { "null", "", "api.example",
		"https://api.example.evil", "https://evil/api.example",
		"https://api.example:8443", "http://api.example:443",
		"https://u@api.example", "ftp://api.example", "https://",
		"https://api.example https://evil" };

	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		ck_assert_msg(says("Origin", good[i]), "%s", good[i]);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		ck_assert_msg(!says("Origin", bad[i]), "%s", bad[i]);
	/* On a connection that is secured, only what was secured, too. */
	start(METHOD_POST);
	kit_q.tls = secured;
	kit_field("Origin", "http://api.example");
	ck_assert(!same_site(&kit_q));
	start(METHOD_POST);
	kit_q.tls = secured;
	kit_field("Origin", "https://api.example");
	ck_assert(same_site(&kit_q));
	start(METHOD_POST);
	kit_q.head.host = SLICE_LIT("api.example:8080");
	kit_field("Origin", "http://api.example:8080");
	ck_assert(same_site(&kit_q));
}
END_TEST

START_TEST(referers)
{
	ck_assert(says("Referer", "https://api.example/page?x#y"));
	ck_assert(says("Referer", "https://api.example"));
	ck_assert(!says("Referer", "https://evil.example/https://api.example"));
	ck_assert(!says("Referer", "https://api.example.evil/"));
	ck_assert(!says("Referer", "/page"));
	/* Origin goes before it. */
	start(METHOD_POST);
	kit_field("Origin", "null");
	kit_field("Referer", "https://api.example/");
	ck_assert(!same_site(&kit_q));
}
END_TEST

/* The name by which clients know us, as far as the peer is believed. */
START_TEST(behind_a_proxy)
{
	start(METHOD_POST);
	kit_q.head.host = SLICE_LIT("inside:8080");
	kit_field("X-Forwarded-Host", "api.example");
	kit_field("Origin", "https://api.example");
	ck_assert(!same_site(&kit_q));
	kit_q.trusted = true;
	ck_assert(same_site(&kit_q));
}
END_TEST

/* Pages that the route lets send requests with cookies. */
START_TEST(by_the_policy)
{
	static struct img_route route;
	struct img_cors c = { .credentials = 1 };

	start(METHOD_POST);
	c.origins = kit_strs("https://app.example");
	route.cors = 0;
	kit.head.cors = (struct img_span){ kit_put(&c, sizeof(c)), 1 };
	kit_q.match.route = &route;
	kit_field("Origin", "https://app.example");
	kit_field("Sec-Fetch-Site", "cross-site");
	ck_assert(same_site(&kit_q));
	kit_fields[0].value = SLICE_LIT("https://app.example.evil");
	ck_assert(!same_site(&kit_q));
	/* Without cookies, that is. */
	c.credentials = 0;
	kit.head.cors = (struct img_span){ kit_put(&c, sizeof(c)), 1 };
	kit_fields[0].value = SLICE_LIT("https://app.example");
	ck_assert(!same_site(&kit_q));
	route.cors = IMG_NONE;
	ck_assert(!same_site(&kit_q));
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("same_site");

	tcase_add_test(tc, reading_is_harmless);
	tcase_add_test(tc, who_says_nothing);
	tcase_add_test(tc, fetch_metadata);
	tcase_add_test(tc, origins);
	tcase_add_test(tc, referers);
	tcase_add_test(tc, behind_a_proxy);
	tcase_add_test(tc, by_the_policy);
	return kit_run(tc, "same_site");
}
