/*
 * h2_watch.h - an owner of one HTTP/2 codec that acts by a plan and watches
 * that events come in their order, that none comes where none may, and that
 * what goes out is frames in an order that a peer understands.
 *
 * What a stream's events were is kept as text, for comparison.
 */
#ifndef TESTS_FUZZ_H2_WATCH_H
#define TESTS_FUZZ_H2_WATCH_H

#include <stdio.h>

#include "common/base/clock.h"
#include "common/http/h2.h"
#include "tests/fuzz/h2_letter.h"
#include "tests/fuzz/h2_script.h"

#define WATCHES 64
#define PLANS 8
#define WIRE_STREAMS 128
/* From half a window on it depends on the cuts when it is given back. */
#define WIRE_BYTES 32767

/* What a plan's byte says. */
enum plan_answer {
	ANSWER_SHORT_BODY,
	ANSWER_TRAILERS,
	ANSWER_NO_CONTENT,
	ANSWER_INTERIM,
	ANSWER_CUT, /* shorter than announced */
	ANSWER_NOT_MODIFIED,
	ANSWER_LARGE,
	ANSWER_SWITCH
};
enum plan_when { AT_HEAD, AT_END, AT_TURN, NEVER };
enum plan_release { AT_REST, IN_HEAD, IN_DATA, IN_END };
#define PLAN_ANSWER(p) ((enum plan_answer)((p)&7))
#define PLAN_WHEN(p) ((enum plan_when)((p) >> 3 & 3))
#define PLAN_RELEASE(p) ((enum plan_release)((p) >> 5 & 3))
#define PLAN_PAUSES(p) (((p)&0x80) != 0)

struct watch {
	struct run *run;
	struct stream *stream;
	char *text;
	size_t n, room;
	struct letter *letter; /* NULL: not followed */
	uint64_t bytes;
	uint8_t plan, method;
	bool headed, interim_only, ended, failed, lost, released;
	bool in_data, upgrade, answered, finished, switched;
};

struct run {
	struct h2 *h2;
	struct obuf out;
	enum codec_role role;
	const uint8_t *plan;
	struct watch watches[WATCHES];
	unsigned count;
	unsigned
	    done; /* streams that were let go as done: they may still send */
	bool following;  /* letters are written */
	bool over;       /* a fault was told: no event may come */
	bool delivering; /* but what came whole before it */
	bool leaving;    /* the peer's GOAWAY came */
	/* the wire */
	uint8_t head[9];
	size_t head_n, payload_left;
	bool magic_left;
	uint8_t wire[WIRE_STREAMS]; /* 1: ended, 2: reset */
	uint64_t hash;
};

static inline void
watch_text(struct watch *w, struct slice s)
{
	if (w->n + s.n >= w->room) {
		w->room = 2 * (w->n + s.n) + 256;
		w->text = realloc(w->text, w->room);
		MUST(w->text != NULL);
	}
	if (s.n != 0)
		memcpy(w->text + w->n, s.p, s.n);
	w->n += s.n;
}

static inline void
watch_line(struct watch *w, const char *what, unsigned number)
{
	char line[64];
	int n = snprintf(line, sizeof(line), "%s%s %u", w->in_data ? "\n" : "",
	    what, number);

	w->in_data = false;
	watch_text(w, slice_make(line, (size_t)n));
}

static inline void
watch_fields(struct watch *w, const struct head *h)
{
	for (uint32_t i = 0; i < h->count; i++) {
		watch_text(w, SLICE_LIT("|"));
		watch_text(w, h->fields[i].name);
		watch_text(w, SLICE_LIT("="));
		watch_text(w, h->fields[i].value);
	}
	watch_text(w, SLICE_LIT("\n"));
}

static inline struct run *
run_of(struct stream *s)
{
	return h2_user(h2_of(s));
}

/* Of a stream; a new one for the server's first event of it. */
static inline struct watch *
watch_of(struct stream *s)
{
	struct run *r = run_of(s);
	struct watch *w = s->user;

	MUST(!r->over || (r->delivering && r->role == CODEC_CLIENT));
	if (w != NULL) {
		MUST(w->stream == s && !w->released && !w->lost);
		return w;
	}
	MUST(r->role == CODEC_SERVER);
	if (r->count == WATCHES)
		return NULL;
	w = &r->watches[r->count++];
	*w = (struct watch){ .run = r,
		.stream = s,
		.plan = r->plan[(r->count - 1) % PLANS],
		.interim_only = true };
	s->user = w;
	return w;
}

static inline void
watch_follow(struct watch *w, bool request, uint8_t asked)
{
	if (!w->run->following)
		return;
	w->letter = malloc(sizeof(*w->letter));
	MUST(w->letter != NULL);
	letter_begin(w->letter, request, asked);
}

static inline void
watch_forget(struct watch *w)
{
	if (w->letter == NULL)
		return;
	letter_end(w->letter, false, NULL);
	free(w->letter);
	w->letter = NULL;
}

static inline void
watch_release(struct watch *w, enum h2_release how)
{
	if (w->released)
		return;
	w->released = true;
	w->run->done += how == H2_DONE || how == H2_BROKEN;
	watch_forget(w);
	h2_release(w->stream, how);
}

/* ---- what the owner sends ---- */

static inline void
watch_send(struct watch *w, unsigned status, enum body_kind body,
    uint64_t length, bool end)
{
	struct field fields[4];
	struct head h = { .status = (uint16_t)status,
		.body = (uint8_t)body,
		.length = length,
		.fields = fields };

	head_add(&h, FIELD_SET_COOKIE, SLICE_LIT("a=b"));
	if (status == 101)
		h.upgrade = SLICE_LIT("websocket");
	MUST(stream_head(w->stream, &h, end));
}

static inline void
watch_trailers(struct watch *w)
{
	struct field fields[2];
	struct head t = { .fields = fields };

	fields[t.count++] = (struct field){ SLICE_LIT("grpc-status"),
		SLICE_LIT("0"), FIELD_OTHER };
	stream_end(w->stream, &t);
}

static inline void
watch_answer_large(struct watch *w)
{
	static const char block[8000];

	watch_send(w, 200, BODY_STREAM, 0, false);
	for (int i = 0; i < 10; i++)
		stream_data(w->stream, slice_make(block, sizeof(block)));
}

static inline void
watch_answer(struct watch *w)
{
	struct stream *s = w->stream;

	if (w->answered || w->released)
		return;
	w->answered = w->finished = true;
	if (w->failed) {
		watch_send(w, 400, BODY_LENGTH, 2, false);
		stream_data(s, SLICE_LIT("no"));
		stream_end(s, NULL);
		return;
	}
	switch (PLAN_ANSWER(w->plan)) {
	case ANSWER_SHORT_BODY:
		watch_send(w, 200, BODY_LENGTH, 2, false);
		stream_data(s, SLICE_LIT("ok"));
		stream_end(s, NULL);
		break;
	case ANSWER_TRAILERS:
		watch_send(w, 200, BODY_STREAM, 0, false);
		watch_trailers(w);
		break;
	case ANSWER_NO_CONTENT:
		watch_send(w, 204, BODY_NONE, 0, true);
		break;
	case ANSWER_INTERIM:
		watch_send(w, 103, BODY_NONE, 0, false);
		watch_send(w, 200, BODY_NONE, 0, true);
		break;
	case ANSWER_CUT:
		watch_send(w, 200, BODY_LENGTH, 10, false);
		stream_data(s, SLICE_LIT("1234"));
		stream_end(s, NULL);
		break;
	case ANSWER_NOT_MODIFIED:
		watch_send(w, 304, BODY_LENGTH, 77, false);
		stream_end(s, NULL);
		break;
	case ANSWER_LARGE:
		watch_answer_large(w);
		w->finished = false;
		break;
	case ANSWER_SWITCH:
		if (!w->upgrade) {
			watch_send(w, 413, BODY_LENGTH, 0, true);
			break;
		}
		w->switched = true;
		w->ended = w->finished = false;
		watch_send(w, 101, BODY_NONE, 0, false);
		stream_data(s, SLICE_LIT("down"));
		break;
	}
}

static inline void
watch_finish(struct watch *w)
{
	if (!w->answered || w->finished || w->released)
		return;
	w->finished = true;
	watch_trailers(w);
}

/* ---- events ---- */

static inline void
watch_on_head(struct stream *s, const struct head *h)
{
	struct watch *w = watch_of(s);

	if (w == NULL) {
		h2_release(s, H2_FAILED);
		return;
	}
	MUST(!w->headed && !w->ended && !w->failed);
	MUST((h->status == 0) == (w->run->role == CODEC_SERVER));
	w->headed = h->status == 0 || h->status == 101 || h->status >= 200;
	watch_line(w, "head", h->status);
	watch_text(w, h->method_text);
	watch_text(w, SLICE_LIT(" "));
	watch_text(w, h->target);
	watch_text(w, SLICE_LIT(" "));
	watch_text(w, h->host);
	watch_fields(w, h);
	if (h->status == 0) {
		MUST(h->target.n != 0 && h->method_text.n != 0 &&
		    h->host.n != 0);
		w->upgrade = h->upgrade.n != 0;
		w->method = h->method;
		watch_follow(w, true, 0);
	}
	if (w->letter != NULL)
		letter_head(w->letter, h);
	if (PLAN_WHEN(w->plan) == AT_HEAD && h->status == 0 && !w->upgrade)
		watch_answer(w);
	if (PLAN_RELEASE(w->plan) == IN_HEAD)
		watch_release(w, H2_CANCEL);
}

static inline void
watch_on_data(struct stream *s, struct slice bytes)
{
	struct watch *w = watch_of(s);

	MUST(w != NULL && bytes.n != 0);
	MUST(w->headed && !w->ended && !w->failed);
	w->bytes += bytes.n;
	watch_text(w, bytes);
	w->in_data = true;
	if (w->letter != NULL)
		letter_data(w->letter, bytes);
	if (PLAN_PAUSES(w->plan))
		stream_pause(s, true);
	if (PLAN_RELEASE(w->plan) == IN_DATA)
		watch_release(w, H2_BROKEN);
}

static inline void
watch_on_end(struct stream *s, const struct head *trailers)
{
	struct watch *w = watch_of(s);

	MUST(w != NULL && w->headed && !w->ended && !w->failed);
	w->ended = true;
	watch_line(w, "end", 0);
	watch_fields(w, trailers);
	if (w->letter != NULL)
		letter_end(w->letter, true, trailers);
	if (w->run->role == CODEC_SERVER && PLAN_WHEN(w->plan) == AT_END)
		watch_answer(w);
	if (PLAN_RELEASE(w->plan) == IN_END)
		watch_release(w, H2_DONE);
}

/*
 * A server may hear of the loss of its answer whatever came before; otherwise
 * an error is the only one, and comes before the end.
 */
static inline void
watch_on_error(struct stream *s, enum codec_error e)
{
	struct watch *w = watch_of(s);
	bool lost = e == CODEC_RESET || e == CODEC_REFUSED;

	if (w == NULL) {
		h2_release(s, H2_FAILED);
		return;
	}
	if (!lost || w->run->role == CODEC_CLIENT)
		MUST((!w->ended || w->upgrade) && !w->failed);
	w->failed = true;
	w->lost = lost;
	watch_line(w, codec_error_name(e), 0);
	watch_fields(w, &(struct head){ 0 });
	if (w->letter != NULL)
		letter_end(w->letter, false, NULL);
	if (w->run->role == CODEC_SERVER && !lost)
		watch_answer(w);
	if (PLAN_RELEASE(w->plan) == IN_END)
		watch_release(w, lost ? H2_CANCEL : H2_BROKEN);
}

static inline void
watch_on_room(struct stream *s)
{
	struct watch *w = watch_of(s);

	MUST(w != NULL && stream_queued(s) == 0);
	watch_finish(w);
}

/* ---- the wire ---- */

/* Of one stream nothing comes behind its end but a reset, and of that one. */
static inline void
wire_frame(struct run *r)
{
	uint32_t id = ((uint32_t)r->head[5] << 24 | (uint32_t)r->head[6] << 16 |
			  (uint32_t)r->head[7] << 8 | r->head[8]) &
	    0x7fffffff;
	uint8_t type = r->head[3];

	MUST(r->payload_left <= 16384);
	if (id >= WIRE_STREAMS || id == 0 || type == 8)
		return;
	MUST(type == 0 || type == 1 || type == 3 || type == 9);
	MUST((r->wire[id] & 2) == 0);
	if (type == 3)
		r->wire[id] |= 2;
	else if (type != 9)
		MUST((r->wire[id] & 1) == 0);
	if (type <= 1)
		r->wire[id] |= r->head[4] & 1;
}

static inline void
wire_bytes(struct run *r, const char *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		r->hash = (r->hash ^ (uint8_t)p[i]) * 0x100000001b3u;
	while (n != 0) {
		size_t some = r->payload_left < n ? r->payload_left : n;

		p += some;
		n -= some;
		r->payload_left -= some;
		if (n == 0)
			return;
		r->head[r->head_n++] = (uint8_t)*p++;
		n--;
		if (r->head_n != sizeof(r->head))
			continue;
		r->head_n = 0;
		r->payload_left = (size_t)r->head[0] << 16 |
		    (size_t)r->head[1] << 8 | r->head[2];
		wire_frame(r);
	}
}

static inline void
run_send(struct run *r)
{
	bool all;
	int rounds = 0;

	do {
		all = h2_pull(r->h2);
		MUST(r->out.bytes <= 2 * H2_OUT_BYTES && !r->out.failed);
		while (r->out.bytes != 0) {
			struct buf *b = r->out.head;
			char *p = b->data + b->start;
			size_t n = b->end - b->start;
			size_t skip = 0;

			if (r->magic_left) {
				MUST(n >= H2_PREFACE_BYTES);
				skip = H2_PREFACE_BYTES;
			}
			r->magic_left = false;
			wire_bytes(r, p + skip, n - skip);
			obuf_consume(&r->out, n);
		}
		MUST(rounds++ < 1000);
	} while (!all);
}

/* ---- a run ---- */

static inline void
run_mind_fault(struct run *r)
{
	if (h2_fault(r->h2) == H2_FINE)
		return;
	r->over = true;
	for (unsigned i = 0; i < r->count; i++) {
		struct watch *w = &r->watches[i];

		/* Whoever waits for anything has heard of it. */
		MUST(w->released || w->lost || w->answered ||
		    (r->role == CODEC_CLIENT && (w->ended || w->failed)));
	}
}

static inline void
run_act(struct run *r, struct watch *w)
{
	if (w->released)
		return;
	stream_pause(w->stream, false);
	if (r->role == CODEC_SERVER && PLAN_WHEN(w->plan) == AT_TURN &&
	    !w->lost)
		watch_answer(w);
	if (r->role == CODEC_CLIENT || (w->switched && w->ended))
		watch_finish(w);
}

static inline void
run_let_go(struct run *r, struct watch *w)
{
	bool rests;

	if (w->released)
		return;
	rests = w->finished && w->ended && stream_queued(w->stream) == 0;
	if (w->lost)
		watch_release(w, H2_CANCEL);
	else if (w->failed && (w->finished || r->role == CODEC_CLIENT))
		watch_release(w, H2_BROKEN);
	else if (rests || (r->role == CODEC_SERVER && w->finished))
		watch_release(w, H2_DONE);
}

static inline void
run_turn(struct run *r)
{
	for (unsigned i = 0; i < r->count; i++)
		run_act(r, &r->watches[i]);
	r->delivering = true;
	if (h2_wants_deliver(r->h2))
		h2_deliver(r->h2);
	r->delivering = false;
	run_mind_fault(r);
	run_send(r);
	run_mind_fault(r);
	for (unsigned i = 0; i < r->count; i++)
		run_let_go(r, &r->watches[i]);
	run_send(r);
	run_mind_fault(r);
}

/* p[0..n) in pieces, each in a copy of its own size. */
static inline void
run_feed(struct run *r, const char *p, size_t n, const uint8_t *cuts,
    size_t cut_count)
{
	static unsigned turn;

	while (n != 0) {
		size_t some =
		    cut_count != 0 ? cuts[turn++ % cut_count] + 1u : n;
		char *copy;

		some = some < n ? some : n;
		copy = malloc(some);
		MUST(copy != NULL);
		memcpy(copy, p, some);
		MUST(codec_input(h2_codec(r->h2), copy, some) == some);
		free(copy);
		run_mind_fault(r);
		p += some;
		n -= some;
	}
}

static inline void
run_script(struct run *r, const struct script *s, const uint8_t *cuts,
    size_t cut_count)
{
	size_t at = 0;

	for (unsigned i = 0; i < s->turn_count; i++) {
		run_feed(r, s->text + at, s->turns[i] - at, cuts, cut_count);
		at = s->turns[i];
		run_turn(r);
	}
	run_feed(r, s->text + at, s->n - at, cuts, cut_count);
	run_turn(r);
	run_turn(r);
	r->leaving = h2_leaving(r->h2);
}

static const struct codec_events watch_events = { .head = watch_on_head,
	.data = watch_on_data,
	.end = watch_on_end,
	.error = watch_on_error,
	.room = watch_on_room };

/* Everything is given up; then nothing of it is left. */
static inline void
run_close(struct run *r, bool eof)
{
	if (eof) {
		codec_eof(h2_codec(r->h2));
		run_mind_fault(r);
		r->over = true;
	}
	for (unsigned i = 0; i < r->count; i++)
		watch_release(&r->watches[i], H2_CANCEL);
	run_send(r);
	MUST(r->over || h2_streams(r->h2) <= r->done);
}

static inline void
run_free(struct run *r)
{
	h2_free(r->h2);
	obuf_fini(&r->out);
	for (unsigned i = 0; i < r->count; i++) {
		watch_forget(&r->watches[i]);
		free(r->watches[i].text);
	}
}

static inline void
run_print(const struct run *r, const char *name)
{
	fprintf(stderr, "---- %s: fault %d %s, wire %llx\n", name,
	    (int)h2_fault(r->h2), h2_fault_text(r->h2),
	    (unsigned long long)r->hash);
	for (unsigned i = 0; i < r->count; i++)
		fprintf(stderr, "%u (plan %02x): %.*s\n", i, r->watches[i].plan,
		    (int)r->watches[i].n, r->watches[i].text);
}

static inline bool
watch_is_same(const struct watch *x, const struct watch *y)
{
	/*
	 * More may be held, and what was is not told after an error; one that
	 * is let go with its first piece has heard no more.
	 */
	if (PLAN_PAUSES(x->plan) || PLAN_RELEASE(x->plan) == IN_DATA)
		return x->failed || y->failed || x->n == 0 || y->n == 0 ||
		    memcmp(x->text, y->text, x->n < y->n ? x->n : y->n) == 0;
	return slice_eq(slice_make(x->text, x->n), slice_make(y->text, y->n));
}

static inline bool
run_is_same(const struct run *a, const struct run *b, bool wire)
{
	/* What is told later is let go later, which a peer may notice. */
	if (a->count != b->count || a->over != b->over)
		return !wire;
	for (unsigned i = 0; i < a->count; i++) {
		if (!watch_is_same(&a->watches[i], &b->watches[i]))
			return false;
	}
	return !wire || a->hash == b->hash;
}

static inline void
run_check_same(const struct run *a, const struct run *b, bool wire)
{
	/* With the last stream before a GOAWAY reading ends, if just then. */
	if (a->leaving || b->leaving || run_is_same(a, b, wire))
		return;
	run_print(a, "one");
	run_print(b, "other");
	MUST(false);
}

#endif
