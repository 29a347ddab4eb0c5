/*
 * attach.c - see attach.h.
 */
#include "tools/attach.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "common/base/text.h"
#include "common/net/fds.h"

#define ATTACH_WAIT_S 10
#define ATTACH_TRIES 16

/* What the gateway answered. */
struct answer {
	struct text text;
	int fds[FDS_PASSED_MAX];
	unsigned count;
};

static void
answer_fini(struct answer *a)
{
	while (a->count != 0)
		(void)close(a->fds[--a->count]);
	text_fini(&a->text);
}

/* ---- asking ---- */

static int
attach_connect(const char *path, struct diag *d)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	const struct timeval wait = { .tv_sec = ATTACH_WAIT_S };
	size_t n = strlen(path);
	int fd = -1;

	errno = ENAMETOOLONG;
	if (n < sizeof(sun.sun_path)) {
		memcpy(sun.sun_path, path, n);
		fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	}
	if (fd >= 0 &&
	    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof(wait)) == 0 &&
	    connect(fd, (const struct sockaddr *)&sun, sizeof(sun)) == 0)
		return fd;
	diag_error(d, NULL, 0, "cannot reach %s: %s", path, strerror(errno));
	if (fd >= 0)
		(void)close(fd);
	return -1;
}

/* False with errno. */
static bool
attach_ask(int fd, const char *target, struct answer *a)
{
	struct text request;
	char block[4096];
	ssize_t n;
	bool ok;

	text_init(&request);
	text_printf(&request,
	    "GET %s HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
	    target);
	ok = send(fd, request.p, request.n, MSG_NOSIGNAL) == (ssize_t)request.n;
	text_fini(&request);
	while (ok &&
	    (n = fds_recv(fd, block, sizeof(block), a->fds, &a->count)) != 0) {
		ok = n > 0;
		if (ok)
			text_add(&a->text, slice_make(block, (size_t)n));
	}
	return ok;
}

/* "HTTP/1.1 200 ...": only then, and with so many descriptors. */
static bool
answer_is_good(const struct answer *a, unsigned want)
{
	return a->text.n > 12 && memcmp(a->text.p, "HTTP/1.1 200", 12) == 0 &&
	    a->count == want;
}

/* What a refusal says of itself, else its status. */
static void
answer_complain(const struct answer *a, const char *path, const char *target,
    struct diag *d)
{
	static const char key[] = "\"detail\":\"";
	const char *said = a->text.n != 0
	    ? memmem(a->text.p, a->text.n, key, sizeof(key) - 1)
	    : NULL;
	struct slice rest = SLICE_NONE;
	const char *end;

	if (said != NULL) {
		said += sizeof(key) - 1;
		rest = slice_make(said, (size_t)(a->text.p + a->text.n - said));
		end = memchr(rest.p, '"', rest.n);
		rest.n = end != NULL ? (size_t)(end - rest.p) : rest.n;
	} else if (a->text.n > 12) {
		rest = slice_make(a->text.p, 12);
	}
	diag_error(d, NULL, 0, "%s does not give %s: %.*s", path, target,
	    SLICE_FMT(rest));
}

static bool
attach_get(const char *path, const char *target, unsigned want,
    struct answer *a, struct diag *d)
{
	int fd = attach_connect(path, d);
	bool ok;

	*a = (struct answer){ .count = 0 };
	text_init(&a->text);
	if (fd < 0)
		return false;
	ok = attach_ask(fd, target, a);
	if (!ok)
		diag_error(d, NULL, 0, "%s: %s", path,
		    errno == EAGAIN ? "no answer in time" : strerror(errno));
	(void)close(fd);
	if (ok && !answer_is_good(a, want)) {
		answer_complain(a, path, target, d);
		ok = false;
	}
	return ok;
}

bool
attach_region(
    struct region *r, const char *socket_path, unsigned what, struct diag *d)
{
	struct region_fds fds = REGION_FDS_NONE;
	struct answer all, secrets = { .count = 0 };
	bool ok = attach_get(socket_path, "/v1/region", 4, &all, d);

	if (ok && (what & ATTACH_SECRETS) != 0)
		ok = attach_get(socket_path, "/v1/secrets", 1, &secrets, d);
	if (ok) {
		fds.state = all.fds[0];
		fds.images = all.fds[1];
		fds.records = all.fds[2];
		fds.readers = all.fds[3];
		if (secrets.count != 0)
			fds.secrets = secrets.fds[0];
		ok = region_attach(r, &fds, d);
	}
	if (ok)
		all.count = secrets.count = 0; /* they are the region's */
	answer_fini(&all);
	answer_fini(&secrets);
	return ok;
}

/* ---- the image ---- */

/* NULL: it lies outside, or no memory. */
static void *
part_copy(const char *from, uint64_t room, uint64_t offset, uint64_t bytes)
{
	void *copy;

	if (bytes == 0 || bytes > room || offset > room - bytes)
		return NULL;
	copy = malloc(bytes);
	if (copy != NULL)
		memcpy(copy, from + offset, bytes);
	return copy;
}

void
attached_free(struct attached *a)
{
	free(a->image);
	free(a->secrets);
	*a = (struct attached){ NULL, NULL };
}

/* Its place may be given back, and used again, at any time. */
static bool
image_copy(const struct region *r, uint64_t pub, struct attached *a)
{
	const struct shm_image *i = &r->state->images[pub & 0xffff];
	uint64_t offset = atomic_load(&i->offset);
	uint64_t bytes = atomic_load(&i->bytes);

	*a = (struct attached){ NULL, NULL };
	a->image = part_copy(r->images, r->images_bytes, offset, bytes);
	if (a->image == NULL || !image_check(a->image, bytes))
		return false;
	if (r->secrets != NULL && a->image->secret_bytes != 0) {
		a->secrets = part_copy(r->secrets, r->images_bytes, offset,
		    a->image->secret_bytes);
		if (a->secrets == NULL)
			return false;
	}
	atomic_thread_fence(memory_order_acquire);
	return atomic_load(&i->generation) == pub >> 16 &&
	    atomic_load(&i->state) >= IMAGE_READY;
}

bool
attach_image(const struct region *r, struct attached *a)
{
	for (int i = 0; i < ATTACH_TRIES; i++) {
		uint64_t pub = atomic_load(&r->state->control.pub);

		if (pub == 0 || (pub & 0xffff) >= IMAGES_MAX)
			return false;
		if (image_copy(r, pub, a))
			return true;
		attached_free(a);
	}
	return false;
}
