/*
 * why.c - the reason table.
 */
#include "worker/flow/why.h"

const struct why_info why_table[WHY_COUNT] = {
#define WHY(id, word, status, code, fault, title, help) \
	[WHY_##id] = { word, status, code, FAULT_##fault, title, help },
#include "worker/flow/why.def"
};

const char *
why_fault_name(enum why_fault f)
{
	static const char *const names[] = { [FAULT_NOBODY] = "nobody",
		[FAULT_CLIENT] = "client",
		[FAULT_UPSTREAM] = "upstream",
		[FAULT_GATEWAY] = "gateway" };

	return names[f];
}
