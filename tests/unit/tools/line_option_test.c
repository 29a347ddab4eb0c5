/*
 * Tests of line_option.c and line_format.c: words of a command line, entries
 * of an image.
 */
#include <stdio.h>

#include "tests/unit/tools/line_kit.h"

static const struct {
	const char *name, *value, *why;
} refused[] = {
	{ "format", "xml",
	    "format \"xml\" is none of json, combined, common, dev, and no "
	    "template" },
	{ "format", "",
	    "format \"\" is none of json, combined, common, dev, and no "
	    "template" },
	{ "format", "{clinet}",
	    "the template has the unknown name \"clinet\"" },
	{ "status", "600x",
	    "\"600x\" is no status, such as 404, 5xx or 500-599" },
	{ "status", "200,0xx",
	    "\"0xx\" is no status, such as 404, 5xx or 500-599" },
	{ "status", "500-400",
	    "\"500-400\" is no status, such as 404, 5xx or 500-599" },
	{ "status", "-1", "\"-1\" is no status, such as 404, 5xx or 500-599" },
	{ "status", "5000",
	    "\"5000\" is no status, such as 404, 5xx or 500-599" },
	{ "status", "400-500-",
	    "\"400-500-\" is no status, such as 404, 5xx or 500-599" },
	{ "why", "nothing", "\"nothing\" is no reason of penstock-reasons(7)" },
	{ "method", "get",
	    "\"get\" is no method that is known; those that are not are "
	    "\"other\"" },
	{ "slow", "1", "slow: \"1\" has no unit (ms, s, m, h, d)" },
	{ "sample", "1.1", "sample \"1.1\" is no ratio between 0 and 1" },
	{ "sample", "x", "sample \"x\" is no ratio between 0 and 1" },
	{ "sample", "-0.1", "sample \"-0.1\" is no ratio between 0 and 1" },
	{ "sample", "nan", "sample \"nan\" is no ratio between 0 and 1" },
	{ "colour", "red", "there is no option \"colour\"" },
};

START_TEST(refuses)
{
	char why[200] = "";

	ck_assert(!line_format_set(
	    format, refused[_i].name, refused[_i].value, why, sizeof(why)));
	ck_assert_str_eq(why, refused[_i].why);
}
END_TEST

/* ---- an image with one log ---- */

#define IMAGE_ROOM 8192

struct image {
	struct img_head head;
	struct img_log log;
	size_t used;
	_Alignas(8) char room[IMAGE_ROOM];
};

static struct image image;

static uint32_t
image_put(const void *p, size_t n)
{
	size_t at = image.used;

	ck_assert_uint_le(at + n, sizeof(image.room));
	memcpy(image.room + at, p, n);
	image.used = (at + n + 7) & ~(size_t)7;
	return (uint32_t)(offsetof(struct image, room) + at);
}

static struct img_str
image_str(const char *text)
{
	return (struct img_str){ image_put(text, strlen(text)),
		(uint32_t)strlen(text) };
}

static struct img_span
image_names(const char *a, const char *b)
{
	struct img_str all[2] = { image_str(a) };

	if (b != NULL)
		all[1] = image_str(b);
	return (
	    struct img_span){ image_put(all, sizeof(all)), b != NULL ? 2 : 1 };
}

static void
image_make(void)
{
	struct img_range ranges[] = { { 500, 599 }, { 404, 404 } };
	struct img_telemetry *t = &image.head.telemetry;
	int why = line_why_find(SLICE_LIT("connect_failed"));

	memset(&image, 0, sizeof(image));
	t->mask = IMG_MASK_EMAIL;
	t->mask_headers = image_names("Cookie", "x-key");
	t->mask_query = image_names("token", NULL);
	image.log = (struct img_log){ .format = IMG_LOG_TEMPLATE,
		.template = image_str("{status} {header:cookie}"),
		.sample = 1u << 31,
		.keep_errors = 1,
		.query = image_names("page", NULL),
		.headers = image_names("X-Key", "User-Agent"),
		.response_headers = image_names("*", NULL) };
	image.log.when = (struct img_log_when){
		.statuses = { image_put(ranges, sizeof(ranges)), 2 },
		.whys = { [1] = 0 },
		.routes = image_names("user", "other"),
		.services = image_names("users", NULL),
		.methods = 1u << METHOD_GET,
		.errors = 1,
		.slow_us = 12000,
	};
	image.log.when.whys[why / 64] |= UINT64_C(1) << why % 64;
}

static void
image_take(void)
{
	line_format_free(format);
	format = line_format_of_image(&image.head, &image.log);
	/* All of it was copied. */
	memset(&image, 0x55, sizeof(image));
	ck_assert_ptr_nonnull(format);
}

START_TEST(takes_an_entry_of_an_image)
{
	image_make();
	image_take();
	kit.q.status = 404;
	kit.q.why = (uint16_t)line_why_find(SLICE_LIT("connect_failed"));
	record_kit_field(&kit, "cookie", "a", false);
	ck_assert_str_eq(line_made(), "404 ***");
	ck_assert(line_wants(format, &kit.view));
	ck_assert(line_sampled(format, &kit.view));
	ck_assert(format->keep_errors && format->sample == 1u << 31);
	ck_assert(format->masks.text == IMG_MASK_EMAIL);
	ck_assert(names_hide(&format->masks.query, SLICE_LIT("TOKEN")));
	ck_assert(names_have(&format->query, SLICE_LIT("page")));
	ck_assert(names_have(&format->headers, SLICE_LIT("x-key")));
	ck_assert(format->response_headers.all);
}
END_TEST

/* Each condition came along. */
START_TEST(takes_conditions_of_an_image)
{
	image_make();
	image_take();
	kit.q.status = 500;
	kit.q.why = (uint16_t)line_why_find(SLICE_LIT("connect_failed"));
	switch (_i) {
	case 0:
		kit.q.status = 200;
		break;
	case 1:
		kit.q.why++;
		break;
	case 2:
		kit.text[RECORD_ROUTE] = SLICE_LIT("users");
		break;
	case 3:
		kit.text[RECORD_SERVICE] = SLICE_LIT("user");
		break;
	case 4:
		kit.q.method = METHOD_PUT;
		break;
	case 5:
		kit.q.duration_us = 11999;
		break;
	}
	record_kit_make(&kit);
	ck_assert(line_wants(format, &kit.view) == (_i == 6));
}
END_TEST

START_TEST(refuses_an_image_of_another_time)
{
	image_make();
	image.log.template = image_str("{what}");
	ck_assert_ptr_null(line_format_of_image(&image.head, &image.log));
}
END_TEST

START_TEST(lists_grow)
{
	char name[8];

	for (unsigned i = 0; i < 100; i++) {
		(void)snprintf(name, sizeof(name), "n%u", i);
		line_set("query", name);
		line_set("query", name);
		line_set("header", name);
	}
	ck_assert_uint_eq(format->query.count, 100);
	for (unsigned i = 0; i < 100; i++) {
		(void)snprintf(name, sizeof(name), "n%u", i);
		ck_assert(names_have(&format->query, slice_str(name)));
	}
	ck_assert(!names_have(&format->query, SLICE_LIT("n100")));
	ck_assert(!names_have(&format->query, SLICE_LIT("N1")));
	ck_assert(names_hide(&format->query, SLICE_LIT("N1")));
	line_set("query", "*");
	ck_assert(names_have(&format->query, SLICE_LIT("n100")));
}
END_TEST

/* Where no configuration says anything of masks. */
START_TEST(masks_by_default)
{
	const struct line_masks *m = &format->masks;

	ck_assert(names_hide(&m->headers, SLICE_LIT("authorization")));
	ck_assert(names_hide(&m->headers, SLICE_LIT("x_goog_api-key")));
	ck_assert(names_hide(&m->headers, SLICE_LIT("penstock-debug")));
	ck_assert(names_hide(&m->query, SLICE_LIT("access_token")));
	ck_assert(!m->headers.all && !m->query.all);
	ck_assert_uint_eq(m->text, MASK_ALL);
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("line_option");

	tcase_add_loop_test(
	    tc, refuses, 0, sizeof(refused) / sizeof(refused[0]));
	tcase_add_test(tc, takes_an_entry_of_an_image);
	tcase_add_loop_test(tc, takes_conditions_of_an_image, 0, 7);
	tcase_add_test(tc, refuses_an_image_of_another_time);
	tcase_add_test(tc, masks_by_default);
	tcase_add_test(tc, lists_grow);
	return line_suite_run("line_option", tc);
}
