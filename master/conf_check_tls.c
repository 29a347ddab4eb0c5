/*
 * conf_check_tls.c - TLS towards endpoints, the keys of tickets, and what
 * HTTP/2 may cost.
 */
#include <openssl/crypto.h>
#include <string.h>

#include "common/base/must.h"
#include "common/base/units.h"
#include "master/conf_check.h"
#include "master/conf_host.h"
#include "master/conf_identity.h"
#include "master/conf_table.h"
#include "master/conf_trust.h"

#define TICKET_LIFETIME_MIN_US 1000000

struct out_check {
	struct conf *c;
	struct diag *d;
	struct conf_service *s;
};

/* Complains at an option of the service. */
#define COMPLAIN(oc, path, ...)                                                \
	do {                                                                   \
		struct conf_place at_ =                                        \
		    conf_where((oc)->c, &conf_block_service, (oc)->s, (path)); \
		diag_error((oc)->d, at_.file, at_.line, __VA_ARGS__);          \
	} while (0)

static bool
given(const struct out_check *oc, const char *path)
{
	return conf_given(&conf_block_service, oc->s, path);
}

static struct conf_source
source(const struct out_check *oc, const char *path, const char *file)
{
	return conf_source_make(oc->c, oc->d,
	    conf_where(oc->c, &conf_block_service, oc->s, path), path, file);
}

static void
check_trust(const struct out_check *oc)
{
	struct conf_tls_out *t = &oc->s->tls;
	bool own = given(oc, "tls.ca");
	struct conf_source ca, none = { 0 };

	if (!t->verify && own)
		COMPLAIN(oc, "tls.ca",
		    "tls.ca: it has no effect with tls.verify = false");
	if (!t->verify || (own && t->ca == NULL))
		return;
	ca = own ? source(oc, "tls.ca", t->ca)
		 : source(oc, "tls", CONF_SYSTEM_CA);
	t->trust = conf_trust_read(&ca, &none, !own);
}

static void
check_identity(const struct out_check *oc)
{
	struct conf_tls_out *t = &oc->s->tls;
	bool apart = t->key != NULL;
	struct conf_identity_files f = { .client = true };

	if (t->certificate == NULL) {
		if (given(oc, "tls.key") && !given(oc, "tls.certificate"))
			COMPLAIN(
			    oc, "tls.key", "tls.key: it needs tls.certificate");
		return;
	}
	f.certificate = source(oc, "tls.certificate", t->certificate);
	f.key = source(oc, apart ? "tls.key" : "tls.certificate",
	    apart ? t->key : t->certificate);
	t->identity = conf_identity_read(&f);
}

static void
check_server_name(const struct out_check *oc)
{
	const char *name = oc->s->tls.server_name;
	const char *fault;

	if (name == NULL)
		return;
	fault = conf_host_fault(slice_str(name));
	if (fault != NULL)
		COMPLAIN(oc, "tls.server_name", "tls.server_name: \"%s\" %s",
		    name, fault);
}

void
conf_check_tls_out(struct conf *c, struct conf_service *s, struct diag *d)
{
	struct out_check oc = { c, d, s };

	s->protocol_bit =
	    strcmp(s->protocol, "h2") == 0 ? IMG_PROTOCOL_H2 : IMG_PROTOCOL_H1;
	s->has_tls = conf_given(&conf_block_service, s, "tls");
	if (!s->has_tls) {
		s->tls = (struct conf_tls_out){ .trust = IMG_NONE,
			.identity = IMG_NONE };
		return;
	}
	s->tls.trust = IMG_NONE;
	s->tls.identity = IMG_NONE;
	s->tls.version =
	    strcmp(s->tls.min_version, "1.3") == 0 ? 0x0304 : 0x0303;
	check_trust(&oc);
	check_identity(&oc);
	check_server_name(&oc);
}

/* ---- top level ---- */

void
conf_check_http2(const struct conf *c, struct diag *d)
{
	bool own = conf_given(&conf_block_top, c, "http2.connection_window");
	struct conf_place at = conf_where(c, &conf_block_top, c,
	    own ? "http2.connection_window" : "http2.window");
	char all[32], one[32];

	if (c->http2.connection_window < c->http2.window)
		diag_error(d, at.file, at.line,
		    "http2: the connection_window (%s) is smaller than the "
		    "window (%s)",
		    units_size_text(
			c->http2.connection_window, all, sizeof(all)),
		    units_size_text(c->http2.window, one, sizeof(one)));
}

/* False: complained. The name of a key is its first 16 bytes. */
static bool
ticket_key_read(const struct conf_source *s, uint8_t *keys, size_t index)
{
	uint8_t *key = keys + index * CONF_TICKET_BYTES;
	size_t n;
	char *p = conf_source_read(s, &n);
	bool good = p != NULL && n == CONF_TICKET_BYTES;

	if (p != NULL && !good)
		conf_source_error(s, "has %zu bytes; a ticket key has %d", n,
		    CONF_TICKET_BYTES);
	if (good)
		memcpy(key, p, n);
	conf_source_wipe(p, n);
	for (size_t i = 0; good && i < index; i++) {
		if (memcmp(keys + i * CONF_TICKET_BYTES, key, 16) != 0)
			continue;
		conf_source_error(s, "holds the key of another file");
		return false;
	}
	return good;
}

static void
check_key_files(struct conf *c, struct diag *d)
{
	struct conf_tickets *t = &c->tickets;
	const struct conf_strings *f = &t->key_files;

	if (f->count > CONF_TICKET_FILES_MAX) {
		diag_error(d, f->places[0].file, f->places[0].line,
		    "tls_tickets.key_files: %zu are more than the %d that are "
		    "used",
		    f->count, CONF_TICKET_FILES_MAX);
		return;
	}
	t->keys =
	    OPENSSL_zalloc(CONF_TICKET_BYTES * (size_t)CONF_TICKET_FILES_MAX);
	MUST(t->keys != NULL);
	for (size_t i = 0; i < f->count; i++) {
		struct conf_source s = conf_source_make(
		    c, d, f->places[i], "tls_tickets.key_files", f->items[i]);

		(void)ticket_key_read(&s, t->keys, i);
	}
}

void
conf_check_tickets(struct conf *c, struct diag *d)
{
	const struct conf_tickets *t = &c->tickets;
	struct conf_place at =
	    conf_where(c, &conf_block_top, c, "tls_tickets.lifetime");
	char text[32];

	if (t->lifetime_us != 0 && t->lifetime_us < TICKET_LIFETIME_MIN_US)
		diag_error(d, at.file, at.line,
		    "tls_tickets.lifetime: %s is less than a second",
		    units_duration_text(t->lifetime_us, text, sizeof(text)));
	if (t->key_files.count == 0)
		return;
	if (t->lifetime_us == 0)
		diag_error(d, at.file, at.line,
		    "tls_tickets.lifetime: with 0 there are no tickets, and "
		    "key_files has no effect");
	check_key_files(c, d);
}
