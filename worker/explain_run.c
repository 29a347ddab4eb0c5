/*
 * explain_run.c - runs one request: what a client's connection does is played
 * here, all else is what always runs.
 */
#include "worker/explain_state.h"

#include "common/base/must.h"
#include "common/net/tls.h"
#include "worker/filter/authenticate.h"
#include "worker/flow/admit.h"
#include "worker/flow/errand.h"
#include "worker/flow/pressure.h"
#include "worker/origin/forward_plan.h"

#define RUN_WAIT_US 5000u /* for a connection of others that idles */
#define RUN_WAITS 20

/* ---- the client ---- */

static struct explain *
explain_of(const struct req *q)
{
	return CONTAINER_OF(q->env, struct explain, env);
}

static bool
run_head(struct stream *s, const struct head *h, bool end)
{
	struct req *q = s->user;
	struct explain *e = explain_of(q);

	(void)end;
	if (h->status < 200 && h->status != 101)
		return true;
	e->now->status = h->status;
	explain_look(e, q);
	explain_head(e->now, q->image, h);
	return true;
}

static void
run_data(struct stream *s, struct slice bytes)
{
	(void)s;
	(void)bytes;
}

static void
run_end(struct stream *s, const struct head *trailers)
{
	(void)s;
	(void)trailers;
}

static void
run_pause(struct stream *s, bool paused)
{
	(void)s;
	(void)paused;
}

static const struct codec_ops run_codec = {
	.name = "explain",
	.send_head = run_head,
	.send_data = run_data,
	.send_end = run_end,
	.pause = run_pause,
};

static void
run_nothing(struct req *q)
{
	(void)q;
}

static void
run_owner_pause(struct req *q, bool paused)
{
	(void)q;
	(void)paused;
}

static size_t
run_queued(struct req *q)
{
	(void)q;
	return 0;
}

static void
run_ended(struct req *q, bool cut)
{
	(void)cut;
	explain_of(q)->q = NULL;
}

static const struct req_owner run_owner = {
	.flush = run_nothing,
	.pause = run_owner_pause,
	.queued = run_queued,
	.switched = run_nothing,
	.shut = run_nothing,
	.ended = run_ended,
};

/* ---- the connection ---- */

static bool
run_tls(const struct explained *x)
{
	return x->ask->tls || slice_starts(x->ask->url, SLICE_LIT("https://"));
}

/* The first listener of that kind says whether it sends elsewhere. */
static uint16_t
run_redirect(const struct img_head *img, bool tls)
{
	const struct img_listener *l = img_at(img, img->listeners.off);

	for (uint32_t i = 0; i < img->listeners.count; i++)
		if ((l[i].tls != IMG_NONE) == tls)
			return (uint16_t)l[i].redirect_port;
	return 0;
}

static bool
run_peer(struct explained *x, struct addr *peer)
{
	struct slice text =
	    x->ask->address.n != 0 ? x->ask->address : SLICE_LIT("127.0.0.1");

	return addr_parse_ip(text, peer);
}

/* False: it would be closed before it sends anything. */
static bool
run_admit(struct explain *e, const struct addr *peer)
{
	const struct img_head *img = e->env.view.image;
	enum why why = admit_peer(&e->env, peer);
	struct explained *x = e->now;
	struct explain_step *s;

	if (why == WHY_OK)
		return true;
	s = explain_step(x, "admit", EXPLAIN_DONE);
	s->why = why;
	s->said = slice_str(why_table[s->why].help);
	explain_acl(x, s, img, img->protect.acl, peer,
	    explain_place(img, IMG_PLACE_ACL, 0));
	x->outcome = EXPLAIN_CLOSED;
	x->why = s->why;
	x->said = s->said;
	return false;
}

/* The codec's own answer. */
static void
run_unreadable(struct explained *x, enum codec_error error)
{
	struct explain_step *s = explain_step(x, "read", EXPLAIN_DONE);

	s->why = why_of_codec(error);
	s->said = slice_str(codec_error_name(error));
	x->outcome = error == CODEC_TRUNCATED ? EXPLAIN_CLOSED : EXPLAIN_ANSWER;
	x->why = s->why;
	x->status = why_table[s->why].status;
	x->said = slice_str(why_table[s->why].help);
}

/* ---- what it waits for ---- */

static void
run_help(struct explain *e)
{
	e->jobs = false;
	e->how->help(&e->in.region);
	errands_look(&e->env);
}

/* Until it has ended, or come to what it would need others for. */
static void
run_settle(struct explain *e)
{
	for (int i = 0; i < RUN_WAITS && e->q != NULL; i++) {
		if (e->jobs)
			run_help(e);
		else if (e->q->handler != NULL && !forward_planned(e->q) &&
		    authenticate_awaits(e->q) == NULL)
			(void)loop_turn(&e->loop, RUN_WAIT_US);
		else
			return;
	}
}

/* As many are sent away as by the worker that has most to do. */
static void
run_pressure(struct env *e)
{
	uint32_t level = 0;

	for (uint32_t w = 0; w < e->slot; w++) {
		uint32_t one = atomic_load_explicit(
		    &e->region->state->slots[w].pressure, memory_order_relaxed);

		level = one > level ? one : level;
	}
	e->pressure_level = level;
	e->pressure = pressure_part(level, IMG_CLASS_NORMAL);
}

static void
run_request(struct explain *e, const struct head *h, const struct req_via *via,
    struct tls *tls)
{
	static const struct head no_trailers;
	struct codec codec = { .ops = &run_codec };
	struct stream stream = { .codec = &codec };
	struct req *q = req_new(&e->env, &stream, &run_owner, h, via);

	MUST(q != NULL);
	e->q = q;
	q->tls = tls;
	steps_begin(q);
	req_begin(q);
	if (e->q != NULL && h->body == BODY_NONE)
		req_body_end(q, &no_trailers);
	run_settle(e);
	if (e->q == NULL)
		return;
	explain_look(e, q);
	req_end(q, WHY_CLIENT_CLOSED, true);
}

void
explain_run(struct explain *e, struct explained *x)
{
	struct req_via via = { 0 };
	struct tls *tls = NULL;
	enum codec_error error;
	struct head h;

	e->now = x;
	clock_update();
	epoch_enter(e->env.region, e->env.slot, &e->env.view);
	x->generation = e->env.view.generation;
	run_pressure(&e->env);
	if (!run_peer(x, &via.peer)) {
		x->said = SLICE_LIT("the address is none");
		return;
	}
	if (!run_admit(e, &via.peer))
		return;
	admit_begin(&e->env, &via);
	error = explain_read(x, e->env.view.image, &h);
	if (error != CODEC_OK) {
		run_unreadable(x, error);
		return;
	}
	if (run_tls(x))
		tls = tls_pretend();
	via.redirect_port = run_redirect(e->env.view.image, tls != NULL);
	run_request(e, &h, &via, tls);
	tls_free(tls);
}
