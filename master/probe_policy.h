/*
 * probe_policy.h - the TLS policies of probes: made from what is published and
 * kept by the hash of their content, so that a reload that changes no
 * certificate makes nothing anew.
 */
#ifndef MASTER_PROBE_POLICY_H
#define MASTER_PROBE_POLICY_H

#include "common/base/map.h"
#include "common/net/tls.h"
#include "shm/image.h"

enum policy_kind { POLICY_IDENTITY, POLICY_TRUST, POLICY_CLIENT, POLICY_KINDS };

struct probe_policies {
	struct map kept[POLICY_KINDS]; /* by hash */
	uint64_t round;
};

void probe_policies_init(struct probe_policies *p);
void probe_policies_fini(struct probe_policies *p);

/*
 * That of a service's probes in this image, whose secrets are given; it is
 * named in this round now, and with it what it rests on. Takes no reference for
 * the caller. NULL without memory.
 */
struct tls_client *
probe_policy(struct probe_policies *p, const struct img_head *img,
    const char *secrets, const struct img_service *s);

/* Ends a round: what it did not name is given back. */
void probe_policies_sweep(struct probe_policies *p);

#endif
