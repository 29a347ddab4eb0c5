/*
 * otlp.c - see otlp.h. Here: what comes in, and how much of it may wait.
 */
#include "tools/otlp_inside.h"

#include <stdlib.h>

#include "common/base/must.h"

#define STOP_US 3000000        /* for all that is left at the end */
#define STOP_INTERVAL_US 20000 /* what may still come then */

static void
otlp_count(_Atomic uint64_t *word, uint64_t by)
{
	atomic_fetch_add_explicit(word, by, memory_order_relaxed);
}

void
otlp_lose(struct otlp *o, uint64_t spans)
{
	if (o->failing)
		o->lost_since += spans;
	otlp_count(&o->tell->spans_lost, spans);
}

/* ---- batches ---- */

void
otlp_batch_free(struct otlp_batch *b)
{
	b->otlp->bytes -= b->bytes;
	list_remove(&b->link);
	text_fini(&b->answer);
	free(b);
}

static void
otlp_seal(struct otlp *o)
{
	const struct otlp_settings *s = &o->settings;
	struct otlp_batch *b;
	struct text body;

	timer_cancel(&o->ripe);
	if (o->growing_spans == 0)
		return;
	text_init(&body);
	s->encoding->body(&body, &s->resource, text_slice(&o->growing));
	b = malloc(sizeof(*b) + body.n);
	MUST(b != NULL);
	*b = (struct otlp_batch){ .otlp = o,
		.encoding = s->encoding,
		.made = clock_now(),
		.spans = o->growing_spans,
		.bytes = body.n };
	memcpy(b->body, body.p, body.n);
	text_fini(&body);
	list_push_back(&o->waiting, &b->link);
	o->bytes += b->bytes;
	o->growing_spans = 0;
	text_clear(&o->growing);
}

static void
otlp_on_ripe(struct timer *t)
{
	struct otlp *o = CONTAINER_OF(t, struct otlp, ripe);

	otlp_seal(o);
	otlp_send(o);
}

/* ---- spans ---- */

static struct slice
otlp_path(const struct otlp_known *k, struct slice name)
{
	const struct otlp *o =
	    CONTAINER_OF((struct otlp_known *)(uintptr_t)k, struct otlp, known);
	const struct map_entry *e = map_get(&o->settings.paths, name);

	return e != NULL ? slice_str(e->value.ptr) : SLICE_NONE;
}

static void
otlp_add(struct otlp *o, const struct record_view *v, uint32_t spans)
{
	const struct otlp_settings *s = &o->settings;

	for (uint32_t i = 0; i < spans; i++) {
		otlp_span_make(&o->span, v, i, &o->known);
		s->encoding->span(&o->growing, &o->span);
	}
	if (o->growing_spans == 0)
		timer_set(&o->loop->timers, &o->ripe,
		    mono_add_us(clock_now(),
			o->stopping ? STOP_INTERVAL_US : s->interval_us));
	o->growing_spans += spans;
}

void
otlp_take(struct otlp *o, const struct record_view *v)
{
	const struct otlp_settings *s = &o->settings;
	uint32_t spans;

	if (v->request == NULL || (v->request->flags & RECORD_SAMPLED) == 0)
		return;
	spans = otlp_span_count(v);
	if (s->encoding == NULL || o->bytes + o->growing.n >= s->queue_bytes) {
		otlp_lose(o, spans);
		return;
	}
	otlp_add(o, v, spans);
	if (o->growing_spans < s->batch)
		return;
	otlp_seal(o);
	otlp_send(o);
}

/* ---- life ---- */

static void
otlp_drop(struct otlp *o, struct list *batches)
{
	while (!list_empty(batches)) {
		struct otlp_batch *b =
		    CONTAINER_OF(batches->next, struct otlp_batch, link);

		otlp_lose(o, b->spans);
		otlp_batch_free(b);
	}
}

void
otlp_configure(struct otlp *o, const struct img_head *img)
{
	otlp_seal(o);
	otlp_settings_copy(&o->settings, img, o->instance);
	o->known.mask = img->telemetry.mask;
	if (o->settings.encoding == NULL)
		otlp_drop(o, &o->waiting);
	otlp_send_anew(o);
}

void
otlp_stop(struct otlp *o)
{
	o->stopping = true;
	o->stop_due = mono_add_us(clock_now(), STOP_US);
	otlp_seal(o);
	otlp_send(o);
}

bool
otlp_idle(const struct otlp *o)
{
	if (o->stopping && clock_now().us >= o->stop_due.us)
		return true;
	return o->growing_spans == 0 && list_empty(&o->waiting) &&
	    list_empty(&o->flying);
}

struct otlp *
otlp_new(struct loop *loop, struct shm_readers *tell, struct slice instance)
{
	struct otlp *o = calloc(1, sizeof(*o));
	char *name = strndup(instance.p != NULL ? instance.p : "", instance.n);

	MUST(o != NULL && name != NULL);
	o->loop = loop;
	o->tell = tell;
	o->instance = slice_str(name);
	o->known.path = otlp_path;
	o->known.room = mask_room_new();
	o->randoms = (uint64_t)clock_wall().us;
	timer_init(&o->ripe, otlp_on_ripe);
	list_init(&o->waiting);
	list_init(&o->flying);
	otlp_settings_init(&o->settings);
	if (otlp_send_init(o))
		return o;
	otlp_free(o);
	return NULL;
}

void
otlp_free(struct otlp *o)
{
	char *name = (char *)(uintptr_t)o->instance.p;

	otlp_lose(o, o->growing_spans);
	otlp_send_fini(o);
	otlp_drop(o, &o->waiting);
	timer_fini(&o->loop->timers, &o->ripe);
	text_fini(&o->growing);
	mask_room_free(o->known.room);
	otlp_settings_fini(&o->settings);
	free(name);
	free(o);
}
