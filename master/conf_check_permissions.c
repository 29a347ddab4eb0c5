/*
 * conf_check_permissions.c - permissions: those that are listed, those that
 * roles and holders have, and those that routes demand.
 */
#include <string.h>

#include "master/conf_check.h"
#include "master/conf_check_access.h"
#include "master/conf_suggest.h"
#include "master/conf_value.h"
#include "shm/permission.h"

#define SUGGESTIONS_MAX 100

/* Words separated by ":"; "*" is a whole word, where it may be one at all. */
static const char *
permission_fault(const char *permission, bool pattern)
{
	const char *word = permission;

	for (const char *p = permission;; p++) {
		bool end = *p == ':' || *p == '\0';

		if (end && p == word)
			return "has an empty word";
		if (*p == ',' || *p == ' ' || (signed char)*p < 0)
			return "has a comma, a space or a character outside "
			       "ASCII";
		if (*p == '*' && !pattern)
			return "has a \"*\", which only what is granted may "
			       "have";
		if (*p == '*' && (p != word || (p[1] != ':' && p[1] != '\0')))
			return "has a \"*\" that is not a whole word";
		if (*p == '\0')
			return NULL;
		if (end)
			word = p + 1;
	}
}

static bool
permission_good(struct access_check *ac, const struct conf_strings *names,
    size_t i, const char *what, bool pattern)
{
	const char *fault = permission_fault(names->items[i], pattern);

	if (fault != NULL)
		diag_error(ac->d, names->places[i].file, names->places[i].line,
		    "%s: \"%s\" %s", what, names->items[i], fault);
	return fault == NULL;
}

/* The one of the map that is nearest. */
static void
offer_all(
    struct access_check *ac, struct conf_suggest *near, const struct map *m)
{
	struct map_entry *e;
	size_t at = 0;

	if (ac->suggestions++ < SUGGESTIONS_MAX)
		while ((e = map_next(m, &at)) != NULL)
			conf_suggest_offer(near, conf_strdup(ac->c, e->key));
}

/* A permission that is granted is, or covers, one of those that are listed. */
static bool
covers_listed(const struct access_check *ac, struct slice granted)
{
	struct map_entry *e;
	size_t at = 0;

	if (map_get(&ac->listed, granted) != NULL)
		return true;
	if (memchr(granted.p, '*', granted.n) == NULL)
		return false;
	while ((e = map_next(&ac->listed, &at)) != NULL)
		if (permission_covers(granted, e->key))
			return true;
	return false;
}

static void
unlisted(struct access_check *ac, const struct conf_strings *names, size_t i,
    const char *what)
{
	struct conf_suggest near;
	char buf[96];

	conf_suggest_init(&near, names->items[i]);
	offer_all(ac, &near, &ac->listed);
	diag_error(ac->d, names->places[i].file, names->places[i].line,
	    "%s: \"%s\" is not among the permissions%s", what, names->items[i],
	    conf_suggest_text(&near, buf, sizeof(buf)));
}

void
conf_check_grants(
    struct access_check *ac, const struct conf_strings *names, const char *what)
{
	bool added;

	conf_check_twice(names, what, ac->d);
	for (size_t i = 0; i < names->count; i++) {
		struct slice name = slice_str(names->items[i]);
		bool pattern = strchr(names->items[i], '*') != NULL;

		if (!permission_good(ac, names, i, what, true))
			continue;
		(void)map_put(
		    pattern ? &ac->patterns : &ac->granted, name, &added);
		if (ac->c->permissions.items != NULL &&
		    !covers_listed(ac, name))
			unlisted(ac, names, i, what);
	}
}

static bool
is_granted(const struct access_check *ac, struct slice wanted)
{
	struct map_entry *e;
	size_t at = 0;

	if (map_get(&ac->granted, wanted) != NULL)
		return true;
	while ((e = map_next(&ac->patterns, &at)) != NULL)
		if (permission_covers(e->key, wanted))
			return true;
	return false;
}

static void
ungranted(struct access_check *ac, const struct conf_strings *names, size_t i,
    const char *what)
{
	struct conf_suggest near;
	char buf[96];

	conf_suggest_init(&near, names->items[i]);
	offer_all(ac, &near, &ac->granted);
	diag_error(ac->d, names->places[i].file, names->places[i].line,
	    "%s: \"%s\" is granted by no role, nor among the permissions%s",
	    what, names->items[i], conf_suggest_text(&near, buf, sizeof(buf)));
}

void
conf_check_demands(
    struct access_check *ac, const struct conf_strings *names, const char *what)
{
	struct map_entry *e;
	bool added;

	conf_check_twice(names, what, ac->d);
	for (size_t i = 0; i < names->count; i++) {
		struct slice name = slice_str(names->items[i]);

		if (!permission_good(ac, names, i, what, false))
			continue;
		if (ac->c->permissions.items == NULL && !is_granted(ac, name))
			ungranted(ac, names, i, what);
		else if (ac->c->permissions.items != NULL &&
		    map_get(&ac->listed, name) == NULL)
			unlisted(ac, names, i, what);
		e = map_put(&ac->demanded, name, &added);
		if (added)
			e->value.num = ac->demanded.count - 1;
	}
}

void
conf_check_listed(struct access_check *ac)
{
	const struct conf_strings *names = &ac->c->permissions;
	bool added;

	conf_check_twice(names, "permissions", ac->d);
	for (size_t i = 0; i < names->count; i++)
		if (permission_good(ac, names, i, "permissions", false))
			(void)map_put(
			    &ac->listed, slice_str(names->items[i]), &added);
}
