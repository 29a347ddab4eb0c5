/*
 * addr.h - socket addresses: parse, print, compare, classify.
 */
#ifndef COMMON_NET_ADDR_H
#define COMMON_NET_ADDR_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/slice.h"

#define ADDR_TEXT_MAX 64

/* 20 bytes without padding, all of them set below: usable as a key. */
struct addr {
	uint8_t ip[16]; /* IPv4 as ::ffff:a.b.c.d */
	uint16_t port;  /* host order */
	uint8_t is_v6;  /* 0: IPv4 */
	uint8_t spare;  /* 0 */
};

struct addr_net {
	uint8_t ip[16];
	uint8_t bits; /* 0..128, counted in the mapped form */
};

/*
 * "127.0.0.1:80", "[::1]:80", "*:80" (0.0.0.0). Numeric only; false with *why
 * (a static half sentence) set. Port 0 is refused.
 */
bool addr_parse(const char *text, struct addr *a, const char **why);

/* An address without port, with or without brackets; from the network. */
bool addr_parse_ip(struct slice text, struct addr *a);

/* 0 to 65535 without leading zeros. */
bool addr_parse_port(struct slice digits, uint16_t *port);

/* "10.0.0.0/8", "::1", "fd00::/8"; host bits that are set are an error. */
bool addr_net_parse(const char *text, struct addr_net *n, const char **why);
/* A net of IPv6 has no IPv4 address, even when it is ::/0. */
bool addr_net_has(const struct addr_net *n, const struct addr *a);

/* "1.2.3.4:80" / "[::1]:80"; returns the length. buf >= ADDR_TEXT_MAX. */
size_t addr_text(const struct addr *a, char *buf);
/* Without port and brackets. */
size_t addr_ip_text(const struct addr *a, char *buf);

bool addr_eq(const struct addr *a, const struct addr *b);

/* From 4 or 16 bytes in network order. */
void addr_from_bytes(const void *ip, size_t n, uint16_t port, struct addr *a);

socklen_t addr_to_sockaddr(const struct addr *a, struct sockaddr_storage *ss);
/* Others than AF_INET and AF_INET6 give 0.0.0.0:0. */
void addr_from_sockaddr(const struct sockaddr_storage *ss, struct addr *a);

#endif
