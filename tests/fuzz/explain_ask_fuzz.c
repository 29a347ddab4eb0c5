/*
 * explain_ask_fuzz.c - any line as an ask of penstock --explain: it has a
 * method and an URL, or a fault.
 */
#include <stdlib.h>

#include "common/base/must.h"
#include "worker/explain_state.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct explained x = { 0 };
	struct explain_ask ask;
	const char *fault = NULL;
	char *copy = malloc(size + 1); /* of just these bytes, of none, too */

	MUST(copy != NULL);
	memcpy(copy, data, size);
	arena_init(&x.arena, NULL, 0, SIZE_MAX);
	if (explain_ask_read(&x, slice_make(copy, size), &ask, &fault)) {
		MUST(fault == NULL && ask.method.n != 0 && ask.url.n != 0);
		MUST(ask.header_count <= EXPLAIN_HEADERS_MAX);
		for (size_t i = 0; i < ask.header_count; i++)
			MUST(memchr(ask.headers[i].p, ':', ask.headers[i].n) !=
			    NULL);
	} else {
		MUST(fault != NULL);
	}
	arena_fini(&x.arena);
	free(copy);
	return 0;
}
