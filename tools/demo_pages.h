/*
 * demo_pages.h - what the demo upstream answers, apart from how it is sent.
 */
#ifndef TOOLS_DEMO_PAGES_H
#define TOOLS_DEMO_PAGES_H

#include <stdint.h>

#include "common/base/slice.h"
#include "common/base/text.h"

enum demo_fail { FAIL_OFF, FAIL_503, FAIL_HANG, FAIL_CLOSE };

struct demo_request {
	struct slice method, target;
	struct slice fields; /* "Name: value" lines, as received */
	struct slice body;
};

struct demo_answer {
	unsigned status;
	const char *content_type;
	struct text body;
	uint64_t delay_ms; /* before the answer */
	bool stream;       /* body is sent as one line after another */
	uint64_t lines;    /* of a stream; 0: endless */
	uint64_t interval_ms;
	enum demo_fail fail; /* HANG: no answer. CLOSE: nor a connection. */
};

/*
 * Finds the answer to q. `name` is the upstream's; `failing` is how requests
 * fail, and is changed by POST /fail. a->body must be empty.
 */
void demo_page(const char *name, enum demo_fail *failing,
    const struct demo_request *q, struct demo_answer *a);

#endif
