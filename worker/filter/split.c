/*
 * split.c - see split.h. Rendezvous hashing with weights: each arm draws a
 * number for the key, made of the key and its own name alone, and the best one
 * has it. An arm whose weight grows takes keys of the others, and moves none
 * between them; one whose weight shrinks, or that goes, leaves its keys to
 * them.
 */
#include "worker/filter/split.h"

#include <math.h>

#include "common/base/hash.h"
#include "worker/flow/req_key.h"

/*
 * Of draws u from (0, 1), w / -ln(u) is the largest with a probability in
 * proportion to w.
 */
static double
arm_score(const struct img_arm *arm, uint64_t hash)
{
	uint64_t draw = hash_u64(arm->hash ^ hash) >> 12;

	/* In 53 bits: neither 0 nor 1. */
	return arm->weight / -log(((double)draw + 0.5) * 0x1p-52);
}

const struct img_arm *
split_choose(const struct img_arm *arms, uint32_t count, uint64_t hash)
{
	const struct img_arm *best = NULL;
	double most = 0;

	for (uint32_t i = 0; i < count; i++) {
		double score = arm_score(&arms[i], hash);

		if (score > most) {
			most = score;
			best = &arms[i];
		}
	}
	return best;
}

static uint64_t
split_hash(const struct req *q, const struct img_split *s)
{
	static const struct hash_key key = { 0x70656e73746f636b, 0x61726d };
	struct req_key by = { s->key, s->field, s->name };
	struct slice value;

	if (by.kind == IMG_HASH_NONE)
		return random_word(&q->env->random);
	if (!req_key_find(q, by, &value) || value.n == 0)
		value = req_key_address(q);
	return hash_bytes(key, value.p, value.n);
}

enum verdict
split_request(struct req *q)
{
	const struct img_split *s = img_at(q->image, q->match.route->split);
	const struct img_arm *arm = split_choose(
	    img_at(q->image, s->arms.off), s->arms.count, split_hash(q, s));

	if (arm != NULL)
		req_set_service(q, arm->service, &arm->timeouts);
	return GO_ON;
}
