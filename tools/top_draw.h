/*
 * top_draw.h - a view as lines of text, for a terminal or for a pipe.
 */
#ifndef TOOLS_TOP_DRAW_H
#define TOOLS_TOP_DRAW_H

#include "common/base/text.h"
#include "tools/top_view.h"

#define TOP_NAME_MAX 96

/* What logs are called: the image knows. */
struct top_name {
	uint64_t id;
	char text[TOP_NAME_MAX];
};

enum top_page {
	TOP_ALL,      /* of everything a bit */
	TOP_SERVICES, /* and endpoints */
	TOP_REASONS,  /* and breakers, and limits */
	TOP_WORKERS,  /* and logs */
	TOP_PAGES
};

struct top_screen {
	unsigned columns, rows; /* rows 0: as many as there are */
	bool terminal; /* lines end so that the one below is erased; colours */
	bool colours;
	enum top_page page;
	enum top_order order;
	bool paused;
	const struct top_name *names;
	size_t name_count;
};

/* Appends the lines. */
void top_draw(
    const struct top_screen *s, const struct top_view *v, struct text *out);

/* The same as JSON, of all there is. */
void top_json(
    const struct top_screen *s, const struct top_view *v, struct text *out);

/* "access log /var/log/a"; the id in digits where the image does not know. */
const char *top_log_name(const struct top_screen *s, uint64_t id, char buf[24]);

#endif
