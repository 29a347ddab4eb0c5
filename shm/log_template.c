/*
 * log_template.c - see log_template.h.
 */
#include "shm/log_template.h"

#include "common/http/http.h"

const char *const log_field_names[LOG_FIELD_COUNT] = {
#define LOG_FIELD(ID, name, type, unit, help) name,
#include "shm/log_fields.def"
};

static const struct log_argument {
	struct slice name;
	enum log_part_kind kind;
} log_arguments[] = {
	{ SLICE_LIT("header"), LOG_PART_HEADER },
	{ SLICE_LIT("response_header"), LOG_PART_RESPONSE_HEADER },
	{ SLICE_LIT("query"), LOG_PART_QUERY },
};

enum log_field
log_field_find(struct slice name)
{
	unsigned i = 0;

	while (i < LOG_FIELD_COUNT &&
	    !slice_eq(name, slice_str(log_field_names[i])))
		i++;
	return i;
}

/* Braces that stand for themselves, or all up to the next one. */
static bool
literal_next(struct slice *left, struct log_part *part, const char **why)
{
	size_t n = 0;

	part->kind = LOG_PART_LITERAL;
	if (left->p[0] == '{' || left->p[0] == '}') {
		part->text = slice_make(left->p, 1);
		if (left->n < 2 || left->p[1] != left->p[0]) {
			*why = "has a brace without its counterpart; braces "
			       "are written {{ and }}:";
			return false;
		}
		*left = slice_skip(*left, 2);
		return true;
	}
	while (n < left->n && left->p[n] != '{' && left->p[n] != '}')
		n++;
	part->text = slice_make(left->p, n);
	*left = slice_skip(*left, n);
	for (size_t i = 0; i < n; i++)
		if (((unsigned char)part->text.p[i] < ' ' &&
			part->text.p[i] != '\t') ||
		    part->text.p[i] == 0x7f) {
			*why = "has a control character; a line ends by "
			       "itself:";
			return false;
		}
	return true;
}

static bool
argument_next(struct slice name, struct slice argument, struct log_part *part,
    const char **why)
{
	const size_t count = sizeof(log_arguments) / sizeof(log_arguments[0]);

	for (size_t i = 0; i < count; i++) {
		if (!slice_eq(name, log_arguments[i].name))
			continue;
		part->kind = log_arguments[i].kind;
		part->text = argument;
		if (part->kind == LOG_PART_QUERY ? argument.n != 0
						 : http_is_token(argument))
			return true;
		*why = "lacks a proper name behind the colon, such as "
		       "{header:Host}, in";
		part->text = name;
		return false;
	}
	part->text = name;
	*why = "has the unknown name";
	return false;
}

static bool
name_next(struct slice name, struct log_part *part, const char **why)
{
	const char *colon = name.n != 0 ? memchr(name.p, ':', name.n) : NULL;
	size_t n;

	if (colon != NULL) {
		n = (size_t)(colon - name.p);
		return argument_next(
		    slice_make(name.p, n), slice_skip(name, n + 1), part, why);
	}
	part->kind = LOG_PART_FIELD;
	part->text = name;
	part->field = log_field_find(name);
	if (part->field != LOG_FIELD_COUNT)
		return true;
	*why = "has the unknown name";
	return false;
}

bool
log_template_next(struct slice *left, struct log_part *part, const char **why)
{
	const char *end;
	size_t n;

	*why = NULL;
	if (left->n == 0)
		return false;
	end = memchr(left->p, '}', left->n);
	if (left->p[0] != '{' || end == NULL ||
	    (left->n > 1 && left->p[1] == '{'))
		return literal_next(left, part, why);
	n = (size_t)(end - left->p);
	if (!name_next(slice_make(left->p + 1, n - 1), part, why))
		return false;
	*left = slice_skip(*left, n + 1);
	return true;
}
