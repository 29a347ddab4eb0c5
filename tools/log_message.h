/*
 * log_message.h - lines that are messages of their own: syslog, journald. What
 * waits is a length before each; see log_out.h.
 */
#ifndef TOOLS_LOG_MESSAGE_H
#define TOOLS_LOG_MESSAGE_H

#include "tools/log_out.h"

/* A message begins, and ends as it is to be sent. */
void log_message_begin(struct log_out *o);
void log_message_end(struct log_out *o);

/* A socket of this type to a path of the machine; -1 with errno. */
int log_message_connect(const char *path, int type);

/* As log_out_ops. */
bool log_message_write(struct log_out *o);
void log_message_skip(struct log_out *o);

#endif
