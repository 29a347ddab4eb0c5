/*
 * admin_certs_test.c - what is said of certificates, by the API and metrics.
 */
#include "master/admin_certs.h"
#include "tests/unit/master/served_kit.h"

static void
expect_within(const struct text *t, const char *part)
{
	char *all = strndup(t->p, t->n);

	if (strstr(all, part) == NULL)
		ck_assert_str_eq(all, part);
	free(all);
}

START_TEST(what_is_said_of_certificates)
{
	struct text t = { 0 };

	admin_certs_write(NULL, &t);
	expect_within(&t, "{\"certificates\":[],\"authorities\":[]}");
	text_clear(&t);
	served_publish_text(SERVED("client_verify = \"optional\"; client_ca = "
				   "\"ca.pem\"; ") SERVED_SERVICE);
	admin_certs_write(reload_current(region), &t);
	expect_within(&t,
	    "/a.pem\",\"listeners\":[\"127.0.0.1:443\"],"
	    "\"services\":[],\"names\":[\"a.example\"],"
	    "\"subject\":\"CN=a\",\"issuer\":\"CN=CA\",\"key\":"
	    "\"ECDSA P-256\",\"ocsp\":false,\"state\":\"good\"");
	expect_within(&t, "\"days_left\":30");
	expect_within(&t, "/c.pem\",\"listeners\":[],\"services\":[\"be\"]");
	expect_within(&t, "\"state\":\"expired\"");
	expect_within(&t, "\"days_left\":-3");
	expect_within(&t,
	    "/ca.pem\",\"listeners\":[\"127.0.0.1:443\"],\"services\":[\"be\"]"
	    ",\"crl\":false,\"state\":\"good\"");
	text_clear(&t);
	admin_certs_prom(reload_current(region), &(struct prom){ .out = &t });
	expect_within(&t,
	    "# TYPE penstock_certificate_expiry_timestamp_seconds gauge\n"
	    "penstock_certificate_expiry_timestamp_seconds{use="
	    "\"certificate\",file=\"");
	expect_within(&t, "/a.pem\",subject=\"CN=a\"} ");
	expect_within(&t, "/c.pem\",subject=\"CN=c\\\\\\\"\"} ");
	expect_within(&t, "{use=\"authority\",file=\"");
	text_fini(&t);
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("all");

	tcase_set_timeout(tc, 60);
	tcase_add_unchecked_fixture(tc, served_files_make, served_files_drop);
	tcase_add_checked_fixture(tc, gate_setup, gate_teardown);
	tcase_add_test(tc, what_is_said_of_certificates);
	return conf_try_run("admin_certs", tc);
}
