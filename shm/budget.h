/*
 * budget.h - how many requests of a service may be sent again: a share of those
 * that came to it, over all workers. However many of them fail, its endpoints
 * see no more than that above the traffic there is.
 *
 * Both are counted by the second. What is decided at second s is about the
 * BUDGET_SECONDS from s - 9 to s, so that retries over any time are at most
 * that share of the requests of that time, and the minimum once in
 * BUDGET_SECONDS. Kept over reloads and over the death of any process.
 */
#ifndef SHM_BUDGET_H
#define SHM_BUDGET_H

#include <stdbool.h>
#include <stdint.h>

#include "shm/region.h"

#define BUDGET_SECONDS 10

struct budget {
	uint32_t share;   /* thousandths of the requests */
	uint32_t minimum; /* retries, however few requests there are */
};

/* Worker w sends a request for the first time. It alone writes that line. */
void budget_request(
    const struct region *r, uint32_t w, uint32_t service, uint64_t now_us);

/* Takes a retry of the budget; false: it is used up. */
bool budget_retry(const struct region *r, uint32_t service,
    const struct budget *b, uint64_t now_us);

#endif
