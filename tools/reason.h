/*
 * reason.h - the reasons with what can be done about them, for penstockctl
 * and the manual.
 */
#ifndef TOOLS_REASON_H
#define TOOLS_REASON_H

#include <stdbool.h>
#include <stddef.h>

struct reason {
	const char *word;
	unsigned status; /* 0: no answer of its own */
	const char *code;
	unsigned grpc;
	const char *grpc_name;
	const char *fault; /* "nobody" "client" "upstream" "gateway" */
	const char *title, *help;
	const char *advice; /* words to be typed stand between "`" */
};

extern const struct reason reasons[];
extern const size_t reason_count;

/* It is asked for by its word, its status or its code, in any case. */
bool reason_is(const struct reason *r, const char *what);

/*
 * Indexes of all reasons by status, those without one last; of one status as
 * they are listed. `order` has room for reason_count.
 */
void reason_sort(size_t *order);

#endif
