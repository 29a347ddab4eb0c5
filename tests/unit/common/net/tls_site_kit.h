/*
 * tls_site_kit.h - a server and a client of TLS for a test: one host, whose
 * certificate is of an authority that the client believes.
 */
#ifndef TESTS_UNIT_TLS_SITE_KIT_H
#define TESTS_UNIT_TLS_SITE_KIT_H

#include <openssl/rand.h>

#include "tests/unit/common/net/tls_kit.h"

static struct cert ca, leaf;
static struct host host;
static struct tls_server *server;
static struct tls_client *client;
static struct tls_trust *trust;

/* The server asks for certificates of the same authority, if for any. */
static inline void
site_setup(struct tls_server_want sw)
{
	struct tls_client_want cw = { .min_version = 0x0303 };

	kit_setup();
	ca = cert_make(&(struct cert_want){ .cn = "ca", .ca = true });
	leaf = cert_make(&(struct cert_want){
	    .cn = "leaf", .san = "DNS:a.test", .by = &ca });
	host = (struct host){ .ids = { cert_identity(&leaf, NULL) },
		.count = 1,
		.key_count = 1 };
	RAND_bytes((void *)&host.keys[0], sizeof(host.keys[0]));
	trust = cert_trust(&ca, NULL);
	cw.trust = trust;
	if (sw.verify != TLS_VERIFY_NONE)
		sw.trust = trust;
	server = tls_server_new(&sw, &host_hooks);
	client = tls_client_new(&cw);
}

static inline void
site_teardown(void)
{
	kit_teardown();
	tls_identity_free(host.ids[0]);
	tls_trust_free(trust);
	tls_server_free(server);
	tls_client_free(client);
	cert_free(&leaf);
	cert_free(&ca);
}

#endif
