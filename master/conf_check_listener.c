/*
 * conf_check_listener.c - what a listener speaks, and its TLS.
 */
#include <string.h>

#include "common/base/must.h"
#include "master/conf_check.h"
#include "master/conf_identity.h"
#include "master/conf_table.h"
#include "master/conf_trust.h"

struct listener_check {
	struct conf *c;
	struct diag *d;
	struct conf_listener *l;
};

/* Complains at an option of the listener. */
#define COMPLAIN(lc, path, ...)                                       \
	do {                                                          \
		struct conf_place at_ = conf_where(                   \
		    (lc)->c, &conf_block_listener, (lc)->l, (path));  \
		diag_error((lc)->d, at_.file, at_.line, __VA_ARGS__); \
	} while (0)

static bool
given(const struct listener_check *lc, const char *path)
{
	return conf_given(&conf_block_listener, lc->l, path);
}

static struct conf_source
source(const struct listener_check *lc, const char *path, const char *file)
{
	return conf_source_make(lc->c, lc->d,
	    conf_where(lc->c, &conf_block_listener, lc->l, path), path, file);
}

/* ---- protocols ---- */

static void
protocols_default(const struct listener_check *lc)
{
	static const char *const both[] = { "h2", "http/1.1" };
	struct conf_strings *p = &lc->l->protocols;
	size_t skip = lc->l->has_tls ? 0 : 1;

	p->count = 2 - skip;
	p->items = arena_alloc(&lc->c->arena, sizeof(both));
	p->places = arena_zalloc(&lc->c->arena, 2 * sizeof(*p->places));
	MUST(p->items != NULL && p->places != NULL);
	memcpy(p->items, both + skip, p->count * sizeof(both[0]));
}

static void
check_protocols(const struct listener_check *lc)
{
	const struct conf_strings *p = &lc->l->protocols;

	if (!given(lc, "protocols"))
		protocols_default(lc);
	else if (p->count == 0)
		COMPLAIN(lc, "protocols", "protocols: it must have one");
	for (size_t i = 0; i < p->count; i++) {
		if (strcmp(p->items[i], "h2") == 0)
			lc->l->protocol_bits |= IMG_PROTOCOL_H2;
		else if (strcmp(p->items[i], "http/1.1") == 0)
			lc->l->protocol_bits |= IMG_PROTOCOL_H1;
		else
			diag_error(lc->d, p->places[i].file, p->places[i].line,
			    "protocols: there is no \"%s\" (there is \"h2\", "
			    "\"http/1.1\")",
			    p->items[i]);
	}
	conf_check_twice(p, "protocols", lc->d);
}

static void
check_redirect(const struct listener_check *lc)
{
	if (lc->l->redirect_https && lc->l->has_tls)
		COMPLAIN(lc, "redirect_https",
		    "redirect_https: the listener has TLS already");
}

/* ---- certificates ---- */

static void
check_certificate(const struct listener_check *lc, struct conf_certificate *e)
{
	const struct conf_block *b = &conf_block_certificate;
	struct conf_place at = conf_where(lc->c, b, e, "certificate");
	bool apart = e->key != NULL;
	struct conf_identity_files f = { 0 };

	e->identity = IMG_NONE;
	if (e->certificate == NULL) {
		if (!conf_given(b, e, "certificate"))
			diag_error(lc->d, at.file, at.line,
			    "tls.certificates: an entry needs a certificate");
		return;
	}
	f.certificate = conf_source_make(
	    lc->c, lc->d, at, "tls.certificates.certificate", e->certificate);
	f.key = conf_source_make(lc->c, lc->d, conf_where(lc->c, b, e, "key"),
	    apart ? "tls.certificates.key" : "tls.certificates.certificate",
	    apart ? e->key : e->certificate);
	if (e->ocsp != NULL)
		f.ocsp = conf_source_make(lc->c, lc->d,
		    conf_where(lc->c, b, e, "ocsp"), "tls.certificates.ocsp",
		    e->ocsp);
	e->identity = conf_identity_read(&f);
}

/* An earlier certificate that is chosen wherever this one could be. */
static bool
name_taken(const struct listener_check *lc, size_t index, const char *name)
{
	const struct conf_certificate *all = lc->l->tls.certificates;
	const struct conf_identity *own =
	    &lc->c->identities[all[index].identity];

	for (size_t i = 0; i < index; i++) {
		const struct conf_identity *id;

		if (all[i].identity == IMG_NONE)
			continue;
		id = &lc->c->identities[all[i].identity];
		for (size_t k = 0; id->kind == own->kind && k < id->name_count;
		     k++)
			if (strcmp(id->names[k], name) == 0)
				return true;
	}
	return false;
}

/* Every certificate but the first is there for the sake of a name. */
static void
check_chosen(const struct listener_check *lc, size_t index)
{
	const struct conf_certificate *e = &lc->l->tls.certificates[index];
	const struct conf_identity *id;
	struct conf_place at =
	    conf_where(lc->c, &conf_block_certificate, e, "certificate");

	if (index == 0 || e->identity == IMG_NONE)
		return;
	id = &lc->c->identities[e->identity];
	for (size_t i = 0; i < id->name_count; i++)
		if (!name_taken(lc, index, id->names[i]))
			return;
	diag_error(lc->d, at.file, at.line,
	    "tls.certificates.certificate: \"%s\" can never be chosen: %s%s",
	    id->file,
	    id->name_count == 0
		? "it has no name"
		: "those before it have all of its names, with a key of the "
		  "same kind as ",
	    id->name_count == 0 ? "" : id->key_type);
}

static void
check_certificates(const struct listener_check *lc)
{
	struct conf_tls *t = &lc->l->tls;

	if (t->certificate_count == 0)
		COMPLAIN(lc, "tls", "tls: it needs certificates");
	for (size_t i = 0; i < t->certificate_count; i++)
		check_certificate(lc, &t->certificates[i]);
	for (size_t i = 0; i < t->certificate_count; i++)
		check_chosen(lc, i);
}

/* ---- versions, clients ---- */

static void
check_versions(const struct listener_check *lc)
{
	struct conf_tls *t = &lc->l->tls;

	t->modern = strcmp(t->profile, "modern") == 0;
	t->version = t->modern ? 0x0304 : 0x0303;
	if (t->min_version == NULL)
		return;
	if (t->modern && strcmp(t->min_version, "1.2") == 0)
		COMPLAIN(lc, "tls.min_version",
		    "tls.min_version: the profile \"modern\" has nothing for "
		    "TLS 1.2");
	t->version = strcmp(t->min_version, "1.3") == 0 ? 0x0304 : 0x0303;
}

static void
check_clients(const struct listener_check *lc)
{
	static const char *const unused[] = { "tls.client_ca",
		"tls.client_crl" };
	struct conf_tls *t = &lc->l->tls;
	struct conf_source ca, crl = { 0 };

	t->verify = conf_word_index(
	    &conf_block_listener, "tls.client_verify", t->client_verify);
	for (size_t i = 0; i < sizeof(unused) / sizeof(unused[0]); i++)
		if (t->verify == IMG_VERIFY_NONE && given(lc, unused[i]))
			COMPLAIN(lc, unused[i],
			    "%s: it has no effect with tls.client_verify = "
			    "\"none\"",
			    unused[i]);
	if (t->verify == IMG_VERIFY_NONE)
		return;
	if (t->client_ca == NULL) {
		if (!given(lc, "tls.client_ca"))
			COMPLAIN(lc, "tls.client_verify",
			    "tls.client_verify: it needs tls.client_ca");
		return;
	}
	ca = source(lc, "tls.client_ca", t->client_ca);
	if (t->client_crl != NULL)
		crl = source(lc, "tls.client_crl", t->client_crl);
	t->trust = conf_trust_read(&ca, &crl, false);
}

void
conf_check_listener(struct conf *c, struct conf_listener *l, struct diag *d)
{
	struct listener_check lc = { c, d, l };

	l->has_tls = conf_given(&conf_block_listener, l, "tls");
	check_protocols(&lc);
	check_redirect(&lc);
	if (!l->has_tls) {
		l->tls = (struct conf_tls){ .trust = IMG_NONE };
		return;
	}
	l->tls.trust = IMG_NONE;
	check_certificates(&lc);
	check_versions(&lc);
	check_clients(&lc);
}
