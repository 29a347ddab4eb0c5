/*
 * conf_hash_key.c - see conf_hash_key.h.
 */
#include "master/conf_hash_key.h"

#include <string.h>

#include "common/base/slice.h"
#include "common/http/http.h"
#include "shm/image.h"

static const struct {
	const char *word;
	uint32_t kind;
	bool name;
} keys[] = {
	{ "address", IMG_HASH_ADDRESS, false },
	{ "header", IMG_HASH_HEADER, true },
	{ "cookie", IMG_HASH_COOKIE, true },
	{ "path", IMG_HASH_PATH, false },
	{ "user", IMG_HASH_USER, false },
};

#define KEY_COUNT (sizeof(keys) / sizeof(keys[0]))

static const char *
key_unknown(bool path)
{
	return path ? "is no key; it must be \"address\", \"header:NAME\", "
		      "\"cookie:NAME\", \"path\" or \"user\""
		    : "is no key; it must be \"address\", \"header:NAME\", "
		      "\"cookie:NAME\" or \"user\"";
}

const char *
conf_hash_key_parse(const char *text, bool path, struct conf_hash_key *key)
{
	const char *colon = strchr(text, ':');
	size_t n = colon != NULL ? (size_t)(colon - text) : strlen(text);
	struct slice word = slice_make(text, n);

	for (size_t i = 0; i < KEY_COUNT; i++) {
		if (!slice_eq(word, slice_str(keys[i].word)) ||
		    (keys[i].kind == IMG_HASH_PATH && !path))
			continue;
		key->kind = keys[i].kind;
		key->name = colon != NULL ? colon + 1 : NULL;
		if (!keys[i].name)
			return colon != NULL ? "has a name, and needs none"
					     : NULL;
		return colon != NULL && http_is_token(slice_str(colon + 1))
		    ? NULL
		    : "needs a name, as in \"header:X-Tenant\"";
	}
	return key_unknown(path);
}
