/*
 * h2_client_fuzz.c - an upstream's frames, or any bytes, into the HTTP/2 codec
 * in the client role, cut anywhere, with an owner that asks, pauses and lets go
 * by a plan: the same events and the same frames whatever the cuts, none out of
 * its order, and each answer that comes out of it is one answer of HTTP/1.1,
 * and the same.
 *
 *	byte 0: raw bytes, small windows, an end, GOAWAY; 1-4: cuts; 5-12: plans
 */
#include "tests/fuzz/h2_thrice.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct codec_limits limits = { 1024, 0, 12 };
static const struct h2_limits large = { 0, 65535, 1 << 20, 20, 60 };
static const struct h2_limits small = { 0, 100, 65535, 20, 60 };

/* ---- requests, one for each plan ---- */

static void
ask(struct run *r, uint8_t plan)
{
	static const enum http_method methods[] = { METHOD_GET, METHOD_HEAD,
		METHOD_POST, METHOD_POST };
	enum plan_answer what = PLAN_ANSWER(plan);
	struct field fields[4];
	struct head h = { .method = (uint8_t)methods[PLAN_WHEN(plan)],
		.target = SLICE_LIT("/"),
		.fields = fields };
	struct stream *s;
	struct watch *w;

	if (r->count == WATCHES || !h2_may_open(r->h2))
		return;
	s = h2_open(r->h2);
	MUST(s != NULL);
	w = &r->watches[r->count++];
	*w = (struct watch){ .run = r, .stream = s, .plan = plan };
	s->user = w;
	h.method_text = http_method_name((enum http_method)h.method);
	head_add(&h, FIELD_HOST, SLICE_LIT("a.test"));
	head_add(&h, FIELD_COOKIE, SLICE_LIT("a=b"));
	w->answered = true;
	if (what == ANSWER_SWITCH) {
		h.upgrade = SLICE_LIT("websocket");
		h.method = METHOD_GET;
	} else if (what == ANSWER_CUT) {
		h.body = BODY_LENGTH;
		h.length = 10;
	} else if (what == ANSWER_LARGE || what == ANSWER_TRAILERS) {
		h.body = BODY_STREAM;
	} else {
		w->finished = true;
	}
	w->method = h.method;
	watch_follow(w, false, h.method);
	MUST(stream_head(s, &h, w->finished));
	if (what == ANSWER_LARGE)
		for (int i = 0; i < 90; i++)
			stream_data(s, slice_make((char[1000]){ 0 }, 1000));
	else if (!w->finished)
		stream_data(s, SLICE_LIT("1234"));
	if (what == ANSWER_CUT) {
		stream_end(s, NULL);
		w->finished = true;
	}
	if (PLAN_RELEASE(plan) == IN_HEAD && PLAN_PAUSES(plan))
		watch_release(w, H2_CANCEL);
}

static void
begin(struct run *r, const uint8_t *data, bool following)
{
	memset(r, 0, sizeof(*r));
	r->role = CODEC_CLIENT;
	r->plan = data + 1 + CUTS;
	r->following = following;
	r->magic_left = true;
	obuf_init(&r->out, NULL);
	r->h2 = h2_new(CODEC_CLIENT, &watch_events, &limits,
	    data[0] & CHOICE_SMALL ? &small : &large, &r->out, r);
	MUST(r->h2 != NULL);
	for (unsigned i = 0; i < PLANS; i++)
		ask(r, r->plan[i]);
	/* Half of them before the peer has said anything. */
	if (data[0] & CHOICE_GOAWAY)
		run_turn(r);
	else
		run_send(r);
}

static void
finish(struct run *r, const uint8_t *data)
{
	if (data[0] & CHOICE_GOAWAY) {
		h2_goaway(r->h2, true);
		run_turn(r);
	}
	run_close(r, (data[0] & CHOICE_EOF) != 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct thrice_owner owner = { begin, finish };

	return run_thrice(&owner, false, data, size);
}
