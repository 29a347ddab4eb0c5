/*
 * line_format.c - formats made of what the configuration says of a log.
 */
#include <stdlib.h>
#include <unistd.h>

#include "common/base/must.h"
#include "tools/line_inside.h"

static void
names_of_image(struct line_format *f, const struct img_head *img,
    struct img_span span, struct names *n)
{
	const struct img_str *all = img_at(img, span.off);

	for (uint32_t i = 0; i < span.count; i++)
		names_add(n, img_slice(img, all[i]), &f->arena);
}

static void
names_of_words(struct line_format *f, const char *words, struct names *n)
{
	struct slice left = slice_str(words), word;

	while (slice_cut(&left, ' ', &word))
		names_add(n, word, &f->arena);
}

static void
headers_of_image(struct line_format *f, const struct img_head *img,
    struct img_span span, struct names *n)
{
	const struct img_str *all = img_at(img, span.off);

	for (uint32_t i = 0; i < span.count; i++)
		names_add_lower(n, img_slice(img, all[i]), &f->arena);
}

struct line_format *
line_format_new(const struct img_head *img)
{
	struct line_format *f = calloc(1, sizeof(*f));
	const struct img_telemetry *t;

	MUST(f != NULL);
	arena_init(&f->arena, NULL, 0, SIZE_MAX);
	f->format = IMG_LOG_JSON;
	f->sample = UINT32_MAX;
	f->keep_errors = true;
	f->masks.text = MASK_ALL;
	f->masks.room = mask_room_new();
	text_init(&f->joined);
	text_init(&f->shown);
	if (img == NULL) {
		names_of_words(f, IMG_MASK_HEADERS, &f->masks.headers);
		names_of_words(f, IMG_MASK_QUERY, &f->masks.query);
		return f;
	}
	t = &img->telemetry;
	f->masks.text = t->mask;
	names_of_image(f, img, t->mask_headers, &f->masks.headers);
	names_of_image(f, img, t->mask_query, &f->masks.query);
	return f;
}

void
line_format_free(struct line_format *f)
{
	if (f == NULL)
		return;
	mask_room_free(f->masks.room);
	text_fini(&f->joined);
	text_fini(&f->shown);
	arena_fini(&f->arena);
	free(f);
}

static void
when_of_image(struct line_format *f, const struct img_head *img,
    const struct img_log_when *when)
{
	size_t bytes = when->statuses.count * sizeof(struct img_range);

	if (bytes != 0) {
		f->when.statuses = arena_alloc(&f->arena, bytes);
		MUST(f->when.statuses != NULL);
		memcpy(
		    f->when.statuses, img_at(img, when->statuses.off), bytes);
		f->when.status_count = when->statuses.count;
	}
	memcpy(f->when.whys, when->whys, sizeof(f->when.whys));
	f->when.any_why = (when->whys[0] | when->whys[1]) != 0;
	names_of_image(f, img, when->routes, &f->when.routes);
	names_of_image(f, img, when->services, &f->when.services);
	f->when.methods = when->methods;
	f->when.errors = when->errors != 0;
	f->when.slow_us = when->slow_us;
}

struct line_format *
line_format_of_image(const struct img_head *img, const struct img_log *log)
{
	struct line_format *f = line_format_new(img);
	const char *why;

	f->format = log->format;
	f->sample = log->sample;
	f->keep_errors = log->keep_errors != 0;
	when_of_image(f, img, &log->when);
	names_of_image(f, img, log->query, &f->query);
	headers_of_image(f, img, log->headers, &f->headers);
	headers_of_image(f, img, log->response_headers, &f->response_headers);
	if (f->format == IMG_LOG_TEMPLATE &&
	    !line_format_template(f, img_slice(img, log->template), &why,
		&(struct slice){ NULL, 0 })) {
		line_format_free(f);
		return NULL;
	}
	return f;
}

bool
line_format_template(struct line_format *f, struct slice source,
    const char **why, struct slice *at)
{
	struct slice left = arena_copy(&f->arena, source);
	struct log_part part;

	/* No part is shorter than a character. */
	f->parts = arena_alloc(&f->arena, (left.n + 1) * sizeof(*f->parts));
	MUST(f->parts != NULL);
	f->part_count = 0;
	f->format = IMG_LOG_TEMPLATE;
	while (log_template_next(&left, &part, why))
		f->parts[f->part_count++] = part;
	*at = part.text;
	return *why == NULL;
}

void
line_format_set_colours(struct line_format *f, bool on)
{
	f->colours = on;
}

bool
line_colours(int fd)
{
	const char *no = getenv("NO_COLOR");
	const char *term = getenv("TERM");

	return (no == NULL || *no == '\0') && isatty(fd) &&
	    (term == NULL || strcmp(term, "dumb") != 0);
}
