/*
 * log_syslog.c - an access log in syslog, as RFC 5424 has it: to a socket of
 * the machine, or by UDP (RFC 5426). On a stream each message ends in a line
 * end (RFC 6587 3.4.2).
 *
 *	<134>1 2026-01-02T03:04:05.678901Z host penstock 12 access
 *	[penstock@32473 route="user" service="users" status="200" ...] line
 */
#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/http/authority.h"
#include "tools/line.h"
#include "tools/log_facts.h"
#include "tools/log_message.h"

/* The number is of documentation (RFC 5612): we have none of our own. */
#define SD_ID "penstock@32473"

/* ---- opening ---- */

/* Names are looked up here, and the process waits for it: numbers are better.
 */
static int
udp_connect(const char *path)
{
	struct addrinfo hints = { .ai_socktype = SOCK_DGRAM }, *all = NULL;
	struct authority a;
	char host[256], port[8];
	int fd = -1;

	errno = EHOSTUNREACH;
	if (!authority_parse(slice_str(path), &a) || a.host.n >= sizeof(host))
		return -1;
	if (a.host.p[0] == '[') /* getaddrinfo wants it without */
		a.host = slice_make(a.host.p + 1, a.host.n - 2);
	memcpy(host, a.host.p, a.host.n);
	host[a.host.n] = '\0';
	(void)snprintf(port, sizeof(port), "%u", a.port);
	if (getaddrinfo(host, port, &hints, &all) != 0)
		return -1;
	fd = socket(all->ai_family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK,
	    IPPROTO_UDP);
	if (fd >= 0 && connect(fd, all->ai_addr, all->ai_addrlen) != 0) {
		(void)close(fd);
		fd = -1;
	}
	freeaddrinfo(all);
	return fd;
}

static bool
syslog_open(struct log_out *o)
{
	o->stream = false;
	if (o->path[0] != '/') {
		o->fd = udp_connect(o->path);
		return o->fd >= 0;
	}
	o->fd = log_message_connect(o->path, SOCK_DGRAM);
	if (o->fd < 0 && errno == EPROTOTYPE) {
		o->fd = log_message_connect(o->path, SOCK_STREAM);
		o->stream = o->fd >= 0;
	}
	return o->fd >= 0;
}

/* ---- messages ---- */

static void
syslog_value(struct text *t, const char *name, struct slice value)
{
	if (value.n == 0)
		return;
	text_printf(t, " %s=\"", name);
	for (size_t i = 0; i < value.n; i++) {
		char c = value.p[i];

		if (c == '"' || c == '\\' || c == ']')
			text_add_char(t, '\\');
		text_add_char(t, (unsigned char)c < ' ' || c == 0x7f ? '?' : c);
	}
	text_add_char(t, '"');
}

/* RFC 5424 6.2.3: up to microseconds. */
static void
syslog_time(struct text *t, int64_t wall_us)
{
	char when[WALL_TEXT_BYTES];

	wall_text((struct wall){ wall_us }, when);
	/* Its milliseconds, and what is behind them. */
	text_printf(t, "%.23s%03uZ", when, (unsigned)(wall_us % 1000));
}

static void
syslog_begin(struct log_out *o, const struct record_view *v)
{
	static const unsigned severities[] = {
		[LINE_INFO] = 6, [LINE_WARNING] = 4, [LINE_ERROR] = 3
	};
	struct text *t = &o->waiting;
	struct log_facts f;

	log_facts_of(&f, v);
	log_message_begin(o);
	text_printf(t, "<%u>1 ", o->facility * 8 + severities[line_level(v)]);
	syslog_time(t, v->head->wall_us);
	text_printf(
	    t, " %s penstock %d access [" SD_ID, o->host, (int)getppid());
	for (int i = 0; i < LOG_FACTS; i++)
		syslog_value(t, log_facts_name(i), f.value[i]);
	text_add(t, SLICE_LIT("] "));
}

static void
syslog_end(struct log_out *o)
{
	if (!o->stream)
		o->waiting.n--; /* the end of the line */
	log_message_end(o);
}

const struct log_out_ops log_syslog_ops = {
	.open = syslog_open,
	.begin = syslog_begin,
	.end = syslog_end,
	.write = log_message_write,
	.skip = log_message_skip,
};
