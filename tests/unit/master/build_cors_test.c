/*
 * What browsers are told, in the image: whole values of fields, an order that
 * can be searched, and nothing that leads out of it.
 */
#include "tests/unit/master/conf_try.h"

#define CONF                                                              \
	"cors = { p = { origins = [ \"https://bb\", \"https://*.c:1\", "  \
	"\"https://a\", \"https://aa\", \"null\" ]; "                     \
	"headers = [ \"x-grpc-web\", \"X-A\" ]; methods = [ \"GET\", "    \
	"\"PURGE\" ]; expose = [ \"Grpc-Status\", \"X-B\" ]; "            \
	"max_age = \"1d\"; }; "                                           \
	"q = { origins = \"*\"; expose = \"*\"; headers = \"*\"; }; };\n" \
	"security_headers = { frame_options = \"deny\"; csp = \"a\"; "    \
	"remove = [ \"Server\", \"X-One\" ]; };\n" LISTENER SERVICE       \
	"routes = ( { path = \"/\"; service = \"be\"; cors = \"q\"; }, "  \
	"{ path = \"/p\"; respond = { }; cors = \"p\"; "                  \
	"security_headers = { preset = \"none\"; }; }, "                  \
	"{ path = \"/w\"; service = \"be\"; } );\n"

#include "tests/unit/master/image_kit.h"

static struct img_cors *
policy(uint32_t i)
{
	return (struct img_cors *)(void *)((char *)image() +
		   image()->cors.off) +
	    i;
}

START_TEST(texts)
{
	const struct img_cors *p = policy(0), *q = policy(1);

	expect(p->name, "p");
	expect(p->headers_text[0], "x-grpc-web, X-A");
	expect(p->headers_text[1],
	    "x-grpc-web, X-A, Content-Type, X-User-Agent, Grpc-Timeout");
	expect(p->expose_text[0], "Grpc-Status, X-B");
	expect(p->expose_text[1],
	    "Grpc-Status, X-B, grpc-message, grpc-status-details-bin");
	expect(p->max_age, "86400");
	ck_assert_uint_eq(p->any, 0);
	ck_assert_uint_eq(p->any_header, 0);
	ck_assert_uint_eq(p->other_methods.count, 1);
	expect(q->expose_text[1], "*");
	expect(q->max_age, "600");
	ck_assert_uint_eq(q->any, 1);
	ck_assert_uint_eq(q->any_header, 1);
	ck_assert_uint_eq(q->methods, 0);
	ck_assert_uint_eq(q->origins.count + q->suffixes.count, 0);
}
END_TEST

START_TEST(origins)
{
	const struct img_str *exact = img_at(image(), policy(0)->origins.off);
	const struct img_origin_suffix *s =
	    img_at(image(), policy(0)->suffixes.off);

	ck_assert_uint_eq(policy(0)->origins.count, 4);
	expect(exact[0], "null");
	expect(exact[1], "https://a");
	expect(exact[2], "https://aa");
	expect(exact[3], "https://bb");
	ck_assert_uint_eq(policy(0)->suffixes.count, 1);
	expect(s->scheme, "https://");
	expect(s->rest, ".c:1");
}
END_TEST

/* What is off costs nothing: no bit of it is set. */
START_TEST(filters)
{
	const struct img_route *r = img_at(image(), image()->routes.off);
	uint32_t cors = 1u << IMG_FILTER_CORS;
	uint32_t security = 1u << IMG_FILTER_SECURITY_HEADERS;

	ck_assert_uint_eq(img_route_always(&r[0]), cors | security);
	ck_assert((r[0].filters & (cors | security)) == cors);
	ck_assert_uint_eq(r[0].cors, 1);
	ck_assert_uint_eq(img_route_always(&r[1]), cors);
	ck_assert((r[1].filters & (cors | security)) == cors);
	ck_assert_uint_eq(img_route_always(&r[2]), security);
	ck_assert((r[2].filters & (cors | security)) == 0);
	ck_assert_uint_eq(r[2].cors, IMG_NONE);
	ck_assert_uint_eq(image()->always, cors | security);
}
END_TEST

START_TEST(nothing_by_default)
{
	const struct img_route *r;

	conf_try_fini(&t);
	conf_try_text(&t, REST);
	r = img_at(image(), image()->routes.off);
	ck_assert_uint_eq(image()->always, 0);
	ck_assert_uint_eq(image()->security_own, IMG_NONE);
	ck_assert_uint_eq(img_route_always(r), 0);
	ck_assert_uint_eq(r->cors, IMG_NONE);
	ck_assert_uint_eq(r->security, IMG_NONE);
}
END_TEST

/* A number in the image that leads out of it. */
START_TEST(damage)
{
	struct img_head *img = image();
	struct img_cors *p = policy(0);
	struct img_origin_suffix *o = (void *)((char *)img + p->suffixes.off);
	struct img_str *exact = (void *)((char *)img + p->origins.off);
	struct img_str *header = (void *)((char *)img + p->headers[1].off);
	struct img_security *s = (void *)((char *)img + img->security.off);
	struct img_security_field *f = (void *)((char *)img + s->set.off);
	struct img_route *r = (void *)((char *)img + img->routes.off);
	uint32_t *const words[] = { &img->cors.off, &img->cors.count,
		&img->security.count, &img->security_own, &p->name.off,
		&p->other_methods.count, &p->origins.off, &p->suffixes.count,
		&p->max_age.len, &p->headers[0].count, &p->headers[1].off,
		&p->headers_text[1].len, &p->expose_text[0].off, &o->scheme.len,
		&o->rest.off, &exact[3].off, &header[0].len, &s->set.count,
		&s->remove.off, &f[1].name.off, &f[1].value.len, &r[1].cors,
		&r[2].security };

	ck_assert(image_check(img, img->bytes));
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		uint32_t old = *words[i];

		*words[i] = 0xfffffff0;
		ck_assert_msg(!image_check(img, img->bytes), "%zu", i);
		*words[i] = old;
	}
	ck_assert(image_check(img, img->bytes));
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("build_cors");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, texts);
	tcase_add_test(tc, origins);
	tcase_add_test(tc, filters);
	tcase_add_test(tc, nothing_by_default);
	tcase_add_test(tc, damage);
	return conf_try_run("build_cors", tc);
}
