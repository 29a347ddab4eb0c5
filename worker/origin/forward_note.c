/*
 * forward_note.c - what is remembered of each call that a request makes, for
 * the record of it.
 */
#include "shm/record.h"
#include "worker/origin/forward_state.h"

/* NULL: nobody would read it, or no memory. */
static struct req_try *
note_new(struct forward *f)
{
	struct req *q = f->req;
	struct req_try *t;

	if (q->env->region->record_bytes == 0 && q->steps == NULL)
		return NULL;
	t = arena_alloc(&q->arena, sizeof(*t));
	if (t == NULL)
		return NULL;
	*t = (struct req_try){ .before = q->tries,
		.addr = f->call.addr,
		.at_us = mono_diff_us(f->call.began, q->began) };
	q->tries = t;
	return t;
}

void
forward_note_begin(struct forward *f)
{
	f->try = note_new(f);
	if (f->try != NULL && call_is_probe(&f->call))
		f->try->flags |= RECORD_PROBE;
}

/* More would only push out of the record what was sent. */
void
forward_note_barred(struct forward *f)
{
	struct req_try *t;

	if (f->barred_noted == RECORD_ATTEMPTS_MAX)
		return;
	t = note_new(f);
	if (t == NULL)
		return;
	f->barred_noted++;
	t->flags = RECORD_BARRED;
	t->why = WHY_BREAKER_OPEN;
}

void
forward_note_drop(struct forward *f)
{
	if (f->try != NULL)
		f->req->tries = f->try->before;
	f->try = NULL;
}

void
forward_note_head(struct forward *f, const struct head *h)
{
	struct req_try *t = f->try;

	if (t == NULL)
		return;
	t->status = h->status;
	t->head_us = mono_diff_us(clock_now(), f->call.began);
	if (t->head_us == 0)
		t->head_us = 1;
}

void
forward_note_end(struct forward *f, enum why why)
{
	const struct call *c = &f->call;
	struct req_try *t = f->try;

	if (t == NULL)
		return;
	f->try = NULL;
	t->why = (uint8_t)why;
	t->total_us = mono_diff_us(clock_now(), c->began);
	t->connect_us = c->connected ? c->connect_us : t->total_us;
	if (c->reused)
		t->flags |= RECORD_REUSED;
	if (c->heard)
		t->flags |= RECORD_HEARD;
}

/* Without a queue (forward_full.c). */
void
forward_note_full(struct forward *f)
{
	if (f->full_steps != 0)
		f->req->queue_us += mono_diff_us(clock_now(), f->full_at);
}

void
forward_note_left(struct forward *f)
{
	forward_note_full(f);
	f->full_steps = 0;
	if (f->queued) {
		f->req->queue_us += f->wait.waited_us;
		f->wait.waited_us = 0;
	}
	forward_note_end(f, (enum why)f->req->why);
}

void
forward_note_service(struct req *q)
{
	struct slice name =
	    registry_service_name(q->env->region, q->plan.service);

	q->fallen = true;
	for (struct req_try *t = q->tries; t != NULL; t = t->before)
		if (t->service.n == 0)
			t->service = name;
}

void
forward_note_time(struct forward *f)
{
	if (!f->timed)
		f->req->upstream_us += mono_diff_us(clock_now(), f->began);
	f->timed = true;
}
