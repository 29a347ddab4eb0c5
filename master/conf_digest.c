/*
 * conf_digest.c - serialises the effective values, row by row.
 *
 *   thing := value*          one per row that is neither group nor list
 *   value := 0 \n | 1 text \n   absent, or present in canonical spelling
 *   group := 0 \n | 1 \n     likewise, of those that are off when absent
 *   list  := count thing*
 */
#include "master/conf_digest.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <string.h>

#include "common/base/hash.h"
#include "common/base/must.h"
#include "common/base/text.h"
#include "common/jose/keyset.h"
#include "master/conf_field.h"
#include "master/conf_identity.h"
#include "master/conf_table.h"
#include "master/conf_trust.h"

#define FLUSH_BYTES 65536

struct digest {
	EVP_MD_CTX *md;   /* NULL: the text alone is wanted */
	struct text text; /* not hashed yet */
};

static void
digest_flush(struct digest *dg)
{
	if (dg->md == NULL)
		return;
	MUST(EVP_DigestUpdate(dg->md, dg->text.p, dg->text.n) == 1);
	text_clear(&dg->text);
}

static void
digest_thing(struct digest *dg, const struct conf_block *b, const void *thing);

static void
digest_list(struct digest *dg, const struct conf_row *row, const void *thing)
{
	size_t n;
	const char *items = conf_field_list(row, thing, &n);

	text_add_u64(&dg->text, n);
	text_add_char(&dg->text, '\n');
	for (size_t i = 0; i < n; i++)
		digest_thing(dg, row->block, items + i * row->block->size);
}

/* With its defaults alone, it is something else than without it. */
static void
digest_group(struct digest *dg, const struct conf_row *row, bool written)
{
	if ((row->flags & CONF_OPTIONAL) == 0)
		return;
	text_add_char(&dg->text, written ? '1' : '0');
	text_add_char(&dg->text, '\n');
}

static void
digest_thing(struct digest *dg, const struct conf_block *b, const void *thing)
{
	const uint32_t *origins = conf_origins(b, thing);

	for (size_t i = 0; i < b->count; i++) {
		const struct conf_row *row = &b->rows[i];

		if ((row->flags & CONF_INPUT) != 0)
			continue;
		if (row->type == CONF_GROUP) {
			digest_group(
			    dg, row, origins != NULL && origins[i] != 0);
			continue;
		}
		if (row->type == CONF_LIST || row->type == CONF_NAMED) {
			digest_list(dg, row, thing);
			continue;
		}
		text_add_char(
		    &dg->text, conf_field_present(row, thing) ? '1' : '0');
		if (conf_field_present(row, thing))
			conf_field_canonical(row, thing, &dg->text);
		text_add_char(&dg->text, '\n');
	}
	if (dg->text.n >= FLUSH_BYTES)
		digest_flush(dg);
}

/* What stands in the files that the configuration names. */
static void
digest_identity(struct digest *dg, const struct conf *c, uint32_t i)
{
	if (i != IMG_NONE)
		text_add(&dg->text,
		    slice_make((const char *)c->identities[i].hash,
			sizeof(c->identities[i].hash)));
}

static void
digest_trust(struct digest *dg, const struct conf *c, uint32_t i)
{
	if (i != IMG_NONE)
		text_add(&dg->text,
		    slice_make((const char *)c->trusts[i].hash,
			sizeof(c->trusts[i].hash)));
}

static void
digest_bytes(struct digest *dg, const void *p, size_t n)
{
	text_add_u64(&dg->text, n);
	text_add_char(&dg->text, '\n');
	text_add(&dg->text, slice_make(p, n));
	if (dg->text.n >= FLUSH_BYTES)
		digest_flush(dg);
}

/* What an authenticator has of files. */
static void
digest_auth(struct digest *dg, const struct conf *c, const struct conf_auth *a)
{
	if (a->set != NULL)
		digest_bytes(dg, a->set->hash, sizeof(a->set->hash));
	digest_trust(dg, c, a->jwks.trust);
	for (size_t i = 0; i < a->password_count; i++) {
		digest_bytes(
		    dg, a->passwords[i].user, strlen(a->passwords[i].user));
		digest_bytes(
		    dg, a->passwords[i].hash, strlen(a->passwords[i].hash));
	}
	digest_bytes(dg, a->client.p, a->client.n);
}

static void
digest_access(struct digest *dg, const struct conf *c)
{
	const struct conf_secret *s = &c->token_issuer.issuer.key;

	for (size_t i = 0; i < c->auth_count; i++)
		digest_auth(dg, c, &c->auths[i]);
	digest_bytes(dg, s->p, s->n);
	for (size_t i = 0; i < c->service_count; i++) {
		s = &c->services[i].token.issuer.key;
		digest_bytes(dg, s->p, s->n);
	}
}

/* The sets with what files name, and who has which. */
static void
digest_acls(struct digest *dg, const struct conf *c)
{
	for (size_t i = 0; i < c->nets_count; i++)
		digest_bytes(dg, c->nets[i].ranges,
		    c->nets[i].count * sizeof(*c->nets[i].ranges));
	digest_bytes(dg, c->acls, c->acls_count * sizeof(*c->acls));
	digest_bytes(dg, &c->acl.number, sizeof(c->acl.number));
	for (size_t i = 0; i < c->route_count; i++)
		digest_bytes(dg, &c->routes[i].acl.number,
		    sizeof(c->routes[i].acl.number));
}

static void
digest_files(struct digest *dg, const struct conf *c)
{
	for (size_t i = 0; i < c->listener_count; i++) {
		const struct conf_tls *t = &c->listeners[i].tls;

		for (size_t k = 0; k < t->certificate_count; k++)
			digest_identity(dg, c, t->certificates[k].identity);
		digest_trust(dg, c, t->trust);
	}
	for (size_t i = 0; i < c->service_count; i++) {
		digest_identity(dg, c, c->services[i].tls.identity);
		digest_trust(dg, c, c->services[i].tls.trust);
	}
	digest_trust(dg, c, c->telemetry.tracing.trust);
	digest_access(dg, c);
	digest_acls(dg, c);
	digest_bytes(dg, c->admin_token.p, c->admin_token.n);
	digest_flush(dg);
	if (c->tickets.keys != NULL)
		MUST(EVP_DigestUpdate(dg->md, c->tickets.keys,
			 c->tickets.key_files.count * CONF_TICKET_BYTES) == 1);
}

static void
digest_begin(struct digest *dg)
{
	*dg = (struct digest){ .md = EVP_MD_CTX_new() };
	MUST(dg->md != NULL);
	MUST(EVP_DigestInit_ex(dg->md, EVP_sha256(), NULL) == 1);
}

static void
digest_end(struct digest *dg, uint8_t hash[32])
{
	digest_flush(dg);
	MUST(EVP_DigestFinal_ex(dg->md, hash, NULL) == 1);
	EVP_MD_CTX_free(dg->md);
	/* Secrets were in there. */
	if (dg->text.p != NULL)
		OPENSSL_cleanse(dg->text.p, dg->text.room);
	text_fini(&dg->text);
}

void
conf_digest(struct conf *c)
{
	struct digest dg;

	digest_begin(&dg);
	digest_thing(&dg, &conf_block_top, c);
	digest_files(&dg, c);
	digest_end(&dg, c->digest);
}

void
conf_auth_digest(
    const struct conf *c, const struct conf_auth *a, uint8_t hash[32])
{
	struct digest dg;

	digest_begin(&dg);
	digest_thing(&dg, &conf_block_auth, a);
	digest_auth(&dg, c, a);
	digest_end(&dg, hash);
}

/* The same in every process: two images are compared. */
static const struct hash_key digest_key = { 0x70656e73, 0x746f636b };

static uint64_t
digest_short(const struct conf_block *b, const void *thing)
{
	struct digest dg = { 0 };
	uint64_t n;

	digest_thing(&dg, b, thing);
	n = hash_bytes(digest_key, dg.text.p, dg.text.n);
	text_fini(&dg.text);
	return n;
}

uint64_t
conf_route_digest(const struct conf_route *r)
{
	return digest_short(&conf_block_route, r);
}

uint64_t
conf_service_digest(const struct conf_service *s)
{
	return digest_short(&conf_block_service, s);
}

size_t
conf_restart_text(const struct conf *c, char *buf, size_t size)
{
	const struct conf_block *b = &conf_block_top;
	struct text t = { 0 };
	size_t n;

	for (size_t i = 0; i < b->count; i++) {
		if ((b->rows[i].flags & CONF_RESTART) == 0)
			continue;
		text_printf(&t, "%s = ", b->rows[i].path);
		if (conf_field_present(&b->rows[i], c))
			conf_field_print(&b->rows[i], c, &t);
		text_add_char(&t, '\n');
	}
	n = t.n;
	if (size != 0) {
		size_t kept = n < size ? n : size - 1;

		memcpy(buf, t.p, kept);
		buf[kept] = '\0';
	}
	text_fini(&t);
	return n;
}
