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
#include "shm/image.h"

#define PROBE_BODY_BYTES 65536 /* of an answer's body are looked at */

struct probe_rule {
	struct text description; /* all slices below point into it */
	enum img_check type;     /* not IMG_CHECK_NONE */
	uint32_t healthy, unhealthy;
	uint16_t port; /* 0: the endpoint's own */
	uint64_t interval_us, timeout_us;
	struct slice host;        /* empty: the endpoint's name */
	struct slice body;        /* text or expression; empty: not asked */
	struct head request;      /* its first field is Host */
	struct img_range *expect; /* statuses */
	uint32_t expect_count;
	struct expression *regex; /* NULL: body is plain text */
};

/*
 * Appends all that makes up the rule of a service with a health_check: two
 * rules are the same if these bytes are.
 */
void probe_rule_describe(
    struct text *to, const struct img_head *img, const struct img_service *s);

/*
 * From a description, which is copied. NULL: its expression does not compile
 * here. No memory is fatal.
 */
struct probe_rule *probe_rule_new(struct slice description);
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
