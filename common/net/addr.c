/*
 * addr.c - numeric addresses only: names are the resolver's business.
 *
 * An IPv4-mapped IPv6 address is an IPv4 address everywhere, so that one rule
 * about 10.0.0.0/8 covers both spellings.
 */
#include <arpa/inet.h>
#include <string.h>

#include "common/base/text.h"
#include "common/net/addr.h"

#define IP_TEXT_MAX 46 /* INET6_ADDRSTRLEN */
#define V4_AT 12       /* of the IPv4 bytes in the mapped form */
#define V4_BITS 96

static const uint8_t mapped_prefix[V4_AT] = { [10] = 0xff, [11] = 0xff };

static bool
refuse(const char **why, const char *reason)
{
	*why = reason;
	return false;
}

static void
set_v4(struct addr *a, const void *ip)
{
	*a = (struct addr){ 0 };
	memcpy(a->ip, mapped_prefix, V4_AT);
	memcpy(a->ip + V4_AT, ip, 4);
}

static void
set_v6(struct addr *a, const void *ip)
{
	*a = (struct addr){ 0 };
	memcpy(a->ip, ip, 16);
	a->is_v6 = memcmp(ip, mapped_prefix, V4_AT) != 0;
}

/* Four decimal numbers without leading zeros, as inet_pton takes them. */
static bool
v4_parse(struct slice text, struct addr *a)
{
	const char *at = text.p, *end = at + text.n, *from;
	uint8_t ip[4];

	for (unsigned i = 0; i < sizeof(ip); i++) {
		unsigned n = 0;

		if (i != 0 && (at == end || *at++ != '.'))
			return false;
		for (from = at; at != end && *at >= '0' && *at <= '9'; at++) {
			n = n * 10 + (unsigned)(*at - '0');
			if (n > UINT8_MAX || (*from == '0' && at != from))
				return false;
		}
		if (at == from)
			return false;
		ip[i] = (uint8_t)n;
	}
	if (at != end)
		return false;
	set_v4(a, ip);
	return true;
}

/* inet_pton takes no zone ids. */
static bool
v6_parse(struct slice text, struct addr *a)
{
	char z[IP_TEXT_MAX];
	uint8_t ip[16];

	if (text.n == 0 || text.n >= sizeof(z) ||
	    memchr(text.p, '\0', text.n) != NULL)
		return false;
	memcpy(z, text.p, text.n);
	z[text.n] = '\0';
	if (inet_pton(AF_INET6, z, ip) != 1)
		return false;
	set_v6(a, ip);
	return true;
}

bool
addr_parse_ip(struct slice text, struct addr *a)
{
	if (text.n != 0 && text.p[0] == '[') {
		if (text.p[text.n - 1] != ']')
			return false;
		return v6_parse(slice_make(text.p + 1, text.n - 2), a);
	}
	return v4_parse(text, a) || v6_parse(text, a);
}

/* Digits without leading zeros, at most max. */
static bool
number_parse(struct slice s, unsigned max, unsigned *number)
{
	unsigned n = 0;

	if (s.n == 0 || (s.p[0] == '0' && s.n != 1))
		return false;
	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] < '0' || s.p[i] > '9')
			return false;
		n = n * 10 + (unsigned)(s.p[i] - '0');
		if (n > max)
			return false;
	}
	*number = n;
	return true;
}

bool
addr_parse_port(struct slice digits, uint16_t *port)
{
	unsigned n;

	if (!number_parse(digits, UINT16_MAX, &n))
		return false;
	*port = (uint16_t)n;
	return true;
}

bool
addr_parse(const char *text, struct addr *a, const char **why)
{
	const char *colon = strrchr(text, ':');
	struct slice host;

	if (colon == NULL || (text[0] == '[' && colon[-1] != ']'))
		return refuse(why, "has no port");
	host = slice_make(text, (size_t)(colon - text));
	if (slice_eq(host, SLICE_LIT("*")))
		host = SLICE_LIT("0.0.0.0");
	else if (host.n != 0 && host.p[0] != '[' &&
	    memchr(host.p, ':', host.n) != NULL)
		return refuse(why, "needs brackets around the IPv6 address");
	if (!addr_parse_ip(host, a))
		return refuse(why, "is not a numeric address and port");
	if (!addr_parse_port(slice_str(colon + 1), &a->port) || a->port == 0)
		return refuse(why, "has no valid port (1 to 65535)");
	return true;
}

/* True when the first `bits` bits are equal. */
static bool
prefix_eq(const uint8_t *a, const uint8_t *b, unsigned bits)
{
	unsigned whole = bits / 8;
	unsigned rest = bits % 8;

	if (memcmp(a, b, whole) != 0)
		return false;
	return rest == 0 || ((a[whole] ^ b[whole]) >> (8 - rest)) == 0;
}

static bool
bits_set_after(const uint8_t *ip, unsigned bits)
{
	for (unsigned i = bits; i < 128; i++)
		if (ip[i / 8] & (0x80 >> i % 8))
			return true;
	return false;
}

bool
addr_net_parse(const char *text, struct addr_net *n, const char **why)
{
	const char *slash = strchr(text, '/');
	struct slice ip = slice_str(text);
	struct addr a;
	unsigned most, bits;

	if (slash != NULL)
		ip.n = (size_t)(slash - text);
	if (ip.n != 0 && ip.p[0] == '[')
		return refuse(why, "has brackets");
	if (!addr_parse_ip(ip, &a))
		return refuse(why, "is not a numeric address or network");
	/* A mapped address written as IPv6 counts its bits as IPv6. */
	most = memchr(ip.p, ':', ip.n) != NULL ? 128 : 32;
	bits = most;
	if (slash != NULL && !number_parse(slice_str(slash + 1), most, &bits))
		return refuse(why, "has no valid prefix length");
	bits += 128 - most;
	if (bits_set_after(a.ip, bits))
		return refuse(why, "has bits set behind the prefix");
	memcpy(n->ip, a.ip, sizeof(n->ip));
	n->bits = (uint8_t)bits;
	return true;
}

bool
addr_net_has(const struct addr_net *n, const struct addr *a)
{
	if (!a->is_v6 && n->bits < V4_BITS)
		return false;
	return prefix_eq(n->ip, a->ip, n->bits);
}

size_t
addr_ip_text(const struct addr *a, char *buf)
{
	char *at = buf;

	if (a->is_v6) {
		inet_ntop(AF_INET6, a->ip, buf, ADDR_TEXT_MAX);
		return strlen(buf);
	}
	for (int i = 0; i < 4; i++) {
		if (i != 0)
			*at++ = '.';
		at = text_put_u64(at, a->ip[V4_AT + i]);
	}
	*at = '\0';
	return (size_t)(at - buf);
}

size_t
addr_text(const struct addr *a, char *buf)
{
	char *at = buf;

	if (a->is_v6)
		*at++ = '[';
	at += addr_ip_text(a, at);
	if (a->is_v6)
		*at++ = ']';
	*at++ = ':';
	at = text_put_u64(at, a->port);
	*at = '\0';
	return (size_t)(at - buf);
}

bool
addr_eq(const struct addr *a, const struct addr *b)
{
	return a->port == b->port && a->is_v6 == b->is_v6 &&
	    memcmp(a->ip, b->ip, sizeof(a->ip)) == 0;
}

void
addr_from_bytes(const void *ip, size_t n, uint16_t port, struct addr *a)
{
	if (n == 4)
		set_v4(a, ip);
	else
		set_v6(a, ip);
	a->port = port;
}

socklen_t
addr_to_sockaddr(const struct addr *a, struct sockaddr_storage *ss)
{
	struct sockaddr_in v4 = { .sin_family = AF_INET };
	struct sockaddr_in6 v6 = { .sin6_family = AF_INET6 };

	memset(ss, 0, sizeof(*ss));
	if (!a->is_v6) {
		v4.sin_port = htons(a->port);
		memcpy(&v4.sin_addr, a->ip + V4_AT, 4);
		memcpy(ss, &v4, sizeof(v4));
		return sizeof(v4);
	}
	v6.sin6_port = htons(a->port);
	memcpy(&v6.sin6_addr, a->ip, 16);
	memcpy(ss, &v6, sizeof(v6));
	return sizeof(v6);
}

void
addr_from_sockaddr(const struct sockaddr_storage *ss, struct addr *a)
{
	struct sockaddr_in v4 = { 0 };
	struct sockaddr_in6 v6;

	if (ss->ss_family == AF_INET6) {
		memcpy(&v6, ss, sizeof(v6));
		set_v6(a, &v6.sin6_addr);
		a->port = ntohs(v6.sin6_port);
		return;
	}
	if (ss->ss_family == AF_INET)
		memcpy(&v4, ss, sizeof(v4));
	set_v4(a, &v4.sin_addr);
	a->port = ntohs(v4.sin_port);
}
