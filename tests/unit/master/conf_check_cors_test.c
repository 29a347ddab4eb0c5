/*
 * Policies for requests from other origins, and the routes that name them.
 */
#include "tests/unit/master/conf_try.h"

#define POLICY(keys) "cors = { p = { " keys " }; };\n" REST
#define ORIGINS(list) POLICY("origins = [ " list " ];")
#define FAULT(origin, fault)                                   \
	{                                                      \
		ORIGINS("\"" origin "\""),                     \
		    "f:1: origins: \"" origin "\" " fault "\n" \
	}

static const struct conf_case good[] = {
	{ ORIGINS("\"https://app.example\", \"http://app.example\", "
		  "\"https://app.example:8443\", \"http://10.0.0.1:3000\", "
		  "\"http://[::1]:3000\", \"https://*.app.example\", "
		  "\"https://*.app.example:8443\", \"null\", "
		  "\"chrome-extension://abcdef\", \"http://localhost\""),
	    "" },
	{ POLICY("origins = \"*\"; headers = \"*\"; expose = \"*\";"), "" },
	{ POLICY("origins = \"https://a\"; credentials = true; "
		 "headers = \"*\"; expose = [ \"X-A\", \"X-B\" ]; "
		 "methods = [ \"GET\", \"PURGE\" ]; max_age = \"0\";"),
	    "" },
	{ POLICY("origins = [ ];"), "" },
	{ "cors = ( { name = \"p\"; origins = \"*\"; } );\n" REST, "" },
};

static const struct conf_case bad[] = {
	FAULT("app.example",
	    "does not begin with a scheme, such as \"https://\""),
	FAULT("//app.example",
	    "does not begin with a scheme, such as \"https://\""),
	FAULT("1ttp://app.example",
	    "does not begin with a scheme, such as \"https://\""),
	FAULT("https:/app.example",
	    "does not begin with a scheme, such as \"https://\""),
	FAULT("https://App.example", "is not in lower case"),
	FAULT("NULL", "is not in lower case"),
	FAULT("https://app.example/",
	    "has a path: an origin ends with its host or port"),
	FAULT("https://app.example?a",
	    "has a path: an origin ends with its host or port"),
	FAULT("https://me@app.example", "has a user"),
	FAULT("https://app.example:443",
	    "names the scheme's own port, which browsers leave out"),
	FAULT("http://app.example:80",
	    "names the scheme's own port, which browsers leave out"),
	FAULT("https://app.example:", "has no valid port"),
	FAULT("https://app.example:0", "has no valid port"),
	FAULT("https://app.example:080", "has no valid port"),
	FAULT("https://app.example:65536", "has no valid port"),
	FAULT("https://app.example:*", "has no valid port"),
	FAULT("https://", "has an empty label"),
	FAULT("https://app..example", "has an empty label"),
	FAULT("https://*", "has a character that no host name has"),
	FAULT("https://app.*.example", "has a character that no host name has"),
	FAULT("https://app*.example", "has a character that no host name has"),
	FAULT("https://*.*.example", "has a character that no host name has"),
	FAULT("https://a b", "has a character that no host name has"),
	FAULT("https://[::1", "has no IPv6 address in its brackets"),
	FAULT("https://[1.2.3.4]", "has no IPv6 address in its brackets"),
	{ ORIGINS("\"https://a\", \"https://a\""),
	    "f:1: origins: \"https://a\" is there twice\n" },
	{ ORIGINS("\"https://a\", \"*\""),
	    "f:1: origins: \"*\" is every origin: it stands alone\n" },
	{ POLICY("origins = \"*\";\ncredentials = true;"),
	    "f:2: credentials: every origin (\"*\") would get them; name the "
	    "origins that may\n" },
	{ POLICY(""), "f:1: a cors policy needs origins\n" },
	{ POLICY("origins = \"*\"; methods = [ \"get\", \"G T\", \"*\", "
		 "\"PUT\", \"PUT\" ];"),
	    "f:1: methods: \"get\" is not written in capitals\n"
	    "f:1: methods: \"G T\" is not a method\n"
	    "f:1: methods: \"*\" is every method: leave methods out for "
	    "that\n"
	    "f:1: methods: \"PUT\" is there twice\n" },
	{ POLICY("origins = \"*\"; headers = [ \"X-A\", \"*\", \"X:\" ];"),
	    "f:1: headers: \"*\" is every field: it stands alone\n"
	    "f:1: headers: \"X:\" is not the name of a header field\n" },
	{ POLICY("origins = \"*\"; expose = [ \"*\", \"\" ];"),
	    "f:1: expose: the string is empty\n" },
	{ POLICY("origins = \"https://a\"; credentials = true; "
		 "expose = \"*\";"),
	    "f:1: expose: with credentials, browsers take \"*\" for the name "
	    "of a field; name the fields\n" },
	{ POLICY("origins = \"*\"; max_age = \"1500ms\";"),
	    "f:1: max_age: browsers count in whole seconds\n" },
	{ POLICY("origins = \"*\"; header = \"X\";"),
	    "f:1: unknown key \"header\" in a cors policy; did you mean "
	    "\"headers\"?\n" },
	{ "cors = ( { name = \"p\"; origins = \"*\"; },\n"
	  "{ name = \"p\"; origins = \"*\"; } );\n" REST,
	    "f:2: there is a cors policy \"p\" already, at f:1\n" },
	{ "cors = ( { origins = \"*\"; } );\n" REST,
	    "f:1: a cors policy in a list needs a name\n" },
	{ "cors = { public = { origins = \"*\"; }; };\n" LISTENER SERVICE
	  "routes = ( { path = \"/\"; service = \"be\";\n"
	  "cors = \"pubic\"; } );\n",
	    "f:5: cors: there is no cors policy \"pubic\"; did you mean "
	    "\"public\"?\n" },
	{ LISTENER "routes = ( { path = \"/\"; respond = { };\n"
		   "cors = \"p\"; } );\n",
	    "f:3: cors: there is no cors policy \"p\"\n" },
	{ "cors = { p = { origins = \"*\"; }; };\n" LISTENER SERVICE
	  "routes = ( { path = \"/\"; service = \"be\"; cors = \"p\";\n"
	  "response_headers = (\n"
	  "{ set = \"access-control-allow-origin\"; value = \"*\"; },\n"
	  "{ remove = \"Access-Control-Max-Age\"; },\n"
	  "{ add = \"Access-Control-Expose-Headers\"; value = \"A\"; } ); "
	  "} );\n",
	    "f:6: set: \"access-control-allow-origin\" is set by the route's "
	    "cors policy\n"
	    "f:8: add: \"Access-Control-Expose-Headers\" is set by the "
	    "route's cors policy\n" },
};

START_TEST(each_good)
{
	conf_try_expect(good[_i].text, good[_i].complaints);
}
END_TEST

START_TEST(each_bad)
{
	conf_try_expect(bad[_i].text, bad[_i].complaints);
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("conf_check_cors");

	tcase_add_loop_test(
	    tc, each_good, 0, (int)(sizeof(good) / sizeof(good[0])));
	tcase_add_loop_test(
	    tc, each_bad, 0, (int)(sizeof(bad) / sizeof(bad[0])));
	return conf_try_run("conf_check_cors", tc);
}
