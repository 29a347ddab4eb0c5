/*
 * conf_htpasswd.c - see conf_htpasswd.h.
 */
#include "master/conf_htpasswd.h"

#include <crypt.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/must.h"
#include "master/conf_value.h"

#define USER_MAX 255
#define HASH_MAX 255
/* A helper is busy for a second or so with the dearest ones. */
#define BCRYPT_COST_MAX 14
#define SHA_ROUNDS_MAX 2000000

static const char itoa64[] =
    "./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/* "$2y$12$" and 53 characters. */
static const char *
bcrypt_fault(const char *hash)
{
	int cost;

	if (strlen(hash) != 60 || hash[6] != '$' ||
	    strspn(hash + 4, "0123456789") != 2 ||
	    strspn(hash + 7, itoa64) != 53)
		return "is not a whole hash of bcrypt";
	cost = atoi(hash + 4);
	if (cost < 4)
		return "is not a whole hash of bcrypt";
	return cost > BCRYPT_COST_MAX
	    ? "has a cost above 14: it would take seconds to check"
	    : NULL;
}

/* "$5$", perhaps "rounds=N$", a salt, "$", and so many characters. */
static const char *
sha_fault(const char *hash, size_t digest)
{
	const char *p = hash + 3;
	char *end;

	if (strncmp(p, "rounds=", 7) == 0) {
		if (strtoul(p + 7, &end, 10) > SHA_ROUNDS_MAX)
			return "has more than 2000000 rounds: it would take "
			       "seconds to check";
		if (*end != '$')
			return "is not a whole hash of SHA-crypt";
		p = end + 1;
	}
	p += strcspn(p, "$");
	if (*p != '$' || strlen(p + 1) != digest ||
	    strspn(p + 1, itoa64) != digest)
		return "is not a whole hash of SHA-crypt";
	return NULL;
}

/* "$y$", parameters, "$", a salt, "$", and 43 characters. */
static const char *
yescrypt_fault(const char *hash)
{
	const char *last = strrchr(hash, '$');

	if (last - hash > 3 && strspn(last + 1, itoa64) == 43 &&
	    strlen(last + 1) == 43)
		return NULL;
	return "is not a whole hash of yescrypt";
}

/* What libcrypt of this system says of the method and its parameters. */
static const char *
system_fault(const char *hash)
{
	int salt = crypt_checksalt(hash);

	/* To it SHA-256-crypt is an old one. */
	if (salt != CRYPT_SALT_INVALID && salt != CRYPT_SALT_METHOD_DISABLED)
		return NULL;
	return "is not known to the system's libcrypt";
}

const char *
conf_htpasswd_fault(const char *hash)
{
	static const struct {
		const char *prefix, *fault;
	} refused[] = {
		{ "$apr1$", "is MD5 (apr1), which is broken" },
		{ "$1$", "is MD5, which is broken" },
		{ "{SHA}", "is SHA-1 without a salt" },
		{ "{SSHA}", "is SHA-1" },
	};
	const char *fault = NULL;

	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++)
		if (strncmp(hash, refused[i].prefix,
			strlen(refused[i].prefix)) == 0)
			return refused[i].fault;
	if (strncmp(hash, "$2y$", 4) == 0 || strncmp(hash, "$2b$", 4) == 0 ||
	    strncmp(hash, "$2a$", 4) == 0)
		fault = bcrypt_fault(hash);
	else if (strncmp(hash, "$5$", 3) == 0)
		fault = sha_fault(hash, 43);
	else if (strncmp(hash, "$6$", 3) == 0)
		fault = sha_fault(hash, 86);
	else if (strncmp(hash, "$y$", 3) == 0)
		fault = yescrypt_fault(hash);
	else
		return "is DES, or no hash at all; it must be bcrypt, "
		       "SHA-256-crypt, SHA-512-crypt or yescrypt";
	return fault != NULL ? fault : system_fault(hash);
}

/* ---- the file ---- */

struct reading {
	const struct conf_source *s;
	struct conf_auth *a;
	int line;
};

static void __attribute__((format(printf, 2, 3)))
complain(const struct reading *r, const char *fmt, ...)
{
	char sentence[512];
	va_list args;

	va_start(args, fmt);
	(void)vsnprintf(sentence, sizeof(sentence), fmt, args);
	va_end(args);
	diag_error(r->s->d, r->s->path, r->line, "%s", sentence);
}

static bool
has_control(struct slice s)
{
	for (size_t i = 0; i < s.n; i++)
		if ((unsigned char)s.p[i] < 0x20 || s.p[i] == 0x7f)
			return true;
	return false;
}

/* NULL: complained. */
static const char *
user_take(const struct reading *r, struct slice user)
{
	if (user.n != 0 && user.n <= USER_MAX && !has_control(user))
		return conf_strdup(r->s->c, user);
	complain(r,
	    "a user has a name of 1 to %d bytes, and no control "
	    "character in it",
	    USER_MAX);
	return NULL;
}

static void
line_take(struct reading *r, struct slice line)
{
	const char *colon = line.n != 0 ? memchr(line.p, ':', line.n) : NULL;
	struct conf_password *p = &r->a->passwords[r->a->password_count];
	const char *fault;
	struct slice hash;

	if (line.n == 0 || line.p[0] == '#')
		return;
	if (colon == NULL) {
		complain(r, "there is no \":\" between user and hash");
		return;
	}
	p->line = r->line;
	p->user = user_take(r, slice_make(line.p, (size_t)(colon - line.p)));
	hash = slice_skip(line, (size_t)(colon + 1 - line.p));
	/* What follows a second colon is none of ours, as in nginx. */
	if (hash.n != 0 && memchr(hash.p, ':', hash.n) != NULL)
		hash.n = strcspn(hash.p, ":");
	if (hash.n > HASH_MAX)
		hash.n = HASH_MAX;
	p->hash = conf_strdup(r->s->c, hash);
	fault = conf_htpasswd_fault(p->hash);
	if (p->user != NULL && fault != NULL)
		complain(r, "the hash of \"%s\" %s", p->user, fault);
	else if (p->user != NULL)
		r->a->password_count++;
}

static int
user_order(const void *a, const void *b)
{
	const struct conf_password *p = a, *q = b;
	int order = strcmp(p->user, q->user);

	return order != 0 ? order : p->line - q->line;
}

static void
check_twice(struct reading *r)
{
	struct conf_password *all = r->a->passwords;

	for (size_t i = 1; i < r->a->password_count; i++) {
		if (strcmp(all[i - 1].user, all[i].user) != 0)
			continue;
		r->line = all[i].line;
		complain(r, "the user \"%s\" is there already, on line %d",
		    all[i].user, all[i - 1].line);
	}
}

void
conf_htpasswd_take(
    const struct conf_source *s, struct slice rest, struct conf_auth *a)
{
	struct reading r = { s, a, 0 };
	size_t errors = s->d->errors, lines = 1;

	for (size_t i = 0; i < rest.n; i++)
		lines += rest.p[i] == '\n';
	a->passwords =
	    arena_zalloc(&s->c->arena, lines * sizeof(*a->passwords));
	MUST(a->passwords != NULL);
	while (rest.n != 0) {
		const char *end = memchr(rest.p, '\n', rest.n);
		size_t n = end != NULL ? (size_t)(end - rest.p) : rest.n;
		struct slice line = slice_make(rest.p, n);

		r.line++;
		rest = slice_skip(rest, end != NULL ? n + 1 : n);
		if (line.n != 0 && line.p[line.n - 1] == '\r')
			line.n--;
		line_take(&r, line);
	}
	if (a->password_count != 0)
		qsort(a->passwords, a->password_count, sizeof(*a->passwords),
		    user_order);
	check_twice(&r);
	if (a->password_count == 0 && s->d->errors == errors)
		conf_source_error(s, "has no user in it");
}

void
conf_htpasswd_read(const struct conf_source *s, struct conf_auth *a)
{
	size_t bytes;
	char *content = conf_source_read(s, &bytes);

	if (content == NULL)
		return;
	conf_htpasswd_take(s, slice_make(content, bytes), a);
	conf_source_wipe(content, bytes);
}
