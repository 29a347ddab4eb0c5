/*
 * master.c - puts the master together and turns its loop: the keeper's notes,
 * reloads, the admin API, and the freeing of what was retired.
 *
 * Its predecessor may have died anywhere: what it left is recovered first, and
 * the keeper asks again for a reload that had not ended.
 */
#include "master/master.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/base/log.h"
#include "common/base/must.h"
#include "common/net/io.h"
#include "common/net/sock.h"
#include "common/net/tls.h"
#include "master/access.h"
#include "master/admin.h"
#include "master/audited.h"
#include "master/ban_list.h"
#include "master/footprint.h"
#include "master/health.h"
#include "master/probes.h"
#include "master/quotas.h"
#include "master/reload.h"
#include "master/rotate.h"
#include "shm/breaker.h"
#include "shm/control.h"
#include "shm/epoch.h"
#include "shm/keysets.h"
#include "shm/limiter.h"
#include "shm/registry.h"
#include "shm/revoke.h"
#include "shm/signing.h"
#include "shm/slots.h"

#define MASTER_RECLAIM_US 100000
#define MASTER_MAX_WAIT_US 1000000 /* its heartbeat */
#define MASTER_SWEEP_US (3600ull * 1000000)

struct master {
	struct inherit *in;
	const struct boot *boot;
	struct loop loop;
	struct loop_watch keeper;
	struct reload reload;
	struct admin admin;
	struct probes probes;
	struct health health;
	struct footprint footprint;
	struct rotate rotate; /* keys of tickets */
	struct access access;
	struct ban_list bans;
	struct quotas quotas;
	struct loop_task followers; /* of the endpoint sets */
	struct timer reclaim, sweep;
	int code;
};

/* The master whose last words must_fail keeps; one per process. */
static const struct region *master_dying;

static void
master_last_words(const char *text)
{
	slot_last_words(master_dying, SLOT_MASTER, text);
}

/* ---- the reload's owner ---- */

static struct master *
master_of_reload(struct reload *r)
{
	return CONTAINER_OF(r, struct master, reload);
}

static void
master_tell(struct reload *r, const struct note *n)
{
	struct master *m = master_of_reload(r);

	if (sock_send_fd(m->keeper.fd, n, sizeof(*n), -1))
		return;
	/* The keeper replaces it, and sees the same state as the successor. */
	log_err("the keeper takes no notes");
	m->code = 1;
	m->loop.stop = true;
}

/* Without any configuration there is nothing to serve. */
static void
master_give_up(struct master *m)
{
	const struct note n = { .kind = NOTE_GIVE_UP };
	struct slice said = text_slice(&m->reload.said);

	if (strcmp(m->in->log_target, "stderr") != 0)
		(void)!write(STDERR_FILENO, said.p, said.n);
	master_tell(&m->reload, &n);
	m->code = 1;
	m->loop.stop = true;
}

/* Of a new configuration that was said before. */
static void
master_tell_reload(struct master *m, enum reload_outcome how)
{
	const struct region *r = &m->in->region;

	if (how == RELOAD_UNCHANGED)
		audited_no_config(r, SLICE_NONE);
	else if (how == RELOAD_FAILED)
		audited_no_config(r, text_slice(&m->reload.said));
	else if (reload_current(r)->generation == 1)
		audited_event(r, AUDIT_STARTED, SLICE_LIT(PENSTOCK_VERSION));
}

static void
master_reload_ended(struct reload *r, enum reload_outcome how)
{
	struct master *m = master_of_reload(r);

	if (reload_current(&m->in->region) == NULL) {
		master_give_up(m);
		return;
	}
	master_tell_reload(m, how);
	if (how == RELOAD_FAILED) {
		log_errx("reload failed: nothing has changed");
		/* What it had prepared is forgotten. */
		loop_defer(&m->loop, &m->followers);
	}
	admin_reloaded(&m->admin, how);
	timer_set(&m->loop.timers, &m->reclaim, clock_now());
}

/* Many sets may change in one turn: who follows them does it once. */
static void
master_published(struct reload *r)
{
	struct master *m = master_of_reload(r);

	loop_defer(&m->loop, &m->followers);
}

static void
master_follow_sets(struct loop_task *t)
{
	struct master *m = CONTAINER_OF(t, struct master, followers);

	probes_sync(&m->probes);
	health_follow(&m->health);
	rotate_follow(&m->rotate);
	footprint_follow(&m->footprint);
	access_follow(&m->access, reload_current(&m->in->region));
	timer_set(&m->loop.timers, &m->reclaim, clock_now());
}

static bool
master_prepare(struct reload *r, const struct img_head *img)
{
	return access_prepare(&master_of_reload(r)->access, img);
}

static void
master_ready(struct reload *r, const struct img_head *img)
{
	struct region *region = &r->in->region;

	audited_config(region, reload_current(region), img);
	access_publish(&master_of_reload(r)->access, img);
}

static const struct reload_owner master_reload_owner = {
	.tell = master_tell,
	.ended = master_reload_ended,
	.published = master_published,
	.prepare = master_prepare,
	.ready = master_ready,
};

/* ---- the owner of what identity needs ---- */

static void
master_access_settled(struct access *a)
{
	reload_prepared(&CONTAINER_OF(a, struct master, access)->reload);
}

static void
master_access_published(struct access *a)
{
	struct master *m = CONTAINER_OF(a, struct master, access);

	timer_set(&m->loop.timers, &m->reclaim, clock_now());
}

static const struct access_owner master_access_owner = {
	.settled = master_access_settled,
	.published = master_access_published,
};

static void
master_reclaim(struct timer *t)
{
	struct master *m = CONTAINER_OF(t, struct master, reclaim);

	if (reload_reclaim(&m->reload))
		timer_set(&m->loop.timers, t,
		    mono_add_us(clock_now(), MASTER_RECLAIM_US));
}

/* Limits that nobody comes near to any more leave their places, and breakers
 * that nobody asks any more do not stay open. */
static void
master_sweep(struct timer *t)
{
	struct master *m = CONTAINER_OF(t, struct master, sweep);

	limiter_sweep(&m->in->region, LIMITER_ADDRESS, clock_now().us);
	limiter_sweep(&m->in->region, LIMITER_IDENTITY, clock_now().us);
	limiter_sweep(&m->in->region, LIMITER_QUOTA, (uint64_t)clock_wall().us);
	breaker_sweep(&m->in->region, clock_now().us);
	timer_set(
	    &m->loop.timers, t, mono_add_us(clock_now(), MASTER_SWEEP_US));
}

/* ---- the keeper's notes ---- */

static void
master_note(struct master *m, const struct note *n, int fd)
{
	switch ((enum note_kind)n->kind) {
	case NOTE_RELOAD:
		(void)reload_request(&m->reload);
		break;
	case NOTE_STOP:
		audited_deaths(&m->in->region, true);
		audited_event(&m->in->region, AUDIT_STOPPED, SLICE_NONE);
		m->loop.stop = true;
		break;
	case NOTE_DIED:
		audited_deaths(
		    &m->in->region, control_draining(&m->in->region) != 0);
		break;
	case NOTE_LOG_REOPEN:
		if (fd < 0)
			break;
		log_open_fd(fd, (enum log_level)m->in->log_level, "master");
		m->in->log_fd = fd;
		break;
	case NOTE_OPENED:
		reload_opened(&m->reload, n);
		break;
	case NOTE_OPEN:
	case NOTE_CLOSE:
	case NOTE_LOADING:
	case NOTE_LOADED:
	case NOTE_SETTINGS:
	case NOTE_SERVE:
	case NOTE_GIVE_UP:
		log_errx("the keeper sent a note that is not its own");
		break;
	}
}

static void
master_read_notes(struct loop_watch *w, unsigned events)
{
	struct master *m = CONTAINER_OF(w, struct master, keeper);
	struct note n;
	ssize_t got;
	int fd;

	(void)events;
	while ((got = sock_recv_fd(w->fd, &n, sizeof(n), &fd)) ==
	    (ssize_t)sizeof(n))
		master_note(m, &n, fd);
	if (got == 0)
		m->loop.stop = true; /* the keeper is gone */
}

/* ---- start ---- */

static void
master_beat(void *ctx)
{
	struct master *m = ctx;

	slot_beat(&m->in->region, SLOT_MASTER, clock_now().us);
}

/* What an earlier life has kept. False: it must not be lost. */
static bool
master_load(struct master *m)
{
	char line[512];
	struct diag d;
	bool ok;

	diag_init(&d);
	ok = access_load(&m->access, &d);
	for (size_t i = 0; i < d.count; i++) {
		(void)diag_format(&d, i, line, sizeof(line));
		log_errx("state_dir: %s", line);
		text_printf(&m->reload.said, "penstock: state_dir: %s\n", line);
	}
	diag_fini(&d);
	return ok;
}

static void
master_take_over(struct master *m)
{
	struct region *r = &m->in->region;

	epoch_recover_master(r);
	registry_recover_master(r);
	keysets_recover_master(r);
	revoke_recover_master(r);
	signing_recover_master(r);
	if (reload_current(r) != NULL) {
		audit_follow(r, reload_current(r));
		audited_deaths(r, false);
		reload_resume(&m->reload);
		return;
	}
	audited_keys(r, NULL); /* from now on */
	/* Nothing is served yet: nobody has changed what is loaded. */
	if (master_load(m))
		(void)reload_request(&m->reload);
	else
		master_give_up(m);
}

static bool
master_init(struct master *m, const char *path)
{
	buf_pool_init(0);
	tls_init();
	audit_begin(&m->in->region, WORKERS_MAX);
	if (!io_scratch_init() || !loop_init(&m->loop))
		return false;
	m->loop.after_wait = master_beat;
	m->loop.hook_ctx = m;
	timer_init(&m->reclaim, master_reclaim);
	timer_init(&m->sweep, master_sweep);
	timer_set(&m->loop.timers, &m->sweep, clock_update());
	m->keeper = (struct loop_watch){ .fn = master_read_notes,
		.fd = m->in->master_fd };
	loop_task_init(&m->followers, master_follow_sets);
	probes_init(&m->probes, &m->loop, &m->in->region);
	health_init(&m->health, &m->loop, &m->in->region);
	rotate_init(&m->rotate, &m->loop, &m->in->region);
	footprint_init(&m->footprint, &m->loop, &m->in->region);
	if (!access_init(&m->access, &m->loop, m->in, &master_access_owner))
		return false;
	/* Its saver says whether anything is kept. */
	ban_list_init(&m->bans, &m->loop, &m->in->region, &m->access.saver);
	quotas_init(&m->quotas, &m->loop, &m->in->region, &m->access.saver);
	return reload_init(&m->reload, m->in, &m->loop, m->boot, path,
		   &master_reload_owner) &&
	    loop_add(&m->loop, &m->keeper, true) &&
	    admin_init(
		&m->admin, &m->loop, m->in, &m->reload, &m->probes, &m->access);
}

static void
master_fini(struct master *m)
{
	loop_task_cancel(&m->followers);
	admin_fini(&m->admin);
	quotas_fini(&m->quotas);
	ban_list_fini(&m->bans);
	access_fini(&m->access);
	footprint_fini(&m->footprint);
	rotate_fini(&m->rotate);
	health_fini(&m->health);
	probes_fini(&m->probes);
	reload_fini(&m->reload);
	registry_map_drop(&m->in->region);
	(void)loop_turn(&m->loop, 0); /* frees what was put off */
	loop_fini(&m->loop);
	io_scratch_fini();
	buf_pool_fini();
}

int
master_main(struct inherit *in, const struct boot *boot, const char *path)
{
	struct master m = { .in = in, .boot = boot };
	bool ok = true;

	master_dying = &in->region;
	must_set_hook(master_last_words);
	must_catch_signals();
	if (!master_init(&m, path)) {
		log_err("start");
		return 1;
	}
	slot_set_state(&in->region, SLOT_MASTER, SLOT_READY);
	master_take_over(&m);
	while (!m.loop.stop && (ok = loop_turn(&m.loop, MASTER_MAX_WAIT_US)))
		continue;
	if (!ok)
		log_err("event loop");
	master_fini(&m);
	return ok ? m.code : 1;
}
