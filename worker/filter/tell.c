/*
 * tell.c - see tell.h.
 */
#include "worker/filter/tell.h"

#include "worker/filter/service_token.h"
#include "worker/flow/identity.h"
#include "worker/flow/req.h"

static bool
tell_identity(struct req *q)
{
	const struct img_access *access = &q->image->access;
	const struct img_identity_header *names =
	    img_at(q->image, access->told.off);

	if (q->identity == NULL || access->told.count < IMG_CLAIMS)
		return true;
	if (!req_reserve_up(q, IMG_CLAIMS))
		return false;
	for (unsigned i = 0; i < IMG_CLAIMS; i++) {
		struct slice name = img_slice(q->image, names[i].name);
		struct slice value = q->identity->claim[i];

		if (name.n != 0 && value.n != 0)
			q->up.fields[q->up.count++] =
			    (struct field){ .name = name, .value = value };
	}
	return true;
}

enum verdict
tell_request(struct req *q)
{
	enum why why = WHY_OVERLOADED;

	if (tell_identity(q) && req_reserve_up(q, 1)) {
		why = service_token_tell(q);
		if (why == WHY_OK)
			return GO_ON;
	}
	req_fail(q, why);
	return DONE;
}
