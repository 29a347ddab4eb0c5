/*
 * health.c - see health.h.
 */
#include "master/health.h"

#include <errno.h>
#include <stdlib.h>

#include "common/base/log.h"
#include "common/base/must.h"
#include "master/change_text.h"
#include "master/reload.h"
#include "shm/breaker.h"
#include "shm/registry.h"
#include "shm/vital.h"

#define HEALTH_SCORE_US 1000000u
#define HEALTH_BUSY_US 100000u  /* while something starts slowly or may */
#define HEALTH_LINES_MAX 100u   /* in one look */
#define HEALTH_SHARE_FIRST 100u /* of a slow start; thousandths */

/* ---- the log ---- */

static void
health_log(const struct region *r, uint32_t index, const struct change *c)
{
	struct endpoint_info info = { .service = REGISTRY_NONE };
	struct text why;

	text_init(&why);
	change_text(&why, c);
	(void)registry_endpoint_info(r, index, &info);
	struct slice service = registry_service_name(r, info.service);
	struct slice addr = registry_endpoint_text(r, index);
	switch (change_weight(c)) {
	case CHANGE_QUIET:
		log_debug("service %.*s: endpoint %.*s: %.*s",
		    SLICE_FMT(service), SLICE_FMT(addr),
		    SLICE_FMT(text_slice(&why)));
		break;
	case CHANGE_NOTED:
		log_info("service %.*s: endpoint %.*s: %.*s",
		    SLICE_FMT(service), SLICE_FMT(addr),
		    SLICE_FMT(text_slice(&why)));
		break;
	case CHANGE_BAD:
		log_warnx("service %.*s: endpoint %.*s: %.*s",
		    SLICE_FMT(service), SLICE_FMT(addr),
		    SLICE_FMT(text_slice(&why)));
		break;
	}
	text_fini(&why);
}

/* It gets requests again that it did not get before. */
static bool
health_comes_back(enum change_event e)
{
	return e == CHANGE_UP || e == CHANGE_RETURNED || e == CHANGE_READY;
}

/* slow_start of the service that the endpoint belongs to. */
static uint64_t
health_slow_us(const struct region *r, uint32_t index)
{
	const struct img_head *img = reload_current(r);
	struct endpoint_info info;
	const struct img_service *s;

	if (img == NULL || !registry_endpoint_info(r, index, &info))
		return 0;
	s = img_at(img, img->services.off);
	for (uint32_t i = 0; i < img->services.count; i++)
		if (s[i].slot == info.service)
			return s[i].slow_start_us;
	return 0;
}

static void
health_ramp(struct region *r, uint32_t index)
{
	if (health_slow_us(r, index) == 0)
		return;
	vital_set_ramp(r, index, clock_now().us);
	vital_set_share(r, index, HEALTH_SHARE_FIRST);
}

/* The new entries of one history; returns how many lines it came to. */
static uint32_t
health_read(struct health *h, uint32_t index, bool quiet)
{
	struct change c[HISTORY_KEPT];
	uint32_t n =
	    history_read(h->region, index, h->logged[index], c, HISTORY_KEPT);

	for (uint32_t i = 0; i < n; i++) {
		if (!quiet)
			health_log(h->region, index, &c[i]);
		if (health_comes_back(c[i].event))
			health_ramp(h->region, index);
	}
	if (n != 0)
		h->logged[index] = c[n - 1].number + 1;
	return n;
}

static void
health_news(struct health *h)
{
	uint32_t n = atomic_load(&h->region->state->control.endpoints);
	uint64_t changes = history_changes(h->region);
	uint32_t lines = 0, more = 0;

	if (changes == h->changes)
		return;
	h->changes = changes;
	for (uint32_t i = 0; i < n && i < ENDPOINTS_MAX; i++) {
		bool quiet = lines >= HEALTH_LINES_MAX;
		uint32_t read;

		if (history_count(h->region, i) == h->logged[i])
			continue;
		read = health_read(h, i, quiet);
		lines += quiet ? 0 : read;
		more += quiet ? read : 0;
	}
	if (more != 0)
		log_warnx("%u more changes of endpoints", more);
}

/* ---- shares ---- */

/* What slow start leaves of the weight; ends it when its time is over. */
static uint32_t
health_ramp_share(struct region *r, uint32_t index, uint64_t slow_us)
{
	struct vital_info v;
	uint64_t us, share;

	vital_info(r, index, &v);
	if (v.ramp_us == 0)
		return VITAL_SHARE_FULL;
	us = mono_diff_us(clock_now(), (struct mono){ v.ramp_us });
	if (us >= slow_us) {
		vital_set_ramp(r, index, 0);
		return VITAL_SHARE_FULL;
	}
	share = us * VITAL_SHARE_FULL / slow_us;
	return share > HEALTH_SHARE_FIRST ? (uint32_t)share
					  : HEALTH_SHARE_FIRST;
}

static void
health_shares(
    struct health *h, const struct img_service *s, const struct eset *set)
{
	for (uint32_t i = 0; i < set->count; i++) {
		struct endpoint_handle e = set->members[i].handle;
		uint32_t share =
		    scores_share(h->scores, e, s->health_score != 0) *
		    health_ramp_share(h->region, e.index, s->slow_start_us) /
		    VITAL_SHARE_FULL;

		vital_set_share(h->region, e.index, share != 0 ? share : 1);
	}
}

/* Where traffic does not mark any more, what it has marked is taken back. */
static void
health_forgive(struct region *r, const struct eset *set)
{
	for (uint32_t i = 0; i < set->count; i++)
		vital_forgive(r, set->members[i].handle.index, CAUSE_CONFIG);
}

static void
breaker_forget(struct region *r, uint32_t breaker)
{
	uint64_t now_us = clock_now().us, wait_us;

	if (breaker_look(r, breaker, now_us, &wait_us) != BREAKER_LOOK_GO)
		breaker_reset(r, breaker, CAUSE_CONFIG, now_us);
}

/* Breakers that nobody asks any more are closed: what they knew would be old
 * when somebody does. */
static void
health_unbreak(
    struct region *r, const struct img_service *s, const struct eset *set)
{
	uint32_t scope = s->breaker.scope;

	if ((scope & IMG_BREAKER_SERVICE) == 0)
		breaker_forget(r, BREAKER_OF_SERVICE(s->slot));
	for (uint32_t i = 0;
	     i < set->count && (scope & IMG_BREAKER_ENDPOINT) == 0; i++)
		breaker_forget(
		    r, BREAKER_OF_ENDPOINT(set->members[i].handle.index));
}

/* True when the service's endpoints must be looked at often. */
static bool
health_service(struct health *h, const struct img_service *s, bool score,
    uint64_t elapsed_us)
{
	const struct eset *set = registry_set(h->region, s->slot);

	if (set == NULL)
		return false;
	if (s->passive.failures == 0)
		health_forgive(h->region, set);
	health_unbreak(h->region, s, set);
	if (score)
		scores_look(h->scores, set, s->health_score != 0, elapsed_us);
	if (score || s->slow_start_us != 0)
		health_shares(h, s, set);
	return s->slow_start_us != 0;
}

static void
health_look(struct timer *t)
{
	struct health *h = CONTAINER_OF(t, struct health, timer);
	const struct img_head *img = reload_current(h->region);
	uint64_t elapsed_us = mono_diff_us(clock_now(), h->scored);
	bool score = elapsed_us >= HEALTH_SCORE_US, busy = false;
	const struct img_service *s;

	health_news(h);
	breaker_log_look(&h->breakers, h->region);
	s = img != NULL ? img_at(img, img->services.off) : NULL;
	for (uint32_t i = 0; s != NULL && i < img->services.count; i++)
		busy |= health_service(h, &s[i], score, elapsed_us);
	if (score)
		h->scored = clock_now();
	timer_set(&h->loop->timers, t,
	    mono_add_us(clock_now(), busy ? HEALTH_BUSY_US : HEALTH_SCORE_US));
}

void
health_follow(struct health *h)
{
	timer_set(&h->loop->timers, &h->timer, clock_now());
}

/* What a predecessor has left is not told again. */
static void
health_catch_up(struct health *h)
{
	uint32_t n = atomic_load(&h->region->state->control.endpoints);

	for (uint32_t i = 0; i < n && i < ENDPOINTS_MAX; i++)
		h->logged[i] = history_count(h->region, i);
	h->changes = history_changes(h->region);
}

void
health_init(struct health *h, struct loop *loop, struct region *r)
{
	*h = (struct health){ .region = r,
		.loop = loop,
		.scores = scores_new(r),
		.scored = clock_now() };
	h->logged = calloc(ENDPOINTS_MAX, sizeof(*h->logged));
	MUST(h->logged != NULL);
	timer_init(&h->timer, health_look);
	health_catch_up(h);
	breaker_log_init(&h->breakers, r);
	health_follow(h);
}

void
health_fini(struct health *h)
{
	timer_fini(&h->loop->timers, &h->timer);
	scores_free(h->scores);
	breaker_log_fini(&h->breakers);
	free(h->logged);
}
