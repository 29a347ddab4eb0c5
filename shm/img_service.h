/*
 * img_service.h - the part of the configuration image that says what services
 * there are: their endpoints, and how they are spoken to, probed and spared.
 */
#ifndef SHM_IMG_SERVICE_H
#define SHM_IMG_SERVICE_H

#include <stdbool.h>
#include <stdint.h>

#include "common/net/addr.h"
#include "shm/img_protect.h"
#include "shm/img_ref.h"

/* Microseconds; 0 = no limit. */
struct img_timeouts {
	uint64_t head, body, send, idle, connect, response, tunnel;
};

/* Bits of img_listener.protocols and img_service.protocol. */
#define IMG_PROTOCOL_H1 1u
#define IMG_PROTOCOL_H2 2u

enum img_balance {
	IMG_BALANCE_ROUND_ROBIN,
	IMG_BALANCE_LEAST_CONNECTIONS,
	IMG_BALANCE_RANDOM,
	IMG_BALANCE_HASH,
	IMG_BALANCE_P2C,
	IMG_BALANCE_COUNT
};

/* What of a request IMG_BALANCE_HASH, or a split, goes by. */
enum img_hash_key {
	IMG_HASH_ADDRESS,
	IMG_HASH_HEADER,
	IMG_HASH_COOKIE,
	IMG_HASH_PATH,
	IMG_HASH_USER, /* of its identity; without one, the address */
	IMG_HASH_NONE, /* a split: at random */
};

enum img_endpoint_kind {
	IMG_ENDPOINT_ADDR, /* addr is complete */
	IMG_ENDPOINT_NAME, /* all addresses of `host`, with addr's port */
	IMG_ENDPOINT_SRV,  /* all targets of the SRV records of `host` */
};

struct img_endpoint {
	struct addr addr;
	uint32_t kind; /* enum img_endpoint_kind */
	uint32_t weight;
	uint32_t backup;     /* 1: only when no other is left */
	uint32_t near;       /* 1: in the gateway's own zone */
	uint32_t admin;      /* enum endpoint_admin, as configured */
	struct img_str host; /* lower case, no dot at the end; else len 0 */
	struct img_str zone; /* len 0: none */
	struct img_str label;
};

/* A stretch of numbers, both ends included. */
struct img_range {
	uint16_t from, to;
};

/* The status is in one of so many. */
static inline bool
img_ranges_have(const struct img_range *r, uint32_t count, unsigned status)
{
	for (uint32_t i = 0; i < count; i++)
		if (status >= r[i].from && status <= r[i].to)
			return true;
	return false;
}

enum img_check {
	IMG_CHECK_NONE,
	IMG_CHECK_HTTP,
	IMG_CHECK_TCP,
	IMG_CHECK_GRPC, /* grpc.health.v1 */
};

struct img_probe_header {
	struct img_str name, value;
};

/* How a service's endpoints are probed. */
struct img_health_check {
	uint32_t type;               /* enum img_check */
	uint32_t healthy, unhealthy; /* probes in a row that change it */
	uint32_t port;               /* 0: the endpoint's own */
	uint32_t head;               /* 1: HEAD, else GET */
	uint64_t interval_us, timeout_us;
	struct img_str path;
	struct img_str host;     /* len 0: the service's, else the address */
	struct img_span headers; /* struct img_probe_header */
	struct img_span expect;  /* struct img_range: statuses */
	struct img_str grpc;     /* IMG_CHECK_GRPC: the service asked about */
	struct img_str body;     /* must be in the body; len 0: not looked at */
	uint32_t body_regex;     /* 1: body is an expression */
};

/* Marking by real traffic; failures 0: off. */
struct img_passive {
	uint32_t failures; /* in a row, over all workers */
	uint64_t time_us;  /* for which the endpoint is left alone */
};

/* Bits of img_retry.on. */
#define RETRY_CONNECT 1u /* not connected: nothing was sent */
#define RETRY_RESET 2u   /* closed or reset before a byte of the answer */
#define RETRY_TIMEOUT 4u /* no answer within timeouts.response */

struct img_retry {
	uint32_t attempts[IMG_CLASS_COUNT]; /* with the first one */
	uint32_t on;                        /* RETRY_* */
	uint32_t jitter;         /* 1: a random part of the delay, else all */
	uint32_t factor;         /* thousandths */
	uint32_t budget;         /* thousandths of the requests; 0: no limit */
	uint32_t budget_minimum; /* see budget.h */
	uint64_t base_us, max_us;
	uint64_t deadline_us;     /* for all attempts; 0: none */
	struct img_span statuses; /* struct img_range */
};

struct img_service {
	struct img_str name;
	uint32_t slot; /* registry slot: filled in by the master at publish */
	uint32_t balance;    /* enum img_balance */
	struct img_str host; /* replaces Host; len 0: the client's goes on */
	struct img_span endpoints; /* struct img_endpoint */
	uint32_t pool_max_idle;    /* per endpoint and worker */
	uint32_t max_connections;  /* per endpoint, all workers; 0: no limit */
	uint32_t panic_threshold;  /* per cent */
	uint32_t health_score;     /* 1: the score scales the weights */
	uint32_t class;            /* enum img_class: of routes without one */
	uint64_t slow_start_us;    /* 0: none */
	struct img_health_check check;
	struct img_passive passive;
	struct img_retry retry;
	struct img_span depends;  /* uint32_t: indices in img_head.services */
	uint32_t protocol;        /* IMG_PROTOCOL_H1 or _H2 */
	uint32_t tls;             /* in img_head.tls_outs, or IMG_NONE */
	uint64_t manner;          /* a hash of both, and what they refer to */
	uint16_t hash_key;        /* enum img_hash_key */
	uint16_t hash_field;      /* enum field_id of the header */
	struct img_str hash_name; /* of the header or cookie */
	uint64_t pool_idle_us;
	struct img_timeouts timeouts; /* service over top level */
	uint32_t token; /* in img_access.service_tokens, or IMG_NONE */
	struct img_breaker breaker;
	struct img_queue queue;
	struct img_fallback fallback;
	uint64_t digest; /* of what the configuration says of it */
};

#endif
