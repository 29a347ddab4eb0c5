/*
 * line_why.c - see line_why.h; the list is the worker's.
 */
#include "tools/line_why.h"

static const struct line_why line_whys[] = {
#define WHY(id, word, status, code, grpc, fault, title, help) \
	{ SLICE_LIT(word), SLICE_LIT(code), LINE_FAULT_##fault },
#include "worker/flow/why.def"
};

#define LINE_WHY_COUNT (sizeof(line_whys) / sizeof(line_whys[0]))

_Static_assert(LINE_WHY_COUNT <= LINE_WHYS, "a bit for every reason");

const struct line_why *
line_why(unsigned why)
{
	static const struct line_why unknown = { SLICE_LIT("unknown"),
		SLICE_LIT(""), LINE_FAULT_NOBODY };

	return why < LINE_WHY_COUNT ? &line_whys[why] : &unknown;
}

int
line_why_find(struct slice word)
{
	for (size_t i = 0; i < LINE_WHY_COUNT; i++)
		if (slice_eq(line_whys[i].word, word))
			return (int)i;
	return -1;
}
