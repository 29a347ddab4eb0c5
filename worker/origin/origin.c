/*
 * origin.c - see origin.h: whose it is, solo or lane.
 */
#include "worker/origin/origin.h"

#include "worker/origin/lane.h"
#include "worker/origin/solo.h"

struct origin *
origin_take(struct env *e, struct call *c, const struct origin_events *events,
    const struct origin_want *want)
{
	return want->h2 ? lane_take(e, c, events, want)
			: solo_take(e, c, events, want);
}

void
origin_release(struct origin *o)
{
	if (o->io != NULL)
		solo_release(o);
	else
		lane_close(o);
}

void
origin_close(struct origin *o)
{
	if (o->io != NULL)
		solo_close(o);
	else
		lane_close(o);
}

void
origin_pause(struct origin *o, bool paused)
{
	if (o->paused == paused)
		return;
	o->paused = paused;
	if (o->stream != NULL)
		stream_pause(o->stream, paused);
	if (o->io != NULL)
		io_pause(o->io, paused);
	else if (!paused)
		(void)origin_flush_lane(o); /* tells what was kept */
}

void
origin_suspect(struct origin *o, struct mono began)
{
	if (o->io == NULL)
		lane_suspect(o, began);
}

bool
origin_flush_lane(struct origin *o)
{
	lane_stir(o);
	return origin_queued(o) < BUF_BLOCK_BYTES;
}
