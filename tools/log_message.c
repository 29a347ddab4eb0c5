/*
 * log_message.c - see log_message.h.
 */
#include "tools/log_message.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define MESSAGES_A_TIME 64

void
log_message_begin(struct log_out *o)
{
	const uint32_t later = 0;

	text_add(&o->waiting, slice_make((const char *)&later, sizeof(later)));
}

void
log_message_end(struct log_out *o)
{
	uint32_t n = (uint32_t)(o->waiting.n - o->message - sizeof(uint32_t));

	memcpy(o->waiting.p + o->message, &n, sizeof(n));
}

int
log_message_connect(const char *path, int type)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	int fd, error;

	errno = ENAMETOOLONG;
	if (strlen(path) >= sizeof(sun.sun_path))
		return -1;
	memcpy(sun.sun_path, path, strlen(path));
	fd = socket(AF_UNIX, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0 ||
	    connect(fd, (const struct sockaddr *)&sun, sizeof(sun)) == 0)
		return fd;
	error = errno;
	(void)close(fd);
	errno = error;
	return -1;
}

/* ---- sending ---- */

static struct slice
message_at(const struct log_out *o, size_t at)
{
	uint32_t n;

	memcpy(&n, o->waiting.p + at, sizeof(n));
	return slice_make(o->waiting.p + at + sizeof(n), n);
}

static void
message_done(struct log_out *o)
{
	o->done += sizeof(uint32_t) + message_at(o, o->done).n;
	o->sent = 0;
	o->lines--;
}

/* What is too large for a datagram goes as a file, if that is how it is to be
 * (journald). */
static bool
message_send_file(const struct log_out *o, struct slice s)
{
	union {
		struct cmsghdr head;
		char room[CMSG_SPACE(sizeof(int))];
	} c = { .room = { 0 } };
	struct msghdr m = { .msg_control = &c,
		.msg_controllen = sizeof(c.room) };
	int fd = memfd_create("penstock-log", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	bool ok = fd >= 0 && write(fd, s.p, s.n) == (ssize_t)s.n &&
	    fcntl(fd, F_ADD_SEALS,
		F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE) == 0;

	c.head.cmsg_level = SOL_SOCKET;
	c.head.cmsg_type = SCM_RIGHTS;
	c.head.cmsg_len = CMSG_LEN(sizeof(fd));
	memcpy(CMSG_DATA(&c.head), &fd, sizeof(fd));
	ok = ok && sendmsg(o->fd, &m, MSG_NOSIGNAL) >= 0;
	if (fd >= 0)
		(void)close(fd);
	return ok;
}

/* The first one, which is too long. It is lost if there is no other way. */
static bool
message_send_large(struct log_out *o)
{
	if (o->to == IMG_LOG_JOURNAL &&
	    !message_send_file(o, message_at(o, o->done)))
		return false;
	if (o->to != IMG_LOG_JOURNAL)
		o->lost++;
	message_done(o);
	return true;
}

static bool
messages_send(struct log_out *o)
{
	struct mmsghdr m[MESSAGES_A_TIME] = { 0 };
	struct iovec iov[MESSAGES_A_TIME];
	size_t at = o->done;
	unsigned n = 0;
	int sent;

	for (; n < MESSAGES_A_TIME && at < o->waiting.n; n++) {
		struct slice s = message_at(o, at);

		iov[n].iov_base = o->waiting.p + at + sizeof(uint32_t);
		iov[n].iov_len = s.n;
		m[n].msg_hdr.msg_iov = &iov[n];
		m[n].msg_hdr.msg_iovlen = 1;
		at += sizeof(uint32_t) + s.n;
	}
	sent = sendmmsg(o->fd, m, n, MSG_NOSIGNAL);
	for (int i = 0; i < sent; i++)
		message_done(o);
	if (sent < 0 && errno == EMSGSIZE)
		return message_send_large(o);
	return sent >= 0 || errno == EINTR;
}

static bool
stream_send(struct log_out *o)
{
	struct slice s = message_at(o, o->done);
	ssize_t n = send(o->fd, s.p + o->sent, s.n - o->sent, MSG_NOSIGNAL);

	if (n < 0)
		return errno == EINTR;
	o->sent += (size_t)n;
	if (o->sent == s.n)
		message_done(o);
	return true;
}

bool
log_message_write(struct log_out *o)
{
	while (o->done < o->waiting.n)
		if (!(o->stream ? stream_send(o) : messages_send(o)))
			return false;
	return true;
}

void
log_message_skip(struct log_out *o)
{
	if (o->sent == 0)
		return;
	message_done(o);
	o->lost++;
}
