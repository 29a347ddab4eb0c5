/*
 * prom_breakers.c - see prom_breakers.h.
 */
#include "master/prom_breakers.h"

#include "common/base/clock.h"
#include "master/breaker_list.h"
#include "master/reload.h"

static void
labels_add(struct prom *p, const struct breaker_entry *e)
{
	prom_sample(p);
	prom_label(p, "service", img_slice(e->img, e->service->name));
	prom_label(p, "endpoint", breaker_entry_endpoint(e));
}

static void
state_add(void *what, const struct breaker_entry *e)
{
	struct breaker_info i;

	breaker_info(e->r, e->breaker, clock_now().us, &i);
	labels_add(what, e);
	prom_u64(what, (uint64_t)i.state);
}

static void
transitions_add(void *what, const struct breaker_entry *e)
{
	struct breaker_info i;

	breaker_info(e->r, e->breaker, clock_now().us, &i);
	for (uint32_t s = 0; s < BREAKER_STATES; s++) {
		labels_add(what, e);
		prom_label(what, "to",
		    slice_str(breaker_state_name((enum breaker_state)s)));
		prom_u64(what, i.made[s]);
	}
}

void
prom_breakers_write(const struct region *r, struct prom *p)
{
	const struct img_head *img = reload_current(r);

	prom_family(p, METRIC_BREAKER_STATE);
	breakers_each(r, img, state_add, p);
	prom_family(p, METRIC_BREAKER_TRANSITIONS);
	breakers_each(r, img, transitions_add, p);
}
