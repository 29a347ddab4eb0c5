/*
 * build_secret.c - see build_secret.h.
 */
#include "master/build_secret.h"

#include <openssl/crypto.h>
#include <string.h>

#include "common/base/must.h"
#include "master/build_access.h"
#include "master/build_tls.h"

#define SECRETS_MAX (UINT64_C(256) << 20)

struct img_secret
secrets_add(struct secrets *s, const void *bytes, size_t n)
{
	struct img_secret out = { 0, (uint32_t)n };

	if (n == 0)
		return out;
	s->at = (s->at + 7) & ~UINT64_C(7);
	if (s->p != NULL)
		memcpy(s->p + s->at, bytes, n);
	out.off = (uint32_t)s->at;
	s->at += n;
	return out;
}

static void
secrets_all(const struct conf *c, struct secrets *s)
{
	build_tls_secrets(c, s);
	build_access_secrets(c, s);
	(void)secrets_add(s, c->admin_token.p, c->admin_token.n);
}

bool
build_secrets(
    const struct conf *c, char **secrets, uint64_t *bytes, struct diag *d)
{
	struct secrets s = { 0 };

	*secrets = NULL;
	secrets_all(c, &s);
	*bytes = s.at;
	if (*bytes > SECRETS_MAX) {
		diag_error(d, NULL, 0,
		    "certificates and keys are larger than 256 MiB together");
		return false;
	}
	if (*bytes == 0)
		return true;
	s = (struct secrets){ .p = OPENSSL_zalloc(*bytes) };
	MUST(s.p != NULL);
	secrets_all(c, &s);
	*secrets = s.p;
	return true;
}
