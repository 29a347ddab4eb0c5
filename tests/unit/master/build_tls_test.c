/*
 * build_tls_test.c - TLS in the image: records, the secrets that they point
 * into, which certificate stands for which name, and what hashes depend on.
 */
#include "common/net/tls.h"
#include "master/build_tls.h"
#include "tests/unit/master/pem_kit.h"

#define CERT(c) "{ certificate = \"" c ".pem\"; key = \"" c ".key\"; }"
#define LISTEN(port, keys) \
	"{ address = \"127.0.0.1:" port "\"; tls = { " keys " }; }"
#define FILE_OF(listeners) "listeners = ( " listeners " );\n" PING

static struct pem_folder folder;
static struct pem ca;

static void
files_make(void)
{
	static const struct {
		const char *name, *names, *key;
	} sites[] = {
		{ "a", "DNS:b.example,DNS:A.example,DNS:*.a.example", NULL },
		{ "r", "DNS:a.example,DNS:c.example", "RSA-2048" },
		{ "e", "DNS:a.example,DNS:a.example.org", "P-384" },
		{ "c", "DNS:c.example", NULL },
		{ "d", "DNS:d.example", NULL },
		{ "x", "DNS:x.example", "Ed25519" },
	};
	char keys[80];

	pem_folder_make(&folder);
	ca = pem_make(&(struct pem_want){ .cn = "CA", .ca = true });
	pem_add_cert(&folder, "ca.pem", &ca);
	pem_add_crl(&folder, "ca.crl", &ca, 5);
	for (size_t i = 0; i < 6; i++) {
		struct pem p = pem_put(&folder, sites[i].name,
		    &(struct pem_want){ .cn = sites[i].name,
			.names = sites[i].names,
			.key = sites[i].key,
			.by = &ca },
		    NULL);

		if (i == 0)
			pem_put_ocsp(&folder, "a.ocsp", &p, &ca,
			    V_OCSP_CERTSTATUS_GOOD, 3);
		pem_free(&p);
	}
	for (size_t i = 0; i < sizeof(keys); i++)
		keys[i] = (char)i;
	pem_put_text(&folder, "t1", keys, sizeof(keys));
	keys[0] = 99;
	pem_put_text(&folder, "t2", keys, sizeof(keys));
}

static void
files_drop(void)
{
	pem_free(&ca);
	pem_folder_drop(&folder);
}

static const struct img_head *
try_image(struct conf_try *t, const char *text)
{
	pem_try(&folder, t, text);
	ck_assert_str_eq(t->complaints, "");
	ck_assert(image_check(
	    (const struct img_head *)(void *)t->c.image, t->c.image_bytes));
	return (const struct img_head *)(void *)t->c.image;
}

/* Record i of a span. */
#define AT(img, span, type, i) \
	(&((const struct type *)img_at((img), (span).off))[i])

static struct slice
secret(const struct conf_try *t, struct img_secret s)
{
	ck_assert_uint_le((uint64_t)s.off + s.len, t->c.secret_bytes);
	return slice_make(t->c.secrets + s.off, s.len);
}

/* The only certificate of a list. */
static X509 *
der_of(struct slice list)
{
	const unsigned char *p = (const unsigned char *)list.p;
	uint32_t n;

	ck_assert_uint_gt(list.n, 4);
	n = p[0] | p[1] << 8 | p[2] << 16 | (uint32_t)p[3] << 24;
	ck_assert_uint_eq(n + 4, list.n);
	p += 4;
	X509 *x = d2i_X509(NULL, &p, n);
	ck_assert_ptr_nonnull(x);
	return x;
}

START_TEST(records_and_secrets)
{
	const struct img_identity *id;
	const struct img_trust *trust;
	const struct img_tls *tls;
	const struct img_head *img;
	const unsigned char *p;
	struct conf_try t;
	struct slice s;
	EVP_PKEY *key;
	X509 *cert;

	img = try_image(&t,
	    FILE_OF(LISTEN("443",
		"certificates = ( { certificate = \"a.pem\"; key = \"a.key\"; "
		"ocsp = \"a.ocsp\"; } ); client_verify = \"optional\"; "
		"client_ca = \"ca.pem\"; client_crl = \"ca.crl\"; "
		"client_depth = 2; strict_sni = true;") ", { address = "
							"\"127.0.0.1:80\"; "
							"redirect_https = "
							"true; }"));
	ck_assert_uint_eq(img->secret_bytes, t.c.secret_bytes);
	ck_assert_uint_eq(img->identities.count, 1);
	ck_assert_uint_eq(img->trusts.count, 1);
	ck_assert_uint_eq(img->tls.count, 1);
	id = AT(img, img->identities, img_identity, 0);
	cert = der_of(secret(&t, id->chain));
	s = secret(&t, id->key);
	p = (const unsigned char *)s.p;
	PKCS8_PRIV_KEY_INFO *info =
	    d2i_PKCS8_PRIV_KEY_INFO(NULL, &p, (long)s.n);
	key = EVP_PKCS82PKEY(info);
	ck_assert_int_eq(X509_check_private_key(cert, key), 1);
	PKCS8_PRIV_KEY_INFO_free(info);
	EVP_PKEY_free(key);
	X509_free(cert);
	s = secret(&t, id->staple);
	p = (const unsigned char *)s.p;
	OCSP_RESPONSE *response = d2i_OCSP_RESPONSE(NULL, &p, (long)s.n);
	ck_assert_ptr_nonnull(response);
	OCSP_RESPONSE_free(response);
	ck_assert_uint_eq(id->names.count, 3);

	trust = AT(img, img->trusts, img_trust, 0);
	cert = der_of(secret(&t, trust->cas));
	ck_assert_int_eq(X509_cmp(cert, ca.cert), 0);
	X509_free(cert);
	ck_assert_uint_gt(trust->crls.len, 100);
	ck_assert_int_gt(trust->not_after, 0);

	tls = AT(img, img->tls, img_tls, 0);
	ck_assert_uint_eq(tls->verify, IMG_VERIFY_OPTIONAL);
	ck_assert_uint_eq(tls->depth, 2);
	ck_assert_uint_eq(tls->trust, 0);
	ck_assert_uint_eq(tls->strict, 1);
	ck_assert_uint_eq(tls->min_version, 0x0303);
	ck_assert_uint_eq(AT(img, img->listeners, img_listener, 0)->tls, 0);
	ck_assert_uint_eq(
	    AT(img, img->listeners, img_listener, 1)->tls, IMG_NONE);
	ck_assert_uint_eq(
	    AT(img, img->listeners, img_listener, 0)->redirect_port, 0);
	ck_assert_uint_eq(
	    AT(img, img->listeners, img_listener, 1)->redirect_port, 443);
	conf_try_fini(&t);
}
END_TEST

/* What the loader writes is what libssl's room takes. */
START_TEST(workers_can_read_them)
{
	const struct img_head *img;
	struct conf_try t;

	img = try_image(&t,
	    FILE_OF(LISTEN("443",
		"certificates = ( { certificate = \"a.pem\"; key = \"a.key\"; "
		"ocsp = \"a.ocsp\"; }, " CERT("r") ", " CERT("e") ", " CERT(
		    "x") " ); client_verify = \"require\"; client_ca = "
			 "\"ca.pem\"; client_crl = \"ca.crl\";")));
	tls_init();
	ck_assert_uint_eq(img->identities.count, 4);
	for (uint32_t i = 0; i < 4; i++) {
		const struct img_identity *id =
		    AT(img, img->identities, img_identity, i);
		struct tls_identity *made =
		    tls_identity_new(secret(&t, id->chain), secret(&t, id->key),
			secret(&t, id->staple));

		ck_assert_ptr_nonnull(made);
		tls_identity_free(made);
	}
	const struct img_trust *trust = AT(img, img->trusts, img_trust, 0);
	struct tls_trust *made =
	    tls_trust_new(secret(&t, trust->cas), secret(&t, trust->crls));
	ck_assert_ptr_nonnull(made);
	tls_trust_free(made);
	conf_try_fini(&t);
}
END_TEST

/* Names in order of their bytes; of one name, the first of each kind of key. */
START_TEST(names_in_order)
{
	static const struct {
		const char *name;
		uint32_t identity;
	} want[] = { { "*.a.example", 0 }, { "a.example", 0 },
		{ "a.example", 1 }, { "a.example.org", 2 }, { "b.example", 0 },
		{ "c.example", 1 }, { "c.example", 3 } };
	const struct img_head *img;
	const struct img_tls *tls;
	const uint32_t *first;
	struct conf_try t;

	img = try_image(&t,
	    FILE_OF(LISTEN("443",
		"certificates = ( " CERT("a") ", " CERT("r") ", " CERT(
		    "e") ", " CERT("c") " );")));
	tls = AT(img, img->tls, img_tls, 0);
	ck_assert_uint_eq(tls->names.count, 7);
	for (uint32_t i = 0; i < 7; i++) {
		const struct img_sni *s = AT(img, tls->names, img_sni, i);

		ck_assert(
		    slice_eq(img_slice(img, s->name), slice_str(want[i].name)));
		ck_assert_uint_eq(s->identity, want[i].identity);
	}
	/* For an unknown name: the first, and RSA beside it. */
	first = img_at(img, tls->identities.off);
	ck_assert_uint_eq(tls->identities.count, 2);
	ck_assert_uint_eq(first[0], 0);
	ck_assert_uint_eq(first[1], 1);
	conf_try_fini(&t);
	/* Nothing stands in that has another name. */
	img = try_image(&t,
	    FILE_OF(LISTEN(
		"443", "certificates = ( " CERT("d") ", " CERT("r") " );")));
	tls = AT(img, img->tls, img_tls, 0);
	ck_assert_uint_eq(tls->identities.count, 1);
	conf_try_fini(&t);
}
END_TEST

static void
hash_of(const char *keys, uint8_t hash[32])
{
	const struct img_head *img;
	struct conf_try t;
	char text[1024];

	snprintf(text, sizeof(text),
	    "listeners = ( { address = \"127.0.0.1:443\"; tls = { "
	    "certificates = ( %s }; } );\n" PING,
	    keys);
	img = try_image(&t, text);
	memcpy(hash, AT(img, img->tls, img_tls, 0)->hash, 32);
	conf_try_fini(&t);
}

/* A policy is the same whatever its certificates are, and no other. */
START_TEST(hash_of_a_policy)
{
	static const char *const others[] = {
		CERT("a") " ); profile = \"modern\";",
		CERT("a") " ); min_version = \"1.3\";",
		CERT("a") " ); strict_sni = true;",
		CERT("a") " ); client_verify = \"require\"; client_ca = "
			  "\"ca.pem\";",
		CERT("a") " ); client_verify = \"optional\"; client_ca = "
			  "\"ca.pem\";",
		CERT("a") " ); client_verify = \"require\"; client_ca = "
			  "\"ca.pem\"; client_depth = 3;",
		CERT("a") " ); client_verify = \"require\"; client_ca = "
			  "\"ca.pem\"; client_crl = \"ca.crl\";",
	};
	uint8_t base[32], hash[7][32];

	hash_of(CERT("a") " );", base);
	hash_of(CERT("r") ", " CERT("a") " ); min_version = \"1.2\";", hash[0]);
	ck_assert_mem_eq(base, hash[0], 32);
	for (size_t i = 0; i < 7; i++) {
		hash_of(others[i], hash[i]);
		ck_assert_mem_ne(base, hash[i], 32);
		for (size_t k = 0; k < i; k++)
			ck_assert_mem_ne(hash[k], hash[i], 32);
	}
}
END_TEST

/* How the endpoints of one service are spoken to that has these options. */
static uint64_t
manner_of(const char *options)
{
	const struct img_head *img;
	struct conf_try t;
	char text[1024];
	uint64_t manner;

	(void)snprintf(text, sizeof(text),
	    LISTENER
	    "services = { a = { endpoints = ( { address = \"127.0.0.1:1\"; } "
	    "); %s }; };\nroutes = ( { path = \"/\"; service = \"a\"; } );\n",
	    options);
	img = try_image(&t, text);
	manner = AT(img, img->services, img_service, 0)->manner;
	conf_try_fini(&t);
	return manner;
}

START_TEST(manners)
{
	static const char *const others[] = {
		"",
		"protocol = \"h2\";",
		"tls = { ca = \"ca.pem\"; };",
		"protocol = \"h2\"; tls = { ca = \"ca.pem\"; };",
		"tls = { ca = \"ca.pem\"; server_name = \"x\"; };",
		"tls = { ca = \"ca.pem\"; min_version = \"1.3\"; };",
		"tls = { verify = false; };",
	};
	uint64_t manner[7];

	for (size_t i = 0; i < 7; i++) {
		manner[i] = manner_of(others[i]);
		for (size_t k = 0; k < i; k++)
			ck_assert_uint_ne(manner[k], manner[i]);
	}
	ck_assert_uint_eq(manner_of("pool = { max_idle = 3; };"), manner[0]);
	ck_assert_uint_eq(
	    manner_of("host = \"x\"; tls = { ca = \"ca.pem\"; };"), manner[2]);
}
END_TEST

START_TEST(services)
{
	const struct img_head *img;
	const struct img_tls_out *out;
	struct conf_try t;

	img = try_image(&t,
	    LISTENER
	    "services = { a = { endpoints = ( { address = "
	    "\"127.0.0.1:1\"; } ); }; b = { protocol = \"h2\"; tls = { "
	    "ca = \"ca.pem\"; server_name = \"B.example\"; }; "
	    "endpoints = ( { address = \"127.0.0.1:1\"; } ); "
	    "health_check = { type = \"grpc\"; grpc_service = \"s\"; "
	    "}; }; };\nroutes = ( { path = \"/\"; service = \"b\"; } "
	    ");\n");
	ck_assert_uint_eq(img->tls_outs.count, 1);
	ck_assert_uint_eq(
	    AT(img, img->services, img_service, 0)->tls, IMG_NONE);
	ck_assert_uint_eq(
	    AT(img, img->services, img_service, 0)->protocol, IMG_PROTOCOL_H1);
	ck_assert_uint_eq(AT(img, img->services, img_service, 1)->tls, 0);
	ck_assert_uint_eq(
	    AT(img, img->services, img_service, 1)->protocol, IMG_PROTOCOL_H2);
	ck_assert_uint_eq(
	    AT(img, img->services, img_service, 1)->check.type, IMG_CHECK_GRPC);
	ck_assert(slice_eq(
	    img_slice(img, AT(img, img->services, img_service, 1)->check.grpc),
	    SLICE_LIT("s")));
	out = AT(img, img->tls_outs, img_tls_out, 0);
	ck_assert_uint_eq(out->verify, 1);
	ck_assert_uint_eq(out->trust, 0);
	ck_assert_uint_eq(out->identity, IMG_NONE);
	ck_assert_uint_eq(out->min_version, 0x0303);
	ck_assert(
	    slice_eq(img_slice(img, out->server_name), SLICE_LIT("B.example")));
	conf_try_fini(&t);
}
END_TEST

START_TEST(top_level)
{
	const struct img_head *img;
	struct conf_try t;
	struct slice s;

	img = try_image(&t, LISTENER PING);
	ck_assert_uint_eq(img->http2.streams, 128);
	ck_assert_uint_eq(img->http2.window, 65536);
	ck_assert_uint_eq(img->http2.connection_window, 1048576);
	ck_assert_uint_eq(img->http2.resets, 200);
	ck_assert_uint_eq(img->http2.control, 1000);
	ck_assert_uint_eq(img->ticket_us, UINT64_C(43200000000));
	ck_assert_uint_eq(img->ticket_keys.len, 0);
	ck_assert_uint_eq(img->secret_bytes, 0);
	ck_assert_ptr_null(t.c.secrets);
	conf_try_fini(&t);
	img = try_image(&t,
	    LISTENER "tls_tickets = { lifetime = \"1h\"; key_files = [ \"t2\", "
		     "\"t1\" ]; };\n" PING);
	ck_assert_uint_eq(img->ticket_us, UINT64_C(3600000000));
	s = secret(&t, img->ticket_keys);
	ck_assert_uint_eq(s.n, 160);
	ck_assert_int_eq(s.p[0], 99);
	ck_assert_int_eq(s.p[80], 0);
	ck_assert_int_eq(s.p[159], 79);
	conf_try_fini(&t);
}
END_TEST

/* A renewed file under the old name is news; a rewritten one is not. */
START_TEST(digest_has_the_files)
{
	static const char text[] =
	    FILE_OF(LISTEN("443", "certificates = ( " CERT("n") " );"));
	struct pem_want want = { .cn = "n", .names = "DNS:n", .by = &ca };
	uint8_t before[32];
	struct conf_try t;
	struct pem p = pem_put(&folder, "n", &want, NULL);
	char path[128];

	(void)try_image(&t, text);
	memcpy(before, t.c.digest, sizeof(before));
	conf_try_fini(&t);
	/* What stands around a certificate says nothing. */
	pem_put_text(&folder, "n.pem", "\n# renewed\n", 11);
	pem_add_cert(&folder, "n.pem", &p);
	(void)try_image(&t, text);
	ck_assert_mem_eq(before, t.c.digest, sizeof(before));
	conf_try_fini(&t);
	snprintf(path, sizeof(path), "%s/n.pem", folder.path);
	ck_assert_int_eq(unlink(path), 0);
	snprintf(path, sizeof(path), "%s/n.key", folder.path);
	ck_assert_int_eq(unlink(path), 0);
	pem_free(&p);
	p = pem_put(&folder, "n", &want, NULL);
	(void)try_image(&t, text);
	ck_assert_mem_ne(before, t.c.digest, sizeof(before));
	conf_try_fini(&t);
	pem_free(&p);
}
END_TEST

/* Readers from outside refuse what leads astray. */
START_TEST(damaged_images_are_refused)
{
	struct img_head *img;
	struct img_tls *tls;
	struct img_identity *id;
	struct img_listener *l;
	struct img_sni *names;
	struct conf_try t;
	uint64_t bytes;

	(void)try_image(
	    &t, FILE_OF(LISTEN("443", "certificates = ( " CERT("a") " );")));
	img = (struct img_head *)(void *)t.c.image;
	bytes = t.c.image_bytes;
	tls = (struct img_tls *)(void *)(t.c.image + img->tls.off);
	id = (struct img_identity *)(void *)(t.c.image + img->identities.off);
	l = (struct img_listener *)(void *)(t.c.image + img->listeners.off);
	names = (struct img_sni *)(void *)(t.c.image + tls->names.off);
#define REFUSED(word, wrong)                         \
	do {                                         \
		__typeof__(word) saved = (word);     \
		ck_assert(image_check(img, bytes));  \
		(word) = (wrong);                    \
		ck_assert(!image_check(img, bytes)); \
		(word) = saved;                      \
	} while (0)
	REFUSED(l->tls, 1);
	REFUSED(tls->trust, 0);
	REFUSED(tls->verify, 3);
	REFUSED(tls->identities.count, 0);
	REFUSED(tls->names.count, UINT32_MAX);
	REFUSED(names[1].identity, 1);
	REFUSED(names[1].name.off, UINT32_MAX);
	REFUSED(id->key.off, UINT32_MAX);
	REFUSED(id->key.len, (uint32_t)t.c.secret_bytes);
	REFUSED(id->subject.len, UINT32_MAX);
	REFUSED(id->names.count, UINT32_MAX);
	REFUSED(img->identities.count, 0);
	REFUSED(img->ticket_keys.len, 1000000);
	REFUSED(img->tls_outs.count, UINT32_MAX);
	REFUSED(img->secret_bytes, 0);
	conf_try_fini(&t);
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("all");

	tcase_set_timeout(tc, 60);
	tcase_add_unchecked_fixture(tc, files_make, files_drop);
	tcase_add_test(tc, records_and_secrets);
	tcase_add_test(tc, workers_can_read_them);
	tcase_add_test(tc, names_in_order);
	tcase_add_test(tc, hash_of_a_policy);
	tcase_add_test(tc, manners);
	tcase_add_test(tc, services);
	tcase_add_test(tc, top_level);
	tcase_add_test(tc, digest_has_the_files);
	tcase_add_test(tc, damaged_images_are_refused);
	return conf_try_run("build_tls", tc);
}
