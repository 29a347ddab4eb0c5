/*
 * otlp_encoding.h - spans as a request of OTLP/HTTP, and what its answer says:
 * in Protocol Buffers or in JSON.
 *
 *	body = what is said of us, and around that a list of spans, each of
 *	       which is written when it comes
 */
#ifndef TOOLS_OTLP_ENCODING_H
#define TOOLS_OTLP_ENCODING_H

#include "common/base/text.h"
#include "tools/otlp_span.h"

/* What is said of the gateway itself. */
struct otlp_resource {
	const struct otlp_attr *attr;
	uint32_t attrs;
};

#define OTLP_MESSAGE_MAX 256

/* What a receiver says that took a request. */
struct otlp_answer {
	uint64_t rejected;              /* spans */
	char message[OTLP_MESSAGE_MAX]; /* printable; may be empty */
};

struct otlp_encoding {
	const char *content_type;
	/* One more at the end of a list. */
	void (*span)(struct text *spans, const struct otlp_span *s);
	/* The body of a list of spans. */
	void (*body)(struct text *out, const struct otlp_resource *r,
	    struct slice spans);
	/* False: it cannot be read. */
	bool (*answer)(struct slice body, struct otlp_answer *a);
};

extern const struct otlp_encoding otlp_proto, otlp_json;

/* As much of `text` as there is room for, made printable. */
void otlp_answer_set(struct otlp_answer *a, struct slice text);

#endif
