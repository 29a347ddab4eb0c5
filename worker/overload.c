/*
 * overload.c - see overload.h.
 */
#include "worker/overload.h"

#include <malloc.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "common/base/log.h"
#include "common/base/must.h"
#include "shm/slots.h"

#define PROBE_EVERY_US 10000u
#define TRIM_EVERY_US 1000000u
#define CALM_US 10000000u /* after so long without, it is over */
#define RECLAIM_LOOKS 32u /* in a step; see clients_make_room */

static void
overload_publish(const struct overload *o)
{
	struct env *e = o->clients->env;

	e->pressure_level = o->pressure.level;
	e->pressure = pressure_part(o->pressure.level, IMG_CLASS_NORMAL);
	e->shed_closes = o->pressure.cause == PRESSURE_CONNECTIONS;
	slot_set_load(
	    e->region, e->slot, o->pressure.lag_us, o->pressure.level);
}

/* ---- what is measured ---- */

/* The probe has come. */
static void
overload_probed(struct loop_watch *w, unsigned events)
{
	struct overload *o = CONTAINER_OF(w, struct overload, probe);

	(void)events;
	o->came++;
	if (!o->probing)
		return;
	o->probing = false;
	/* The turn has gone on since its clock was read. */
	o->waited_us += clock_raw_us() - o->birth_us - o->probed.us;
	o->probes++;
}

/* It stands for what came when this turn had just begun. */
static void
overload_send_probe(struct overload *o)
{
	uint64_t one = 1;

	o->probed = clock_now();
	o->probing = write(o->probe.fd, &one, sizeof(one)) == sizeof(one);
}

/* One that is still under way counts, too, when it has waited for longer. */
static uint64_t
overload_lag_us(const struct overload *o)
{
	uint64_t mean = o->probes != 0 ? o->waited_us / o->probes : 0;
	uint64_t yet = o->probing ? mono_diff_us(clock_now(), o->probed) : 0;

	return yet > mean ? yet : mean;
}

/*
 * Closes what is idle of those that are too many and says how many it did. In
 * `more` that it found some at each look, so that those which are still too
 * many may be idle, too.
 */
static uint32_t
overload_reclaim(struct overload *o, bool *more)
{
	const struct clients *cs = o->clients;
	uint64_t limit = (uint64_t)cs->max * o->limits.connections / 1000;
	uint64_t over = cs->count > limit ? cs->count - limit : 0;
	uint32_t closed = 1, all = 0;

	*more = false;
	if (o->limits.connections == 0)
		return 0;
	for (uint32_t i = 0; i < RECLAIM_LOOKS && all < over && closed != 0;
	     i++) {
		closed = clients_make_room(o->clients);
		all += closed;
	}
	*more = all != 0 && closed != 0;
	return all;
}

/* What was freed is given back, so that it counts no more. */
static void
overload_trim(struct overload *o, uint64_t memory)
{
	if (o->limits.memory_bytes == 0 || memory <= o->limits.memory_bytes ||
	    mono_diff_us(clock_now(), o->trimmed) < TRIM_EVERY_US)
		return;
	o->trimmed = clock_now();
	(void)malloc_trim(0);
}

static void
overload_measure(struct overload *o, struct pressure_measures *m)
{
	struct env *e = o->clients->env;
	bool more;
	/* Those that were closed leave at the end of the turn. */
	uint32_t leaving = overload_reclaim(o, &more);

	*m = (struct pressure_measures){
		.lag_us = overload_lag_us(o),
		.reclaimed = more,
		.connections = o->clients->count - leaving,
		.connections_max = o->clients->max,
		.memory_bytes = slot_memory(e->region, e->slot),
	};
	memcpy(m->asked, e->shed_asked, sizeof(m->asked));
	memset(e->shed_asked, 0, sizeof(e->shed_asked));
	overload_trim(o, m->memory_bytes);
	o->waited_us = o->probes = 0;
}

/* ---- what is told ---- */

static uint64_t
overload_shed(const struct env *e)
{
	uint64_t sum = 0;

	for (unsigned c = COUNTER_SHED_NORMAL; c <= COUNTER_SHED_EMERGENCY; c++)
		sum +=
		    atomic_load_explicit(&e->counters[c], memory_order_relaxed);
	return sum;
}

static void
overload_tell_begin(const struct overload *o, const struct pressure_measures *m)
{
	switch ((enum pressure_cause)o->pressure.cause) {
	case PRESSURE_NONE:
		break;
	case PRESSURE_LAG:
		log_warnx("overload: requests are shed: events wait for %llu "
			  "ms",
		    (unsigned long long)o->pressure.lag_us / 1000);
		break;
	case PRESSURE_CONNECTIONS:
		log_warnx("overload: requests are shed: there are %u "
			  "connections of at most %u",
		    m->connections, m->connections_max);
		break;
	case PRESSURE_MEMORY:
		log_warnx("overload: requests are shed: %llu KiB of memory are "
			  "in use",
		    (unsigned long long)m->memory_bytes / 1024);
		break;
	}
}

static void
overload_tell_end(struct overload *o)
{
	log_warnx("overload: no requests are shed any more; %llu were, in %llu "
		  "s",
	    (unsigned long long)(overload_shed(o->clients->env) - o->before),
	    (unsigned long long)(mono_diff_us(o->last, o->began) / 1000000));
	o->began.us = 0;
}

/* That it begins and ends, not each time that it comes and goes. */
static void
overload_tell(struct overload *o, const struct pressure_measures *m)
{
	if (o->pressure.level != 0) {
		o->last = clock_now();
		if (o->began.us != 0)
			return;
		o->began = o->last;
		o->before = overload_shed(o->clients->env);
		overload_tell_begin(o, m);
	} else if (o->began.us != 0 &&
	    mono_diff_us(clock_now(), o->last) >= CALM_US) {
		overload_tell_end(o);
	}
}

/* ---- its turns ---- */

void
overload_init(struct overload *o, struct clients *cs)
{
	uint64_t raw_us = clock_raw_us();

	*o = (struct overload){ .clients = cs,
		.birth_us = raw_us - clock_update().us,
		.probe = { .fd = -1 } };
}

void
overload_fini(struct overload *o)
{
	if (o->probe.fd >= 0)
		close(o->probe.fd);
	o->probe.fd = -1;
}

/* Without one, lag is not known; the rest is. */
static void
overload_make_probe(struct overload *o)
{
	o->probe = (struct loop_watch){ .fn = overload_probed,
		.fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK) };
	if (o->probe.fd >= 0 &&
	    loop_add(o->clients->env->loop, &o->probe, false))
		return;
	log_warn("overload.lag");
	overload_fini(o);
}

void
overload_follow(struct overload *o)
{
	const struct img_head *img = o->clients->env->view.image;
	const struct img_overload *l = &img->protect.overload;
	bool was = o->on;

	o->limits = *l;
	o->on = l->lag_us != 0 || l->connections != 0 || l->memory_bytes != 0;
	if (o->on && o->probe.fd < 0)
		overload_make_probe(o);
	if (o->on == was)
		return;
	o->stepped = clock_now();
	o->waited_us = o->probes = 0;
	memset(o->clients->env->shed_asked, 0,
	    sizeof(o->clients->env->shed_asked));
	o->pressure = (struct pressure){ 0 };
	if (!o->on && o->began.us != 0)
		overload_tell_end(o);
	overload_publish(o);
}

static void
overload_step(struct overload *o)
{
	struct pressure_measures m;

	overload_measure(o, &m);
	pressure_step(&o->pressure, &o->limits, &m,
	    mono_diff_us(clock_now(), o->stepped));
	o->stepped = clock_now();
	overload_tell(o, &m);
	overload_publish(o);
}

void
overload_turn(struct overload *o, uint64_t events)
{
	struct mono now = clock_now();
	uint64_t others = events - o->came;

	o->came = 0;
	if (!o->on)
		return;
	if (mono_diff_us(now, o->stepped) >= PRESSURE_STEP_US)
		overload_step(o);
	/* An idle worker is left to sleep. */
	if (others != 0 && !o->probing && o->probe.fd >= 0 &&
	    mono_diff_us(now, o->probed) >= PROBE_EVERY_US)
		overload_send_probe(o);
}
