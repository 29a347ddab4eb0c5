/*
 * conf_rows_bans.c - the rows of a rule by which addresses are banned.
 */
#include "master/conf_rows.h"
#include "shm/bans.h"

/* clang-format off */

static const struct conf_row ban_rows[] = {
	{ .path = "name", .type = CONF_STRING, AT(conf_ban, name),
	  .min = 1, .max = BAN_RULE_NAME_MAX,
	  .help = "Its name; in a group of named groups, the group's." },
	{ .path = "status", .type = CONF_NAMES, AT(conf_ban, status),
	  .min = 1, .max = 15,
	  .help = "Answers that count, such as \"401\" or \"400-499\", "
	      "whoever gave them." },
	{ .path = "why", .type = CONF_NAMES, AT(conf_ban, why),
	  .min = 1, .max = 63,
	  .help = "Reasons that count, such as \"password_wrong\"; also of "
	      "connections that were closed." },
	{ .path = "count", .type = CONF_INT, AT(conf_ban, count),
	  .min = 1, .max = 1000000, .def = "20", .unit = "times",
	  .help = "So many of them in a window, and the address is banned." },
	{ .path = "window", .type = CONF_DURATION, AT(conf_ban, window_us),
	  .min = SECOND, .max = 30 * DAY, .def = "1m",
	  .help = "The window, which slides." },
	{ .path = "time", .type = CONF_DURATION, AT(conf_ban, time_us),
	  .min = SECOND, .max = YEAR, .def = "10m",
	  .help = "How long the first ban holds." },
	{ .path = "factor", .type = CONF_DECIMAL, AT(conf_ban, factor),
	  .min = 1000, .max = 100000, .def = "2.0",
	  .help = "Each further ban holds longer by this." },
	{ .path = "max_time", .type = CONF_DURATION, AT(conf_ban, max_us),
	  .min = SECOND, .max = YEAR, .def = "24h",
	  .help = "The longest ban; so long after the last one, earlier bans "
	      "are forgotten." },
};

const struct conf_block conf_block_ban = {
	BLOCK("ban rule", ban_rows, conf_ban), .name_required = true };

/* clang-format on */
