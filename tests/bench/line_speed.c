/*
 * line_speed.c - what a line of a log costs: nanoseconds of one process, the
 * best of some rounds, for each format, and for texts that have to be masked.
 */
#include <stdio.h>
#include <time.h>

#include "tests/unit/record_kit.h"
#include "tools/line.h"

#define ROUNDS 15
#define LINES 20000
#define BATCH 100 /* lines that are written at once */

static struct record_kit kit;

static double
now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static void
measure(const char *what, struct line_format *f)
{
	double best = 1e18;
	struct text out;
	size_t bytes = 0;

	text_init(&out);
	record_kit_make(&kit);
	for (int round = 0; round < ROUNDS; round++) {
		double began = now_ns(), took;

		for (int i = 0; i < LINES; i++) {
			if (i % BATCH == 0)
				text_clear(&out);
			line_write(f, &kit.view, &out);
		}
		took = (now_ns() - began) / LINES;
		best = took < best ? took : best;
		bytes = out.n / BATCH;
	}
	printf("%-32s %5.0f ns %5zu bytes\n", what, best, bytes);
	text_fini(&out);
}

static struct line_format *
format_of(const char *name, const char *header)
{
	struct line_format *f = line_format_new(NULL);
	char why[100];

	MUST(line_format_set(f, "format", name, why, sizeof(why)));
	if (header != NULL)
		MUST(line_format_set(f, "header", header, why, sizeof(why)));
	return f;
}

int
main(void)
{
	static const struct {
		const char *what, *format, *header;
	} rows[] = {
		{ "json", "json", NULL },
		{ "json with User-Agent", "json", "User-Agent" },
		{ "combined", "combined", NULL },
		{ "common", "common", NULL },
		{ "dev", "dev", NULL },
		{ "template of four fields",
		    "{client} {status} {duration_ms} {path}", NULL },
	};
	struct line_format *f;

	record_kit_init(&kit);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		f = format_of(rows[i].format, rows[i].header);
		measure(rows[i].what, f);
		line_format_free(f);
	}
	f = format_of("json", NULL);
	kit.text[RECORD_PATH] = SLICE_LIT("/users/joe.doe@example.com/orders");
	measure("json, an address masked", f);
	kit.text[RECORD_PATH] = SLICE_LIT("/pay/4111-1111-1111-1111/orders");
	measure("json, a card masked", f);
	kit.text[RECORD_PATH] = SLICE_LIT("/orders/20261128230712345/lines");
	measure("json, digits looked at closely", f);
	line_format_free(f);
	return 0;
}
