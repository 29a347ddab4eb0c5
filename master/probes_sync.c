/*
 * probes_sync.c - brings groups and targets in step with the current image and
 * its endpoint sets. See probes.h.
 */
#include <stdlib.h>

#include "common/base/log.h"
#include "common/base/must.h"
#include "master/probes.h"
#include "master/reload.h"
#include "shm/vital.h"

static void
group_drop_targets(struct probes *p, struct probe_group *g, uint64_t keep)
{
	struct list *next;

	for (struct list *l = g->targets.next; l != &g->targets; l = next) {
		struct probe_target *t =
		    CONTAINER_OF(l, struct probe_target, link);

		next = l->next;
		if (t->round == keep)
			continue;
		p->target_of[t->handle.index] = NULL;
		probe_target_free(t);
	}
}

static void
group_free(struct probes *p, struct probe_group *g)
{
	group_drop_targets(p, g, 0);
	p->group_of[g->service] = NULL;
	list_remove(&g->link);
	probe_rule_free(g->rule);
	free(g);
}

/* ---- services without a health_check ---- */

/* What probes once said does not hold any more. */
static void
sync_forget(struct region *r, uint32_t index)
{
	struct vital_info v;

	vital_info(r, index, &v);
	if (v.checked_us != 0)
		vital_set_probed(r, index, 0, 0);
	if ((v.flags & VITAL_DOWN) != 0)
		vital_set_flag(r, index, VITAL_DOWN, false, CAUSE_CONFIG, 0);
}

static void
sync_unprobed(struct probes *p, uint32_t service)
{
	const struct eset *set = registry_set(p->region, service);

	for (uint32_t i = 0; set != NULL && i < set->count; i++)
		sync_forget(p->region, set->members[i].handle.index);
}

/* ---- services with one ---- */

static struct probe_group *
group_new(struct probes *p, uint32_t service, struct slice description,
    struct tls_client *tls)
{
	struct probe_rule *rule = probe_rule_new(description, tls);
	struct probe_group *g;

	if (rule == NULL) {
		log_errx("service %.*s: health_check.body does not compile: "
			 "no probes",
		    SLICE_FMT(registry_service_name(p->region, service)));
		return NULL;
	}
	g = calloc(1, sizeof(*g));
	MUST(g != NULL);
	g->rule = rule;
	g->service = service;
	list_init(&g->targets);
	list_push_back(&p->groups, &g->link);
	p->group_of[service] = g;
	return g;
}

/* The policy of its probes, where they have one. False: no memory. */
static bool
sync_policy(struct probes *p, const struct img_head *img,
    const struct img_service *s, struct tls_client **tls)
{
	const struct region *r = p->region;

	*tls = NULL;
	if (probe_rule_tls(img, s) == NULL)
		return true;
	*tls = probe_policy(
	    &p->policies, img, r->secrets + ((const char *)img - r->images), s);
	if (*tls == NULL)
		log_errx("service %.*s: no memory for TLS: no probes",
		    SLICE_FMT(img_slice(img, s->name)));
	return *tls != NULL;
}

/* The group of a service, anew if its rule has changed: then *changed. */
static struct probe_group *
sync_group(struct probes *p, const struct img_head *img,
    const struct img_service *s, bool *changed)
{
	struct probe_group *g = p->group_of[s->slot];
	struct tls_client *tls;
	struct text described;

	*changed = false;
	if (g != NULL && p->generation == img->generation)
		return g;
	if (!sync_policy(p, img, s, &tls))
		return NULL;
	text_init(&described);
	probe_rule_describe(&described, img, s);
	if (g != NULL &&
	    !slice_eq(
		text_slice(&described), text_slice(&g->rule->description))) {
		group_free(p, g);
		g = NULL;
		*changed = true;
	}
	if (g == NULL)
		g = group_new(p, s->slot, text_slice(&described), tls);
	text_fini(&described);
	return g;
}

static void
sync_member(struct probes *p, struct probe_group *g,
    const struct eset_member *m, bool anew)
{
	struct probe_target **at = &p->target_of[m->handle.index];

	if (*at != NULL && (*at)->handle.tag != m->handle.tag) {
		probe_target_free(*at);
		*at = NULL;
	}
	if (*at == NULL)
		*at = probe_target_new(p, g, m, anew);
	(*at)->round = p->round;
	probe_target_look(*at);
}

static void
sync_probed(
    struct probes *p, const struct img_head *img, const struct img_service *s)
{
	const struct eset *set = registry_set(p->region, s->slot);
	bool changed;
	struct probe_group *g = sync_group(p, img, s, &changed);

	if (g == NULL) {
		sync_unprobed(p, s->slot);
		return;
	}
	g->round = p->round;
	for (uint32_t i = 0; set != NULL && i < set->count; i++)
		sync_member(p, g, &set->members[i], changed);
}

static void
sync_service(
    struct probes *p, const struct img_head *img, const struct img_service *s)
{
	if (s->slot >= SERVICES_MAX)
		return;
	if (s->check.type != IMG_CHECK_NONE)
		sync_probed(p, img, s);
	else
		sync_unprobed(p, s->slot);
}

/* Groups and targets that this round did not name. */
static void
sync_sweep(struct probes *p)
{
	struct list *next;

	for (struct list *l = p->groups.next; l != &p->groups; l = next) {
		struct probe_group *g =
		    CONTAINER_OF(l, struct probe_group, link);

		next = l->next;
		if (g->round == p->round)
			group_drop_targets(p, g, p->round);
		else
			group_free(p, g);
	}
}

void
probes_sync(struct probes *p)
{
	const struct img_head *img = reload_current(p->region);
	const struct img_service *s;

	if (img == NULL)
		return;
	p->round++;
	s = img_at(img, img->services.off);
	for (uint32_t i = 0; i < img->services.count; i++)
		sync_service(p, img, &s[i]);
	sync_sweep(p);
	if (p->generation != img->generation)
		probe_policies_sweep(&p->policies);
	p->generation = img->generation;
}

void
probes_fini(struct probes *p)
{
	while (!list_empty(&p->groups))
		group_free(
		    p, CONTAINER_OF(p->groups.next, struct probe_group, link));
	probe_policies_fini(&p->policies);
	timer_fini(&p->loop->timers, &p->start_timer);
	free(p->group_of);
	free(p->target_of);
}
