/*
 * dns_kit.h - DNS messages made by hand, and a server on the test's own loop
 * that answers from a list.
 */
#ifndef TESTS_UNIT_MASTER_DNS_KIT_H
#define TESTS_UNIT_MASTER_DNS_KIT_H

#include <arpa/inet.h>
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/base/list.h"
#include "common/net/loop.h"
#include "master/resolve_answer.h"

struct dns_message {
	uint8_t p[8192];
	size_t n;
};

static inline void
dns_u16(struct dns_message *m, unsigned v)
{
	m->p[m->n++] = (uint8_t)(v >> 8);
	m->p[m->n++] = (uint8_t)v;
}

/* "." and "" are the root. */
static inline void
dns_name(struct dns_message *m, const char *name)
{
	while (*name != '\0' && *name != '.') {
		size_t n = strcspn(name, ".");

		m->p[m->n++] = (uint8_t)n;
		memcpy(m->p + m->n, name, n);
		m->n += n;
		name += n + (name[n] == '.');
	}
	m->p[m->n++] = 0;
}

/* An answer without records. */
static inline void
dns_begin(struct dns_message *m, const char *name, uint16_t type)
{
	static const uint8_t head[12] = { 0, 0, 0x81, 0x80, 0, 1 };

	memcpy(m->p, head, sizeof(head));
	m->n = sizeof(head);
	dns_name(m, name);
	dns_u16(m, type);
	dns_u16(m, 1);
}

/* Its data follows; dns_end closes it. Returns where it begins. */
static inline size_t
dns_record(struct dns_message *m, const char *name, uint16_t type, uint32_t ttl)
{
	m->p[7]++;
	dns_name(m, name);
	dns_u16(m, type);
	dns_u16(m, 1);
	dns_u16(m, ttl >> 16);
	dns_u16(m, ttl & 0xffff);
	dns_u16(m, 0);
	return m->n;
}

static inline void
dns_end(struct dns_message *m, size_t begin)
{
	m->p[begin - 2] = (uint8_t)((m->n - begin) >> 8);
	m->p[begin - 1] = (uint8_t)(m->n - begin);
}

static inline void
dns_addr(
    struct dns_message *m, const char *name, uint32_t ttl, const char *address)
{
	bool v6 = strchr(address, ':') != NULL;
	size_t at =
	    dns_record(m, name, v6 ? RESOLVE_TYPE_AAAA : RESOLVE_TYPE_A, ttl);

	ck_assert_int_eq(
	    inet_pton(v6 ? AF_INET6 : AF_INET, address, m->p + m->n), 1);
	m->n += v6 ? 16 : 4;
	dns_end(m, at);
}

static inline void
dns_cname(
    struct dns_message *m, const char *name, uint32_t ttl, const char *target)
{
	size_t at = dns_record(m, name, RESOLVE_TYPE_CNAME, ttl);

	dns_name(m, target);
	dns_end(m, at);
}

static inline void
dns_srv(struct dns_message *m, const char *name, uint32_t ttl,
    const unsigned number[3], const char *target)
{
	size_t at = dns_record(m, name, RESOLVE_TYPE_SRV, ttl);

	for (int i = 0; i < 3; i++)
		dns_u16(m, number[i]);
	dns_name(m, target);
	dns_end(m, at);
}

/* ---- a server ---- */

/* "10.0.0.1", "::1", or "PRIORITY WEIGHT PORT TARGET". */
struct dns_entry {
	const char *name, *value;
	uint32_t ttl;
};

enum dns_way { DNS_ANSWERS, DNS_SILENT, DNS_SERVFAIL, DNS_NXDOMAIN };

struct dns_server {
	struct loop_watch watch;
	uint16_t port;
	const struct dns_entry *entries; /* up to one without a name */
	enum dns_way way;
	unsigned asked;
};

static inline void
dns_entry_add(struct dns_message *m, const struct dns_entry *e, uint16_t type)
{
	unsigned number[3];
	char target[64];
	uint16_t is;

	if (sscanf(e->value, "%u %u %u %63s", &number[0], &number[1],
		&number[2], target) == 4)
		is = RESOLVE_TYPE_SRV;
	else
		is = strchr(e->value, ':') != NULL ? RESOLVE_TYPE_AAAA
						   : RESOLVE_TYPE_A;
	if (is == type && is == RESOLVE_TYPE_SRV)
		dns_srv(m, e->name, e->ttl, number, target);
	else if (is == type)
		dns_addr(m, e->name, e->ttl, e->value);
}

/* The name of a question, and its type behind it. */
static inline uint16_t
dns_question(const uint8_t *p, char name[256])
{
	size_t at = 12, n = 0;

	for (; p[at] != 0; at += 1u + p[at]) {
		memcpy(name + n, p + at + 1, p[at]);
		n += p[at];
		name[n++] = '.';
	}
	name[n - (n != 0)] = '\0';
	return (uint16_t)(p[at + 1] << 8 | p[at + 2]);
}

static inline void
dns_serve(struct loop_watch *w, unsigned events)
{
	struct dns_server *s = CONTAINER_OF(w, struct dns_server, watch);
	struct sockaddr_storage peer;
	socklen_t peer_bytes = sizeof(peer);
	uint8_t query[1024];
	struct dns_message m;
	char name[256];

	(void)events;
	while (recvfrom(w->fd, query, sizeof(query), MSG_DONTWAIT,
		   (struct sockaddr *)&peer, &peer_bytes) > 12) {
		uint16_t type = dns_question(query, name);

		s->asked++;
		dns_begin(&m, name, type);
		memcpy(m.p, query, 2);
		for (const struct dns_entry *e = s->entries;
		     s->way == DNS_ANSWERS && e->name != NULL; e++)
			if (strcmp(e->name, name) == 0)
				dns_entry_add(&m, e, type);
		if (s->way == DNS_SERVFAIL || s->way == DNS_NXDOMAIN)
			m.p[3] |= s->way == DNS_SERVFAIL ? 2 : 3;
		if (s->way != DNS_SILENT)
			(void)sendto(w->fd, m.p, m.n, 0,
			    (struct sockaddr *)&peer, peer_bytes);
	}
}

static inline void
dns_open(struct dns_server *s, struct loop *loop)
{
	struct sockaddr_in in = { .sin_family = AF_INET };
	socklen_t n = sizeof(in);
	static const struct dns_entry none[1];

	*s = (struct dns_server){ .entries = none };
	in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	s->watch = (struct loop_watch){ .fn = dns_serve,
		.fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0) };
	ck_assert_int_ge(s->watch.fd, 0);
	ck_assert_int_eq(
	    bind(s->watch.fd, (struct sockaddr *)&in, sizeof(in)), 0);
	ck_assert_int_eq(
	    getsockname(s->watch.fd, (struct sockaddr *)&in, &n), 0);
	s->port = ntohs(in.sin_port);
	ck_assert(loop_add(loop, &s->watch, true));
}

static inline void
dns_close(struct dns_server *s, struct loop *loop)
{
	loop_remove(loop, &s->watch);
	(void)close(s->watch.fd);
}

#endif
