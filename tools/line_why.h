/*
 * line_why.h - the reasons as words and by whose fault they are, for whatever
 * is made of a record: lines, spans.
 */
#ifndef TOOLS_LINE_WHY_H
#define TOOLS_LINE_WHY_H

#include "common/base/slice.h"

#define LINE_WHYS 128 /* of a mask */

enum line_fault {
	LINE_FAULT_NOBODY,
	LINE_FAULT_CLIENT,
	LINE_FAULT_UPSTREAM,
	LINE_FAULT_GATEWAY
};

struct line_why {
	struct slice word, code;
	enum line_fault fault;
};

/* Of enum why; of a number that is none, "unknown". */
const struct line_why *line_why(unsigned why);
/* The number of a word; -1: there is none. */
int line_why_find(struct slice word);

#endif
