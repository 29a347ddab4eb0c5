/*
 * htpasswd_fuzz.c - any bytes as a file of users: those that are taken are in
 * order, each once, with a hash that libcrypt could check.
 */
#include <crypt.h>
#include <string.h>

#include "common/base/must.h"
#include "master/conf_htpasswd.h"

/* libFuzzer's entry point. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check(const struct conf_auth *a)
{
	for (size_t i = 0; i < a->password_count; i++) {
		const struct conf_password *p = &a->passwords[i];
		size_t n = strlen(p->user);

		MUST(n != 0 && n <= 255);
		MUST(conf_htpasswd_fault(p->hash) == NULL);
		MUST(strlen(p->hash) < CRYPT_OUTPUT_SIZE);
		MUST(i == 0 || strcmp(p[-1].user, p->user) < 0);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct conf_auth a = { 0 };
	struct conf c = { .main_file = "fuzz" };
	struct diag d;
	struct conf_source s = { &c, &d, { "fuzz", 1 }, "htpasswd", "users" };

	diag_init(&d);
	arena_init(&c.arena, NULL, 0, SIZE_MAX);
	conf_htpasswd_take(&s, slice_make((const char *)data, size), &a);
	/* What there is no user in is said. */
	MUST(a.password_count != 0 || d.errors != 0);
	if (d.errors == 0)
		check(&a);
	arena_fini(&c.arena);
	diag_fini(&d);
	return 0;
}
