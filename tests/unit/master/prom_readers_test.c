/* Tests of prom_readers.c: what penstocklog says, of the logs that there are.
 */
#include "tests/unit/shm/fixture.h"

#include "common/base/clock.h"
#include "master/prom_readers.h"
#include "shm/readers.h"

static struct region region;
static struct text out;

/* An image with two logs and without anything else. */
static struct {
	struct img_head head;
	struct img_log access[1], audit[1];
	char text[32];
} image;

static void
setup(void)
{
	fixture_region(&region, 1);
	clock_update();
	text_init(&out);
	memset(&image, 0, sizeof(image));
	memcpy(image.text, "/a.log/dev/log", 14);
	image.access[0] = (struct img_log){ .id = 11,
		.to = IMG_LOG_FILE,
		.path = {
		    .off = (uint32_t)((char *)image.text - (char *)&image),
		    .len = 6 } };
	image.audit[0] = (struct img_log){ .id = 13,
		.to = IMG_LOG_SYSLOG,
		.path = {
		    .off = (uint32_t)((char *)image.text - (char *)&image + 6),
		    .len = 8 } };
	image.head.telemetry.access_logs = (struct img_span){
		(uint32_t)((char *)image.access - (char *)&image), 1
	};
	image.head.telemetry.audit_logs =
	    (struct img_span){ (uint32_t)((char *)image.audit - (char *)&image),
		    1 };
}

static void
teardown(void)
{
	text_fini(&out);
	region_fini(&region);
}

static void
write_all(const struct img_head *img)
{
	struct prom p = { .out = &out };

	text_clear(&out);
	prom_readers_write(&region, img, &p);
	text_add_char(&out, '\0');
}

static bool
has(const char *line)
{
	return strstr(out.p, line) != NULL;
}

START_TEST(each_log_has_its_figures)
{
	struct shm_readers *readers = region.readers;

	readers->log[3].lines = 7;
	readers->log[3].bytes = 700;
	readers->log[3].lost = 2;
	readers->log[3].left_out = 5;
	readers->log[3].error = 28;
	readers->log[3].id = 11;
	readers->records = 9;
	readers->records_lost = 4;
	readers->exports_failed = 1;
	write_all(&image.head);
	ck_assert(has("\npenstock_records_total 9\n"));
	ck_assert(has("\npenstock_records_lost_total 4\n"));
	ck_assert(has("\npenstock_log_lines_total{kind=\"access\","
		      "log=\"/a.log\"} 7\n"));
	ck_assert(has("_bytes_total{kind=\"access\",log=\"/a.log\"} 700\n"));
	ck_assert(has("_lost_total{kind=\"access\",log=\"/a.log\"} 2\n"));
	ck_assert(has("_left_out_total{kind=\"access\",log=\"/a.log\"} 5\n"));
	ck_assert(has("_failing{kind=\"access\",log=\"/a.log\"} 1\n"));
	/* Of this one nothing was heard yet. */
	ck_assert(has("\npenstock_log_lines_total{kind=\"audit\","
		      "log=\"syslog:/dev/log\"} 0\n"));
	ck_assert(has("_failing{kind=\"audit\",log=\"syslog:/dev/log\"} 0\n"));
	ck_assert(
	    has("\npenstock_trace_exports_total{outcome=\"failed\"} 1\n"));
}
END_TEST

START_TEST(silence_is_told)
{
	write_all(&image.head);
	ck_assert(has("\npenstock_log_up 0\n"));
	region.readers->pid = 4711;
	region.readers->beat_us = clock_now().us;
	write_all(&image.head);
	ck_assert(has("\npenstock_log_up 1\n"));
	clock_set_birth(clock_raw_us() - clock_now().us - 11000000);
	clock_update();
	write_all(&image.head);
	ck_assert(has("\npenstock_log_up 0\n"));
}
END_TEST

/* Without a log there is nobody to be missed. */
START_TEST(nothing_to_do_is_no_fault)
{
	image.head.telemetry.access_logs.count = 0;
	image.head.telemetry.audit_logs.count = 0;
	write_all(&image.head);
	ck_assert(!has("\npenstock_log_up "));
	image.head.telemetry.tracing.endpoint.len = 5;
	write_all(&image.head);
	ck_assert(has("\npenstock_log_up 0\n"));
	write_all(NULL);
	ck_assert(!has("\npenstock_log_up "));
	ck_assert(has("\npenstock_spans_lost_total 0\n"));
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("prom_readers");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, each_log_has_its_figures);
	tcase_add_test(tc, silence_is_told);
	tcase_add_test(tc, nothing_to_do_is_no_fault);
	return fixture_run(tc, "prom_readers");
}
