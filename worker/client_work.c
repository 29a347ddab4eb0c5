/*
 * client_work.c - see client_work.h.
 */
#include "worker/client_work.h"

#include "worker/clients.h"

#define SPARES_MAX 64
#define ASIDE_US 10000u

static struct client_work *
work_at(struct list *at)
{
	return CONTAINER_OF(at, struct client_work, rest);
}

static struct client_work *
work_new(struct clients *cs, const struct codec_events *events)
{
	struct client_work *w = pool_take(&cs->works);

	if (w == NULL)
		return NULL;
	h1_init(&w->codec, CODEC_SERVER, events, &cs->limits, NULL);
	list_init(&w->rest);
	return w;
}

static struct client_work *
work_spare(struct clients *cs)
{
	struct client_work *w = work_at(cs->spare.next);

	list_remove(&w->rest);
	cs->spares--;
	return w;
}

bool
client_work_take(struct client *c, const struct codec_events *events)
{
	struct clients *cs = c->all;
	struct client_work *w;

	if (c->work != NULL)
		return true;
	w = cs->spares != 0 ? work_spare(cs) : work_new(cs, events);
	if (w == NULL)
		return false;
	w->codec.base.out = &c->io.out;
	w->client = c;
	w->until = (struct mono){ c->timer.deadline_us };
	w->rate = (struct client_rate){ 0 };
	w->sent_mark = UINT64_MAX;
	c->work = w;
	return true;
}

void
client_work_rest(struct client *c)
{
	if (list_empty(&c->work->rest))
		list_push_back(&c->all->resting, &c->work->rest);
}

void
client_work_give(struct client *c)
{
	if (c->work == NULL)
		return;
	list_remove(&c->work->rest);
	pool_give(&c->all->works, c->work);
	c->work = NULL;
}

/* Nothing is under way, and its codec is as it began. */
static bool
client_rests(const struct client *c)
{
	return c->state == CLIENT_IDLE && !c->io.blocked && !c->io.saw_eof &&
	    io_stashed(&c->io) == 0 && h1_idle(&c->work->codec);
}

static void
work_put(struct clients *cs, struct client_work *w)
{
	w->client->work = NULL;
	if (cs->spares == SPARES_MAX) {
		pool_give(&cs->works, w);
		return;
	}
	list_push_front(&cs->spare, &w->rest);
	cs->spares++;
}

void
client_work_aside(struct client *c)
{
	c->work->aside = clock_now();
	/* A request before this one may have been answered as it came. */
	list_remove(&c->work->rest);
	list_push_back(&c->all->aside, &c->work->rest);
}

/* Those that are due are watched; so long until the next one is. */
static uint64_t
works_aside(struct clients *cs)
{
	while (!list_empty(&cs->aside)) {
		struct client_work *w = work_at(cs->aside.next);
		uint64_t us = mono_diff_us(clock_now(), w->aside);

		if (us < ASIDE_US)
			return ASIDE_US - us;
		list_remove(&w->rest);
		io_watch(&w->client->io);
	}
	return UINT64_MAX;
}

uint64_t
client_works_turn(struct clients *cs)
{
	while (!list_empty(&cs->resting)) {
		struct client_work *w = work_at(cs->resting.next);

		list_remove(&w->rest);
		if (client_rests(w->client))
			work_put(cs, w);
	}
	return works_aside(cs);
}

void
client_works_fini(struct clients *cs)
{
	while (cs->spares != 0)
		pool_give(&cs->works, work_spare(cs));
}
