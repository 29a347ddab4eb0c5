/*
 * "@include" lines and the files that `include` names: what is read, where
 * complaints point to, and what is refused.
 */
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/unit/master/conf_try.h"

static char folder[] = "/tmp/conf-text-XXXXXX";

/* Writes a file of this name and content into the folder. */
static void
put(const char *name, const char *content)
{
	char path[128];
	FILE *f;

	(void)snprintf(path, sizeof(path), "%s/%s", folder, name);
	f = fopen(path, "w");
	ck_assert_ptr_nonnull(f);
	(void)fputs(content, f);
	ck_assert_int_eq(fclose(f), 0);
}

/* Loads "main.conf"; complaints as if the folder were "D". */
static void
load(struct conf_try *t)
{
	struct text out = { 0 };
	char path[128];
	size_t n = strlen(folder);

	(void)snprintf(path, sizeof(path), "%s/main.conf", folder);
	conf_try_file(t, path);
	for (const char *p = t->complaints; *p != '\0'; p++) {
		if (strncmp(p, folder, n) != 0) {
			text_add_char(&out, *p);
			continue;
		}
		text_add_char(&out, 'D');
		p += n - 1;
	}
	text_add_char(&out, '\0');
	free(t->complaints);
	t->complaints = out.p;
}

static void
expect(const char *complaints)
{
	struct conf_try t;

	load(&t);
	ck_assert_str_eq(t.complaints, complaints);
	conf_try_fini(&t);
}

START_TEST(included_in_place)
{
	struct conf_try t;

	put("log.inc", "level = \"warn\";\n# no end of line below\nbad = 1;");
	put("main.conf",
	    "log = {\n  @include \"log.inc\" # here\ntarget = 2;\n};\n" REST);
	load(&t);
	ck_assert_str_eq(t.complaints,
	    "D/log.inc:3: unknown key \"bad\" in \"log\"\n"
	    "D/main.conf:3: log.target: expected a string, got an integer\n");
	ck_assert_str_eq(t.c.log_level_word, "warn");
	conf_try_fini(&t);
}
END_TEST

START_TEST(relative_to_the_main_file)
{
	put("sub/a.inc", "@include \"sub/b.inc\"\n");
	put("sub/b.inc", "\nworker = 1;\n");
	put("main.conf", "@include \"sub/a.inc\"\nwork = 1;\n" REST);
	expect("D/sub/b.inc:2: unknown key \"worker\"; did you mean "
	       "\"workers\"?\nD/main.conf:2: unknown key \"work\"\n");
}
END_TEST

START_TEST(syntax_in_an_included_file)
{
	put("a.inc", "\n\nworkers = ;\n");
	put("main.conf", "@include \"a.inc\"\n" REST);
	expect("D/a.inc:3: syntax error\n");
}
END_TEST

START_TEST(refused_includes)
{
	put("self.inc", "\n@include \"self.inc\"\n");
	put("open.inc", "a = /* never ends\n");
	put("main.conf", "@include \"self.inc\"\n");
	expect("D/self.inc:2: \"D/self.inc\" includes itself\n");
	put("main.conf", "\n@include \"nowhere.inc\"\n");
	expect("D/main.conf:2: cannot read \"D/nowhere.inc\": No such file or "
	       "directory\n");
	put("main.conf", "@include \"sub\"\n");
	expect("D/main.conf:1: cannot read \"D/sub\": it is not a regular "
	       "file\n");
	put("main.conf", "@include \"open.inc\"\n*/ 1;\n");
	expect("D/open.inc:1: the comment that begins here has no end\n");
}
END_TEST

START_TEST(nesting)
{
	char name[16], content[64];

	for (int i = 1; i <= 11; i++) {
		(void)snprintf(name, sizeof(name), "n%d.inc", i);
		(void)snprintf(
		    content, sizeof(content), "@include \"n%d.inc\"\n", i + 1);
		put(name, i < 11 ? content : "");
	}
	put("main.conf", "@include \"n2.inc\"\n" REST);
	expect("");
	put("main.conf", "@include \"n1.inc\"\n" REST);
	expect("D/n10.inc:1: files are included more than 10 deep\n");
}
END_TEST

/* A pipe without a writer: nothing to hang on. */
START_TEST(not_a_file)
{
	char path[128];

	(void)snprintf(path, sizeof(path), "%s/pipe", folder);
	ck_assert_int_eq(mkfifo(path, 0600), 0);
	put("main.conf", "@include \"pipe\"\n");
	expect("D/main.conf:1: cannot read \"D/pipe\": it is not a regular "
	       "file\n");
}
END_TEST

START_TEST(patterns)
{
	struct conf_try t;

	put("sub/20.conf",
	    "routes = ( { path = \"/b\"; service = \"extra\"; } );\n");
	put("sub/10.conf",
	    "services = { extra = { endpoints = ( { address = "
	    "\"127.0.0.1:82\"; } ); }; };\n"
	    "routes = { named = { path = \"/a\"; service = \"be\"; }; };\n"
	    "timeouts = { idle = \"1s\"; };\n");
	put("sub/30.other", "nothing that could be read");
	/* The second pattern names files that were read already. */
	put("main.conf",
	    "include = [ \"sub/*.conf\", \"*/10.conf\", \"none*\", "
	    "\"main.conf\" ];\ntimeouts = { head = \"2s\"; };\n" REST);
	load(&t);
	ck_assert_str_eq(t.complaints, "");
	ck_assert_uint_eq(t.c.service_count, 2);
	ck_assert_uint_eq(t.c.route_count, 3);
	ck_assert_str_eq(t.c.routes[0].name, "/");
	ck_assert_str_eq(t.c.routes[1].name, "named");
	ck_assert_str_eq(t.c.routes[2].path, "/b");
	ck_assert_uint_eq(t.c.routes[2].service_index, 1);
	ck_assert_uint_eq(t.c.timeouts.head, 2000000);
	ck_assert_uint_eq(t.c.timeouts.idle, 1000000);
	conf_try_fini(&t);
}
END_TEST

START_TEST(pattern_conflicts)
{
	put("sub/10.conf",
	    "\nservices = { be = { endpoints = ( { address = "
	    "\"127.0.0.1:82\"; } ); }; };\n"
	    "workers = 2;\ntimeouts = { head = \"1s\"; };\ninclude = \"x\";\n"
	    "routes = ( { name = \"r\"; path = \"/a\"; service = \"be\"; } "
	    ");\n");
	put("main.conf",
	    "include = \"sub/10.conf\";\nworkers = 1;\n"
	    "timeouts = { head = \"2s\"; };\n" LISTENER SERVICE
	    "routes = ( { name = \"r\"; path = \"/\"; service = \"be\"; } "
	    ");\n");
	expect("D/sub/10.conf:2: there is a service \"be\" already, at "
	       "D/main.conf:5\n"
	       "D/sub/10.conf:3: workers: given already at D/main.conf:2\n"
	       "D/sub/10.conf:4: timeouts.head: given already at "
	       "D/main.conf:3\n"
	       "D/sub/10.conf:5: include: given already at D/main.conf:1\n"
	       "D/sub/10.conf:6: there is a route \"r\" already, at "
	       "D/main.conf:6\n");
}
END_TEST

START_TEST(pattern_without_file)
{
	put("main.conf", "include = [ \"nowhere.conf\" ];\n" REST);
	expect("D/main.conf:1: include: there is no file \"nowhere.conf\"\n");
}
END_TEST

START_TEST(broken_file_hides_no_other)
{
	put("sub/10.conf", "services = {\n");
	put("sub/20.conf", "worker = 1;\n");
	put("main.conf",
	    "include = \"sub/*.conf\";\n" LISTENER
	    "routes = ( { path = \"/\"; service = \"there\"; } );\n");
	expect("D/sub/10.conf:1: syntax error\n"
	       "D/sub/20.conf:1: unknown key \"worker\"; did you mean "
	       "\"workers\"?\n");
}
END_TEST

START_TEST(no_file)
{
	expect("cannot read \"D/main.conf\": No such file or directory\n");
}
END_TEST

static void
setup(void)
{
	char path[128];

	(void)strcpy(folder + sizeof(folder) - 7, "XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(folder));
	(void)snprintf(path, sizeof(path), "%s/sub", folder);
	ck_assert_int_eq(mkdir(path, 0700), 0);
}

static void
teardown(void)
{
	char command[160];

	(void)snprintf(command, sizeof(command), "rm -r '%s'", folder);
	ck_assert_int_eq(system(command), 0);
}

int
main(void)
{
	static const TTest *const *const tests[] = { &included_in_place,
		&relative_to_the_main_file, &syntax_in_an_included_file,
		&refused_includes, &nesting, &not_a_file, &patterns,
		&pattern_conflicts, &pattern_without_file,
		&broken_file_hides_no_other, &no_file };
	TCase *tc = tcase_create("all");

	tcase_add_checked_fixture(tc, setup, teardown);
	for (size_t i = 0; i < sizeof(tests) / sizeof(tests[0]); i++)
		tcase_add_test(tc, *tests[i]);
	return conf_try_run("conf_text", tc);
}
