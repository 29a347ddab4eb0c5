/*
 * record.c - see record.h.
 *
 * The image that the request began with is no longer pinned: names come from
 * the registry, all else from the request and its arena. Which fields are
 * wanted, the image of now says, for that is what the readers go by.
 *
 *	| request | attempts | steps | fields | texts ->        |
 *	                                        ^ at        end ^
 */
#include "worker/watch/record.h"

#include <string.h>

#include "shm/hidden.h"
#include "shm/image.h"
#include "shm/recorder.h"
#include "shm/registry.h"
#include "worker/filter/limit.h"
#include "worker/flow/identity.h"
#include "worker/flow/kept.h"
#include "worker/flow/steps.h"
#include "worker/flow/trace.h"

/* Of one text. All of them together may be more than there is room for: those
 * that come last are clipped further. */
#define NAME_BYTES 255u
#define ID_BYTES 128u
#define METHOD_BYTES 32u
#define PATH_BYTES 2048u
#define QUERY_BYTES 1024u
#define VALUE_BYTES KEPT_BYTES

_Static_assert(STEPS_MAX <= RECORD_STEPS_MAX, "all that are timed");
_Static_assert(sizeof(struct record_request) +
	    RECORD_ATTEMPTS_MAX * sizeof(struct record_attempt) +
	    RECORD_STEPS_MAX * sizeof(struct record_step) +
	    RECORD_FIELDS_MAX * sizeof(struct record_field) + 7 * NAME_BYTES +
	    2 * ID_BYTES + VALUE_BYTES + METHOD_BYTES <=
	RECORD_MAX,
    "room for all entries and the texts before the path");
_Static_assert(IMG_FILTER_COUNT <= 32, "a bit for each");

struct draft {
	struct record_request *r;
	char *at, *end; /* room for texts */
};

/* ---- texts ---- */

/* How many bytes of it there are now. */
static inline uint16_t
draft_bytes(struct draft *d, struct slice s, size_t most)
{
	size_t room = (size_t)(d->end - d->at);

	if (s.n > most || s.n > room) {
		s.n = most < room ? most : room;
		d->r->flags |= RECORD_CLIPPED;
	}
	d->at = slice_put(d->at, s);
	return (uint16_t)s.n;
}

static struct record_str
draft_str(struct draft *d, struct slice s, size_t most)
{
	uint16_t off = (uint16_t)(d->at - (char *)d->r);

	return (struct record_str){ off, draft_bytes(d, s, most) };
}

/* Of those for which there is room in any case. */
static inline void
draft_short(struct draft *d, enum record_text t, struct slice s, size_t most)
{
	if (s.n > most) {
		s.n = most;
		d->r->flags |= RECORD_CLIPPED;
	}
	d->r->text_bytes[t] = (uint16_t)s.n;
	d->at = slice_put(d->at, s);
}

/* In the order of the texts; those that are not put are empty. */
static void
draft_put(struct draft *d, enum record_text t, struct slice s, size_t most)
{
	d->r->text_bytes[t] = draft_bytes(d, s, most);
}

static void
draft_field(
    struct draft *d, enum record_text t, const struct head *h, enum field_id id)
{
	if (head_has(h, id))
		draft_put(d, t, head_get(h, id)->value, VALUE_BYTES);
}

/*
 * Without what is before the path in absolute form, or in one that was refused:
 * it may have a password in it.
 */
static struct slice
target_path(struct slice target)
{
	struct slice rest = target;
	size_t n = target.n;

	if (target.n == 0 || slice_starts(target, SLICE_LIT("/")) ||
	    slice_starts(target, SLICE_LIT("*")))
		return target;
	while (rest.n != 0 && !slice_starts(rest, SLICE_LIT("://")))
		rest = slice_skip(rest, 1);
	if (rest.n == 0) {
		while (n != 0 && target.p[n - 1] != '@')
			n--;
		return slice_skip(target, n);
	}
	rest = slice_skip(rest, 3);
	while (rest.n != 0 && rest.p[0] != '/' && rest.p[0] != '?')
		rest = slice_skip(rest, 1);
	return rest;
}

/* The target in two parts. */
static void
draft_target(struct draft *d, struct slice target, bool query)
{
	target = target_path(target);
	const char *mark =
	    target.n != 0 ? memchr(target.p, '?', target.n) : NULL;
	size_t n = mark != NULL ? (size_t)(mark - target.p) : target.n;

	draft_put(d, RECORD_PATH, slice_make(target.p, n), PATH_BYTES);
	if (query && n != target.n)
		draft_put(
		    d, RECORD_QUERY, slice_skip(target, n + 1), QUERY_BYTES);
}

/* What a head that was read says. */
static void
draft_head(struct draft *d, const struct head *h, bool query)
{
	d->r->version = h->version;
	d->r->method = h->method;
	draft_short(d, RECORD_METHOD, h->method_text, METHOD_BYTES);
	draft_short(d, RECORD_HOST, h->host, NAME_BYTES);
	draft_target(d, h->target, query);
}

/* ---- entries ---- */

static uint32_t
record_clip(uint64_t n)
{
	return n < UINT32_MAX ? (uint32_t)n : UINT32_MAX;
}

/* The newest, in the order in which they came. */
static void
draft_attempts(struct draft *d, const struct req *q, struct record_attempt *to)
{
	const struct req_try *t = q->tries;

	for (uint32_t i = d->r->attempts_kept; i-- != 0; t = t->before) {
		to[i] = (struct record_attempt){
			.addr = t->addr,
			.status = t->status,
			.why = t->why,
			.flags = (uint8_t)t->flags,
			.at_us = t->at_us,
			.connect_us = record_clip(t->connect_us),
			.head_us = record_clip(t->head_us),
			.total_us = record_clip(t->total_us),
		};
		memcpy(to[i].span_id, t->span_id, sizeof(to[i].span_id));
		if (t->service.n != 0)
			to[i].service = draft_str(d, t->service, NAME_BYTES);
	}
}

static void
draft_steps(struct draft *d, const struct steps *all, struct record_step *to)
{
	for (uint32_t i = 0; i < d->r->steps; i++) {
		const struct step *s = &all->step[i];

		to[i] = (struct record_step){
			.filter = s->filter,
			.verdict = s->verdict,
			.at_us = record_clip(s->at_ns / 1000),
			.took_ns = record_clip(s->took_ns),
		};
	}
}

/* The fields that some log shows. */
struct wanted {
	uint32_t count, requests; /* those of the request come first */
	bool more;                /* than there is room for */
	struct slice name[RECORD_FIELDS_MAX], value[RECORD_FIELDS_MAX];
};

static void
wanted_add(struct wanted *w, const struct img_head *img, struct slice name,
    struct slice value)
{
	if (w->count == RECORD_FIELDS_MAX) {
		w->more = true;
		return;
	}
	w->name[w->count] = name;
	/* Others read the ring than those who could see it. */
	w->value[w->count++] = hidden_header(img, name) ? HIDDEN_VALUE : value;
}

static void
wanted_find(struct wanted *w, const struct req *q, const struct img_head *img)
{
	const struct img_record_field *all =
	    img_at(img, img->telemetry.fields.off);

	for (uint32_t i = 0; i < img->telemetry.fields.count; i++) {
		const struct field *f = NULL;

		while (all[i].answer == 0 &&
		    (f = kept_next(&q->head, img, &all[i], f)) != NULL)
			wanted_add(w, img, f->name, f->value);
	}
	w->requests = w->count;
	for (const struct req_kept *k = q->kept; k != NULL; k = k->next)
		wanted_add(w, img, k->name, k->value);
}

static void
draft_wanted(struct draft *d, const struct wanted *w, struct record_field *to)
{
	if (w->more)
		d->r->flags |= RECORD_CLIPPED;
	for (uint32_t i = 0; i < w->count; i++) {
		to[i] = (struct record_field){ .answer = i >= w->requests };
		to[i].name = draft_str(d, w->name[i], NAME_BYTES);
		to[i].value = draft_str(d, w->value[i], VALUE_BYTES);
	}
}

/* ---- a request ---- */

static uint32_t
request_flags(const struct req *q)
{
	uint32_t flags = 0;

	if (q->cut)
		flags |= RECORD_CUT;
	if (q->tls != NULL)
		flags |= RECORD_TLS;
	if (q->trusted && !addr_eq(&q->client, &q->peer))
		flags |= RECORD_TRUSTED;
	if (q->status == 101)
		flags |= RECORD_SWITCHED;
	if (q->fallen || q->why == WHY_FALLBACK)
		flags |= RECORD_FALLEN;
	return flags;
}

static void
request_numbers(const struct req *q, struct record_request *r)
{
	uint64_t us = mono_diff_us(clock_now(), q->began);

	if (us < q->head_us)
		us = q->head_us; /* which is never 0 */
	r->head = (struct record_head){ .kind = RECORD_REQUEST,
		.wall_us = env_wall(q->env).us - (int64_t)us };
	r->generation = q->generation;
	r->client = q->client;
	r->peer = q->peer;
	r->status = q->status;
	r->why = q->why;
	r->class = q->class;
	r->flags = request_flags(q);
	r->grpc_status = q->grpc_status;
	r->bytes_in = q->bytes_in;
	r->bytes_out = q->bytes_out;
	r->duration_us = us;
	r->head_us = q->head_us;
	r->upstream_us = q->upstream_us;
	r->queue_us = q->queue_us;
	r->filters = q->ran;
	r->last = q->passed != 0 ? (uint8_t)(q->passed - 1) : 255;
	r->attempts = q->attempts;
	r->worker = (uint16_t)q->env->slot;
	r->limit_left = 0;
	memset(r->text_bytes, 0, sizeof(r->text_bytes));
	r->spare = 0;
}

static void
request_texts(struct draft *d, const struct req *q, bool query)
{
	const struct region *region = q->env->region;
	const struct identity *id = q->identity;
	struct record_request *r = d->r;

	draft_short(
	    d, RECORD_ROUTE, registry_name(region, q->plan.name), NAME_BYTES);
	draft_short(d, RECORD_SERVICE,
	    registry_service_name(region, q->plan.service), NAME_BYTES);
	draft_short(d, RECORD_ID, q->request_id, ID_BYTES);
	if (q->limits != NULL)
		draft_short(d, RECORD_LIMIT, limit_named(q, &r->limit_left),
		    NAME_BYTES);
	if (id != NULL) {
		draft_short(
		    d, RECORD_AUTHENTICATOR, id->authenticator, NAME_BYTES);
		draft_short(
		    d, RECORD_USER, id->claim[IMG_CLAIM_USER], NAME_BYTES);
		draft_short(
		    d, RECORD_TENANT, id->claim[IMG_CLAIM_TENANT], NAME_BYTES);
	}
	if (q->trace != NULL) {
		draft_short(
		    d, RECORD_CORRELATION, q->trace->correlation, ID_BYTES);
		draft_short(
		    d, RECORD_TRACESTATE, q->trace->tracestate, VALUE_BYTES);
	}
	draft_head(d, &q->head, query);
	draft_field(d, RECORD_REFERER, &q->head, FIELD_REFERER);
	draft_field(d, RECORD_AGENT, &q->head, FIELD_USER_AGENT);
}

/* Entries, and then all that is text. */
static void
request_write(struct draft *d, const struct req *q, const struct img_head *img)
{
	struct record_request *r = d->r;
	struct wanted w; /* too large to be zeroed each time */
	struct record_attempt *attempts = (void *)(r + 1);
	struct record_step *steps;
	struct record_field *fields;
	uint8_t kept = 0;

	for (const struct req_try *t = q->tries;
	     t != NULL && kept < RECORD_ATTEMPTS_MAX; t = t->before)
		kept++;
	r->attempts_kept = kept;
	w.count = w.requests = 0;
	w.more = false;
	r->steps = q->steps != NULL ? (uint8_t)q->steps->count : 0;
	if (img != NULL && img->telemetry.fields.count != 0)
		wanted_find(&w, q, img);
	r->fields = (uint8_t)w.count;
	steps = (void *)(attempts + r->attempts_kept);
	fields = (void *)(steps + r->steps);
	d->at = (void *)(fields + r->fields);
	request_texts(d, q, img != NULL && img->telemetry.query != 0);
	draft_attempts(d, q, attempts);
	if (r->steps != 0)
		draft_steps(d, q->steps, steps);
	draft_wanted(d, &w, fields);
}

/* ---- begin and end ---- */

/* False: nothing is recorded. What is in d->r is still of an old record. */
static inline bool
draft_begin(struct draft *d, const struct env *e)
{
	struct record_request *r =
	    recorder_begin(e->region, RECORDER_REQUESTS, e->slot);

	if (r == NULL)
		return false;
	d->r = r;
	d->at = (char *)(r + 1);
	d->end = (char *)r + RECORD_MAX;
	return true;
}

static void
draft_end(struct draft *d, const struct env *e)
{
	size_t n = (size_t)(d->at - (char *)d->r);

	d->r->head.bytes = (uint32_t)(n + 7) & ~7u;
	recorder_commit(e->region, RECORDER_REQUESTS, e->slot);
}

void
record_request(const struct req *q)
{
	struct env *e = q->env;
	struct draft d;

	if (!draft_begin(&d, e))
		return;
	request_numbers(q, d.r);
	trace_record(q, d.r);
	request_write(&d, q, e->view.image);
	draft_end(&d, e);
}

void
record_connection(struct env *e, const struct record_ending *how)
{
	const struct img_head *img = e->view.image;
	struct draft d;

	if (!draft_begin(&d, e))
		return;
	*d.r = (struct record_request){ .head.kind = RECORD_CONNECTION,
		.head.wall_us = env_wall(e).us,
		.generation = e->view.generation,
		.client = *how->peer,
		.peer = *how->peer,
		.worker = (uint16_t)e->slot,
		.status = how->status,
		.bytes_out = how->bytes_out,
		.why = (uint16_t)how->why,
		.version = how->version,
		.flags = how->tls ? RECORD_TLS : 0,
		.grpc_status = -1,
		.last = 255 };
	draft_short(&d, RECORD_ID, how->id, ID_BYTES);
	if (how->head != NULL)
		draft_head(
		    &d, how->head, img != NULL && img->telemetry.query != 0);
	draft_end(&d, e);
}

void
record_peer(struct env *e, const struct addr *peer, enum why why)
{
	record_connection(
	    e, &(struct record_ending){ .peer = peer, .why = why });
}
