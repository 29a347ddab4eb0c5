/*
 * slots.c - who lives in a slot, and what is to be settled after a death.
 */
#include "shm/slots.h"

#include <stdio.h>
#include <string.h>

#include "common/base/clock.h"
#include "common/base/must.h"
#include "shm/breaker.h"
#include "shm/counters.h"
#include "shm/epoch.h"
#include "shm/families.h"
#include "shm/jobs.h"
#include "shm/permit.h"
#include "shm/registry.h"
#include "shm/step.h"
#include "shm/vital.h"
#include "shm/waiters.h"

#define BEAT_EVERY_US 100000
#define BEAT_FRESH_US 500000

static struct shm_slot *
slot_at(const struct region *r, uint32_t w)
{
	MUST(w < SLOTS_MAX);
	return &r->state->slots[w];
}

const char *
slot_state_name(enum slot_state s)
{
	switch (s) {
	case SLOT_DOWN:
		return "down";
	case SLOT_STARTING:
		return "starting";
	case SLOT_READY:
		return "ready";
	case SLOT_DRAINING:
		return "draining";
	case SLOT_RECOVERING:
		return "recovering";
	}
	return "unknown"; /* a word that another process wrote */
}

const char *
slot_role(uint32_t w)
{
	if (w < WORKERS_MAX)
		return "worker";
	if (w == SLOT_LOG)
		return "penstocklog";
	return w == SLOT_MASTER ? "master" : "helper";
}

void
slot_name(uint32_t w, char name[SLOT_NAME_BYTES])
{
	const char *role = slot_role(w);

	if (w == SLOT_MASTER || w == SLOT_LOG)
		(void)snprintf(name, SLOT_NAME_BYTES, "%s", role);
	else
		(void)snprintf(name, SLOT_NAME_BYTES, "%s %u", role,
		    w < WORKERS_MAX ? w : w - SLOT_HELPER);
}

void
slot_set_state(const struct region *r, uint32_t w, enum slot_state s)
{
	SHM_STEP("slot_state");
	atomic_store(&slot_at(r, w)->state, s);
}

enum slot_state
slot_state(const struct region *r, uint32_t w)
{
	return atomic_load(&slot_at(r, w)->state);
}

/* It may have looked at the clock after the caller did. */
static bool
slot_beats(const struct shm_slot *s, uint64_t now_us)
{
	uint64_t beat_us =
	    atomic_load_explicit(&s->beat_us, memory_order_relaxed);

	return beat_us >= now_us || now_us - beat_us < BEAT_FRESH_US;
}

bool
slot_is_fit(const struct region *r, uint32_t w, uint64_t now_us)
{
	const struct shm_slot *s = slot_at(r, w);

	return atomic_load(&s->state) == SLOT_READY && slot_beats(s, now_us);
}

bool
slot_is_awake(const struct region *r, uint32_t w, uint64_t now_us)
{
	const struct shm_slot *s = slot_at(r, w);
	uint32_t state = atomic_load(&s->state);

	return (state == SLOT_READY || state == SLOT_DRAINING) &&
	    slot_beats(s, now_us);
}

void
slot_occupy(const struct region *r, uint32_t w, pid_t pid)
{
	struct shm_slot *s = slot_at(r, w);
	uint64_t now_us = clock_update().us;

	atomic_store(&s->started_us, now_us);
	atomic_store(&s->beat_us, now_us);
	atomic_store(&s->pid, pid);
	atomic_fetch_add(&s->incarnation, 1);
	slot_set_state(r, w, SLOT_STARTING);
}

void
slot_settle(struct region *r, uint32_t w, int wait_status)
{
	struct shm_slot *s = slot_at(r, w);

	slot_set_state(r, w, SLOT_RECOVERING);
	if (w < WORKERS_MAX) {
		/* While its rows keep the endpoints from being used again. */
		permit_recover(r, w);
		waiters_recover(r, w);
		registry_recover_worker(r, w);
		counters_recover_worker(r, w);
		epoch_recover_worker(r, w);
		jobs_recover_worker(r, w);
	} else if (w >= SLOT_HELPER && w < SLOT_LOG) {
		jobs_recover_helper(r, w - SLOT_HELPER);
	}
	if (w <= SLOT_MASTER) {
		families_recover(r, w);
		breaker_recover(r, w);
	}
	vitals_recover(r);
	slot_set_load(r, w, 0, 0);
	slot_set_memory(r, w, 0);
	SHM_STEP("slot_status");
	atomic_store(&s->last_status, wait_status);
	SHM_STEP("slot_pid");
	atomic_store(&s->pid, 0);
	slot_set_state(r, w, SLOT_DOWN);
}

void
slot_beat(const struct region *r, uint32_t w, uint64_t now_us)
{
	struct shm_slot *s = slot_at(r, w);
	uint64_t last = atomic_load_explicit(&s->beat_us, memory_order_relaxed);

	if (now_us - last >= BEAT_EVERY_US)
		atomic_store_explicit(
		    &s->beat_us, now_us, memory_order_relaxed);
}

void
slot_set_load(
    const struct region *r, uint32_t w, uint64_t lag_us, uint32_t pressure)
{
	struct shm_slot *s = slot_at(r, w);

	atomic_store_explicit(&s->lag_us, lag_us, memory_order_relaxed);
	atomic_store_explicit(&s->pressure, pressure, memory_order_relaxed);
}

void
slot_set_memory(const struct region *r, uint32_t w, uint64_t bytes)
{
	atomic_store_explicit(
	    &slot_at(r, w)->memory_bytes, bytes, memory_order_relaxed);
}

uint64_t
slot_memory(const struct region *r, uint32_t w)
{
	return atomic_load_explicit(
	    &slot_at(r, w)->memory_bytes, memory_order_relaxed);
}

void
slot_last_words(const struct region *r, uint32_t w, const char *text)
{
	if (w >= SLOTS_MAX)
		return; /* MUST would call here again */
	char *to = r->state->slots[w].last_words;
	size_t i = 0;

	for (; i < SLOT_WORDS_MAX - 1 && text[i] != '\0'; i++)
		to[i] = text[i];
	to[i] = '\0';
}

void
slot_info(const struct region *r, uint32_t w, struct slot_info *i)
{
	struct shm_slot *s = slot_at(r, w);
	uint32_t incarnation = atomic_load(&s->incarnation);

	*i = (struct slot_info){
		.pid = atomic_load(&s->pid),
		.state = atomic_load(&s->state),
		.incarnation = incarnation,
		.restarts = incarnation != 0 ? incarnation - 1 : 0,
		.started_us = atomic_load(&s->started_us),
		.beat_us = atomic_load(&s->beat_us),
		.last_status = atomic_load(&s->last_status),
		.lag_us = atomic_load(&s->lag_us),
		.memory_bytes = atomic_load(&s->memory_bytes),
		.pressure = atomic_load(&s->pressure),
	};
	memcpy(i->last_words, s->last_words, sizeof(i->last_words));
	i->last_words[sizeof(i->last_words) - 1] = '\0';
}
