/*
 * crew_log.h - the keeper's penstocklog: a program of its own, which is there
 * while the configuration has something for it. It is told to end when nobody
 * writes records any more, and writes what there is before it does.
 */
#ifndef MASTER_CREW_LOG_H
#define MASTER_CREW_LOG_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "master/crew.h"

#define CREW_LOG_STALE_US 30000000 /* it hangs, or was stopped */
/* To write what there is; and when all is to end at once. */
#define CREW_LOG_DRAIN_US 10000000
#define CREW_LOG_HURRY_US 1000000

/* The configuration has something for it, or has nothing any more. */
void crew_want_log(struct crew *c, bool wanted, uint64_t now_us);

/* Forks it when due; returns when to be called again. */
uint64_t crew_tend_log(struct crew *c, uint64_t now_us);

/* A child was reaped: if it is penstocklog, it is settled. */
void crew_reap_log(struct crew *c, pid_t pid, int status, uint64_t now_us);

/* Its heartbeat is in readers.h; who hangs is killed. */
void crew_check_log(struct crew *c, uint64_t step_us);

/* Where it complains has changed; `reopen`: its logs are opened anew, too. */
void crew_tell_log(struct crew *c, bool reopen);

/*
 * Asks it to end within `limit_us`; nobody comes in its place. A second time:
 * within the shorter of the two.
 */
void crew_stop_log(struct crew *c, uint64_t limit_us, uint64_t now_us);
bool crew_log_gone(const struct crew *c);

#endif
