/*
 * conf_read.c - walks what libconfig has parsed, setting by setting, and finds
 * the row of each.
 */
#include "master/conf_read.h"

#include <glob.h>
#include <libconfig.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/map.h"
#include "common/base/must.h"
#include "master/conf_field.h"
#include "master/conf_suggest.h"
#include "master/conf_table.h"
#include "master/conf_text.h"
#include "master/conf_value.h"

static void read_group(const struct conf_input *in, const struct conf_block *b,
    void *thing, const char *prefix, const config_setting_t *group);

static const char *
article(const struct conf_block *b)
{
	return strchr("aeiou", b->noun[0]) != NULL ? "an" : "a";
}

static void
unknown_key(const struct conf_input *in, const struct conf_block *b,
    const char *prefix, const config_setting_t *s)
{
	struct conf_place at = conf_input_place(in, s);
	const char *name = config_setting_name(s);
	struct conf_suggest near;
	char buf[96], where[96] = "";

	conf_suggest_init(&near, name);
	for (size_t i = 0; i < b->count; i++) {
		const char *key = conf_row_key(&b->rows[i], prefix);

		if (key != NULL)
			conf_suggest_offer(&near, key);
	}
	if (*prefix != '\0')
		(void)snprintf(where, sizeof(where), " in \"%s\"", prefix);
	else if (b != &conf_block_top)
		(void)snprintf(
		    where, sizeof(where), " in %s %s", article(b), b->noun);
	diag_error(in->d, at.file, at.line, "unknown key \"%s\"%s%s", name,
	    where, conf_suggest_text(&near, buf, sizeof(buf)));
}

/* A power of two: what a list of n elements has room for. */
static size_t
list_room(size_t n)
{
	size_t room = n != 0 ? 1 : 0;

	while (room < n)
		room *= 2;
	return room;
}

/* Makes room for n more elements behind those of earlier files. */
static void
list_grow(struct conf *c, const struct conf_row *row, void *thing, size_t n)
{
	void **items = (void **)(void *)((char *)thing + row->offset);
	size_t *count = (size_t *)(void *)((char *)thing + row->count_offset);
	size_t room = list_room(*count + n);
	void *grown;

	if (room == list_room(*count))
		return;
	grown = arena_alloc(&c->arena, room * row->block->size);
	MUST(grown != NULL);
	if (*count != 0)
		memcpy(grown, *items, *count * row->block->size);
	*items = grown;
}

static void
origins_init(struct conf *c, const struct conf_block *b, void *thing)
{
	char *at = (char *)thing + b->origins_offset;
	uint32_t *origins;

	origins = arena_zalloc(&c->arena, b->count * sizeof(*origins));
	MUST(origins != NULL);
	*(uint32_t **)(void *)at = origins;
	for (size_t i = 0; i < b->count; i++)
		conf_field_default(c, &b->rows[i], thing);
}

/* The next element of a list that has room; all defaults. */
static void *
list_add(const struct conf_input *in, const struct conf_row *row, void *thing,
    const config_setting_t *s)
{
	char *items = *(void **)(void *)((char *)thing + row->offset);
	size_t *count = (size_t *)(void *)((char *)thing + row->count_offset);
	void *element = items + *count * row->block->size;

	memset(element, 0, row->block->size);
	*(struct conf_place *)element = conf_input_place(in, s);
	origins_init(in->c, row->block, element);
	(*count)++;
	return element;
}

/* The name that a named group bears is the value of its row "name". */
static void
element_name(const struct conf_input *in, const struct conf_block *b,
    void *element, const config_setting_t *s)
{
	size_t i = conf_row_index(b, "name");
	char *at = (char *)element + b->rows[i].offset;

	conf_origins(b, element)[i] = conf_input_origin(in, s);
	*(const char **)(void *)at =
	    conf_strdup(in->c, slice_str(config_setting_name(s)));
}

/* "viewer = [ ... ]": the array is the value of the row `bare`. */
static void
read_bare(const struct conf_input *in, const struct conf_block *b,
    void *element, const config_setting_t *s)
{
	size_t i = conf_row_index(b, b->bare);

	conf_origins(b, element)[i] = conf_input_origin(in, s);
	(void)conf_value_read(in, &b->rows[i], element, s);
}

static void
read_element(const struct conf_input *in, const struct conf_row *row,
    void *thing, const config_setting_t *s)
{
	struct conf_place at = conf_input_place(in, s);
	const struct conf_block *b = row->block;
	bool bare = b->bare != NULL && config_setting_name(s) != NULL &&
	    !config_setting_is_group(s);
	void *element;

	if (!bare && !config_setting_is_group(s)) {
		diag_error(in->d, at.file, at.line,
		    "%s: expected a group for each %s, got %s", row->path,
		    b->noun, conf_setting_kind(s));
		*in->broken = true;
		return;
	}
	element = list_add(in, row, thing, s);
	if (config_setting_name(s) != NULL)
		element_name(in, b, element, s);
	if (bare)
		read_bare(in, b, element, s);
	else
		read_group(in, b, element, "", s);
	if (b->name_required && !conf_given(b, element, "name"))
		diag_error(in->d, at.file, at.line,
		    "%s %s in a list needs a name", article(b), b->noun);
}

static void
read_list(const struct conf_input *in, const struct conf_row *row, void *thing,
    const config_setting_t *s)
{
	bool named = row->type == CONF_NAMED && config_setting_is_group(s);
	bool empty =
	    config_setting_is_array(s) && config_setting_length(s) == 0;
	struct conf_place at = conf_input_place(in, s);
	unsigned n;

	if (!named && !empty && !config_setting_is_list(s)) {
		diag_error(in->d, at.file, at.line, "%s: expected %s, got %s",
		    row->path,
		    row->type == CONF_NAMED
			? "a group of named groups or a list of groups"
			: "a list of groups",
		    conf_setting_kind(s));
		*in->broken = true;
		return;
	}
	n = (unsigned)config_setting_length(s);
	list_grow(in->c, row, thing, n);
	for (unsigned i = 0; i < n; i++)
		read_element(in, row, thing, config_setting_get_elem(s, i));
}

/* True when the value may be taken: not given before, in this place. */
static bool
value_allowed(const struct conf_input *in, const struct conf_row *row,
    uint32_t given, const config_setting_t *s)
{
	struct conf_place at = conf_input_place(in, s);
	struct conf_place first = conf_place(in->c, given);

	if (given != 0) {
		diag_error(in->d, at.file, at.line,
		    "%s: given already at %s:%d", row->path, first.file,
		    first.line);
		return false;
	}
	if ((row->flags & CONF_INPUT) != 0 && !in->main) {
		diag_error(in->d, at.file, at.line,
		    "%s: only the main file may have it", row->path);
		return false;
	}
	return true;
}

static void
read_setting(const struct conf_input *in, const struct conf_block *b,
    void *thing, const char *prefix, const config_setting_t *s)
{
	const struct conf_row *row =
	    conf_row_find(b, prefix, config_setting_name(s));
	uint32_t *origin, given;

	if (row == NULL) {
		unknown_key(in, b, prefix, s);
		return;
	}
	origin = &conf_origins(b, thing)[row - b->rows];
	given = *origin;
	if (given == 0)
		*origin = conf_input_origin(in, s);
	if (row->type == CONF_LIST || row->type == CONF_NAMED)
		read_list(in, row, thing, s);
	else if (row->type == CONF_GROUP && config_setting_is_group(s))
		read_group(in, b, thing, row->path, s);
	else if (value_allowed(in, row, given, s))
		(void)conf_value_read(in, row, thing, s);
}

static void
read_group(const struct conf_input *in, const struct conf_block *b, void *thing,
    const char *prefix, const config_setting_t *group)
{
	unsigned n = (unsigned)config_setting_length(group);

	for (unsigned i = 0; i < n; i++)
		read_setting(
		    in, b, thing, prefix, config_setting_get_elem(group, i));
}

static void
syntax_error(const struct conf_input *in, const config_t *config)
{
	const struct conf_place *open = &in->text->scan.first_long;
	uint32_t origin = in->text->base + (uint32_t)config_error_line(config);
	const char *text = config_error_text(config);
	struct conf_place at;

	if (origin > in->c->line_count)
		origin = in->c->line_count;
	at = conf_place(in->c, origin);
	if (text == NULL)
		text = "syntax error";
	if (open->file != NULL && strcmp(open->file, at.file) == 0 &&
	    open->line <= at.line)
		diag_error(in->d, at.file, at.line,
		    "%s (the string that begins on line %d goes over several "
		    "lines: is its quote missing?)",
		    text, open->line);
	else
		diag_error(in->d, at.file, at.line, "%s", text);
}

/* Parses a text and reads it. False as conf_read. */
static bool
read_parsed(const struct conf_input *in)
{
	config_t config;
	bool ok;

	/* A refused literal may be a syntax error too, or have any value. */
	if (in->text->scan.refused)
		return false;
	config_init(&config);
	ok = config_read_string(&config, in->text->text.p) == CONFIG_TRUE;
	if (ok)
		read_group(in, &conf_block_top, in->c, "",
		    config_root_setting(&config));
	else
		syntax_error(in, &config);
	config_destroy(&config);
	return ok;
}

static bool
read_file(struct conf *c, const char *path, const char *folder, bool main,
    struct diag *d)
{
	struct conf_text text;
	bool broken = false, ok;
	struct conf_input in = { c, d, &text, main, &broken };

	ok = conf_text_read(&text, c, path, folder, d) && read_parsed(&in);
	conf_text_fini(&text);
	return ok && !broken;
}

/* True when `path` was not read before. */
static bool
first_time(struct map *seen, const char *path)
{
	char *real = realpath(path, NULL);
	bool added = true;

	if (real != NULL)
		(void)map_put(seen, slice_str(real), &added);
	free(real);
	return added;
}

/* Item i of `include`: each file once, in sorted order. */
static bool
read_pattern(struct conf *c, size_t i, const char *folder, struct map *seen,
    struct diag *d)
{
	const char *item = c->include.items[i];
	struct conf_place at = c->include.places[i];
	glob_t found = { 0 };
	bool ok = true;

	if (glob(conf_text_join(c, folder, item), 0, NULL, &found) != 0 &&
	    strpbrk(item, "*?[") == NULL) {
		diag_error(d, at.file, at.line,
		    "include: there is no file \"%s\"", item);
		ok = false;
	}
	for (size_t k = 0; k < found.gl_pathc; k++)
		if (first_time(seen, found.gl_pathv[k]))
			ok &= read_file(c, found.gl_pathv[k], folder, false, d);
	globfree(&found);
	return ok;
}

/* The folder that a file stands in, in the arena. */
static const char *
folder_of(struct conf *c, const char *path)
{
	const char *slash = strrchr(path, '/');

	if (slash == NULL)
		return ".";
	return conf_strdup(
	    c, slice_make(path, slash != path ? (size_t)(slash - path) : 1));
}

bool
conf_read(struct conf *c, const char *path, struct diag *d)
{
	const char *folder = folder_of(c, path);
	struct map seen;
	bool ok;

	c->main_file = conf_strdup(c, slice_str(path));
	origins_init(c, &conf_block_top, c);
	map_init(&seen);
	(void)first_time(&seen, path);
	ok = read_file(c, path, folder, true, d);
	for (size_t i = 0; i < c->include.count; i++)
		ok &= read_pattern(c, i, folder, &seen, d);
	map_fini(&seen);
	return ok;
}

bool
conf_read_text(
    struct conf *c, const char *name, struct slice content, struct diag *d)
{
	struct conf_text text;
	bool broken = false, ok;
	struct conf_input in = { c, d, &text, true, &broken };

	c->main_file = conf_strdup(c, slice_str(name));
	origins_init(c, &conf_block_top, c);
	ok = conf_text_take(&text, c, name, content, d) && read_parsed(&in);
	conf_text_fini(&text);
	if (c->include.count != 0)
		diag_error(d, c->include.places[0].file,
		    c->include.places[0].line,
		    "include: nothing can be included here");
	return ok && !broken && c->include.count == 0;
}
