/*
 * conf_rows_service.c - the rows of services and their endpoints.
 */
#include "master/conf_rows.h"
#include "master/conf_rows_breaker.h"

/* clang-format off */

static const struct conf_row endpoint_rows[] = {
	{ .path = "address", .type = CONF_STRING, AT(conf_endpoint, address),
	  .min = 1, .max = 260,
	  .help = "A numeric address and a port, such as \"127.0.0.1:9001\"; a "
	      "name and a port; or the name of SRV records, such as "
	      "\"_http._tcp.users.example\"." },
	{ .path = "weight", .type = CONF_INT, AT(conf_endpoint, weight),
	  .min = 1, .max = 1000, .def = "1",
	  .help = "Its share of the requests beside the other endpoints." },
	{ .path = "backup", .type = CONF_BOOL, AT(conf_endpoint, backup),
	  .def = "false",
	  .help = "Used when too few of the others are healthy, or left to "
	      "try." },
	{ .path = "zone", .type = CONF_STRING, AT(conf_endpoint, zone),
	  .min = 1, .max = 63,
	  .help = "Where it stands; those in the gateway's own zone come "
	      "first." },
	{ .path = "state", .type = CONF_WORD, AT(conf_endpoint, state),
	  .def = "ready", .words = "ready drain maint",
	  .help = "With \"drain\" it gets no new requests, with \"maint\" no "
	      "probes either." },
};

static const struct conf_row probe_header_rows[] = {
	{ .path = "set", .type = CONF_STRING, AT(conf_probe_header, set),
	  .min = 1, .max = 255,
	  .help = "A header field of the probe." },
	{ .path = "value", .type = CONF_STRING, AT(conf_probe_header, value),
	  .max = 4 * KIB,
	  .help = "Its value, as it is." },
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
	      "\"header:NAME\", \"cookie:NAME\", \"path\", or \"user\": who "
	      "authentication says it is, else the address." },
	{ .path = "host", .type = CONF_STRING, AT(conf_service, host),
	  .min = 1, .max = 255,
	  .help = "The Host that the endpoints get; without it, the "
	      "client's." },
	{ .path = "slow_start", .type = CONF_DURATION,
	  AT(conf_service, slow_start_us), .max = DAY, .def = "0",
	  .help = "For how long an endpoint that is new, or good again, gets "
	      "less than its share; 0: it gets all of it at once." },
	{ .path = "panic_threshold", .type = CONF_INT,
	  AT(conf_service, panic_threshold), .max = 100, .def = "50",
	  .unit = "per cent",
	  .help = "When less than this part of the weight is healthy, health "
	      "is ignored." },
	{ .path = "health_score", .type = CONF_BOOL,
	  AT(conf_service, health_score), .def = "false",
	  .help = "Endpoints that do worse than their siblings get less." },
	{ .path = "priority", .type = CONF_WORD, AT(conf_service, priority),
	  .def = "normal", .words = "normal priority emergency",
	  .help = "The class of the requests that routes send to it." },
	{ .path = "depends", .type = CONF_NAMES, AT(conf_service, depends),
	  .min = 1, .max = SERVICE_NAME_MAX,
	  .help = "Services that it cannot do without, for /health." },
	{ .path = "protocol", .type = CONF_WORD, AT(conf_service, protocol),
	  .def = "http/1.1", .words = "http/1.1 h2",
	  .help = "What its endpoints speak; \"h2\" without TLS is HTTP/2 from "
	      "the first byte on." },
	{ .path = "tls", .type = CONF_GROUP, .flags = CONF_OPTIONAL,
	  .help = "TLS towards its endpoints, also with an empty group; "
	      "without this group, none." },
	{ .path = "tls.ca", .type = CONF_STRING, AT(conf_service, tls.ca),
	  .min = 1, .max = 4095,
	  .help = "A PEM file: the authorities that are believed; without it, "
	      "the system's." },
	{ .path = "tls.verify", .type = CONF_BOOL,
	  AT(conf_service, tls.verify), .def = "true",
	  .help = "The endpoint's certificate must hold, and have its name." },
	{ .path = "tls.server_name", .type = CONF_STRING,
	  AT(conf_service, tls.server_name), .min = 1, .max = 253,
	  .help = "The name that is asked for and that the certificate must "
	      "have; without it, the host of the endpoint's address." },
	{ .path = "tls.certificate", .type = CONF_STRING,
	  AT(conf_service, tls.certificate), .min = 1, .max = 4095,
	  .help = "A PEM file: the gateway's own certificate, as in a "
	      "listener." },
	{ .path = "tls.key", .type = CONF_STRING, AT(conf_service, tls.key),
	  .min = 1, .max = 4095,
	  .help = "Its private key, likewise." },
	{ .path = "tls.min_version", .type = CONF_WORD,
	  AT(conf_service, tls.min_version), .def = "1.2",
	  .words = "1.2 1.3",
	  .help = "The oldest version of TLS." },
	{ .path = "token", .type = CONF_GROUP, .flags = CONF_OPTIONAL,
	  .help = "A signed token with each request, which says that it came "
	      "through the gateway, and for whom; without this group, "
	      "none." },
	{ .path = "token.header", .type = CONF_STRING,
	  AT(conf_service, token.header), .min = 1, .max = 255,
	  .def = "X-Service-Token",
	  .help = "The header field that has it." },
	{ .path = "token.audience", .type = CONF_STRING,
	  AT(conf_service, token.audience), .min = 1, .max = 1024,
	  .help = "Whom it is for (aud); without it, the service's name." },
	ISSUER("token.", conf_service, token.issuer, "60s"),
	{ .path = "health_check", .type = CONF_GROUP, .flags = CONF_OPTIONAL,
	  .help = "Probes that say whether an endpoint is up; without this group, "
	      "none." },
	{ .path = "health_check.type", .type = CONF_WORD,
	  AT(conf_service, check.type), .def = "http",
	  .words = "http tcp grpc",
	  .help = "A request, no more than a connection, or a call of "
	      "grpc.health.v1 (by HTTP/2)." },
	{ .path = "health_check.grpc_service", .type = CONF_STRING,
	  AT(conf_service, check.grpc_service), .max = 255,
	  .help = "The gRPC service that is asked about; without it, the "
	      "server as a whole." },
	{ .path = "health_check.path", .type = CONF_STRING,
	  AT(conf_service, check.path), .min = 1, .max = 4 * KIB, .def = "/",
	  .help = "The path, and query, that is requested." },
	{ .path = "health_check.method", .type = CONF_WORD,
	  AT(conf_service, check.method), .def = "GET", .words = "GET HEAD",
	  .help = "The method of the request." },
	{ .path = "health_check.host", .type = CONF_STRING,
	  AT(conf_service, check.host), .min = 1, .max = 255,
	  .help = "Its Host; without it, the service's, else the endpoint's "
	      "address." },
	{ .path = "health_check.headers", .type = CONF_LIST,
	  MANY(conf_service, check.headers, check.header_count),
	  .block = &conf_block_probe_header,
	  .help = "Further header fields of the request." },
	{ .path = "health_check.expect", .type = CONF_NAMES,
	  AT(conf_service, check.expect), .min = 1, .max = 16,
	  .def = "200-299",
	  .help = "The statuses of a good answer, such as \"204\" or "
	      "\"200-299\"." },
	{ .path = "health_check.body", .type = CONF_STRING,
	  .flags = CONF_TEXT, AT(conf_service, check.body), .min = 1,
	  .max = 4 * KIB,
	  .help = "A text that must be within the first 64 KiB of its body; "
	      "after \"~\", a regular expression that must match there." },
	{ .path = "health_check.port", .type = CONF_INT,
	  AT(conf_service, check.port), .max = 65535, .def = "0",
	  .help = "The port that is probed; 0: the endpoint's own." },
	{ .path = "health_check.interval", .type = CONF_DURATION,
	  AT(conf_service, check.interval_us), .min = 100 * MS, .max = DAY,
	  .def = "30s",
	  .help = "From one probe of an endpoint to the next." },
	{ .path = "health_check.timeout", .type = CONF_DURATION,
	  AT(conf_service, check.timeout_us), .min = MS, .max = DAY,
	  .def = "2s",
	  .help = "For a whole probe; where it is not given, no longer than "
	      "the interval." },
	{ .path = "health_check.healthy", .type = CONF_INT,
	  AT(conf_service, check.healthy), .min = 1, .max = 100, .def = "2",
	  .unit = "probes",
	  .help = "Good ones in a row that bring an endpoint up again." },
	{ .path = "health_check.unhealthy", .type = CONF_INT,
	  AT(conf_service, check.unhealthy), .min = 1, .max = 100, .def = "3",
	  .unit = "probes",
	  .help = "Bad ones in a row that take it down." },
	{ .path = "passive", .type = CONF_GROUP, .flags = CONF_OPTIONAL,
	  .help = "Endpoints that fail real requests are left alone for a "
	      "while; without this group, they are not." },
	{ .path = "passive.failures", .type = CONF_INT,
	  AT(conf_service, passive.failures), .min = 1, .max = 1000,
	  .def = "5", .unit = "requests",
	  .help = "How many must fail in a row, over all workers." },
	{ .path = "passive.time", .type = CONF_DURATION,
	  AT(conf_service, passive.time_us), .min = MS, .max = DAY,
	  .def = "10s",
	  .help = "How long it is left alone before one request tries it "
	      "again." },
	{ .path = "retry", .type = CONF_GROUP,
	  .help = "Requests that failed are sent again." },
	{ .path = "retry.attempts", .type = CONF_INT,
	  AT(conf_service, retry.attempts), .min = 1, .max = 100, .def = "3",
	  .help = "How often a request is sent, with the first time; without "
	      "it, 3, of class priority 5, of emergency 10." },
	{ .path = "retry.base_delay", .type = CONF_DURATION,
	  AT(conf_service, retry.base_us), .max = 3600 * SECOND,
	  .def = "25ms",
	  .help = "The wait before it is sent again." },
	{ .path = "retry.max_delay", .type = CONF_DURATION,
	  AT(conf_service, retry.max_us), .max = 3600 * SECOND,
	  .def = "60s",
	  .help = "The longest such wait." },
	{ .path = "retry.factor", .type = CONF_DECIMAL,
	  AT(conf_service, retry.factor), .min = 1000, .max = 100000,
	  .def = "2.0",
	  .help = "What the wait is multiplied by each time." },
	{ .path = "retry.jitter", .type = CONF_BOOL,
	  AT(conf_service, retry.jitter), .def = "true",
	  .help = "Waits a random part of it, so that requests do not come in "
	      "waves." },
	{ .path = "retry.on", .type = CONF_NAMES, AT(conf_service, retry.on),
	  .min = 1, .max = 16, .def = "connect reset 502 503 504",
	  .help = "After what: \"connect\", \"reset\", \"timeout\", and "
	      "statuses from 400, such as \"503\" or \"500-599\"." },
	{ .path = "retry.budget", .type = CONF_DECIMAL, .flags = CONF_ZERO,
	  AT(conf_service, retry.budget), .min = 1, .max = 100000,
	  .def = "0.2",
	  .help = "The share of the requests of the last 10 s that may be sent "
	      "again, over all workers." },
	{ .path = "retry.budget_minimum", .type = CONF_INT,
	  AT(conf_service, retry.budget_minimum), .max = 1000000,
	  .def = "10", .unit = "requests",
	  .help = "How many may be in 10 s where that share is less." },
	{ .path = "retry.deadline", .type = CONF_DURATION, .flags = CONF_ZERO,
	  AT(conf_service, retry.deadline_us), .min = MS, .max = DAY,
	  .def = "0",
	  .help = "From the first time that it is sent to the head of its "
	      "answer, all times and waits included." },
	BREAKER_ROWS,
	{ .path = "fallback", .type = CONF_GROUP, .flags = CONF_OPTIONAL,
	  .help = "What answers instead, when none of its endpoints can; "
	      "without this group, an error." },
	{ .path = "fallback.service", .type = CONF_STRING,
	  AT(conf_service, fallback.service), .min = 1,
	  .max = SERVICE_NAME_MAX,
	  .help = "Another service, to which the request is sent." },
	{ .path = "fallback.respond", .type = CONF_GROUP,
	  .flags = CONF_OPTIONAL,
	  .help = "An answer, in place of another service." },
	{ .path = "fallback.respond.status", .type = CONF_INT,
	  AT(conf_service, fallback.respond.status), .min = 200, .max = 599,
	  .def = "200", .help = "Its status." },
	{ .path = "fallback.respond.body", .type = CONF_STRING,
	  .flags = CONF_TEXT, AT(conf_service, fallback.respond.body),
	  .max = 64 * KIB,
	  .help = "Its body: a template." },
	{ .path = "fallback.respond.content_type", .type = CONF_STRING,
	  AT(conf_service, fallback.respond.content_type), .min = 1,
	  .max = 255,
	  .help = "Its Content-Type." },
	{ .path = "fallback.on", .type = CONF_NAMES,
	  AT(conf_service, fallback.on), .min = 1, .max = 16,
	  .help = "Statuses from 400, such as \"503\" or \"500-599\", with "
	      "which the service says itself that it cannot." },
	{ .path = "pool", .type = CONF_GROUP,
	  .help = "Connections to the endpoints." },
	{ .path = "pool.max_idle", .type = CONF_INT,
	  AT(conf_service, pool.max_idle), .max = 65536, .def = "64",
	  .unit = "connections",
	  .help = "How many idle ones are kept, per endpoint and worker." },
	{ .path = "pool.idle", .type = CONF_DURATION, .flags = CONF_ZERO,
	  AT(conf_service, pool.idle_us), .min = MS, .max = YEAR,
	  .def = "60s",
	  .help = "For how long an unused one is kept." },
	{ .path = "pool.max_connections", .type = CONF_INT,
	  .flags = CONF_ZERO, AT(conf_service, pool.max_connections),
	  .min = 1, .max = 1048575, .def = "0", .unit = "connections",
	  .help = "How many there may be to one endpoint, idle ones and those "
	      "of all workers included." },
	{ .path = "queue", .type = CONF_GROUP, .flags = CONF_OPTIONAL,
	  .help = "Requests that find every endpoint at "
	      "pool.max_connections wait; without this group, they do not." },
	{ .path = "queue.length", .type = CONF_INT,
	  AT(conf_service, queue.length), .min = 1, .max = 65536,
	  .def = "100", .unit = "requests",
	  .help = "How many wait at most, those of all workers together." },
	{ .path = "queue.timeout", .type = CONF_DURATION,
	  AT(conf_service, queue.timeout_us), .min = MS,
	  .max = 3600 * SECOND, .def = "1s",
	  .help = "For how long a request waits at most." },
	{ .path = "timeouts", .type = CONF_GROUP,
	  .help = "Those that differ from the top level's." },
	TIMEOUT(conf_service, body, NULL, "As timeouts.body."),
	TIMEOUT(conf_service, send, NULL, "As timeouts.send."),
	TIMEOUT(conf_service, connect, NULL, "As timeouts.connect."),
	TIMEOUT(conf_service, response, NULL, "As timeouts.response."),
	TIMEOUT(conf_service, tunnel, NULL, "As timeouts.tunnel."),
};

const struct conf_block conf_block_endpoint = {
	BLOCK("endpoint", endpoint_rows, conf_endpoint) };
const struct conf_block conf_block_probe_header = {
	BLOCK("header", probe_header_rows, conf_probe_header) };
const struct conf_block conf_block_service = {
	BLOCK("service", service_rows, conf_service), .name_required = true };

/* clang-format on */
