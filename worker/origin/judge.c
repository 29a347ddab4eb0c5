/*
 * judge.c - see judge.h.
 */
#include "worker/origin/judge.h"

#include "common/http/grpc_text.h"

void
judge_init(struct judge *j, const struct img_head *img,
    const struct img_service *s, uint32_t class)
{
	const struct img_breaker *b = &s->breaker;

	*j = (struct judge){ .scope = b->scope };
	if (b->scope == 0)
		return;
	j->on = b->on;
	j->bypass = class == IMG_CLASS_EMERGENCY;
	j->status_count = b->statuses.count;
	j->statuses = img_at(img, b->statuses.off);
	j->rule = (struct breaker_rule){ .failures = b->failures,
		.successes = b->successes,
		.probes = b->probes,
		.minimum = b->minimum,
		.error_rate = b->error_rate,
		.slow_rate = b->slow_rate,
		.open_us = b->open_us,
		.slow_us = b->slow_us,
		.window_us = b->window_us };
}

/* A head with grpc-status is the whole answer: nothing was sent before. */
static bool
grpc_unavailable(const struct head *h)
{
	const struct field *type = head_find(h, FIELD_CONTENT_TYPE);
	const struct field *said;

	if (type == NULL || !grpc_text_is(type->value))
		return false;
	said = head_find_name(h, SLICE_LIT("grpc-status"));
	return said != NULL && slice_eq(said->value, SLICE_LIT("14"));
}

void
judge_head(const struct judge *j, const struct head *h, struct judged *v)
{
	uint16_t status = h->status;

	if (status == 200 && grpc_unavailable(h))
		status = 503;
	*v = (struct judged){ .is = JUDGED_GOOD };
	if (status < 400 ||
	    !img_ranges_have(j->statuses, j->status_count, status))
		return;
	v->is = JUDGED_BAD;
	v->how.failed = true;
	v->how.cause = CAUSE_STATUS;
	v->how.detail = status;
}

/* The bit of img_breaker.on that a cause stands for; 0: none. */
static uint32_t
cause_bit(enum change_cause cause)
{
	if (cause == CAUSE_CONNECT || cause == CAUSE_TLS)
		return IMG_BREAKER_CONNECT;
	if (cause == CAUSE_RESET)
		return IMG_BREAKER_RESET;
	if (cause == CAUSE_TIMEOUT)
		return IMG_BREAKER_TIMEOUT;
	return cause == CAUSE_BROKEN ? IMG_BREAKER_BROKEN : 0;
}

void
judge_failed(const struct judge *j, enum change_cause cause, uint32_t detail,
    struct judged *v)
{
	if ((j->on & cause_bit(cause)) == 0)
		return;
	*v = (struct judged){ .is = JUDGED_BAD,
		.how = { .failed = true, .cause = cause, .detail = detail } };
}
