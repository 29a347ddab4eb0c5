/*
 * line_inside.h - what the files line*.c share: a format as it is compiled, a
 * line while it is written, the values that all formats write.
 */
#ifndef TOOLS_LINE_INSIDE_H
#define TOOLS_LINE_INSIDE_H

#include "common/base/arena.h"
#include "common/http/http.h"
#include "shm/hidden.h"
#include "shm/log_template.h"
#include "tools/escape.h"
#include "tools/line.h"
#include "tools/line_why.h"
#include "tools/mask.h"
#include "tools/names.h"

#define LINE_HIDDEN HIDDEN_VALUE
/* Room for any value that is no text of the record. */
#define LINE_VALUE_BYTES 80

/* A moment as text, of which all but the fraction is kept for a second. */
struct line_clock {
	int64_t second; /* since 1970 that `text` is about */
	uint32_t n;
	char text[40];
};

struct line_when {
	struct img_range *statuses;
	uint32_t status_count;
	bool any_why;
	uint64_t whys[LINE_WHYS / 64];
	struct names routes, services;
	uint32_t methods; /* as in img_log_when */
	bool errors;
	uint64_t slow_us;
};

struct line_masks {
	uint32_t text; /* IMG_MASK_* */
	struct names headers, query;
	struct mask_room *room;
};

struct line_format {
	struct arena arena; /* all that is copied */
	enum img_log_format format;
	struct log_part *parts; /* of a TEMPLATE */
	uint32_t part_count;
	struct line_when when;
	uint32_t sample;
	bool keep_errors, colours;
	struct names query, headers, response_headers; /* that are shown */
	struct line_masks masks;
	struct line_clock utc, local;
	struct text joined, shown; /* values while they are put together */
};

/* Makes f write by a template. False: it is none; *why is a half sentence, *at
 * what it is about. */
bool line_format_template(struct line_format *f, struct slice source,
    const char **why, struct slice *at);

/* A line being written: from `to` on, up to `end`, within `out`. */
struct line {
	struct line_format *f;
	const struct record_view *v;
	struct text *out;
	char *to, *end;
	char value[LINE_VALUE_BYTES]; /* of the field at hand */
};

/* Room for n bytes at l->to, and ESCAPE_SLACK more. */
void line_grow(struct line *l, size_t n);

static inline void
line_need(struct line *l, size_t n)
{
	if ((size_t)(l->end - l->to) < n + ESCAPE_SLACK)
		line_grow(l, n);
}

static inline void
line_add(struct line *l, struct slice s)
{
	line_need(l, s.n);
	if (s.n != 0)
		memcpy(l->to, s.p, s.n);
	l->to += s.n;
}

static inline void
line_add_hex(struct line *l, struct slice s)
{
	line_need(l, 4 * s.n);
	l->to = escape_hex(l->to, s);
}

static inline void
line_add_json(struct line *l, struct slice s)
{
	line_need(l, 6 * s.n);
	l->to = escape_json(l->to, s);
}

/* ---- values: text without escapes, until the next one is asked for ---- */

/* What the line may show of a field. */
struct slice line_field(struct line *l, enum log_field field);

/* Of the client's own texts. */
static inline struct slice
line_text(struct line *l, enum record_text t)
{
	const struct line_masks *m = &l->f->masks;

	return mask_text(m->room, m->text, record_text(l->v, t));
}

/* One that is not the client's is shown as the request's id is. */
static inline struct slice
line_correlation(struct line *l)
{
	return record_correlates_itself(l->v)
	    ? record_text(l->v, RECORD_ID)
	    : line_text(l, RECORD_CORRELATION);
}

struct slice line_path(struct line *l);

/* The query as far as it is shown, and the first value of one name in it. */
struct slice line_query(struct line *l);
struct slice line_query_value(struct line *l, struct slice name);

/* A url of some field, already masked, without what only the client should
 * know. */
struct slice line_url(struct line *l, struct slice url);

/* Of the request, or of the answer; false: there is no such field. */
bool line_header(
    struct line *l, struct slice name, bool answer, struct slice *value);

/* A number into l->value. */
struct slice line_number(struct line *l, uint64_t number);

/* RFC 3339, in UTC, to where there is room for LINE_VALUE_BYTES; returns its
 * end. */
char *line_put_time(struct line *l, char *to);
/* As in logs of web servers and for people, in local time. */
struct slice line_time_local(struct line *l);
struct slice line_time_short(struct line *l);

/* ---- formats, without the end of the line ---- */

void line_json(struct line *l);
void line_combined(struct line *l);
void line_dev(struct line *l);
void line_template(struct line *l);

#endif
