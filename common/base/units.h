/*
 * units.h - durations, sizes and rates as people write them.
 *
 * All parsers take the whole string, refuse signs, spaces, fractions (but for
 * decimals) and overflow, and set *why (if not NULL) to a static half sentence
 * on failure, such as "has no unit (ms, s, m, h, d)".
 */
#ifndef COMMON_BASE_UNITS_H
#define COMMON_BASE_UNITS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* "250ms" "30s" "5m" "1h" "7d", also "100us"; "0" alone is 0. */
bool units_duration(const char *text, uint64_t *us, const char **why);

/* "2", "2.0", "1.125": in thousandths, of which there are at most three. */
bool units_decimal(const char *text, uint64_t *thousandths, const char **why);

/* The same in millionths, of which there are at most six digits. */
bool units_share(const char *text, uint64_t *millionths, const char **why);

/* "512" "16k" "10m" "2g" (also upper case; powers of 1024); in bytes. */
bool units_size(const char *text, uint64_t *bytes, const char **why);

/* "1000/min": count per s, min, hour, day, month (30 days). */
bool units_rate(
    const char *text, uint64_t *count, uint64_t *per_us, const char **why);

/*
 * The shortest exact spelling ("90s", "1500ms", "16k"), NUL-terminated, for
 * buffers of at least 32 bytes. Returns buf.
 */
char *units_duration_text(uint64_t us, char *buf, size_t size);
char *units_size_text(uint64_t bytes, char *buf, size_t size);
/* "1000/min"; of a period that units_rate gives. */
char *units_rate_text(uint64_t count, uint64_t per_us, char *buf, size_t size);
/* "2.0", "1.125": always with a point. */
char *units_decimal_text(uint64_t thousandths, char *buf, size_t size);
char *units_share_text(uint64_t millionths, char *buf, size_t size);

#endif
