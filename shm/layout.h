/*
 * layout.h - draws the state memfd. Everything is an offset, an index or a
 * number, never a pointer; a word has one writer, named in its comment.
 *
 *	 header     what this is, the section table             written once
 *	 control    epoch, current image, drain, reloads        master, keeper
 *	 slots      workers', the master's, helpers'            512 bytes each
 *	 pins       [worker][image]                             the worker
 *	 images     state, place and age of each image slot     master
 *	 meters     [worker] counters, replies by reason        the worker
 *	 audits     [ring] events of the audit log that were lost   its writer
 *	 ---------- populated at start down to here -----------------------
 *	 extents    who owns which pages of the images memfd    master
 *	 services   name, current endpoint set                  master
 *	 endpoints  tag, state, address                         master
 *	 texts      [endpoint] address and label                master
 *	 routes     names of counter rows -> names              master
 *	 names      the bytes of the routes' names              master
 *	 limit_names  rows that refusals are counted in         master
 *	 rows       [worker][endpoint] active and pooled        the worker
 *	 vitals     [endpoint] health                   master, workers by CAS
 *	 histories  [endpoint] its last changes         whoever made one
 *	 overrides  what operators changed                      master
 *	 tallies    [worker][endpoint] how calls went           the worker
 *	 permits    [resource] how many are out, see permit.h   workers by CAS
 *	 keyed      [set] keys in use, their permit words       workers by CAS
 *	 ledgers    [worker] permits that it holds              the worker
 *	 series     [worker] requests by route, code, ...       the worker
 *	 histos     [worker][service] durations                 the worker
 *	 histo_owners  who has a row of its own in histos       workers by CAS
 *	 exemplars  [row][bucket] the last traced request       workers
 *	 keysets    [slot] fetched keys of authenticators       master, workers
 *	 revoked    what holds no more, for people              master
 *	 revocations  [place] the same, by hash, for workers    master
 *	 families   refresh tokens that may be used     workers by CAS, master
 *	 limiters   [table] how often something happened        workers by CAS
 *	 breakers   [breaker] state, see breaker.h              workers by CAS
 *	 turns      [breaker] its last transitions     whoever made one
 *	 windows    [worker][breaker] how calls went            the worker
 *	 bans       [set] addresses that are banned     workers by CAS, master
 *	 requests   [worker][service] requests by the second    the worker
 *	 retries    [service] requests sent again               workers by CAS
 *	 waiters    [service] workers with requests that wait   workers by CAS
 *
 * The lower part is sized for the worst case and faulted lazily: what is dense
 * is filled from its start, and readers stop at the high-water mark, because
 * even a read of an untouched page of a memfd allocates it.
 *
 * A changed section gets a new version in region.c; a binary attaches only to
 * a region whose sections it knows.
 */
#ifndef SHM_LAYOUT_H
#define SHM_LAYOUT_H

#include <stdalign.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include "common/net/addr.h"
#include "shm/layout_access.h"
#include "shm/layout_meters.h"
#include "shm/layout_protect.h"
#include "shm/layout_sizes.h"

struct shm_section {
	char name[16];
	uint32_t version, entry_size;
	uint64_t offset, count;
};

/* Keeper, before its first fork; never changed. */
struct shm_header {
	alignas(SHM_APART) uint64_t magic;
	uint32_t version, workers;
	uint64_t birth_us; /* CLOCK_MONOTONIC */
	int64_t birth_wall_us;
	uint64_t state_bytes, images_bytes;
	uint64_t hash_k0, hash_k1; /* of the names' hashes */
	uint32_t section_count, spare;
	struct shm_section sections[SHM_SECTIONS_MAX];
};

struct shm_control {
	/* Read by every worker in every turn. */
	alignas(SHM_APART) _Atomic uint64_t pub; /* master: {gen:48,img:16} */
	_Atomic uint64_t epoch;                  /* master: G of the model */
	_Atomic uint64_t expire_below;      /* master: a generation, or 0 */
	_Atomic uint64_t drain_deadline_us; /* keeper; 0: not draining */

	/* High-water marks: entries below them are complete. Master. */
	alignas(SHM_APART) _Atomic uint32_t services;
	_Atomic uint32_t endpoints, routes, extents;
	_Atomic uint64_t set_version; /* of the youngest endpoint set */
	_Atomic uint32_t keysets;
	_Atomic uint64_t keyset_version; /* of the youngest key set */
	_Atomic uint64_t keyset_retire; /* of the last replaced; 0: none left */
	_Atomic uint32_t limit_names;

	/* Grows with every change of a vital that balancing minds. Whoever. */
	alignas(SHM_APART) _Atomic uint64_t vitals_version;
	/* Grows with every entry in a history. Whoever. */
	_Atomic uint64_t changes;

	/* Of revoke.h; workers read it at every use of a token. Master. */
	alignas(SHM_APART) _Atomic uint64_t revoke_version;
	_Atomic uint64_t revoke_moved; /* grows when a place moves */
	_Atomic uint32_t revoked;      /* in force */
	/* Entries: no free one below low, none in use from high on. */
	_Atomic uint32_t revoked_low, revoked_high;

	/* Of bans.h: 0: nobody is banned. Read with every connection and
	 * request. Whoever bans; cleared by the master. */
	alignas(SHM_APART) _Atomic uint32_t bans_active;

	/* How reloads went. Master. */
	alignas(SHM_APART) _Atomic uint64_t reloads_ok;
	_Atomic uint64_t reloads_failed, reloads_unchanged;
	_Atomic int64_t reload_wall_us;    /* of the last one */
	_Atomic int64_t reload_ok_wall_us; /* of the last that succeeded */
	_Atomic uint32_t reload_last;      /* enum reload_outcome */
};

struct shm_slot {
	/* The worker: an epoch or EPOCH_IDLE. The keeper once it is reaped. */
	alignas(SHM_APART) _Atomic uint64_t epoch;

	alignas(SHM_APART) _Atomic uint64_t beat_us; /* its process */
	_Atomic uint64_t started_us;                 /* keeper */
	_Atomic uint32_t state;       /* enum slot_state; keeper, its process */
	_Atomic int32_t pid;          /* keeper */
	_Atomic uint32_t incarnation; /* keeper */
	_Atomic int32_t last_status;  /* keeper: of the predecessor */
	/* How its process fares (overload); the keeper once it is reaped. */
	_Atomic uint64_t lag_us;       /* its process */
	_Atomic uint64_t memory_bytes; /* master: of its own */
	_Atomic uint32_t pressure;     /* its process: of 3000 */

	/* Its process, dying; NUL-terminated, except while being written. */
	alignas(SHM_APART) char last_words[SLOT_WORDS_MAX];
};

/* The worker; zeroed by the keeper once it is reaped. */
struct shm_pins {
	alignas(SHM_APART) _Atomic uint32_t image[IMAGES_MAX];
};

enum image_state {
	IMAGE_FREE,
	IMAGE_BUILDING, /* has its extent, nobody reads it */
	IMAGE_READY,    /* complete; current if control.pub names it */
	IMAGE_RETIRED,  /* was current: freed when nobody can see it */
};

/*
 * The first page of the secrets memfd. Master. Behind it are the secrets of
 * images, at the same offsets as the images themselves in theirs.
 */
#define TICKET_KEYS 8 /* the newest 3 count, see tickets.h */
struct shm_ticket_key {
	uint8_t name[16], aes[32], hmac[32];
	uint64_t made_us; /* 0: given by files */
};
/* A key that tokens are signed with (ES256), see signing.h. */
#define SIGNING_KEYS 4
#define SIGNING_KID 22 /* base64url of 16 bytes */
#define SIGNING_PEM_MAX 320
#define SIGNING_SPKI_MAX 96
struct signing_key {
	char kid[SIGNING_KID];
	uint16_t pem_bytes, spki_bytes;
	char pem[SIGNING_PEM_MAX];
	uint8_t spki[SIGNING_SPKI_MAX];
	int64_t made_s; /* wall clock */
};
struct shm_secrets {
	alignas(SHM_APART) uint64_t magic;
	_Atomic uint64_t tickets; /* keys made so far; key n is at n % 8 */
	struct shm_ticket_key ticket[TICKET_KEYS];
	uint8_t digest_key[32]; /* keeper: of digests of passwords */
	/* Signs refresh tokens. Keeper; the master, once, from state_dir. */
	uint8_t refresh[32];
	uint8_t debug_key[32]; /* keeper: of debug_token.h */
	alignas(SHM_APART) _Atomic uint64_t signings; /* key n is at n % 4 */
	struct signing_key signing[SIGNING_KEYS];
};

/* Master. */
struct shm_image {
	alignas(SHM_APART) _Atomic uint32_t state; /* enum image_state */
	_Atomic uint64_t generation;
	_Atomic uint64_t offset, bytes; /* in the images memfd */
	_Atomic uint64_t retire; /* epoch from which on nobody can see it */
	_Atomic uint64_t published_us;
	uint8_t digest[32]; /* of the configuration; complete when READY */
};

/* Of an audit ring (audit.h). Its writer; kept when it dies. */
struct shm_audit {
	alignas(SHM_APART) _Atomic uint64_t lost; /* events without room */
	_Atomic uint64_t told;                    /* of them, in the log */
};
struct shm_audits {
	struct shm_audit ring[WORKERS_MAX + 1]; /* the last one's: master */
	/* Deaths of processes in a slot that are in the log. Master. */
	alignas(SHM_APART) _Atomic uint32_t deaths[SLOTS_MAX];
	/* API keys that expired up to then, too; wall clock. Master. */
	_Atomic int64_t keys_s;
};

/* Owner words of extents: what recovery looks up to see if it is in use. */
#define EXTENT_IMAGE 0x80000000u  /* | image slot */
#define EXTENT_SET 0x40000000u    /* | service */
#define EXTENT_KEYSET 0x20000000u /* | slot of keysets */
#define EXTENT_WHICH 0x1fffffffu

/* Master. */
struct shm_extent {
	_Atomic uint32_t owner; /* 0: free; stored last */
	uint32_t spare;
	_Atomic uint64_t offset, bytes; /* whole pages */
	_Atomic uint64_t retire;        /* of sets: as shm_image.retire, or 0 */
};

/* Master. Complete when its index is below control.services; never freed. */
struct shm_service {
	_Atomic uint64_t set; /* offset of struct eset in images; 0: none */
	uint64_t hash;
	uint32_t name_bytes, spare;
	char name[SERVICE_NAME_MAX + 1];
};

/* Master. Address and service change only while the state is FREE. */
struct shm_endpoint {
	alignas(SHM_APART) _Atomic uint32_t tag;
	_Atomic uint32_t state; /* enum endpoint_state */
	_Atomic uint32_t service, weight;
	struct addr addr;
	_Atomic uint64_t retire; /* as shm_image.retire */
};

/* Master. The label is in one of two buffers, so that it can change. */
struct shm_text {
	alignas(SHM_APART) char addr[ADDR_TEXT_MAX];
	_Atomic uint32_t addr_bytes;
	_Atomic uint32_t label_which; /* 0 or 1 */
	struct {
		_Atomic uint32_t bytes;
		char text[ENDPOINT_LABEL_MAX];
	} label[2];
};

/* Master. Complete when its index is below control.routes; never freed. */
struct shm_route {
	uint64_t hash;
	uint32_t name_at, name_bytes; /* in names */
};

/* Master. Complete when its index is below control.limit_names; never freed. */
struct shm_limit_name {
	uint32_t bytes;
	char text[LIMIT_NAME_MAX + 1];
};

/* The worker; zeroed by the keeper once it is reaped. Active in the low, pooled
 * in the high half: one load sees a connection that moves between them. */
struct shm_rows {
	alignas(SHM_APART) _Atomic uint64_t endpoint[ENDPOINTS_MAX];
};

/* What is known of an endpoint's health; see vital.h. All zero: nothing. */
struct shm_vital {
	/* Master. */
	alignas(64) _Atomic uint32_t flags; /* VITAL_* */
	_Atomic uint32_t share; /* thousandths of its weight; 0 means 1000 */
	/* {state:2, fails:14, until:48}; workers, by compare-and-swap. */
	_Atomic uint64_t passive;
	/* Master, all of the rest. */
	_Atomic uint32_t score;      /* 1 + thousandths; 0: not known */
	_Atomic uint32_t latency_us; /* mean of late */
	_Atomic uint64_t ramp_us;    /* slow start began then; 0: none */
	_Atomic int32_t streak;      /* probes in a row: > 0 good, < 0 bad */
	uint32_t spare;
	_Atomic uint64_t checked_us; /* the last probe ended then */
};

/* One change; see history.h. `seq` is stored last: {number + 1:32, check:32}.
 */
struct shm_change {
	_Atomic uint64_t seq;
	_Atomic int64_t wall_us;
	_Atomic uint32_t what;   /* {event:8, cause:8, spare:16} */
	_Atomic uint32_t detail; /* a status, an errno or a count */
};

struct shm_history {
	alignas(SHM_APART) _Atomic uint64_t count; /* of all changes so far */
	_Atomic uint64_t first; /* of the present endpoint; master */
	struct shm_change change[HISTORY_KEPT]; /* number % HISTORY_KEPT */
};

/* Master. In use when `value` is not 0: one store makes, changes or ends it. */
struct shm_override {
	/* {state:2, weight:30, conf_state:2, conf_weight:30}; state and weight
	 * are plus 1, or 0: not changed. The others: when it was changed. */
	_Atomic uint64_t value;
	uint32_t service;
	_Atomic uint32_t name_bytes; /* 0: never used, and none behind it */
	char name[ENDPOINT_LABEL_MAX + 2];
};

/* The worker; kept when it dies. */
struct shm_tally {
	_Atomic uint64_t answered, failed; /* calls; failed: 5xx, too */
	_Atomic uint64_t answered_us;      /* of the answered, summed */
	_Atomic uint64_t spare;
};

/* Protocol B: {count:20, worker:8, seq:36}; worker is slot + 1, 0: none. */
struct shm_permit {
	alignas(SHM_APART) _Atomic uint64_t word;
	_Atomic uint64_t wanted_us; /* somebody found none; workers */
};

/* A set of the keyed table; see keyed.h. Workers, by compare-and-swap. */
struct shm_keyed {
	/* {tag:36, version:26, state:2} */
	alignas(SHM_APART) _Atomic uint64_t key[KEYED_WAYS];
	_Atomic uint64_t word[KEYED_WAYS]; /* as shm_permit.word */
};

/* {seq:36, resource:20, state:8}: one word, so that it is never torn. */
struct shm_ledger {
	alignas(SHM_APART) _Atomic uint64_t done; /* helpers, by CAS */
	_Atomic uint64_t opseq;                   /* the worker */
	_Atomic uint32_t high; /* entries ever used; the worker */
	alignas(SHM_APART) _Atomic uint64_t entry[LEDGER_MAX];
};

struct shm_tallies {
	alignas(SHM_APART) struct shm_tally endpoint[ENDPOINTS_MAX];
};

struct shm_state {
	struct shm_header header;
	struct shm_control control;
	struct shm_slot slots[SLOTS_MAX];
	struct shm_pins pins[WORKERS_MAX];
	struct shm_image images[IMAGES_MAX];
	struct shm_meters meters[WORKERS_MAX];
	struct shm_audits audits;
	alignas(SHM_PAGE) struct shm_extent extents[EXTENTS_MAX];
	struct shm_service services[SERVICES_MAX];
	alignas(SHM_PAGE) struct shm_endpoint endpoints[ENDPOINTS_MAX];
	struct shm_text texts[ENDPOINTS_MAX];
	struct shm_route routes[ROUTES_MAX];
	char names[NAMES_BYTES];
	alignas(SHM_PAGE) struct shm_limit_name limit_names[LIMIT_ROWS_MAX];
	alignas(SHM_PAGE) struct shm_rows rows[WORKERS_MAX];
	alignas(SHM_PAGE) struct shm_vital vitals[ENDPOINTS_MAX];
	alignas(SHM_PAGE) struct shm_history histories[ENDPOINTS_MAX];
	alignas(SHM_PAGE) struct shm_override overrides[OVERRIDES_MAX];
	alignas(SHM_PAGE) struct shm_tallies tallies[WORKERS_MAX];
	alignas(SHM_PAGE) struct shm_permit permits[PERMITS_MAX];
	alignas(SHM_PAGE) struct shm_keyed keyed[KEYED_SETS];
	alignas(SHM_PAGE) struct shm_ledger ledgers[WORKERS_MAX];
	alignas(SHM_PAGE) struct shm_series series[WORKERS_MAX];
	alignas(SHM_PAGE) struct shm_histos histos[WORKERS_MAX];
	alignas(SHM_PAGE) struct shm_histo_owners histo_owners[HISTO_OWNERS];
	struct shm_exemplars exemplars;
	alignas(SHM_PAGE) struct shm_keyset keysets[KEYSETS_MAX];
	alignas(SHM_PAGE) struct shm_revoked revoked[REVOKED_MAX];
	alignas(SHM_PAGE) struct shm_revocation revocations[REVOKE_PLACES];
	struct shm_families families;
	struct shm_limiter limiters[LIMITER_TABLES_MAX];
	alignas(SHM_PAGE) struct shm_breaker breakers[BREAKERS_MAX];
	alignas(SHM_PAGE) struct shm_turns turns[BREAKERS_MAX];
	alignas(SHM_PAGE) struct shm_windows windows[WORKERS_MAX];
	struct shm_bans bans;
	alignas(SHM_PAGE) struct shm_requests requests[WORKERS_MAX];
	struct shm_retries retries[SERVICES_MAX];
	alignas(SHM_PAGE) struct shm_waiters waiters[SERVICES_MAX];
};

_Static_assert(ATOMIC_LLONG_LOCK_FREE == 2, "8 bytes must be lock-free");
_Static_assert(sizeof(struct addr) == 20, "addr is a key without padding");
_Static_assert(sizeof(struct shm_section) == 40, "section");
_Static_assert(sizeof(struct shm_slot) == 512, "slot");
_Static_assert(offsetof(struct shm_slot, beat_us) == SHM_APART,
    "the epoch word is alone in its lines");
_Static_assert(sizeof(struct shm_pins) == 512, "pins");
_Static_assert(sizeof(struct shm_image) == 128, "image");
_Static_assert(sizeof(struct shm_secrets) <= SHM_PAGE, "secrets' first page");
_Static_assert(sizeof(struct shm_extent) == 32, "extent");
_Static_assert(sizeof(struct shm_service) == 280, "service");
_Static_assert(sizeof(struct shm_endpoint) == 128, "endpoint");
_Static_assert(sizeof(struct shm_text) == 640, "text");
_Static_assert(sizeof(struct shm_route) == 16, "route");
_Static_assert(sizeof(struct shm_vital) == 64, "vital");
_Static_assert(sizeof(struct shm_change) == 24, "change");
_Static_assert(sizeof(struct shm_history) == 512, "history");
_Static_assert(sizeof(struct shm_override) == 280, "override");
_Static_assert(sizeof(struct shm_tally) == 32, "tally");
_Static_assert(sizeof(struct shm_keyed) == 256, "keyed");
_Static_assert(IMAGES_MAX > GENERATIONS_MAX + 2 && IMAGES_MAX <= 65536,
    "pinned, current, building; 16 bits in control.pub");
_Static_assert(EXTENTS_MAX >= 2 * (SERVICES_MAX + KEYSETS_MAX) + IMAGES_MAX,
    "every set can be replaced at once");

#endif
