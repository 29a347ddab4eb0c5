/*
 * img_protect.h - the part of the configuration image that says how much is let
 * in, from where, and what becomes of it when that is too much: limits, address
 * lists, bans, breakers, queues, overload, releases.
 */
#ifndef SHM_IMG_PROTECT_H
#define SHM_IMG_PROTECT_H

#include "shm/img_ref.h"

/* Classes of requests, by importance. */
enum img_class {
	IMG_CLASS_NORMAL,
	IMG_CLASS_PRIORITY,
	IMG_CLASS_EMERGENCY,
	IMG_CLASS_COUNT
};

/* ---- rate_limits ---- */

enum img_limit_kind {
	IMG_LIMIT_TOKEN_BUCKET,
	IMG_LIMIT_SLIDING_WINDOW,
	IMG_LIMIT_FIXED_WINDOW,
	IMG_LIMIT_QUOTA,       /* per day or month of the calendar, in UTC */
	IMG_LIMIT_CONCURRENCY, /* at once */
	IMG_LIMIT_KINDS
};

/* What of a request is counted by. */
enum img_limit_part {
	IMG_LIMIT_ADDRESS, /* of IPv6 its /64 */
	IMG_LIMIT_USER,    /* without one, the address; the next two likewise */
	IMG_LIMIT_TENANT,
	IMG_LIMIT_SERVICE, /* the service that its token is of (the claim) */
	IMG_LIMIT_ROUTE,   /* the route's name */
	IMG_LIMIT_HEADER,  /* without it, the address */
	IMG_LIMIT_PARTS
};

#define IMG_LIMIT_PARTS_MAX 4 /* of one limit */

struct img_limit_part_of {
	uint32_t part;       /* enum img_limit_part */
	uint32_t field;      /* HEADER: enum field_id */
	struct img_str name; /* HEADER: of it */
};

#define IMG_PERIOD_DAY UINT64_C(86400000000)
#define IMG_PERIOD_MONTH (31 * IMG_PERIOD_DAY) /* stands for any month */

struct img_limit {
	struct img_str name;
	uint64_t id;    /* of name and kind: the same in every generation */
	uint32_t row;   /* limit_names.h: filled in by the master at publish */
	uint32_t kind;  /* enum img_limit_kind */
	uint32_t table; /* enum limiter_table; not of CONCURRENCY */
	uint32_t late;  /* 1: counted once it is known whom it is from */
	uint32_t adaptive;  /* 1: less while the gateway sheds */
	uint64_t count;     /* so many per period; CONCURRENCY: at once */
	uint64_t period_us; /* QUOTA: IMG_PERIOD_DAY or _MONTH */
	uint64_t burst;     /* TOKEN_BUCKET: at once */
	uint64_t each_ns;   /* TOKEN_BUCKET: one more per so many ns */
	/* What `count` and `burst` are multiplied by, in thousandths; 0: the
	 * class is not counted. */
	uint32_t multiplier[IMG_CLASS_COUNT];
	struct img_span parts; /* struct img_limit_part_of; none: all */
};

/* ---- acl ---- */

/* A set of addresses. */
struct img_nets {
	struct img_span ranges; /* struct addr_range, for ranges_have */
	struct img_span index;  /* struct ranges_index, where there are many */
};

/* Who is in `deny` is refused; with `closed`, who is not in `allow`, too. */
struct img_acl {
	uint32_t closed; /* 1: there is an allow list */
	uint32_t spare;
	struct img_nets allow, deny;
};

/* ---- bans ---- */

struct img_ban_rule {
	struct img_str name;
	uint64_t id; /* of the name: the same in every generation */
	uint64_t count, window_us; /* so many in a window that slides: banned */
	uint64_t time_us, max_us;  /* for so long at first, and at most */
	uint32_t factor; /* by which it grows each time; thousandths */
	uint32_t by;     /* its number, see bans.h: filled in at publish */
	struct img_span statuses; /* struct img_range: answers that count */
	uint64_t whys[2];         /* bit per enum why: reasons that count */
};

/* ---- breaker ---- */

/* Bits of img_breaker.on: calls that count as failed. Statuses besides. */
#define IMG_BREAKER_CONNECT 1u
#define IMG_BREAKER_RESET 2u
#define IMG_BREAKER_TIMEOUT 4u
#define IMG_BREAKER_BROKEN 8u /* the answer was no HTTP */

/* Bits of img_breaker.scope. */
#define IMG_BREAKER_ENDPOINT 1u /* each has one, which counts calls */
#define IMG_BREAKER_SERVICE 2u  /* it has one, which counts requests */

struct img_breaker {
	uint32_t scope;     /* 0: there is none, nor anything below */
	uint32_t failures;  /* in a row; 0: they do not matter */
	uint32_t successes; /* that close it again; not above `probes` */
	uint32_t probes;    /* calls that are let through, half-open */
	uint32_t minimum;   /* calls in a window, for a rate to matter */
	uint32_t error_rate, slow_rate; /* thousandths; 0: do not matter */
	uint32_t on;                    /* IMG_BREAKER_* */
	uint64_t open_us, slow_us, window_us;
	struct img_span statuses; /* struct img_range: that are failures */
};

/* ---- fallback ---- */

/* What answers instead of a service that cannot. */
struct img_fallback {
	uint32_t respond;         /* in img_head.responds, or IMG_NONE */
	uint32_t service;         /* in img_head.services, or IMG_NONE */
	struct img_span statuses; /* struct img_range: its own answers that
				     count as "cannot" */
};

/* ---- queue ---- */

struct img_queue {
	uint32_t length; /* over all workers; 0: none */
	uint64_t timeout_us;
};

/* ---- overload ---- */

/* From where on the gateway sheds; 0: this does not matter. */
struct img_overload {
	uint64_t lag_us;       /* events wait so long for a worker */
	uint32_t connections;  /* thousandths of worker_connections */
	uint64_t memory_bytes; /* of one worker */
};

/* All of it; without, the three members are 0. Offsets into the image. */
struct img_protect {
	uint32_t acl;           /* of every client: in acls, or IMG_NONE */
	uint64_t acl_mark;      /* a hash of what it says; IMG_NONE: 0 */
	struct img_span limits; /* struct img_limit */
	struct img_span acls;   /* struct img_acl */
	struct img_span bans;   /* struct img_ban_rule */
	struct img_overload overload;
};

#endif
