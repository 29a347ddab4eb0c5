/*
 * conf_rows_cors.c - the rows of a policy for requests from other origins.
 */
#include "master/conf_rows.h"

/* clang-format off */

static const struct conf_row cors_rows[] = {
	{ .path = "name", .type = CONF_STRING, AT(conf_cors, name),
	  .min = 1, .max = 255,
	  .help = "Its name; in a group of named groups, the group's." },
	{ .path = "origins", .type = CONF_NAMES, AT(conf_cors, allowed),
	  .min = 1, .max = 512,
	  .help = "Origins, such as \"https://app.example\" or "
	      "\"https://*.example\"; or \"*\", every one." },
	{ .path = "methods", .type = CONF_NAMES, AT(conf_cors, methods),
	  .min = 1, .max = 32,
	  .help = "Methods that it is for; without, all that the routes "
	      "serve." },
	{ .path = "headers", .type = CONF_NAMES, AT(conf_cors, headers),
	  .min = 1, .max = 255,
	  .help = "Header fields that a page may send beyond those that it "
	      "always may; or \"*\", any." },
	{ .path = "expose", .type = CONF_NAMES, AT(conf_cors, expose),
	  .min = 1, .max = 255,
	  .help = "Header fields of answers that a page may read beyond those "
	      "that it always may; or \"*\", any." },
	{ .path = "credentials", .type = CONF_BOOL, AT(conf_cors, credentials),
	  .def = "false",
	  .help = "Cookies and client certificates may come along." },
	{ .path = "max_age", .type = CONF_DURATION, AT(conf_cors, max_age_us),
	  .max = YEAR, .def = "10m",
	  .help = "How long a browser need not ask again." },
};

const struct conf_block conf_block_cors = {
	BLOCK("cors policy", cors_rows, conf_cors), .name_required = true };

/* clang-format on */
