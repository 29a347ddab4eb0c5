/*
 * base64url.h - base64url (RFC 4648 5) as JOSE wants it: no padding, no white
 * space, no other alphabet, and the bits behind the last byte are zero. So each
 * value has one text, and a token's text is its identity (RFC 7515 2).
 */
#ifndef COMMON_JOSE_BASE64URL_H
#define COMMON_JOSE_BASE64URL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/slice.h"

/* Of the bytes that text of n characters stands for. */
#define BASE64URL_BYTES(n) ((n) / 4 * 3 + (n) % 4 * 3 / 4)
/* Of the text for n bytes. */
#define BASE64URL_TEXT(n) (((n)*4 + 2) / 3)

/* Into out, which has BASE64URL_BYTES(text.n) of room. False: not canonical. */
bool base64url_decode(struct slice text, uint8_t *out, size_t *n);

/* The same without a result: is it canonical? */
bool base64url_valid(struct slice text);

/* Into out, which has BASE64URL_TEXT(n) of room; returns how much it is. */
size_t base64url_encode(const void *bytes, size_t n, char *out);

#endif
