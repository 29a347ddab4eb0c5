/*
 * build_breaker.c - see build_breaker.h.
 */
#include "master/build_breaker.h"

/* Whether anything could open one. */
static bool
breaker_opens(const struct conf_breaker *b)
{
	bool fails = b->events != 0 || b->statuses.count != 0;

	return b->slow_rate != 0 ||
	    (fails && (b->failures != 0 || b->error_rate != 0));
}

struct img_breaker
build_breaker(struct image *im, const struct conf_breaker *b)
{
	if (b->scopes == 0 || !breaker_opens(b))
		return (struct img_breaker){ 0 };
	return (struct img_breaker){
		.scope = b->scopes,
		.failures = (uint32_t)b->failures,
		.successes = (uint32_t)b->successes,
		.probes = (uint32_t)b->probes,
		.minimum = (uint32_t)b->minimum,
		.error_rate = (uint32_t)b->error_rate,
		.slow_rate = (uint32_t)b->slow_rate,
		.on = b->events,
		.open_us = b->open_us,
		.slow_us = b->slow_us,
		.window_us = b->window_us,
		.statuses = image_span(im, b->statuses.items, b->statuses.count,
		    sizeof(*b->statuses.items)),
	};
}
