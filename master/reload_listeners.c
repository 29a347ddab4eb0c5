/*
 * reload_listeners.c - see reload_listeners.h.
 */
#include "master/reload_listeners.h"

static bool
image_listens(const struct img_head *img, const struct addr *a)
{
	const struct img_listener *l = img_at(img, img->listeners.off);

	for (uint32_t i = 0; i < img->listeners.count; i++)
		if (addr_eq(&l[i].addr, a))
			return true;
	return false;
}

static bool
is_open(const struct inherit *in, const struct addr *a)
{
	for (size_t i = 0; i < LISTENERS_MAX; i++)
		if (in->listeners[i].id != 0 &&
		    addr_eq(&in->listeners[i].addr, a))
			return true;
	return false;
}

uint32_t
reload_listeners_open(struct reload *r, const struct img_head *img)
{
	const struct img_listener *l = img_at(img, img->listeners.off);
	struct note n = { .kind = NOTE_OPEN };
	uint32_t asked = 0;

	for (uint32_t i = 0; i < img->listeners.count; i++) {
		if (is_open(r->in, &l[i].addr))
			continue;
		n.addr = l[i].addr;
		r->owner->tell(r, &n);
		asked++;
	}
	return asked;
}

bool
reload_listeners_add(struct inherit *in, const struct note *n)
{
	size_t place = 0;

	while (place < LISTENERS_MAX && in->listeners[place].id != 0)
		place++;
	if (n->id == 0 || place == LISTENERS_MAX)
		return false;
	in->listeners[place].id = n->id;
	in->listeners[place].addr = n->addr;
	return true;
}

void
reload_listeners_close(struct reload *r, const struct img_head *img)
{
	for (size_t i = 0; i < LISTENERS_MAX; i++) {
		struct inherit_listener *l = &r->in->listeners[i];
		const struct note n = { .kind = NOTE_CLOSE, .id = l->id };

		if (l->id == 0 || (img != NULL && image_listens(img, &l->addr)))
			continue;
		r->owner->tell(r, &n);
		l->id = 0;
	}
}
