/*
 * admit.h - whose connections and requests are looked at at all: the acl of all
 * clients, and bans.
 *
 * A connection is looked at once, by its peer, as soon as that is known, and
 * closed before it costs anything. Its requests are looked at again where
 * something may be different: where a trusted proxy says that they are somebody
 * else's, where the acl has changed, while somebody is banned. Then they are
 * answered 403; a refused peer's connection ends with that.
 *
 * What has switched to another protocol goes on.
 */
#ifndef WORKER_FLOW_ADMIT_H
#define WORKER_FLOW_ADMIT_H

#include "shm/bans.h"
#include "shm/image.h"
#include "worker/flow/req.h"

/* WHY_OK, or why a connection of this peer is to be closed, which was counted.
 */
enum why admit_peer(struct env *e, const struct addr *peer);

/* The connection that goes on is `via`; its peer was let in just now. */
void admit_begin(const struct env *e, struct req_via *via);

/* To be called before each request on it. */
static inline void
admit_again(const struct env *e, struct req_via *via)
{
	const struct img_head *img = e->view.image;

	if (img == NULL || img->protect.acl_mark == via->acl_mark)
		return;
	via->acl_mark = img->protect.acl_mark;
	via->denied = !image_lets_in(img, img->protect.acl, &via->peer);
}

/* True: q, which has its image, was refused, and has ended. */
bool admit_refuses(struct req *q);

#endif
