/*
 * conf_check_retry.c - after what a service's requests are sent again, and
 * when.
 */
#include "common/base/units.h"
#include "master/conf_check.h"
#include "master/conf_events.h"
#include "master/conf_table.h"

static const struct conf_event retry_words[] = {
	{ "connect", RETRY_CONNECT },
	{ "reset", RETRY_RESET },
	{ "timeout", RETRY_TIMEOUT },
};

static const struct conf_event_list retry_on = {
	.option = "retry.on",
	.words = retry_words,
	.count = sizeof(retry_words) / sizeof(retry_words[0]),
	.none = "is none of \"connect\", \"reset\" and \"timeout\", and no "
		"status",
	.statuses = true,
};

/* More is done for what matters more. */
static void
check_attempts(struct conf_service *s)
{
	static const uint32_t usual[IMG_CLASS_COUNT] = {
		[IMG_CLASS_NORMAL] = 3,
		[IMG_CLASS_PRIORITY] = 5,
		[IMG_CLASS_EMERGENCY] = 10,
	};
	struct conf_retry *r = &s->retry;
	bool given = conf_given(&conf_block_service, s, "retry.attempts");

	for (unsigned i = 0; i < IMG_CLASS_COUNT; i++)
		r->class_attempts[i] = given ? (uint32_t)r->attempts : usual[i];
	if (!given)
		r->attempts = usual[conf_word_index(
		    &conf_block_service, "priority", s->priority)];
}

void
conf_check_retry(struct conf *c, struct conf_service *s, struct diag *d)
{
	struct conf_retry *r = &s->retry;
	bool given = conf_given(&conf_block_service, s, "retry.base_delay");
	struct conf_place at = conf_where(c, &conf_block_service, s,
	    given ? "retry.base_delay" : "retry.max_delay");
	char base[32], max[32];

	r->events = conf_events_read(c, &retry_on, &r->on, &r->statuses, d);
	check_attempts(s);
	if (r->base_us > r->max_us)
		diag_error(d, at.file, at.line,
		    "retry: base_delay (%s) is longer than max_delay (%s)",
		    units_duration_text(r->base_us, base, sizeof(base)),
		    units_duration_text(r->max_us, max, sizeof(max)));
}
