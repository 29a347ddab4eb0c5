/*
 * line_url.c - what may be shown of urls: values of queries only where they
 * are listed, no passwords, no fragments.
 */
#include "common/http/uri_escape.h"
#include "tools/line_inside.h"

#define URL_NAME_MAX 256 /* bytes of a name that may be listed, encoded */

/* A name as it is meant (application/x-www-form-urlencoded). */
static struct slice
name_decode(struct slice name, char room[URL_NAME_MAX])
{
	size_t n = 0;

	if (name.n > URL_NAME_MAX)
		return name;
	while (name.n != 0) {
		char c = name.p[0] == '+' ? ' ' : name.p[0];
		int value = c == '%' ? uri_escape_value(name, 0) : -1;
		bool escaped = value >= 0;

		room[n++] = escaped ? (char)value : c;
		name = slice_skip(name, escaped ? 3 : 1);
	}
	return slice_make(room, n);
}

/* How long the part is that ends at one of two characters, or at the end. */
static size_t
part_length(struct slice s, char a, char b)
{
	size_t n = 0;

	while (n < s.n && s.p[n] != a && s.p[n] != b)
		n++;
	return n;
}

/* Names of a query are shown: where some value is, and where it is a part of
 * the format. */
static bool
query_shown(const struct line_format *f)
{
	switch (f->format) {
	case IMG_LOG_COMBINED:
	case IMG_LOG_COMMON:
	case IMG_LOG_TEMPLATE:
		return true;
	case IMG_LOG_JSON:
	case IMG_LOG_DEV:
		break;
	}
	return !names_empty(&f->query);
}

/* To some servers "user[token]", "token[]" and " token" are all a token. */
static bool
plain_hidden(const struct line_format *f, struct slice plain)
{
	while (plain.n != 0) {
		size_t n = part_length(plain, '[', ']');
		struct slice part = slice_trim(slice_make(plain.p, n));

		if (part.n != 0 && names_hide(&f->masks.query, part))
			return true;
		plain = slice_skip(plain, n < plain.n ? n + 1 : n);
	}
	return f->masks.query.all;
}

/* Never shown, whatever lists say. */
static bool
name_hidden(const struct line_format *f, struct slice name)
{
	char room[URL_NAME_MAX];

	return !names_empty(&f->masks.query) &&
	    plain_hidden(f, name_decode(name, room));
}

/* The value of this name is shown: not if it is too long to be looked at. */
static bool
name_shown(const struct line_format *f, struct slice name)
{
	char room[URL_NAME_MAX];

	if (name.n > URL_NAME_MAX && !names_empty(&f->masks.query))
		return false;
	return names_have(&f->query, name_decode(name, room)) &&
	    !name_hidden(f, name);
}

/* "name=value", or a word alone, which may be either. */
static void
pair_write(const struct line_format *f, struct slice pair, struct text *out)
{
	const char *eq = pair.n != 0 ? memchr(pair.p, '=', pair.n) : NULL;
	size_t n = eq != NULL ? (size_t)(eq - pair.p) : pair.n;

	if (pair.n == 0 || n + 1 == pair.n ||
	    name_shown(f, slice_make(pair.p, n))) {
		text_add(out, pair);
		return;
	}
	if (eq != NULL)
		text_add(out, slice_make(pair.p, n + 1));
	text_add(out, LINE_HIDDEN);
}

/* ";" separates, too: there are servers that read it so. */
static void
query_write(const struct line_format *f, struct slice query, struct text *out)
{
	while (query.n != 0) {
		size_t n = part_length(query, '&', ';');

		pair_write(f, slice_make(query.p, n), out);
		query = slice_skip(query, n);
		if (query.n != 0) {
			text_add(out, slice_make(query.p, 1));
			query = slice_skip(query, 1);
		}
	}
}

/* Parameters of its segments, ";sid=1", are hidden by mask.query. */
static void
path_write(const struct line_format *f, struct slice path, struct text *out)
{
	while (path.n != 0) {
		size_t n = part_length(slice_skip(path, 1), ';', '/') + 1;
		struct slice part = slice_make(path.p, n);
		const char *eq = memchr(part.p, '=', n);
		struct slice name = slice_make(part.p + 1,
		    eq != NULL && eq != part.p ? (size_t)(eq - part.p) - 1 : 0);

		path = slice_skip(path, n);
		if (part.p[0] == ';' && eq != NULL && name_hidden(f, name)) {
			text_add(out, slice_make(part.p, name.n + 2));
			text_add(out, LINE_HIDDEN);
		} else {
			text_add(out, part);
		}
	}
}

/* A url that stands somewhere in a field: "https://joe:pw@host/a?b=c#d". */
static void
url_write(const struct line_format *f, struct slice url, struct text *out)
{
	size_t n = part_length(url, '?', '#');
	struct slice path = slice_make(url.p, n), query = slice_skip(url, n);
	const char *host = n != 0 ? memmem(path.p, n, "//", 2) : NULL, *at;

	if (host != NULL) {
		host += 2;
		n = part_length(
		    slice_skip(path, (size_t)(host - path.p)), '/', '/');
		at = memrchr(host, '@', n);
		text_add(out, slice_make(path.p, (size_t)(host - path.p)));
		if (at != NULL)
			text_add(out, LINE_HIDDEN);
		path = slice_skip(
		    path, (size_t)((at != NULL ? at : host) - path.p));
	}
	path_write(f, path, out);
	if (query.n == 0 || query.p[0] != '?' || !query_shown(f))
		return;
	query.n = part_length(query, '#', '#');
	text_add(out, SLICE_LIT("?"));
	query_write(f, slice_skip(query, 1), out);
}

struct slice
line_path(struct line *l)
{
	struct slice path = line_text(l, RECORD_PATH);

	if (path.n == 0 || names_empty(&l->f->masks.query) ||
	    memchr(path.p, ';', path.n) == NULL)
		return path;
	text_clear(&l->f->shown);
	path_write(l->f, path, &l->f->shown);
	return text_slice(&l->f->shown);
}

struct slice
line_query(struct line *l)
{
	struct slice query = record_text(l->v, RECORD_QUERY);

	if (query.n == 0 || !query_shown(l->f))
		return SLICE_NONE;
	text_clear(&l->f->shown);
	query_write(l->f, line_text(l, RECORD_QUERY), &l->f->shown);
	return text_slice(&l->f->shown);
}

struct slice
line_query_value(struct line *l, struct slice name)
{
	const struct line_masks *m = &l->f->masks;
	struct slice query = record_text(l->v, RECORD_QUERY);

	while (query.n != 0) {
		size_t n = part_length(query, '&', ';'),
		       eq = part_length(query, '=', '=');
		char room[URL_NAME_MAX];

		if (eq < n &&
		    slice_eq(
			name, name_decode(slice_make(query.p, eq), room))) {
			if (plain_hidden(l->f, name))
				return LINE_HIDDEN;
			return mask_text(m->room, m->text,
			    slice_make(query.p + eq + 1, n - eq - 1));
		}
		query = slice_skip(query, n < query.n ? n + 1 : n);
	}
	return SLICE_NONE;
}

struct slice
line_url(struct line *l, struct slice url)
{
	text_clear(&l->f->shown);
	if (url.n != 0)
		url_write(l->f, url, &l->f->shown);
	return text_slice(&l->f->shown);
}
