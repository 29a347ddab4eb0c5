/*
 * trial.c - see trial.h.
 */
#include "master/trial.h"

#include <errno.h>
#include <string.h>

#include "master/boot.h"
#include "master/conf.h"
#include "master/publish.h"
#include "shm/epoch.h"

static bool
trial_sets(struct region *r, struct img_head *img, struct diag *d)
{
	static const struct resolver_owner nobody;
	struct resolver names;
	struct loop loop;
	bool ok;

	if (!loop_init(&loop))
		return false;
	ok = resolver_init(&names, &loop, &nobody);
	if (ok) {
		ok = publish_sets(r, &names, img, d);
		resolver_fini(&names);
	}
	loop_fini(&loop);
	return ok;
}

static bool
trial_publish(struct region *r, const struct conf *c, struct diag *d)
{
	int slot = epoch_build(r, c->image_bytes, c->secret_bytes);
	struct img_head *img;

	if (slot < 0) {
		diag_error(d, NULL, 0, "no room for the configuration: %s",
		    strerror(errno));
		return false;
	}
	img = (struct img_head *)(void *)epoch_build_at(r, slot);
	memcpy(img, c->image, c->image_bytes);
	if (c->secret_bytes != 0)
		memcpy(epoch_build_secrets_at(r, slot), c->secrets,
		    c->secret_bytes);
	if (!publish_slots(r, img, d) || !trial_sets(r, img, d))
		return false;
	(void)epoch_publish(r, slot);
	return true;
}

bool
trial_region(struct region *r, const char *path)
{
	struct geometry g;
	struct conf c;
	struct diag d;
	bool ok;

	diag_init(&d);
	geometry_defaults(&g, 1);
	ok = conf_load(&c, path, &d) && region_create(r, &g, &d);
	if (ok && !trial_publish(r, &c, &d)) {
		region_fini(r);
		ok = false;
	}
	if (!ok)
		boot_complain(&d);
	conf_free(&c);
	diag_fini(&d);
	return ok;
}
