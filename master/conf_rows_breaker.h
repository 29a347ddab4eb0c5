/*
 * conf_rows_breaker.h - the rows of a service's breakers.
 */
#ifndef MASTER_CONF_ROWS_BREAKER_H
#define MASTER_CONF_ROWS_BREAKER_H

#include "master/conf_rows.h"
#include "shm/breaker.h"

/* clang-format off */

#define BREAKER_ROWS                                                       \
	{ .path = "breaker", .type = CONF_GROUP,                           \
	  .help = "Where too much fails, nothing is sent for a while: on "  \
	      "by default." },                                             \
	{ .path = "breaker.scope", .type = CONF_NAMES,                     \
	  AT(conf_service, breaker.scope), .min = 1, .max = 16,            \
	  .def = "endpoint service",                                       \
	  .help = "What has one: each \"endpoint\", which counts calls; "  \
	      "the \"service\", which counts requests. [ ]: none." },      \
	{ .path = "breaker.failures", .type = CONF_INT,                    \
	  AT(conf_service, breaker.failures), .max = BREAKER_FAILURES_MAX, \
	  .def = "5",                                                      \
	  .help = "So many in a row, over all workers, open it; 0: they "  \
	      "do not matter. Where the priority of the service is "       \
	      "\"priority\" or \"emergency\", the default is 3." },        \
	{ .path = "breaker.open", .type = CONF_DURATION,                   \
	  AT(conf_service, breaker.open_us), .min = 100 * MS,              \
	  .max = BREAKER_OPEN_MAX_US, .def = "60s",                        \
	  .help = "For how long it stays open before it is tried again. "  \
	      "Where the priority of the service is \"priority\" or "      \
	      "\"emergency\", the default is 30s." },                      \
	{ .path = "breaker.successes", .type = CONF_INT,                   \
	  AT(conf_service, breaker.successes), .min = 1,                   \
	  .max = BREAKER_PROBES_MAX, .def = "3",                           \
	  .help = "So many probes that succeed close it again; where it "  \
	      "is not given, no more than probes." },                      \
	{ .path = "breaker.probes", .type = CONF_INT,                      \
	  AT(conf_service, breaker.probes), .min = 1,                      \
	  .max = BREAKER_PROBES_MAX, .def = "3",                           \
	  .help = "How much is let through, half-open, over all "          \
	      "workers." },                                                \
	{ .path = "breaker.error_rate", .type = CONF_DECIMAL,              \
	  AT(conf_service, breaker.error_rate), .max = 1000, .def = "0.0", \
	  .help = "It opens when such a part fails within the window; 0: " \
	      "it does not." },                                            \
	{ .path = "breaker.slow_rate", .type = CONF_DECIMAL,               \
	  AT(conf_service, breaker.slow_rate), .max = 1000, .def = "0.0",  \
	  .help = "It opens when such a part is slow within the window; "  \
	      "0: it does not." },                                         \
	{ .path = "breaker.slow", .type = CONF_DURATION,                   \
	  AT(conf_service, breaker.slow_us), .min = MS, .max = DAY,        \
	  .def = "30s",                                                    \
	  .help = "What takes so long to the head of its answer is "       \
	      "slow." },                                                   \
	{ .path = "breaker.minimum", .type = CONF_INT,                     \
	  AT(conf_service, breaker.minimum), .min = 1, .max = 1000000,     \
	  .def = "10",                                                     \
	  .help = "With fewer in the window, rates do not matter." },      \
	{ .path = "breaker.window", .type = CONF_DURATION,                 \
	  AT(conf_service, breaker.window_us), .min = 100 * MS,             \
	  .max = 3600 * SECOND, .def = "10s",                              \
	  .help = "The time over which rates are taken." },                \
	{ .path = "breaker.on", .type = CONF_NAMES,                        \
	  AT(conf_service, breaker.on), .min = 1, .max = 16,               \
	  .def = "connect reset timeout broken 502 503 504",               \
	  .help = "What is a failure: \"connect\", \"reset\", "            \
	      "\"timeout\", \"broken\" (no HTTP), and statuses from 400, " \
	      "such as \"503\" or \"500-599\"." }

/* clang-format on */

#endif
