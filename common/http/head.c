/*
 * head.c - finding fields in a head, and keeping a head beyond its event.
 */
#include "common/http/head.h"

#include "common/base/must.h"

#define HEAD_SPARE 8u /* fields, so that it is not moved again soon */

const struct field *
head_get(const struct head *h, enum field_id id)
{
	const struct field *f = head_seek(h, id);

	MUST(f != NULL);
	return f;
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

/* Where a text has gone: from [from, from + n) to `to`. */
struct move {
	uintptr_t from;
	size_t n;
	const char *to;
	struct arena *arena; /* for what was not in it */
};

static inline bool
is_static(const char *p)
{
	return (uintptr_t)p - (uintptr_t)http_fields < sizeof(http_fields);
}

static struct slice
move_other(const struct move *m, struct slice s)
{
	if (s.n == 0)
		return SLICE_LIT("");
	return is_static(s.p) ? s : arena_copy(m->arena, s);
}

static inline struct slice
move_slice(const struct move *m, struct slice s)
{
	size_t at = (uintptr_t)s.p - m->from;

	if (at >= m->n || s.n > m->n - at)
		return move_other(m, s);
	return slice_make(m->to + at, s.n);
}

bool
head_copy(
    struct head *to, const struct head *from, struct arena *a, uint32_t spare)
{
	size_t room = ((size_t)from->count + spare) * sizeof(struct field);
	struct field *fields = arena_alloc(a, room);
	struct slice whole = arena_copy(a, from->whole);
	struct move m = { (uintptr_t)from->whole.p, whole.n, whole.p, a };
	const struct field *f = from->fields, *end = f + from->count;

	*to = *from;
	to->fields = fields;
	to->room = from->count + spare;
	to->whole = whole;
	if (arena_failed(a))
		return false;
	to->method_text = move_slice(&m, from->method_text);
	to->target = move_slice(&m, from->target);
	to->host = move_slice(&m, from->host);
	if (from->reason.n != 0)
		to->reason = move_slice(&m, from->reason);
	if (from->upgrade.n != 0)
		to->upgrade = move_slice(&m, from->upgrade);
	for (; f != end; f++, fields++) {
		fields->name = move_slice(&m, f->name);
		fields->value = move_slice(&m, f->value);
		fields->id = f->id;
	}
	return !arena_failed(a);
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
