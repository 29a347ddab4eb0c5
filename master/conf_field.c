/*
 * conf_field.c - see conf_field.h.
 */
#include "master/conf_field.h"

#include <string.h>

#include "common/base/environ.h"
#include "common/base/must.h"
#include "common/base/units.h"

union conf_field
conf_field(const struct conf_row *row, const void *thing)
{
	/* The caller of a reading function gave a thing it may write. */
	uintptr_t at = (uintptr_t)thing + row->offset;
	union conf_field f = { .list = NULL };

	switch (row->type) {
	case CONF_BOOL:
		f.boolean = (bool *)at;
		break;
	case CONF_INT:
	case CONF_DURATION:
	case CONF_SIZE:
		f.number = (uint64_t *)at;
		break;
	case CONF_STRING:
	case CONF_WORD:
		f.string = (const char **)at;
		break;
	case CONF_NAMES:
		f.names = (struct conf_strings *)at;
		break;
	case CONF_GROUP:
	case CONF_LIST:
	case CONF_NAMED:
		f.list = (void *)at;
		break;
	}
	return f;
}

const char *
conf_field_list(const struct conf_row *row, const void *thing, size_t *count)
{
	const char *at = thing;

	*count = *(const size_t *)(const void *)(at + row->count_offset);
	return *(const char *const *)(const void *)(at + row->offset);
}

void
conf_number_print(const struct conf_row *row, uint64_t v, struct text *out)
{
	char buf[32];

	if (row->type == CONF_DURATION)
		text_printf(
		    out, "\"%s\"", units_duration_text(v, buf, sizeof(buf)));
	else if (row->type == CONF_SIZE)
		text_printf(
		    out, "\"%s\"", units_size_text(v, buf, sizeof(buf)));
	else
		text_add_u64(out, v);
}

void
conf_field_default(const struct conf_row *row, void *thing)
{
	union conf_field f = conf_field(row, thing);

	switch (row->type) {
	case CONF_BOOL:
		*f.boolean = row->def != NULL && strcmp(row->def, "true") == 0;
		break;
	case CONF_INT:
	case CONF_SIZE:
		*f.number = 0;
		if (row->def != NULL)
			MUST(units_size(row->def, f.number, NULL));
		break;
	case CONF_DURATION:
		*f.number = CONF_UNSET;
		if (row->def != NULL)
			MUST(units_duration(row->def, f.number, NULL));
		break;
	case CONF_STRING:
	case CONF_WORD:
		*f.string = row->def;
		break;
	case CONF_NAMES:
		*f.names = (struct conf_strings){ 0 };
		break;
	case CONF_GROUP:
	case CONF_LIST:
	case CONF_NAMED:
		break;
	}
}

bool
conf_field_present(const struct conf_row *row, const void *thing)
{
	union conf_field f = conf_field(row, thing);

	switch (row->type) {
	case CONF_BOOL:
	case CONF_INT:
	case CONF_SIZE:
		return true;
	case CONF_DURATION:
		return *f.number != CONF_UNSET;
	case CONF_STRING:
	case CONF_WORD:
		return *f.string != NULL;
	case CONF_NAMES:
		return f.names->count != 0;
	case CONF_GROUP:
	case CONF_LIST:
	case CONF_NAMED:
		break;
	}
	return false;
}

static void
print_string(const char *s, struct text *out)
{
	struct text plain = { 0 };

	environ_protect(&plain, s);
	text_add_char(out, '"');
	for (size_t i = 0; i < plain.n; i++) {
		unsigned char c = (unsigned char)plain.p[i];

		if (c == '"' || c == '\\')
			text_printf(out, "\\%c", c);
		else if (c < 0x20 || c == 0x7f)
			text_printf(out, "\\x%02x", c);
		else
			text_add_char(out, (char)c);
	}
	text_add_char(out, '"');
	text_fini(&plain);
}

static void
print_names(const struct conf_strings *names, struct text *out)
{
	text_add(out, SLICE_LIT("[ "));
	for (size_t i = 0; i < names->count; i++) {
		if (i != 0)
			text_add(out, SLICE_LIT(", "));
		print_string(names->items[i], out);
	}
	text_add(out, SLICE_LIT(" ]"));
}

void
conf_field_print(
    const struct conf_row *row, const void *thing, struct text *out)
{
	union conf_field f = conf_field(row, thing);

	switch (row->type) {
	case CONF_BOOL:
		text_add(
		    out, *f.boolean ? SLICE_LIT("true") : SLICE_LIT("false"));
		break;
	case CONF_INT:
	case CONF_DURATION:
	case CONF_SIZE:
		conf_number_print(row, *f.number, out);
		break;
	case CONF_STRING:
	case CONF_WORD:
		print_string(*f.string, out);
		break;
	case CONF_NAMES:
		print_names(f.names, out);
		break;
	case CONF_GROUP:
	case CONF_LIST:
	case CONF_NAMED:
		break;
	}
}

static void
canonical_string(const char *s, struct text *out)
{
	text_add(out, slice_make(s, strlen(s) + 1));
}

void
conf_field_canonical(
    const struct conf_row *row, const void *thing, struct text *out)
{
	union conf_field f = conf_field(row, thing);

	switch (row->type) {
	case CONF_BOOL:
		text_add_char(out, *f.boolean ? '1' : '0');
		break;
	case CONF_INT:
	case CONF_DURATION:
	case CONF_SIZE:
		text_add_u64(out, *f.number);
		break;
	case CONF_STRING:
	case CONF_WORD:
		canonical_string(*f.string, out);
		break;
	case CONF_NAMES:
		text_add_u64(out, f.names->count);
		text_add_char(out, '\n');
		for (size_t i = 0; i < f.names->count; i++)
			canonical_string(f.names->items[i], out);
		break;
	case CONF_GROUP:
	case CONF_LIST:
	case CONF_NAMED:
		break;
	}
}
