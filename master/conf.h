/*
 * conf.h - the configuration as typed values, each with its place in a file.
 *
 * conf_read fills it from libconfig through the option rows of conf_table,
 * conf_check completes it (defaults, names, contradictions), conf_build makes
 * the image of it. All text is owned by the conf's arena.
 */
#ifndef MASTER_CONF_H
#define MASTER_CONF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/arena.h"
#include "common/base/diag.h"
#include "common/base/log.h"
#include "common/base/slice.h"
#include "common/net/addr.h"
#include "master/conf_access.h"
#include "master/conf_place.h"
#include "master/conf_rate_limit.h"
#include "master/conf_telemetry.h"
#include "shm/image.h"

/*
 * Every line that was read has a number of its own, from 1, whatever file it
 * stands in: an origin. 0 is a default. A run is a stretch of lines of one file
 * with consecutive origins; conf_place() finds the line of an origin in them.
 *
 * Each struct below that rows of conf_table fill has `origins`: one per row of
 * its block, where the value was written.
 */
struct conf_run {
	uint32_t first;
	int line;
	const char *file;
};

/* What the words of a row have become: stretches of statuses. */
struct conf_statuses {
	struct img_range *items;
	size_t count;
};

struct conf_timeouts {
	/* us, 0: no limit; CONF_UNSET before the check where not given */
	uint64_t head, body, send, idle, connect, response, tunnel, drain;
};
#define CONF_UNSET UINT64_MAX

struct conf_limits {
	uint64_t request_head, uri, response_head; /* bytes */
	uint64_t headers;
	uint64_t request_body; /* bytes; 0: no limit */
	/* 0: no limit */
	uint64_t connections_per_address, requests_per_connection;
	uint64_t min_rate; /* bytes per second */
};

/* One entry of a listener's certificates. */
struct conf_certificate {
	struct conf_place place;
	uint32_t *origins;
	const char *certificate, *key, *ocsp; /* files */
	uint32_t identity; /* in conf.identities, or IMG_NONE */
};

/* What a listener shows of itself, and asks of its clients. */
struct conf_tls {
	struct conf_certificate *certificates;
	size_t certificate_count;
	const char *profile, *min_version, *client_verify; /* words */
	const char *client_ca, *client_crl;                /* files */
	uint64_t client_depth;
	bool strict_sni;
	/* Made of the words. */
	uint32_t modern, version, verify;
	uint32_t trust; /* in conf.trusts, or IMG_NONE */
};

struct conf_listener {
	struct conf_place place;
	uint32_t *origins;
	const char *address;
	struct addr addr;
	bool proxy_protocol;
	struct conf_strings protocols;
	uint32_t protocol_bits; /* IMG_PROTOCOL_*, made of protocols */
	bool redirect_https;
	uint64_t redirect_port;
	bool has_tls; /* the group was written */
	struct conf_tls tls;
};

/* TLS towards the endpoints of a service. */
struct conf_tls_out {
	const char *ca, *certificate, *key; /* files; ca NULL: the system's */
	const char *server_name;
	const char *min_version; /* a word: what `version` is made of */
	bool verify;
	uint32_t version;
	uint32_t trust;    /* in conf.trusts, or IMG_NONE */
	uint32_t identity; /* in conf.identities, or IMG_NONE */
};

struct conf_endpoint {
	struct conf_place place;
	uint32_t *origins;
	const char *address; /* the label */
	enum img_endpoint_kind kind;
	struct addr addr; /* of a name: the port alone */
	const char *host; /* of a name: lower case, no dot at the end */
	uint64_t weight;
	bool backup;
	const char *zone;  /* NULL: none */
	const char *state; /* a word: what `admin` is made of */
	uint32_t admin;    /* enum endpoint_admin */
};

struct conf_pool {
	uint64_t max_idle, idle_us;
	uint64_t max_connections; /* 0: no limit */
};

struct conf_probe_header {
	struct conf_place place;
	uint32_t *origins;
	const char *set, *value;
};

/* All zero: the service has none. */
struct conf_health_check {
	const char *type;   /* a word: what `kind` is made of */
	uint32_t kind;      /* enum img_check */
	const char *method; /* a word */
	const char *path, *host;
	struct conf_probe_header *headers;
	size_t header_count;
	struct conf_strings expect;
	struct conf_statuses statuses; /* made of expect */
	const char *body;              /* "~": an expression follows */
	const char *grpc_service;
	uint64_t port; /* 0: the endpoint's own */
	uint64_t interval_us, timeout_us;
	uint64_t healthy, unhealthy;
};

/* failures 0: the service has none. */
struct conf_passive {
	uint64_t failures, time_us;
};

struct conf_retry {
	uint64_t attempts, base_us, max_us;
	uint64_t factor;                      /* thousandths */
	uint64_t budget;                      /* thousandths; 0: no limit */
	uint64_t budget_minimum, deadline_us; /* deadline 0: none */
	/* By enum img_class: `attempts`, where it was written. */
	uint32_t class_attempts[IMG_CLASS_COUNT];
	bool jitter;
	struct conf_strings on;
	uint32_t events;               /* RETRY_*, made of on */
	struct conf_statuses statuses; /* made of on */
};

struct conf_breaker {
	struct conf_strings scope, on;
	uint64_t failures, successes, probes, minimum;
	uint64_t error_rate, slow_rate; /* thousandths */
	uint64_t open_us, slow_us, window_us;
	uint32_t scopes;               /* IMG_BREAKER_*, made of scope */
	uint32_t events;               /* IMG_BREAKER_*, made of on */
	struct conf_statuses statuses; /* made of on */
};

/* length 0: the service has none. */
struct conf_queue {
	uint64_t length, timeout_us;
};

struct conf_respond {
	struct conf_place place; /* place.file NULL and status 0: none */
	uint64_t status;
	const char *body, *content_type; /* body: template; may be NULL */
};

/* Neither `service` nor a respond: there is none. */
struct conf_fallback {
	const char *service;         /* NULL: none */
	uint32_t service_index;      /* in conf.services, or IMG_NONE */
	struct conf_respond respond; /* status 0: none */
	struct conf_strings on;
	struct conf_statuses statuses; /* made of on */
};

struct conf_service {
	struct conf_place place;
	uint32_t *origins;
	const char *name;
	struct conf_endpoint *endpoints;
	size_t endpoint_count;
	const char *balance;   /* a word: what `algorithm` is made of */
	const char *hash_key;  /* "header:NAME": what these are made of: */
	uint32_t algorithm;    /* enum img_balance */
	uint32_t hash_kind;    /* enum img_hash_key */
	const char *hash_name; /* of the header or cookie, else NULL */
	const char *host;      /* NULL: the client's Host goes on */
	struct conf_pool pool;
	struct conf_queue queue;
	uint64_t slow_start_us, panic_threshold;
	bool health_score;
	const char *priority; /* a word: what `class` is made of */
	uint32_t class;       /* enum img_class */
	struct conf_strings depends;
	uint32_t *depend_indexes; /* in conf.services, one for each */
	struct conf_health_check check;
	struct conf_passive passive;
	struct conf_retry retry;
	struct conf_fallback fallback;
	struct conf_breaker breaker;
	const char *protocol;  /* a word: what `protocol_bit` is made of */
	uint32_t protocol_bit; /* IMG_PROTOCOL_* */
	bool has_tls;          /* the group was written */
	struct conf_tls_out tls;
	bool has_token; /* the group was written */
	struct conf_service_token token;
	struct conf_timeouts timeouts; /* resolved over the top level's */
};

struct conf_header_rule {
	struct conf_place place;
	uint32_t *origins;
	const char *set, *add, *remove; /* exactly one: the name */
	const char *value;              /* template; NULL with remove */
};

struct conf_condition {
	struct conf_place place;
	uint32_t *origins;
	/* Exactly one: the name of a thing, or what a client certificate has */
	const char *header, *query, *cookie;
	const char *client_subject, *client_san, *client_fingerprint;
	const char *value; /* NULL: presence suffices */
};

/* A policy for requests from other origins; its key "origins" is `allowed`. */
struct conf_cors {
	struct conf_place place;
	uint32_t *origins;
	const char *name;
	struct conf_strings allowed, methods, headers, expose;
	bool credentials;
	uint64_t max_age_us;
};

/*
 * What is set on answers, by the members of security_headers.def, and removed.
 * NULL: as outside, or not at all; "" once it is inherited: not at all.
 */
struct conf_security {
	const char *preset; /* a word, or NULL */
#define SECURITY(member, field, preset, words, help) const char *member;
#include "master/security_headers.def"
	struct conf_strings remove;
};

/* A set of addresses, as lists and files name it (conf_nets.h). */
struct conf_nets {
	const struct addr_range *ranges;
	size_t count;
};

/* Who is let in. */
struct conf_acl {
	struct conf_strings allow, deny, allow_files, deny_files;
	uint32_t number; /* in conf.acls, + 1; 0: everybody is let in */
};

/* What such groups come to: in conf.nets, or IMG_NONE. */
struct conf_acl_lists {
	uint32_t allow, deny;
};

/* A rule by which addresses are banned. */
struct conf_ban {
	struct conf_place place;
	uint32_t *origins;
	const char *name;
	struct conf_strings status, why;
	struct conf_statuses statuses; /* made of status */
	uint64_t whys[2];              /* bit per reason, made of why */
	uint64_t count, window_us, time_us, max_us;
	uint64_t factor; /* thousandths */
};

/* A service of a split, and how much of the route's requests it gets. */
struct conf_arm {
	struct conf_place place;
	uint32_t *origins;
	const char *service;
	size_t service_index; /* SIZE_MAX: there is none of that name */
	uint64_t weight;
	struct conf_timeouts timeouts; /* the route's over the service's */
};

struct conf_split {
	struct conf_arm *arms;
	size_t count;         /* 0: there is none */
	const char *key;      /* what these are made of; NULL: at random */
	uint32_t key_kind;    /* enum img_hash_key */
	const char *key_name; /* of the header or cookie, else NULL */
};

struct conf_route {
	struct conf_place place;
	uint32_t *origins;
	const char *name; /* given or made from hosts, path, methods */
	struct conf_strings hosts, methods;
	const char *path;
	struct conf_place path_place;
	const char *service; /* NULL with respond or split */
	/* SIZE_MAX with respond; with split that of the first one. */
	size_t service_index;
	struct conf_split split;
	const char *rewrite; /* NULL: none */
	struct conf_place rewrite_place;
	struct conf_condition *conditions;
	size_t condition_count;
	struct conf_header_rule *request_headers, *response_headers;
	size_t request_header_count, response_header_count;
	struct conf_respond respond;
	struct conf_strings upgrade; /* none with respond */
	const char *encoded_slash;   /* "keep", "reject" */
	bool encoded_slash_keep;
	bool grpc_web;
	struct conf_strings authenticate; /* names; made of them: */
	uint32_t *auth_indexes;           /* in conf.auths */
	size_t auth_count;
	bool anonymous;
	bool close_revoked, issue, refresh, jwks;
	bool retry_unsafe;
	bool has_authorize; /* the group was written */
	struct conf_demand authorize;
	struct conf_deny *denies;
	size_t deny_count;
	const char *cors; /* NULL: none */
	size_t cors_index;
	bool has_security;               /* the group was written: */
	struct conf_security security;   /* resolved over the top level's */
	struct conf_strings rate_limits; /* names; made of them: */
	uint32_t *limit_indexes;         /* in conf.rate_limits, in order */
	size_t limit_count;
	const char *priority; /* resolved over the service's */
	uint32_t class;       /* enum img_class, made of priority */
	struct conf_acl acl;
	/* Resolved over the service's; with split as given. */
	struct conf_timeouts timeouts;
};

/* All zero: nothing is shed. */
struct conf_overload {
	uint64_t lag_us, connections /* thousandths */, memory;
};

struct conf_resolver {
	struct conf_strings servers;
	struct addr *addrs; /* made of servers */
	uint64_t min_ttl_us, max_ttl_us, timeout_us, attempts;
};

struct conf_http2 {
	uint64_t max_streams, window, connection_window, max_resets;
	uint64_t max_control;
};

struct conf_tickets {
	uint64_t lifetime_us; /* 0: no tickets */
	struct conf_strings key_files;
	/* Made of key_files: CONF_TICKET_BYTES of each, in order. */
	uint8_t *keys;
};
#define CONF_TICKET_BYTES 80
#define CONF_TICKET_FILES_MAX 3

struct conf_identity;
struct conf_trust;

struct conf {
	struct arena arena;
	const char *main_file;
	struct conf_run *runs;
	size_t run_count;
	uint32_t line_count; /* origins given so far */
	uint32_t *origins;
	struct conf_strings include; /* patterns; what they name is merged */
	/* process */
	const char *user, *group; /* group NULL: the user's own */
	bool user_given;
	uint64_t workers; /* as configured; 0: one per CPU */
	bool cpu_affinity;
	uint64_t helpers;
	uint64_t worker_connections;
	const char *pid_file; /* NULL: none */
	const char *environment;
	const char *zone; /* NULL: none */
	const char *log_target;
	const char *log_level_word;
	enum log_level log_level;
	const char *admin_socket;                     /* NULL: none */
	const char *admin_address, *admin_token_file; /* likewise */
	struct addr admin_addr;         /* where admin_address is given */
	struct conf_secret admin_token; /* the text of admin_token_file */
	struct conf_limits limits;
	struct conf_timeouts timeouts;
	struct conf_http2 http2;
	struct conf_tickets tickets;
	struct conf_resolver resolver;
	struct conf_overload overload;
	struct conf_strings trusted_proxies;
	struct addr_range *trusted; /* made of trusted_proxies */
	size_t trusted_count;
	struct conf_listener *listeners;
	size_t listener_count;
	struct conf_service *services;
	size_t service_count;
	struct conf_route *routes;
	size_t route_count;
	/* who may do what */
	struct conf_auth *auths;
	size_t auth_count;
	struct conf_role *roles;
	size_t role_count;
	struct conf_strings permissions; /* items NULL: any that are granted */
	const char **demanded; /* the permissions that routes name, each once */
	size_t demanded_count;
	const char *identity_headers[IMG_CLAIMS]; /* "": it is not told */
	struct conf_signing signing;
	bool has_token_issuer; /* the group was written */
	struct conf_token_issuer token_issuer;
	const char *state_dir; /* NULL: none */
	struct conf_cors *cors;
	size_t cors_count;
	struct conf_security security;
	struct conf_rate_limit *rate_limits;
	size_t rate_limit_count;
	struct conf_acl acl;
	struct conf_ban *bans;
	size_t ban_count;
	struct conf_telemetry telemetry;
	/* Each once; owned by the conf. */
	struct conf_nets *nets;
	struct conf_acl_lists *acls;
	size_t nets_count, acls_count;
	/* What the certificate files hold; owned by the conf. */
	struct conf_identity *identities;
	size_t identity_count, identity_room;
	struct conf_trust *trusts;
	size_t trust_count, trust_room;
	bool no_files; /* from memory: files that it names are not read */
	/* What conf_build made of it; owned by the conf. */
	char *image;
	uint64_t image_bytes;
	char *secrets; /* keys are in there: wiped when the conf is freed */
	uint64_t secret_bytes;
	uint8_t digest[32]; /* of the canonical input and all files read */
};

/*
 * Reads, checks and completes `path`: every complaint goes to d, which is
 * sorted. False when d has errors; c is then only good for conf_free.
 */
bool conf_load(struct conf *c, const char *path, struct diag *d);

/*
 * The same for text in memory; `name` stands for the file in complaints. It may
 * not include anything, nor name certificates: no file is read.
 */
bool conf_load_text(
    struct conf *c, const char *name, struct slice text, struct diag *d);

void conf_free(struct conf *c);

/* Where an origin is; file NULL for 0. */
struct conf_place conf_place(const struct conf *c, uint32_t origin);

#endif
