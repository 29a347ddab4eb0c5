/*
 * grpc_health.c - see grpc_health.h.
 */
#include "master/grpc_health.h"

#include <string.h>

#include "common/base/must.h"
#include "common/http/grpc_text.h"

#define FRAME_HEAD 5
#define STATUS_MAX 9999u /* codes end at 16 today */
#define DETAIL_HEALTH 0x10000u
#define VARINT_MAX 10

/* How a field of protobuf is written; 3 and 4 are of groups, long gone. */
enum wire_type { WIRE_VARINT, WIRE_64, WIRE_BYTES, WIRE_32 = 5 };

size_t
grpc_health_ask(char to[GRPC_HEALTH_ASK_MAX], struct slice service)
{
	size_t n = 0;

	MUST(service.n <= GRPC_HEALTH_SERVICE_MAX);
	if (service.n != 0) {
		to[FRAME_HEAD + n++] = 1 << 3 | WIRE_BYTES;
		if (service.n > 0x7f)
			to[FRAME_HEAD + n++] =
			    (char)((service.n & 0x7f) | 0x80);
		to[FRAME_HEAD + n++] =
		    (char)(service.n > 0x7f ? service.n >> 7 : service.n);
		memcpy(to + FRAME_HEAD + n, service.p, service.n);
		n += service.n;
	}
	memset(to, 0, FRAME_HEAD);
	to[3] = (char)(n >> 8);
	to[4] = (char)(n & 0xff);
	return FRAME_HEAD + n;
}

/* ---- answers ---- */

static bool
take_varint(struct slice *from, uint64_t *value)
{
	*value = 0;
	for (unsigned i = 0; i < VARINT_MAX && i < from->n; i++) {
		uint8_t byte = (uint8_t)from->p[i];

		/* The tenth has one bit left. */
		if (i == VARINT_MAX - 1 && byte > 1)
			return false;
		*value |= (uint64_t)(byte & 0x7f) << (7 * i);
		if ((byte & 0x80) == 0) {
			*from = slice_skip(*from, i + 1);
			return true;
		}
	}
	return false;
}

static bool
take_bytes(struct slice *from, uint64_t n)
{
	if (n > from->n)
		return false;
	*from = slice_skip(*from, (size_t)n);
	return true;
}

/* The value of a field that is not ours. */
static bool
take_other(struct slice *from, unsigned type)
{
	uint64_t n;

	switch (type) {
	case WIRE_VARINT:
		return take_varint(from, &n);
	case WIRE_64:
		return take_bytes(from, 8);
	case WIRE_BYTES:
		return take_varint(from, &n) && take_bytes(from, n);
	case WIRE_32:
		return take_bytes(from, 4);
	default:
		return false;
	}
}

/* The last one counts; without one, it is 0. */
static bool
read_message(struct slice m, uint32_t *status)
{
	*status = GRPC_HEALTH_UNKNOWN;
	while (m.n != 0) {
		uint64_t tag, value;

		if (!take_varint(&m, &tag) || tag >> 3 == 0 || tag > UINT32_MAX)
			return false;
		if (tag >> 3 != 1) {
			if (!take_other(&m, tag & 7))
				return false;
			continue;
		}
		if ((tag & 7) != WIRE_VARINT || !take_varint(&m, &value))
			return false;
		*status = (uint32_t)value;
	}
	return true;
}

bool
grpc_health_read(struct slice body, uint32_t *status)
{
	const uint8_t *p = (const uint8_t *)body.p;
	uint32_t bytes;

	/* Compressed it may not be: nobody said that we could read that. */
	if (body.n < FRAME_HEAD || p[0] != 0)
		return false;
	bytes = (uint32_t)p[1] << 24 | (uint32_t)p[2] << 16 |
	    (uint32_t)p[3] << 8 | p[4];
	return bytes == body.n - FRAME_HEAD &&
	    read_message(slice_skip(body, FRAME_HEAD), status);
}

bool
grpc_status_read(struct slice value, uint32_t *code)
{
	*code = 0;
	for (size_t i = 0; i < value.n; i++) {
		if (value.p[i] < '0' || value.p[i] > '9')
			return false;
		*code = *code * 10 + (uint32_t)(value.p[i] - '0');
		if (*code > STATUS_MAX)
			return false;
	}
	return value.n != 0;
}

/* ---- words ---- */

uint32_t
grpc_health_detail(uint32_t code, uint32_t health)
{
	if (code != 0)
		return code;
	return DETAIL_HEALTH | (health < UINT16_MAX ? health : UINT16_MAX);
}

static void
words_of_health(struct text *out, uint32_t health)
{
	static const char *const names[] = {
		[GRPC_HEALTH_UNKNOWN] = "UNKNOWN",
		[GRPC_HEALTH_SERVING] = "SERVING",
		[GRPC_HEALTH_NOT_SERVING] = "NOT_SERVING",
		[GRPC_HEALTH_SERVICE_UNKNOWN] = "SERVICE_UNKNOWN",
	};

	if (health < sizeof(names) / sizeof(names[0]))
		text_add(out, slice_str(names[health]));
	else
		text_printf(out, "status %u, which is not known", health);
}

/* Of two codes it is known what they mean here. */
static void
words_of_code(struct text *out, uint32_t code)
{
	text_printf(out, "grpc-status %u", code);
	if (code < GRPC_CODE_COUNT)
		text_printf(out, " %s", grpc_code_name((enum grpc_code)code));
	if (code == GRPC_NOT_FOUND)
		text_printf(out, ", the server does not know the service");
	else if (code == GRPC_UNIMPLEMENTED)
		text_printf(out, ", the server has no health service");
}

void
grpc_health_words(struct text *out, uint32_t detail)
{
	if ((detail & DETAIL_HEALTH) != 0)
		words_of_health(out, detail & UINT16_MAX);
	else
		words_of_code(out, detail);
}
