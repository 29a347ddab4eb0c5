/*
 * line_json.c - a record as a line of JSON: every line has every field, empty
 * or not, so that what reads them has one shape to know.
 */
#include "tools/line_inside.h"

#define KEY_ROOM 24

enum key_type { NUMBER, DECIMAL, OWN, TEXT, CLIENT };

/* What stands in front of a value. */
static const struct json_key {
	char text[KEY_ROOM];
	uint32_t n;
	enum key_type type;
} json_keys[] = {
#define LOG_FIELD(ID, name, type, unit, help) \
	{ ",\"" name "\":", sizeof(",\"" name "\":") - 1, type },
#include "shm/log_fields.def"
};

static void
json_field(struct line *l, enum log_field field)
{
	const struct json_key *key = &json_keys[field];
	struct slice value = line_field(l, field);
	char *to;

	line_need(l, KEY_ROOM + 2 + 6 * value.n);
	to = l->to;
	memcpy(to, key->text, KEY_ROOM);
	to += key->n;
	if (key->type >= OWN)
		*to++ = '"';
	if (value.n != 0)
		to = key->type <= OWN ? slice_put(to, value)
				      : escape_json(to, value);
	if (key->type >= OWN)
		*to++ = '"';
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

	for (unsigned i = 0; i < LOG_FIELD_COUNT; i++)
		json_field(l, i);
	l->out->p[begin] = '{';
	json_headers(l, SLICE_LIT(",\"headers\":{"), &l->f->headers, false);
	json_headers(l, SLICE_LIT(",\"response_headers\":{"),
	    &l->f->response_headers, true);
	line_add(l, SLICE_LIT("}"));
}
