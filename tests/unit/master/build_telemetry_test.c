/*
 * What is told of the traffic, in the image: logs, what is recorded for them,
 * masks, tracing; and nothing that leads out of it.
 */
#include <stdio.h>

#include "common/http/http.h"
#include "shm/audit.h"
#include "tests/unit/master/conf_try.h"
#include "worker/flow/why.h"

#define CONF                                                                  \
	"access_log = (\n"                                                    \
	"{ path = \"/a\"; headers = [ \"Accept\", \"Referer\", \"X-B\" ]; "   \
	"response_headers = \"X-B\"; when = { status = [ \"404\", "           \
	"\"500-599\" ]; why = [ \"ok\", \"internal\" ]; routes = \"r\"; "     \
	"services = \"be\"; methods = [ \"GET\", \"other\" ]; slow = "        \
	"\"2ms\"; errors = true; }; sample = 0.5; },\n"                       \
	"{ path = \"syslog:10.0.0.1:514\"; format = \"template\"; template "  \
	"= \"{header:x-b} {header:X-C} {status}\"; keep_errors = false; "     \
	"facility = \"local7\"; },\n"                                         \
	"{ path = \"stdout\"; headers = \"*\"; },\n"                          \
	"{ path = \"journal\"; format = \"dev\"; } );\n"                      \
	"audit_log = ( { path = \"/b\"; events = [ \"banned\", \"admin\" ]; " \
	"}, { path = \"/c\"; when_full = \"refuse\"; } );\n"                  \
	"mask = { headers = [ \"A\" ]; query = [ ]; text = [ \"iban\", "      \
	"\"card\" ]; };\n"                                                    \
	"tracing = { endpoint = \"http://a/v1\"; protocol = \"json\"; "       \
	"sample = 0.25; parent = false; errors = false; slow = \"3ms\"; "     \
	"propagate = [ \"b3\", \"w3c\" ]; correlation_id = "                  \
	"\"X-Correlation-ID\"; resource = [ \"a=b\", \"c=d\" ]; headers = "   \
	"\"A: b\"; timeout = \"1s\"; interval = \"2s\"; batch = 3; queue = "  \
	"\"4m\"; };\n"                                                        \
	"metrics = { max_histograms = 7; };\n" LISTENER SERVICE               \
	"routes = ( { name = \"r\"; path = \"/\"; service = \"be\"; }, "      \
	"{ path = \"/p\"; respond = { }; } );\n"

#include "tests/unit/master/image_kit.h"

static struct img_log *
access_log(uint32_t i)
{
	return (struct img_log *)at(image()->telemetry.access_logs.off) + i;
}

static struct img_log *
audit_log(uint32_t i)
{
	return (struct img_log *)at(image()->telemetry.audit_logs.off) + i;
}

/* The texts of a span, with a space between. */
static void
expect_all(struct img_span span, const char *texts)
{
	struct text all = { 0 };
	const struct img_str *s = at(span.off);

	for (uint32_t i = 0; i < span.count; i++)
		text_printf(&all, "%s%.*s", i == 0 ? "" : " ",
		    SLICE_FMT(img_slice(image(), s[i])));
	text_add_char(&all, '\0');
	ck_assert_str_eq(all.p, texts);
	text_fini(&all);
}

START_TEST(one_log)
{
	const struct img_log *l = access_log(0);
	const struct img_range *r = at(l->when.statuses.off);

	ck_assert_uint_eq(image()->telemetry.access_logs.count, 4);
	ck_assert_uint_eq(l->to, IMG_LOG_FILE);
	ck_assert_uint_eq(l->format, IMG_LOG_JSON);
	expect(l->path, "/a");
	ck_assert_uint_eq(l->template.len, 0);
	ck_assert_uint_eq(l->sample, UINT32_C(1) << 31);
	ck_assert_uint_eq(l->keep_errors, 1);
	ck_assert_uint_eq(l->when.statuses.count, 2);
	ck_assert_uint_eq(r[0].from, 404);
	ck_assert_uint_eq(r[1].to, 599);
	ck_assert_uint_eq(l->when.whys[0], 1);
	ck_assert_uint_eq(l->when.whys[1], UINT64_C(1) << (WHY_INTERNAL - 64));
	ck_assert_uint_eq(l->when.methods, 1u << METHOD_GET | 1);
	ck_assert_uint_eq(l->when.slow_us, 2000);
	ck_assert_uint_eq(l->when.errors, 1);
	expect_all(l->when.routes, "r");
	expect_all(l->when.services, "be");
	expect_all(l->headers, "Accept Referer X-B");
	expect_all(l->response_headers, "X-B");
}
END_TEST

START_TEST(the_other_logs)
{
	const struct img_log *l = access_log(1);

	ck_assert_uint_eq(l->to, IMG_LOG_SYSLOG);
	ck_assert_uint_eq(l->format, IMG_LOG_TEMPLATE);
	expect(l->path, "10.0.0.1:514");
	expect(l->template, "{header:x-b} {header:X-C} {status}");
	ck_assert_uint_eq(l->sample, UINT32_MAX);
	ck_assert_uint_eq(l->keep_errors, 0);
	ck_assert_uint_eq(l->facility, 23);
	ck_assert_uint_eq(l->when.methods, 0);
	ck_assert_uint_eq(access_log(2)->to, IMG_LOG_STDOUT);
	ck_assert_uint_eq(access_log(2)->path.len, 0);
	ck_assert_uint_eq(access_log(3)->to, IMG_LOG_JOURNAL);
	ck_assert_uint_eq(access_log(3)->format, IMG_LOG_DEV);
	ck_assert_uint_eq(access_log(3)->facility, 16);
}
END_TEST

START_TEST(audit)
{
	const struct img_audit *a = &image()->telemetry.audit;
	const uint32_t some = AUDIT_BIT(AUDIT_BANNED) | AUDIT_BIT(AUDIT_ADMIN);

	ck_assert_uint_eq(audit_log(0)->events, some);
	ck_assert_uint_eq(audit_log(1)->events, AUDIT_DEFAULT);
	ck_assert_uint_eq(audit_log(0)->sample, UINT32_MAX);
	ck_assert_uint_eq(a->on, 1);
	ck_assert_uint_eq(a->refuse, 1);
	ck_assert_uint_eq(a->events, some | AUDIT_DEFAULT);
}
END_TEST

/* Each once, whatever log wants it. */
START_TEST(fields)
{
	static const struct {
		const char *name;
		uint32_t id, answer;
	} want[] = {
		{ "accept", FIELD_ACCEPT, 0 },
		{ "x-b", FIELD_OTHER, 0 },
		{ "x-b", FIELD_OTHER, 1 },
		{ "x-c", FIELD_OTHER, 0 },
		{ "*", FIELD_OTHER, 0 },
	};
	const struct img_telemetry *all = &image()->telemetry;
	const struct img_record_field *f = at(all->fields.off);

	ck_assert_uint_eq(all->fields.count, sizeof(want) / sizeof(want[0]));
	for (uint32_t i = 0; i < all->fields.count; i++) {
		expect(f[i].name, want[i].name);
		ck_assert_uint_eq(f[i].id, want[i].id);
		ck_assert_uint_eq(f[i].answer, want[i].answer);
	}
	ck_assert_uint_eq(all->query, 0);
	ck_assert_uint_eq(all->mask, IMG_MASK_IBAN | IMG_MASK_CARD);
	expect_all(all->mask_headers, "A");
	expect_all(all->mask_query, "");
	ck_assert_uint_eq(all->max_histograms, 7);
}
END_TEST

START_TEST(tracing)
{
	const struct img_tracing *tr = &image()->telemetry.tracing;
	const struct img_route *r = at(image()->routes.off);

	ck_assert_uint_eq(tr->on, 1);
	ck_assert_uint_eq(tr->propagate, IMG_TRACE_B3 | IMG_TRACE_W3C);
	ck_assert_uint_eq(tr->sample, UINT32_C(1) << 30);
	ck_assert_uint_eq(tr->parent, 0);
	ck_assert_uint_eq(tr->errors, 0);
	ck_assert_uint_eq(tr->slow_us, 3000);
	ck_assert_uint_eq(tr->correlation_id, FIELD_X_CORRELATION_ID);
	expect(tr->correlation, "X-Correlation-ID");
	expect(tr->endpoint, "http://a/v1");
	ck_assert_uint_eq(tr->json, 1);
	expect_all(tr->headers, "A: b");
	expect(tr->service, "penstock");
	expect_all(tr->resource, "a=b c=d");
	ck_assert_uint_eq(tr->timeout_us, 1000000);
	ck_assert_uint_eq(tr->interval_us, 2000000);
	ck_assert_uint_eq(tr->queue_bytes, 4 << 20);
	ck_assert_uint_eq(tr->batch, 3);
	for (int i = 0; i < 2; i++)
		ck_assert_uint_ne(r[i].filters & 1u << IMG_FILTER_TRACE, 0);
}
END_TEST

/* What is not written has no effect; the id of a log is that of the place. */
START_TEST(little)
{
	static const struct {
		const char *keys;
		uint32_t query;
	} cases[] = {
		{ "", 0 },
		{ "format = \"dev\";", 0 },
		{ "format = \"combined\";", 1 },
		{ "format = \"common\";", 1 },
		{ "query = \"a\";", 1 },
		{ "format = \"template\"; template = \"{query}\";", 1 },
		{ "format = \"template\"; template = \"{query:a}\";", 1 },
		{ "format = \"template\"; template = \"{path}\";", 0 },
	};
	uint64_t id = access_log(0)->id;
	struct conf_try other;
	char text[512];

	ck_assert_uint_ne(id, 0);
	ck_assert_uint_ne(id, access_log(1)->id);
	ck_assert_uint_ne(id, audit_log(0)->id);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct img_head *img;
		const struct img_log *l;

		(void)snprintf(text, sizeof(text),
		    "access_log = ( { path = \"/a\"; %s } );\n" REST,
		    cases[i].keys);
		conf_try_text(&other, text);
		ck_assert_str_eq(other.complaints, "");
		img = (const void *)other.c.image;
		l = img_at(img, img->telemetry.access_logs.off);
		ck_assert_uint_eq(l->id, id);
		ck_assert_uint_eq(img->telemetry.query, cases[i].query);
		ck_assert_uint_eq(img->telemetry.tracing.on, 0);
		ck_assert_uint_eq(img->telemetry.tracing.endpoint.len, 0);
		ck_assert_uint_eq(img->telemetry.audit.on, 0);
		ck_assert_uint_eq(
		    ((const struct img_route *)img_at(img, img->routes.off))
			    ->filters &
			1u << IMG_FILTER_TRACE,
		    0);
		conf_try_fini(&other);
	}
}
END_TEST

START_TEST(damage)
{
	struct img_head *img = image();
	struct img_telemetry *all = &img->telemetry;
	struct img_log *l = access_log(0);
	struct img_record_field *f = at(all->fields.off);
	struct img_tracing *tr = &all->tracing;
	uint32_t *words[] = { &all->access_logs.off, &all->access_logs.count,
		&all->audit_logs.count, &all->fields.count, &all->fields.off,
		&all->query, &all->mask, &all->mask_headers.count,
		&all->mask_query.off, &l->to, &l->format, &l->path.off,
		&l->template.len, &l->facility, &l->when.statuses.count,
		&l->when.routes.count, &l->when.services.off, &l->when.methods,
		&l->when.errors, &l->query.off, &l->headers.count,
		&l->response_headers.count, &l->events, &l->key_file.len,
		&access_log(1)->template.off, &f[1].id, &f[1].answer,
		&f[1].name.off, &tr->on, &tr->propagate, &tr->json,
		&tr->correlation_id, &tr->correlation.off, &tr->endpoint.off,
		&tr->service.len, &tr->ca_file.len, &tr->headers.count,
		&tr->resource.off };
	uint32_t *none[] = { &l->path.len, &access_log(1)->template.len,
		&f[0].name.len, &tr->batch, &tr->service.len };
	uint64_t *numbers[] = { &l->id, &tr->timeout_us, &tr->interval_us,
		&tr->queue_bytes };

	ck_assert(image_check(img, img->bytes));
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		uint32_t old = *words[i];

		*words[i] = 0xfffffff0;
		ck_assert_msg(!image_check(img, img->bytes), "%zu", i);
		*words[i] = old;
	}
	for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++) {
		uint32_t old = *none[i];

		*none[i] = 0;
		ck_assert_msg(!image_check(img, img->bytes), "%zu", i);
		*none[i] = old;
	}
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		uint64_t old = *numbers[i];

		*numbers[i] = 0;
		ck_assert_msg(!image_check(img, img->bytes), "%zu", i);
		*numbers[i] = old;
	}
	ck_assert(image_check(img, img->bytes));
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("build_telemetry");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, one_log);
	tcase_add_test(tc, the_other_logs);
	tcase_add_test(tc, audit);
	tcase_add_test(tc, fields);
	tcase_add_test(tc, tracing);
	tcase_add_test(tc, little);
	tcase_add_test(tc, damage);
	return conf_try_run("build_telemetry", tc);
}
