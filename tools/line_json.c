/*
 * line_json.c - a record as a line of JSON: every line has every field, empty
 * or not, so that what reads them has one shape to know.
 */
#include "tools/line_value.h"

/* What stands in front of a value; a string has a quotation mark more. */
#define KEY(name) ",\"" name "\":"

enum { NUMBER, DECIMAL, OWN, TEXT, CLIENT };

/* All of a line that is no text of the record has room in this. */
#define LOG_FIELD(ID, name, type, unit, help) \
	+sizeof(KEY(name) "\"\"") + (type < TEXT ? LINE_VALUE_BYTES : 0)
enum {
	JSON_BYTES = 0
#include "shm/log_fields.def"
};

static char *
json_grow(struct line *l, char *to, size_t n)
{
	l->to = to;
	line_grow(l, n);
	return l->to;
}

/* Behind it there is room for what is no text. */
static char *
json_put_text(struct line *l, char *to, struct slice s, bool plain)
{
	size_t room = JSON_BYTES + JSON_CHAR_MAX * s.n;

	if ((size_t)(l->end - to) < room + ESCAPE_SLACK)
		to = json_grow(l, to, room);
	return plain ? slice_put(to, s) : escape_json(to, s);
}

/* All texts of a line that are `plain` need no escapes; many are empty. */
static inline char *
json_text(struct line *l, char *to, struct slice s, bool plain)
{
	return s.n != 0 ? json_put_text(l, to, s, plain) : to;
}

/* All that fields show is: one look for all texts. Masks change nothing about
 * that. */
static bool
json_is_plain(const struct record_view *v)
{
	size_t at = v->text_at[0];
	struct slice texts = slice_make(
	    (const char *)v->request + at, v->text_at[RECORD_REFERER] - at);

	return json_plain(texts) == texts.n;
}

static void
json_fields(struct line *l)
{
	bool plain = json_is_plain(l->v);
	char *to;

	line_need(l, JSON_BYTES);
	to = l->to;
#define LOG_FIELD(ID, name, type, unit, help)                               \
	to = slice_put(to,                                                  \
	    type < OWN ? SLICE_LIT(KEY(name)) : SLICE_LIT(KEY(name) "\"")); \
	to = type < TEXT                                                    \
	    ? line_value_put(l, LOG_##ID, to)                               \
	    : json_text(l, to, line_value_text(l, LOG_##ID), plain);        \
	if (type >= OWN)                                                    \
		*to++ = '"';
#include "shm/log_fields.def"
	l->to = to;
}

/* In lower case, as escapes are. */
static void
json_name(struct line *l, struct slice name)
{
	char *from;

	line_need(l, 6 * name.n);
	from = l->to;
	l->to = escape_json(l->to, name);
	for (; from != l->to; from++)
		*from = ascii_lower(*from);
}

/* A member, with the comma that the next one needs. */
static void
json_header(struct line *l, struct slice name, bool answer)
{
	struct slice value;

	if (!line_header(l, name, answer, &value))
		return;
	line_add(l, SLICE_LIT("\""));
	json_name(l, name);
	line_add(l, SLICE_LIT("\":\""));
	line_add_json(l, value);
	line_add(l, SLICE_LIT("\","));
}

/* The name of field i, if it is of that side and no field before it has it. */
static bool
json_name_new(
    const struct record_view *v, unsigned i, bool answer, struct slice *name)
{
	*name = record_str(v, v->fields[i].name);
	if ((v->fields[i].answer != 0) != answer)
		return false;
	for (unsigned k = 0; k < i; k++)
		if ((v->fields[k].answer != 0) == answer &&
		    slice_eq_nocase(record_str(v, v->fields[k].name), *name))
			return false;
	return true;
}

static void
json_headers(
    struct line *l, struct slice key, const struct names *shown, bool answer)
{
	struct slice name;

	if (names_empty(shown))
		return;
	line_add(l, key);
	for (uint32_t i = 0; !shown->all && i < shown->count; i++)
		json_header(l, shown->items[i], answer);
	for (unsigned i = 0; shown->all && i < l->v->request->fields; i++)
		if (json_name_new(l->v, i, answer, &name))
			json_header(l, name, answer);
	if (l->to[-1] == ',')
		l->to--;
	line_add(l, SLICE_LIT("}"));
}

void
line_json(struct line *l)
{
	size_t begin = (size_t)(l->to - l->out->p);

	json_fields(l);
	l->out->p[begin] = '{';
	json_headers(l, SLICE_LIT(",\"headers\":{"), &l->f->headers, false);
	json_headers(l, SLICE_LIT(",\"response_headers\":{"),
	    &l->f->response_headers, true);
	line_add(l, SLICE_LIT("}"));
}
