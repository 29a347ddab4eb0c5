/*
 * otlp_span.h - what a record tells of a request, as spans of OpenTelemetry, by
 * its semantic conventions for HTTP:
 *
 *	SERVER    the request
 *	CLIENT    each call to an endpoint
 *	INTERNAL  each filter that took its time
 *
 * Queries are not shown, nor header fields.
 */
#ifndef TOOLS_OTLP_SPAN_H
#define TOOLS_OTLP_SPAN_H

#include <stdbool.h>
#include <stdint.h>

#include "shm/record.h"
#include "tools/mask.h"

#define OTLP_ATTRS_MAX 32
#define OTLP_TEXT_MAX 8192 /* of a span: texts that it makes up */
#define OTLP_SPANS_MAX (1 + RECORD_ATTEMPTS_MAX + RECORD_STEPS_MAX)

enum otlp_kind { OTLP_INTERNAL = 1, OTLP_SERVER = 2, OTLP_CLIENT = 3 };

enum otlp_type { OTLP_TEXT, OTLP_NUMBER, OTLP_BOOL };

struct otlp_attr {
	struct slice key, text;
	int64_t number;
	enum otlp_type type;
};

struct otlp_span {
	const uint8_t *trace_id;     /* 16 bytes */
	uint8_t id[8], parent_id[8]; /* zeroes: none */
	uint32_t flags;              /* of OTLP */
	enum otlp_kind kind;
	bool failed;
	struct slice name, tracestate;
	struct slice error; /* of what failed; may be empty */
	uint64_t start_ns, end_ns;
	uint64_t connected_ns; /* an event; 0: there is none */
	uint32_t attrs;
	struct otlp_attr attr[OTLP_ATTRS_MAX];
	size_t used;
	char room[OTLP_TEXT_MAX];
};

/* What a record does not say. */
struct otlp_known {
	/* The pattern of the path of the route with this name; empty: it is not
	 * known. */
	struct slice (*path)(const struct otlp_known *k, struct slice name);
	/* What is made unreadable in what clients have made up. */
	struct mask_room *room;
	uint32_t mask; /* IMG_MASK_* */
};

/* So many spans a record is. */
uint32_t otlp_span_count(const struct record_view *v);

/*
 * The one of that number, the request's first. Its slices are in the record, in
 * the span itself, and in the program.
 */
void otlp_span_make(struct otlp_span *s, const struct record_view *v,
    uint32_t number, const struct otlp_known *known);

#endif
