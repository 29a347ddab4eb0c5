/*
 * conf_secret.c - see conf_secret.h.
 */
#include "master/conf_secret.h"

#include <openssl/crypto.h>
#include <string.h>

#include "common/base/must.h"
#include "common/jose/keyset.h"

static void
secret_set(struct conf_secret *s, const char *p, size_t n)
{
	s->p = OPENSSL_malloc(n + 1);
	MUST(s->p != NULL);
	memcpy(s->p, p, n);
	s->p[n] = '\0';
	s->n = n;
}

static size_t
without_line_end(const char *p, size_t n)
{
	if (n != 0 && p[n - 1] == '\n')
		n--;
	if (n != 0 && p[n - 1] == '\r')
		n--;
	return n;
}

void
conf_secret_read(const struct conf_source *source, struct conf_secret *out)
{
	size_t bytes, n;
	char *p = conf_source_read(source, &bytes);

	if (p == NULL)
		return;
	n = without_line_end(p, bytes);
	if (n == 0)
		conf_source_error(source, "is empty");
	else
		secret_set(out, p, n);
	conf_source_wipe(p, bytes);
}

bool
conf_secret_take(struct conf *c, const struct conf_secret_rows *rows,
    struct conf_secret *out, struct diag *d)
{
	struct conf_place at =
	    conf_where(c, rows->block, rows->thing, rows->by_file);
	struct conf_source source;

	if (conf_given(rows->block, rows->thing, rows->here) &&
	    conf_given(rows->block, rows->thing, rows->by_file)) {
		diag_error(d, at.file, at.line,
		    "%s: there is %s already, and one will do", rows->by_file,
		    rows->here);
		return false;
	}
	if (rows->value != NULL)
		secret_set(out, rows->value, strlen(rows->value));
	if (rows->file != NULL) {
		source = conf_source_make(c, d, at, rows->by_file, rows->file);
		conf_secret_read(&source, out);
	}
	return out->p != NULL;
}

void
conf_secret_fini(struct conf_secret *s)
{
	OPENSSL_clear_free(s->p, s->n);
	*s = (struct conf_secret){ 0 };
}

void
conf_secrets_free(struct conf *c)
{
	for (size_t i = 0; i < c->auth_count; i++) {
		keyset_free(c->auths[i].set);
		conf_secret_fini(&c->auths[i].client);
	}
	for (size_t i = 0; i < c->service_count; i++)
		conf_secret_fini(&c->services[i].token.issuer.key);
	conf_secret_fini(&c->token_issuer.issuer.key);
	conf_secret_fini(&c->admin_token);
}
