/*
 * conf_digest.h - what a configuration amounts to, whatever it looks like.
 */
#ifndef MASTER_CONF_DIGEST_H
#define MASTER_CONF_DIGEST_H

#include <stddef.h>

#include "master/conf.h"

/*
 * Fills c->digest: SHA-256 over every effective value of a checked conf, in
 * file order, and over what the certificate files that it names hold. Comments,
 * spacing, units and where something stands change nothing; the environment's
 * values do.
 */
void conf_digest(struct conf *c);

/*
 * The same of one authenticator and the files that it names: other content,
 * another hash.
 */
void conf_auth_digest(
    const struct conf *c, const struct conf_auth *a, uint8_t hash[32]);

/* Numbers that differ, almost certainly, where what is said of it does. */
uint64_t conf_route_digest(const struct conf_route *r);
uint64_t conf_service_digest(const struct conf_service *s);

/*
 * The settings that only a restart changes, as NUL-terminated lines
 * "option = value\n" in a fixed order, so that two configurations can be
 * compared line by line. Cut to size; returns the whole length.
 */
size_t conf_restart_text(const struct conf *c, char *buf, size_t size);

#endif
