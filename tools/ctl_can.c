/*
 * ctl_can.c - see ctl_can.h.
 */
#include "tools/ctl_can.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "tools/ctl_exec.h"

static bool
can_write(int fd, struct slice bytes)
{
	while (bytes.n != 0) {
		ssize_t n = write(fd, bytes.p, bytes.n);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		bytes = slice_skip(bytes, (size_t)n);
	}
	return lseek(fd, 0, SEEK_SET) == 0;
}

/* The image is its standard input. Returns when it cannot be started. */
static void
can_exec(const struct ctl_call *c)
{
	const char *argv[8] = { "penstock", "--can" };
	size_t count = 2;

	if (c->json)
		argv[count++] = "--json";
	argv[count++] = "--"; /* claims may be "-" */
	for (size_t i = 0; i < 3; i++)
		argv[count++] = c->args[i];
	ctl_exec_penstock(argv);
}

enum ctl_exit
ctl_can(const struct ctl_call *c)
{
	const struct ctl_request q = { "GET", SLICE_LIT("/v1/image"), "" };
	struct ctl_said said;
	int fd = -1;

	if (!ctl_ask(c, &q, &said)) {
		ctl_said_fini(&said);
		return CTL_REFUSED;
	}
	if (said.status != 200) {
		(void)ctl_accepted(c, &said);
		ctl_said_fini(&said);
		return CTL_REFUSED;
	}
	fd = memfd_create("penstock-image", MFD_CLOEXEC);
	if (fd >= 0 && can_write(fd, text_slice(&said.body)) &&
	    dup2(fd, STDIN_FILENO) == STDIN_FILENO)
		can_exec(c);
	else
		(void)fprintf(stderr,
		    "penstockctl: cannot keep the image: %s\n",
		    strerror(errno));
	ctl_said_fini(&said);
	return CTL_REFUSED;
}
