/*
 * img_ref.h - how parts of a configuration image refer to each other: by
 * offsets from its start, of texts, tables and secrets.
 */
#ifndef SHM_IMG_REF_H
#define SHM_IMG_REF_H

#include <stdint.h>

/* Of what an image is made of: other programs of other versions read it. */
#define IMG_VERSION 2
#define IMG_NONE UINT32_MAX
#define IMG_LINE 64 /* of the cache; an image begins with one */

struct img_str {
	uint32_t off, len;
};

/* `count` entries of a known type at off; off is aligned to 8, and to IMG_LINE
 * where they are looked up by the million: slots of the router, and routes. */
struct img_span {
	uint32_t off, count;
};

/* A name in the registry, which stays when the image is gone (registry_name).
 */
struct img_name {
	uint32_t at, bytes;
};

/* Bytes in the secrets that belong to the image (epoch_secrets). */
struct img_secret {
	uint32_t off, len;
};

#endif
