/*
 * What is said of logs: where they go, what they have, how it looks.
 */
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/unit/master/conf_try.h"

#define LOG(keys) "access_log = ( { " keys " } );\n" REST
#define OUT(keys) LOG("path = \"stdout\"; " keys)
#define AUDIT(keys) "audit_log = ( { " keys " } );\n" REST

static const struct conf_case cases[] = {
	{ OUT(""), "" },
	{ LOG("path = \"/var/log/a\";"), "" },
	{ LOG("path = \"journal\"; headers = \"*\";"), "" },
	{ LOG("path = \"syslog:/dev/log\"; facility = \"daemon\";"), "" },
	{ LOG("path = \"syslog:[::1]:514\"; format = \"common\";"), "" },
	{ LOG("path = \"syslog:logs.example:1514\"; sample = 0.000001;"), "" },
	{ OUT("when = { status = [ \"404\", \"500-599\" ]; why = [ \"ok\", "
	      "\"shed\" ]; services = \"be\"; methods = [ \"GET\", \"other\" "
	      "]; slow = \"1s\"; errors = true; };"),
	    "" },
	/* A route without a name has one nevertheless. */
	{ OUT("when = { routes = \"/\"; };"), "" },
	{ OUT("format = \"template\"; template = \"{{{status}}} "
	      "{header:X-A} {query:a}\";"),
	    "" },
	/* where */
	{ LOG(""), "f:1: an access log needs a path\n" },
	{ LOG("path = \"\";"), "f:1: path: the string is empty\n" },
	{ LOG("path = \"log/a\";"),
	    "f:1: path: \"log/a\" is neither an absolute path nor \"stdout\", "
	    "\"journal\" or \"syslog:...\"\n" },
	{ LOG("path = \"journald\";"),
	    "f:1: path: \"journald\" is neither an absolute path nor "
	    "\"stdout\", \"journal\" or \"syslog:...\"; did you mean "
	    "\"journal\"?\n" },
	{ LOG("path = \"syslog:\";"),
	    "f:1: path: \"syslog:\" is neither \"syslog:\" with the path of a "
	    "socket nor one such as \"syslog:127.0.0.1:514\"\n" },
	{ LOG("path = \"syslog:10.0.0.1\";"),
	    "f:1: path: \"syslog:10.0.0.1\" is neither \"syslog:\" with the "
	    "path of a socket nor one such as \"syslog:127.0.0.1:514\"\n" },
	{ LOG("path = \"syslog:/dev/log\"; facility = \"loca10\";"),
	    "f:1: facility: syslog has no \"loca10\"; did you mean "
	    "\"local0\"?\n" },
	{ "access_log = ( { path = \"/a\"; },\n{ path = \"/b\"; },\n"
	  "{ path = \"/a\"; } );\naudit_log = ( { path = \"/b\"; } );\n" REST,
	    "f:3: path: \"/a\" has a log already, at f:1\n"
	    "f:4: path: \"/b\" has a log already, at f:2\n" },
	{ "access_log = ( { path = \"stdout\"; },\n{ path = \"stdout\"; } );\n"
	  "audit_log = ( { path = \"stdout\"; } );\n" REST,
	    "f:2: path: \"stdout\" has a log already, at f:1\n"
	    "f:3: path: \"stdout\" is no file, which an audit log has to "
	    "be\n" },
	/* which requests */
	{ OUT("when = { status = [ \"5xx\",\n\"404\", \"404\" ]; };"),
	    "f:1: when.status: \"5xx\" is no status and no range of them, "
	    "such as \"200-299\"\n"
	    "f:2: when.status: \"404\" is there twice\n" },
	{ OUT("when = { why = [ \"no_rout\", \"shed\", \"shed\" ]; };"),
	    "f:1: when.why: there is no reason \"no_rout\"; did you mean "
	    "\"no_route\"?\n"
	    "f:1: when.why: \"shed\" is there twice\n" },
	{ OUT("when = { routes = [ \"a\", \"/\" ]; services = \"eb\"; };"),
	    "f:1: when.routes: there is no route \"a\"\n"
	    "f:1: when.services: there is no service \"eb\"; did you mean "
	    "\"be\"?\n" },
	{ OUT("when = { methods = [ \"GETS\", \"PUT\", \"PUT\" ]; };"),
	    "f:1: when.methods: there is no \"GETS\" (what is not well known "
	    "is \"other\"); did you mean \"GET\"?\n"
	    "f:1: when.methods: \"PUT\" is there twice\n" },
	{ OUT("when = { slow = \"100us\"; };"),
	    "f:1: when.slow: 100us is out of range (\"1ms\" to \"1d\", and 0 "
	    "for no limit)\n" },
	{ OUT("when = { slaw = \"1s\"; };"),
	    "f:1: unknown key \"slaw\" in \"when\"; did you mean \"slow\"?\n" },
	{ OUT("sample = 1.01;"),
	    "f:1: sample: 1.01 is out of range (0.0 to 1.0)\n" },
	{ OUT("sample = -0.1;"),
	    "f:1: sample: -0.1 is out of range (0.0 to 1.0)\n" },
	{ OUT("sample = 0.0000001;"),
	    "f:1: sample: 1e-07 has more than six digits after the point\n" },
	{ OUT("sample = 0.0;"), "" },
	{ OUT("sample = 0;\nkeep_errors = false;"),
	    "f:1: sample: nothing is ever logged, since it is 0 and "
	    "keep_errors is false\n" },
	/* how it looks */
	{ OUT("format = \"jsn\";"),
	    "f:1: format: there is no \"jsn\" (there is \"json\", "
	    "\"combined\", \"common\", \"dev\", \"template\")\n" },
	{ OUT("format = \"template\";"),
	    "f:1: format: \"template\" needs a template\n" },
	{ OUT("format = \"dev\";\ntemplate = \"{status}\";"),
	    "f:2: template: the format \"dev\" has none\n" },
	{ OUT("format = \"template\"; template = \"a {statuss}\";"),
	    "f:1: template: \"a {statuss}\" has the unknown name "
	    "\"statuss\"\n" },
	{ OUT("format = \"template\"; template = \"}\";"),
	    "f:1: template: \"}\" has a brace without its counterpart; braces "
	    "are written {{ and }}: \"}\"\n" },
	{ OUT("format = \"combined\"; headers = \"A\";"),
	    "f:1: headers: the format \"combined\" shows none\n" },
	{ OUT("format = \"dev\"; response_headers = \"A\";"),
	    "f:1: response_headers: the format \"dev\" shows none\n" },
	{ OUT("headers = [ \"A\", \"*\", \"b c\" ]; response_headers = "
	      "[ \"A\", \"A\" ]; query = [ \"*\", \"a\" ];"),
	    "f:1: headers: \"b c\" is not the name of a header field\n"
	    "f:1: headers: \"*\" is all of them, and stands alone\n"
	    "f:1: response_headers: \"A\" is there twice\n"
	    "f:1: query: \"*\" is all of them, and stands alone\n" },
	{ OUT("headers = [ \"a0\", \"a1\", \"a2\", \"a3\", \"a4\", \"a5\", "
	      "\"a6\", \"a7\" ]; response_headers = [ \"a0\", \"a1\", "
	      "\"a2\", \"a3\", \"a4\", \"a5\", \"a6\", \"a7\" ];"),
	    "" },
	{ "access_log = ( { path = \"/a\"; headers = [ \"a0\", \"a1\", "
	  "\"a2\", \"a3\", \"a4\", \"a5\", \"a6\", \"a7\" ]; },\n"
	  "{ path = \"/b\"; response_headers = [ \"a0\", \"a1\", \"a2\", "
	  "\"a3\", \"a4\", \"a5\", \"a6\", \"a7\" ]; },\n"
	  "{ path = \"/c\"; headers = \"A0\"; },\n"
	  "{ path = \"/d\"; format = \"template\"; template = "
	  "\"{header:a8}\"; } );\n" REST,
	    "f:4: access_log: all logs together show more than 16 header "
	    "fields\n" },
	/* the audit log */
	{ AUDIT("path = \"/a\"; events = [ \"banned\", \"auth_ok\" ]; "
		"when_full = \"refuse\";"),
	    "" },
	{ AUDIT(""), "f:1: an audit log needs a path\n" },
	{ AUDIT("path = \"/a\"; events = [ \"breakr\", \"banned\", "
		"\"banned\" ]; when_full = \"block\";"),
	    "f:1: when_full: there is no \"block\" (there is \"refuse\", "
	    "\"count\")\n"
	    "f:1: events: there is no event \"breakr\"; did you mean "
	    "\"breaker\"?\n"
	    "f:1: events: \"banned\" is there twice\n" },
	{ "access_log = ( { path = \"/a\"; when_full = \"refuse\"; } );\n" REST,
	    "f:1: unknown key \"when_full\" in an access log\n" },
	{ AUDIT("path = \"/a\"; key_file = \"k\";"),
	    "f:1: key_file: \"k\" is a file, and none is read here\n" },
};

START_TEST(each)
{
	conf_try_expect(cases[_i].text, cases[_i].complaints);
}
END_TEST

START_TEST(not_too_many)
{
	struct text text = { 0 };

	text_add(&text,
	    SLICE_LIT("audit_log = ( { path = \"/0\"; } );\n"
		      "access_log = (\n"));
	for (int i = 1; i < 65; i++)
		text_printf(
		    &text, "%s{ path = \"/%d\"; }\n", i == 1 ? "" : ",", i);
	text_add(&text, SLICE_LIT(");\n" REST));
	text_add_char(&text, '\0');
	conf_try_expect(
	    text.p, "f:1: there are 65 logs, and 64 are possible\n");
	text_fini(&text);
}
END_TEST

/* ---- with files ---- */

static char folder[] = "/tmp/penstock-logs.XXXXXX";

static void
put(const char *name, const char *text, mode_t mode)
{
	char path[256];
	FILE *f;

	(void)snprintf(path, sizeof(path), "%s/%s", folder, name);
	f = fopen(path, "w");
	ck_assert_ptr_nonnull(f);
	(void)fputs(text, f);
	(void)fclose(f);
	ck_assert_int_eq(chmod(path, mode), 0);
}

/* The complaint about a configuration with these keys; "@" is the folder. */
static void
expect(const char *keys, const char *complaint)
{
	struct text text = { 0 }, want = { 0 };
	char path[256];
	struct conf_try t;

	for (const char *p = keys; *p != '\0'; p++)
		if (*p == '@')
			text_add(&text, slice_str(folder));
		else
			text_add_char(&text, *p);
	text_printf(&text, "\nuser = \"nobody\";\n" REST);
	text_add_char(&text, '\0');
	put("c", text.p, 0644);
	(void)snprintf(path, sizeof(path), "%s/c", folder);
	conf_try_file(&t, path);
	for (const char *p = complaint; *p != '\0'; p++)
		if (*p == '@')
			text_add(&want, slice_str(folder));
		else
			text_add_char(&want, *p);
	text_add_char(&want, '\0');
	ck_assert_str_eq(t.complaints, want.p);
	conf_try_fini(&t);
	text_fini(&text);
	text_fini(&want);
}

static void
setup(void)
{
	ck_assert_ptr_nonnull(mkdtemp(folder));
	ck_assert_int_eq(chmod(folder, 0777), 0);
}

static void
teardown(void)
{
	static const char *const names[] = { "c", "log", "key", "short" };
	char path[256];

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		(void)snprintf(path, sizeof(path), "%s/%s", folder, names[i]);
		(void)unlink(path);
	}
	ck_assert_int_eq(rmdir(folder), 0);
}

START_TEST(files)
{
	expect("access_log = ( { path = \"@/log\"; } );", "");
	ck_assert_int_eq(access("log", F_OK), -1);
	put("log", "", 0666);
	expect("access_log = ( { path = \"@/log\"; } );", "");
	expect("access_log = ( { path = \"@/none/log\"; } );",
	    "@/c:1: path: \"@/none/log\" cannot be made in @/none: No such "
	    "file or directory\n");
	expect("access_log = ( { path = \"@\"; } );",
	    "@/c:1: path: \"@\" is a folder\n");
	expect("audit_log = ( { path = \"@/log/log\"; } );",
	    "@/c:1: path: \"@/log/log\" cannot be made in @/log: Not a "
	    "directory\n");
	put("log", "", 0444);
	expect("audit_log = ( { path = \"@/log\"; } );",
	    "@/c:1: path: \"@/log\" cannot be written to: Permission "
	    "denied\n");
	ck_assert_int_eq(chmod(folder, 0755), 0);
	expect("access_log = ( { path = \"/proc/sys/log\"; } );",
	    "@/c:1: path: \"/proc/sys/log\" cannot be made in /proc/sys: "
	    "Permission denied\n");
	/* Whoever asked is still who he was. */
	put("log", "", 0600);
	ck_assert_int_eq(access(folder, W_OK), 0);
}
END_TEST

START_TEST(keys)
{
	put("key", "0123456789abcdef0123456789abcdef", 0644);
	put("short", "0123456789abcdef", 0644);
	expect(
	    "audit_log = ( { path = \"@/log\"; key_file = \"key\"; } );", "");
	expect("audit_log = ( { path = \"@/log\"; key_file = \"short\"; } );",
	    "@/c:1: key_file: \"@/short\" has 16 bytes, and a key has 32 "
	    "to 4096 (without the end of line)\n");
	/* As penstocklog counts them. */
	put("short", "0123456789abcdef0123456789abcde\n", 0644);
	expect("audit_log = ( { path = \"@/log\"; key_file = \"short\"; } );",
	    "@/c:1: key_file: \"@/short\" has 31 bytes, and a key has 32 "
	    "to 4096 (without the end of line)\n");
	if (geteuid() != 0)
		return;
	put("key", "0123456789abcdef0123456789abcdef", 0600);
	expect("audit_log = ( { path = \"@/log\"; key_file = \"key\"; } );",
	    "@/c:1: key_file: \"@/key\" cannot be read by the user "
	    "\"nobody\": Permission denied\n");
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("conf_check_logs");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_loop_test(
	    tc, each, 0, (int)(sizeof(cases) / sizeof(cases[0])));
	tcase_add_test(tc, not_too_many);
	tcase_add_test(tc, files);
	tcase_add_test(tc, keys);
	return conf_try_run("conf_check_logs", tc);
}
