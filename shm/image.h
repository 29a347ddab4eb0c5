/*
 * image.h - the configuration image: what the loader writes and the workers
 * read. One relocatable block: every reference is an offset from its start.
 *
 * Read-only once published. Text is (offset, length), not NUL-terminated.
 */
#ifndef SHM_IMAGE_H
#define SHM_IMAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "common/base/hash.h"
#include "common/base/slice.h"
#include "common/net/addr.h"
#include "common/net/ranges.h"
#include "shm/img_access.h"
#include "shm/img_protect.h"
#include "shm/img_ref.h"
#include "shm/img_router.h"
#include "shm/img_service.h"
#include "shm/img_telemetry.h"

#define IMG_MAGIC (0x696b636f74736e00u + IMG_VERSION)
#define IMG_PARAMS_MAX 32   /* captures of one route */
#define IMG_SEGMENTS_MAX 64 /* of one path pattern */
#define IMG_HOST_MAX 255    /* bytes of a host name */

/*
 * How expressions are compiled, in the check and in the workers: bytes, not
 * UTF-8, and "$" is the very end. For users of pcre2.h.
 */
#define IMG_REGEX_OPTIONS \
	(PCRE2_NEVER_UTF | PCRE2_NEVER_UCP | PCRE2_DOLLAR_ENDONLY)

struct img_limits {
	uint32_t head_bytes, uri_bytes, fields;
	uint32_t response_head_bytes;
	uint64_t body_bytes; /* UINT64_MAX: no limit */
	/* 0: no limit */
	uint32_t connections_per_address, requests_per_connection;
	uint64_t min_rate; /* bytes per second */
};

/* A certificate with its key: what a TLS endpoint shows of itself. */
struct img_identity {
	uint8_t hash[32]; /* of chain, key and staple: what is cached goes by */
	struct img_secret chain, key, staple; /* as tls.h wants them */
	struct img_str file;                  /* of the certificate */
	struct img_str subject, issuer;
	struct img_span names;   /* struct img_str: lower case, "*.x" too */
	struct img_str key_type; /* "ECDSA P-256", "RSA 2048" */
	int64_t not_before, not_after; /* of the first to expire; seconds */
};

/* Certificates that are believed. */
struct img_trust {
	uint8_t hash[32];
	struct img_secret cas, crls;
	struct img_str file; /* len 0: the system's */
	int64_t not_after;   /* of the first to expire; 0: not looked at */
};

enum img_verify { IMG_VERIFY_NONE, IMG_VERIFY_OPTIONAL, IMG_VERIFY_REQUIRE };

/* A name that a client may send, in order of their bytes; several in a row are
 * of different kinds of key. */
struct img_sni {
	struct img_str name;
	uint32_t identity; /* in img_head.identities */
};

/* TLS of a listener. */
struct img_tls {
	uint8_t hash[32]; /* of all that a context depends on: the fields below
			     and what they refer to, but for the identities */
	uint32_t modern;  /* 1: profile "modern" */
	uint32_t min_version; /* 0x0303, 0x0304 */
	uint32_t verify;      /* enum img_verify */
	uint32_t depth;
	uint32_t trust;             /* in img_head.trusts, or IMG_NONE */
	uint32_t strict;            /* 1: no certificate for an unknown name */
	struct img_span identities; /* uint32_t: without a name, or for an
				       unknown one */
	struct img_span names;      /* struct img_sni */
};

/* TLS towards the endpoints of a service. */
struct img_tls_out {
	uint8_t hash[32];  /* of the fields below and what they refer to */
	uint32_t verify;   /* 0: nothing is verified */
	uint32_t trust;    /* in img_head.trusts, or IMG_NONE */
	uint32_t identity; /* in img_head.identities, or IMG_NONE */
	uint32_t min_version;
	struct img_str server_name; /* len 0: the endpoint's own host */
};

struct img_listener {
	struct addr addr;
	uint32_t proxy_protocol; /* 1: every connection begins with a header */
	uint32_t protocols;      /* IMG_PROTOCOL_* */
	uint32_t tls;            /* in img_head.tls, or IMG_NONE */
	/* Plain requests are sent to https on this port; 0: they are served. */
	uint32_t redirect_port;
};

/* HTTP/2 of clients: see h2.h. */
struct img_http2 {
	uint32_t streams, window, connection_window, resets, control;
};

/* A compiled template: see worker/flow/template.h. */
struct img_tmpl_op {
	uint16_t kind;       /* enum img_tmpl_kind */
	uint16_t flags;      /* TMPL_IN_QUERY, TMPL_ESCAPED */
	uint32_t arg;        /* capture number, field id, or a byte */
	struct img_str text; /* literal, or header / cookie name */
};

#define TMPL_IN_QUERY 1u /* stands behind the "?" of a rewrite */
#define TMPL_ESCAPED 2u  /* the value is path text: its escapes stay */

enum img_tmpl_kind {
	TMPL_LITERAL,
	TMPL_PARAM,
	TMPL_CLIENT,
	TMPL_HOST,
	TMPL_PATH,
	TMPL_QUERY,
	TMPL_REQUEST_ID,
	TMPL_ROUTE,
	TMPL_SERVICE,
	TMPL_ENDPOINT,
	TMPL_HEADER,
	TMPL_COOKIE,
	TMPL_QUERY_APPEND, /* the byte `arg` and the query, if there is one */
	/* Of the client's TLS; empty without. */
	TMPL_CLIENT_SUBJECT,
	TMPL_CLIENT_SAN,
	TMPL_CLIENT_ISSUER,
	TMPL_CLIENT_SERIAL,
	TMPL_CLIENT_FINGERPRINT,
	TMPL_TLS_VERSION,
	TMPL_SNI,
	/* Of its identity; empty without. */
	TMPL_USER,
	TMPL_TENANT,
	TMPL_ROLES,
	TMPL_CLAIM, /* `text`: which claim of its token */
};

enum img_rule_kind { RULE_SET, RULE_ADD, RULE_REMOVE };

struct img_rule {
	uint32_t kind; /* enum img_rule_kind */
	uint32_t id;   /* enum field_id of the name */
	struct img_str name;
	struct img_span value; /* struct img_tmpl_op */
};

/* ---- what browsers are told ---- */

/* An origin with "*": the texts before and behind it. */
struct img_origin_suffix {
	struct img_str scheme; /* "https://" */
	struct img_str rest;   /* ".example:8443" */
};

/* A policy of requests from other origins. */
struct img_cors {
	struct img_str name;
	uint32_t any; /* 1: every origin; neither origins nor credentials */
	uint32_t credentials, any_header;
	uint32_t methods; /* as img_route.methods; 0: those of the routes */
	struct img_span other_methods; /* struct img_str */
	struct img_span origins;       /* struct img_str, by image_text_order */
	struct img_span suffixes;      /* struct img_origin_suffix */
	struct img_str max_age;
	/* [1]: for routes with grpc_web. Texts are values of fields. */
	struct img_span headers[2]; /* struct img_str */
	struct img_str headers_text[2], expose_text[2];
};

#define SECURITY_TLS_ONLY 1u /* not on plain connections */
#define SECURITY_KEEP 2u     /* the answer's own value stays */

struct img_security_field {
	uint32_t flags; /* SECURITY_* */
	struct img_str name, value;
};

/* What is set on answers, and removed. None of the set fields has an id. */
struct img_security {
	uint64_t lengths;       /* bit n % 64: a name below has n bytes */
	uint64_t remove_ids;    /* bit per enum field_id */
	struct img_span set;    /* struct img_security_field, 64 at most */
	struct img_span remove; /* struct img_str: names without an id */
};

struct img_respond {
	uint32_t status;
	struct img_str content_type; /* len 0: none */
	struct img_span body;        /* struct img_tmpl_op */
};

/* A service that a part of a route's requests goes to. */
struct img_arm {
	uint32_t service;             /* in img_head.services */
	uint32_t weight;              /* 0: it gets none */
	uint64_t hash;                /* of the service's name */
	struct img_timeouts timeouts; /* route over service over top level */
};

/* How a route's requests are split between several. */
struct img_split {
	uint16_t key;         /* enum img_hash_key, not PATH */
	uint16_t field;       /* enum field_id of the header */
	struct img_str name;  /* of the header or cookie */
	struct img_span arms; /* struct img_arm: one or more */
};

/*
 * There may be very many of them, of which each request needs another one: what
 * every request asks for comes first and is one cache line, what only some do
 * is another, and the rest is elsewhere, struct img_route_more.
 */
struct img_route {
	/*
	 * A bit per enum http_method; 0: all methods. GET brings HEAD; bit 0
	 * (METHOD_OTHER): those of img_route_more.other_methods.
	 */
	uint32_t methods;
	uint32_t filters;  /* bit per row of shm/filters.def that is on */
	uint32_t service;  /* index in img_head.services, or IMG_NONE */
	uint32_t timeouts; /* offset of struct img_timeouts: route over service
			      over top level; several routes have one */
	uint32_t row; /* registry row: filled in by the master at publish */
	struct img_name row_name; /* likewise */
	uint32_t cors;            /* in img_head.cors, or IMG_NONE */
	uint32_t security;        /* in img_head.security, or IMG_NONE */
	uint8_t class;            /* enum img_class */
	uint8_t grant;            /* enum img_grant */
	bool encoded_slash_keep : 1;
	bool has_rewrite : 1;
	bool retry_unsafe : 1;  /* requests that are not idempotent, too */
	bool anonymous : 1;     /* without credentials it goes on, too */
	bool close_revoked : 1; /* streams end with the token they began with */
	struct img_span conditions; /* struct img_condition: all must hold */
	struct img_span request_rules, response_rules; /* struct img_rule */

	struct img_span rewrite;  /* struct img_tmpl_op */
	struct img_span upgrades; /* struct img_str: protocols */
	/* uint32_t: in img_access.authenticators, tried in this order. */
	struct img_span authenticate;
	/* uint32_t: in img_protect.limits, in the order of the configuration;
	 * before it is known whom the request is from, and after. */
	struct img_span limits, late_limits;
	uint32_t authorize; /* in img_access.authorizes, or IMG_NONE */
	uint32_t acl;       /* in img_protect.acls, or IMG_NONE */
	uint32_t respond;   /* index in img_head.responds, or IMG_NONE */
	/* Offset of struct img_split, of which `service` and `timeouts` are
	 * then the first arm's; 0: none. */
	uint32_t split;
	struct img_str name;
};

_Static_assert(offsetof(struct img_route, rewrite) == IMG_LINE &&
	sizeof(struct img_route) == 2 * IMG_LINE,
    "each of its lines is for other requests");

/* What hardly any request asks for of a route, and what is for people. */
struct img_route_more {
	struct img_str path;           /* the pattern as configured */
	struct img_span other_methods; /* struct img_str: without a bit */
	struct img_span hosts;         /* struct img_str: for people */
	struct img_span lines; /* struct img_line, the route's own first */
	uint64_t digest;       /* of what the configuration says of it */
};

/* Where in the configuration a filter of a route is said; for people. */
struct img_line {
	uint32_t filter; /* row of filters.def; IMG_NONE: the route itself */
	uint32_t line;
	struct img_str file;
};

/* The same of what routes refer to. */
enum img_place_of {
	IMG_PLACE_LISTENER,
	IMG_PLACE_SERVICE,
	IMG_PLACE_AUTH,
	IMG_PLACE_CORS,
	IMG_PLACE_LIMIT,
	IMG_PLACE_BAN,
	IMG_PLACE_ACL, /* the one of all clients */
	IMG_PLACE_TRACING,
};
struct img_place {
	uint32_t of; /* enum img_place_of */
	uint32_t index, line;
	struct img_str file;
};

enum img_condition_kind {
	COND_HEADER,
	COND_QUERY,
	COND_COOKIE,
	/* Of the client's certificate: value alone, no name. */
	COND_CLIENT_SUBJECT,
	COND_CLIENT_SAN, /* one of them */
	COND_CLIENT_FINGERPRINT,
	COND_COUNT
};

struct img_condition {
	uint32_t kind;
	uint32_t id; /* enum field_id for COND_HEADER */
	struct img_str name;
	struct img_str value; /* when has_value; else presence suffices */
	bool has_value;
	bool is_prefix; /* value is how it begins */
};

/* How names of endpoints are resolved. */
struct img_resolver {
	struct img_span servers; /* struct addr; none: the system's */
	uint64_t min_ttl_us, max_ttl_us, timeout_us;
	uint32_t attempts;
};

struct img_head {
	uint64_t magic;
	uint64_t bytes;      /* of the whole image */
	uint64_t generation; /* filled in at publish */
	uint8_t digest[32];  /* SHA-256-sized digest of the canonical input */
	struct img_limits limits;
	struct img_timeouts timeouts; /* for connections without a route yet */
	struct img_str environment;
	struct img_str zone; /* the gateway's own; len 0: none */
	struct img_resolver resolver;
	struct img_span
	    trusted; /* struct addr_range, as ranges_have wants it */
	struct img_http2 http2;
	uint64_t ticket_us; /* a ticket key is used so long; 0: no tickets */
	/* struct tls_ticket_key each, the first makes tickets; none: the master
	 * makes them. Workers read tickets.h. */
	struct img_secret ticket_keys;
	struct img_secret admin_token; /* of admin.address; len 0: none */
	uint64_t secret_bytes;         /* of the secrets that belong to it */
	struct img_span identities;    /* struct img_identity */
	struct img_span trusts;        /* struct img_trust */
	struct img_span tls;           /* struct img_tls */
	struct img_span tls_outs;      /* struct img_tls_out */
	struct img_span listeners;     /* struct img_listener */
	struct img_span services;      /* struct img_service */
	struct img_span routes;        /* struct img_route */
	struct img_span routes_more;   /* struct img_route_more, as many */
	struct img_span responds;      /* struct img_respond */
	struct img_span cors;          /* struct img_cors */
	struct img_span security;      /* struct img_security */
	uint32_t security_own; /* of requests without a route; or IMG_NONE */
	uint32_t always;       /* as img_route_always, of those requests */
	struct img_router router;
	struct img_access access;
	struct img_protect protect;
	struct img_telemetry telemetry;
	struct img_span places; /* struct img_place */
};

/* The filters in their order: bits of img_route.filters. */
enum img_filter {
#define FILTER(ID, name, help) IMG_FILTER_##ID,
#include "shm/filters.def"
	IMG_FILTER_COUNT
};

static inline struct slice
img_slice(const struct img_head *img, struct img_str s)
{
	return (struct slice){ (const char *)img + s.off, s.len };
}

static inline const void *
img_at(const struct img_head *img, uint32_t off)
{
	return (const char *)img + off;
}

/* A bit per filter that sees every answer of the route, however early. */
static inline uint32_t
img_route_always(const struct img_route *r)
{
	uint32_t cors = r->cors != IMG_NONE, security = r->security != IMG_NONE;

	return cors << IMG_FILTER_CORS |
	    security << IMG_FILTER_SECURITY_HEADERS;
}

static inline uint32_t
img_route_index(const struct img_head *img, const struct img_route *r)
{
	const struct img_route *all = img_at(img, img->routes.off);

	return (uint32_t)(r - all);
}

static inline const struct img_route_more *
img_route_more(const struct img_head *img, const struct img_route *r)
{
	const struct img_route_more *all = img_at(img, img->routes_more.off);

	return &all[img_route_index(img, r)];
}

static inline const struct img_timeouts *
img_route_timeouts(const struct img_head *img, const struct img_route *r)
{
	return img_at(img, r->timeouts);
}

/* An order of texts that is cheap to search by: below, or above 0, or 0. */
static inline int
image_text_order(struct slice a, struct slice b)
{
	if (a.n != b.n)
		return a.n < b.n ? -1 : 1;
	return a.n != 0 ? memcmp(a.p, b.p, a.n) : 0;
}

/* The text of a slot that is not empty. */
static inline struct slice
img_slot_text(const struct img_head *img, const struct img_slot *slot)
{
	if (slot->len <= IMG_SLOT_INSIDE)
		return slice_make(slot->text.inside, slot->len);
	return img_slice(img, (struct img_str){ slot->text.off, slot->len });
}

/* The hash of a table's key, from the router's key over the text alone. */
static inline uint64_t
img_slot_hash(uint64_t text_hash, uint32_t owner)
{
	return hash_u64(text_hash + owner * 0x9e3779b97f4a7c15u);
}

/*
 * Where the probing for a hash starts in a table of `count` slots: with the
 * first of a cache line.
 */
static inline uint32_t
img_slot_start(uint64_t hash, uint32_t count)
{
	return (uint32_t)((hash >> 32) * count >> 32) &
	    ~(uint32_t)(IMG_LINE / sizeof(struct img_slot) - 1);
}

/* Told of a slot that is most likely the one, while its text is fetched. */
typedef void
image_ahead_fn(const struct img_head *img, const struct img_slot *slot);

/*
 * The slot of (owner, text) in a table, or NULL. `text_hash` is hash_sum of
 * the text with the router's key, so that one hash serves several owners.
 * `ahead` may be NULL.
 */
const struct img_slot *image_find(const struct img_head *img,
    struct img_span table, uint64_t text_hash, uint32_t owner,
    struct slice text, image_ahead_fn *ahead);

/* The service in this registry slot, or NULL. */
const struct img_service *
image_service(const struct img_head *img, uint32_t slot);

/* The listener on this address, or NULL. */
const struct img_listener *
image_listener(const struct img_head *img, const struct addr *a);

/* Where in the configuration it stands, or NULL. */
const struct img_place *
image_place(const struct img_head *img, enum img_place_of of, uint32_t index);

/* Whether an acl (in img_protect.acls; IMG_NONE: all do) lets the address in.
 */
bool
image_lets_in(const struct img_head *img, uint32_t acl, const struct addr *a);

/* There is something to log, or to export: penstocklog is wanted. */
bool image_wants_log(const struct img_head *img);

/*
 * For the master, before it publishes what another process has written, and for
 * readers that attach from outside: true when `bytes` hold an image whose magic
 * fits and whose every reference stays inside, those to secrets within
 * secret_bytes.
 */
bool image_check(const struct img_head *img, uint64_t bytes);

#endif
