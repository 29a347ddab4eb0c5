/*
 * holders.h - API keys that were added by the admin API: one relocatable,
 * immutable block per authenticator, in its slot of keysets.h. Made by the
 * master; searched by workers beside the holders of the image.
 *
 * Of a key only its SHA-256 is kept. Texts are in the block itself: offsets
 * from its start.
 */
#ifndef SHM_HOLDERS_H
#define SHM_HOLDERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/slice.h"
#include "shm/img_access.h"

#define HOLDERS_MAGIC UINT64_C(0x73726564706f6c68)
#define HOLDERS_MAX 16384
#define HOLDERS_BYTES_MAX (16u << 20)

struct holders_entry {
	struct img_holder is;
	int64_t made_s; /* wall clock */
};

struct holders {
	uint64_t magic;
	uint32_t bytes, count;
	struct img_str authenticator;
	struct holders_entry entry[]; /* in order of sha256, no two the same */
};

/* Everything lies within the n bytes: once, by whoever finds a new version. */
bool holders_check(const struct holders *h, size_t n);

/* NULL: none has this key. Whether it has expired is for the caller. */
const struct holders_entry *
holders_find(const struct holders *h, const uint8_t sha256[32]);

static inline struct slice
holders_text(const struct holders *h, struct img_str s)
{
	return slice_make((const char *)h + s.off, s.len);
}

#endif
