/*
 * Tests of jwks.c and jwks_set.c: key sets of a real HTTP server, published in
 * a region.
 */
#include "master/jwks.h"

#include "common/base/log.h"
#include "tests/unit/master/gate_kit.h"
#include "tests/unit/master/http_kit.h"

#define X                                         \
	"\"x\":\"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e"  \
	"8Tus9uPHvRVEU\",\"y\":\"x_FEzRu9m36HLN_" \
	"tue659LNpXW6pCyStikYjKIWI5a0\""
#define JWK(kid)                                                           \
	"{\"kty\":\"EC\",\"crv\":\"P-256\",\"use\":\"sig\",\"kid\":\"" kid \
	"\"," X "}"
#define SET(keys) SLICE_LIT("{\"keys\":[" keys "]}")
#define OCT                                       \
	"{\"kty\":\"oct\",\"kid\":\"o\",\"k\":\"" \
	"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\"}"

static struct http_server http;
static struct fetcher fetcher;
static struct jwks jwks;
static unsigned settled, published, calm;

static void
on_settled(struct jwks *j)
{
	ck_assert_ptr_eq(j, &jwks);
	settled++;
}

static void
on_published(struct jwks *j)
{
	ck_assert_ptr_eq(j, &jwks);
	published++;
	calm += region->state->keysets[keysets_find(region, SLICE_LIT("main"))]
		    .calm_us > clock_now().us;
}

static const struct jwks_owner owner = { on_settled, on_published };

static void
begin(void)
{
	ck_assert(fetcher_init(&fetcher, &loop));
	jwks_init(&jwks, &loop, region, &fetcher, &owner);
	settled = published = calm = 0;
}

static void
end(void)
{
	jwks_fini(&jwks);
	fetcher_fini(&fetcher);
	ck_assert(loop_turn(&loop, 0));
}

static void
setup(void)
{
	gate_setup();
	http_open(&http, &loop);
	http.body = SET(JWK("a"));
	begin();
}

static void
teardown(void)
{
	end();
	http_close(&http);
	gate_teardown();
}

/* An image with one authenticator at this path of the server, in its slot. */
static const struct img_head *
image(const char *path, const char *more)
{
	struct conf_try try;
	struct text t = { 0 };
	struct img_head *img;
	struct diag d;
	int slot;

	text_printf(&t,
	    LISTENER "authenticators = { main = { type = \"jwt\"; algorithms = "
		     "[ \"ES256\" ]; jwks = { url = \"http://127.0.0.1:%u%s\"; "
		     "%s }; }; };\n" PING,
	    http.port, path, more);
	text_add_char(&t, '\0');
	conf_try_text(&try, t.p);
	text_fini(&t);
	ck_assert_msg(try.ok, "%s", try.complaints);
	slot = epoch_build(region, try.c.image_bytes, try.c.secret_bytes);
	ck_assert_int_ge(slot, 0);
	img = (void *)epoch_build_at(region, slot);
	memcpy(img, try.c.image, try.c.image_bytes);
	conf_try_fini(&try);
	diag_init(&d);
	ck_assert(publish_slots(region, img, &d));
	diag_fini(&d);
	return img;
}

/* Turns the loop until it holds. */
#define AWAIT(condition)                                        \
	do {                                                    \
		uint64_t end_us = clock_update().us + 60000000; \
		while (!(condition) && clock_now().us < end_us) \
			ck_assert(loop_turn(&loop, 10000));     \
		ck_assert(condition);                           \
	} while (0)

static uint32_t
slot_of(void)
{
	uint32_t slot = keysets_find(region, SLICE_LIT("main"));

	ck_assert_uint_ne(slot, KEYSETS_NONE);
	return slot;
}

/* What a worker would find there: kids, or "-" for no set at all. */
static const char *
kids(void)
{
	static char text[256];
	uint64_t version;
	struct slice bytes = keysets_read(region, slot_of(), &version);
	const struct keyset *k = (const void *)bytes.p;
	size_t n = 0;

	if (bytes.n == 0)
		return "-";
	ck_assert(keyset_check(k, bytes.n));
	text[0] = '\0';
	for (uint32_t i = 0; i < k->count; i++)
		n += (size_t)snprintf(text + n, sizeof(text) - n, "%.*s",
		    SLICE_FMT(keyset_kid(k, &k->key[i])));
	return text;
}

static struct jwks_set *
set(void)
{
	struct jwks_set *s = jwks_next(&jwks, NULL);

	ck_assert_ptr_nonnull(s);
	ck_assert_ptr_null(jwks_next(&jwks, s));
	return s;
}

/* As a reload does. */
static void
reload_to(const struct img_head *img)
{
	unsigned before = settled;

	if (jwks_prepare(&jwks, img))
		AWAIT(settled == before + 1);
	jwks_publish(&jwks, img);
	jwks_follow(&jwks, img);
}

START_TEST(first_set_is_waited_for)
{
	const struct img_head *img = image("/a", "");

	ck_assert(jwks_prepare(&jwks, img));
	ck_assert_ptr_null(jwks_next(&jwks, NULL));
	AWAIT(settled == 1);
	/* Nothing is published for an image that is not. */
	ck_assert_str_eq(kids(), "-");
	jwks_publish(&jwks, img);
	ck_assert_str_eq(kids(), "a");
	ck_assert_int_ne(keysets_fetched(region, slot_of()), 0);
	jwks_follow(&jwks, img);
	ck_assert_uint_eq(set()->ok, 1);
	ck_assert_uint_eq(published, 1);
	/* The same again is no reason to fetch, nor to wait. */
	ck_assert(!jwks_prepare(&jwks, img));
	jwks_follow(&jwks, img);
	ck_assert_uint_eq(http.asked, 1);
	ck_assert_ptr_nonnull(strstr(http.last, "GET /a HTTP/1.1"));
}
END_TEST

/* What a reload that failed had prepared goes again. */
START_TEST(prepared_in_vain)
{
	const struct img_head *one = image("/a", ""), *two = image("/b", "");

	reload_to(one);
	http.body = SET(JWK("b"));
	ck_assert(jwks_prepare(&jwks, two));
	AWAIT(settled == 2);
	jwks_follow(&jwks, one);
	ck_assert_str_eq(kids(), "a");
	ck_assert_str_eq(set()->url + strlen(set()->url) - 2, "/a");
	/* And one that is still under way. */
	http.way = HTTP_SILENT;
	ck_assert(jwks_prepare(&jwks, two));
	jwks_follow(&jwks, one);
	ck_assert_str_eq(kids(), "a");
	ck_assert_uint_eq(settled, 2);
}
END_TEST

START_TEST(refreshed_in_time)
{
	reload_to(image("/", "refresh = \"1s\"; cooldown = \"1s\";"));
	http.body = SET(JWK("b") "," JWK("c"));
	AWAIT(strcmp(kids(), "bc") == 0);
	ck_assert_uint_eq(published, 2);
	/* The same set is not published again. */
	AWAIT(http.asked == 3);
	AWAIT(set()->ok == 3);
	ck_assert_uint_eq(published, 2);
}
END_TEST

START_TEST(last_good_set_stays)
{
	static char much[(1u << 20) + 1];
	static const struct {
		const char *status;
		struct slice body;
		enum http_way way;
	} bad[] = {
		{ "503 Service Unavailable", { "", 0 }, HTTP_ANSWERS },
		{ "200 OK", { "", 0 }, HTTP_ANSWERS },
		{ "200 OK", { "{\"keys\":[", 9 }, HTTP_ANSWERS },
		{ "200 OK", { "[]", 2 }, HTTP_ANSWERS },
		{ "200 OK", { "{\"keys\":[]}", 11 }, HTTP_ANSWERS },
		{ "200 OK", { "{\"keys\":[" OCT "]}", sizeof(OCT) + 10 },
		    HTTP_ANSWERS },
		{ "200 OK", { much, sizeof(much) }, HTTP_ANSWERS },
		{ "200 OK", { "{}", 2 }, HTTP_CUT },
	};
	int64_t fetched;

	memset(much, ' ', sizeof(much));
	reload_to(image("/", ""));
	fetched = keysets_fetched(region, slot_of());
	http.status = bad[_i].status;
	http.body = bad[_i].body;
	http.way = bad[_i].way;
	/* A worker lacks a key. */
	keysets_calm(region, slot_of(), 0);
	ck_assert(keysets_want(region, slot_of(), clock_now().us));
	jwks_look(&jwks);
	AWAIT(set()->failed == 1);
	ck_assert_str_eq(kids(), "a");
	ck_assert_int_eq(keysets_fetched(region, slot_of()), fetched);
	ck_assert_str_ne(set()->why, "");
	/* It tries again soon, and is well then. */
	http.status = "200 OK";
	http.way = HTTP_ANSWERS;
	http.body = SET(JWK("b"));
	AWAIT(strcmp(kids(), "b") == 0);
	ck_assert_str_eq(set()->why, "");
	ck_assert_uint_eq(set()->fails, 0);
}
END_TEST

START_TEST(one_fetch_for_all_who_lack_a_key)
{
	uint32_t slot;

	reload_to(image("/", "cooldown = \"2s\";"));
	slot = slot_of();
	/* Fetched just now: calm. */
	ck_assert(!keysets_want(region, slot, clock_now().us));
	ck_assert(
	    keysets_want(region, slot, clock_now().us + 2 * 1000000 + 100000));
	keysets_calm(region, slot, 0);
	calm = 0;
	http.body = SET(JWK("b"));
	jwks_look(&jwks);
	jwks_look(&jwks);
	AWAIT(strcmp(kids(), "b") == 0);
	ck_assert_uint_eq(http.asked, 2);
	/* Whoever waits is not told that nothing comes before it is there. */
	ck_assert_uint_eq(calm, 0);
	/* Nobody wants it any more, nor may for a while. */
	ck_assert(!keysets_want(region, slot, clock_now().us));
	jwks_look(&jwks);
	for (int i = 0; i < 20; i++)
		ck_assert(loop_turn(&loop, 10000));
	ck_assert_uint_eq(http.asked, 2);
}
END_TEST

/* Keys of an url that is not configured any more verify nothing. */
START_TEST(another_url)
{
	reload_to(image("/a", ""));
	ck_assert_str_eq(kids(), "a");
	http.status = "404 Not Found";
	reload_to(image("/b", ""));
	ck_assert_str_eq(kids(), "");
	ck_assert_int_eq(keysets_fetched(region, slot_of()), 0);
	ck_assert_ptr_null(jwks_keys(set()));
	http.status = "200 OK";
	AWAIT(strcmp(kids(), "a") == 0);
	/* Nor those of an authenticator that is gone. */
	jwks_follow(&jwks, NULL);
	ck_assert_ptr_null(jwks_next(&jwks, NULL));
}
END_TEST

/* A successor goes on with the set that it finds, and fetches it anew. */
START_TEST(set_outlives_the_master)
{
	const struct img_head *img = image("/a", "");
	int64_t fetched;
	uint64_t version;

	reload_to(img);
	fetched = keysets_fetched(region, slot_of());
	version = keysets_version(region, slot_of());
	end();
	begin();
	http.way = HTTP_SILENT;
	jwks_follow(&jwks, img);
	AWAIT(http.asked == 2);
	ck_assert_str_eq(kids(), "a");
	ck_assert_ptr_nonnull(jwks_keys(set()));
	ck_assert_int_eq(keysets_fetched(region, slot_of()), fetched);
	ck_assert_uint_eq(keysets_version(region, slot_of()), version);
	ck_assert_uint_eq(published, 0);
	/* Of another url it would have been emptied at once. */
	end();
	begin();
	jwks_follow(&jwks, image("/b", ""));
	ck_assert_str_eq(kids(), "");
}
END_TEST

START_TEST(slow_server)
{
	const struct img_head *img =
	    image("/", "timeout = \"1s\"; refresh = \"1m\";");

	http.way = HTTP_SILENT;
	ck_assert(jwks_prepare(&jwks, img));
	AWAIT(settled == 1);
	jwks_publish(&jwks, img);
	jwks_follow(&jwks, img);
	ck_assert_str_eq(kids(), "-");
	ck_assert_str_eq(set()->why, "no answer within 1000 ms");
	http.way = HTTP_ANSWERS;
	AWAIT(strcmp(kids(), "a") == 0);
}
END_TEST

/* A query may hold what is nobody's business. */
START_TEST(url_for_people)
{
	reload_to(image("/a?token=secret", ""));
	ck_assert_ptr_nonnull(strstr(http.last, "GET /a?token=secret "));
	ck_assert_ptr_null(
	    memmem(jwks_url(set()).p, jwks_url(set()).n, "secret", 6));
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("all");

	tcase_set_timeout(tc, 60);
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, first_set_is_waited_for);
	tcase_add_test(tc, prepared_in_vain);
	tcase_add_test(tc, refreshed_in_time);
	tcase_add_loop_test(tc, last_good_set_stays, 0, 8);
	tcase_add_test(tc, one_fetch_for_all_who_lack_a_key);
	tcase_add_test(tc, another_url);
	tcase_add_test(tc, set_outlives_the_master);
	tcase_add_test(tc, slow_server);
	tcase_add_test(tc, url_for_people);
	return conf_try_run("jwks", tc);
}
