/*
 * log_serve.h - penstocklog as the keeper starts it: the rings into the logs of
 * the configuration in force, and what there is to trace to its receiver.
 *
 *	records of requests -> access logs (log_access.h)
 *	                    -> spans       (otlp.h)
 *	audit events        -> audit logs  (audit_reader.h)
 */
#ifndef TOOLS_LOG_SERVE_H
#define TOOLS_LOG_SERVE_H

/*
 * With the descriptors of log_order.h: until it is told to end, or the keeper
 * is gone, and all is written. The exit code.
 */
int log_serve(void);

#endif
