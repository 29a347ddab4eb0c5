/*
 * layout_protect.h - the part of layout.h that is about protection: limits,
 * breakers, bans, retries, queues.
 */
#ifndef SHM_LAYOUT_PROTECT_H
#define SHM_LAYOUT_PROTECT_H

#include <stdalign.h>
#include <stdatomic.h>
#include <stdint.h>

#include "shm/cas16.h"
#include "shm/layout_sizes.h"

/* Protocol D; see limiter_inside.h. Workers, by compare-and-swap. */
struct shm_limiter_set {
	alignas(SHM_APART) struct cas16 cell[LIMITER_WAYS];
};

/* Whose a cell is, for people: struct limiter_key without its hash. Whoever
 * charges a cell that is not named; who reads it checks the hash. */
struct shm_limiter_name {
	alignas(64) _Atomic uint64_t word[7];
};

/* `touched` has a bit per block that is in use. Lower ways are used first:
 * their names are in as few pages as there can be. */
struct shm_limiter {
	alignas(SHM_PAGE) struct shm_limiter_set set[LIMITER_SETS];
	struct shm_limiter_name name[LIMITER_WAYS][LIMITER_SETS];
	_Atomic uint64_t touched[LIMITER_SETS / LIMITER_BLOCK / 64];
	/* Claims so far, and keys that were forgotten before their time. */
	alignas(SHM_APART) _Atomic uint64_t claims;
	_Atomic uint64_t evicted_live;
};

/* Protocol C; see breaker.h. Workers and the master, by compare-and-swap. */
struct shm_breaker {
	/* {state:2, epoch:14, fails:12, oks:8, until:28} */
	alignas(SHM_APART) _Atomic uint64_t word;
	/* How often that has changed state, or once less; ends like epoch. */
	_Atomic uint64_t turns;
	_Atomic uint64_t first;    /* as turns: the owner before; master */
	_Atomic uint64_t failures; /* so far; number % KEPT */
	/* Transitions to each state; one that was lost is not counted. */
	_Atomic uint64_t made[3];
	/* {ms:32, epoch:6, cause:6, detail:20} */
	alignas(64) _Atomic uint64_t failure[BREAKER_FAILURES_KEPT];
};

/* A transition; see breaker_history.h. Whoever made it; `lost`: anyone. */
struct shm_turn {
	_Atomic uint64_t seq;  /* {number:32, check:32}; stored last */
	_Atomic uint64_t lost; /* {number:24, from:2, to:2, wall seconds:36} */
	_Atomic int64_t wall_us;
	_Atomic uint32_t what; /* {from:2, to:2, cause:8, fails:12, count:8} */
	_Atomic uint32_t detail;
	_Atomic uint32_t calls, failed, slow; /* in the window */
	uint32_t spare;
	/* {ms before:32, spare:6, cause:6, detail:20} */
	_Atomic uint64_t failure[BREAKER_FAILURES_KEPT];
};

struct shm_turns {
	struct shm_turn turn[BREAKER_TURNS_KEPT]; /* number % KEPT */
};

/* The worker; zeroed by the keeper once it is reaped. */
struct shm_bucket {
	_Atomic uint64_t stamp; /* {tick:50, epoch:14} */
	_Atomic uint32_t calls, failed, slow;
	uint32_t spare;
};

struct shm_windows {
	alignas(SHM_PAGE) struct {
		struct shm_bucket bucket[BREAKER_BUCKETS]; /* tick % BUCKETS */
	} breaker[BREAKERS_MAX];
	_Atomic uint32_t used; /* something was ever written */
};

/*
 * See bans.c. lo: the address, 0: free; hi: {until:32, strikes:8, by:8, 14,
 * kind:2}.
 */
struct shm_ban_set {
	alignas(SHM_APART) struct cas16 place[BAN_WAYS];
};

struct shm_ban_rule {
	_Atomic uint64_t total; /* bans that it made; workers */
	uint32_t name_bytes, spare;
	char name[64]; /* master; complete when it is below `rules` */
};

/* `touched` has a bit per block that is in use. */
struct shm_bans {
	alignas(SHM_PAGE) struct shm_ban_set set[BANS_SETS];
	_Atomic uint64_t touched[BANS_SETS / BAN_BLOCK / 64];
	/* Changes; PENDING so far; bans that were dropped. Whoever. */
	alignas(SHM_APART) _Atomic uint64_t version;
	_Atomic uint64_t pended, dropped;
	_Atomic uint32_t rules; /* that have a number; master */
	alignas(SHM_APART) struct shm_ban_rule rule[BAN_RULES_MAX + 1];
};

/* The worker; kept when it dies. See budget.h; {second:28, count:36}. */
struct shm_requests_row {
	alignas(SHM_APART) _Atomic uint64_t at[BUDGET_REQUESTS];
};

struct shm_requests {
	struct shm_requests_row service[SERVICES_MAX];
};

/* Workers, by compare-and-swap. Likewise, of the last one and before each. */
struct shm_retries {
	alignas(SHM_APART) _Atomic uint64_t made;
	_Atomic uint64_t mark[BUDGET_MARKS];
};

/* See waiters.h. Workers, and the keeper for those that it has reaped. */
struct shm_waiters {
	/* By class, a bit per worker. */
	alignas(SHM_APART) _Atomic uint64_t of[WAITERS_CLASSES];
	/* Of each worker: when it had its last turn; ms, the low 32 bits. */
	_Atomic uint32_t turn_ms[WORKERS_MAX];
};

_Static_assert(sizeof(struct shm_limiter_set) * LIMITER_BLOCK == SHM_PAGE,
    "a block of limiter sets is a page");
_Static_assert(sizeof(struct shm_breaker) == 128, "breaker");
_Static_assert(sizeof(struct shm_turn) == 112, "turn");
_Static_assert(sizeof(struct shm_bucket) == 24, "bucket");
_Static_assert(sizeof(struct shm_ban_set) * BAN_BLOCK == SHM_PAGE,
    "a block of bans is a page");
_Static_assert(sizeof(struct shm_requests_row) == 128, "requests");
_Static_assert(sizeof(struct shm_retries) == 128, "retries");

#endif
