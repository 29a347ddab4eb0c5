/*
 * conf_events.c - see conf_events.h.
 */
#include "master/conf_events.h"

#include <string.h>

#include "master/conf_check.h"
#include "master/conf_status.h"

/* The bit of a word; 0: it is none. */
static uint32_t
event_find(const struct conf_event_list *list, const char *word)
{
	for (size_t i = 0; i < list->count; i++)
		if (strcmp(list->words[i].word, word) == 0)
			return list->words[i].bit;
	return 0;
}

/* NULL, or what is wrong with one that is no word of the list. */
static const char *
status_add(const struct conf_event_list *list, struct conf_statuses *s,
    const char *word)
{
	const char *why;

	if (!list->statuses || word[0] < '0' || word[0] > '9')
		return list->none;
	if (!conf_status_add(s, word, &why))
		return why;
	if (s->items[s->count - 1].from < 400)
		return "is no failure: those begin at 400";
	return NULL;
}

uint32_t
conf_events_read(struct conf *c, const struct conf_event_list *list,
    const struct conf_strings *words, struct conf_statuses *s, struct diag *d)
{
	uint32_t bits = 0;

	if (list->statuses)
		*s = conf_statuses_new(c, words->count);
	for (size_t i = 0; i < words->count; i++) {
		const struct conf_place *at = &words->places[i];
		uint32_t bit = event_find(list, words->items[i]);
		const char *why =
		    bit != 0 ? NULL : status_add(list, s, words->items[i]);

		bits |= bit;
		if (why != NULL)
			diag_error(d, at->file, at->line, "%s: \"%s\" %s",
			    list->option, words->items[i], why);
	}
	conf_check_twice(words, list->option, d);
	return bits;
}
