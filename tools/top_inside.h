/*
 * top_inside.h - what the files that draw a view share, and nobody else.
 */
#ifndef TOOLS_TOP_INSIDE_H
#define TOOLS_TOP_INSIDE_H

#include "tools/top_draw.h"
#include "tools/top_numbers.h"

enum look { PLAIN, HEADING, BAD, DIM };

struct canvas {
	const struct top_screen *s;
	struct text *out;
	unsigned left; /* lines that there is room for */
};

/* One line, no wider than the screen; nothing where no room is left. */
void line_put(struct canvas *c, enum look look, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* A name in so many columns: what is no printable ASCII could be anything. */
const char *
name_text(struct slice name, unsigned columns, char buf[TOP_NAME_MAX]);

struct flow_text {
	char rate[TOP_TEXT], refused[TOP_TEXT], failed[TOP_TEXT];
	char p50[TOP_TEXT], p95[TOP_TEXT], p99[TOP_TEXT];
};
void flow_write(const struct top_flow *f, struct flow_text *t);

/* The sections: each takes at most `most` lines, with its heading. */
typedef void
section_fn(struct canvas *c, const struct top_view *v, unsigned most);
section_fn services_draw, endpoints_draw, reasons_draw, breakers_draw,
    limits_draw, workers_draw, logs_draw;

#endif
