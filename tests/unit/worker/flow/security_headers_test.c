/* Tests of security_headers.c: which fields go, stay and come. */
#include <stdio.h>

#include "worker/flow/security_headers.h"

#include "tests/unit/master/conf_try.h"

#define FIELDS_MAX 32

static struct conf_try t;
static struct field fields[FIELDS_MAX];
static struct head head;

static void
load(const char *security)
{
	char text[2048];

	(void)snprintf(text, sizeof(text), "security_headers = { %s };\n%s",
	    security, REST);
	conf_try_text(&t, text);
	ck_assert_str_eq(t.complaints, "");
	head = (struct head){ .fields = fields, .room = FIELDS_MAX };
}

static void
add(const char *name, const char *value)
{
	struct field *f = &fields[head.count++];

	*f = (struct field){ slice_str(name), slice_str(value),
		(uint16_t)http_field_find(slice_str(name)) };
	head.present |= UINT64_C(1) << f->id;
}

/* "Name: value|..." of what is left. */
static void
expect(bool secured, const char *want)
{
	const struct img_head *img = (const struct img_head *)(void *)t.c.image;
	struct text got = { 0 };

	ck_assert_uint_ne(img->security_own, IMG_NONE);
	security_headers_apply(
	    img, img_at(img, img->security.off), secured, &head);
	for (uint32_t i = 0; i < head.count; i++)
		text_printf(&got, "%.*s: %.*s|", SLICE_FMT(fields[i].name),
		    SLICE_FMT(fields[i].value));
	text_add_char(&got, '\0');
	ck_assert_str_eq(got.p, want);
	text_fini(&got);
	conf_try_fini(&t);
}

START_TEST(replaced)
{
	load("frame_options = \"deny\"; referrer_policy = \"origin\";");
	add("Content-Type", "a/b");
	add("x-frame-options", "one");
	add("X-Frame-Options", "two");
	/* As long as one that is set, and another. */
	add("X-Other-Options", "1");
	add("X-Frame-Option", "1");
	expect(false,
	    "Content-Type: a/b|X-Other-Options: 1|X-Frame-Option: 1|"
	    "X-Frame-Options: deny|Referrer-Policy: origin|");
}
END_TEST

START_TEST(removed)
{
	load("remove = [ \"Server\", \"x-powered-by\", \"ETag\" ];");
	add("Server", "a");
	add("Date", "b");
	add("X-Powered-By", "c");
	add("X-Powered-Bz", "d");
	add("etag", "e");
	add("server", "f");
	expect(false, "Date: b|X-Powered-Bz: d|");
	ck_assert(!head_has(&head, FIELD_SERVER));
	ck_assert(!head_has(&head, FIELD_ETAG));
	ck_assert(head_has(&head, FIELD_DATE));
}
END_TEST

/* RFC 6797 7.2: over TLS alone, whoever has set it. */
START_TEST(hsts_on_plain)
{
	load("hsts = \"max-age=9\"; content_type_options = \"nosniff\";");
	add("Strict-Transport-Security", "max-age=1");
	expect(false, "X-Content-Type-Options: nosniff|");
}
END_TEST

START_TEST(hsts_on_tls)
{
	load("hsts = \"max-age=9\";");
	add("Strict-Transport-Security", "max-age=1");
	expect(true, "Strict-Transport-Security: max-age=9|");
}
END_TEST

START_TEST(contents_are_the_pages)
{
	load("csp = \"default-src 'self'\"; "
	     "csp_report_only = \"img-src 'self'\";");
	add("content-security-policy", "img-src *");
	add("Content-Security-Policy", "object-src *");
	expect(false,
	    "content-security-policy: img-src *|"
	    "Content-Security-Policy: object-src *|"
	    "Content-Security-Policy-Report-Only: img-src 'self'|");
}
END_TEST

START_TEST(nothing_there)
{
	load("frame_options = \"SAMEORIGIN\"; remove = [ \"Server\" ];");
	expect(true, "X-Frame-Options: SAMEORIGIN|");
}
END_TEST

/* An answer without a request has what there is room for: all or nothing. */
START_TEST(bare)
{
	const struct img_head *img;

	load("frame_options = \"deny\"; hsts = \"max-age=9\";");
	img = (const struct img_head *)(void *)t.c.image;
	head.room = 1;
	security_headers_bare(img, &head);
	ck_assert_uint_eq(head.count, 0);
	head.room = 2;
	security_headers_bare(img, &head);
	ck_assert_uint_eq(head.count, 1);
	security_headers_bare(NULL, &head);
	ck_assert_uint_eq(head.count, 1);
	conf_try_fini(&t);
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("security_headers");

	tcase_add_test(tc, replaced);
	tcase_add_test(tc, removed);
	tcase_add_test(tc, hsts_on_plain);
	tcase_add_test(tc, hsts_on_tls);
	tcase_add_test(tc, contents_are_the_pages);
	tcase_add_test(tc, nothing_there);
	tcase_add_test(tc, bare);
	return conf_try_run("security_headers", tc);
}
