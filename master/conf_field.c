/*
 * conf_field.c - see conf_field.h.
 */
#include "master/conf_field.h"

#include <string.h>

#include "common/base/environ.h"
#include "common/base/must.h"
#include "common/base/units.h"
#include "master/conf_value.h"

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
	case CONF_DECIMAL:
	case CONF_SHARE:
	case CONF_DURATION:
	case CONF_SIZE:
		f.number = (uint64_t *)at;
		break;
	case CONF_RATE:
		f.rate = (struct conf_rate *)at;
		break;
	case CONF_STRING:
	case CONF_WORD:
	case CONF_SCALAR:
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

bool
conf_row_is_number(const struct conf_row *row)
{
	return row->type == CONF_INT || row->type == CONF_DECIMAL ||
	    row->type == CONF_SHARE || row->type == CONF_DURATION ||
	    row->type == CONF_SIZE;
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
	else if (row->type == CONF_DECIMAL)
		text_printf(out, "%s", units_decimal_text(v, buf, sizeof(buf)));
	else if (row->type == CONF_SHARE)
		text_printf(out, "%s", units_share_text(v, buf, sizeof(buf)));
	else
		text_add_u64(out, v);
}

/* The names of a default, with the places of things that nobody wrote. */
static struct conf_strings
default_names(struct conf *c, const char *def)
{
	struct conf_strings out = { 0 };
	size_t most = 1;

	if (def == NULL)
		return out;
	for (const char *p = def; *p != '\0'; p++)
		most += *p == ' ';
	out.items = arena_alloc(&c->arena, most * sizeof(*out.items));
	out.places = arena_zalloc(&c->arena, most * sizeof(*out.places));
	MUST(out.items != NULL && out.places != NULL);
	while (out.count < most) {
		size_t n = strcspn(def, " ");

		out.items[out.count++] = conf_strdup(c, slice_make(def, n));
		def += n + 1;
	}
	return out;
}

void
conf_field_default(struct conf *c, const struct conf_row *row, void *thing)
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
	case CONF_DECIMAL:
		*f.number = 0;
		if (row->def != NULL)
			MUST(units_decimal(row->def, f.number, NULL));
		break;
	case CONF_SHARE:
		*f.number = 0;
		if (row->def != NULL)
			MUST(units_share(row->def, f.number, NULL));
		break;
	case CONF_DURATION:
		*f.number = CONF_UNSET;
		if (row->def != NULL)
			MUST(units_duration(row->def, f.number, NULL));
		break;
	case CONF_RATE:
		*f.rate = (struct conf_rate){ 0 };
		if (row->def != NULL)
			MUST(units_rate(
			    row->def, &f.rate->count, &f.rate->per_us, NULL));
		break;
	case CONF_STRING:
	case CONF_WORD:
	case CONF_SCALAR:
		*f.string = row->def;
		break;
	case CONF_NAMES:
		*f.names = default_names(c, row->def);
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
	case CONF_DECIMAL:
	case CONF_SHARE:
	case CONF_SIZE:
		return true;
	case CONF_DURATION:
		return *f.number != CONF_UNSET;
	case CONF_RATE:
		return f.rate->per_us != 0;
	case CONF_STRING:
	case CONF_WORD:
	case CONF_SCALAR:
		return *f.string != NULL;
	case CONF_NAMES:
		return f.names->count != 0 ||
		    (row->def != NULL && f.names->items != NULL);
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

/* Of "Name: value", the value is what nobody may see. */
static void
print_name_alone(const char *s, struct text *out)
{
	struct text shown = { 0 };

	text_printf(
	    &shown, "%.*s: " CONF_SECRET_SHOWN, (int)strcspn(s, ":"), s);
	text_add_char(&shown, '\0');
	print_string(shown.p, out);
	text_fini(&shown);
}

static void
print_names(const struct conf_row *row, const struct conf_strings *names,
    struct text *out)
{
	text_add_char(out, '[');
	for (size_t i = 0; i < names->count; i++) {
		text_add(out, i != 0 ? SLICE_LIT(", ") : SLICE_LIT(" "));
		if ((row->flags & CONF_SECRET) != 0)
			print_name_alone(names->items[i], out);
		else
			print_string(names->items[i], out);
	}
	text_add(out, SLICE_LIT(" ]"));
}

static void
print_rate(const struct conf_rate *rate, struct text *out)
{
	char buf[32];

	text_printf(out, "\"%s\"",
	    units_rate_text(rate->count, rate->per_us, buf, sizeof(buf)));
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
	case CONF_DECIMAL:
	case CONF_SHARE:
	case CONF_DURATION:
	case CONF_SIZE:
		conf_number_print(row, *f.number, out);
		break;
	case CONF_RATE:
		print_rate(f.rate, out);
		break;
	case CONF_STRING:
	case CONF_WORD:
	case CONF_SCALAR:
		print_string((row->flags & CONF_SECRET) != 0 ? CONF_SECRET_SHOWN
							     : *f.string,
		    out);
		break;
	case CONF_NAMES:
		print_names(row, f.names, out);
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
	case CONF_DECIMAL:
	case CONF_SHARE:
	case CONF_DURATION:
	case CONF_SIZE:
		text_add_u64(out, *f.number);
		break;
	case CONF_RATE:
		print_rate(f.rate, out);
		break;
	case CONF_STRING:
	case CONF_WORD:
	case CONF_SCALAR:
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
