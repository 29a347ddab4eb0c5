/*
 * conf_show.c - prints a configuration from its rows.
 */
#include "master/conf_show.h"

#include <string.h>

#include "common/base/text.h"
#include "master/conf_field.h"
#include "master/conf_table.h"

struct shower {
	FILE *out;
	const struct conf *c;
	struct text text; /* the value being printed */
};

static void show_thing(struct shower *sh, const struct conf_block *b,
    const void *thing, unsigned depth);

static void
indent(const struct shower *sh, unsigned depth)
{
	while (depth-- != 0)
		fputs("  ", sh->out);
}

static void
show_origin(const struct shower *sh, uint32_t origin)
{
	struct conf_place at = conf_place(sh->c, origin);

	if (at.file == NULL) {
		fputs(" # default\n", sh->out);
		return;
	}
	fputs(" # ", sh->out);
	for (const char *p = at.file; *p != '\0'; p++)
		fputc((unsigned char)*p < ' ' ? '?' : *p, sh->out);
	fprintf(sh->out, ":%d\n", at.line);
}

/* What a row is called within its group. */
static const char *
key_of(const struct conf_row *row)
{
	size_t prefix = conf_row_prefix(row);

	return row->path + (prefix != 0 ? prefix + 1 : 0);
}

static bool
is_list(const struct conf_row *row)
{
	return row->type == CONF_LIST || row->type == CONF_NAMED;
}

static void
show_value(struct shower *sh, const struct conf_row *row, const void *thing,
    uint32_t origin, unsigned depth)
{
	text_clear(&sh->text);
	conf_field_print(row, thing, &sh->text);
	indent(sh, depth);
	fprintf(sh->out, "%s = %.*s;", key_of(row),
	    SLICE_FMT(text_slice(&sh->text)));
	show_origin(sh, origin);
}

static void
show_list(struct shower *sh, const struct conf_row *row, const void *thing,
    unsigned depth)
{
	size_t n;
	const char *items = conf_field_list(row, thing, &n);

	if (n == 0)
		return;
	indent(sh, depth);
	fprintf(sh->out, "%s = (\n", key_of(row));
	for (size_t i = 0; i < n; i++) {
		indent(sh, depth + 1);
		fputs("{\n", sh->out);
		show_thing(
		    sh, row->block, items + i * row->block->size, depth + 2);
		indent(sh, depth + 1);
		fputs(i + 1 < n ? "},\n" : "}\n", sh->out);
	}
	indent(sh, depth);
	fputs(");\n", sh->out);
}

/* Within the group, or within one that is within it. */
static bool
is_within(const struct conf_row *row, const struct conf_row *group)
{
	size_t n = strlen(group->path);

	return strncmp(row->path, group->path, n) == 0 && row->path[n] == '.';
}

/* It is there; of a list, show_list finds out. */
static bool
is_shown(const struct conf_block *b, size_t i, const void *thing)
{
	const struct conf_row *row = &b->rows[i];

	if (!conf_row_applies(b, row, thing))
		return false;
	if (row->type == CONF_GROUP)
		return (row->flags & CONF_OPTIONAL) == 0 ||
		    conf_origins(b, thing)[i] != 0;
	return is_list(row) || conf_field_present(row, thing);
}

/* The values of the group in row g; nothing where all are absent. */
static void
show_group(struct shower *sh, const struct conf_block *b, size_t g,
    const void *thing, unsigned depth)
{
	const struct conf_row *group = &b->rows[g];
	const uint32_t *origins = conf_origins(b, thing);
	bool open = false;

	if (!is_shown(b, g, thing))
		return;
	for (size_t i = g + 1; i < b->count; i++) {
		const struct conf_row *row = &b->rows[i];

		if (!is_within(row, group))
			break;
		if (conf_row_key(row, group->path) == NULL ||
		    !is_shown(b, i, thing))
			continue;
		if (!open) {
			indent(sh, depth);
			fprintf(sh->out, "%s = {\n", key_of(group));
			open = true;
		}
		if (row->type == CONF_GROUP)
			show_group(sh, b, i, thing, depth + 1);
		else if (is_list(row))
			show_list(sh, row, thing, depth + 1);
		else
			show_value(sh, row, thing, origins[i], depth + 1);
	}
	if (open) {
		indent(sh, depth);
		fputs("};\n", sh->out);
	}
}

static void
show_thing(struct shower *sh, const struct conf_block *b, const void *thing,
    unsigned depth)
{
	const uint32_t *origins = conf_origins(b, thing);

	for (size_t i = 0; i < b->count; i++) {
		const struct conf_row *row = &b->rows[i];

		if ((row->flags & CONF_INPUT) != 0 ||
		    conf_row_prefix(row) != 0 ||
		    !conf_row_applies(b, row, thing))
			continue;
		if (row->type == CONF_GROUP)
			show_group(sh, b, i, thing, depth);
		else if (is_list(row))
			show_list(sh, row, thing, depth);
		else if (conf_field_present(row, thing))
			show_value(sh, row, thing, origins[i], depth);
	}
}

void
conf_show(FILE *out, const struct conf *c)
{
	struct shower sh = { .out = out, .c = c };

	show_thing(&sh, &conf_block_top, c, 0);
	text_fini(&sh.text);
}
