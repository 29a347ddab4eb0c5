/*
 * gate_kit.h - a published configuration without processes: its region, image,
 * sets and reload, for the tests of what the master does with them.
 */
#ifndef TESTS_UNIT_MASTER_GATE_KIT_H
#define TESTS_UNIT_MASTER_GATE_KIT_H

#include "tests/unit/shm/fixture.h"

#include "common/base/log.h"
#include "common/net/io.h"
#include "master/publish.h"
#include "master/reload.h"
#include "shm/override.h"
#include "tests/unit/master/conf_try.h"

static struct inherit *in;
static struct region *region; /* of in */
static struct loop loop;
static struct boot boot;
static struct reload reload;
static unsigned publications;

static inline void
gate_tell(struct reload *r, const struct note *n)
{
	(void)r;
	(void)n;
}

static inline void
gate_ended(struct reload *r, enum reload_outcome how)
{
	(void)r;
	(void)how;
}

static inline void
gate_published(struct reload *r)
{
	(void)r;
	publications++;
}

static const struct reload_owner gate_owner = { gate_tell, gate_ended,
	gate_published, NULL, NULL };

static inline void
gate_setup(void)
{
	ck_assert(log_open("/dev/null", LOG_LVL_CRITICAL, "test"));
	clock_update();
	in = calloc(1, sizeof(*in));
	ck_assert_ptr_nonnull(in);
	in->workers = 2;
	in->log_fd = in->files_fd = in->admin_fd = -1;
	region = &in->region;
	fixture_region(region, 2);
	buf_pool_init(0);
	ck_assert(io_scratch_init() && loop_init(&loop));
	ck_assert(
	    reload_init(&reload, in, &loop, &boot, "/nowhere", &gate_owner));
}

static inline void
gate_teardown(void)
{
	reload_fini(&reload);
	registry_map_drop(region);
	ck_assert(loop_turn(&loop, 0));
	loop_fini(&loop);
	io_scratch_fini();
	buf_pool_fini();
	region_fini(region);
	free(in);
}

/* Publishes these services, as a reload does. Nobody answers for names. */
static inline void
gate_publish(const char *services)
{
	struct text t = { 0 };
	struct img_head *img;
	struct conf_try try;
	struct diag d;
	int slot;

	text_printf(&t,
	    LISTENER "resolver = { servers = [ \"127.0.0.1:1\" ]; };\n"
		     "services = { %s };\n"
		     "routes = ( { path = \"/\"; respond = { }; } );\n",
	    services);
	text_add_char(&t, '\0');
	conf_try_text(&try, t.p);
	text_fini(&t);
	ck_assert_msg(try.ok, "%s", try.complaints);
	slot = epoch_build(region, try.c.image_bytes, 0);
	ck_assert_int_ge(slot, 0);
	img = (void *)epoch_build_at(region, slot);
	memcpy(img, try.c.image, try.c.image_bytes);
	conf_try_fini(&try);
	diag_init(&d);
	ck_assert(publish_slots(region, img, &d));
	resolver_prepare(&reload.names, img);
	ck_assert(publish_sets(region, &reload.names, img, &d));
	diag_fini(&d);
	(void)epoch_publish(region, slot);
	control_reload_done(region, RELOAD_OK, 1000000);
	publish_commit(region, img);
	resolver_follow(&reload.names, img);
}

/* The service gets 10.0.0.N of each of these numbers as what `name` stands
 * for, from the time of another master. */
static inline void
gate_carry(const char *service, const char *name, const uint8_t *numbers)
{
	struct eset_want want[8];
	uint32_t n = 0;

	for (; numbers[n] != 0; n++) {
		want[n] = fixture_want(numbers[n], 1);
		want[n].label = slice_str(name);
	}
	ck_assert(registry_publish_set(
	    region, registry_service(region, slice_str(service)), want, n));
	resolver_inherit(&reload.names);
}

static inline const struct eset *
gate_set(const char *service)
{
	return registry_set(
	    region, registry_service(region, slice_str(service)));
}

static inline uint32_t
gate_index(const char *service, uint32_t member)
{
	return gate_set(service)->members[member].handle.index;
}

static inline struct change
gate_last_change(uint32_t index)
{
	struct change c[HISTORY_KEPT];
	uint32_t n = history_read(region, index, 0, c, HISTORY_KEPT);

	ck_assert_uint_gt(n, 0);
	return c[n - 1];
}

#endif
