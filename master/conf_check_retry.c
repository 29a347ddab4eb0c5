/*
 * conf_check_retry.c - after what a service's requests are sent again, and
 * when.
 */
#include <string.h>

#include "common/base/units.h"
#include "master/conf_check.h"
#include "master/conf_status.h"
#include "master/conf_table.h"

static const struct {
	const char *word;
	uint32_t event;
} events[] = {
	{ "connect", RETRY_CONNECT },
	{ "reset", RETRY_RESET },
	{ "timeout", RETRY_TIMEOUT },
};

#define EVENT_COUNT (sizeof(events) / sizeof(events[0]))

/* The bit of a word; 0: it is none. */
static uint32_t
event_find(const char *word)
{
	for (size_t i = 0; i < EVENT_COUNT; i++)
		if (strcmp(events[i].word, word) == 0)
			return events[i].event;
	return 0;
}

/* NULL, or what is wrong with one of `on`. */
static const char *
on_add(struct conf_retry *r, const char *word)
{
	uint32_t event = event_find(word);
	const char *why;

	r->events |= event;
	if (event != 0)
		return NULL;
	if (word[0] < '0' || word[0] > '9')
		return "is none of \"connect\", \"reset\" and \"timeout\", "
		       "and no status";
	if (!conf_status_add(&r->statuses, word, &why))
		return why;
	if (r->statuses.items[r->statuses.count - 1].from < 400)
		return "is no failure: those begin at 400";
	return NULL;
}

static void
check_on(struct conf *c, struct conf_retry *r, struct diag *d)
{
	r->statuses = conf_statuses_new(c, r->on.count);
	for (size_t i = 0; i < r->on.count; i++) {
		const struct conf_place *at = &r->on.places[i];
		const char *why = on_add(r, r->on.items[i]);

		if (why != NULL)
			diag_error(d, at->file, at->line, "retry.on: \"%s\" %s",
			    r->on.items[i], why);
	}
	conf_check_twice(&r->on, "retry.on", d);
}

void
conf_check_retry(struct conf *c, struct conf_service *s, struct diag *d)
{
	const struct conf_retry *r = &s->retry;
	bool given = conf_given(&conf_block_service, s, "retry.base_delay");
	struct conf_place at = conf_where(c, &conf_block_service, s,
	    given ? "retry.base_delay" : "retry.max_delay");
	char base[32], max[32];

	check_on(c, &s->retry, d);
	if (r->base_us > r->max_us)
		diag_error(d, at.file, at.line,
		    "retry: base_delay (%s) is longer than max_delay (%s)",
		    units_duration_text(r->base_us, base, sizeof(base)),
		    units_duration_text(r->max_us, max, sizeof(max)));
}
