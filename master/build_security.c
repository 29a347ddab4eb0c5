/*
 * build_security.c - the header fields that answers get and lose.
 */
#include <stdlib.h>
#include <string.h>

#include "common/base/must.h"
#include "common/http/http.h"
#include "master/build_cors.h"

static const struct {
	size_t offset;
	const char *field;
} rows[] = {
#define SECURITY(member, field_, preset, words, help) \
	{ .offset = offsetof(struct conf_security, member), .field = (field_) },
#include "master/security_headers.def"
};

#define ROWS (sizeof(rows) / sizeof(rows[0]))

/* The value, or NULL where it is not set. */
static const char *
value_of(const struct conf_security *s, size_t row)
{
	const char *at = (const char *)s + rows[row].offset;
	const char *value = *(const char *const *)(const void *)at;

	return value != NULL && value[0] != '\0' ? value : NULL;
}

static bool
does_nothing(const struct conf_security *s)
{
	for (size_t i = 0; i < ROWS; i++)
		if (value_of(s, i) != NULL)
			return false;
	return s->remove.count == 0;
}

/*
 * A policy for contents belongs to a page: the endpoint knows which scripts it
 * has. HSTS is never for plain connections.
 */
static uint32_t
flags_of(const char *field)
{
	if (strcmp(field, "Strict-Transport-Security") == 0)
		return SECURITY_TLS_ONLY;
	return strncmp(field, "Content-Security-Policy", 23) == 0
	    ? SECURITY_KEEP
	    : 0;
}

static void
set_build(
    struct image *im, const struct conf_security *s, struct img_security *out)
{
	struct img_security_field fields[ROWS];
	size_t count = 0;

	_Static_assert(ROWS <= 64, "a bit for each in the worker");
	for (size_t i = 0; i < ROWS; i++) {
		struct slice name = slice_str(rows[i].field);
		const char *value = value_of(s, i);

		if (value == NULL)
			continue;
		MUST(http_field_find(name) == FIELD_OTHER);
		out->lengths |= UINT64_C(1) << name.n % 64;
		fields[count++] = (struct img_security_field){
			.flags = flags_of(rows[i].field),
			.name = image_text(im, name),
			.value = image_text(im, slice_str(value)),
		};
	}
	out->set = image_span(im, fields, count, sizeof(*fields));
}

static void
remove_build(
    struct image *im, const struct conf_strings *s, struct img_security *out)
{
	struct img_str *others = calloc(s->count + 1, sizeof(*others));
	size_t count = 0;

	MUST(others != NULL);
	for (size_t i = 0; i < s->count; i++) {
		struct slice name = slice_str(s->items[i]);
		enum field_id id = http_field_find(name);

		if (id != FIELD_OTHER) {
			out->remove_ids |= UINT64_C(1) << id;
			continue;
		}
		out->lengths |= UINT64_C(1) << name.n % 64;
		others[count++] = image_text(im, name);
	}
	out->remove = image_span(im, others, count, sizeof(*others));
	free(others);
}

static struct img_security
security_build(struct image *im, const struct conf_security *s)
{
	struct img_security out = { 0 };

	set_build(im, s, &out);
	remove_build(im, &s->remove, &out);
	return out;
}

void
build_security(struct image *im, const struct conf *c)
{
	struct img_security *all = calloc(c->route_count + 1, sizeof(*all));
	struct img_span span;
	size_t count = 0;

	MUST(all != NULL);
	if (!does_nothing(&c->security))
		all[count++] = security_build(im, &c->security);
	for (size_t i = 0; i < c->route_count; i++)
		if (c->routes[i].has_security &&
		    !does_nothing(&c->routes[i].security))
			all[count++] =
			    security_build(im, &c->routes[i].security);
	span = image_span(im, all, count, sizeof(*all));
	image_head(im)->security = span;
	image_head(im)->security_own =
	    does_nothing(&c->security) ? IMG_NONE : 0;
	free(all);
}

uint32_t
build_security_first(const struct conf *c)
{
	return does_nothing(&c->security) ? 0 : 1;
}

uint32_t
build_security_index(
    const struct conf *c, const struct conf_route *r, uint32_t *next)
{
	if (!r->has_security)
		return does_nothing(&c->security) ? IMG_NONE : 0;
	return does_nothing(&r->security) ? IMG_NONE : (*next)++;
}
