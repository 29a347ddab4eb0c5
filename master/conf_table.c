/*
 * conf_table.c - the rows, and how to find one.
 */
#include "master/conf_table.h"

#include <string.h>

#include "common/base/must.h"
#include "shm/layout.h"

#define MS UINT64_C(1000)
#define YEAR (UINT64_C(365) * 86400 * 1000 * MS)
#define KIB UINT64_C(1024)

#define COUNT(list) (sizeof(list) / sizeof((list)[0]))
#define AT(owner, member) .offset = offsetof(struct owner, member)
#define MANY(owner, member, counter) \
	AT(owner, member), .count_offset = offsetof(struct owner, counter)
#define TIMEOUT(owner, key, value, text)                                \
	{                                                               \
		.path = "timeouts." #key, .type = CONF_DURATION,        \
		.flags = CONF_ZERO, AT(owner, timeouts.key), .min = MS, \
		.max = YEAR, .def = (value), .help = (text)             \
	}
#define BLOCK(label, list, owner)                              \
	.noun = (label), .rows = (list), .count = COUNT(list), \
	.size = sizeof(struct owner),                          \
	.origins_offset = offsetof(struct owner, origins)

/* clang-format off */

static const struct conf_row listener_rows[] = {
	{ .path = "address", .type = CONF_STRING, AT(conf_listener, address),
	  .min = 1, .max = 255,
	  .help = "Where to listen: a numeric address and a port, such as "
	      "\"0.0.0.0:8080\" or \"[::]:8080\"." },
};

static const struct conf_row endpoint_rows[] = {
	{ .path = "address", .type = CONF_STRING, AT(conf_endpoint, address),
	  .min = 1, .max = 255,
	  .help = "A numeric address and a port, such as \"127.0.0.1:9001\"." },
	{ .path = "weight", .type = CONF_INT, AT(conf_endpoint, weight),
	  .min = 1, .max = 1000, .def = "1",
	  .help = "Its share of the requests beside the other endpoints." },
	{ .path = "backup", .type = CONF_BOOL, AT(conf_endpoint, backup),
	  .def = "false",
	  .help = "Used only when none of the others is left to try." },
};

static const struct conf_row condition_rows[] = {
	{ .path = "header", .type = CONF_STRING, AT(conf_condition, header),
	  .min = 1, .max = 255,
	  .help = "The request must have this header field." },
	{ .path = "query", .type = CONF_STRING, AT(conf_condition, query),
	  .min = 1, .max = 255,
	  .help = "The query must have this parameter." },
	{ .path = "cookie", .type = CONF_STRING, AT(conf_condition, cookie),
	  .min = 1, .max = 255,
	  .help = "The request must have this cookie." },
	{ .path = "value", .type = CONF_STRING, AT(conf_condition, value),
	  .max = 4 * KIB,
	  .help = "The value that it must have; without it, any." },
};

static const struct conf_row header_rule_rows[] = {
	{ .path = "set", .type = CONF_STRING, AT(conf_header_rule, set),
	  .min = 1, .max = 255,
	  .help = "The header field to set, in place of any that is there." },
	{ .path = "add", .type = CONF_STRING, AT(conf_header_rule, add),
	  .min = 1, .max = 255,
	  .help = "The header field to add to those that are there." },
	{ .path = "remove", .type = CONF_STRING, AT(conf_header_rule, remove),
	  .min = 1, .max = 255,
	  .help = "The header field to remove." },
	{ .path = "value", .type = CONF_STRING, AT(conf_header_rule, value),
	  .max = 4 * KIB,
	  .help = "The value to set or add: a template." },
};

static const struct conf_row service_rows[] = {
	{ .path = "name", .type = CONF_STRING, AT(conf_service, name),
	  .min = 1, .max = SERVICE_NAME_MAX,
	  .help = "Its name, where services are written as a list." },
	{ .path = "endpoints", .type = CONF_LIST,
	  MANY(conf_service, endpoints, endpoint_count),
	  .block = &conf_block_endpoint,
	  .help = "The servers that answer for it." },
	{ .path = "balance", .type = CONF_WORD, AT(conf_service, balance),
	  .def = "p2c",
	  .words = "round_robin least_connections random hash p2c",
	  .help = "How an endpoint is chosen." },
	{ .path = "hash_key", .type = CONF_STRING, AT(conf_service, hash_key),
	  .min = 1, .max = 255, .def = "address",
	  .help = "What \"hash\" goes by: \"address\" of the client, "
	      "\"header:NAME\", \"cookie:NAME\" or \"path\"." },
	{ .path = "host", .type = CONF_STRING, AT(conf_service, host),
	  .min = 1, .max = 255,
	  .help = "The Host that the endpoints get; without it, the "
	      "client's." },
	{ .path = "pool", .type = CONF_GROUP,
	  .help = "Idle connections kept for later requests." },
	{ .path = "pool.max_idle", .type = CONF_INT,
	  AT(conf_service, pool.max_idle), .max = 65536, .def = "64",
	  .unit = "connections",
	  .help = "How many are kept, per endpoint and worker." },
	{ .path = "pool.idle", .type = CONF_DURATION, .flags = CONF_ZERO,
	  AT(conf_service, pool.idle_us), .min = MS, .max = YEAR,
	  .def = "60s",
	  .help = "For how long an unused one is kept." },
	{ .path = "timeouts", .type = CONF_GROUP,
	  .help = "Those that differ from the top level's." },
	TIMEOUT(conf_service, body, NULL, "As timeouts.body."),
	TIMEOUT(conf_service, send, NULL, "As timeouts.send."),
	TIMEOUT(conf_service, connect, NULL, "As timeouts.connect."),
	TIMEOUT(conf_service, response, NULL, "As timeouts.response."),
	TIMEOUT(conf_service, tunnel, NULL, "As timeouts.tunnel."),
};

static const struct conf_row route_rows[] = {
	{ .path = "name", .type = CONF_STRING, AT(conf_route, name),
	  .min = 1, .max = 255,
	  .help = "Its name in metrics and logs; without one, its path, with "
	      "hosts and methods where needed to be unique." },
	{ .path = "hosts", .type = CONF_NAMES, AT(conf_route, hosts),
	  .min = 1, .max = 255,
	  .help = "Hosts that it serves, exact or \"*.suffix\"; without, "
	      "any." },
	{ .path = "path", .type = CONF_STRING, AT(conf_route, path),
	  .min = 1, .max = 4 * KIB,
	  .help = "An exact path, a pattern with :param and *rest, or a "
	      "regular expression after \"~\"." },
	{ .path = "methods", .type = CONF_NAMES, AT(conf_route, methods),
	  .min = 1, .max = 64,
	  .help = "Methods that it serves; without, all." },
	{ .path = "service", .type = CONF_STRING, AT(conf_route, service),
	  .min = 1, .max = SERVICE_NAME_MAX,
	  .help = "The service that its requests go to." },
	{ .path = "rewrite", .type = CONF_STRING, AT(conf_route, rewrite),
	  .min = 1, .max = 4 * KIB,
	  .help = "The path, and query, that the endpoint gets: a "
	      "template." },
	{ .path = "match", .type = CONF_LIST,
	  MANY(conf_route, conditions, condition_count),
	  .block = &conf_block_condition,
	  .help = "Further conditions; all must hold." },
	{ .path = "request_headers", .type = CONF_LIST,
	  MANY(conf_route, request_headers, request_header_count),
	  .block = &conf_block_header_rule,
	  .help = "Changes to the header fields of the request." },
	{ .path = "response_headers", .type = CONF_LIST,
	  MANY(conf_route, response_headers, response_header_count),
	  .block = &conf_block_header_rule,
	  .help = "Changes to the header fields of the response." },
	{ .path = "respond", .type = CONF_GROUP, .flags = CONF_OPTIONAL,
	  .help = "An answer given at once, in place of a service." },
	{ .path = "respond.status", .type = CONF_INT,
	  AT(conf_route, respond.status), .min = 200, .max = 599,
	  .def = "200", .help = "Its status." },
	{ .path = "respond.body", .type = CONF_STRING, .flags = CONF_TEXT,
	  AT(conf_route, respond.body), .max = 64 * KIB,
	  .help = "Its body: a template." },
	{ .path = "respond.content_type", .type = CONF_STRING,
	  AT(conf_route, respond.content_type), .min = 1, .max = 255,
	  .help = "Its Content-Type." },
	{ .path = "encoded_slash", .type = CONF_WORD,
	  AT(conf_route, encoded_slash), .def = "reject",
	  .words = "reject keep",
	  .help = "What is done with %2f in the path." },
	{ .path = "timeouts", .type = CONF_GROUP,
	  .help = "Those that differ from the service's." },
	TIMEOUT(conf_route, body, NULL, "As timeouts.body."),
	TIMEOUT(conf_route, send, NULL, "As timeouts.send."),
	TIMEOUT(conf_route, connect, NULL, "As timeouts.connect."),
	TIMEOUT(conf_route, response, NULL, "As timeouts.response."),
	TIMEOUT(conf_route, tunnel, NULL, "As timeouts.tunnel."),
};

static const struct conf_row top_rows[] = {
	{ .path = "user", .type = CONF_STRING, .flags = CONF_RESTART,
	  AT(conf, user), .min = 1, .max = 255, .def = "nobody",
	  .help = "Whom all processes but the keeper become when it was "
	      "started as root." },
	{ .path = "group", .type = CONF_STRING, .flags = CONF_RESTART,
	  AT(conf, group), .min = 1, .max = 255,
	  .help = "Their group; without it, the user's own." },
	{ .path = "workers", .type = CONF_INT, .flags = CONF_RESTART,
	  AT(conf, workers), .max = WORKERS_MAX, .def = "0",
	  .unit = "processes",
	  .help = "How many workers; 0: one per CPU that the process may run "
	      "on." },
	{ .path = "cpu_affinity", .type = CONF_BOOL, .flags = CONF_RESTART,
	  AT(conf, cpu_affinity), .def = "false",
	  .help = "Each worker stays on a CPU of its own." },
	{ .path = "worker_connections", .type = CONF_INT,
	  .flags = CONF_RESTART, AT(conf, worker_connections), .min = 1,
	  .max = 1048576, .def = "65536", .unit = "connections",
	  .help = "Client connections of one worker; lowered, with a warning, "
	      "where the file limit is too low." },
	{ .path = "pid_file", .type = CONF_STRING, .flags = CONF_RESTART,
	  AT(conf, pid_file), .min = 1, .max = 255,
	  .help = "Where the keeper's process number is written, for "
	      "penstock -s." },
	{ .path = "environment", .type = CONF_STRING, AT(conf, environment),
	  .min = 1, .max = 63, .def = "production",
	  .help = "What this installation is for; shown by penstockctl status." },
	{ .path = "include", .type = CONF_NAMES, .flags = CONF_INPUT,
	  AT(conf, include), .min = 1, .max = 4095,
	  .help = "Further files, as patterns relative to the folder of this "
	      "one: their named things and list entries are added. In the "
	      "main file only." },
	{ .path = "log", .type = CONF_GROUP,
	  .help = "What the processes themselves have to say." },
	{ .path = "log.level", .type = CONF_WORD, AT(conf, log_level_word),
	  .def = "info", .words = "debug info warn error critical",
	  .help = "The least level that is logged." },
	{ .path = "log.target", .type = CONF_STRING, .flags = CONF_RESTART,
	  AT(conf, log_target), .min = 1, .max = 255, .def = "stderr",
	  .help = "\"stderr\", \"syslog\" or a path." },
	{ .path = "admin", .type = CONF_GROUP,
	  .help = "The admin API." },
	{ .path = "admin.socket", .type = CONF_STRING,
	  .flags = CONF_RESTART, AT(conf, admin_socket), .min = 1, .max = 107,
	  .help = "The unix socket that it is served on; without it, none." },
	{ .path = "limits", .type = CONF_GROUP,
	  .help = "Bounds on what clients and endpoints may send." },
	{ .path = "limits.request_head", .type = CONF_SIZE,
	  AT(conf, limits.request_head), .min = KIB, .max = 64 * KIB,
	  .def = "16k",
	  .help = "Request line and header fields; more is answered 431." },
	{ .path = "limits.headers", .type = CONF_INT,
	  AT(conf, limits.headers), .min = 1, .max = 1000, .def = "100",
	  .unit = "fields",
	  .help = "Header fields of a request; more are answered 431." },
	{ .path = "limits.uri", .type = CONF_SIZE, AT(conf, limits.uri),
	  .min = 64, .max = 64 * KIB, .def = "8k",
	  .help = "The request target; a longer one is answered 414." },
	{ .path = "limits.request_body", .type = CONF_SIZE,
	  .flags = CONF_ZERO, AT(conf, limits.request_body), .min = 1,
	  .max = UINT64_C(1) << 60, .def = "0",
	  .help = "The body of a request; a larger one is answered 413." },
	{ .path = "limits.response_head", .type = CONF_SIZE,
	  AT(conf, limits.response_head), .min = KIB, .max = 64 * KIB,
	  .def = "64k",
	  .help = "Status line and header fields of an endpoint's answer; "
	      "more become 502." },
	{ .path = "timeouts", .type = CONF_GROUP,
	  .help = "How long something may take." },
	TIMEOUT(conf, head, "10s", "From accept, or from the first byte of a "
	    "later request, to the end of the request's head."),
	TIMEOUT(conf, body, "30s", "Between two reads of a request body."),
	TIMEOUT(conf, send, "30s", "Between two writes to a client."),
	TIMEOUT(conf, idle, "75s", "Between two requests of a connection."),
	TIMEOUT(conf, connect, "2s", "To connect to an endpoint."),
	TIMEOUT(conf, response, "30s", "From the end of the request to the "
	    "answer's head, then between two reads of its body."),
	TIMEOUT(conf, tunnel, "1h", "Without bytes either way in a tunnel or "
	    "an event stream."),
	TIMEOUT(conf, drain, "30s", "For running requests to end at a graceful "
	    "stop."),
	{ .path = "listeners", .type = CONF_LIST,
	  MANY(conf, listeners, listener_count),
	  .block = &conf_block_listener,
	  .help = "Where clients connect." },
	{ .path = "services", .type = CONF_NAMED,
	  MANY(conf, services, service_count), .block = &conf_block_service,
	  .help = "What requests can be sent on to." },
	{ .path = "routes", .type = CONF_NAMED,
	  MANY(conf, routes, route_count), .block = &conf_block_route,
	  .help = "Which requests go where." },
};

const struct conf_block conf_block_listener = {
	BLOCK("listener", listener_rows, conf_listener) };
const struct conf_block conf_block_endpoint = {
	BLOCK("endpoint", endpoint_rows, conf_endpoint) };
const struct conf_block conf_block_condition = {
	BLOCK("condition", condition_rows, conf_condition) };
const struct conf_block conf_block_header_rule = {
	BLOCK("header rule", header_rule_rows, conf_header_rule) };
const struct conf_block conf_block_service = {
	BLOCK("service", service_rows, conf_service), .name_required = true };
const struct conf_block conf_block_route = {
	BLOCK("route", route_rows, conf_route) };
const struct conf_block conf_block_top = { BLOCK("file", top_rows, conf) };

/* clang-format on */

size_t
conf_row_prefix(const struct conf_row *row)
{
	const char *dot = strrchr(row->path, '.');

	return dot != NULL ? (size_t)(dot - row->path) : 0;
}

const char *
conf_row_key(const struct conf_row *row, const char *prefix)
{
	const char *at = row->path;

	if (*prefix != '\0') {
		while (*prefix != '\0')
			if (*at++ != *prefix++)
				return NULL;
		if (*at++ != '.')
			return NULL;
	}
	return strchr(at, '.') == NULL ? at : NULL;
}

const struct conf_row *
conf_row_find(const struct conf_block *b, const char *prefix, const char *key)
{
	for (size_t i = 0; i < b->count; i++) {
		const char *name = conf_row_key(&b->rows[i], prefix);

		if (name != NULL && strcmp(name, key) == 0)
			return &b->rows[i];
	}
	return NULL;
}

size_t
conf_row_index(const struct conf_block *b, const char *path)
{
	size_t i = 0;

	while (i < b->count && strcmp(b->rows[i].path, path) != 0)
		i++;
	MUST(i < b->count);
	return i;
}

const char *
conf_type_name(enum conf_type type)
{
	static const char *const names[] = {
		[CONF_BOOL] = "boolean",
		[CONF_INT] = "integer",
		[CONF_STRING] = "string",
		[CONF_WORD] = "word",
		[CONF_DURATION] = "duration",
		[CONF_SIZE] = "size",
		[CONF_NAMES] = "list of names",
		[CONF_GROUP] = "group",
		[CONF_LIST] = "list of groups",
		[CONF_NAMED] = "named groups",
	};

	return names[type];
}

uint32_t *
conf_origins(const struct conf_block *b, const void *thing)
{
	const char *at = (const char *)thing + b->origins_offset;

	return *(uint32_t *const *)(const void *)at;
}

bool
conf_given(const struct conf_block *b, const void *thing, const char *path)
{
	return conf_origins(b, thing)[conf_row_index(b, path)] != 0;
}

struct conf_place
conf_where(const struct conf *c, const struct conf_block *b, const void *thing,
    const char *path)
{
	uint32_t origin = conf_origins(b, thing)[conf_row_index(b, path)];

	if (origin != 0)
		return conf_place(c, origin);
	return *(const struct conf_place *)thing;
}
