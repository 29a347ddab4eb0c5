/*
 * env.c - request ids: SipHash of a counter under the worker's random key.
 */
#include "worker/flow/env.h"

#include "common/base/hash.h"

void
env_make_id(struct env *e, char out[ENV_ID_BYTES])
{
	static const char hex[] = "0123456789abcdef";
	struct hash_key key = { e->id_prefix[0], e->id_prefix[1] };
	uint64_t input[2] = { e->id_count++, 0 };
	uint64_t half[2];

	half[0] = hash_bytes(key, input, sizeof(input));
	input[1] = 1;
	half[1] = hash_bytes(key, input, sizeof(input));
	for (unsigned i = 0; i < ENV_ID_BYTES; i++)
		out[i] = hex[half[i / 16] >> (i % 16 * 4) & 15];
}
