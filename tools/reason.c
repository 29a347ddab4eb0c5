/*
 * reason.c - see reason.h. A reason without advice does not compile, and
 * neither does advice for a reason that there is none of.
 */
#include "tools/reason.h"

#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

#include "common/http/grpc_text.h"

#define WHY_ADVICE(id, advice) static const char advice_##id[] = advice;
#include "worker/flow/why_advice.def"

enum {
#define WHY_ADVICE(id, advice) ADVICE_##id,
#include "worker/flow/why_advice.def"
	ADVICE_COUNT
};

#define FAULT_NOBODY "nobody"
#define FAULT_CLIENT "client"
#define FAULT_UPSTREAM "upstream"
#define FAULT_GATEWAY "gateway"

const struct reason reasons[] = {
#define WHY(id, word, status, code, grpc, fault, title, help)          \
	{ (word), (status), (code), GRPC_##grpc, #grpc, FAULT_##fault, \
		(title), (help), advice_##id },
#include "worker/flow/why.def"
};

_Static_assert(ADVICE_COUNT == sizeof(reasons) / sizeof(reasons[0]),
    "all advice is for a reason");

const size_t reason_count = sizeof(reasons) / sizeof(reasons[0]);

bool
reason_is(const struct reason *r, const char *what)
{
	char status[8];

	(void)snprintf(status, sizeof(status), "%u", r->status);
	return strcasecmp(r->word, what) == 0 || strcmp(status, what) == 0 ||
	    (r->code[0] != '\0' && strcasecmp(r->code, what) == 0);
}

/* Those without a status behind all others. */
static unsigned
rank(size_t i)
{
	return reasons[i].status != 0 ? reasons[i].status : 1000;
}

static int
compare(const void *a, const void *b)
{
	size_t i = *(const size_t *)a, k = *(const size_t *)b;

	if (rank(i) != rank(k))
		return rank(i) < rank(k) ? -1 : 1;
	return i < k ? -1 : i > k;
}

void
reason_sort(size_t *order)
{
	for (size_t i = 0; i < reason_count; i++)
		order[i] = i;
	qsort(order, reason_count, sizeof(*order), compare);
}
