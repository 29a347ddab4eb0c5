/*
 * conf_table.c - how to find a row, and what is said of it.
 */
#include "master/conf_table.h"

#include <string.h>

#include "common/base/must.h"

size_t
conf_row_prefix(const struct conf_row *row)
{
	const char *dot = strrchr(row->path, '.');

	return dot != NULL ? (size_t)(dot - row->path) : 0;
}

const char *
conf_row_key(const struct conf_row *row, const char *prefix)
{
	const char *at = row->path;

	if (*prefix != '\0') {
		while (*prefix != '\0')
			if (*at++ != *prefix++)
				return NULL;
		if (*at++ != '.')
			return NULL;
	}
	return strchr(at, '.') == NULL ? at : NULL;
}

const struct conf_row *
conf_row_find(const struct conf_block *b, const char *prefix, const char *key)
{
	for (size_t i = 0; i < b->count; i++) {
		const char *name = conf_row_key(&b->rows[i], prefix);

		if (name != NULL && strcmp(name, key) == 0)
			return &b->rows[i];
	}
	return NULL;
}

size_t
conf_row_index(const struct conf_block *b, const char *path)
{
	size_t i = 0;

	while (i < b->count && strcmp(b->rows[i].path, path) != 0)
		i++;
	MUST(i < b->count);
	return i;
}

uint32_t
conf_word_index(const struct conf_block *b, const char *path, const char *word)
{
	const char *p = b->rows[conf_row_index(b, path)].words;
	size_t n = strlen(word);
	uint32_t i = 0;

	while (strncmp(p, word, n) != 0 || (p[n] != ' ' && p[n] != '\0')) {
		p = strchr(p, ' ');
		MUST(p != NULL);
		p++;
		i++;
	}
	return i;
}

bool
conf_word_among(const char *list, const char *word)
{
	size_t n = strlen(word);

	while (list != NULL) {
		if (strncmp(list, word, n) == 0 &&
		    (list[n] == ' ' || list[n] == '\0'))
			return n != 0;
		list = strchr(list, ' ');
		list = list != NULL ? list + 1 : NULL;
	}
	return false;
}

bool
conf_row_applies(
    const struct conf_block *b, const struct conf_row *row, const void *thing)
{
	const struct conf_row *type;
	const char *word;

	if (row->only == NULL)
		return true;
	type = &b->rows[conf_row_index(b, b->kind != NULL ? b->kind : "type")];
	word = *(const char *const *)(const void *)((const char *)thing +
	    type->offset);
	return word != NULL && conf_word_among(row->only, word);
}

const char *
conf_type_name(enum conf_type type)
{
	static const char *const names[] = {
		[CONF_BOOL] = "boolean",
		[CONF_INT] = "integer",
		[CONF_DECIMAL] = "decimal",
		[CONF_SHARE] = "share",
		[CONF_STRING] = "string",
		[CONF_WORD] = "word",
		[CONF_SCALAR] = "value",
		[CONF_DURATION] = "duration",
		[CONF_SIZE] = "size",
		[CONF_RATE] = "rate",
		[CONF_NAMES] = "list of names",
		[CONF_GROUP] = "group",
		[CONF_LIST] = "list of groups",
		[CONF_NAMED] = "named groups",
	};

	return names[type];
}

uint32_t *
conf_origins(const struct conf_block *b, const void *thing)
{
	const char *at = (const char *)thing + b->origins_offset;

	return *(uint32_t *const *)(const void *)at;
}

bool
conf_given(const struct conf_block *b, const void *thing, const char *path)
{
	return conf_origins(b, thing)[conf_row_index(b, path)] != 0;
}

struct conf_place
conf_where(const struct conf *c, const struct conf_block *b, const void *thing,
    const char *path)
{
	uint32_t origin = conf_origins(b, thing)[conf_row_index(b, path)];

	if (origin != 0)
		return conf_place(c, origin);
	/* The whole has no place of its own. */
	if (b == &conf_block_top)
		return (struct conf_place){ .file = c->main_file };
	return *(const struct conf_place *)thing;
}
