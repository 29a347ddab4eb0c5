/*
 * log_journal.c - an access log in systemd's journal, by its own protocol: a
 * datagram of fields, or a sealed memory file where it is too large.
 */
#include <endian.h>
#include <sys/socket.h>

#include "tools/line.h"
#include "tools/log_facts.h"
#include "tools/log_message.h"

#define JOURNAL_SOCKET "/run/systemd/journal/socket"

static bool
journal_open(struct log_out *o)
{
	o->fd = log_message_connect(
	    o->path[0] != '\0' ? o->path : JOURNAL_SOCKET, SOCK_DGRAM);
	return o->fd >= 0;
}

/* By its length: also with control bytes. */
static void
journal_value(struct text *t, const char *name, struct slice value)
{
	uint64_t n = htole64(value.n);

	if (value.n == 0)
		return;
	text_add(t, SLICE_LIT("PENSTOCK_"));
	for (; *name != '\0'; name++)
		text_add_char(t,
		    *name >= 'a' && *name <= 'z' ? (char)(*name - 'a' + 'A')
						 : *name);
	text_add_char(t, '\n');
	text_add(t, slice_make((const char *)&n, sizeof(n)));
	text_add(t, value);
	text_add_char(t, '\n');
}

static void
journal_begin(struct log_out *o, const struct record_view *v)
{
	static const char priorities[] = {
		[LINE_INFO] = '6', [LINE_WARNING] = '4', [LINE_ERROR] = '3'
	};
	struct text *t = &o->waiting;
	struct log_facts f;

	log_facts_of(&f, v);
	log_message_begin(o);
	text_printf(t,
	    "PRIORITY=%c\nSYSLOG_IDENTIFIER=penstock\n"
	    "SYSLOG_FACILITY=%u\n",
	    priorities[line_level(v)], o->facility);
	for (int i = 0; i < LOG_FACTS; i++)
		journal_value(t, log_facts_name(i), f.value[i]);
	/* The line itself has no other line end than its last byte. */
	text_add(t, SLICE_LIT("MESSAGE="));
}

const struct log_out_ops log_journal_ops = {
	.open = journal_open,
	.begin = journal_begin,
	.end = log_message_end,
	.write = log_message_write,
	.skip = log_message_skip,
};
