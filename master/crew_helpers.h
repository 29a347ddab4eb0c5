/*
 * crew_helpers.h - the keeper's helpers: as its workers, but that nobody tells
 * them anything. What one of them was at when it died is done by the next.
 */
#ifndef MASTER_CREW_HELPERS_H
#define MASTER_CREW_HELPERS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "master/crew.h"

/* Longer than any job is waited for, and than an idle helper sleeps. */
#define CREW_HELPER_STALE_US 15000000

/* Forks it when due; returns when to be called again. */
uint64_t crew_tend_helper(struct crew *c, uint32_t h, uint64_t now_us);

/* A child was reaped: if it is a helper, it is settled. */
void crew_reap_helper(struct crew *c, pid_t pid, int status, uint64_t now_us);

/* Who has been at one job for CREW_HELPER_STALE_US is killed. */
void crew_check_helpers(struct crew *c, uint64_t step_us);

/* Ends them, once no worker is left that asks; nobody is replaced any more. */
void crew_stop_helpers(struct crew *c, uint64_t now_us);

uint32_t crew_helpers_up(const struct crew *c);
bool crew_helpers_gone(const struct crew *c);
bool crew_helpers_hopeless(const struct crew *c);

#endif
