/*
 * limiter_key.h - how keys are made and shown. The bytes are a sequence of
 * {part:8, n:8, n bytes}, in the order of the limit's parts; what does not fit
 * is replaced, as a whole, by {255, 16, the first 16 bytes of the SHA-256 of
 * all, with n of 32 bits}. An address is 4 bytes, or 8 (the /64 of IPv6).
 */
#ifndef SHM_LIMITER_KEY_H
#define SHM_LIMITER_KEY_H

#include <stddef.h>

#include "common/base/slice.h"
#include "common/net/addr.h"
#include "shm/img_protect.h"
#include "shm/limiter.h"

/* What is counted by without being asked to; limits of the configuration have
 * a hash. */
enum limiter_own {
	LIMITER_OWN_PASSWORDS = 1, /* wrong ones of an address */
	LIMITER_OWN_GRANTS,        /* requests for tokens of an address */
};

#define LIMITER_KEY_PARTS IMG_LIMIT_PARTS_MAX

/* On the stack; the values have to last until the end. */
struct limiter_key_maker {
	uint64_t limit;
	uint32_t n; /* parts */
	uint8_t part[LIMITER_KEY_PARTS];
	uint8_t ip[LIMITER_KEY_PARTS][8];
	struct slice value[LIMITER_KEY_PARTS];
};

void limiter_key_begin(struct limiter_key_maker *m, uint64_t limit);
/* At most LIMITER_KEY_PARTS. */
void
limiter_key_add(struct limiter_key_maker *m, uint8_t part, struct slice value);
/* As IMG_LIMIT_ADDRESS. */
void limiter_key_add_address(struct limiter_key_maker *m, const struct addr *a);
void limiter_key_end(const struct region *r, struct limiter_key_maker *m,
    struct limiter_key *out);

/* All of it at once, of an address alone. */
void limiter_key_address(const struct region *r, uint64_t limit,
    const struct addr *a, struct limiter_key *out);

/* What `hash` is to be. */
uint64_t
limiter_key_hash(const struct region *r, const struct limiter_key *key);

/*
 * For people: "192.0.2.1", "alice", "acme,/v1/x" (parts joined by ","), "all"
 * where nothing tells one from another. What is no printable ASCII is "%" and
 * two hexadecimal digits. Returns the length, without the NUL; cut to fit.
 */
#define LIMITER_KEY_TEXT (3 * LIMITER_KEY_BYTES + 1)
size_t limiter_key_text(const struct limiter_key *key, char *out, size_t size);

#endif
