/*
 * forward_fallback.c - what becomes of a request that its service cannot
 * answer: another one gets it, or it has an answer that is kept for that.
 *
 *	no call is left, or the last answer says so
 *	   -> respond: that is the answer
 *	   -> service: what the filter below has kept is what goes upstream
 *	      again, and the filters behind it run anew, for that service
 *
 * One step: the fallback of a fallback is not asked.
 */
#include "common/base/must.h"
#include "worker/flow/grpc.h"
#include "worker/flow/reply.h"
#include "worker/origin/forward.h"
#include "worker/origin/forward_state.h"
#include "worker/origin/retry.h"

/* For the rest of an answer that is not wanted, so that its connection stays.
 */
#define FALL_US 5000u

/* ---- the filter ---- */

enum verdict
forward_prepare(struct req *q)
{
	struct head *kept = arena_alloc(&q->arena, sizeof(*kept));
	struct field *fields =
	    arena_alloc(&q->arena, q->up_room * sizeof(*fields));

	if (kept == NULL || fields == NULL) {
		req_fail(q, WHY_OVERLOADED);
		return DONE;
	}
	*kept = q->up;
	kept->fields = fields;
	kept->room = q->up_room;
	if (kept->count != 0)
		memcpy(fields, q->up.fields, kept->count * sizeof(*fields));
	q->up_before = kept;
	return GO_ON;
}

/* ---- when ---- */

/* The gateway would answer for a service that cannot. */
static bool
fallback_is_for(enum why why)
{
	return why == WHY_ENDPOINTS_FULL || why == WHY_QUEUE_FULL ||
	    why == WHY_QUEUE_TIMEOUT || why_table[why].fault == FAULT_UPSTREAM;
}

/*
 * What the first service may have done by then is done by the other one, too,
 * only where that does no harm.
 */
static bool
fallback_may_send(const struct forward *f, enum why why)
{
	return forward_stands_in(f) && f->req->up_before != NULL &&
	    forward_whole(f) && !f->interim &&
	    (!f->call.connected || retry_unseen(why) ||
		forward_repeatable(f, why));
}

/* Clients of gRPC would not understand it. */
static bool
fallback_may_respond(const struct forward *f)
{
	const struct req *q = f->req;

	return !f->fallen && q->service->fallback.respond != IMG_NONE &&
	    q->grpc == GRPC_NONE;
}

/* ---- what ---- */

/* As if there had been none before, but for what came of the body. */
static void
fallback_begin_anew(struct forward *f)
{
	struct req *q = f->req;

	forward_note_time(f);
	*f = (struct forward){ .req = q,
		.began = clock_now(),
		.client_paused = f->client_paused,
		.body_begun = f->body_begun,
		.keeping = f->keeping,
		.kept = f->kept,
		.before = q->attempts,
		.fallen = true };
}

static void
fallback_send(struct forward *f)
{
	struct req *q = f->req;
	uint32_t to = q->service->fallback.service;
	const struct img_service *all =
	    img_at(q->image, q->image->services.off);

	forward_leave(f);
	fallback_begin_anew(f);
	env_count(q->env, COUNTER_FALLBACKS, 1);
	forward_note_service(q);
	req_set_service(q, to, &all[to].timeouts);
	q->up = *q->up_before;
	q->up_room = q->up_before->room;
	q->passed = IMG_FILTER_FALLBACK + 1;
	pipeline_run(q);
}

static void
fallback_respond(struct forward *f)
{
	struct req *q = f->req;
	uint32_t respond = q->service->fallback.respond;

	forward_abort(q);
	q->handler = NULL;
	reply_respond(q, respond, WHY_FALLBACK);
}

static bool
fallback_take(struct forward *f, enum why why)
{
	if (fallback_may_send(f, why)) {
		forward_settle_tried(f);
		fallback_send(f);
		return true;
	}
	if (fallback_may_respond(f)) {
		forward_settle_tried(f);
		fallback_respond(f);
		return true;
	}
	return false;
}

bool
forward_fails(struct req *q, enum why why)
{
	if (!fallback_is_for(why))
		return false;
	forward_note_end(q->handled, why);
	return fallback_take(q->handled, why);
}

/* ---- after an answer ---- */

bool
forward_falls(const struct forward *f, const struct head *h)
{
	const struct req *q = f->req;
	const struct img_fallback *rule = &q->service->fallback;

	return img_ranges_have(img_at(q->image, rule->statuses.off),
		   rule->statuses.count, h->status) &&
	    (fallback_may_send(f, WHY_OK) || fallback_may_respond(f));
}

void
forward_fall_answered(struct forward *f)
{
	f->dropped = 0;
	f->falling = true;
	forward_note_end(f, WHY_OK);
	forward_wait(f, FALL_US);
}

void
forward_fall(struct forward *f)
{
	MUST(fallback_take(f, WHY_OK));
}
