/*
 * top_numbers.h - what becomes of two readings of a counter, or of a
 * histogram: rates, quantiles, and both as texts of few columns. Pure.
 */
#ifndef TOOLS_TOP_NUMBERS_H
#define TOOLS_TOP_NUMBERS_H

#include <stddef.h>
#include <stdint.h>

#include "shm/histo.h"

/* What came between two readings; 0: it began anew. */
uint64_t top_grown(uint64_t before, uint64_t now);

/* Per second, in thousandths; `us` is not 0. */
uint64_t top_rate(uint64_t grown, uint64_t us);

/* a of b, in thousandths of a percent; 0 of 0 is 0. */
uint64_t top_share(uint64_t a, uint64_t b);

/* What came between. */
void top_histo_grown(const struct histo_sum *before,
    const struct histo_sum *now, struct histo_sum *out);
void top_histo_add(struct histo_sum *to, const struct histo_sum *h);

/*
 * The time that so many thousandths took at most, as if each bucket were filled
 * evenly; TOP_NONE: there is nothing; TOP_BEYOND: longer than the last bound.
 */
#define TOP_NONE UINT64_MAX
#define TOP_BEYOND (UINT64_MAX - 1)
uint64_t top_quantile(const struct histo_sum *h, unsigned thousandths);

#define TOP_TEXT 12 /* with the NUL */

/* "850us" "1.2ms" "123ms" "1.5s" ">10s"; "-" for nothing. */
char *top_time_text(uint64_t us, char buf[TOP_TEXT]);
/* "0" "0.2" "85" "1234" "12.3k" "4.5M": of thousandths. */
char *top_rate_text(uint64_t rate, char buf[TOP_TEXT]);
/* "0%" "<0.01%" "0.12%" "12.3%" "100%". */
char *top_share_text(uint64_t share, char buf[TOP_TEXT]);
/* "45s" "12m" "3h 5m" "2d 4h": of seconds. */
char *top_age_text(uint64_t seconds, char buf[TOP_TEXT]);

#endif
