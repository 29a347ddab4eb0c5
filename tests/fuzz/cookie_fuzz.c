/*
 * cookie_fuzz.c - any bytes as Cookie fields: what is found is a whole value
 * behind its name, and a cookie that was put in front is found.
 *
 * Input: lines, the name and then Cookie fields.
 */
#include <stdlib.h>

#include "common/base/must.h"
#include "tests/fuzz/lines.h"
#include "worker/flow/cookie.h"

#define LINES 5

static const struct field *
field_of(const struct head *h, struct slice value)
{
	for (uint32_t i = 0; i < h->count; i++) {
		const struct slice whole = h->fields[i].value;

		if (value.p > whole.p && value.p + value.n <= whole.p + whole.n)
			return &h->fields[i];
	}
	return NULL;
}

static void
check_found(const struct head *h, struct slice name, struct slice value)
{
	const struct field *f = field_of(h, value);
	const char *end = value.p + value.n, *start = value.p - 1 - name.n;
	const char *past;

	MUST(f != NULL && start >= f->value.p && value.p[-1] == '=');
	past = f->value.p + f->value.n;
	MUST(slice_eq(slice_make(start, name.n), name));
	while (start != f->value.p && (start[-1] == ' ' || start[-1] == '\t'))
		start--;
	MUST(start == f->value.p || start[-1] == ';');
	MUST(value.n == 0 || memchr(value.p, ';', value.n) == NULL);
	while (end != past && (*end == ' ' || *end == '\t'))
		end++;
	MUST(end == past || *end == ';');
}

/* Whether NAME= stands at the start of a pair of the field. */
static bool
plain_has(struct slice whole, struct slice name)
{
	bool starts = true;

	for (size_t i = 0; i < whole.n; i++) {
		struct slice left = slice_skip(whole, i);

		if (starts && slice_starts(left, name) && left.n > name.n &&
		    left.p[name.n] == '=')
			return true;
		starts = whole.p[i] == ';' ||
		    (starts && (whole.p[i] == ' ' || whole.p[i] == '\t'));
	}
	return false;
}

static void
check_lost(const struct head *h, struct slice name)
{
	for (uint32_t i = 0; i < h->count; i++)
		MUST(h->fields[i].id != FIELD_COOKIE ||
		    !plain_has(h->fields[i].value, name));
}

static bool
is_name(struct slice name)
{
	return name.n != 0 && slice_trim(name).n == name.n &&
	    memchr(name.p, ';', name.n) == NULL &&
	    memchr(name.p, '=', name.n) == NULL;
}

/* "NAME=v; " in front of everything. */
static void
check_put(struct head *h, struct slice name)
{
	struct slice value, text = { NULL, name.n + 4 };
	char *p;

	text.p = p = malloc(text.n);
	MUST(p != NULL);
	memcpy(p, name.p, name.n);
	memcpy(p + name.n, "=v; ", 4);
	h->fields[0].value = text;
	MUST(cookie_find(h, name, &value));
	MUST(slice_eq(value, SLICE_LIT("v")));
	free(p);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice lines[LINES], value;
	struct field fields[LINES + 1];
	struct head h = { .fields = fields };
	size_t n = lines_split(data, size, lines, LINES);

	MUST(!cookie_find(&h, lines[0], &value));
	head_add(&h, FIELD_COOKIE, SLICE_NONE);
	for (size_t i = 1; i < n; i++) {
		head_add(&h, FIELD_HOST, lines[i]);
		fields[h.count - 1].id = i % 2 != 0 ? FIELD_COOKIE : FIELD_HOST;
	}
	if (cookie_find(&h, lines[0], &value))
		check_found(&h, lines[0], value);
	else if (is_name(lines[0]))
		check_lost(&h, lines[0]);
	if (is_name(lines[0]))
		check_put(&h, lines[0]);
	return 0;
}
