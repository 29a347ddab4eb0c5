/*
 * head.c - finding fields in a head, and keeping a head beyond its event.
 */
#include "common/http/head.h"

#define HEAD_SPARE 8u /* fields, so that it is not moved again soon */

const struct field *
head_find(const struct head *h, enum field_id id)
{
	if (!head_has(h, id))
		return NULL;
	for (uint32_t i = 0; i < h->count; i++)
		if (h->fields[i].id == id)
			return &h->fields[i];
	return NULL;
}

const struct field *
head_find_name(const struct head *h, struct slice name)
{
	enum field_id id = http_field_find(name);

	if (id != FIELD_OTHER)
		return head_find(h, id);
	for (uint32_t i = 0; i < h->count; i++)
		if (h->fields[i].id == FIELD_OTHER &&
		    slice_eq_nocase(h->fields[i].name, name))
			return &h->fields[i];
	return NULL;
}

bool
head_reserve(struct head *h, uint32_t more, struct arena *a)
{
	uint32_t room = h->count + more + HEAD_SPARE;
	struct field *fields;

	if (h->count + more <= h->room)
		return true;
	fields = arena_alloc(a, room * sizeof(*fields));
	if (fields == NULL)
		return false;
	if (h->count != 0)
		memcpy(fields, h->fields, h->count * sizeof(*fields));
	h->fields = fields;
	h->room = room;
	return true;
}

/* Moves s to *at, which advances behind it. */
static struct slice
text_put(char **at, struct slice s)
{
	char *p = *at;

	if (s.n == 0)
		return SLICE_LIT("");
	memcpy(p, s.p, s.n);
	*at = p + s.n;
	return slice_make(p, s.n);
}

static size_t
text_bytes(const struct head *h)
{
	size_t n = h->method_text.n + h->target.n + h->host.n + h->reason.n +
	    h->upgrade.n;

	for (uint32_t i = 0; i < h->count; i++)
		n += h->fields[i].name.n + h->fields[i].value.n;
	return n;
}

bool
head_copy(
    struct head *to, const struct head *from, struct arena *a, uint32_t spare)
{
	size_t room = ((size_t)from->count + spare) * sizeof(struct field);
	struct field *fields = arena_alloc(a, room);
	char *text = arena_alloc(a, text_bytes(from));

	if (fields == NULL || text == NULL)
		return false;
	*to = *from;
	to->fields = fields;
	to->room = from->count + spare;
	to->method_text = text_put(&text, from->method_text);
	to->target = text_put(&text, from->target);
	to->host = text_put(&text, from->host);
	to->reason = text_put(&text, from->reason);
	to->upgrade = text_put(&text, from->upgrade);
	for (uint32_t i = 0; i < from->count; i++) {
		fields[i].name = text_put(&text, from->fields[i].name);
		fields[i].value = text_put(&text, from->fields[i].value);
		fields[i].id = from->fields[i].id;
	}
	return true;
}

bool
head_lists(const struct head *h, enum field_id id, struct slice name)
{
	if (!head_has(h, id))
		return false;
	for (uint32_t i = 0; i < h->count; i++) {
		struct slice element;
		size_t at = 0;

		if (h->fields[i].id != id)
			continue;
		while (head_list_next(h->fields[i].value, &at, &element))
			if (slice_eq_nocase(element, name))
				return true;
	}
	return false;
}

bool
head_list_next(struct slice value, size_t *at, struct slice *element)
{
	while (*at < value.n) {
		const char *p = value.p + *at;
		const char *comma = memchr(p, ',', value.n - *at);
		size_t n = comma != NULL ? (size_t)(comma - p) : value.n - *at;

		*at += n + (comma != NULL ? 1 : 0);
		*element = slice_trim(slice_make(p, n));
		if (element->n != 0)
			return true;
	}
	return false;
}
