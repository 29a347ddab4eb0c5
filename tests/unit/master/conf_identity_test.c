/*
 * conf_identity_test.c - certificates, keys, authorities, revocation lists and
 * OCSP responses in files: what is refused, what is warned of, what is made.
 */
#include "master/conf_identity.h"
#include "master/conf_trust.h"
#include "tests/unit/master/pem_kit.h"

#define TLS_WITH(keys)                                               \
	"listeners = ( { address = \"127.0.0.1:80\"; tls = {\n" keys \
	"\n}; } );\n" PING
#define CERT(c, k) "{ certificate = \"" c "\";\nkey = \"" k "\"; }"
#define CERTS(list) TLS_WITH("certificates = ( " list " );")
#define ONE(c, k) CERTS(CERT(c, k))
#define CLIENTS(ca, crl)                                                      \
	TLS_WITH("certificates = ( " CERT("site.pem",                         \
	    "site.key") " ); client_verify = \"require\";\nclient_ca = \"" ca \
			"\";\n" crl)

static struct pem_folder folder;
static struct pem ca, mid, site, other;

/* Made once, for all tests. */
static void
files_make(void)
{
	struct pem p;

	pem_folder_make(&folder);
	ca = pem_make(&(struct pem_want){ .cn = "Root", .ca = true });
	mid =
	    pem_make(&(struct pem_want){ .cn = "Mid", .ca = true, .by = &ca });
	pem_add_cert(&folder, "ca.pem", &ca);
	pem_add_cert(&folder, "two.pem", &ca);
	pem_add_cert(&folder, "two.pem", &mid);
	site = pem_put(&folder, "site",
	    &(struct pem_want){ .cn = "x",
		.names = "DNS:Site.Example,DNS:*.site.example,IP:127.0.0.1",
		.by = &mid },
	    &mid);
	other = pem_put(&folder, "other",
	    &(struct pem_want){ .cn = "Other.example", .by = &mid }, NULL);

	/* both in one file; the key first */
	pem_add_key(&folder, "both.pem", &site, NULL);
	pem_add_cert(&folder, "both.pem", &site);
	pem_add_key(&folder, "locked.key", &site, "secret");
	pem_add_cert(&folder, "wrong.pem", &mid);
	pem_add_cert(&folder, "wrong.pem", &site);
	pem_add_cert(&folder, "gap.pem", &site);
	pem_add_cert(&folder, "gap.pem", &ca);
	pem_put_text(&folder, "text.pem", "hello\n", 6);
	pem_put_text(&folder, "empty.pem", "", 0);
	pem_put_text(&folder, "broken.pem",
	    "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
	    60);
	pem_put_text(&folder, "broken.crl",
	    "-----BEGIN X509 CRL-----\nAAAA\n-----END X509 CRL-----\n", 54);
	pem_put_text(&folder, "broken.key",
	    "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n",
	    60);
#define PUT(name, ...)                           \
	p = pem_put(&folder, name,               \
	    &(struct pem_want){ .cn = name,      \
		.names = "DNS:" name ".example", \
		.by = &mid,                      \
		__VA_ARGS__ },                   \
	    &mid);                               \
	pem_free(&p)
	PUT("rsa", .key = "RSA-2048");
	PUT("weak", .key = "RSA-1024");
	PUT("p384", .key = "P-384");
	PUT("p521", .key = "P-521");
	PUT("p224", .key = "P-224");
	PUT("k256", .key = "secp256k1");
	PUT("ed", .key = "Ed25519");
	PUT("old", .from_days = -20, .days = -3);
	PUT("soon", .days = 9);
	PUT("early", .from_days = 2);
	PUT("client", .client = true);
	PUT("sha1", .digest = "SHA1");
	p = pem_put(
	    &folder, "nul", &(struct pem_want){ .cn = "n", .by = &mid }, NULL);
	pem_free(&p);

	pem_add_crl(&folder, "ca.crl", &ca, 9);
	pem_add_crl(&folder, "two.crl", &ca, 9);
	pem_add_crl(&folder, "two.crl", &mid, 9);
	pem_add_crl(&folder, "old.crl", &ca, -2);
	pem_add_crl(&folder, "other.crl", &other, 9);
	p = pem_put(&folder, "oldca",
	    &(struct pem_want){
		.cn = "Old", .ca = true, .from_days = -20, .days = -3 },
	    NULL);
	pem_free(&p);

	pem_put_ocsp(
	    &folder, "good.ocsp", &site, &mid, V_OCSP_CERTSTATUS_GOOD, 5);
	pem_put_ocsp(
	    &folder, "old.ocsp", &site, &mid, V_OCSP_CERTSTATUS_GOOD, -5);
	pem_put_ocsp(
	    &folder, "revoked.ocsp", &site, &mid, V_OCSP_CERTSTATUS_REVOKED, 5);
	pem_put_ocsp(
	    &folder, "unknown.ocsp", &site, &mid, V_OCSP_CERTSTATUS_UNKNOWN, 5);
	pem_put_ocsp(
	    &folder, "other.ocsp", &other, &mid, V_OCSP_CERTSTATUS_GOOD, 5);
	pem_put_ocsp(
	    &folder, "forged.ocsp", &site, &ca, V_OCSP_CERTSTATUS_GOOD, 5);
}

static const struct conf_case refused[] = {
	/* what cannot be read */
	{ ONE("none.pem", "site.key"),
	    "p.conf:2: tls.certificates.certificate: \"none.pem\" cannot be "
	    "read: No such file or directory\n" },
	{ ONE("site.pem", "none.key"),
	    "p.conf:3: tls.certificates.key: \"none.key\" cannot be read: No "
	    "such file or directory\n" },
	{ ONE("none.pem", "none.key"),
	    "p.conf:2: tls.certificates.certificate: \"none.pem\" cannot be "
	    "read: No such file or directory\n"
	    "p.conf:3: tls.certificates.key: \"none.key\" cannot be read: No "
	    "such file or directory\n" },
	{ ONE("text.pem", "site.key"),
	    "p.conf:2: tls.certificates.certificate: \"text.pem\" holds no "
	    "certificate in PEM\n" },
	{ ONE("empty.pem", "empty.pem"),
	    "p.conf:2: tls.certificates.certificate: \"empty.pem\" holds no "
	    "certificate in PEM\n" },
	{ ONE("broken.pem", "broken.key"),
	    "p.conf:2: tls.certificates.certificate: \"broken.pem\" is "
	    "damaged: certificate 1 in it cannot be read\n"
	    "p.conf:3: tls.certificates.key: \"broken.key\" is damaged: the "
	    "key in it cannot be read\n" },
	{ ONE("site.pem", "text.pem"),
	    "p.conf:3: tls.certificates.key: \"text.pem\" holds no private "
	    "key in PEM\n" },
	{ ONE("site.pem", "locked.key"),
	    "p.conf:3: tls.certificates.key: \"locked.key\" holds a key that "
	    "is encrypted; it must be readable without a password\n" },
	{ CERTS("{ certificate = \"site.pem\"; }"),
	    "p.conf:2: tls.certificates.certificate: \"site.pem\" holds no "
	    "private key in PEM\n" },
	/* what does not belong together */
	{ ONE("site.pem", "other.key"),
	    "p.conf:3: tls.certificates.key: \"other.key\" is not the key of "
	    "the certificate \"site.pem\"\n" },
	{ ONE("wrong.pem", "site.key"),
	    "p.conf:2: tls.certificates.certificate: \"wrong.pem\" is not in "
	    "order: the key is that of certificate 2, \"CN=x\", which must "
	    "come first\n"
	    "p.conf:2: tls.certificates.certificate: \"wrong.pem\" is not in "
	    "order: certificate 2, \"CN=x\", is not the issuer of the one "
	    "before it, \"CN=Mid\"\n" },
	{ ONE("gap.pem", "site.key"),
	    "p.conf:2: tls.certificates.certificate: \"gap.pem\" is not in "
	    "order: certificate 2, \"CN=Root\", is not the issuer of the one "
	    "before it, \"CN=x\"\n" },
	/* what is weak */
	{ ONE("weak.pem", "weak.key"),
	    "p.conf:2: tls.certificates.certificate: \"weak.pem\" has a key "
	    "of the kind RSA 1024; it must be RSA with 2048 bits or more, "
	    "ECDSA on P-256, P-384 or P-521, or Ed25519\n" },
	{ ONE("p224.pem", "p224.key"),
	    "p.conf:2: tls.certificates.certificate: \"p224.pem\" has a key "
	    "of the kind ECDSA secp224r1; it must be RSA with 2048 bits or "
	    "more, ECDSA on P-256, P-384 or P-521, or Ed25519\n" },
	{ ONE("k256.pem", "k256.key"),
	    "p.conf:2: tls.certificates.certificate: \"k256.pem\" has a key "
	    "of the kind ECDSA secp256k1; it must be RSA with 2048 bits or "
	    "more, ECDSA on P-256, P-384 or P-521, or Ed25519\n" },
	{ ONE("sha1.pem", "sha1.key"),
	    "p.conf:2: tls.certificates.certificate: \"sha1.pem\" has a weak "
	    "signature in certificate 1, \"CN=sha1\"\n" },
/* OCSP */
#define OCSP(file)                                                         \
	CERTS("{ certificate = \"site.pem\"; key = \"site.key\";\nocsp = " \
	      "\"" file "\"; }")
	{ OCSP("none.ocsp"),
	    "p.conf:3: tls.certificates.ocsp: \"none.ocsp\" cannot be read: "
	    "No such file or directory\n" },
	{ OCSP("text.pem"),
	    "p.conf:3: tls.certificates.ocsp: \"text.pem\" is no OCSP "
	    "response in DER\n" },
	{ OCSP("other.ocsp"),
	    "p.conf:3: tls.certificates.ocsp: \"other.ocsp\" is about another "
	    "certificate\n" },
	{ OCSP("forged.ocsp"),
	    "p.conf:3: tls.certificates.ocsp: \"forged.ocsp\" is about "
	    "another certificate\n" },
	{ OCSP("revoked.ocsp"),
	    "p.conf:3: tls.certificates.ocsp: \"revoked.ocsp\" says that the "
	    "certificate is revoked\n" },
	{ OCSP("unknown.ocsp"),
	    "p.conf:3: tls.certificates.ocsp: \"unknown.ocsp\" says that the "
	    "certificate is unknown\n" },
	/* authorities */
	{ CLIENTS("none.pem", ""),
	    "p.conf:4: tls.client_ca: \"none.pem\" cannot be read: No such "
	    "file or directory\n" },
	{ CLIENTS("empty.pem", ""),
	    "p.conf:4: tls.client_ca: \"empty.pem\" holds no certificate in "
	    "PEM\n" },
	{ CLIENTS("ca.pem", "client_crl = \"ca.pem\";"),
	    "p.conf:5: tls.client_crl: \"ca.pem\" holds no revocation list in "
	    "PEM\n" },
	{ CLIENTS("ca.pem", "client_crl = \"broken.crl\";"),
	    "p.conf:5: tls.client_crl: \"broken.crl\" is damaged: revocation "
	    "list 1 in it cannot be read\n" },
	{ CLIENTS("ca.pem", "client_crl = \"two.crl\";"),
	    "p.conf:5: tls.client_crl: \"two.crl\" holds a list of "
	    "\"CN=Mid\", which is no authority of \"ca.pem\"\n" },
	{ CLIENTS("ca.pem", "client_crl = \"other.crl\";"),
	    "p.conf:5: tls.client_crl: \"other.crl\" holds a list of "
	    "\"CN=Other.example\", which is no authority of \"ca.pem\"\n" },
};

static const struct conf_case taken[] = {
	{ ONE("site.pem", "site.key"), "" },
	{ ONE("both.pem", "both.pem"), "" },
	{ CERTS("{ certificate = \"both.pem\"; }"), "" },
	{ ONE("rsa.pem", "rsa.key"), "" },
	{ ONE("p384.pem", "p384.key"), "" },
	{ ONE("p521.pem", "p521.key"), "" },
	{ ONE("ed.pem", "ed.key"), "" },
	{ OCSP("good.ocsp"), "" },
	{ CLIENTS("two.pem", "client_crl = \"two.crl\";"), "" },
	{ ONE("client.pem", "client.key"),
	    "p.conf:2: warning: tls.certificates.certificate: \"client.pem\" "
	    "is not meant for TLS servers\n" },
	{ CLIENTS("two.pem", "client_crl = \"ca.crl\";"),
	    "p.conf:5: warning: tls.client_crl: \"ca.crl\" holds no list of "
	    "\"CN=Mid\": its clients are refused\n" },
};

/* What is refused is so in any folder, and -t says which file it is. */
START_TEST(each_refused)
{
	pem_expect(&folder, refused[_i].text, refused[_i].complaints);
}
END_TEST

START_TEST(each_taken)
{
	struct conf_try t;

	pem_try(&folder, &t, taken[_i].text);
	ck_assert_str_eq(t.complaints, taken[_i].complaints);
	ck_assert(t.ok);
	conf_try_fini(&t);
}
END_TEST

/* Without their date, which changes. */
static void
warned(const char *text, const char *begin)
{
	struct conf_try t;

	pem_try(&folder, &t, text);
	ck_assert(t.ok);
	ck_assert_uint_eq(t.d.count, 1);
	if (strncmp(t.complaints, begin, strlen(begin)) != 0)
		ck_assert_str_eq(t.complaints, begin);
	conf_try_fini(&t);
}

START_TEST(time_is_a_warning)
{
	warned(ONE("old.pem", "old.key"),
	    "p.conf:2: warning: tls.certificates.certificate: \"old.pem\" has "
	    "expired on 2");
	warned(ONE("soon.pem", "soon.key"),
	    "p.conf:2: warning: tls.certificates.certificate: \"soon.pem\" "
	    "expires soon, on 2");
	warned(ONE("early.pem", "early.key"),
	    "p.conf:2: warning: tls.certificates.certificate: \"early.pem\" "
	    "is not valid before 2");
	warned(CLIENTS("oldca.pem", ""),
	    "p.conf:4: warning: tls.client_ca: \"oldca.pem\" holds "
	    "\"CN=Old\", which has expired on 2");
	warned(CLIENTS("ca.pem", "client_crl = \"old.crl\";"),
	    "p.conf:5: warning: tls.client_crl: \"old.crl\" holds a list of "
	    "\"CN=Root\" that has expired on 2");
	warned(OCSP("old.ocsp"),
	    "p.conf:3: warning: tls.certificates.ocsp: \"old.ocsp\" has "
	    "expired on 2");
}
END_TEST

START_TEST(what_is_made)
{
	const struct conf_identity *id;
	struct conf_try t;

	pem_try(&folder, &t, OCSP("good.ocsp"));
	ck_assert(t.ok);
	ck_assert_uint_eq(t.c.identity_count, 1);
	id = &t.c.identities[0];
	ck_assert_str_eq(id->subject, "CN=x");
	ck_assert_str_eq(id->issuer, "CN=Mid");
	ck_assert_str_eq(id->key_type, "ECDSA P-256");
	ck_assert_uint_eq(id->name_count, 2);
	ck_assert_str_eq(id->names[0], "site.example");
	ck_assert_str_eq(id->names[1], "*.site.example");
	/* Each certificate of the chain was issued at a time of its own. */
	ck_assert_int_le(id->not_after - id->not_before, 91 * PEM_DAY + 60);
	ck_assert_int_gt(id->not_after - id->not_before, 91 * PEM_DAY);
	ck_assert_uint_gt(id->staple.n, 100);
	ck_assert_uint_gt(id->key_bytes, 100);
	conf_try_fini(&t);
	/* The common name, where no other is. */
	pem_try(&folder, &t, ONE("other.pem", "other.key"));
	ck_assert_uint_eq(t.c.identities[0].name_count, 1);
	ck_assert_str_eq(t.c.identities[0].names[0], "other.example");
	ck_assert_uint_eq(t.c.identities[0].staple.n, 0);
	conf_try_fini(&t);
	/* One that has expired is not given to anybody. */
	pem_try(&folder, &t, OCSP("old.ocsp"));
	ck_assert(t.ok);
	ck_assert_uint_eq(t.c.identities[0].staple.n, 0);
	conf_try_fini(&t);
}
END_TEST

/* One content is there once, under whatever name. */
START_TEST(equal_ones_are_one)
{
	struct conf_try t;

	pem_put_text(&folder, "p.conf", "", 0);
	pem_try(&folder, &t,
	    "listeners = ( { address = \"127.0.0.1:80\"; tls = { certificates "
	    "= ( { certificate = \"site.pem\"; key = \"site.key\"; } ); "
	    "client_verify = \"optional\"; client_ca = \"ca.pem\"; }; }, "
	    "{ address = \"127.0.0.1:81\"; tls = { certificates = ( { "
	    "certificate = \"./site.pem\"; key = \"site.key\"; } ); "
	    "client_verify = \"optional\"; client_ca = \"./ca.pem\"; }; }, "
	    "{ address = \"127.0.0.1:82\"; tls = { certificates = ( { "
	    "certificate = \"rsa.pem\"; key = \"rsa.key\"; } ); }; } "
	    ");\n" PING);
	ck_assert_str_eq(t.complaints, "");
	ck_assert_uint_eq(t.c.identity_count, 2);
	ck_assert_uint_eq(t.c.trust_count, 1);
	ck_assert_uint_eq(t.c.listeners[1].tls.certificates[0].identity, 0);
	ck_assert_uint_eq(t.c.listeners[2].tls.certificates[0].identity, 1);
	conf_try_fini(&t);
}
END_TEST

static void
files_drop(void)
{
	pem_free(&ca);
	pem_free(&mid);
	pem_free(&site);
	pem_free(&other);
	pem_folder_drop(&folder);
}

int
main(void)
{
	TCase *tc = tcase_create("all");

	tcase_set_timeout(tc, 60);
	tcase_add_unchecked_fixture(tc, files_make, files_drop);
	tcase_add_loop_test(
	    tc, each_refused, 0, sizeof(refused) / sizeof(refused[0]));
	tcase_add_loop_test(
	    tc, each_taken, 0, sizeof(taken) / sizeof(taken[0]));
	tcase_add_test(tc, time_is_a_warning);
	tcase_add_test(tc, what_is_made);
	tcase_add_test(tc, equal_ones_are_one);
	return conf_try_run("conf_identity", tc);
}
