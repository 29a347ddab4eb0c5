/*
 * conf_events.h - lists of what befalls a call, as `retry.on` and `breaker.on`
 * have them: words for what is no answer, and statuses.
 */
#ifndef MASTER_CONF_EVENTS_H
#define MASTER_CONF_EVENTS_H

#include "master/conf.h"

struct conf_event {
	const char *word;
	uint32_t bit;
};

/* What may stand in an option. */
struct conf_event_list {
	const char *option;
	const struct conf_event *words;
	size_t count;
	const char *none; /* what a word is that is none of them: half a
			     sentence */
	bool statuses;    /* may stand there, too: from 400 */
};

/* The bits of the words; the statuses go to s, which may be NULL where the list
 * has none. */
uint32_t conf_events_read(struct conf *c, const struct conf_event_list *list,
    const struct conf_strings *words, struct conf_statuses *s, struct diag *d);

#endif
