/*
 * build_fallback.h - what the services that stand in for others ask of the
 * routes that lead to those.
 */
#ifndef MASTER_BUILD_FALLBACK_H
#define MASTER_BUILD_FALLBACK_H

#include "master/conf.h"

/* Requests of the route may be sent to another service than it names. */
bool build_fallback_sends(const struct conf *c, const struct conf_route *r);

/* And that is told by a token whose they are. */
bool build_fallback_tells(const struct conf *c, const struct conf_route *r);

#endif
