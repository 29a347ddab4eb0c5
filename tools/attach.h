/*
 * attach.h - the shared memory of a running gateway, for tools: its admin API
 * hands out descriptors over the unix socket (GET /v1/region).
 *
 *	struct recorder_cursor c;
 *	struct region r;
 *
 *	if (!attach_region(&r, "/run/penstock/admin.sock", 0, &d))
 *		...                           a sentence is in d
 *	recorder_seek(&r, RECORDER_REQUESTS, 0, true, &c);
 *	n = recorder_next(&r, RECORDER_REQUESTS, 0, &c, bytes);
 *	...
 *	region_fini(&r);
 *
 * Nothing of it can be written, and a tool that keeps it holds nobody up. It
 * stays readable when the gateway hangs or has ended. What another process
 * writes may change at any time: what is published (images, endpoint sets) is
 * to be copied, and looked at again afterwards, as attach_image does, since a
 * tool announces no epoch.
 */
#ifndef TOOLS_ATTACH_H
#define TOOLS_ATTACH_H

#include <stdbool.h>

#include "common/base/diag.h"
#include "shm/image.h"
#include "shm/region.h"

/* Also the secrets: for root and the gateway's own user alone. */
#define ATTACH_SECRETS 1u

/* False with a complaint. */
bool attach_region(
    struct region *r, const char *socket_path, unsigned what, struct diag *d);

/* Copies, to be freed by attached_free. */
struct attached {
	struct img_head *image;
	char *secrets; /* that belong to it; NULL: r has none */
};

/* The image in force, checked (image_check). False: there is none, or no
 * memory. */
bool attach_image(const struct region *r, struct attached *a);
void attached_free(struct attached *a);

#endif
