/*
 * names_kit.h - a region, a resolver that asks nobody because its loop does not
 * turn, and images from text: for the tests of what is published.
 */
#ifndef TESTS_UNIT_MASTER_NAMES_KIT_H
#define TESTS_UNIT_MASTER_NAMES_KIT_H

#include "common/base/log.h"
#include "master/publish.h"
#include "master/resolve_names.h"
#include "shm/override.h"
#include "tests/unit/master/conf_try.h"
#include "tests/unit/shm/fixture.h"

static struct loop loop;
static struct resolver names;
static struct region region;
static struct conf_try try;

static inline bool
kit_changed(struct resolver *rs, uint32_t index)
{
	(void)rs;
	(void)index;
	return true;
}

static inline void
kit_settled(struct resolver *rs)
{
	(void)rs;
}

static const struct resolver_owner kit_owner = { kit_changed, kit_settled };

static inline void
kit_setup(void)
{
	ck_assert(log_open("/dev/null", LOG_LVL_CRITICAL, "test"));
	ck_assert(loop_init(&loop));
	fixture_region(&region, 2);
	ck_assert(resolver_init(&names, &loop, &kit_owner));
}

static inline void
kit_teardown(void)
{
	resolver_fini(&names);
	loop_fini(&loop);
	registry_map_drop(&region);
	region_fini(&region);
	conf_try_fini(&try);
}

/* Makes the image of these services; its names are known to the resolver. */
static inline struct img_head *
kit_image(const char *services)
{
	struct img_head *img;
	struct text t = { 0 };
	struct diag d;

	if (try.c.image != NULL)
		conf_try_fini(&try);
	text_printf(&t,
	    LISTENER "resolver = { servers = [ \"127.0.0.1:1\" ]; };\n"
		     "services = { %s };\n"
		     "routes = ( { path = \"/\"; respond = { }; } );\n",
	    services);
	text_add_char(&t, '\0');
	conf_try_text(&try, t.p);
	text_fini(&t);
	ck_assert_msg(try.ok, "%s", try.complaints);
	img = (struct img_head *)(void *)try.c.image;
	diag_init(&d);
	ck_assert(publish_slots(&region, img, &d));
	diag_fini(&d);
	resolver_prepare(&names, img);
	return img;
}

static inline const struct img_service *
kit_service(const struct img_head *img, uint32_t i)
{
	const struct img_service *s = img_at(img, img->services.off);

	return &s[i];
}

/* The answer to A or AAAA: 10.0.0.N of each number up to 0. */
static inline struct resolve_reply
kit_reply(enum resolve_which which, const uint8_t *numbers)
{
	struct resolve_reply reply = { .verdict = RESOLVE_SOME, .why = "" };
	struct resolve_answer *a = &reply.answer;

	a->addrs = calloc(16, sizeof(*a->addrs));
	ck_assert_ptr_nonnull(a->addrs);
	for (; *numbers != 0; numbers++) {
		struct addr *to = &a->addrs[a->addr_count++];

		*to = fixture_want(*numbers, 1).addr;
		to->port = 0;
		to->is_v6 = which == RESOLVE_V6;
	}
	resolve_answer_sort(a);
	return reply;
}

static inline struct resolve_name *
kit_name(const char *host)
{
	return resolve_names_get(&names,
	    host[0] == '_' ? IMG_ENDPOINT_SRV : IMG_ENDPOINT_NAME,
	    slice_str(host));
}

/* The host has these addresses of IPv4; of IPv6 there are none. */
static inline struct resolve_name *
kit_answer(const char *host, const uint8_t *numbers)
{
	static const struct resolve_bounds bounds = { 1000000, 1000000 };
	struct resolve_name *n = kit_name(host);
	struct resolve_reply reply[RESOLVE_FAMILIES] = {
		kit_reply(RESOLVE_V4, numbers),
		{ RESOLVE_NONE, "none", { 0 } },
	};

	(void)resolve_name_note(n, reply, &bounds, 0);
	(void)resolve_name_take_addrs(n, reply);
	resolve_name_learn(n);
	resolve_answer_fini(&reply[RESOLVE_V4].answer);
	return n;
}

static inline void
kit_override(uint32_t slot, const char *name, struct override o)
{
	ck_assert(override_set(&region, slot, slice_str(name), &o));
}

#endif
