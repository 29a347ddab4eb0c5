/*
 * conf_trust.h - authorities that are believed, and their revocation lists.
 */
#ifndef MASTER_CONF_TRUST_H
#define MASTER_CONF_TRUST_H

#include "common/base/text.h"
#include "master/conf.h"
#include "master/conf_source.h"

/* Debian's; what a service without `ca` goes by. */
#define CONF_SYSTEM_CA "/etc/ssl/certs/ca-certificates.crt"

/* One for each content. The material is on the heap. */
struct conf_trust {
	uint8_t hash[32];
	struct text cas, crls;
	const char *file;     /* as first named; NULL: the system's */
	const char *crl_file; /* likewise, or NULL */
	int64_t not_after;    /* of the first to expire; 0: not looked at */
};

/*
 * Its index in conf.trusts; IMG_NONE: complained. crl->path NULL: no lists.
 * `system`: what has expired in it is nobody's concern here.
 */
uint32_t conf_trust_read(
    const struct conf_source *ca, const struct conf_source *crl, bool system);

void conf_trusts_free(struct conf *c);

#endif
