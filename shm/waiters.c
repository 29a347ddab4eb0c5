/*
 * waiters.c - who waits where, and who is woken.
 *
 *	 a request finds every endpoint full     something becomes free
 *	 W1 its worker's bit is set              F1 the permit is dropped
 *	 W2 it looks again                       F2 the bits are loaded: if some
 *	 W3 still full: it sleeps until its         are set, one of those
 *	    worker is woken, or its time is up      workers is woken
 *
 *	 the last request of a worker leaves     a woken worker
 *	 L1 the bit is cleared                   K1 looks, as W2, while it has
 *	 L2 if there is a free permit, and          requests that wait and there
 *	    others wait, one of them is woken       are permits
 *
 * All of these are sequentially consistent. No permit stays free while somebody
 * sleeps who was not woken:
 *
 * - W1 comes before W2, and F1 before F2. If W2 does not see the permit, it was
 *   dropped later, so F2 sees the bit, or that of another who waits, too.
 * - Who is woken either has requests that wait, and K1 sees the permit (F1 came
 *   before the wakeup) or that somebody was faster, who drops it later and is
 *   at F1 again; or it has none any more. Then L1 came after F2, which had seen
 *   its bit, so L2 sees the permit and wakes the next one. That holds as well
 *   where its last request left because it found another connection.
 * - Whoever dies between F1 and F2, or woken before K1, is settled by the
 *   keeper, which gives back what it held, clears its bits, and then wakes all
 *   (W2 and K1 of everybody).
 *
 * What is not dropped by anybody but is there of a sudden (a new endpoint, a
 * higher bound, an endpoint that has recovered) is found by looking now and
 * then: queue.c.
 */
#include "shm/waiters.h"

#include "common/base/must.h"
#include "shm/slots.h"
#include "shm/step.h"

_Static_assert(WORKERS_MAX <= 64, "a bit for each");

static struct shm_waiters *
waiters_at(const struct region *r, uint32_t service)
{
	MUST(service < SERVICES_MAX);
	return &r->state->waiters[service];
}

static uint64_t
bit_of(uint32_t w)
{
	MUST(w < WORKERS_MAX);
	return UINT64_C(1) << w;
}

void
waiters_set(
    const struct region *r, uint32_t service, uint32_t class, uint32_t w)
{
	MUST(class < WAITERS_CLASSES);
	SHM_STEP("W1");
	(void)atomic_fetch_or(&waiters_at(r, service)->of[class], bit_of(w));
}

void
waiters_clear(
    const struct region *r, uint32_t service, uint32_t class, uint32_t w)
{
	MUST(class < WAITERS_CLASSES);
	SHM_STEP("L1");
	(void)atomic_fetch_and(&waiters_at(r, service)->of[class], ~bit_of(w));
}

bool
waiters_any(const struct region *r, uint32_t service)
{
	struct shm_waiters *s = waiters_at(r, service);
	uint64_t all = 0;

	for (uint32_t i = 0; i < WAITERS_CLASSES; i++)
		all |= atomic_load(&s->of[i]);
	return all != 0;
}

static uint64_t
bits_fit(const struct region *r, uint64_t bits, uint64_t now_us)
{
	uint64_t fit = 0;

	for (; bits != 0; bits &= bits - 1) {
		uint32_t w = (uint32_t)__builtin_ctzll(bits);

		if (slot_is_awake(r, w, now_us))
			fit |= bit_of(w);
	}
	return fit;
}

uint32_t
waiters_others(const struct region *r, uint32_t service, uint32_t w,
    uint64_t now_us, uint64_t *who)
{
	struct shm_waiters *s = waiters_at(r, service);

	for (uint32_t rank = WAITERS_CLASSES; rank > 0; rank--) {
		uint64_t bits = atomic_load(&s->of[rank - 1]) & ~bit_of(w);

		*who = bits != 0 ? bits_fit(r, bits, now_us) : 0;
		if (*who != 0)
			return rank;
	}
	return 0;
}

static uint32_t
turn_ms(uint64_t us)
{
	return (uint32_t)(us / 1000);
}

/* Two that choose at once may choose the same one: K1 takes all it can. */
uint32_t
waiters_choose(
    const struct region *r, uint32_t service, uint64_t who, uint64_t now_us)
{
	struct shm_waiters *s = waiters_at(r, service);
	uint32_t best = 0, best_age_ms = 0;
	bool first = true;

	MUST(who != 0);
	for (; who != 0; who &= who - 1) {
		uint32_t w = (uint32_t)__builtin_ctzll(who);
		uint32_t age_ms = turn_ms(now_us) -
		    atomic_load_explicit(&s->turn_ms[w], memory_order_relaxed);

		if (!first && age_ms <= best_age_ms)
			continue;
		first = false;
		best = w;
		best_age_ms = age_ms;
	}
	waiters_set_turn(r, service, best, now_us);
	return best;
}

void
waiters_set_turn(
    const struct region *r, uint32_t service, uint32_t w, uint64_t us)
{
	MUST(w < WORKERS_MAX);
	atomic_store_explicit(&waiters_at(r, service)->turn_ms[w], turn_ms(us),
	    memory_order_relaxed);
}

void
waiters_recover(const struct region *r, uint32_t w)
{
	uint32_t n = atomic_load(&r->state->control.services);

	for (uint32_t i = 0; i < n && i < SERVICES_MAX; i++)
		for (uint32_t k = 0; k < WAITERS_CLASSES; k++)
			if ((atomic_load(&waiters_at(r, i)->of[k]) &
				bit_of(w)) != 0)
				waiters_clear(r, i, k, w);
}
