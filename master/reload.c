/*
 * reload.c - see reload.h. What happens to the registry is in publish.c, to
 * names in reload_names.c, to listeners in reload_listeners.c.
 *
 * The order makes a failed reload leave nothing behind: listeners are opened
 * first and closed again; new names are resolved, and forgotten again; then the
 * registry, which can be put back; then the publication, which cannot fail; and
 * only after it what the new configuration does not name any more is given up.
 */
#include "master/reload.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "common/base/clock.h"
#include "common/base/log.h"
#include "master/publish.h"
#include "master/reload_listeners.h"
#include "master/reload_names.h"
#include "shm/control.h"
#include "shm/epoch.h"
#include "shm/keysets.h"
#include "shm/registry_map.h"

#define RELOAD_SAID_MAX 65536

const struct img_head *
reload_current(const struct region *r)
{
	struct reload_info info;
	struct epoch_info e;

	control_reload_info(r, &info);
	if (info.generation == 0)
		return NULL;
	for (uint32_t slot = 0; slot < IMAGES_MAX; slot++)
		if (epoch_info(r, slot, &e) && e.state == IMAGE_READY &&
		    e.generation == info.generation)
			return epoch_image(r, slot);
	return NULL;
}

static void
reload_set_state(struct reload *r, enum reload_state state)
{
	r->state = state;
}

static void
reload_say(struct reload *r, bool error, struct slice line)
{
	if (error)
		log_errx("configuration: %.*s", SLICE_FMT(line));
	else
		log_warnx("configuration: %.*s", SLICE_FMT(line));
	if (r->said.n + line.n + 1 > RELOAD_SAID_MAX)
		return;
	text_add(&r->said, line);
	text_add_char(&r->said, '\n');
}

static void
reload_say_diag(struct reload *r, struct diag *d)
{
	char line[LOADER_TEXT_MAX];

	for (size_t i = 0; i < d->count; i++) {
		(void)diag_format(d, i, line, sizeof(line));
		reload_say(r, d->items[i].kind == DIAG_ERROR, slice_str(line));
	}
}

static void
reload_start(struct reload *r)
{
	const struct note n = { .kind = NOTE_LOADING };

	r->run++;
	r->again = false;
	r->failed = false;
	r->began_us = clock_now().us;
	text_clear(&r->said);
	r->owner->tell(r, &n);
	reload_set_state(r, RELOAD_LOADING);
	if (loader_start(&r->loader, r->in->log_fd, r->in->files_fd))
		return;
	reload_say(r, true, slice_str(strerror(errno)));
	r->loader.events->ended(&r->loader, LOADER_FAILED);
}

static void
reload_end(struct reload *r, enum reload_outcome how)
{
	struct note n = { .kind = NOTE_LOADED };

	control_reload_done(&r->in->region, how, clock_wall().us);
	reload_set_state(r, RELOAD_IDLE);
	r->slot = -1;
	if (!r->again)
		r->owner->tell(r, &n);
	r->owner->ended(r, how);
	if (r->again)
		reload_start(r);
}

/* ---- the end of a run ---- */

static struct img_head *
reload_image(struct reload *r)
{
	return (struct img_head *)(void *)epoch_build_at(
	    &r->in->region, r->slot);
}

/* Sets that were published ahead of an image that is none. */
static void
reload_put_back(struct reload *r)
{
	struct region *region = &r->in->region;

	r->undo_left = !publish_undo(region, &r->names, reload_current(region));
}

static void
reload_undo(struct reload *r)
{
	struct region *region = &r->in->region;

	reload_listeners_close(r, reload_current(region));
	resolver_follow(&r->names, reload_current(region));
	epoch_abandon(region, r->slot);
	if (r->undo_left)
		reload_put_back(r); /* the image has left its room */
	if (r->undo_left)
		reload_say(r, true,
		    SLICE_LIT("nor is there room to put all endpoints back "
			      "now: that is tried again"));
	reload_end(r, RELOAD_FAILED);
}

static void
reload_tell_settings(struct reload *r, const struct img_head *img)
{
	const struct note settings = { .kind = NOTE_SETTINGS,
		.drain_us = r->drain_us,
		.log_level = r->log_level,
		.log_wanted = image_wants_log(img) };
	const struct note serve = { .kind = NOTE_SERVE };

	log_set_level((enum log_level)r->log_level);
	r->owner->tell(r, &settings);
	r->owner->tell(r, &serve);
}

/* What only holds from now on, or does not any more. */
static void
reload_commit(struct reload *r, const struct img_head *img)
{
	r->retire_stamp = epoch_stamp(&r->in->region);
	r->undo_left = false;
	publish_commit(&r->in->region, img);
	resolver_follow(&r->names, img);
	reload_listeners_close(r, img);
	reload_tell_settings(r, img);
	r->owner->published(r);
}

static void
reload_publish(struct reload *r)
{
	struct region *region = &r->in->region;
	struct img_head *img = reload_image(r);
	struct diag d;
	uint64_t generation;
	bool ok;

	diag_init(&d);
	reload_names_warn(r, &d);
	ok = publish_sets(region, &r->names, img, &d);
	reload_say_diag(r, &d);
	diag_fini(&d);
	if (!ok) {
		r->retire_stamp = epoch_stamp(region);
		r->undo_left = true;
		reload_undo(r);
		return;
	}
	if (r->owner->ready != NULL)
		r->owner->ready(r, img);
	generation = epoch_publish(region, r->slot);
	reload_commit(r, img);
	log_info("generation %llu: %u listeners, %u services, %u routes, "
		 "loaded in %u ms",
	    (unsigned long long)generation, img->listeners.count,
	    img->services.count, img->routes.count,
	    (unsigned)((clock_update().us - r->began_us) / 1000));
	reload_end(r, RELOAD_OK);
}

static void
reload_resolve(struct reload *r)
{
	struct img_head *img = reload_image(r);
	struct diag d;
	bool ok;

	diag_init(&d);
	ok = publish_slots(&r->in->region, img, &d);
	reload_say_diag(r, &d);
	diag_fini(&d);
	if (!ok) {
		reload_undo(r);
		return;
	}
	reload_set_state(r, RELOAD_RESOLVING);
	r->waits = reload_names_wait(r, img) ? RELOAD_WAIT_NAMES : 0;
	if (r->owner->prepare != NULL && r->owner->prepare(r, img))
		r->waits |= RELOAD_WAIT_OTHERS;
	if (r->waits == 0)
		reload_publish(r);
	else
		reload_names_limit(r, img);
}

void
reload_resolved(struct reload *r, uint32_t waits)
{
	r->waits &= ~waits;
	if (r->state != RELOAD_RESOLVING || r->waits != 0)
		return;
	timer_cancel(&r->names_limit);
	reload_publish(r);
}

void
reload_prepared(struct reload *r)
{
	reload_resolved(r, RELOAD_WAIT_OTHERS);
}

static void
reload_all_open(struct reload *r)
{
	if (r->failed)
		reload_undo(r);
	else
		reload_resolve(r);
}

void
reload_opened(struct reload *r, const struct note *n)
{
	char addr[ADDR_TEXT_MAX], line[ADDR_TEXT_MAX + 128];

	if (r->state != RELOAD_OPENING || r->opening == 0)
		return;
	if (!reload_listeners_add(r->in, n)) {
		r->failed = true;
		addr[addr_text(&n->addr, addr)] = '\0';
		(void)snprintf(line, sizeof(line),
		    "listeners: cannot listen on %s: %s", addr,
		    strerror(n->error));
		reload_say(r, true, slice_str(line));
	}
	if (--r->opening == 0)
		reload_all_open(r);
}

/* ---- the loader's events ---- */

static struct reload *
reload_of(struct loader *l)
{
	return CONTAINER_OF(l, struct reload, loader);
}

static void
reload_on_complaint(struct loader *l, bool error, struct slice text)
{
	reload_say(reload_of(l), error, text);
}

static int
reload_on_built(struct loader *l, const struct loader_message *m)
{
	struct reload *r = reload_of(l);
	struct region *region = &r->in->region;

	(void)epoch_reclaim(region);
	r->drain_us = m->drain_us;
	r->log_level = m->log_level;
	r->secret_bytes = m->secret_bytes;
	r->slot = epoch_build(region, m->image_bytes, m->secret_bytes);
	if (r->slot < 0)
		reload_say(r, true,
		    SLICE_LIT("no room for one more generation: too many old "
			      "ones are in use, or memory lacks"));
	return r->slot;
}

/* What workers are to read without another look. */
static bool
reload_image_is_sound(struct reload *r)
{
	const struct img_head *img = reload_image(r);
	struct epoch_info e;

	if (epoch_info(&r->in->region, (uint32_t)r->slot, &e) &&
	    image_check(img, e.bytes) && img->secret_bytes <= r->secret_bytes)
		return true;
	reload_say(r, true,
	    SLICE_LIT("the loader has written what does not hold together"));
	return false;
}

static void
reload_on_ended(struct loader *l, enum loader_kind last)
{
	struct reload *r = reload_of(l);

	if (last == LOADER_UNCHANGED) {
		log_info("configuration is unchanged");
		reload_end(r, RELOAD_UNCHANGED);
	} else if (last == LOADER_WRITTEN && r->slot >= 0 &&
	    reload_image_is_sound(r)) {
		reload_set_state(r, RELOAD_OPENING);
		r->opening = reload_listeners_open(r, reload_image(r));
		if (r->opening == 0)
			reload_all_open(r);
	} else {
		if (r->slot >= 0)
			epoch_abandon(&r->in->region, r->slot);
		reload_end(r, RELOAD_FAILED);
	}
}

static const struct loader_events reload_loader_events = {
	.complaint = reload_on_complaint,
	.built = reload_on_built,
	.ended = reload_on_ended,
};

/* ---- the owner's calls ---- */

bool
reload_init(struct reload *r, struct inherit *in, struct loop *loop,
    const struct boot *boot, const char *path, const struct reload_owner *owner)
{
	*r = (struct reload){ .in = in, .owner = owner, .slot = -1 };
	text_init(&r->said);
	loader_init(
	    &r->loader, loop, &in->region, boot, path, &reload_loader_events);
	return reload_names_init(r, loop);
}

void
reload_fini(struct reload *r)
{
	loader_fini(&r->loader);
	reload_names_fini(r);
	text_fini(&r->said);
}

uint64_t
reload_request(struct reload *r)
{
	if (r->state != RELOAD_IDLE) {
		r->again = true;
		return r->run + 1;
	}
	reload_start(r);
	return r->run;
}

void
reload_resume(struct reload *r)
{
	const struct note serve = { .kind = NOTE_SERVE };
	struct region *region = &r->in->region;
	const struct img_head *current = reload_current(region);

	r->retire_stamp = epoch_stamp(region);
	/* Sets that the dead one had published ahead of an image go back. */
	resolver_follow(&r->names, current);
	resolver_inherit(&r->names);
	reload_put_back(r);
	reload_listeners_close(r, current);
	r->owner->tell(r, &serve);
	r->owner->published(r);
}

bool
reload_renew(struct reload *r, uint32_t index)
{
	struct region *region = &r->in->region;
	const struct img_head *current = reload_current(region);

	if (current == NULL || index >= current->services.count)
		return true;
	if (!publish_service(region, &r->names, current, index))
		return false;
	r->owner->published(r);
	return true;
}

/* Idle workers too have connections to close and requests to end. */
static void
reload_wake_workers(const struct reload *r)
{
	for (uint32_t w = 0; w < r->in->workers; w++)
		control_wake(r->in->wake_fds[w]);
}

bool
reload_reclaim(struct reload *r)
{
	struct region *region = &r->in->region;
	const struct registry_map *m;
	uint32_t left;
	bool keysets;

	if (r->retire_stamp != 0 && r->state == RELOAD_IDLE &&
	    epoch_horizon(region) >= r->retire_stamp) {
		publish_retire_absent(region, reload_current(region));
		r->retire_stamp = 0;
	}
	left = epoch_reclaim(region);
	registry_reclaim(region);
	keysets = keysets_reclaim(region);
	if (r->undo_left) {
		reload_put_back(r);
		r->owner->published(r);
	}
	m = registry_map(region);
	if (m->retired_endpoints != 0 || epoch_expire_below(region) != 0)
		reload_wake_workers(r);
	return left != 0 || r->retire_stamp != 0 || r->undo_left || keysets ||
	    m->retired_sets != 0 || m->retired_endpoints != 0;
}
