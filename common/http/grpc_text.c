/*
 * grpc_text.c - see grpc_text.h.
 */
#include "common/http/grpc_text.h"

#include "common/http/http.h"

#define TIMEOUT_DIGITS 8u
#define TIMEOUT_MOST 99999999u

const char *
grpc_code_name(enum grpc_code code)
{
	static const char *const names[GRPC_CODE_COUNT] = {
		[GRPC_OK] = "OK",
		[GRPC_CANCELLED] = "CANCELLED",
		[GRPC_UNKNOWN] = "UNKNOWN",
		[GRPC_INVALID_ARGUMENT] = "INVALID_ARGUMENT",
		[GRPC_DEADLINE_EXCEEDED] = "DEADLINE_EXCEEDED",
		[GRPC_NOT_FOUND] = "NOT_FOUND",
		[GRPC_ALREADY_EXISTS] = "ALREADY_EXISTS",
		[GRPC_PERMISSION_DENIED] = "PERMISSION_DENIED",
		[GRPC_RESOURCE_EXHAUSTED] = "RESOURCE_EXHAUSTED",
		[GRPC_FAILED_PRECONDITION] = "FAILED_PRECONDITION",
		[GRPC_ABORTED] = "ABORTED",
		[GRPC_OUT_OF_RANGE] = "OUT_OF_RANGE",
		[GRPC_UNIMPLEMENTED] = "UNIMPLEMENTED",
		[GRPC_INTERNAL] = "INTERNAL",
		[GRPC_UNAVAILABLE] = "UNAVAILABLE",
		[GRPC_DATA_LOSS] = "DATA_LOSS",
		[GRPC_UNAUTHENTICATED] = "UNAUTHENTICATED",
	};

	return names[code];
}

/* ---- content types ---- */

/* True, and *s behind it, when *s begins so, in any case of letters. */
static bool
skip_nocase(struct slice *s, struct slice prefix)
{
	if (s->n < prefix.n ||
	    !slice_eq_nocase(slice_make(s->p, prefix.n), prefix))
		return false;
	*s = slice_skip(*s, prefix.n);
	return true;
}

enum grpc_kind
grpc_text_kind(struct slice content_type, struct slice *suffix)
{
	struct slice rest = content_type;
	enum grpc_kind kind = GRPC_PLAIN;
	const char *semicolon;

	*suffix = SLICE_NONE;
	if (!skip_nocase(&rest, SLICE_LIT("application/grpc")))
		return GRPC_NONE;
	if (skip_nocase(&rest, SLICE_LIT("-web-text")))
		kind = GRPC_WEB_TEXT;
	else if (skip_nocase(&rest, SLICE_LIT("-web")))
		kind = GRPC_WEB;
	semicolon = rest.n != 0 ? memchr(rest.p, ';', rest.n) : NULL;
	if (semicolon != NULL)
		rest.n = (size_t)(semicolon - rest.p);
	rest = slice_trim(rest);
	if (rest.n == 0)
		return kind;
	if (rest.p[0] != '+' || !http_is_token(slice_skip(rest, 1)))
		return GRPC_NONE;
	*suffix = rest;
	return kind;
}

bool
grpc_text_is_kind(struct slice content_type)
{
	struct slice suffix;

	return grpc_text_kind(content_type, &suffix) != GRPC_NONE;
}

/* ---- grpc-timeout ---- */

/* In ns; 0: no unit. */
static uint64_t
unit_ns(char c)
{
	switch (c) {
	case 'H':
		return UINT64_C(3600000000000);
	case 'M':
		return UINT64_C(60000000000);
	case 'S':
		return 1000000000;
	case 'm':
		return 1000000;
	case 'u':
		return 1000;
	case 'n':
		return 1;
	default:
		return 0;
	}
}

bool
grpc_text_timeout(struct slice text, uint64_t *us)
{
	uint64_t ns, value = 0;

	if (text.n < 2 || text.n > TIMEOUT_DIGITS + 1)
		return false;
	ns = unit_ns(text.p[text.n - 1]);
	if (ns == 0)
		return false;
	for (size_t i = 0; i < text.n - 1; i++) {
		if (text.p[i] < '0' || text.p[i] > '9')
			return false;
		value = value * 10 + (uint64_t)(text.p[i] - '0');
	}
	/* Hours would not fit as ns. */
	*us = ns >= 1000 ? value * (ns / 1000) : (value * ns + 999) / 1000;
	return true;
}

size_t
grpc_text_make_timeout(uint64_t us, char out[GRPC_TIMEOUT_TEXT])
{
	static const struct {
		uint64_t us;
		char unit;
	} units[] = { { 1, 'u' }, { 1000, 'm' }, { 1000000, 'S' },
		{ 60000000, 'M' }, { UINT64_C(3600000000), 'H' } };
	size_t last = sizeof(units) / sizeof(units[0]) - 1, unit = 0, n = 0;
	char digits[TIMEOUT_DIGITS];
	uint64_t value;

	while (unit < last && us / units[unit].us > TIMEOUT_MOST)
		unit++;
	value = us / units[unit].us;
	if (value > TIMEOUT_MOST)
		value = TIMEOUT_MOST;
	if (value == 0)
		value = 1;
	do {
		digits[n++] = (char)('0' + value % 10);
		value /= 10;
	} while (value != 0);
	for (size_t i = 0; i < n; i++)
		out[i] = digits[n - 1 - i];
	out[n] = units[unit].unit;
	return n + 1;
}

/* ---- grpc-message ---- */

size_t
grpc_text_message(struct slice message, char *out, size_t room)
{
	static const char hex[] = "0123456789ABCDEF";
	size_t n = 0;

	for (size_t i = 0; i < message.n; i++) {
		uint8_t c = (uint8_t)message.p[i];
		bool plain = c >= 0x20 && c <= 0x7e && c != '%';

		if (room - n < (plain ? 1u : 3u))
			break;
		if (plain) {
			out[n++] = (char)c;
			continue;
		}
		out[n++] = '%';
		out[n++] = hex[c >> 4];
		out[n++] = hex[c & 15];
	}
	return n;
}
