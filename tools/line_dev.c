/*
 * line_dev.c - a line for people at a terminal: what is looked at first stands
 * first and one below the other; what is as it should be is not said.
 *
 *	23:07:12.345 200 GET      12.3ms api.example/users/1  users 10.0.0.1:80
 */
#include <inttypes.h>
#include <stdio.h>

#include "tools/line_inside.h"

#define DEV_METHOD 7
#define DEV_DURATION 8

#define DEV_PLAIN SLICE_LIT("\033[0m")
#define DEV_DIM SLICE_LIT("\033[2m")
#define DEV_RED SLICE_LIT("\033[31m")
#define DEV_GREEN SLICE_LIT("\033[32m")
#define DEV_YELLOW SLICE_LIT("\033[33m")
#define DEV_MAGENTA SLICE_LIT("\033[35m")
#define DEV_CYAN SLICE_LIT("\033[36m")

static struct slice
dev_colour(unsigned status)
{
	return status == 0 ? DEV_MAGENTA
	    : status < 300 ? DEV_GREEN
	    : status < 400 ? DEV_CYAN
	    : status < 500 ? DEV_YELLOW
			   : DEV_RED;
}

/* Returns the columns that it takes. */
static size_t
dev_add(struct line *l, struct slice s)
{
	size_t columns = 0;

	line_need(l, 4 * s.n);
	l->to = escape_shown(l->to, s, &columns);
	return columns;
}

static void
dev_blanks(struct line *l, size_t from, size_t to)
{
	for (; from < to; from++)
		line_add(l, SLICE_LIT(" "));
}

static void
dev_coloured(struct line *l, struct slice colour, struct slice s)
{
	if (l->f->colours)
		line_add(l, colour);
	(void)dev_add(l, s);
	if (l->f->colours)
		line_add(l, DEV_PLAIN);
}

/* Three digits and a unit, or more: "850us" "12.3ms" "1.20s" "90s". */
static void
dev_duration(struct line *l, uint64_t us)
{
	char text[32];
	int n;

	if (us < 1000)
		n = snprintf(text, sizeof(text), "%uus", (unsigned)us);
	else if (us < 100000)
		n = snprintf(text, sizeof(text), "%u.%ums",
		    (unsigned)(us / 1000), (unsigned)(us % 1000 / 100));
	else if (us < 1000000)
		n = snprintf(text, sizeof(text), "%ums", (unsigned)(us / 1000));
	else if (us < 10000000)
		n = snprintf(text, sizeof(text), "%u.%02us",
		    (unsigned)(us / 1000000), (unsigned)(us % 1000000 / 10000));
	else
		n = snprintf(text, sizeof(text), "%" PRIu64 "s", us / 1000000);
	dev_blanks(l, (size_t)n, DEV_DURATION);
	line_add(l, slice_make(text, (size_t)n));
}

static void
dev_target(struct line *l)
{
	struct slice query;

	(void)dev_add(l, line_field(l, LOG_HOST));
	(void)dev_add(l, line_field(l, LOG_PATH));
	query = line_field(l, LOG_QUERY);
	if (query.n != 0)
		(void)dev_add(l, SLICE_LIT("?"));
	(void)dev_add(l, query);
}

static void
dev_upstream(struct line *l)
{
	const struct record_request *r = l->v->request;
	struct slice service = line_field(l, LOG_SERVICE);

	if (service.n != 0) {
		line_add(l, SLICE_LIT("  "));
		dev_coloured(l, DEV_DIM, service);
	}
	if (r->attempts != 0) {
		line_add(l, SLICE_LIT(" "));
		dev_coloured(l, DEV_DIM, line_field(l, LOG_ENDPOINT));
	}
	if (r->attempts > 1) {
		line_add(l, SLICE_LIT(" attempts: "));
		line_add(l, line_number(l, r->attempts));
	}
}

/* The reason, unless all is well, with blanks for words. */
static void
dev_why(struct line *l)
{
	const struct record_request *r = l->v->request;
	const struct line_why *why = line_why(r->why);
	char words[64];
	size_t n = why->word.n < sizeof(words) ? why->word.n : sizeof(words);

	if (r->why == 0)
		return;
	for (size_t i = 0; i < n; i++)
		words[i] = why->word.p[i] == '_' ? ' ' : why->word.p[i];
	line_add(l, SLICE_LIT("  "));
	dev_coloured(l, dev_colour(r->status), slice_make(words, n));
	if (why->code.n != 0) {
		line_add(l, SLICE_LIT(" "));
		line_add(l, why->code);
	}
}

void
line_dev(struct line *l)
{
	const struct record_request *r = l->v->request;
	struct slice status;

	dev_coloured(l, DEV_DIM, line_time_short(l));
	line_add(l, SLICE_LIT(" "));
	status = line_field(l, LOG_STATUS);
	dev_coloured(l, dev_colour(r->status),
	    r->status != 0 ? status : SLICE_LIT("---"));
	line_add(l, SLICE_LIT(" "));
	dev_blanks(l, dev_add(l, line_field(l, LOG_METHOD)), DEV_METHOD);
	dev_duration(l, r->duration_us);
	line_add(l, SLICE_LIT(" "));
	dev_target(l);
	dev_upstream(l);
	dev_why(l);
}
