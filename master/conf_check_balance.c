/*
 * conf_check_balance.c - how a service spreads its requests.
 */
#include <string.h>

#include "master/conf_check.h"
#include "master/conf_hash_key.h"
#include "master/conf_table.h"
#include "shm/image.h"

static const char *const algorithm_words[IMG_BALANCE_COUNT] = {
	[IMG_BALANCE_ROUND_ROBIN] = "round_robin",
	[IMG_BALANCE_LEAST_CONNECTIONS] = "least_connections",
	[IMG_BALANCE_RANDOM] = "random",
	[IMG_BALANCE_HASH] = "hash",
	[IMG_BALANCE_P2C] = "p2c",
};

/* A word that is none was complained about when it was read. */
static void
resolve_algorithm(struct conf_service *s)
{
	s->algorithm = IMG_BALANCE_P2C;
	for (uint32_t i = 0; i < IMG_BALANCE_COUNT; i++)
		if (strcmp(s->balance, algorithm_words[i]) == 0)
			s->algorithm = i;
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
	struct conf_hash_key key = { 0 };
	const char *wrong;

	resolve_algorithm(s);
	wrong = conf_hash_key_parse(s->hash_key, true, &key);
	s->hash_kind = key.kind;
	s->hash_name = key.name;
	if (wrong != NULL)
		diag_error(d, at.file, at.line, "hash_key: \"%s\" %s",
		    s->hash_key, wrong);
	check_backups(c, s, d);
}
