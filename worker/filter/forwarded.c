/*
 * forwarded.c - see forwarded.h.
 */
#include "worker/filter/forwarded.h"

#include "common/base/text.h"
#include "worker/filter/credentials.h"
#include "worker/filter/trace_fields.h"
#include "worker/filter/way.h"
#include "worker/flow/own.h"
#include "worker/flow/told.h"

#define FORWARDED_ADDED 20u /* fields, with room for rules */
#define FORWARDED_DIGITS 10 /* of Max-Forwards */

#define BIT(id) (UINT64_C(1) << (id))
/* Set here, or by the codec. */
static const uint64_t forwarded_ours = BIT(FIELD_HOST) |
    BIT(FIELD_X_REQUEST_ID) | BIT(FIELD_FORWARDED) |
    BIT(FIELD_X_FORWARDED_FOR) | BIT(FIELD_X_FORWARDED_HOST) |
    BIT(FIELD_X_FORWARDED_PROTO) | BIT(FIELD_X_FORWARDED_PORT) |
    BIT(FIELD_PENSTOCK_DEBUG) | http_hop_fields | http_framing_fields;

/* Some servers would take it for one of those. */
static bool
forwarded_is_alias(struct slice name)
{
	return memchr(name.p, '_', name.n) != NULL &&
	    (forwarded_ours >> http_field_folded(name) & 1) != 0;
}

/*
 * Written anew below, or of no meaning behind this hop: an expectation without
 * content, or in HTTP/1.0 (RFC 9110 10.1.1).
 */
static uint64_t
forwarded_void(const struct req *q)
{
	const struct head *h = &q->head;
	uint64_t fields = forwarded_ours;

	if (q->trace != NULL)
		fields |= trace_fields_told(q);
	if (!h->expect_continue)
		fields |= BIT(FIELD_EXPECT);
	if (h->method == METHOD_OPTIONS)
		fields |= BIT(FIELD_MAX_FORWARDS);
	return fields;
}

static void
forwarded_copy(struct head *up, const struct req *q)
{
	const struct head *h = &q->head;
	bool nominated = head_has(h, FIELD_CONNECTION);
	uint64_t fields = forwarded_void(q);

	for (uint32_t i = 0; i < h->count; i++) {
		const struct field *f = &h->fields[i];

		if ((fields >> f->id & 1) != 0)
			continue;
		if (f->id == FIELD_OTHER &&
		    (forwarded_is_alias(f->name) ||
			told_has(q->image, f->name)))
			continue;
		if (nominated && head_nominated(h, f->name))
			continue;
		up->fields[up->count++] = *f;
		up->present |= BIT(f->id);
	}
}

/* RFC 9110 7.6.2: one less; own.c has answered where none was left. */
static __attribute__((noinline)) void
forwarded_max(struct req *q)
{
	uint32_t left;
	char *text;
	struct text t;

	if (!own_max_forwards(q, &left))
		return;
	text = arena_alloc(&q->arena, FORWARDED_DIGITS);
	if (text == NULL)
		return;
	text_init_fixed(&t, text, FORWARDED_DIGITS);
	text_add_u64(&t, left - 1);
	head_add(&q->up, FIELD_MAX_FORWARDS, text_slice(&t));
}

/* RFC 9110 7.6.3. HTTP/2 has no minor version. */
static struct slice
forwarded_via(const struct req *q)
{
	switch ((enum http_version)q->head.version) {
	case HTTP_1_0:
		return SLICE_LIT("1.0 penstock");
	case HTTP_1_1:
		break;
	case HTTP_2:
		return SLICE_LIT("2 penstock");
	}
	return SLICE_LIT("1.1 penstock");
}

enum verdict
forwarded_request(struct req *q)
{
	struct head *up = &q->up;

	q->up_room = q->head.count + FORWARDED_ADDED;
	*up = q->head;
	up->count = 0;
	up->present = 0;
	up->close = false;
	up->upgrade = SLICE_NONE; /* its filter says what is asked for */
	up->fields = arena_alloc(&q->arena, q->up_room * sizeof(struct field));
	if (up->fields == NULL) {
		req_fail(q, WHY_OVERLOADED);
		return DONE;
	}
	head_add(up, FIELD_HOST, q->head.host);
	forwarded_copy(up, q);
	head_add(up, FIELD_X_REQUEST_ID, q->request_id);
	way_add(q);
	head_add(up, FIELD_VIA, forwarded_via(q));
	if (q->head.method == METHOD_OPTIONS)
		forwarded_max(q);
	/* RFC 9110 10.1.4: said anew on every hop. */
	if (req_takes_trailers(q))
		head_add(up, FIELD_TE, SLICE_LIT("trailers"));
	if (q->trace != NULL)
		trace_tell(q);
	if (q->stripped != NULL)
		credentials_strip_up(q);
	if (arena_failed(&q->arena)) {
		req_fail(q, WHY_OVERLOADED);
		return DONE;
	}
	return GO_ON;
}
