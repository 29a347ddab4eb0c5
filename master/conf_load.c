/*
 * conf_load.c - read, check, digest: the same for start, reload and -t.
 */
#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>

#include "master/build_tls.h"
#include "master/conf.h"
#include "master/conf_build.h"
#include "master/conf_check.h"
#include "master/conf_digest.h"
#include "master/conf_identity.h"
#include "master/conf_read.h"
#include "master/conf_secret.h"
#include "master/conf_trust.h"

static void
load_begin(struct conf *c)
{
	memset(c, 0, sizeof(*c));
	arena_init(&c->arena, NULL, 0, SIZE_MAX);
}

/* `whole`: every file could be read. */
static bool
load_end(struct conf *c, bool whole, struct diag *d)
{
	/* What is missing in half a configuration says nothing. */
	if (whole)
		conf_check(c, d);
	if (d->errors == 0)
		conf_digest(c);
	if (d->errors == 0)
		(void)(conf_build(c, &c->image, &c->image_bytes, d) &&
		    build_secrets(c, &c->secrets, &c->secret_bytes, d));
	diag_sort(d);
	return d->errors == 0;
}

bool
conf_load(struct conf *c, const char *path, struct diag *d)
{
	load_begin(c);
	return load_end(c, conf_read(c, path, d), d);
}

bool
conf_load_text(
    struct conf *c, const char *name, struct slice text, struct diag *d)
{
	load_begin(c);
	c->no_files = true;
	return load_end(c, conf_read_text(c, name, text, d), d);
}

void
conf_free(struct conf *c)
{
	free(c->image);
	OPENSSL_clear_free(c->secrets, c->secret_bytes);
	OPENSSL_clear_free(
	    c->tickets.keys, CONF_TICKET_BYTES * (size_t)CONF_TICKET_FILES_MAX);
	conf_secrets_free(c);
	conf_identities_free(c);
	conf_trusts_free(c);
	free(c->nets);
	free(c->acls);
	arena_fini(&c->arena);
}

struct conf_place
conf_place(const struct conf *c, uint32_t origin)
{
	size_t low = 0, high = c->run_count;

	if (origin == 0 || high == 0)
		return (struct conf_place){ NULL, 0 };
	/* The last run that begins at the origin or before it. */
	while (high - low > 1) {
		size_t middle = low + (high - low) / 2;

		if (c->runs[middle].first <= origin)
			low = middle;
		else
			high = middle;
	}
	return (struct conf_place){ c->runs[low].file,
		c->runs[low].line + (int)(origin - c->runs[low].first) };
}
