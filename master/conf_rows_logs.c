/*
 * conf_rows_logs.c - the rows of access_log and audit_log.
 */
#include "master/conf_rows.h"

/* clang-format off */

#define LOG_PATH(owner)                                                     \
	{ .path = "path", .type = CONF_STRING, AT(owner, path), .min = 1,   \
	  .max = 1023,                                                      \
	  .help = "A file, \"stdout\", \"journal\", \"syslog:/dev/log\" or " \
	      "\"syslog:HOST:PORT\"." }
#define LOG_FACILITY(owner, value)                                          \
	{ .path = "facility", .type = CONF_STRING, AT(owner, facility),     \
	  .min = 1, .max = 15, .def = (value),                              \
	  .help = "The facility, where it goes to syslog." }
#define WHEN(key, member, most, text)                                       \
	{ .path = "when." key, .type = CONF_NAMES,                          \
	  AT(conf_access_log, when.member), .min = 1, .max = (most),        \
	  .help = (text) }

static const struct conf_row access_log_rows[] = {
	LOG_PATH(conf_access_log),
	{ .path = "format", .type = CONF_WORD, AT(conf_access_log, format),
	  .def = "json", .words = "json combined common dev template",
	  .help = "How its lines look." },
	{ .path = "template", .type = CONF_STRING,
	  AT(conf_access_log, template), .min = 1, .max = 4 * KIB,
	  .help = "The line of the format \"template\", such as "
	      "\"{timestamp} {client} {status}\"." },
	{ .path = "when", .type = CONF_GROUP,
	  .help = "Which requests it has; all that is given must hold." },
	WHEN("status", status, 15, "Their answers are among these, such as "
	    "\"404\" or \"500-599\"."),
	WHEN("why", why, 63, "They have one of these reasons."),
	WHEN("routes", routes, 255, "They are of one of these routes."),
	WHEN("services", services, 255, "They are of one of these services."),
	WHEN("methods", methods, 31, "They have one of these methods."),
	{ .path = "when.slow", .type = CONF_DURATION, .flags = CONF_ZERO,
	  AT(conf_access_log, when.slow_us), .min = MS, .max = DAY,
	  .def = "0",
	  .help = "They took so long; 0: however long." },
	{ .path = "when.errors", .type = CONF_BOOL,
	  AT(conf_access_log, when.errors), .def = "false",
	  .help = "They have a reason that is a fault, be it the client's." },
	{ .path = "sample", .type = CONF_SHARE, AT(conf_access_log, sample),
	  .max = 1000000, .def = "1.0",
	  .help = "The share of them that is logged." },
	{ .path = "keep_errors", .type = CONF_BOOL,
	  AT(conf_access_log, keep_errors), .def = "true",
	  .help = "Whatever sample says, those with a status from 500, with a "
	      "fault of upstream or gateway, or as slow as when.slow are "
	      "logged." },
	{ .path = "query", .type = CONF_NAMES, AT(conf_access_log, query),
	  .min = 1, .max = 255,
	  .help = "Parameters of the query whose values are shown; \"*\": "
	      "all." },
	{ .path = "headers", .type = CONF_NAMES, AT(conf_access_log, headers),
	  .min = 1, .max = 255,
	  .help = "Header fields of requests that are shown; \"*\": all." },
	{ .path = "response_headers", .type = CONF_NAMES,
	  AT(conf_access_log, response_headers), .min = 1, .max = 255,
	  .help = "Header fields of answers that are shown; \"*\": all." },
	LOG_FACILITY(conf_access_log, "local0"),
};

static const struct conf_row audit_log_rows[] = {
	{ .path = "path", .type = CONF_STRING, AT(conf_audit_log, path),
	  .min = 1, .max = 1023,
	  .help = "A file; what is known of it is kept beside it, in "
	      "PATH.state." },
	{ .path = "events", .type = CONF_NAMES, AT(conf_audit_log, events),
	  .min = 1, .max = 63,
	  .help = "What it has; without, all but \"auth_ok\"." },
	{ .path = "when_full", .type = CONF_WORD,
	  AT(conf_audit_log, when_full), .def = "count",
	  .words = "refuse count",
	  .help = "When events come faster than they can be written: "
	      "\"refuse\" requests until they can, or let events be lost, and "
	      "\"count\" them." },
	{ .path = "key_file", .type = CONF_STRING,
	  AT(conf_audit_log, key_file), .min = 1, .max = 4095,
	  .help = "A file of 32 bytes or more, which the chain of the log's "
	      "lines is keyed with: who has not read it cannot make another "
	      "one." },
};

const struct conf_block conf_block_access_log = {
	BLOCK("access log", access_log_rows, conf_access_log) };
const struct conf_block conf_block_audit_log = {
	BLOCK("audit log", audit_log_rows, conf_audit_log) };

/* clang-format on */
