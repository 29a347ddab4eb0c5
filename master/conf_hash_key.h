/*
 * conf_hash_key.h - what of a request a choice goes by, as options say it:
 * "address", "header:NAME".
 */
#ifndef MASTER_CONF_HASH_KEY_H
#define MASTER_CONF_HASH_KEY_H

#include <stdbool.h>
#include <stdint.h>

struct conf_hash_key {
	uint32_t kind;    /* enum img_hash_key */
	const char *name; /* of the header or cookie, else NULL; in the text */
};

/*
 * Reads it; `path`: may be "path", too. NULL when it is good, else what is
 * wrong with it, as half a sentence.
 */
const char *
conf_hash_key_parse(const char *text, bool path, struct conf_hash_key *key);

#endif
