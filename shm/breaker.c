/*
 * breaker.c - protocol C, as workers see it; breaker_word.c has its steps.
 *
 * A probe takes its permit and looks at the word again after that; it counts
 * what it did in the word before it drops the permit. So of all that were let
 * through in one epoch of HALF, those that succeeded are in oks, and those
 * whose fate is open hold permits: count + oks <= probes at each admission is
 * what bounds them. Who holds a permit from an earlier epoch is counted with
 * them, being on its way to what is tried here.
 */
#include "shm/breaker.h"

#include "shm/breaker_word.h"

#define HALF_WAIT_US 1000000u /* nobody knows how long probes take */

/* ---- the rule, within its bounds ---- */

static uint32_t
bounded(uint32_t value, uint32_t max)
{
	if (value > max)
		return max;
	return value != 0 ? value : 1;
}

static uint32_t
rule_probes(const struct breaker_rule *rule)
{
	return bounded(rule->probes, BREAKER_PROBES_MAX);
}

static uint32_t
rule_successes(const struct breaker_rule *rule)
{
	return bounded(rule->successes, rule_probes(rule));
}

static bool
rule_slow(const struct breaker_rule *rule, const struct breaker_outcome *how)
{
	return rule->slow_rate != 0 && how->us > rule->slow_us;
}

/* ---- asking ---- */

enum breaker_look
breaker_look(const struct region *r, uint32_t breaker, uint64_t now_us,
    uint64_t *wait_us)
{
	struct breaker_word w = breaker_unpack(breaker_load(r, breaker));

	if (w.state == BREAKER_CLOSED)
		return BREAKER_LOOK_GO;
	if (w.state != BREAKER_OPEN)
		return BREAKER_LOOK_MAYBE;
	int64_t us = breaker_wait_us(&w, now_us);
	if (us <= 0)
		return BREAKER_LOOK_MAYBE;
	*wait_us = (uint64_t)us;
	return BREAKER_LOOK_REFUSE;
}

/* A reload has lowered `successes` to what there already are. */
static bool
half_is_over(const struct breaker_rule *rule, const struct breaker_word *w)
{
	return w->oks >= rule_successes(rule);
}

/* PERMIT_NONE: it is no probe, at least not of this epoch. */
static uint32_t
probe_take(struct permits *p, uint32_t breaker, const struct breaker_rule *rule,
    const struct breaker_word *w)
{
	uint32_t count;
	uint32_t ticket = permit_take_counted(
	    p, PERMIT_BREAKER + breaker, rule_probes(rule), &count);

	if (ticket == PERMIT_NONE)
		return PERMIT_NONE;
	struct breaker_word now =
	    breaker_unpack(breaker_load(p->region, breaker));
	if (now.epoch == w->epoch && count + now.oks <= rule_probes(rule))
		return ticket;
	permit_drop(p, ticket);
	return PERMIT_NONE;
}

enum admission { ADMITTED, REFUSED, AGAIN };

static enum admission
half_admit(struct permits *p, uint32_t breaker, const struct breaker_rule *rule,
    uint64_t *seen, uint64_t now_us, struct breaker_pass *pass)
{
	struct breaker_word w = breaker_unpack(*seen);
	struct breaker_turn turn = {
		.to = BREAKER_CLOSED, .cause = CAUSE_CONFIG, .detail = w.oks
	};

	if (half_is_over(rule, &w)) {
		(void)breaker_change(
		    p->region, breaker, seen, &turn, 0, now_us);
		return AGAIN;
	}
	pass->ticket = probe_take(p, breaker, rule, &w);
	if (pass->ticket != PERMIT_NONE)
		return ADMITTED;
	return breaker_epoch(p->region, breaker) == w.epoch ? REFUSED : AGAIN;
}

/* One look at a word that is not CLOSED. */
static enum admission
open_admit(struct permits *p, uint32_t breaker, const struct breaker_rule *rule,
    uint64_t *seen, uint64_t now_us, struct breaker_pass *pass,
    uint64_t *wait_us)
{
	struct breaker_word w = breaker_unpack(*seen);
	struct breaker_turn turn = { .to = BREAKER_HALF, .cause = CAUSE_TIME };

	*wait_us = HALF_WAIT_US;
	if (w.state != BREAKER_OPEN)
		return half_admit(p, breaker, rule, seen, now_us, pass);
	int64_t us = breaker_wait_us(&w, now_us);
	if (us > 0) {
		*wait_us = (uint64_t)us;
		return REFUSED;
	}
	(void)breaker_change(p->region, breaker, seen, &turn, 0, now_us);
	return AGAIN;
}

/* True: it is CLOSED. Else what is to be gone by is in *seen. */
static inline bool
closed_admit(const struct permits *p, uint32_t breaker, uint64_t *seen,
    struct breaker_pass *pass)
{
	*seen = breaker_load(p->region, breaker);
	*pass =
	    (struct breaker_pass){ breaker_unpack(*seen).epoch, PERMIT_NONE };
	return breaker_unpack(*seen).state == BREAKER_CLOSED;
}

/* Apart, as the stack that it needs is for the few that get here. */
static __attribute__((noinline)) bool
other_admit(struct permits *p, uint32_t breaker,
    const struct breaker_rule *rule, uint64_t now_us, uint64_t seen,
    struct breaker_pass *pass, uint64_t *wait_us)
{
	enum admission a;

	do {
		a = open_admit(p, breaker, rule, &seen, now_us, pass, wait_us);
		if (a == AGAIN && closed_admit(p, breaker, &seen, pass))
			a = ADMITTED;
	} while (a == AGAIN);
	return a == ADMITTED;
}

bool
breaker_admit(struct permits *p, uint32_t breaker,
    const struct breaker_rule *rule, uint64_t now_us, bool bypass,
    struct breaker_pass *pass, uint64_t *wait_us)
{
	uint64_t seen;

	return closed_admit(p, breaker, &seen, pass) ||
	    other_admit(p, breaker, rule, now_us, seen, pass, wait_us) ||
	    bypass;
}

/* ---- results ---- */

/* What a call that failed, or was slow, is called in the history. */
static struct breaker_failure
outcome_failure(const struct breaker_outcome *how)
{
	uint64_t ms = how->us / 1000;

	if (how->failed)
		return (struct breaker_failure){ 0, how->cause, how->detail };
	return (struct breaker_failure){ 0, CAUSE_SLOW,
		ms < UINT32_MAX ? (uint32_t)ms : UINT32_MAX };
}

static bool
rate_is_over(uint32_t part, uint32_t calls, uint32_t rate)
{
	return rate != 0 && (uint64_t)part * 1000 >= (uint64_t)calls * rate;
}

static uint32_t
thousandths(uint32_t part, uint32_t whole)
{
	return (uint32_t)((uint64_t)part * 1000 / whole);
}

/* Puts the sums and, if a rate is over, its cause into the turn. */
static bool
window_is_over(const struct region *r, uint32_t breaker,
    const struct breaker_rule *rule, uint32_t epoch, uint64_t now_us,
    struct breaker_turn *turn)
{
	struct breaker_sums *s = &turn->window;

	if (rule->error_rate == 0 && rule->slow_rate == 0)
		return false;
	breaker_window_sum(r, breaker, rule->window_us, epoch, now_us, s);
	if (s->calls == 0 || s->calls < rule->minimum)
		return false;
	if (rate_is_over(s->failed, s->calls, rule->error_rate)) {
		turn->cause = CAUSE_ERROR_RATE;
		turn->detail = thousandths(s->failed, s->calls);
		return true;
	}
	if (!rate_is_over(s->slow, s->calls, rule->slow_rate))
		return false;
	turn->cause = CAUSE_SLOW_RATE;
	turn->detail = thousandths(s->slow, s->calls);
	return true;
}

/* In a row, with this one. */
static uint32_t
fails_with(const struct breaker_word *w, const struct breaker_rule *rule,
    const struct breaker_outcome *how)
{
	if (!how->failed)
		return 0;
	return w->fails +
	    (rule->failures != 0 && w->fails < BREAKER_FAILURES_MAX);
}

/* CLOSED: a call has failed, or was slow. */
static void
closed_failed(const struct region *r, uint32_t breaker,
    const struct breaker_rule *rule, uint64_t seen,
    const struct breaker_outcome *how, uint64_t now_us)
{
	struct breaker_failure f = outcome_failure(how);
	struct breaker_turn turn = {
		.to = BREAKER_OPEN, .cause = f.cause, .detail = f.detail
	};
	struct breaker_word w = breaker_unpack(seen);
	uint32_t epoch = w.epoch;

	breaker_history_failed(r, breaker, epoch, f.cause, f.detail, now_us);
	bool over = window_is_over(r, breaker, rule, epoch, now_us, &turn);
	for (; w.epoch == epoch; w = breaker_unpack(seen)) {
		turn.fails = fails_with(&w, rule, how);
		if (over ||
		    (how->failed && rule->failures != 0 &&
			turn.fails >=
			    bounded(rule->failures, BREAKER_FAILURES_MAX))) {
			if (breaker_change(r, breaker, &seen, &turn,
				breaker_until(rule->open_us, now_us), now_us))
				return;
			continue;
		}
		if (turn.fails == w.fails)
			return;
		w.fails = turn.fails;
		if (breaker_count(r, breaker, &seen, &w))
			return;
	}
}

/* CLOSED: a call went well, and there are failures to forget. */
static void
closed_ok(const struct region *r, uint32_t breaker, uint64_t seen)
{
	struct breaker_word w = breaker_unpack(seen);
	uint32_t epoch = w.epoch;

	for (; w.epoch == epoch && w.fails != 0; w = breaker_unpack(seen)) {
		w.fails = 0;
		if (breaker_count(r, breaker, &seen, &w))
			return;
	}
}

static void
closed_result(const struct permits *p, uint32_t breaker,
    const struct breaker_rule *rule, uint64_t seen,
    const struct breaker_outcome *how, uint64_t now_us)
{
	struct breaker_word w = breaker_unpack(seen);
	bool slow = rule_slow(rule, how);

	if (rule->error_rate != 0 || rule->slow_rate != 0)
		breaker_window_add(p->region, p->slot, breaker, rule->window_us,
		    w.epoch, now_us, how->failed, slow);
	if (how->failed || slow)
		closed_failed(p->region, breaker, rule, seen, how, now_us);
	else if (w.fails != 0)
		closed_ok(p->region, breaker, seen);
}

static void
half_failed(const struct region *r, uint32_t breaker,
    const struct breaker_rule *rule, uint64_t seen,
    const struct breaker_outcome *how, uint64_t now_us)
{
	struct breaker_failure f = outcome_failure(how);
	struct breaker_turn turn = { .to = BREAKER_OPEN,
		.cause = f.cause,
		.detail = f.detail,
		.fails = 1 };
	uint32_t epoch = breaker_unpack(seen).epoch;

	breaker_history_failed(r, breaker, epoch, f.cause, f.detail, now_us);
	while (breaker_unpack(seen).epoch == epoch &&
	    !breaker_change(r, breaker, &seen, &turn,
		breaker_until(rule->open_us, now_us), now_us))
		;
}

static void
half_ok(const struct region *r, uint32_t breaker,
    const struct breaker_rule *rule, uint64_t seen, uint64_t now_us)
{
	struct breaker_turn turn = { .to = BREAKER_CLOSED,
		.cause = CAUSE_ANSWERED };
	struct breaker_word w = breaker_unpack(seen);
	uint32_t epoch = w.epoch;

	for (; w.epoch == epoch; w = breaker_unpack(seen)) {
		w.oks++;
		turn.detail = w.oks;
		if (half_is_over(rule, &w)
			? breaker_change(r, breaker, &seen, &turn, 0, now_us)
			: breaker_count(r, breaker, &seen, &w))
			return;
	}
}

/* Apart likewise: there is something to count, or to forget. */
static __attribute__((noinline)) void
result_count(struct permits *p, uint32_t breaker,
    const struct breaker_rule *rule, const struct breaker_pass *pass,
    const struct breaker_outcome *how, uint64_t now_us, uint64_t seen)
{
	struct breaker_word w = breaker_unpack(seen);
	bool probe = pass->ticket != PERMIT_NONE;

	if (w.epoch == pass->epoch && w.state == BREAKER_CLOSED)
		closed_result(p, breaker, rule, seen, how, now_us);
	else if (w.epoch == pass->epoch && w.state == BREAKER_HALF && probe) {
		if (how->failed || rule_slow(rule, how))
			half_failed(
			    p->region, breaker, rule, seen, how, now_us);
		else
			half_ok(p->region, breaker, rule, seen, now_us);
	}
}

void
breaker_result(struct permits *p, uint32_t breaker,
    const struct breaker_rule *rule, const struct breaker_pass *pass,
    const struct breaker_outcome *how, uint64_t now_us)
{
	uint64_t seen = breaker_load(p->region, breaker);
	struct breaker_word w = breaker_unpack(seen);

	if (w.state != BREAKER_CLOSED || w.fails != 0 || how->failed ||
	    (rule->error_rate | rule->slow_rate) != 0)
		result_count(p, breaker, rule, pass, how, now_us, seen);
	breaker_abandon(p, pass);
}

void
breaker_abandon(struct permits *p, const struct breaker_pass *pass)
{
	if (pass->ticket != PERMIT_NONE)
		permit_drop(p, pass->ticket);
}
