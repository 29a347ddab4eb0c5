/*
 * What is said of the recorder, of masks, of tracing and of metrics.
 */
#include "tests/unit/master/conf_try.h"

#define TRACING(keys) "tracing = { " keys " };\n" REST
#define RECORDER(keys) "recorder = { " keys " };\n"
#define MASK(keys) "mask = { " keys " };\n" REST

static const struct conf_case cases[] = {
	{ TRACING(""), "" },
	{ TRACING("endpoint = \"http://127.0.0.1:4318/v1/traces\"; protocol = "
		  "\"json\"; sample = 1; parent = false; errors = false; slow "
		  "= \"1s\"; propagate = [ \"b3\", \"b3_multi\", \"w3c\" ]; "
		  "correlation_id = \"X-Correlation-ID\"; service = \"edge\"; "
		  "resource = [ \"a=b\", \"c=d=e\" ]; headers = [ "
		  "\"Authorization: Bearer x\", \"X-A:b\" ]; timeout = \"1s\"; "
		  "interval = \"100ms\"; batch = 1; queue = \"64k\";"),
	    "" },
	{ TRACING("propagate = [ ]; correlation_id = \"X-Flow\";"), "" },
	/* the receiver */
	{ TRACING("endpoint = \"127.0.0.1:4318\";"),
	    "f:1: tracing.endpoint: \"127.0.0.1:4318\" is neither an http nor "
	    "an https url\n" },
	{ TRACING("endpoint = \"http:///v1\";"),
	    "f:1: tracing.endpoint: \"http:///v1\" has no host, or none that "
	    "could be one\n" },
	{ TRACING("headers = [ \"X-A\",\n\"a b: c\", \"Host: a\", "
		  "\"content-type: a\", \"Content-Length: 1\" ];"),
	    "f:1: tracing.headers: \"X-A\" is not of the form \"Name: "
	    "value\"\n"
	    "f:2: tracing.headers: \"a b\" is not of the form \"Name: "
	    "value\"\n"
	    "f:2: tracing.headers: \"Host\" is replaced by \"host\" of a "
	    "service\n"
	    "f:2: tracing.headers: \"content-type\" says what the gateway "
	    "says itself\n"
	    "f:2: tracing.headers: \"Content-Length\" frames the message and "
	    "cannot be changed\n" },
	{ TRACING("resource = [ \"a\", \"=b\", \"c=1\", \"c=2\",\n"
		  "\"service.name=x\" ];"),
	    "f:1: tracing.resource: \"a\" is not of the form \"key=value\"\n"
	    "f:1: tracing.resource: \"=b\" is not of the form "
	    "\"key=value\"\n"
	    "f:1: tracing.resource: \"c=2\" has a key that is there already\n"
	    "f:2: tracing.resource: \"service.name=x\" is what "
	    "tracing.service is for\n" },
	{ TRACING("ca = \"x.pem\"; endpoint = \"https://a/\";"),
	    "f:1: tracing.ca: \"x.pem\" is a file, and none is read here\n" },
	{ TRACING("ca = \"x.pem\"; endpoint = \"http://a/\";"),
	    "f:1: tracing.ca: it has no effect, since tracing.endpoint is not "
	    "https\n" },
	{ TRACING("ca = \"x.pem\";"),
	    "f:1: tracing.ca: it has no effect without tracing.endpoint\n" },
	/* header fields */
	{ TRACING("propagate = [ \"w3\", \"b3\", \"b3\" ];"),
	    "f:1: tracing.propagate: there is no \"w3\"; did you mean "
	    "\"w3c\"?\n"
	    "f:1: tracing.propagate: \"b3\" is there twice\n" },
	{ TRACING("correlation_id = \"X-Request-ID\";"),
	    "f:1: tracing.correlation_id: \"X-Request-ID\" is a field with a "
	    "meaning of its own\n" },
	{ TRACING("correlation_id = \"TraceParent\";"),
	    "f:1: tracing.correlation_id: \"TraceParent\" is a field with a "
	    "meaning of its own\n" },
	{ TRACING("correlation_id = \"X-B3-TraceId\";"),
	    "f:1: tracing.correlation_id: \"X-B3-TraceId\" is a field with a "
	    "meaning of its own\n" },
	{ TRACING("correlation_id = \"x user\";"),
	    "f:1: tracing.correlation_id: \"x user\" is not the name of a "
	    "header field\n" },
	{ TRACING("correlation_id = \"x-user_id\";"),
	    "f:1: tracing.correlation_id: \"x-user_id\" is set by the gateway "
	    "alone (identity_headers)\n" },
	/* numbers */
	{ TRACING("sample = 2;"),
	    "f:1: tracing.sample: 2 is out of range (0.0 to 1.0)\n" },
	{ TRACING("sample = \"0.1\";"),
	    "f:1: tracing.sample: expected a number such as 0.01, got a "
	    "string\n" },
	{ TRACING("batch = 0; queue = 1; timeout = \"0\";"),
	    "f:1: tracing.batch: 0 is out of range (1 to 8192)\n"
	    "f:1: tracing.queue: 1 is out of range (\"64k\" to \"1g\")\n"
	    "f:1: tracing.timeout: 0 is out of range (\"100ms\" to \"5m\")\n" },
	{ "metrics = { max_histograms = 4097; };\n" REST,
	    "f:1: metrics.max_histograms: 4097 is out of range (0 to "
	    "4096)\n" },
	{ "metrics = { max_histograms = 0; };\n" REST, "" },
	/* masks */
	{ MASK("headers = [ ]; query = [ ]; text = [ ];"), "" },
	{ MASK("headers = [ \"A\",\n\"b c\", \"A\" ]; query = [ \"q\", \"q\" "
	       "]; text = [ \"mail\", \"ibam\" ];"),
	    "f:2: mask.text: there is no \"mail\"; did you mean \"email\"?\n"
	    "f:2: mask.text: there is no \"ibam\"; did you mean \"iban\"?\n"
	    "f:2: mask.headers: \"b c\" is not the name of a header field\n"
	    "f:2: mask.headers: \"A\" is there twice\n"
	    "f:2: mask.query: \"q\" is there twice\n" },
	/* the recorder */
	{ RECORDER("ring = \"1m\"; audit_ring = \"256k\";") REST, "" },
	{ RECORDER("ring = 0; audit_ring = \"0\";") REST, "" },
	{ RECORDER("ring = \"3m\";\naudit_ring = \"262145\";") REST,
	    "f:1: recorder.ring: it must be a power of two\n"
	    "f:2: recorder.audit_ring: it must be a power of two\n" },
	{ RECORDER("ring = \"32k\"; audit_ring = \"2g\";") REST,
	    "f:1: recorder.ring: 32k is out of range (\"256k\" to \"1g\", and "
	    "0 for no limit)\n"
	    "f:1: recorder.audit_ring: 2g is out of range (\"256k\" to \"1g\", "
	    "and 0 for no limit)\n" },
	{ RECORDER("ring = 0;") "access_log = ( { path = \"/a\"; } );\n"
				"audit_log = ( { path = \"/b\"; } );\n" REST,
	    "f:1: recorder.ring: without it there is nothing for "
	    "access_log\n" },
	{ RECORDER("ring = 0;") TRACING("endpoint = \"http://a/\";"),
	    "f:1: recorder.ring: without it there is nothing for "
	    "tracing.endpoint\n" },
	{ RECORDER("ring = 0;") TRACING(""), "" },
	{ RECORDER("audit_ring = 0;") "audit_log = ( { path = \"/b\"; } "
				      ");\n" REST,
	    "f:1: recorder.audit_ring: without it there is nothing for "
	    "audit_log\n" },
};

START_TEST(each)
{
	conf_try_expect(cases[_i].text, cases[_i].complaints);
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("conf_check_trace");

	tcase_add_loop_test(
	    tc, each, 0, (int)(sizeof(cases) / sizeof(cases[0])));
	return conf_try_run("conf_check_trace", tc);
}
