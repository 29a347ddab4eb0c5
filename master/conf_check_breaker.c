/*
 * conf_check_breaker.c - when the breakers of a service open, and what they
 * count.
 */
#include "master/conf_check.h"
#include "master/conf_events.h"
#include "master/conf_table.h"

/* What protects the more important services opens sooner, and for less long. */
#define BREAKER_SOONER 3
#define BREAKER_SHORTER_US UINT64_C(30000000)

static const struct conf_event breaker_words[] = {
	{ "connect", IMG_BREAKER_CONNECT },
	{ "reset", IMG_BREAKER_RESET },
	{ "timeout", IMG_BREAKER_TIMEOUT },
	{ "broken", IMG_BREAKER_BROKEN },
};

static const struct conf_event_list breaker_on = {
	.option = "breaker.on",
	.words = breaker_words,
	.count = sizeof(breaker_words) / sizeof(breaker_words[0]),
	.none = "is none of \"connect\", \"reset\", \"timeout\" and "
		"\"broken\", and no status",
	.statuses = true,
};

static const struct conf_event scope_words[] = {
	{ "endpoint", IMG_BREAKER_ENDPOINT },
	{ "service", IMG_BREAKER_SERVICE },
};

static const struct conf_event_list breaker_scope = {
	.option = "breaker.scope",
	.words = scope_words,
	.count = sizeof(scope_words) / sizeof(scope_words[0]),
	.none = "is none of \"endpoint\" and \"service\"",
};

static bool
is_given(const struct conf_service *s, const char *path)
{
	return conf_given(&conf_block_service, s, path);
}

/* By the class of the service; what is written wins. */
static void
fill_defaults(struct conf_service *s)
{
	struct conf_breaker *b = &s->breaker;

	if (conf_word_index(&conf_block_service, "priority", s->priority) !=
	    IMG_CLASS_NORMAL) {
		if (!is_given(s, "breaker.failures"))
			b->failures = BREAKER_SOONER;
		if (!is_given(s, "breaker.open"))
			b->open_us = BREAKER_SHORTER_US;
	}
	if (!is_given(s, "breaker.successes") && b->successes > b->probes)
		b->successes = b->probes;
}

/* Something is to count failures, and nothing is one. */
static void
check_on(struct conf *c, const struct conf_service *s, struct diag *d)
{
	static const char *const counted[] = { "breaker.failures",
		"breaker.error_rate" };
	const struct conf_breaker *b = &s->breaker;
	const uint64_t values[] = { b->failures, b->error_rate };
	struct conf_place at =
	    conf_where(c, &conf_block_service, s, "breaker.on");

	if (b->on.count != 0)
		return;
	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++)
		if (values[i] != 0 && is_given(s, counted[i]))
			diag_error(d, at.file, at.line,
			    "breaker.on: %s counts failures, and nothing is "
			    "one",
			    counted[i]);
}

void
conf_check_breaker(struct conf *c, struct conf_service *s, struct diag *d)
{
	struct conf_breaker *b = &s->breaker;
	struct conf_place at =
	    conf_where(c, &conf_block_service, s, "breaker.successes");

	fill_defaults(s);
	b->events = conf_events_read(c, &breaker_on, &b->on, &b->statuses, d);
	b->scopes = conf_events_read(c, &breaker_scope, &b->scope, NULL, d);
	check_on(c, s, d);
	if (b->successes > b->probes)
		diag_error(d, at.file, at.line,
		    "breaker: successes (%ju) are more than probes (%ju): it "
		    "would never close",
		    (uintmax_t)b->successes, (uintmax_t)b->probes);
}
