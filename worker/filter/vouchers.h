/*
 * vouchers.h - the tokens for services that a worker has signed, kept for the
 * next request of the same user to the same service.
 */
#ifndef WORKER_FILTER_VOUCHERS_H
#define WORKER_FILTER_VOUCHERS_H

#include <stdint.h>

#include "common/base/slice.h"

#define VOUCHER_BYTES_MAX                                  \
	2048 /* of key and token; larger ones are not kept \
	      */

struct vouchers;

/* See env.vouchers. NULL: no memory. */
struct vouchers *vouchers_new(void);
void vouchers_free(struct vouchers *v);

/*
 * The token that was kept for this key, whose time it is; empty: there is none.
 * It lies there until the next one is kept.
 */
struct slice
vouchers_find(const struct vouchers *v, struct slice key, int64_t now_s);

/* From since_s until before until_s (not 0). Without memory it is not kept. */
void vouchers_keep(struct vouchers *v, struct slice key, struct slice token,
    int64_t since_s, int64_t until_s);

#endif
