/*
 * worker.c - puts a worker together and turns its loop.
 *
 *   before waiting:  epoch_leave
 *   after waiting:   epoch_enter; what is new in shared memory, but once a
 *                    millisecond only, unless somebody woke this worker for it
 */
#include "worker/worker.h"

#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "common/base/hash.h"
#include "common/base/log.h"
#include "common/base/must.h"
#include "common/jose/issue.h"
#include "common/net/sock.h"
#include "common/net/tls.h"
#include "shm/audit.h"
#include "shm/control.h"
#include "shm/slots.h"
#include "worker/client_work.h"
#include "worker/clients.h"
#include "worker/filters.h"
#include "worker/flow/contexts.h"
#include "worker/flow/errand.h"
#include "worker/flow/guards.h"
#include "worker/flow/keys.h"
#include "worker/flow/secure.h"
#include "worker/listen.h"
#include "worker/origin/opool.h"
#include "worker/origin/queue.h"
#include "worker/overload.h"
#include "worker/parts.h"
#include "worker/wakes.h"
#include "worker/watch/meters.h"
#include "worker/watch/offences.h"

/* Heartbeats go on when idle; the keeper's idea of stale rests on it. */
#define WORKER_MAX_WAIT_US 250000u
#define WORKER_COMPILE_US 1000u /* per turn: of expressions, of TLS */
#define WORKER_TRIM_US 1000000u
#define WORKER_SETTLE_US 100000u /* nothing came: the queues are empty */
#define WORKER_LEAVE_US 1000000u /* see also the keeper's grace */
#define WORKER_NEWS_US 1000u     /* between two looks at what is new */

struct worker {
	struct env env;
	struct loop loop;
	struct inherit *in;
	struct clients clients;
	struct listeners listeners;
	struct opool opool;
	struct overload overload;
	struct loop_watch wake, control;
	struct timer drain_timer, settle_timer;
	bool leaving;        /* timeouts.drain is over */
	uint64_t settled;    /* accepted when the settle timer was set */
	uint64_t generation; /* that limits were taken from */
	struct mono looked;  /* at what is new */
	struct mono trimmed;
	uint64_t turns, events; /* counted so far */
};

/* The worker whose last words must_fail keeps; one per process. */
static const struct worker *worker_dying;

static void
worker_last_words(const char *text)
{
	slot_last_words(worker_dying->env.region, worker_dying->env.slot, text);
}

/* ---- what is new in shared memory ---- */

static void
worker_new_generation(struct worker *w)
{
	const struct img_head *img = w->env.view.image;
	const struct img_limits *l = &img->limits;

	w->generation = w->env.view.generation;
	w->clients.limits = (struct codec_limits){
		.head_bytes = l->head_bytes,
		.uri_bytes = l->uri_bytes,
		.fields = l->fields,
	};
	w->clients.h2_limits = (struct h2_limits){
		.streams = img->http2.streams,
		.window = img->http2.window,
		.connection_window = img->http2.connection_window,
		.resets = img->http2.resets,
		.control = img->http2.control,
	};
	w->clients.requests_max = l->requests_per_connection;
	w->clients.min_rate = l->min_rate;
	audit_follow(w->env.region, img);
	offences_follow(&w->env);
	overload_follow(&w->overload);
	listeners_follow(&w->listeners);
	opool_sweep(&w->opool);
}

/* First what has a last word to say gets a moment for it. */
static void
worker_drain_over(struct timer *t)
{
	struct worker *w = CONTAINER_OF(t, struct worker, drain_timer);

	if (!w->leaving && clients_leave(&w->clients)) {
		w->leaving = true;
		timer_set(&w->loop.timers, t,
		    mono_add_us(clock_now(), WORKER_LEAVE_US));
		return;
	}
	clients_stop(&w->clients);
	w->loop.stop = true;
}

/* Memory that the last second did not need goes back. */
static void
worker_trim(struct worker *w)
{
	w->trimmed = clock_now();
	buf_pool_trim();
	pool_trim(&w->clients.pool);
	pool_trim(&w->clients.works);
	pool_trim(&w->clients.h2s);
	pool_trim(&w->clients.streams);
	h2_trim();
	opool_trim(&w->opool);
	pool_trim(&w->env.reqs);
}

/*
 * The keeper has made the listening sockets deaf, but a handshake may still be
 * under way: they are let go when nothing came for a while and nobody is here,
 * or when the keeper orders it. A worker that does not know of the stop yet may
 * still hand over what it accepts.
 */
static void
worker_settle(struct timer *t)
{
	struct worker *w = CONTAINER_OF(t, struct worker, settle_timer);
	bool quiet = w->listeners.accepted == w->settled &&
	    handover_is_over(&w->listeners.handover);

	if (list_empty(&w->listeners.items))
		return;
	if (quiet && w->clients.count == 0) {
		listeners_remove_all(&w->listeners);
		return;
	}
	w->settled = w->listeners.accepted;
	timer_set(
	    &w->loop.timers, t, mono_add_us(clock_now(), WORKER_SETTLE_US));
}

static void
worker_drain(struct worker *w, uint64_t deadline_us)
{
	w->env.draining = true;
	slot_set_state(w->env.region, w->env.slot, SLOT_DRAINING);
	clients_drain(&w->clients);
	opool_close_all(&w->opool);
	w->settled = w->listeners.accepted;
	timer_set(&w->loop.timers, &w->settle_timer,
	    mono_add_us(clock_now(), WORKER_SETTLE_US));
	timer_set(
	    &w->loop.timers, &w->drain_timer, (struct mono){ deadline_us });
}

static bool
worker_done(const struct worker *w)
{
	return w->loop.stop ||
	    (w->env.draining && w->clients.count == 0 &&
		(w->leaving || list_empty(&w->listeners.items)));
}

/* Heartbeat, work on what was published, and what is wanted of it. */
static void
worker_look(struct worker *w)
{
	struct env *e = &w->env;
	uint64_t expire = epoch_expire_below(e->region);
	uint64_t drain = control_draining(e->region);

	w->looked = clock_now();
	slot_beat(e->region, e->slot, w->looked.us);
	if (mono_diff_us(w->looked, w->trimmed) >= WORKER_TRIM_US)
		worker_trim(w);
	if (e->view.image != NULL) {
		contexts_turn(e->contexts, e->view.image, WORKER_COMPILE_US);
		secure_turn(e->secure, WORKER_COMPILE_US);
		keys_turn(e->keys, WORKER_COMPILE_US);
	}
	guards_turn(e);
	if (e->view.generation != w->generation && e->view.image != NULL)
		worker_new_generation(w);
	if (expire != 0)
		clients_expire(&w->clients, expire);
	if (drain != 0 && !e->draining)
		worker_drain(w, drain);
}

static void
worker_before_wait(void *ctx)
{
	struct worker *w = ctx;
	struct env *e = &w->env;

	w->loop.nap_us = client_works_turn(&w->clients);
	overload_turn(&w->overload, w->loop.events - w->events);
	env_count(e, COUNTER_LOOP_TURNS, (int64_t)(w->loop.turns - w->turns));
	env_count(
	    e, COUNTER_LOOP_EVENTS, (int64_t)(w->loop.events - w->events));
	w->turns = w->loop.turns;
	w->events = w->loop.events;
	epoch_leave(e->region, e->slot);
}

static void
worker_after_wait(void *ctx)
{
	struct worker *w = ctx;
	struct env *e = &w->env;

	epoch_enter(e->region, e->slot, &e->view);
	if (e->view.generation != w->generation ||
	    mono_diff_us(clock_now(), w->looked) >= WORKER_NEWS_US)
		worker_look(w);
}

/* ---- orders from the keeper ---- */

static void
worker_wake(struct loop_watch *watch, unsigned events)
{
	struct worker *w = CONTAINER_OF(watch, struct worker, wake);
	uint64_t n;

	(void)events;
	if (read(watch->fd, &n, sizeof(n)) < 0 && errno != EAGAIN)
		log_warn("wake");
	worker_look(w);
	opool_sweep(&w->opool);
	queues_woken(&w->env);
	errands_look(&w->env);
}

static void
worker_obey(struct worker *w, const struct worker_message *m, int fd)
{
	char name[32];

	switch ((enum worker_order)m->order) {
	case ORDER_LISTENER_ADD:
		if (fd >= 0 && !listener_add(&w->listeners, m->slot, m->id, fd))
			log_warn("listener");
		break;
	case ORDER_LISTENER_REMOVE:
		if (m->id != 0)
			listener_remove(&w->listeners, m->id);
		break;
	case ORDER_RELEASE:
		listeners_release(&w->listeners, m->slot);
		break;
	case ORDER_LOG_REOPEN:
		snprintf(name, sizeof(name), "worker %u", w->env.slot);
		if (fd >= 0)
			log_open_fd(fd, w->in->log_level, name);
		break;
	case ORDER_LOG_LEVEL:
		log_set_level((enum log_level)m->id);
		break;
	}
}

static void
worker_control(struct loop_watch *watch, unsigned events)
{
	struct worker *w = CONTAINER_OF(watch, struct worker, control);
	struct worker_message m;
	ssize_t n;
	int fd;

	(void)events;
	while ((n = sock_recv_fd(watch->fd, &m, sizeof(m), &fd)) ==
	    (ssize_t)sizeof(m))
		worker_obey(w, &m, fd);
	if (n == 0)
		w->loop.stop = true; /* the keeper is gone */
}

/* ---- start ---- */

static void
worker_pin_cpu(uint32_t slot)
{
	cpu_set_t all, one;
	unsigned want, seen = 0;

	if (sched_getaffinity(0, sizeof(all), &all) != 0)
		return;
	want = slot % (unsigned)CPU_COUNT(&all);
	for (unsigned i = 0; i < CPU_SETSIZE; i++) {
		if (!CPU_ISSET(i, &all) || seen++ != want)
			continue;
		CPU_ZERO(&one);
		CPU_SET(i, &one);
		if (sched_setaffinity(0, sizeof(one), &one) != 0)
			log_warn("cpu affinity");
		return;
	}
}

static bool
worker_env_init(struct worker *w, uint32_t slot)
{
	struct env *e = &w->env;

	*e = (struct env){ .loop = &w->loop,
		.region = &w->in->region,
		.in = w->in,
		.slot = slot,
		.helpers = w->in->helpers,
		.filters = filters_all,
		.opool = &w->opool,
		.req_ended = meters_request,
		.call_ended = meters_call };
	random_init(&e->random, hash_key_random());
	audit_begin(e->region, slot);
	wakes_set(e);
	return parts_init(e) && opool_init(&w->opool, e);
}

static bool
worker_watch(
    struct worker *w, struct loop_watch *watch, int fd, loop_event_fn *fn)
{
	*watch = (struct loop_watch){ .fn = fn, .fd = fd };
	return loop_add(&w->loop, watch, true);
}

/* This slot's sockets are taken over, the others' closed. */
static bool
worker_take_listeners(struct worker *w, uint32_t slot)
{
	struct inherit *in = w->in;

	for (uint32_t i = 0; i < LISTENERS_MAX; i++) {
		struct inherit_listener *l = &in->listeners[i];

		if (l->id == 0)
			continue;
		for (uint32_t s = 0; s < in->workers; s++)
			if (s != slot && l->fds[s] >= 0)
				close(l->fds[s]);
		if (l->fds[slot] >= 0 &&
		    !listener_add(&w->listeners, slot, l->id, l->fds[slot]))
			return false;
	}
	return in->handover_in[slot] < 0 ||
	    listener_add(
		&w->listeners, slot, LISTENER_HANDOVER, in->handover_in[slot]);
}

static bool
worker_init(struct worker *w, struct inherit *in, uint32_t slot)
{
	w->in = in;
	if (in->cpu_affinity)
		worker_pin_cpu(slot);
	buf_pool_init(0);
	tls_init();
	issue_init();
	if (!io_scratch_init() || !loop_init(&w->loop) ||
	    !worker_env_init(w, slot))
		return false;
	w->loop.before_wait = worker_before_wait;
	w->loop.after_wait = worker_after_wait;
	w->loop.hook_ctx = w;
	clients_init(&w->clients, &w->env, in->worker_connections);
	overload_init(&w->overload, &w->clients);
	listeners_init(&w->listeners, &w->loop, &w->clients, in);
	timer_init(&w->drain_timer, worker_drain_over);
	timer_init(&w->settle_timer, worker_settle);
	epoch_enter(w->env.region, slot, &w->env.view);
	if (w->env.view.image != NULL)
		worker_new_generation(w);
	return worker_watch(w, &w->wake, in->wake_fds[slot], worker_wake) &&
	    worker_watch(
		w, &w->control, in->control_fds[slot], worker_control) &&
	    worker_take_listeners(w, slot);
}

static void
worker_fini(struct worker *w)
{
	listeners_leave(&w->listeners);
	clients_stop(&w->clients);
	opool_close_all(&w->opool);
	(void)loop_turn(&w->loop, 0); /* frees what was put off */
	overload_fini(&w->overload);
	clients_fini(&w->clients);
	opool_fini(&w->opool);
	parts_fini(&w->env);
	loop_fini(&w->loop);
	buf_pool_fini();
	io_scratch_fini();
}

int
worker_main(struct inherit *in, uint32_t slot)
{
	struct worker *w = calloc(1, sizeof(*w));
	bool ok;

	if (w == NULL || !worker_init(w, in, slot)) {
		log_err("start");
		free(w);
		return 1;
	}
	worker_dying = w;
	must_set_hook(worker_last_words);
	must_catch_signals();
	slot_set_state(w->env.region, slot, SLOT_READY);
	while (
	    (ok = loop_turn(&w->loop, WORKER_MAX_WAIT_US)) && !worker_done(w))
		continue;
	if (!ok)
		log_err("event loop");
	slot_set_state(w->env.region, slot, SLOT_DRAINING);
	worker_fini(w);
	worker_dying = NULL;
	must_set_hook(NULL);
	free(w);
	return ok ? 0 : 1;
}
