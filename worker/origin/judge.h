/*
 * judge.h - what the breakers of a service go by: its rule, copied from the
 * image, and whether what became of a call is a failure.
 */
#ifndef WORKER_ORIGIN_JUDGE_H
#define WORKER_ORIGIN_JUDGE_H

#include "common/http/head.h"
#include "shm/breaker.h"
#include "shm/image.h"

/* A service's breakers, for one request. */
struct judge {
	uint32_t scope; /* IMG_BREAKER_ENDPOINT, _SERVICE; 0: it has none */
	uint32_t on;    /* IMG_BREAKER_CONNECT, ...: what is a failure */
	bool bypass;    /* the request is never refused */
	uint32_t status_count;
	/* Are failures, too. In the image: until the head of an answer. */
	const struct img_range *statuses;
	struct breaker_rule rule;
};

/* class: enum img_class of the request. */
void judge_init(struct judge *j, const struct img_head *img,
    const struct img_service *s, uint32_t class);

enum judgement {
	JUDGED_NOT,  /* nothing is known, or it does not matter */
	JUDGED_GOOD, /* so far */
	JUDGED_BAD,
};

struct judged {
	enum judgement is;
	struct breaker_outcome how;
};

/* An answer's head. A gRPC call that the server says it cannot take, before
 * anything else, is as one answered with 503. */
void judge_head(const struct judge *j, const struct head *h, struct judged *v);

/* There was no answer, or no whole one: v stays as it is if that is no failure.
 */
void judge_failed(const struct judge *j, enum change_cause cause,
    uint32_t detail, struct judged *v);

#endif
