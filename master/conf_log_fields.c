/*
 * conf_log_fields.c - see conf_log_fields.h.
 */
#include "master/conf_log_fields.h"

#include <string.h>

#include "common/base/must.h"
#include "master/conf_table.h"
#include "shm/log_template.h"
#include "shm/record.h"

struct collector {
	struct conf *c;
	struct conf_telemetry *t;
	const struct conf_access_log *over; /* whose field was one too many */
};

static const char *
lower(struct conf *c, struct slice name)
{
	char *copy = arena_alloc(&c->arena, name.n + 1);

	MUST(copy != NULL);
	for (size_t i = 0; i < name.n; i++)
		copy[i] = ascii_lower(name.p[i]);
	copy[name.n] = '\0';
	return copy;
}

/* A record has them whatever is logged: RECORD_AGENT, RECORD_REFERER. */
static bool
is_recorded(struct slice name, bool answer)
{
	return !answer &&
	    (slice_eq_nocase(name, SLICE_LIT("User-Agent")) ||
		slice_eq_nocase(name, SLICE_LIT("Referer")));
}

/* Each once. */
static void
field_add(struct collector *k, const struct conf_access_log *l,
    struct slice name, bool answer)
{
	struct conf_telemetry *t = k->t;

	if (is_recorded(name, answer))
		return;
	for (size_t i = 0; i < t->field_count; i++)
		if (t->fields[i].answer == answer &&
		    slice_eq_nocase(slice_str(t->fields[i].name), name))
			return;
	if (t->field_count == RECORD_FIELDS_MAX) {
		if (k->over == NULL)
			k->over = l;
		return;
	}
	t->fields[t->field_count++] =
	    (struct conf_log_field){ lower(k->c, name), answer };
}

static void
template_take(struct collector *k, const struct conf_access_log *l)
{
	struct slice left = slice_str(l->template);
	struct log_part part;
	const char *why;

	while (log_template_next(&left, &part, &why))
		switch (part.kind) {
		case LOG_PART_HEADER:
			field_add(k, l, part.text, false);
			break;
		case LOG_PART_RESPONSE_HEADER:
			field_add(k, l, part.text, true);
			break;
		case LOG_PART_QUERY:
			k->t->query = true;
			break;
		case LOG_PART_FIELD:
			k->t->query |= part.field == LOG_QUERY;
			break;
		case LOG_PART_LITERAL:
			break;
		}
}

static void
log_take(struct collector *k, const struct conf_access_log *l)
{
	for (size_t i = 0; i < l->headers.count; i++)
		field_add(k, l, slice_str(l->headers.items[i]), false);
	for (size_t i = 0; i < l->response_headers.count; i++)
		field_add(k, l, slice_str(l->response_headers.items[i]), true);
	if (l->template != NULL)
		template_take(k, l);
	/* They show the request's target, which the query is a part of. */
	if (l->query.count != 0 || l->format_index == IMG_LOG_COMBINED ||
	    l->format_index == IMG_LOG_COMMON)
		k->t->query = true;
}

void
conf_log_fields(struct conf *c, struct diag *d)
{
	struct conf_telemetry *t = &c->telemetry;
	struct collector k = { .c = c, .t = t };

	t->fields =
	    arena_zalloc(&c->arena, RECORD_FIELDS_MAX * sizeof(*t->fields));
	MUST(t->fields != NULL);
	for (size_t i = 0; i < t->access_count; i++)
		log_take(&k, &t->access_logs[i]);
	if (k.over != NULL)
		diag_error(d, k.over->place.file, k.over->place.line,
		    "access_log: all logs together show more than %d header "
		    "fields",
		    RECORD_FIELDS_MAX);
}
