/*
 * conf_try.h - for the tests of the configuration: load a text, look at every
 * complaint at once.
 */
#ifndef TESTS_UNIT_MASTER_CONF_TRY_H
#define TESTS_UNIT_MASTER_CONF_TRY_H

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/text.h"
#include "master/conf.h"

/* A listener, a service and a route: the rest of a file under test. */
#define LISTENER "listeners = ( { address = \"127.0.0.1:80\"; } );\n"
#define SERVICE                                                              \
	"services = { be = { endpoints = ( { address = \"127.0.0.1:81\"; } " \
	"); "                                                                \
	"}; };\n"
#define ROUTE "routes = ( { path = \"/\"; service = \"be\"; } );\n"
#define PING "routes = ( { path = \"/\"; respond = { }; } );\n"
#define REST LISTENER SERVICE ROUTE

/* A service with these keys, on line 2 and those after it. */
#define SERVICE_WITH(keys)                                               \
	LISTENER "services = { be = { " keys " endpoints = ( { address " \
		 "= \"127.0.0.1:81\"; } ); }; };\n" ROUTE

struct conf_try {
	struct conf c;
	struct diag d;
	bool ok;
	char *complaints; /* a line each */
};

static inline void
conf_try_end(struct conf_try *t, bool ok)
{
	struct text all = { 0 };
	char line[1024];

	t->ok = ok;
	for (size_t i = 0; i < t->d.count; i++) {
		(void)diag_format(&t->d, i, line, sizeof(line));
		text_printf(&all, "%s\n", line);
	}
	text_add_char(&all, '\0');
	t->complaints = all.p;
}

/* The text is that of a file "f". */
static inline void
conf_try_text(struct conf_try *t, const char *text)
{
	diag_init(&t->d);
	conf_try_end(t, conf_load_text(&t->c, "f", slice_str(text), &t->d));
}

static inline void
conf_try_file(struct conf_try *t, const char *path)
{
	diag_init(&t->d);
	conf_try_end(t, conf_load(&t->c, path, &t->d));
}

static inline void
conf_try_fini(struct conf_try *t)
{
	free(t->complaints);
	conf_free(&t->c);
	diag_fini(&t->d);
}

/* The complaints about a text, all of them, in order. */
static inline void
conf_try_expect(const char *text, const char *complaints)
{
	struct conf_try t;

	conf_try_text(&t, text);
	ck_assert_str_eq(t.complaints, complaints);
	ck_assert_int_eq(t.ok, strstr(complaints, "f:") == NULL);
	conf_try_fini(&t);
}

struct conf_case {
	const char *text, *complaints;
};

/* Runs the case as a suite of that name; what main returns. */
static inline int
conf_try_run(const char *name, TCase *tc)
{
	Suite *s = suite_create(name);
	SRunner *sr;
	int failed;

	suite_add_tcase(s, tc);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_NORMAL);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

#endif
