/*
 * conf_check_listener_test.c - what a listener speaks, its TLS, and TLS towards
 * endpoints: what is refused, and what follows from what is given.
 */
#include "tests/unit/master/pem_kit.h"

#define PLAIN(keys) \
	"listeners = ( { address = \"127.0.0.1:80\";\n" keys " } );\n" PING
#define SITE                                                                  \
	"certificates = ( { certificate = \"site.pem\"; key = \"site.key\"; " \
	"} );"
#define TLS(keys) PLAIN("tls = { " SITE "\n" keys " };")
#define CERT(c) "{ certificate = \"" c ".pem\"; key = \"" c ".key\"; }"
#define OUT(keys) SERVICE_WITH("\ntls = { " keys " };")
#define TOP(keys) LISTENER keys "\n" PING

static struct pem_folder folder;

static const struct conf_case refused[] = {
	/* protocols */
	{ PLAIN("protocols = [ \"h3\", \"spdy\" ];"),
	    "p.conf:2: protocols: there is no \"h3\" (there is \"h2\", "
	    "\"http/1.1\")\n"
	    "p.conf:2: protocols: there is no \"spdy\" (there is \"h2\", "
	    "\"http/1.1\")\n" },
	{ PLAIN("protocols = [ ];"),
	    "p.conf:2: protocols: it must have one\n" },
	{ PLAIN("protocols = [ \"h2\", \"h2\" ];"),
	    "p.conf:2: protocols: \"h2\" is there twice\n" },
	/* redirects */
	{ PLAIN("redirect_https = true;\ntls = { " SITE " };"),
	    "p.conf:2: redirect_https: the listener has TLS already\n" },
	{ PLAIN("redirect_https = true; redirect_https_port = 0;"),
	    "p.conf:2: redirect_https_port: 0 is out of range (1 to 65535)\n" },
	/* certificates */
	{ PLAIN("tls = { };"), "p.conf:2: tls: it needs certificates\n" },
	{ PLAIN("tls = { certificates = ( { key = \"site.key\"; } ); };"),
	    "p.conf:2: tls.certificates: an entry needs a certificate\n" },
	{ PLAIN("tls = { certificates = ( " CERT("site") ",\n" CERT(
	      "noname") " ); };"),
	    "p.conf:3: tls.certificates.certificate: \"noname.pem\" can never "
	    "be chosen: it has no name\n" },
	{ PLAIN("tls = { certificates = ( " CERT("site") ",\n" CERT(
	      "again") " ); };"),
	    "p.conf:3: tls.certificates.certificate: \"again.pem\" can never "
	    "be chosen: those before it have all of its names, with a key of "
	    "the same kind as ECDSA P-384\n" },
	{ PLAIN("tls = { certificates = ( " CERT("site") ",\n" CERT(
	      "site") " ); };"),
	    "p.conf:3: tls.certificates.certificate: \"site.pem\" can never "
	    "be chosen: those before it have all of its names, with a key of "
	    "the same kind as ECDSA P-256\n" },
	/* versions */
	{ TLS("profile = \"old\";"),
	    "p.conf:3: tls.profile: there is no \"old\" (there is "
	    "\"intermediate\", \"modern\")\n" },
	{ TLS("min_version = \"1.1\";"),
	    "p.conf:3: tls.min_version: there is no \"1.1\" (there is "
	    "\"1.2\", \"1.3\")\n" },
	{ TLS("profile = \"modern\"; min_version = \"1.2\";"),
	    "p.conf:3: tls.min_version: the profile \"modern\" has nothing "
	    "for TLS 1.2\n" },
	/* clients */
	{ TLS("client_verify = \"require\";"),
	    "p.conf:3: tls.client_verify: it needs tls.client_ca\n" },
	{ TLS("client_ca = \"ca.pem\";\nclient_crl = \"ca.crl\";"),
	    "p.conf:3: tls.client_ca: it has no effect with tls.client_verify "
	    "= \"none\"\n"
	    "p.conf:4: tls.client_crl: it has no effect with "
	    "tls.client_verify = \"none\"\n" },
	/* endpoints */
	{ SERVICE_WITH("\nprotocol = \"h3\";"),
	    "p.conf:3: protocol: there is no \"h3\" (there is \"http/1.1\", "
	    "\"h2\")\n" },
	{ OUT("verify = false; ca = \"ca.pem\";"),
	    "p.conf:3: tls.ca: it has no effect with tls.verify = false\n" },
	{ OUT("ca = \"none\";"),
	    "p.conf:3: tls.ca: \"none\" cannot be read: No such file or "
	    "directory\n" },
	{ OUT("ca = \"ca.pem\"; key = \"site.key\";"),
	    "p.conf:3: tls.key: it needs tls.certificate\n" },
	{ OUT("ca = \"ca.pem\"; certificate = \"site.pem\"; key = "
	      "\"again.key\";"),
	    "p.conf:3: tls.key: \"again.key\" is not the key of the "
	    "certificate \"site.pem\"\n" },
	{ OUT("ca = \"ca.pem\"; server_name = \"a b\";"),
	    "p.conf:3: tls.server_name: \"a b\" has a character that no host "
	    "name has\n" },
	/* HTTP/2 */
	{ TOP("http2 = { window = \"2m\"; };"),
	    "p.conf:2: http2: the connection_window (1m) is smaller than the "
	    "window (2m)\n" },
	{ TOP("http2 = { max_streams = 0; window = \"1k\"; };"),
	    "p.conf:2: http2.max_streams: 0 is out of range (1 to 10000)\n"
	    "p.conf:2: http2.window: 1k is out of range (\"16k\" to "
	    "\"16m\")\n" },
	/* tickets */
	{ TOP("tls_tickets = { lifetime = \"10ms\"; };"),
	    "p.conf:2: tls_tickets.lifetime: 10ms is less than a second\n" },
	{ TOP("tls_tickets = { lifetime = \"0\"; key_files = \"t1\"; };"),
	    "p.conf:2: tls_tickets.lifetime: with 0 there are no tickets, and "
	    "key_files has no effect\n" },
	{ TOP("tls_tickets = { key_files = [ \"t1\", \"none\",\n"
	      "\"site.key\" ]; };"),
	    "p.conf:2: tls_tickets.key_files: \"none\" cannot be read: No "
	    "such file or directory\n"
	    "p.conf:3: tls_tickets.key_files: \"site.key\" has 241 bytes; a "
	    "ticket key has 80\n" },
	{ TOP("tls_tickets = { key_files = [ \"t1\", \"t2\", \"t1\" ]; };"),
	    "p.conf:2: tls_tickets.key_files: \"t1\" holds the key of another "
	    "file\n" },
	{ TOP("tls_tickets = { key_files = [ \"1\", \"2\", \"3\", \"4\" ]; };"),
	    "p.conf:2: tls_tickets.key_files: 4 are more than the 3 that are "
	    "used\n" },
/* conditions on certificates */
#define MATCH(cond)                                                       \
	LISTENER "routes = ( { path = \"/\"; respond = { }; match = ( { " \
		 "\n" cond " } ); } );\n"
#define NEVER(key)                \
	"p.conf:3: warning: " key \
	": it never holds, since no listener asks clients for a certificate\n"
	{ MATCH("client_san = \"a.example\";"),
	    "p.conf:3: client_san: \"a.example\" does not begin with DNS:, "
	    "URI:, email: or IP:\n" NEVER("client_san") },
	{ MATCH("client_fingerprint = \"AB\";"),
	    "p.conf:3: client_fingerprint: \"AB\" is not 64 hexadecimal "
	    "digits in lower case\n" NEVER("client_fingerprint") },
	{ MATCH("client_subject = \"CN=a\"; value = \"b\";"),
	    "p.conf:3: value: client_subject says what it must be "
	    "already\n" NEVER("client_subject") },
	{ MATCH("client_subject = \"CN=a\"; client_san = \"DNS:a\";"),
	    "p.conf:3: a condition has exactly one of header, query, cookie, "
	    "client_subject, client_san and client_fingerprint\n" },
};

static void
files_make(void)
{
	struct pem ca = pem_make(&(struct pem_want){ .cn = "CA", .ca = true });
	struct pem p;
	char key[80];

	pem_folder_make(&folder);
	pem_add_cert(&folder, "ca.pem", &ca);
	pem_add_crl(&folder, "ca.crl", &ca, 5);
	p = pem_put(&folder, "site",
	    &(struct pem_want){
		.cn = "a", .names = "DNS:a.example,DNS:b.example", .by = &ca },
	    NULL);
	pem_free(&p);
	p = pem_put(&folder, "again",
	    &(struct pem_want){ .cn = "a",
		.names = "DNS:b.example",
		.by = &ca,
		.key = "P-384" },
	    NULL);
	pem_free(&p);
	p = pem_put(&folder, "noname",
	    &(struct pem_want){ .cn = "no name", .by = &ca }, NULL);
	pem_free(&p);
	p = pem_put(&folder, "client",
	    &(struct pem_want){ .cn = "c", .by = &ca, .client = true }, NULL);
	pem_free(&p);
	memset(key, 1, sizeof(key));
	pem_put_text(&folder, "t1", key, sizeof(key));
	memset(key, 2, sizeof(key));
	pem_put_text(&folder, "t2", key, sizeof(key));
	pem_free(&ca);
}

static void
files_drop(void)
{
	pem_folder_drop(&folder);
}

START_TEST(each_refused)
{
	pem_expect(&folder, refused[_i].text, refused[_i].complaints);
}
END_TEST

static void
try_good(struct conf_try *t, const char *text)
{
	pem_try(&folder, t, text);
	ck_assert_str_eq(t->complaints, "");
	ck_assert(t->ok);
}

START_TEST(protocols_follow_tls)
{
	static const struct {
		const char *text;
		uint32_t bits;
	} cases[] = {
		{ PLAIN(""), IMG_PROTOCOL_H1 },
		{ PLAIN("protocols = \"h2\";"), IMG_PROTOCOL_H2 },
		{ PLAIN("protocols = [ \"http/1.1\", \"h2\" ];"),
		    IMG_PROTOCOL_H1 | IMG_PROTOCOL_H2 },
		{ TLS(""), IMG_PROTOCOL_H1 | IMG_PROTOCOL_H2 },
		{ PLAIN("protocols = \"http/1.1\"; tls = { " SITE " };"),
		    IMG_PROTOCOL_H1 },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct conf_try t;

		try_good(&t, cases[i].text);
		ck_assert_uint_eq(
		    t.c.listeners[0].protocol_bits, cases[i].bits);
		conf_try_fini(&t);
	}
}
END_TEST

START_TEST(versions_and_clients)
{
	const struct conf_tls *tls;
	struct conf_try t;

	try_good(&t, TLS(""));
	tls = &t.c.listeners[0].tls;
	ck_assert_uint_eq(tls->modern, 0);
	ck_assert_uint_eq(tls->version, 0x0303);
	ck_assert_uint_eq(tls->verify, IMG_VERIFY_NONE);
	ck_assert_uint_eq(tls->trust, IMG_NONE);
	ck_assert(!tls->strict_sni);
	conf_try_fini(&t);
	try_good(&t, TLS("min_version = \"1.3\"; strict_sni = true;"));
	tls = &t.c.listeners[0].tls;
	ck_assert_uint_eq(tls->modern, 0);
	ck_assert_uint_eq(tls->version, 0x0304);
	ck_assert(tls->strict_sni);
	conf_try_fini(&t);
	try_good(&t,
	    TLS("profile = \"modern\"; client_verify = \"optional\"; "
		"client_ca = \"ca.pem\"; client_crl = \"ca.crl\"; "
		"client_depth = 2;"));
	tls = &t.c.listeners[0].tls;
	ck_assert_uint_eq(tls->modern, 1);
	ck_assert_uint_eq(tls->version, 0x0304);
	ck_assert_uint_eq(tls->verify, IMG_VERIFY_OPTIONAL);
	ck_assert_uint_eq(tls->trust, 0);
	ck_assert_uint_eq(tls->client_depth, 2);
	conf_try_fini(&t);
}
END_TEST

START_TEST(endpoints)
{
	const struct conf_service *s;
	struct conf_try t;

	try_good(&t, SERVICE_WITH("protocol = \"h2\";"));
	s = &t.c.services[0];
	ck_assert_uint_eq(s->protocol_bit, IMG_PROTOCOL_H2);
	ck_assert(!s->has_tls);
	ck_assert_uint_eq(s->tls.trust, IMG_NONE);
	conf_try_fini(&t);
	try_good(&t,
	    OUT("ca = \"ca.pem\"; min_version = \"1.3\"; certificate = "
		"\"client.pem\"; key = \"client.key\"; server_name = "
		"\"a.example\";"));
	s = &t.c.services[0];
	ck_assert_uint_eq(s->protocol_bit, IMG_PROTOCOL_H1);
	ck_assert(s->has_tls && s->tls.verify);
	ck_assert_uint_eq(s->tls.version, 0x0304);
	ck_assert_uint_eq(s->tls.trust, 0);
	ck_assert_uint_eq(s->tls.identity, 0);
	conf_try_fini(&t);
	try_good(&t, OUT("verify = false;"));
	s = &t.c.services[0];
	ck_assert(s->has_tls && !s->tls.verify);
	ck_assert_uint_eq(s->tls.version, 0x0303);
	ck_assert_uint_eq(s->tls.trust, IMG_NONE);
	conf_try_fini(&t);
}
END_TEST

/* What -T prints loads again, whatever is off. */
START_TEST(shown_values_have_no_complaints)
{
	struct conf_try t;

	try_good(&t,
	    TLS("client_depth = 3;") /* without effect, and said so nowhere */);
	conf_try_fini(&t);
	try_good(&t, PLAIN("redirect_https_port = 8443;"));
	ck_assert(!t.c.listeners[0].redirect_https);
	conf_try_fini(&t);
}
END_TEST

/* Text in memory names files that are not there to be read. */
START_TEST(nothing_is_read_for_a_text)
{
	conf_try_expect("listeners = ( { address = \"127.0.0.1:80\"; tls = { "
			"certificates = ( { certificate = \"c\"; } ); }; } "
			");\n" PING,
	    "f:1: tls.certificates.certificate: \"c\" is a file, and none is "
	    "read here\n");
	conf_try_expect(SERVICE_WITH("tls = { };"),
	    "f:2: tls: \"/etc/ssl/certs/ca-certificates.crt\" is a file, and "
	    "none is read here\n");
	conf_try_expect(LISTENER "tls_tickets = { key_files = \"k\"; };\n" PING,
	    "f:2: tls_tickets.key_files: \"k\" is a file, and none is read "
	    "here\n");
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("all");

	tcase_set_timeout(tc, 60);
	tcase_add_unchecked_fixture(tc, files_make, files_drop);
	tcase_add_loop_test(
	    tc, each_refused, 0, sizeof(refused) / sizeof(refused[0]));
	tcase_add_test(tc, protocols_follow_tls);
	tcase_add_test(tc, versions_and_clients);
	tcase_add_test(tc, endpoints);
	tcase_add_test(tc, shown_values_have_no_complaints);
	tcase_add_test(tc, nothing_is_read_for_a_text);
	return conf_try_run("conf_check_listener", tc);
}
