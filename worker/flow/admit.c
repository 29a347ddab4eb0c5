/*
 * admit.c - see admit.h.
 */
#include "worker/flow/admit.h"

static enum why
admit_close(struct env *e, enum counter counter, enum why why)
{
	env_count(e, counter, 1);
	counters_why(e->region, e->slot, why);
	return why;
}

enum why
admit_peer(struct env *e, const struct addr *peer)
{
	const struct img_head *img = e->view.image;

	if (bans_active(e->region) &&
	    bans_have(e->region, peer, clock_now().us))
		return admit_close(
		    e, COUNTER_CONNECTIONS_BANNED, WHY_BANNED_CLOSED);
	if (img != NULL && !image_lets_in(img, img->protect.acl, peer))
		return admit_close(
		    e, COUNTER_CONNECTIONS_DENIED, WHY_ACL_CLOSED);
	return WHY_OK;
}

void
admit_begin(const struct env *e, struct req_via *via)
{
	const struct img_head *img = e->view.image;
	char text[ADDR_TEXT_MAX];
	size_t n;

	via->acl_mark = img != NULL ? img->protect.acl_mark : 0;
	via->denied = false;
	n = addr_ip_text(&via->peer, text);
	via->text_bytes = n <= sizeof(via->text) ? (uint8_t)n : 0;
	memcpy(via->text, text, via->text_bytes);
}

/* WHY_OK, or why not. */
static enum why
admit_look(struct req *q)
{
	const struct region *r = q->env->region;
	uint64_t now_us = clock_now().us;

	if (q->denied)
		return WHY_ACL_DENIED;
	if (bans_active(r) && bans_have(r, &q->peer, now_us)) {
		q->denied = true;
		return WHY_BANNED;
	}
	if (!q->trusted)
		return WHY_OK;
	if (bans_active(r) && bans_have(r, &q->client, now_us))
		return WHY_BANNED;
	return image_lets_in(q->image, q->image->protect.acl, &q->client)
	    ? WHY_OK
	    : WHY_ACL_DENIED;
}

bool
admit_refuses(struct req *q)
{
	enum why why;

	if (!q->denied && !bans_active(q->env->region) &&
	    (!q->trusted || q->image->protect.acl == IMG_NONE))
		return false;
	why = admit_look(q);
	if (why == WHY_OK)
		return false;
	req_fail(q, why);
	return true;
}
