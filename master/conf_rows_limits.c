/*
 * conf_rows_limits.c - the rows of rate_limits.
 */
#include "master/conf_rows.h"
#include "shm/permit.h"

/* clang-format off */

#define COUNT_MAX UINT64_C(1000000000)

#define MULTIPLIER(key, class)                                              \
	{ .path = "multiplier." key, .type = CONF_DECIMAL,                  \
	  AT(conf_rate_limit, multiplier[class]), .max = 1000000,           \
	  .def = "1.0",                                                     \
	  .help = "For requests of the class \"" key "\"." }

static const struct conf_row rate_limit_rows[] = {
	{ .path = "name", .type = CONF_STRING, AT(conf_rate_limit, name),
	  .min = 1, .max = 255,
	  .help = "Its name; in a group of named groups, the group's." },
	{ .path = "key", .type = CONF_NAMES, AT(conf_rate_limit, key),
	  .min = 1, .max = 255,
	  .help = "What is counted by: \"address\", \"user\", \"tenant\", "
	      "\"service\", \"route\", \"header:NAME\", or \"global\": all "
	      "requests together. Of several, up to four, each combination "
	      "has a count of its own." },
	{ .path = "algorithm", .type = CONF_WORD,
	  AT(conf_rate_limit, algorithm), .def = "token_bucket",
	  .words = "token_bucket sliding_window fixed_window quota concurrency",
	  .help = "How it is counted." },
	{ .path = "rate", .type = CONF_RATE, AT(conf_rate_limit, rate),
	  .min = 1, .max = COUNT_MAX,
	  .only = "token_bucket sliding_window fixed_window quota",
	  .help = "So many requests in a period: \"10/s\", \"1000/min\", "
	      "\"5000/hour\", \"10000/day\"; of a quota \"/day\" or "
	      "\"/month\"." },
	{ .path = "burst", .type = CONF_INT, AT(conf_rate_limit, burst),
	  .min = 1, .max = COUNT_MAX, .unit = "requests",
	  .only = "token_bucket",
	  .help = "So many at once: the depth of the bucket; without it, the "
	      "count in rate." },
	{ .path = "limit", .type = CONF_INT, AT(conf_rate_limit, limit),
	  .min = 1, .max = PERMIT_COUNT_MAX, .unit = "requests",
	  .only = "concurrency",
	  .help = "So many may be worked on at the same time." },
	{ .path = "multiplier", .type = CONF_GROUP,
	  .help = "What rate, burst and limit are multiplied by, by the class "
	      "of the request (priority of routes and services); 0: requests "
	      "of this class are neither counted nor refused." },
	MULTIPLIER("normal", IMG_CLASS_NORMAL),
	MULTIPLIER("priority", IMG_CLASS_PRIORITY),
	MULTIPLIER("emergency", IMG_CLASS_EMERGENCY),
	{ .path = "adaptive", .type = CONF_BOOL, AT(conf_rate_limit, adaptive),
	  .def = "false",
	  .help = "It becomes smaller by the share of normal requests that "
	      "are shed (overload)." },
};

const struct conf_block conf_block_rate_limit = {
	BLOCK("rate limit", rate_limit_rows, conf_rate_limit),
	.name_required = true, .kind = "algorithm" };

/* clang-format on */
