/*
 * authority.c - one reading of a host, so that what is routed is what an
 * upstream sees.
 */
#include <arpa/inet.h>

#include "common/base/chunk.h"
#include "common/http/authority.h"
#include "common/http/uri_escape.h"

#define NAME_BYTES_MAX 255
#define PORT_DIGITS_MAX 5

/* Of the first sixteen bytes those that begin a name: "_" and "~", which are
 * rare, end them. */
static inline size_t
name_begins(struct slice s)
{
#ifdef CHUNK_BYTES
	__m128i x = chunk_load(s);
	__m128i lower = _mm_or_si128(x, _mm_set1_epi8(0x20));
	__m128i good = _mm_or_si128(chunk_from_to(lower, 'a', 'z'),
	    _mm_or_si128(
		chunk_from_to(x, '0', '9'), chunk_from_to(x, '-', '.')));

	return (size_t)__builtin_ctz(~(unsigned)_mm_movemask_epi8(good));
#else
	(void)s;
	return 0;
#endif
}

/* The bytes of a name at the start of s; 0 when there is none. */
static size_t
name_span(struct slice s)
{
	size_t n = name_begins(s);

	while (n < s.n && uri_unreserved[(unsigned char)s.p[n]])
		n++;
	return n <= NAME_BYTES_MAX ? n : 0;
}

/* The bytes of "[" IPv6 "]" at the start of s; 0 when there is none. */
static __attribute__((noinline)) size_t
literal_span(struct slice s)
{
	char text[INET6_ADDRSTRLEN];
	struct in6_addr addr;
	const char *close = memchr(s.p, ']', s.n);
	size_t n = close != NULL ? (size_t)(close - s.p) - 1 : 0;

	if (n == 0 || n >= sizeof(text) || memchr(s.p, '\0', n) != NULL)
		return 0;
	memcpy(text, s.p + 1, n);
	text[n] = '\0';
	return inet_pton(AF_INET6, text, &addr) == 1 ? n + 2 : 0;
}

static bool
port_parse(struct slice digits, uint16_t *port)
{
	uint32_t value = 0;

	if (digits.n > PORT_DIGITS_MAX)
		return false;
	for (size_t i = 0; i < digits.n; i++) {
		if (digits.p[i] < '0' || digits.p[i] > '9')
			return false;
		value = value * 10 + (uint32_t)(digits.p[i] - '0');
	}
	*port = (uint16_t)value;
	return value != 0 && value <= UINT16_MAX;
}

bool
authority_parse(struct slice s, struct authority *a)
{
	size_t n;

	if (s.n == 0)
		return false;
	n = s.p[0] == '[' ? literal_span(s) : name_span(s);
	if (n == 0)
		return false;
	a->host = slice_make(s.p, n);
	a->port = 0;
	if (n == s.n)
		return true;
	return s.p[n] == ':' && port_parse(slice_skip(s, n + 1), &a->port);
}

bool
authority_eq(
    const struct authority *a, const struct authority *b, uint16_t default_port)
{
	uint16_t port_a = a->port != 0 ? a->port : default_port;
	uint16_t port_b = b->port != 0 ? b->port : default_port;

	return port_a == port_b && slice_eq_nocase(a->host, b->host);
}
