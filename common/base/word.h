/*
 * word.h - eight bytes of text at once, in a word.
 */
#ifndef COMMON_BASE_WORD_H
#define COMMON_BASE_WORD_H

#include <stdint.h>

/* A word each byte of which is this one. */
#define WORD_OF(byte) (UINT64_C(0x0101010101010101) * (byte))

#endif
