/*
 * word.h - eight bytes of text at once, in a word.
 */
#ifndef COMMON_BASE_WORD_H
#define COMMON_BASE_WORD_H

#include <endian.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* A word each byte of which is this one. */
#define WORD_OF(byte) (UINT64_C(0x0101010101010101) * (byte))

/* Fewer than eight bytes, the first of which is the lowest; then zeroes. */
static inline uint64_t
word_few(const char *p, size_t n)
{
	uint32_t first, last;

	if (n >= sizeof(first)) {
		memcpy(&first, p, sizeof(first));
		memcpy(&last, p + n - sizeof(last), sizeof(last));
		return le32toh(first) |
		    (uint64_t)le32toh(last) << 8 * (n - sizeof(last));
	}
	if (n == 0)
		return 0;
	return (uint64_t)(uint8_t)p[0] |
	    (uint64_t)(uint8_t)p[n / 2] << 8 * (n / 2) |
	    (uint64_t)(uint8_t)p[n - 1] << 8 * (n - 1);
}

#endif
