/*
 * told.h - the header fields by which upstreams are told who somebody is. They
 * are believed because nobody but the gateway sets them: what a client sends
 * under such a name ends here, on every route, and in every spelling that a
 * server might take for it.
 */
#ifndef WORKER_FLOW_TOLD_H
#define WORKER_FLOW_TOLD_H

#include <stdbool.h>

#include "common/http/head.h"
#include "shm/image.h"

/* The bit of img_access.told_lengths for a name of n bytes. */
static inline uint64_t
told_length(size_t n)
{
	return UINT64_C(1) << (n < 63 ? n : 63);
}

/*
 * The same name to servers that make variables of fields: whatever is neither a
 * letter nor a digit is "_" to some of them, and case is nothing.
 */
bool told_same(struct slice a, struct slice b);

/* The search behind told_has. */
bool told_find(const struct img_head *img, struct slice name);

/* Nobody but us sets a field of this name. */
static inline bool
told_has(const struct img_head *img, struct slice name)
{
	return (img->access.told_lengths & told_length(name.n)) != 0 &&
	    told_find(img, name);
}

/*
 * Trailers without such fields: `h` itself where it has none, else *kept, whose
 * fields are in the arena; NULL without memory. `img` may be NULL.
 */
const struct head *told_strip_trailers(const struct img_head *img,
    const struct head *h, struct head *kept, struct arena *a);

#endif
