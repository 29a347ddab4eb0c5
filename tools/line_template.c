/*
 * line_template.c - a line as its template says. Whatever the values, it is
 * one line, and an empty value is "-".
 */
#include "tools/line_inside.h"

static struct slice
part_value(struct line *l, const struct log_part *part)
{
	struct slice value = SLICE_NONE;

	switch (part->kind) {
	case LOG_PART_LITERAL:
		return part->text;
	case LOG_PART_FIELD:
		return line_field(l, part->field);
	case LOG_PART_HEADER:
	case LOG_PART_RESPONSE_HEADER:
		(void)line_header(l, part->text,
		    part->kind == LOG_PART_RESPONSE_HEADER, &value);
		return value;
	case LOG_PART_QUERY:
		return line_query_value(l, part->text);
	}
	return value;
}

void
line_template(struct line *l)
{
	for (uint32_t i = 0; i < l->f->part_count; i++) {
		const struct log_part *part = &l->f->parts[i];
		struct slice value = part_value(l, part);

		if (part->kind == LOG_PART_LITERAL)
			line_add(l, value);
		else
			line_add_hex(l, value.n != 0 ? value : SLICE_LIT("-"));
	}
}
