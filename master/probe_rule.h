/*
 * probe_rule.h - how the endpoints of one service are probed: its health_check,
 * copied out of the image (a probe may outlive it) and compiled, and what is
 * asked of an answer.
 */
#ifndef MASTER_PROBE_RULE_H
#define MASTER_PROBE_RULE_H

#include <stdbool.h>
#include <stdint.h>

#include "common/base/text.h"
#include "common/http/codec.h"
#include "common/net/tls.h"
#include "shm/image.h"

#define PROBE_BODY_BYTES 65536 /* of an answer's body are looked at */

struct probe_rule {
	struct text description; /* all slices below point into it */
	enum img_check type;     /* not IMG_CHECK_NONE */
	uint32_t healthy, unhealthy;
	uint16_t port;          /* 0: the endpoint's own */
	bool h2;                /* HTTP/2, else HTTP/1.1 */
	struct tls_client *tls; /* NULL: plain. A reference: the rule's */
	uint64_t interval_us, timeout_us;
	struct slice host;        /* empty: the endpoint's name */
	struct slice tls_name;    /* empty: the same */
	struct slice grpc;        /* IMG_CHECK_GRPC: the service asked about */
	struct slice body;        /* text or expression; empty: not asked */
	struct head request;      /* its first field is Host */
	struct img_range *expect; /* statuses */
	uint32_t expect_count;
	struct expression *regex; /* NULL: body is plain text */
};

/* The TLS of a service's probes: NULL where they have none. */
const struct img_tls_out *
probe_rule_tls(const struct img_head *img, const struct img_service *s);

/*
 * Appends all that makes up the rule of a service with a health_check: two
 * rules are the same if these bytes are.
 */
void probe_rule_describe(
    struct text *to, const struct img_head *img, const struct img_service *s);

/*
 * From a description, which is copied, and the policy for its TLS, to which a
 * reference is taken. NULL: its expression does not compile here. No memory is
 * fatal.
 */
struct probe_rule *
probe_rule_new(struct slice description, struct tls_client *tls);
void probe_rule_free(struct probe_rule *r);

/* Writes the request; `host` when the rule has none. False: no memory. */
bool probe_rule_ask(struct probe_rule *r, struct slice host, struct stream *s);

bool probe_rule_expects(const struct probe_rule *r, unsigned status);

/*
 * True when the body holds what is asked for. An expression that takes too
 * much work is not found.
 */
bool probe_rule_finds(const struct probe_rule *r, struct slice body);

#endif
