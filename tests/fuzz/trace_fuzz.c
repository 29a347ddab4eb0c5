/*
 * trace_fuzz.c - any bytes as what a request says of its trace: what endpoints
 * are told can be read, in every format, and says the same; what was good goes
 * on, what was not is restarted.
 *
 * Input: a byte of IMG_TRACE_*, then lines, each a field: "NAME:VALUE".
 */
#include <stdlib.h>

#include "common/base/must.h"
#include "tests/fuzz/lines.h"
#include "worker/filter/trace.h"
#include "worker/filter/trace_fields.h"
#include "worker/flow/req.h"
#include "worker/flow/trace.h"

#define LINES 16
#define NAME "X-Correlation-ID"

static struct {
	struct img_head head;
	char name[sizeof(NAME)];
} image = { .name = NAME };

static void
image_make(uint8_t first)
{
	struct img_tracing *rule = &image.head.telemetry.tracing;

	*rule = (struct img_tracing){ .on = 1,
		.propagate = first & 7u,
		.sample = first >= 128 ? UINT32_MAX : 0,
		.parent = first >> 3 & 1u,
		.correlation_id = FIELD_X_CORRELATION_ID,
		.correlation = { .off = (uint32_t)offsetof(typeof(image), name),
		    .len = sizeof(NAME) - 1 } };
}

static void
add(struct head *h, struct slice line)
{
	struct slice name;
	enum field_id id;

	if (!slice_cut(&line, ':', &name) || name.n == 0)
		return;
	id = http_field_find(name);
	h->fields[h->count++] = (struct field){
		.name = name, .value = slice_trim(line), .id = (uint16_t)id
	};
	h->present |= (uint64_t)(id != FIELD_OTHER) << id;
}

static void
check_ids(const struct trace *t, const struct trace_context *c)
{
	MUST(memcmp(t->trace_id, c->trace_id, TRACE_ID_BYTES) == 0);
	MUST(memcmp(t->span_id, c->parent_id, TRACE_SPAN_BYTES) == 0);
	MUST(((t->flags ^ c->flags) & TRACE_SAMPLED) == 0);
}

/* No call was made: they name the span of the request itself. */
static void
check_told(struct req *q, uint32_t propagate)
{
	struct trace_context c;

	if ((propagate & IMG_TRACE_W3C) != 0) {
		MUST(trace_read_w3c(&q->up, &c));
		check_ids(q->trace, &c);
		MUST(q->trace->flags == c.flags);
	}
	if ((propagate & IMG_TRACE_B3) != 0) {
		MUST(trace_read_b3(&q->up, &c));
		check_ids(q->trace, &c);
	}
	if ((propagate & IMG_TRACE_B3_MULTI) != 0) {
		MUST(trace_read_b3_multi(&q->up, &c));
		check_ids(q->trace, &c);
	}
}

/* It is taken as it is by whoever is next. */
static void
check_state(struct req *q)
{
	struct slice state = q->trace->tracestate;
	struct field field;
	struct head h = { .fields = &field };

	MUST(state.n <= 512);
	if (state.n == 0)
		return;
	head_add(&h, FIELD_TRACESTATE, state);
	MUST(trace_read_state(&h, &q->arena).p == state.p);
}

static void
check_parent(const struct req *q, uint32_t propagate)
{
	struct trace_context c;

	if ((propagate & IMG_TRACE_W3C) == 0 || !trace_read_w3c(&q->head, &c))
		return;
	MUST(memcmp(q->trace->trace_id, c.trace_id, TRACE_ID_BYTES) == 0);
	MUST(memcmp(q->trace->parent_id, c.parent_id, TRACE_SPAN_BYTES) == 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct env env;
	static struct field fields[LINES], up[LINES];
	char *copy = malloc(size + 1); /* its end is watched */
	struct req q = { .env = &env, .image = &image.head };
	struct slice lines[LINES];
	struct record_request rec = { 0 };
	size_t n;

	if (size != 0)
		memcpy(copy, data, size);
	image_make(size != 0 ? data[0] : 1);
	n = size == 0
	    ? 0
	    : lines_split((const uint8_t *)copy + 1, size - 1, lines, LINES);
	q.head.fields = fields;
	for (size_t i = 0; i < n; i++)
		add(&q.head, lines[i]);
	memcpy(up, fields, sizeof(up));
	q.up = q.head;
	q.up.fields = up;
	q.up_room = LINES;
	q.trusted = size != 0 && (data[0] & 16) != 0;
	q.request_id = SLICE_LIT("id");
	arena_init(&q.arena, NULL, 0, 1u << 20);
	trace_record(&q, &rec);
	MUST(trace_request(&q) == GO_ON);
	trace_tell(&q);
	check_told(&q, image.head.telemetry.tracing.propagate);
	check_state(&q);
	check_parent(&q, image.head.telemetry.tracing.propagate);
	MUST(q.trace->correlation.n != 0 && q.trace->correlation.n <= 128);
	trace_record(&q, &rec);
	arena_fini(&q.arena);
	free(copy);
	return 0;
}
