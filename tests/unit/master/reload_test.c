/*
 * Tests of reload.c, reload_names.c, loader.c and publish.c together, with a
 * keeper that is played here: it opens every listener but those on port 2; and
 * a DNS server on the same loop.
 */
#include "tests/unit/shm/fixture.h"

#include <errno.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "common/base/clock.h"
#include "common/base/log.h"
#include "master/reload.h"
#include "shm/extent.h"
#include "tests/unit/master/dns_kit.h"

#define REFUSED_PORT 2

static struct inherit *in;
static struct loop loop;
static struct dns_server server;
static struct boot boot;
static struct reload reload;
static char path[] = "/tmp/penstock-reload-XXXXXX";

static unsigned told[NOTE_GIVE_UP + 1], ends, publications;
static enum reload_outcome outcome;
static uint32_t next_id, closed_id;
static struct note answers[LISTENERS_MAX];
static unsigned answer_count;
static void (*damage)(struct img_head *img); /* what the loader has written */
#define CROWD_PAGES 8
static bool crowd; /* the next note fills the images */
static uint64_t hogs[64];
static unsigned hog_count;

/* Takes what is free in the images but for CROWD_PAGES. */
static void
fill_images(void)
{
	uint64_t pages[CROWD_PAGES];

	for (int i = 0; i < CROWD_PAGES; i++)
		pages[i] = extent_take(&in->region, 1, EXTENT_IMAGE | 1);
	for (uint64_t n = FIXTURE_IMAGES; n != 0; n /= 2)
		while ((hogs[hog_count] = extent_take(
			    &in->region, n, EXTENT_IMAGE | 1)) != 0)
			ck_assert_uint_lt(++hog_count, 64);
	for (int i = 0; i < CROWD_PAGES; i++)
		extent_give(&in->region, pages[i]);
}

static void
clear_images(void)
{
	while (hog_count != 0)
		extent_give(&in->region, hogs[--hog_count]);
}

static struct img_head *
image_being_made(void)
{
	struct epoch_info i;
	uint32_t slot = 0;

	while (!epoch_info(&in->region, slot, &i) || i.state != IMAGE_BUILDING)
		ck_assert_uint_lt(++slot, IMAGES_MAX);
	return (void *)epoch_build_at(&in->region, (int)slot);
}

/* The loader's, too. */
ssize_t
send(int fd, const void *p, size_t n, int flags)
{
	const struct loader_message *m = p;

	if (damage != NULL && m->kind == LOADER_WRITTEN)
		damage(image_being_made());
	return (ssize_t)syscall(SYS_sendto, fd, p, n, flags, NULL, 0);
}

static void
tell(struct reload *r, const struct note *n)
{
	(void)r;
	told[n->kind]++;
	if (n->kind == NOTE_CLOSE)
		closed_id = n->id;
	if (n->kind != NOTE_OPEN)
		return;
	answers[answer_count] =
	    (struct note){ .kind = NOTE_OPENED, .addr = n->addr };
	if (n->addr.port == REFUSED_PORT)
		answers[answer_count].error = EADDRINUSE;
	else
		answers[answer_count].id = ++next_id;
	answer_count++;
	if (crowd)
		fill_images();
	crowd = false;
}

static void
ended(struct reload *r, enum reload_outcome how)
{
	(void)r;
	ends++;
	outcome = how;
}

static void
published(struct reload *r)
{
	(void)r;
	publications++;
}

static const struct reload_owner owner = { tell, ended, published, NULL, NULL };

static void
setup(void)
{
	int fd = mkstemp(path);

	ck_assert_int_ge(fd, 0);
	(void)close(fd);
	ck_assert(log_open("/dev/null", LOG_LVL_CRITICAL, "test"));
	in = calloc(1, sizeof(*in));
	ck_assert_ptr_nonnull(in);
	in->workers = 2;
	in->log_fd = -1;
	in->files_fd = -1;
	for (uint32_t w = 0; w < in->workers; w++)
		in->wake_fds[w] = eventfd(0, EFD_NONBLOCK);
	fixture_region(&in->region, 2);
	ck_assert(loop_init(&loop));
	dns_open(&server, &loop);
	ck_assert(reload_init(&reload, in, &loop, &boot, path, &owner));
}

static void
teardown(void)
{
	reload_fini(&reload);
	registry_map_drop(&in->region);
	dns_close(&server, &loop);
	loop_fini(&loop);
	region_fini(&in->region);
	for (uint32_t w = 0; w < in->workers; w++)
		close(in->wake_fds[w]);
	free(in);
	(void)unlink(path);
}

static void
conf(const char *listeners, const char *services, const char *more)
{
	FILE *f = fopen(path, "w");

	ck_assert_ptr_nonnull(f);
	ck_assert_int_gt(
	    fprintf(f,
		"listeners = ( %s );\nservices = { %s };\n"
		"routes = ( { path = \"/*rest\"; service = \"a\"; } );\n%s\n",
		listeners, services, more),
	    0);
	ck_assert_int_eq(fclose(f), 0);
}

#define LISTEN(port) "{ address = \"127.0.0.1:" #port "\"; }"
#define SERVICE(name, port) \
	name " = { endpoints = ( { address = \"127.0.0.1:" #port "\"; } ); };"

/* Turns the loop until `count` runs have ended. */
static void
await(unsigned count)
{
	while (ends < count) {
		ck_assert(loop_turn(&loop, 100000));
		for (unsigned i = 0; i < answer_count; i++)
			reload_opened(&reload, &answers[i]);
		answer_count = 0;
	}
}

static void
run(enum reload_outcome want)
{
	unsigned before = ends;

	(void)reload_request(&reload);
	await(before + 1);
	ck_assert_msg(outcome == want, "outcome %d: %.*s", (int)outcome,
	    SLICE_FMT(text_slice(&reload.said)));
}

static uint64_t
generation(void)
{
	struct reload_info i;

	control_reload_info(&in->region, &i);
	return i.generation;
}

static uint32_t
endpoint_port(struct slice service)
{
	uint32_t slot = registry_service(&in->region, service);
	const struct eset *set = registry_set(&in->region, slot);

	return set == NULL ? 0 : set->members[0].addr.port;
}

static struct slice
nth_service(unsigned i)
{
	static const char names[] = "abcdefghijklmnopqrstuvwxyz";

	return slice_make(names + i, 1);
}

static bool
said(const char *text)
{
	text_add_char(&reload.said, '\0');
	return strstr(reload.said.p, text) != NULL;
}

START_TEST(the_first_load_publishes)
{
	const struct img_head *img;
	const struct img_service *s;
	const struct img_route *route;

	conf(LISTEN(1001) "," LISTEN(1002), SERVICE("a", 2001), "");
	ck_assert_ptr_null(reload_current(&in->region));
	run(RELOAD_OK);
	ck_assert_uint_eq(publications, 1);
	img = reload_current(&in->region);
	ck_assert_ptr_nonnull(img);
	ck_assert_uint_eq(img->generation, 1);
	ck_assert_uint_eq(told[NOTE_OPEN], 2);
	ck_assert_uint_eq(told[NOTE_SERVE], 1);
	ck_assert_uint_eq(told[NOTE_SETTINGS], 1);
	ck_assert_uint_eq(told[NOTE_LOADING], 1);
	ck_assert_uint_eq(told[NOTE_LOADED], 1);
	ck_assert_uint_eq(in->listeners[1].addr.port, 1002);
	s = img_at(img, img->services.off);
	ck_assert(slice_eq(
	    registry_service_name(&in->region, s->slot), SLICE_LIT("a")));
	route = img_at(img, img->routes.off);
	ck_assert(slice_eq(registry_route_name(&in->region, route->row),
	    img_slice(img, route->name)));
	ck_assert_uint_eq(endpoint_port(SLICE_LIT("a")), 2001);
}
END_TEST

START_TEST(the_same_text_changes_nothing)
{
	conf(LISTEN(1001), SERVICE("a", 2001), "");
	run(RELOAD_OK);
	run(RELOAD_UNCHANGED);
	/* Nor does another spelling of the same. */
	conf(LISTEN(1001), SERVICE("a", 2001), "# a comment");
	run(RELOAD_UNCHANGED);
	ck_assert_uint_eq(generation(), 1);
	ck_assert_uint_eq(told[NOTE_OPEN], 1);
	ck_assert_uint_eq(told[NOTE_LOADED], 3);
}
END_TEST

START_TEST(a_bad_file_changes_nothing)
{
	char place[sizeof(path) + 8];

	conf(LISTEN(1001), SERVICE("a", 2001), "");
	run(RELOAD_OK);
	conf(LISTEN(1002), SERVICE("b", 2001), "bogus = 1;");
	run(RELOAD_FAILED);
	text_add_char(&reload.said, '\0');
	(void)snprintf(place, sizeof(place), "%s:4:", path);
	ck_assert_ptr_nonnull(strstr(reload.said.p, place));
	ck_assert_uint_eq(generation(), 1);
	ck_assert_uint_eq(told[NOTE_OPEN], 1);
	ck_assert_uint_eq(told[NOTE_CLOSE], 0);
	ck_assert_uint_eq(fixture_images(&in->region), 1);
}
END_TEST

START_TEST(a_listener_that_fails_undoes_all)
{
	conf(LISTEN(1001), SERVICE("a", 2001), "");
	run(RELOAD_OK);
	conf(LISTEN(1001) "," LISTEN(1002) "," LISTEN(2),
	    SERVICE("a", 2009) SERVICE("b", 2002), "");
	run(RELOAD_FAILED);
	text_add_char(&reload.said, '\0');
	ck_assert_ptr_nonnull(strstr(reload.said.p, "127.0.0.1:2"));
	ck_assert_uint_eq(told[NOTE_CLOSE], 1);
	ck_assert_uint_eq(closed_id, 2);
	ck_assert_uint_eq(in->listeners[1].id, 0);
	ck_assert_uint_eq(endpoint_port(SLICE_LIT("a")), 2001);
	ck_assert_uint_eq(endpoint_port(SLICE_LIT("b")), 0);
	ck_assert_uint_eq(fixture_images(&in->region), 1);
	ck_assert_uint_eq(generation(), 1);
}
END_TEST

static void
conf_many(const char *listeners, unsigned services, unsigned port)
{
	char text[4096];
	size_t n = 0;

	for (unsigned i = 0; i < services; i++)
		n += (size_t)snprintf(text + n, sizeof(text) - n,
		    "%c = { endpoints = ( { address = \"127.0.0.1:%u\"; } ); "
		    "};",
		    'a' + (char)i, port);
	conf(listeners, text, "");
}

/*
 * There is room for the new sets of some services, and then, when the image has
 * gone, not for as many as are to go back.
 */
START_TEST(what_lacks_room_to_go_back_does_so_later)
{
	unsigned services = 2 * CROWD_PAGES, changed = 0;

	conf_many(LISTEN(1001), services, 2001);
	run(RELOAD_OK);
	conf_many(LISTEN(1002), services, 2002);
	/* A worker may be looking at the old sets. */
	epoch_enter(&in->region, 1, &(struct epoch_view){ 0 });
	crowd = true;
	run(RELOAD_FAILED);
	ck_assert(said("nor is there room"));
	for (unsigned i = 0; i < services; i++)
		changed += endpoint_port(nth_service(i)) == 2002;
	ck_assert_uint_gt(changed, 0);
	ck_assert_uint_lt(changed, CROWD_PAGES);
	publications = 0;
	clear_images();
	ck_assert(reload_reclaim(&reload));
	for (unsigned i = 0; i < services; i++)
		ck_assert_uint_eq(endpoint_port(nth_service(i)), 2001);
	ck_assert_uint_eq(publications, 1);
	epoch_leave(&in->region, 1);
	while (reload_reclaim(&reload))
		continue;
	ck_assert_uint_eq(fixture_endpoints(&in->region), services);
	ck_assert_uint_eq(generation(), 1);
	ck_assert_uint_eq(publications, 1);
}
END_TEST

START_TEST(what_is_not_named_any_more_goes)
{
	conf(LISTEN(1001), SERVICE("a", 2001) SERVICE("b", 2002), "");
	run(RELOAD_OK);
	conf(LISTEN(1002), SERVICE("a", 2001), "");
	/* A worker is still looking at the old image. */
	epoch_enter(&in->region, 1, &(struct epoch_view){ 0 });
	run(RELOAD_OK);
	ck_assert_uint_eq(told[NOTE_CLOSE], 1);
	ck_assert_uint_eq(closed_id, 1);
	ck_assert(reload_reclaim(&reload));
	ck_assert_uint_eq(endpoint_port(SLICE_LIT("b")), 2002);
	epoch_leave(&in->region, 1);
	while (reload_reclaim(&reload))
		continue;
	ck_assert_uint_eq(endpoint_port(SLICE_LIT("b")), 0);
	ck_assert_uint_eq(endpoint_port(SLICE_LIT("a")), 2001);
	ck_assert_uint_eq(fixture_images(&in->region), 1);
	ck_assert_uint_eq(fixture_endpoints(&in->region), 1);
}
END_TEST

START_TEST(requests_meanwhile_are_one_more_run)
{
	conf(LISTEN(1001), SERVICE("a", 2001), "");
	ck_assert_uint_eq(reload_request(&reload), 1);
	for (unsigned i = 0; i < 5; i++)
		ck_assert_uint_eq(reload_request(&reload), 2);
	await(2);
	ck_assert_uint_eq(reload.run, 2);
	ck_assert_int_eq(reload.state, RELOAD_IDLE);
	/* The keeper is told of the end once: a redo covers both. */
	ck_assert_uint_eq(told[NOTE_LOADED], 1);
	ck_assert_uint_eq(told[NOTE_LOADING], 2);
}
END_TEST

START_TEST(a_loader_that_dies_is_a_failed_run)
{
	conf(LISTEN(1001), SERVICE("a", 2001), "");
	(void)reload_request(&reload);
	ck_assert_int_eq(kill(reload.loader.pid, SIGKILL), 0);
	await(1);
	ck_assert_int_eq(outcome, RELOAD_FAILED);
	ck_assert_uint_ne(reload.said.n, 0);
	ck_assert_uint_eq(fixture_images(&in->region), 0);
	run(RELOAD_OK);
}
END_TEST

static void
damage_routes(struct img_head *img)
{
	img->routes.off = (uint32_t)img->bytes;
}

static void
damage_secrets(struct img_head *img)
{
	img->secret_bytes++;
}

START_TEST(what_does_not_hold_together_is_refused)
{
	static void (*const damages[])(
	    struct img_head *) = { damage_routes, damage_secrets };

	conf(LISTEN(1001), SERVICE("a", 2001), "");
	run(RELOAD_OK);
	conf(LISTEN(1002), SERVICE("a", 2002), "");
	for (int i = 0; i < 2; i++) {
		damage = damages[i];
		run(RELOAD_FAILED);
		ck_assert(said("does not hold together"));
	}
	damage = NULL;
	ck_assert_uint_eq(told[NOTE_OPEN], 1);
	ck_assert_uint_eq(generation(), 1);
	ck_assert_uint_eq(fixture_images(&in->region), 1);
	ck_assert_uint_eq(endpoint_port(SLICE_LIT("a")), 2001);
	run(RELOAD_OK);
}
END_TEST

START_TEST(a_successor_finds_what_is_in_force)
{
	struct eset_want want = fixture_want(1, 1);
	uint32_t a;

	conf(LISTEN(1001), SERVICE("a", 2001), "");
	run(RELOAD_OK);
	/* As if killed before publishing the next image. */
	in->listeners[7].id = 99;
	in->listeners[7].addr.port = 1234;
	a = registry_service(&in->region, SLICE_LIT("a"));
	ck_assert(registry_publish_set(&in->region, a, &want, 1));
	(void)epoch_build(&in->region, 5000, 0);
	epoch_recover_master(&in->region);
	registry_recover_master(&in->region);
	publications = 0;
	reload_resume(&reload);
	ck_assert_uint_eq(publications, 1);
	ck_assert_uint_eq(closed_id, 99);
	ck_assert_uint_eq(in->listeners[0].id, 1);
	ck_assert_uint_eq(told[NOTE_SERVE], 2);
	ck_assert_uint_eq(endpoint_port(SLICE_LIT("a")), 2001);
	conf(LISTEN(1001), SERVICE("a", 2003), "");
	run(RELOAD_OK);
	ck_assert_uint_eq(endpoint_port(SLICE_LIT("a")), 2003);
	ck_assert_uint_eq(generation(), 2);
}
END_TEST

/* ---- names ---- */

/* A reload's file with service "a" of this name, asking our server. */
static void
conf_name(const char *name, const char *timeout)
{
	char services[256], more[256];

	(void)snprintf(services, sizeof(services),
	    "a = { endpoints = ( { address = \"%s\"; } ); };", name);
	(void)snprintf(more, sizeof(more),
	    "resolver = { servers = [ \"127.0.0.1:%u\" ]; timeout = \"%s\"; "
	    "attempts = 1; };",
	    server.port, timeout);
	conf(LISTEN(1001), services, more);
}

START_TEST(new_names_are_waited_for)
{
	server.entries =
	    (const struct dns_entry[]){ { "n.b", "10.0.0.1", 60 }, { 0 } };
	conf_name("n.b:2005", "10s");
	run(RELOAD_OK);
	ck_assert_uint_eq(endpoint_port(SLICE_LIT("a")), 2005);
	ck_assert(!said("not resolved"));
	ck_assert_int_eq(reload.state, RELOAD_IDLE);
	/* Known now, and the same server: nobody is asked. */
	conf_name("n.b:2006", "10s");
	server.way = DNS_SILENT;
	run(RELOAD_OK);
	ck_assert_uint_eq(endpoint_port(SLICE_LIT("a")), 2006);
	ck_assert_uint_eq(server.asked, 2);
}
END_TEST

START_TEST(names_without_an_answer_are_a_warning)
{
	server.way = DNS_SILENT;
	conf_name("n.b:2005", "50ms");
	run(RELOAD_OK);
	ck_assert(said("n.b: not resolved: "));
	ck_assert_uint_eq(endpoint_port(SLICE_LIT("a")), 0);
	/* It heals by itself. */
	server.entries =
	    (const struct dns_entry[]){ { "n.b", "10.0.0.1", 60 }, { 0 } };
	server.way = DNS_ANSWERS;
	publications = 0;
	while (endpoint_port(SLICE_LIT("a")) == 0)
		ck_assert(loop_turn(&loop, 10000));
	ck_assert_uint_eq(publications, 1);
	ck_assert_uint_eq(generation(), 1);
}
END_TEST

START_TEST(waiting_for_names_has_an_end)
{
	server.way = DNS_SILENT;
	conf_name("n.b:2005", "60s");
	clock_update();
	uint64_t before_us = clock_now().us;
	run(RELOAD_OK);
	/* The first start: 3 s. */
	ck_assert_uint_ge(clock_now().us - before_us, 2900000);
	ck_assert_uint_lt(clock_now().us - before_us, 8000000);
	ck_assert(said("n.b: not resolved: no answer yet"));
}
END_TEST

/* Stopped there: the fixture takes it down. */
START_TEST(requests_while_it_waits_are_one_more_run)
{
	server.way = DNS_SILENT;
	conf_name("n.b:2005", "10s");
	(void)reload_request(&reload);
	while (reload.state != RELOAD_RESOLVING) {
		ck_assert(loop_turn(&loop, 100000));
		for (unsigned i = 0; i < answer_count; i++)
			reload_opened(&reload, &answers[i]);
		answer_count = 0;
	}
	ck_assert_uint_eq(reload_request(&reload), 2);
	ck_assert_uint_eq(reload_request(&reload), 2);
	ck_assert_uint_eq(ends, 0);
}
END_TEST

START_TEST(a_successor_keeps_what_names_stood_for)
{
	server.entries =
	    (const struct dns_entry[]){ { "n.b", "10.0.0.1", 60 }, { 0 } };
	conf_name("n.b:2005", "10s");
	run(RELOAD_OK);
	server.way = DNS_SILENT;
	reload_fini(&reload);
	ck_assert(reload_init(&reload, in, &loop, &boot, path, &owner));
	epoch_recover_master(&in->region);
	registry_recover_master(&in->region);
	reload_resume(&reload);
	ck_assert_uint_eq(endpoint_port(SLICE_LIT("a")), 2005);
	server.entries = (const struct dns_entry[]){ { "n.b", "10.0.0.2", 60 },
		{ "n.b", "10.0.0.3", 60 }, { 0 } };
	server.way = DNS_ANSWERS;
	while (fixture_endpoints(&in->region) != 3)
		ck_assert(loop_turn(&loop, 10000));
	while (reload_reclaim(&reload))
		continue;
	ck_assert_uint_eq(fixture_endpoints(&in->region), 2);
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("reload");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, the_first_load_publishes);
	tcase_add_test(tc, the_same_text_changes_nothing);
	tcase_add_test(tc, a_bad_file_changes_nothing);
	tcase_add_test(tc, a_listener_that_fails_undoes_all);
	tcase_add_test(tc, what_lacks_room_to_go_back_does_so_later);
	tcase_add_test(tc, what_is_not_named_any_more_goes);
	tcase_add_test(tc, requests_meanwhile_are_one_more_run);
	tcase_add_test(tc, a_loader_that_dies_is_a_failed_run);
	tcase_add_test(tc, what_does_not_hold_together_is_refused);
	tcase_add_test(tc, a_successor_finds_what_is_in_force);
	tcase_add_test(tc, new_names_are_waited_for);
	tcase_add_test(tc, names_without_an_answer_are_a_warning);
	tcase_add_test(tc, waiting_for_names_has_an_end);
	tcase_add_test(tc, requests_while_it_waits_are_one_more_run);
	tcase_add_test(tc, a_successor_keeps_what_names_stood_for);
	return fixture_run(tc, "reload");
}
