/*
 * recorder_kit.h - records whose bytes say whether they are whole, for those
 * tests of the recorder in which somebody is killed, or faster.
 */
#ifndef TESTS_UNIT_SHM_RECORDER_KIT_H
#define TESTS_UNIT_SHM_RECORDER_KIT_H

#include "common/base/hash.h"
#include "shm/recorder.h"
#include "shm/step.h"

#define RK_WORDS_MAX \
	((RECORD_MAX - sizeof(struct record_head)) / sizeof(uint64_t))

/* Word i of a record of so many words with this mark. */
static inline uint64_t
rk_word(uint64_t mark, uint64_t words, uint64_t i)
{
	return hash_u64(mark << 24 ^ words << 12 ^ i);
}

/* Each `stride`th word is a step of its own. False: there is no room. */
static inline bool
rk_put(const struct region *r, enum recorder_ring ring, uint32_t w,
    uint64_t mark, uint64_t words, uint64_t stride)
{
	struct record_head *h = recorder_begin(r, ring, w);
	uint64_t *to = (void *)(h + 1);

	if (h == NULL)
		return false;
	h->bytes = (uint32_t)(sizeof(*h) + words * sizeof(*to));
	h->kind = RECORD_AUDIT;
	h->wall_us = (int64_t)mark;
	for (uint64_t i = 0; i < words; i++) {
		if (i % stride == 0)
			SHM_STEP("payload");
		to[i] = rk_word(mark, words, i);
	}
	recorder_commit(r, ring, w);
	return true;
}

/* What a reader has got is what somebody has put. */
static inline bool
rk_is_whole(const void *bytes, uint32_t n)
{
	const struct record_head *h = bytes;
	const uint64_t *from = (const void *)(h + 1);
	uint64_t words = (n - sizeof(*h)) / sizeof(*from);

	if (n != h->bytes || h->kind != RECORD_AUDIT)
		return false;
	for (uint64_t i = 0; i < words; i++)
		if (from[i] != rk_word((uint64_t)h->wall_us, words, i))
			return false;
	return true;
}

#endif
