/*
 * otlp_wire.c - see otlp_wire.h.
 */
#include "tools/otlp_wire.h"

#include <endian.h>

#include "common/base/utf8.h"

enum wire_type {
	WIRE_VARINT = 0,
	WIRE_FIXED64 = 1,
	WIRE_BYTES = 2,
	WIRE_FIXED32 = 5,
};

#define VARINT_MAX 10 /* bytes */

/* ---- writing ---- */

static char *
put_varint(char *to, uint64_t value)
{
	while (value >= 0x80) {
		*to++ = (char)(value | 0x80);
		value >>= 7;
	}
	*to++ = (char)value;
	return to;
}

static char *
put_tag(char *to, uint32_t field, enum wire_type type)
{
	return put_varint(to, field << 3 | type);
}

static char *
put_raw(char *to, struct slice bytes)
{
	if (bytes.n != 0)
		memcpy(to, bytes.p, bytes.n);
	return to + bytes.n;
}

char *
wire_put_uint(char *to, uint32_t field, uint64_t value)
{
	return put_varint(put_tag(to, field, WIRE_VARINT), value);
}

char *
wire_put_fixed32(char *to, uint32_t field, uint32_t value)
{
	uint32_t little = htole32(value);

	to = put_tag(to, field, WIRE_FIXED32);
	memcpy(to, &little, sizeof(little));
	return to + sizeof(little);
}

char *
wire_put_fixed64(char *to, uint32_t field, uint64_t value)
{
	uint64_t little = htole64(value);

	to = put_tag(to, field, WIRE_FIXED64);
	memcpy(to, &little, sizeof(little));
	return to + sizeof(little);
}

char *
wire_put_head(char *to, uint32_t field, size_t n)
{
	return put_varint(put_tag(to, field, WIRE_BYTES), n);
}

char *
wire_put_bytes(char *to, uint32_t field, struct slice bytes)
{
	return put_raw(wire_put_head(to, field, bytes.n), bytes);
}

/* So many bytes at its start are ASCII, looked at by eights. */
static size_t
ascii_run(struct slice s)
{
	size_t n = 0;
	uint64_t eight;

	for (; s.n - n >= sizeof(eight); n += sizeof(eight)) {
		memcpy(&eight, s.p + n, sizeof(eight));
		if ((eight & UINT64_C(0x8080808080808080)) != 0)
			break;
	}
	return n;
}

/* So many are UTF-8. */
static size_t
utf8_run(struct slice s)
{
	size_t n = ascii_run(s), next;

	while (n < s.n) {
		next = utf8_sequence(slice_skip(s, n));
		if (next == 0)
			break;
		n += next;
	}
	return n;
}

static char *
put_mended(char *to, uint32_t field, struct slice s)
{
	char *opened = to = wire_open(to, field);

	while (s.n != 0) {
		size_t n = utf8_run(s);

		to = put_raw(to, slice_make(s.p, n));
		s = slice_skip(s, n);
		if (s.n == 0)
			break;
		to = put_raw(to, SLICE_LIT("\xef\xbf\xbd"));
		s = slice_skip(s, 1);
	}
	return wire_close(opened, to);
}

char *
wire_put_string(char *to, uint32_t field, struct slice s)
{
	return utf8_run(s) == s.n ? wire_put_bytes(to, field, s)
				  : put_mended(to, field, s);
}

/* Most are short: there is room for one byte of length, and more is made. */
char *
wire_open(char *to, uint32_t field)
{
	to = put_tag(to, field, WIRE_BYTES);
	*to = '\0';
	return to + 1;
}

char *
wire_close(char *opened, char *end)
{
	char length[VARINT_MAX];
	size_t inside = (size_t)(end - opened);
	size_t n = (size_t)(put_varint(length, inside) - length);

	if (n > 1)
		memmove(opened + n - 1, opened, inside);
	memcpy(opened - 1, length, n);
	return end + n - 1;
}

/* ---- reading ---- */

static bool
wire_take_varint(struct slice *from, uint64_t *value)
{
	*value = 0;
	for (size_t i = 0; i < from->n && i < VARINT_MAX; i++) {
		*value |= (uint64_t)((unsigned char)from->p[i] & 0x7f) << 7 * i;
		if (((unsigned char)from->p[i] & 0x80) == 0) {
			*from = slice_skip(*from, i + 1);
			return true;
		}
	}
	return false;
}

static bool
wire_take_fixed(struct slice *from, size_t n, uint64_t *value)
{
	uint64_t little = 0;

	if (from->n < n)
		return false;
	memcpy(&little, from->p, n);
	*value = le64toh(little);
	*from = slice_skip(*from, n);
	return true;
}

static bool
wire_take_bytes(struct slice *from, struct wire_field *f)
{
	uint64_t n;

	if (!wire_take_varint(from, &n) || n > from->n)
		return false;
	f->is_bytes = true;
	f->bytes = slice_make(from->p, (size_t)n);
	*from = slice_skip(*from, (size_t)n);
	return true;
}

static bool
wire_take_value(struct slice *from, uint64_t type, struct wire_field *f)
{
	switch (type) {
	case WIRE_VARINT:
		return wire_take_varint(from, &f->value);
	case WIRE_FIXED64:
		return wire_take_fixed(from, 8, &f->value);
	case WIRE_FIXED32:
		return wire_take_fixed(from, 4, &f->value);
	case WIRE_BYTES:
		return wire_take_bytes(from, f);
	default:
		return false;
	}
}

bool
wire_next(struct slice *message, struct wire_field *f)
{
	struct slice rest = *message;
	uint64_t tag;

	*f = (struct wire_field){ 0 };
	if (rest.n == 0 || !wire_take_varint(&rest, &tag) || tag >> 3 == 0 ||
	    tag >> 3 > UINT32_MAX >> 3 || !wire_take_value(&rest, tag & 7, f))
		return false;
	f->number = (uint32_t)(tag >> 3);
	*message = rest;
	return true;
}
