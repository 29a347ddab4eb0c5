/*
 * layout_sizes.h - how much of everything there is room for: see layout.h.
 */
#ifndef SHM_LAYOUT_SIZES_H
#define SHM_LAYOUT_SIZES_H

#include <stdint.h>

#define SHM_MAGIC 0x3174736e6570u /* "penst1" */
#define SHM_VERSION 1
#define SHM_APART 128 /* two lines: the prefetcher fetches pairs */
#define SHM_PAGE 4096
#define SHM_SECTIONS_MAX 48

#define WORKERS_MAX 64
#define HELPERS_MAX 16
#define SLOT_MASTER WORKERS_MAX              /* the master's own slot */
#define SLOT_HELPER (WORKERS_MAX + 1)        /* the first helper's */
#define SLOT_LOG (SLOT_HELPER + HELPERS_MAX) /* penstocklog's */
#define SLOTS_MAX (SLOT_LOG + 1)
#define GENERATIONS_MAX 64 /* retired images that may stay pinned */
#define IMAGES_MAX 128
#define EXTENTS_MAX 12288
#define SERVICES_MAX 4096
#define ENDPOINTS_MAX 16384
#define ROUTES_MAX 131072 /* counter rows; row 0 is the overflow */
#define NAMES_BYTES (16u << 20)
#define LIMIT_ROWS_MAX 4096 /* row 0 is the overflow */
#define LIMIT_NAME_MAX 255
#define COUNTERS_MAX 126
#define WHYS_MAX 128
#define SERIES_MAX 16384
#define SERIES_PLACES (2 * SERIES_MAX)
#define SERIES_BLOCK 256 /* places of a page */
#define HISTO_BUCKETS 23
#define HISTO_KINDS_MAX 3
#define HISTO_OWNERS 2     /* routes, endpoints */
#define HISTO_OWN_MAX 4096 /* of each; a power of 2 */
#define SLOT_WORDS_MAX 256
#define SERVICE_NAME_MAX 255
#define ENDPOINT_LABEL_MAX 262
#define HISTORY_KEPT 16    /* changes of one endpoint */
#define OVERRIDES_MAX 4096 /* endpoints that operators have changed */
#define LEDGER_MAX 2097152 /* permits of one worker */
#define BREAKERS_MAX (ENDPOINTS_MAX + SERVICES_MAX)
#define BREAKER_TURNS_KEPT 16   /* transitions of one breaker */
#define BREAKER_FAILURES_KEPT 8 /* that led to each of them */
#define BREAKER_BUCKETS 8       /* of a window */
/* Permit words besides the keyed ones: see permit.h. */
#define PERMITS_MAX (ENDPOINTS_MAX + BREAKERS_MAX + SERVICES_MAX)
#define WAITERS_CLASSES 3 /* enum img_class */
#define KEYED_SETS 16384
#define KEYED_WAYS 16
#define KEYED_MAX (KEYED_SETS * KEYED_WAYS)
#define KEYSETS_MAX 256
#define KEYSET_NAME_MAX 255
#define REVOKED_MAX 65536
#define REVOKE_PLACES (2 * REVOKED_MAX)
#define REVOKE_NAME_MAX 64
#define REVOKE_TEXT_MAX 200
#define FAMILIES_MAX 262144
#define FAMILY_BLOCK 256 /* places of a page */
#define LIMITER_TABLES_MAX 3
#define LIMITER_SETS 65536
#define LIMITER_WAYS 8   /* cells of a set: two lines */
#define LIMITER_BLOCK 32 /* sets of a page */

#define BANS_SETS 16384
#define BAN_WAYS 8   /* places of a set: two lines */
#define BAN_BLOCK 32 /* sets of a page */
#define BANS_MAX (BANS_SETS * BAN_WAYS)
#define BAN_RULES_MAX 255 /* 0: operators; the last one: all others */

#define BUDGET_REQUESTS 16 /* seconds that a row of requests is about */
#define BUDGET_MARKS 15

#define EPOCH_IDLE UINT64_MAX /* in shm_slot.epoch: holds nothing */

#endif
