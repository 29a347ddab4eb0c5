/*
 * tickets.h - the keys of TLS session tickets: made by the master, read by all
 * workers, so that any of them resumes what any of them has begun.
 *
 *	number   n-3      n-2  n-1    n
 *	         wiped    open only   makes tickets and opens them
 *
 * They outlive reloads and every process. A key never changes once it is
 * counted; the one that no ticket is opened with any more is wiped, so that
 * what was once recorded stays secret.
 */
#ifndef SHM_TICKETS_H
#define SHM_TICKETS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/net/tls.h"
#include "shm/region.h"

#define TICKETS_LIVE 3

/* ---- workers ---- */

/* The key that tickets are made with. False: there is none. */
bool tickets_current(const struct region *r, struct tls_ticket_key *key);

/* The key of this name among those that count; *current: the one above. */
bool tickets_find(const struct region *r, const uint8_t name[TLS_TICKET_NAME],
    struct tls_ticket_key *key, bool *current);

/* ---- master ---- */

/* Makes a new current key. `now_us` is clock_now's. */
void tickets_rotate(struct region *r, uint64_t now_us);

/*
 * The n keys (at most TICKETS_LIVE) are those that count, the first one is
 * current. Nothing changes where that is so already.
 */
void
tickets_give(struct region *r, const struct tls_ticket_key *keys, size_t n);

/* When the current key was made; false: there is none, or it was given. */
bool tickets_made(const struct region *r, uint64_t *us);

#endif
