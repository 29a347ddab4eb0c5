/*
 * conf_check.h - what the values of a configuration mean together: names that
 * lead nowhere, duplicates, contradictions; and what follows from them (names,
 * inherited timeouts, indexes).
 */
#ifndef MASTER_CONF_CHECK_H
#define MASTER_CONF_CHECK_H

#include <stdbool.h>

#include "common/base/diag.h"
#include "common/base/map.h"
#include "master/conf.h"

struct access_check;

/* Checks and completes what conf_read has read; complaints go to d. */
void conf_check(struct conf *c, struct diag *d);

/*
 * The parts of it. A map of names leads from a name to its index + 1; the
 * caller makes and ends it.
 */
void conf_check_services(struct conf *c, struct map *names, struct diag *d);
void conf_check_routes(struct conf *c, const struct map *services,
    struct access_check *access, struct diag *d);

/* The endpoints of a service: where they are, and what is said of them. */
void
conf_check_endpoints(struct conf *c, struct conf_service *s, struct diag *d);

/* Where the admin API is served over TCP, and the token that it takes. */
void conf_check_admin(struct conf *c, struct diag *d);

/* Which services need which: `names` has all of them. */
void
conf_check_depends(struct conf *c, const struct map *names, struct diag *d);

/* The health check and the passive marking of a service. */
void conf_check_health(struct conf *c, struct conf_service *s, struct diag *d);

/* What a service's requests are sent again after, and when. */
/* What stands in for them; `names` has their numbers + 1. */
void
conf_check_fallbacks(struct conf *c, const struct map *names, struct diag *d);
void conf_check_retry(struct conf *c, struct conf_service *s, struct diag *d);

/* When the breakers of a service open, and what they count. */
void conf_check_breaker(struct conf *c, struct conf_service *s, struct diag *d);
/* Whether requests wait for connections. */
void conf_check_queue(struct conf *c, struct conf_service *s, struct diag *d);

/* From where on requests are shed. */
void conf_check_overload(struct conf *c, struct diag *d);

/* How names are resolved. */
void conf_check_resolver(struct conf *c, struct diag *d);

/* Who is believed about clients. */
void conf_check_trusted(struct conf *c, struct diag *d);

/* How a service spreads its requests: algorithm, hash key, backups. */
void conf_check_balance(
    const struct conf *c, struct conf_service *s, struct diag *d);

/* What a listener speaks, its certificates, whom it asks for theirs. */
void
conf_check_listener(struct conf *c, struct conf_listener *l, struct diag *d);

/* What a service's endpoints speak, and how they are known. */
void conf_check_tls_out(struct conf *c, struct conf_service *s, struct diag *d);

/* Of the top level: HTTP/2, and the keys of tickets. */
void conf_check_http2(const struct conf *c, struct diag *d);
void conf_check_tickets(struct conf *c, struct diag *d);

/* The services that a route's requests are split between, and by what. */
void
conf_check_split(const struct conf *c, struct conf_route *r, struct diag *d);

/* The conditions and header rules of a route. */
void conf_check_rules(
    const struct conf *c, const struct conf_route *r, struct diag *d);

/* Gives every route without a name one, unique and made of what it matches. */
void conf_name_routes(struct conf *c);

/*
 * Timeouts that a service, or a route, does not give are those of the next
 * level out, with their origins.
 */
void conf_inherit_timeouts(struct conf *c);

/* So is the priority of routes; classes are made of it. */
void conf_inherit_priority(struct conf *c);

/*
 * True when `name` is new: then names has it as `index` + 1. Otherwise *first
 * is the index of the one that had it.
 */
bool conf_name_claim(
    struct map *names, const char *name, size_t index, size_t *first);

/* Complains about names that stand in a list a second time. */
void conf_check_twice(
    const struct conf_strings *s, const char *option, struct diag *d);

/* NULL, or why nobody may set or remove a header field, as half a sentence. */
const char *conf_field_fault(struct slice name);

/* NULL, or why it is not the name of a method, as half a sentence. */
const char *conf_method_fault(struct slice name);

/* NULL, or why no browser has this origin, as half a sentence. */
const char *conf_origin_fault(const char *origin);

/* Policies for requests from other origins, and the routes that name them. */
void conf_check_cors(struct conf *c, struct diag *d);

/* What answers tell browsers, and what of it is in force on which route. */
void conf_check_security(struct conf *c, struct diag *d);

/* rate_limits, and the routes that name them. */
void conf_check_limits(struct conf *c, struct diag *d);
/* Which addresses are let in, at all and by routes. */
void conf_check_acl(struct conf *c, struct diag *d);

/* What is told of the traffic; when routes have their names. */
void conf_check_telemetry(struct conf *c, struct diag *d);
/* The logs of it. */
void conf_check_logs(struct conf *c, struct diag *d);

/* By which rules they are banned. */
void conf_check_bans(struct conf *c, struct diag *d);

/* True when it is of printable ASCII characters, without a space. */
bool conf_is_word(const char *s);

#endif
