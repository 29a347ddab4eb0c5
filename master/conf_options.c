/*
 * conf_options.c - the table of options, for --options and the manual.
 */
#include <string.h>

#include "common/base/text.h"
#include "master/conf_field.h"
#include "master/conf_show.h"
#include "master/conf_table.h"

#define PATH_MAX_SHOWN 96

typedef void option_fn(FILE *out, const char *path, const struct conf_row *row);

/* Calls fn for every row below `prefix`, parents first. */
static void
options_walk(
    FILE *out, const struct conf_block *b, const char *prefix, option_fn *fn)
{
	char path[PATH_MAX_SHOWN];

	for (size_t i = 0; i < b->count; i++) {
		const struct conf_row *row = &b->rows[i];

		(void)snprintf(path, sizeof(path), "%s%s", prefix, row->path);
		fn(out, path, row);
		if (row->block == NULL)
			continue;
		(void)snprintf(
		    path, sizeof(path), "%s%s.*.", prefix, row->path);
		options_walk(out, row->block, path, fn);
	}
}

/* "info, warn" */
static void
words_text(const char *words, struct text *t)
{
	for (const char *p = words; *p != '\0'; p++) {
		if (*p == ' ')
			text_add_char(t, ',');
		text_add_char(t, *p);
	}
}

/* "1 to 1000", "info, warn"; empty without a range. */
static void
range_text(const struct conf_row *row, struct text *t)
{
	if (row->type == CONF_WORD)
		words_text(row->words, t);
	if (!conf_row_is_number(row))
		return;
	conf_number_print(row, row->min, t);
	text_add(t, SLICE_LIT(" to "));
	conf_number_print(row, row->max, t);
	if (row->unit != NULL)
		text_printf(t, " %s", row->unit);
	if ((row->flags & CONF_ZERO) != 0)
		text_add(t, SLICE_LIT("; 0: no limit"));
}

static const char *
when_text(const struct conf_row *row)
{
	return (row->flags & CONF_RESTART) != 0 ? "restart" : "reload";
}

/* The help below its option, indented, in lines of moderate length. */
static void
plain_help(FILE *out, const char *help)
{
	size_t column = 0;

	for (const char *at = help; *at != '\0'; at += *at == ' ') {
		size_t n = strcspn(at, " ");

		if (at == help || column + n > 70) {
			fputs(at == help ? "        " : "\n        ", out);
			column = 0;
		} else {
			fputc(' ', out);
		}
		fprintf(out, "%.*s", (int)n, at);
		column += n + 1;
		at += n;
	}
	fputc('\n', out);
}

static void
option_plain(FILE *out, const char *path, const struct conf_row *row)
{
	struct text range = { 0 };

	range_text(row, &range);
	if (row->only != NULL) {
		text_add(&range,
		    range.n != 0 ? SLICE_LIT("; for ") : SLICE_LIT("for "));
		words_text(row->only, &range);
	}
	fprintf(out, "%-36s %s", path, conf_type_name(row->type));
	if (row->type != CONF_GROUP)
		fprintf(out, "%*s %-12s %s",
		    (int)(16 - strlen(conf_type_name(row->type))), "",
		    row->def != NULL ? row->def : "-", when_text(row));
	if (range.n != 0)
		fprintf(out, "  %.*s", SLICE_FMT(text_slice(&range)));
	fputc('\n', out);
	plain_help(out, row->help);
	text_fini(&range);
}

/* What mdoc needs to print a character; NULL: the character itself. */
static const char *
mdoc_escape(char c)
{
	switch (c) {
	case '\\':
		return "\\e";
	case '"':
		return "\\(dq";
	case '~':
		return "\\(ti";
	default:
		return NULL;
	}
}

static void
mdoc_put(FILE *out, const char *s, size_t n)
{
	for (; n-- != 0; s++) {
		const char *escape = mdoc_escape(*s);

		if (escape != NULL)
			fputs(escape, out);
		else
			fputc(*s, out);
	}
}

/* How many characters mdoc_put writes. */
static size_t
mdoc_width(const char *s, size_t n)
{
	size_t width = 0;

	for (; n-- != 0; s++) {
		const char *escape = mdoc_escape(*s);

		width += escape != NULL ? strlen(escape) : 1;
	}
	return width;
}

/* The help, in lines of moderate length; a sentence begins a line. */
static void
mdoc_help(FILE *out, const char *help)
{
	size_t column = 0;

	while (*help != '\0') {
		size_t n = strcspn(help, " ");
		size_t width = mdoc_width(help, n);

		if (column != 0 && (column + width > 78 || help[-2] == '.')) {
			fputc('\n', out);
			column = 0;
		} else if (column != 0) {
			fputc(' ', out);
		}
		mdoc_put(out, help, n);
		column += width + 1;
		help += n;
		help += *help == ' ';
	}
	fputc('\n', out);
}

/* "Size (1k to 64k), default 16k; reload. Only for this." */
static void
kind_text(const struct conf_row *row, struct text *t)
{
	const char *type = conf_type_name(row->type);
	struct text range = { 0 };

	range_text(row, &range);
	text_printf(t, "%c%s", type[0] & ~0x20, type + 1);
	if (range.n != 0)
		text_printf(t, " (%.*s)", SLICE_FMT(text_slice(&range)));
	if (row->def != NULL)
		text_printf(t, ", default %s", row->def);
	if (row->type != CONF_GROUP)
		text_printf(t, "; %s", when_text(row));
	text_add_char(t, '.');
	if (row->only != NULL) {
		text_add(t, SLICE_LIT(" Only for "));
		words_text(row->only, t);
		text_add_char(t, '.');
	}
	text_add_char(t, '\0');
	text_fini(&range);
}

static void
option_mdoc(FILE *out, const char *path, const struct conf_row *row)
{
	struct text kind = { 0 };

	fprintf(out, ".It Ic %s\n", path);
	kind_text(row, &kind);
	mdoc_help(out, kind.p);
	mdoc_help(out, row->help);
	text_fini(&kind);
}

void
conf_options_text(FILE *out)
{
	fprintf(out, "%-36s %-16s %-12s %-7s  %s\n", "option", "type",
	    "default", "takes", "range");
	options_walk(out, &conf_block_top, "", option_plain);
}

void
conf_options_mdoc(FILE *out)
{
	fputs(".Bl -tag -width Ds\n", out);
	options_walk(out, &conf_block_top, "", option_mdoc);
	fputs(".El\n", out);
}
