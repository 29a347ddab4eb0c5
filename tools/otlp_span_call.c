/*
 * otlp_span_call.c - the spans within a request: its calls to endpoints, and
 * the filters that took their time.
 */
#include "tools/otlp_span_inside.h"

#include <string.h>

#include "common/base/hash.h"
#include "shm/image.h"

#define COSTLY_NS 100000u
#define VERDICT_WAIT 1 /* enum verdict */

/* ---- calls: what was sent to somebody, and has a span ---- */

static bool
call_is_one(const struct record_attempt *a)
{
	static const uint8_t none[sizeof(a->span_id)];

	return memcmp(a->span_id, none, sizeof(none)) != 0;
}

uint32_t
otlp_call_count(const struct record_view *v)
{
	uint32_t count = 0;

	for (uint32_t i = 0; i < v->request->attempts_kept; i++)
		count += call_is_one(&v->attempts[i]);
	return count;
}

const struct record_attempt *
otlp_call_at(const struct record_view *v, uint32_t number)
{
	const struct record_attempt *a = v->attempts;

	while (!call_is_one(a) || number-- != 0)
		a++;
	return a;
}

/* ---- a call ---- */

static void
call_fault(struct otlp_span *s, const struct record_attempt *a)
{
	s->failed = a->status >= 400 || a->why != 0;
	if (!s->failed)
		return;
	s->error = a->why != 0 ? otlp_reason_word(a->why)
			       : otlp_span_printf(s, "%u", (unsigned)a->status);
	otlp_attr_text(s, KEY("error.type"), s->error);
}

/* One that is new; a connection that failed took all of its time. */
static bool
call_was_connected(const struct record_attempt *a)
{
	return a->connect_us != 0 &&
	    (a->connect_us < a->total_us || (a->flags & RECORD_HEARD) != 0);
}

void
otlp_span_of_call(
    struct otlp_span *s, const struct record_view *v, uint32_t number)
{
	const struct record_request *q = v->request;
	const struct record_attempt *a = otlp_call_at(v, number);
	uint32_t calls = otlp_call_count(v);
	uint32_t before =
	    (q->attempts > calls ? q->attempts - calls : 0) + number;

	s->kind = OTLP_CLIENT;
	memcpy(s->id, a->span_id, sizeof(s->id));
	memcpy(s->parent_id, q->span_id, sizeof(s->parent_id));
	s->flags |= KNOWS_REMOTE;
	s->start_ns = ((uint64_t)q->head.wall_us + a->at_us) * 1000;
	s->end_ns = s->start_ns + (uint64_t)a->total_us * 1000;
	if (call_was_connected(a))
		s->connected_ns = s->start_ns + (uint64_t)a->connect_us * 1000;
	s->name = otlp_method_text(v);
	if (slice_eq(s->name, SLICE_LIT("_OTHER")))
		s->name = SLICE_LIT("HTTP");
	otlp_attr_method(s, v);
	otlp_attr_text(
	    s, KEY("server.address"), otlp_span_address(s, &a->addr));
	otlp_attr_number(s, KEY("server.port"), a->addr.port);
	if (a->status != 0)
		otlp_attr_number(
		    s, KEY("http.response.status_code"), a->status);
	if (before != 0 && before <= UINT16_MAX)
		otlp_attr_number(s, KEY("http.request.resend_count"), before);
	call_fault(s, a);
	otlp_attr_text(s, KEY("penstock.service"), record_str(v, a->service));
	otlp_attr_new(s, KEY("penstock.reused"), OTLP_BOOL)->number =
	    (a->flags & RECORD_REUSED) != 0;
}

/* ---- a filter ---- */

static const struct slice filter_names[IMG_FILTER_COUNT] = {
#define FILTER(ID, name, help) { name, sizeof(name) - 1 },
#include "shm/filters.def"
};

bool
otlp_step_is_costly(const struct record_step *step)
{
	return step->filter < IMG_FILTER_COUNT &&
	    step->filter != IMG_FILTER_FORWARD &&
	    (step->took_ns >= COSTLY_NS || step->verdict == VERDICT_WAIT);
}

/* Its id is made of the request's: nobody else refers to it. */
static void
step_id(struct otlp_span *s, const struct record_request *q, uint32_t number)
{
	uint64_t id;

	memcpy(&id, q->span_id, sizeof(id));
	id = hash_u64(id + (number + 1) * UINT64_C(0x9e3779b97f4a7c15));
	id += id == 0;
	memcpy(s->id, &id, sizeof(id));
}

void
otlp_span_of_step(
    struct otlp_span *s, const struct record_view *v, uint32_t number)
{
	const struct record_request *q = v->request;
	const struct record_step *step = &v->steps[number];

	s->kind = OTLP_INTERNAL;
	step_id(s, q, number);
	memcpy(s->parent_id, q->span_id, sizeof(s->parent_id));
	s->flags |= KNOWS_REMOTE;
	s->start_ns = ((uint64_t)q->head.wall_us + step->at_us) * 1000;
	s->end_ns = s->start_ns + step->took_ns;
	s->name = filter_names[step->filter];
	otlp_attr_text(s, KEY("penstock.filter"), s->name);
	otlp_attr_new(s, KEY("penstock.waited"), OTLP_BOOL)->number =
	    step->verdict == VERDICT_WAIT;
}
