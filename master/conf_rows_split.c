/*
 * conf_rows_split.c - the rows of the services between which a route's requests
 * are split.
 */
#include "master/conf_rows.h"

/* clang-format off */

static const struct conf_row arm_rows[] = {
	{ .path = "service", .type = CONF_STRING, AT(conf_arm, service),
	  .min = 1, .max = SERVICE_NAME_MAX,
	  .help = "The service." },
	{ .path = "weight", .type = CONF_INT, AT(conf_arm, weight),
	  .max = 100000, .def = "1",
	  .help = "Its share of the requests beside the others of the split; "
	      "0: none." },
};

const struct conf_block conf_block_arm = {
	BLOCK("arm", arm_rows, conf_arm) };

/* clang-format on */
