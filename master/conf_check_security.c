/*
 * conf_check_security.c - what security_headers mean: a browser says nothing
 * of a value that it does not understand, so words are looked at here; and
 * what a route has when the preset and the top level are counted in.
 */
#include <string.h>

#include "common/base/must.h"
#include "common/http/http.h"
#include "master/conf_check.h"
#include "master/conf_table.h"

/* Of the many that the project lists: those that are met. */
static const char *const owasp_remove[] = { "Server", "X-Powered-By",
	"X-AspNet-Version", "X-AspNetMvc-Version", "X-Generator",
	"X-Powered-CMS", "X-Redirect-By", "X-Server-Powered-By" };

static const struct security_row {
	const char *key, *path;
	size_t offset;
	const char *preset, *words;
} rows[] = {
#define SECURITY(member, field, preset_, words_, help) \
	{ #member, "security_headers." #member,        \
		offsetof(struct conf_security, member), preset_, words_ },
#include "master/security_headers.def"
};

#define ROWS (sizeof(rows) / sizeof(rows[0]))

/* One security_headers group, of the file or of a route. */
struct group {
	struct conf *c;
	const struct conf_block *block;
	void *thing;
	struct conf_security *s;
};

static const char **
value_at(struct conf_security *s, const struct security_row *row)
{
	return (const char **)(void *)((char *)s + row->offset);
}

/* ---- values ---- */

static bool
words_have(const char *words, struct slice word)
{
	for (const char *p = words; *p != '\0'; p += *p == ' ') {
		size_t n = strcspn(p, " ");

		if (slice_eq_nocase(slice_make(p, n), word))
			return true;
		p += n;
	}
	return false;
}

/* Cross-origin policies may say, behind ";", where to report. */
static struct slice
word_of(const struct security_row *row, struct slice s)
{
	const char *semicolon = memchr(s.p, ';', s.n);

	if (semicolon != NULL && strncmp(row->key, "cross_", 6) == 0)
		s.n = (size_t)(semicolon - s.p);
	return slice_trim(s);
}

/* Of a list of referrer policies a browser takes the last one it knows. */
static bool
words_known(const struct security_row *row, const char *value)
{
	bool list = strcmp(row->key, "referrer_policy") == 0;
	const char *p = value;

	for (;;) {
		size_t n = list ? strcspn(p, ",") : strlen(p);

		if (!words_have(row->words, word_of(row, slice_make(p, n))))
			return false;
		if (p[n] == '\0')
			return true;
		p += n + 1;
	}
}

/* RFC 6797 6.1.1: without a max-age the field says nothing. */
static bool
has_max_age(const char *value)
{
	const char *at = strcasestr(value, "max-age=");

	if (at == NULL)
		return false;
	at += strlen("max-age=");
	at += *at == '"';
	return *at >= '0' && *at <= '9';
}

static bool
is_field_value(const char *value)
{
	size_t n = strlen(value);

	for (size_t i = 0; i < n; i++)
		if (value[i] < ' ' || value[i] > '~')
			return false;
	return n == 0 || (value[0] != ' ' && value[n - 1] != ' ');
}

static void
check_value(const struct group *g, const struct security_row *row,
    const char *value, struct diag *d)
{
	struct conf_place at = conf_where(g->c, g->block, g->thing, row->path);

	if (!is_field_value(value))
		diag_error(d, at.file, at.line,
		    "%s: \"%s\" has a space at an end or a character outside "
		    "ASCII",
		    row->path, value);
	else if (row->words != NULL && !words_known(row, value))
		diag_error(d, at.file, at.line,
		    "%s: browsers know no \"%s\" (they know: %s)", row->path,
		    value, row->words);
	else if (strcmp(row->key, "hsts") == 0 && !has_max_age(value))
		diag_error(d, at.file, at.line,
		    "%s: \"%s\" has no max-age, such as \"max-age=31536000\"",
		    row->path, value);
}

static void
check_remove(const struct conf_strings *s, struct diag *d)
{
	for (size_t i = 0; i < s->count; i++) {
		struct slice name = slice_str(s->items[i]);
		const char *fault = http_is_token(name)
		    ? conf_field_fault(name)
		    : "is not the name of a header field";

		if (fault != NULL)
			diag_error(d, s->places[i].file, s->places[i].line,
			    "security_headers.remove: \"%s\" %s", s->items[i],
			    fault);
	}
	conf_check_twice(s, "security_headers.remove", d);
}

static void
check_group(const struct group *g, struct diag *d)
{
	for (size_t i = 0; i < ROWS; i++) {
		const char *value = *value_at(g->s, &rows[i]);

		if (value != NULL && value[0] != '\0')
			check_value(g, &rows[i], value, d);
	}
	check_remove(&g->s->remove, d);
}

/* ---- what is in force ---- */

static void
take(const struct group *g, const char *path, uint32_t origin)
{
	conf_origins(g->block, g->thing)[conf_row_index(g->block, path)] =
	    origin;
}

static uint32_t
origin_of(const struct group *g, const char *path)
{
	return conf_origins(g->block, g->thing)[conf_row_index(g->block, path)];
}

static struct conf_strings
owasp_removes(struct conf *c, struct conf_place at)
{
	size_t n = sizeof(owasp_remove) / sizeof(owasp_remove[0]);
	struct conf_strings s = { .count = n };

	s.items = arena_alloc(&c->arena, n * sizeof(*s.items));
	s.places = arena_alloc(&c->arena, n * sizeof(*s.places));
	MUST(s.items != NULL && s.places != NULL);
	for (size_t i = 0; i < n; i++) {
		s.items[i] = owasp_remove[i];
		s.places[i] = at;
	}
	return s;
}

/* What is not given is the preset's; its origin is that of the preset. */
static void
fill_preset(const struct group *g)
{
	uint32_t origin = origin_of(g, "security_headers.preset");

	for (size_t i = 0; i < ROWS; i++) {
		if (*value_at(g->s, &rows[i]) != NULL || rows[i].preset == NULL)
			continue;
		*value_at(g->s, &rows[i]) = rows[i].preset;
		take(g, rows[i].path, origin);
	}
	if (g->s->remove.items != NULL)
		return;
	g->s->remove = owasp_removes(g->c, conf_place(g->c, origin));
	take(g, "security_headers.remove", origin);
}

static void
fill_outer(const struct group *g, const struct group *outer)
{
	for (size_t i = 0; i < ROWS; i++) {
		if (*value_at(g->s, &rows[i]) != NULL)
			continue;
		*value_at(g->s, &rows[i]) = *value_at(outer->s, &rows[i]);
		take(g, rows[i].path, origin_of(outer, rows[i].path));
	}
	if (g->s->remove.items != NULL)
		return;
	g->s->remove = outer->s->remove;
	take(g, "security_headers.remove",
	    origin_of(outer, "security_headers.remove"));
}

static void
resolve(const struct group *g, const struct group *outer)
{
	if (g->s->preset == NULL) {
		if (outer != NULL)
			fill_outer(g, outer);
	} else if (strcmp(g->s->preset, "owasp") == 0) {
		fill_preset(g);
	}
}

void
conf_check_security(struct conf *c, struct diag *d)
{
	const struct group top = { c, &conf_block_top, c, &c->security };

	check_group(&top, d);
	resolve(&top, NULL);
	for (size_t i = 0; i < c->route_count; i++) {
		struct conf_route *r = &c->routes[i];
		struct group g = { c, &conf_block_route, r, &r->security };

		r->has_security =
		    conf_given(&conf_block_route, r, "security_headers");
		if (!r->has_security)
			continue;
		check_group(&g, d);
		resolve(&g, &top);
	}
}
