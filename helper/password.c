/*
 * password.c - see password.h.
 */
#include "helper/password.h"

#include <crypt.h>
#include <stdlib.h>
#include <string.h>

struct password {
	struct crypt_data data;
	char text[CRYPT_MAX_PASSPHRASE_SIZE];
	char hash[CRYPT_OUTPUT_SIZE];
};

struct password *
password_new(void)
{
	return calloc(1, sizeof(struct password));
}

void
password_free(struct password *p)
{
	free(p);
}

/* False: it does not fit, or has a NUL, so that crypt would see less of it. */
static bool
password_copy(char *to, size_t room, struct slice s)
{
	if (s.n >= room || memchr(s.p, '\0', s.n) != NULL)
		return false;
	memcpy(to, s.p, s.n);
	to[s.n] = '\0';
	return true;
}

/* Reads all of the hash, wherever a difference is. */
static bool
password_same(const char *made, const char *hash)
{
	size_t n = strlen(hash);
	unsigned char differs = 0;

	if (strlen(made) != n)
		return false;
	for (size_t i = 0; i < n; i++)
		differs |= (unsigned char)(made[i] ^ hash[i]);
	return differs == 0;
}

static enum job_result
password_crypt(struct password *p)
{
	const char *made = crypt_r(p->text, p->hash, &p->data);

	/* A failure is told as a hash that nothing has. */
	if (made == NULL || made[0] == '*')
		return JOB_FAILED;
	return password_same(made, p->hash) ? JOB_YES : JOB_NO;
}

enum job_result
password_check(struct password *p, struct slice text, struct slice hash)
{
	enum job_result result = JOB_FAILED;

	if (!password_copy(p->text, sizeof(p->text), text))
		result = JOB_NO;
	else if (password_copy(p->hash, sizeof(p->hash), hash))
		result = password_crypt(p);
	explicit_bzero(p, sizeof(*p));
	return result;
}
