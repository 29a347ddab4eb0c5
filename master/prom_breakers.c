/*
 * prom_breakers.c - see prom_breakers.h.
 */
#include "master/prom_breakers.h"

#include <inttypes.h>

#include "common/base/clock.h"
#include "master/breaker_list.h"
#include "master/prom.h"
#include "master/reload.h"

static void
labels_add(struct text *out, const char *name, const struct breaker_entry *e)
{
	text_printf(out, "penstock_%s{", name);
	prom_label(out, "service", img_slice(e->img, e->service->name));
	text_add_char(out, ',');
	prom_label(out, "endpoint", breaker_entry_endpoint(e));
}

static void
state_add(void *what, const struct breaker_entry *e)
{
	struct breaker_info i;

	breaker_info(e->r, e->breaker, clock_now().us, &i);
	labels_add(what, "breaker_state", e);
	text_printf(what, "} %d\n", (int)i.state);
}

static void
transitions_add(void *what, const struct breaker_entry *e)
{
	struct breaker_info i;

	breaker_info(e->r, e->breaker, clock_now().us, &i);
	for (uint32_t s = 0; s < BREAKER_STATES; s++) {
		labels_add(what, "breaker_transitions_total", e);
		text_printf(what, ",to=\"%s\"} %" PRIu64 "\n",
		    breaker_state_name((enum breaker_state)s), i.made[s]);
	}
}

void
prom_breakers_write(const struct region *r, struct text *out)
{
	const struct img_head *img = reload_current(r);

	prom_help(out, "breaker_state", "gauge",
	    "0 closed, 1 open, 2 half-open; without an endpoint: the "
	    "service's own.");
	breakers_each(r, img, state_add, out);
	prom_help(out, "breaker_transitions_total", "counter",
	    "Transitions of breakers by the state that they led to.");
	breakers_each(r, img, transitions_add, out);
}
