/*
 * conf_check_balance.c - how a service spreads its requests.
 */
#include <string.h>

#include "common/http/http.h"
#include "master/conf_check.h"
#include "master/conf_table.h"
#include "shm/image.h"

static const char *const algorithm_words[IMG_BALANCE_COUNT] = {
	[IMG_BALANCE_ROUND_ROBIN] = "round_robin",
	[IMG_BALANCE_LEAST_CONNECTIONS] = "least_connections",
	[IMG_BALANCE_RANDOM] = "random",
	[IMG_BALANCE_HASH] = "hash",
	[IMG_BALANCE_P2C] = "p2c",
};

static const struct {
	const char *word;
	uint32_t kind;
	bool name;
} hash_keys[] = {
	{ "address", IMG_HASH_ADDRESS, false },
	{ "header", IMG_HASH_HEADER, true },
	{ "cookie", IMG_HASH_COOKIE, true },
	{ "path", IMG_HASH_PATH, false },
	{ "user", IMG_HASH_USER, false },
};

#define HASH_KEY_COUNT (sizeof(hash_keys) / sizeof(hash_keys[0]))

/* A word that is none was complained about when it was read. */
static void
resolve_algorithm(struct conf_service *s)
{
	s->algorithm = IMG_BALANCE_P2C;
	for (uint32_t i = 0; i < IMG_BALANCE_COUNT; i++)
		if (strcmp(s->balance, algorithm_words[i]) == 0)
			s->algorithm = i;
}

/* NULL when the key is good, else what is wrong with it. */
static const char *
resolve_hash_key(struct conf_service *s)
{
	const char *colon = strchr(s->hash_key, ':');
	size_t n =
	    colon != NULL ? (size_t)(colon - s->hash_key) : strlen(s->hash_key);
	struct slice word = slice_make(s->hash_key, n);

	for (size_t i = 0; i < HASH_KEY_COUNT; i++) {
		if (!slice_eq(word, slice_str(hash_keys[i].word)))
			continue;
		s->hash_kind = hash_keys[i].kind;
		s->hash_name = colon != NULL ? colon + 1 : NULL;
		if (!hash_keys[i].name)
			return colon != NULL ? "has a name, and needs none"
					     : NULL;
		return colon != NULL && http_is_token(slice_str(colon + 1))
		    ? NULL
		    : "needs a name, as in \"header:X-Tenant\"";
	}
	return "is no key; it must be \"address\", \"header:NAME\", "
	       "\"cookie:NAME\", \"path\" or \"user\"";
}

static void
check_backups(
    const struct conf *c, const struct conf_service *s, struct diag *d)
{
	struct conf_place at =
	    conf_where(c, &conf_block_service, s, "endpoints");
	size_t backups = 0;

	for (size_t i = 0; i < s->endpoint_count; i++)
		backups += s->endpoints[i].backup;
	if (backups != 0 && backups == s->endpoint_count)
		diag_error(d, at.file, at.line,
		    "service \"%s\" has only backup endpoints: it needs one "
		    "that "
		    "is no backup",
		    s->name);
}

void
conf_check_balance(const struct conf *c, struct conf_service *s, struct diag *d)
{
	struct conf_place at =
	    conf_where(c, &conf_block_service, s, "hash_key");
	const char *wrong;

	resolve_algorithm(s);
	wrong = resolve_hash_key(s);
	if (wrong != NULL)
		diag_error(d, at.file, at.line, "hash_key: \"%s\" %s",
		    s->hash_key, wrong);
	check_backups(c, s, d);
}
