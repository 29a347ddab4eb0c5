/*
 * conf_rows.c - the rows of the top level and of routes.
 */
#include "master/conf_rows.h"
#include "shm/permit.h"

/* clang-format off */

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
	{ .path = "client_subject", .type = CONF_STRING,
	  AT(conf_condition, client_subject), .min = 1, .max = 4 * KIB,
	  .help = "The subject of the client's certificate, such as "
	      "\"CN=a,O=b\"; a \"*\" at the end stands for any rest." },
	{ .path = "client_san", .type = CONF_STRING,
	  AT(conf_condition, client_san), .min = 1, .max = 4 * KIB,
	  .help = "A name that the client's certificate must have, such as "
	      "\"DNS:a.example\" or \"URI:spiffe://x/*\"." },
	{ .path = "client_fingerprint", .type = CONF_STRING,
	  AT(conf_condition, client_fingerprint), .min = 1, .max = 64,
	  .help = "The SHA-256 of the client's certificate, as hexadecimal "
	      "digits." },
	{ .path = "value", .type = CONF_STRING, AT(conf_condition, value),
	  .max = 4 * KIB,
	  .help = "The value that a header field, parameter or cookie must "
	      "have; without it, any." },
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
	{ .path = "split", .type = CONF_LIST,
	  MANY(conf_route, split.arms, split.count),
	  .block = &conf_block_arm,
	  .help = "Several services, in place of one, that share its "
	      "requests." },
	{ .path = "split_key", .type = CONF_STRING,
	  AT(conf_route, split.key), .min = 1, .max = 255,
	  .help = "What the choice between them goes by, so that it stays the "
	      "same: \"address\", \"user\", \"header:NAME\" or "
	      "\"cookie:NAME\"; without, it is random." },
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
	{ .path = "upgrade", .type = CONF_NAMES, AT(conf_route, upgrade),
	  .min = 1, .max = 64, .def = "websocket",
	  .help = "Protocols that a client may switch to on its connection; "
	      "none: [ ]." },
	{ .path = "retry_unsafe", .type = CONF_BOOL,
	  AT(conf_route, retry_unsafe), .def = "false",
	  .help = "Requests whose method is not idempotent are sent again, "
	      "too: what they do may be done twice." },
	{ .path = "encoded_slash", .type = CONF_WORD,
	  AT(conf_route, encoded_slash), .def = "reject",
	  .words = "reject keep",
	  .help = "What is done with %2f in the path." },
	{ .path = "grpc_web", .type = CONF_BOOL, AT(conf_route, grpc_web),
	  .def = "false",
	  .help = "Requests of gRPC-Web go on as gRPC, and their answers come "
	      "back as gRPC-Web." },
	{ .path = "authenticate", .type = CONF_NAMES,
	  AT(conf_route, authenticate), .min = 1, .max = 63,
	  .help = "Authenticators, tried in this order: the first that takes "
	      "the request's credentials says who it is. With \"anonymous\", "
	      "a request without any goes on, too." },
	{ .path = "authorize", .type = CONF_GROUP, .flags = CONF_OPTIONAL,
	  .help = "What an identity needs; all that is given must hold." },
	DEMAND("authorize.", conf_route, authorize),
	{ .path = "authorize.deny", .type = CONF_LIST,
	  MANY(conf_route, denies, deny_count), .block = &conf_block_deny,
	  .help = "Whoever meets all of one of these is refused, whatever "
	      "else holds." },
	{ .path = "close_revoked", .type = CONF_BOOL,
	  AT(conf_route, close_revoked), .def = "false",
	  .help = "Streams and tunnels end when the token that they began "
	      "with expires or is revoked." },
	{ .path = "issue", .type = CONF_BOOL, AT(conf_route, issue),
	  .def = "false",
	  .help = "Answers a POST with tokens of token_issuer for the "
	      "identity." },
	{ .path = "refresh", .type = CONF_BOOL, AT(conf_route, refresh),
	  .def = "false",
	  .help = "Answers a POST that has a refresh token with new "
	      "tokens." },
	{ .path = "cors", .type = CONF_STRING, AT(conf_route, cors),
	  .min = 1, .max = 255,
	  .help = "The policy, of those in cors, for requests from pages of "
	      "other origins; without, no such page can read its answers." },
	{ .path = "security_headers", .type = CONF_GROUP,
	  .flags = CONF_OPTIONAL,
	  .help = "What differs from the top level's; \"\" turns one header "
	      "off." },
#define SECURITY_OWNER conf_route
#include "master/conf_rows_security.def"
	{ .path = "jwks", .type = CONF_BOOL, AT(conf_route, jwks),
	  .def = "false",
	  .help = "Answers with the public keys that the gateway signs "
	      "with, as a JWK Set." },
	{ .path = "rate_limits", .type = CONF_NAMES,
	  AT(conf_route, rate_limits), .min = 1, .max = 255,
	  .help = "Those of rate_limits that its requests count for, in this "
	      "order; all must allow a request." },
	ACL(conf_route),
	{ .path = "priority", .type = CONF_WORD, AT(conf_route, priority),
	  .words = "normal priority emergency",
	  .help = "The class of its requests; without it, the service's." },
	{ .path = "timeouts", .type = CONF_GROUP,
	  .help = "Those that differ from the service's." },
	TIMEOUT(conf_route, body, NULL, "As timeouts.body."),
	TIMEOUT(conf_route, send, NULL, "As timeouts.send."),
	TIMEOUT(conf_route, connect, NULL, "As timeouts.connect."),
	TIMEOUT(conf_route, response, NULL, "As timeouts.response."),
	TIMEOUT(conf_route, tunnel, NULL, "As timeouts.tunnel."),
};

#define TOLD(key, id, value, text)                                          \
	{ .path = "identity_headers." key, .type = CONF_STRING,             \
	  AT(conf, identity_headers[id]), .max = 255, .def = (value),       \
	  .help = (text) }

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
	{ .path = "helpers", .type = CONF_INT, .flags = CONF_RESTART,
	  AT(conf, helpers), .max = HELPERS_MAX, .def = "1",
	  .unit = "processes",
	  .help = "How many helpers, which check passwords for the workers; "
	      "0: none, and nobody can check any." },
	{ .path = "pid_file", .type = CONF_STRING, .flags = CONF_RESTART,
	  AT(conf, pid_file), .min = 1, .max = 255,
	  .help = "Where the keeper's process number is written, for "
	      "penstock -s." },
	{ .path = "environment", .type = CONF_STRING, AT(conf, environment),
	  .min = 1, .max = 63, .def = "production",
	  .help = "What this installation is for; shown by penstockctl status." },
	{ .path = "zone", .type = CONF_STRING, AT(conf, zone),
	  .min = 1, .max = 63,
	  .help = "Where this gateway stands: endpoints of the same zone come "
	      "first." },
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
	{ .path = "admin.address", .type = CONF_STRING, .flags = CONF_RESTART,
	  AT(conf, admin_address), .min = 1, .max = 255,
	  .help = "An address and port where health and metrics are told to "
	      "whoever asks; of the machine itself or of a private network." },
	{ .path = "admin.token_file", .type = CONF_STRING,
	  AT(conf, admin_token_file), .min = 1, .max = 4095,
	  .help = "A file with the token that clients of admin.address need "
	      "for the API; without it, the API is not there." },
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
	{ .path = "limits.connections_per_address", .type = CONF_INT,
	  AT(conf, limits.connections_per_address), .max = PERMIT_COUNT_MAX,
	  .def = "0", .unit = "connections",
	  .help = "Connections of one client address (of IPv6: its /64) over "
	      "all workers; one more is closed at once. 0: no limit." },
	{ .path = "limits.requests_per_connection", .type = CONF_INT,
	  AT(conf, limits.requests_per_connection), .max = 1000000000,
	  .def = "0", .unit = "requests",
	  .help = "Requests of one connection, which ends with the answer to "
	      "the last one. 0: no limit." },
	{ .path = "limits.min_rate", .type = CONF_SIZE,
	  .flags = CONF_ZERO, AT(conf, limits.min_rate), .min = 1,
	  .max = UINT64_C(1) << 40, .def = "0",
	  .help = "Bytes per second, over 10 s, that a client has to send of "
	      "its request, or to take of an answer, while it is waited "
	      "for." },
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
	TIMEOUT(conf, tunnel, "1h", "Without bytes either way in a tunnel, an "
	    "event stream or a call of gRPC."),
	TIMEOUT(conf, drain, "30s", "For running requests to end at a graceful "
	    "stop."),
	{ .path = "http2", .type = CONF_GROUP,
	  .help = "What one HTTP/2 connection of a client may cost." },
	{ .path = "http2.max_streams", .type = CONF_INT,
	  AT(conf, http2.max_streams), .min = 1, .max = 10000, .def = "128",
	  .unit = "requests",
	  .help = "Requests at once." },
	{ .path = "http2.window", .type = CONF_SIZE, AT(conf, http2.window),
	  .min = 16 * KIB, .max = 16 * KIB * KIB, .def = "64k",
	  .help = "How much of a request body is under way, or waits, at "
	      "most." },
	{ .path = "http2.connection_window", .type = CONF_SIZE,
	  AT(conf, http2.connection_window), .min = 64 * KIB,
	  .max = 256 * KIB * KIB, .def = "1m",
	  .help = "The same for all requests together." },
	{ .path = "http2.max_resets", .type = CONF_INT,
	  AT(conf, http2.max_resets), .min = 1, .max = 1000000, .def = "200",
	  .unit = "requests",
	  .help = "Requests that the client may cancel in a burst, and a "
	      "hundredth of that in each second more." },
	{ .path = "http2.max_control", .type = CONF_INT,
	  AT(conf, http2.max_control), .min = 10, .max = 1000000,
	  .def = "1000", .unit = "frames",
	  .help = "Frames that carry nothing of a request (PING, SETTINGS, "
	      "PRIORITY, empty DATA and the like), likewise." },
	{ .path = "tls_tickets", .type = CONF_GROUP,
	  .help = "Tickets with which clients resume a TLS session." },
	{ .path = "tls_tickets.lifetime", .type = CONF_DURATION,
	  AT(conf, tickets.lifetime_us), .max = 7 * DAY, .def = "12h",
	  .help = "A key makes tickets for so long, and opens them twice as "
	      "long after; 0: there are none." },
	{ .path = "tls_tickets.key_files", .type = CONF_NAMES,
	  AT(conf, tickets.key_files), .min = 1, .max = 4095,
	  .help = "Files of 80 random bytes, for several gateways that share "
	      "their tickets: the first one makes them, up to two more open "
	      "them." },
	{ .path = "overload", .type = CONF_GROUP, .flags = CONF_OPTIONAL,
	  .help = "When a worker has more to do than it can, it sheds requests, "
	      "also with an empty group; without this group, it does not." },
	{ .path = "overload.lag", .type = CONF_DURATION,
	  .flags = CONF_ZERO, AT(conf, overload.lag_us), .min = 5 * MS,
	  .max = 60 * SECOND, .def = "100ms",
	  .help = "Events wait so long to be looked at." },
	{ .path = "overload.connections", .type = CONF_DECIMAL,
	  AT(conf, overload.connections), .max = 990, .def = "0.95",
	  .help = "It has this part of worker_connections; 0: that does not "
	      "matter." },
	{ .path = "overload.memory", .type = CONF_SIZE, .flags = CONF_ZERO,
	  AT(conf, overload.memory), .min = 16 * KIB * KIB,
	  .max = 1024 * KIB * KIB * KIB, .def = "0",
	  .help = "It has taken so much memory for itself." },
	{ .path = "resolver", .type = CONF_GROUP,
	  .help = "How the names of endpoints become addresses." },
	{ .path = "resolver.servers", .type = CONF_NAMES,
	  AT(conf, resolver.servers), .min = 1, .max = 63,
	  .help = "DNS servers, such as \"10.0.0.2\" or \"[::1]:5353\"; "
	      "without, the system's." },
	{ .path = "resolver.min_ttl", .type = CONF_DURATION,
	  AT(conf, resolver.min_ttl_us), .min = 100 * MS, .max = DAY,
	  .def = "1s",
	  .help = "An answer is good for this long, whatever it says." },
	{ .path = "resolver.max_ttl", .type = CONF_DURATION,
	  AT(conf, resolver.max_ttl_us), .min = 100 * MS, .max = 7 * DAY,
	  .def = "5m",
	  .help = "An answer is not good for longer." },
	{ .path = "resolver.timeout", .type = CONF_DURATION,
	  AT(conf, resolver.timeout_us), .min = 10 * MS, .max = 60 * SECOND,
	  .def = "2s",
	  .help = "For one question to one server." },
	{ .path = "resolver.attempts", .type = CONF_INT,
	  AT(conf, resolver.attempts), .min = 1, .max = 10, .def = "3",
	  .help = "How often each server is asked." },
	{ .path = "trusted_proxies", .type = CONF_NAMES,
	  AT(conf, trusted_proxies), .min = 1, .max = 63,
	  .help = "Addresses and networks, such as \"10.0.0.0/8\", whose word "
	      "about the client is believed." },
	{ .path = "authenticators", .type = CONF_NAMED,
	  MANY(conf, auths, auth_count), .block = &conf_block_auth,
	  .help = "Who finds out whom requests are from." },
	{ .path = "roles", .type = CONF_NAMED, MANY(conf, roles, role_count),
	  .block = &conf_block_role,
	  .help = "What those may do who have a role." },
	{ .path = "permissions", .type = CONF_NAMES, AT(conf, permissions),
	  .min = 1, .max = 255,
	  .help = "All permissions that there are; without, those that roles "
	      "and holders have." },
	{ .path = "identity_headers", .type = CONF_GROUP,
	  .help = "Header fields that tell the endpoint who it is; \"\" is "
	      "none." },
	TOLD("user", IMG_CLAIM_USER, "X-User-ID", "The user."),
	TOLD("email", IMG_CLAIM_EMAIL, "X-User-Email", "Its mail address."),
	TOLD("roles", IMG_CLAIM_ROLES, "X-User-Roles",
	    "Its roles, separated by commas."),
	TOLD("permissions", IMG_CLAIM_PERMISSIONS, "X-User-Permissions",
	    "Permissions that it has besides those of its roles, likewise."),
	TOLD("tenant", IMG_CLAIM_TENANT, "X-Tenant-ID", "Its tenant."),
	TOLD("service", IMG_CLAIM_SERVICE, "", "The service that it is."),
	{ .path = "signing", .type = CONF_GROUP,
	  .help = "The keys that the gateway signs tokens with." },
	{ .path = "signing.issuer", .type = CONF_STRING,
	  AT(conf, signing.issuer), .min = 1, .max = 1024, .def = "penstock",
	  .help = "What it calls itself in tokens (iss)." },
	{ .path = "signing.rotate", .type = CONF_DURATION,
	  AT(conf, signing.rotate_us), .min = SECOND, .max = YEAR,
	  .def = "24h",
	  .help = "A key of ES256 signs for so long; the next one is "
	      "published as long before, and it verifies as long after." },
	{ .path = "token_issuer", .type = CONF_GROUP,
	  .flags = CONF_OPTIONAL,
	  .help = "Tokens for clients, which routes with issue and refresh "
	      "hand out." },
	{ .path = "token_issuer.issuer", .type = CONF_STRING,
	  AT(conf, token_issuer.issuer.issuer), .min = 1, .max = 1024,
	  .help = "Who issues them (iss); without it, signing.issuer." },
	{ .path = "token_issuer.audience", .type = CONF_NAMES,
	  AT(conf, token_issuer.audience), .min = 1, .max = 1024,
	  .help = "Whom they are for (aud)." },
	ISSUER("token_issuer.", conf, token_issuer.issuer, "15m"),
	{ .path = "token_issuer.refresh", .type = CONF_DURATION,
	  AT(conf, token_issuer.refresh_us), .max = 10 * YEAR, .def = "30d",
	  .help = "For how long a refresh token holds; 0: there are none." },
	{ .path = "token_issuer.per_minute", .type = CONF_INT,
	  AT(conf, token_issuer.per_minute), .max = 60000, .def = "10",
	  .unit = "requests",
	  .help = "Requests of one client address (of IPv6: its /64), five of "
	      "them at once, to routes with issue or refresh, over all "
	      "workers; more are answered 429. 0: no limit." },
	{ .path = "state_dir", .type = CONF_STRING, .flags = CONF_RESTART,
	  AT(conf, state_dir), .min = 1, .max = 255,
	  .help = "A folder of the gateway's own, made if need be: API keys "
	      "that were added, revocations, bans, what was spent of quotas, "
	      "the keys that it signs with and refresh tokens are kept there "
	      "over a stop. Without it they end with the gateway." },
	{ .path = "cors", .type = CONF_NAMED, MANY(conf, cors, cors_count),
	  .block = &conf_block_cors,
	  .help = "Policies for requests from pages of other origins." },
	{ .path = "security_headers", .type = CONF_GROUP,
	  .flags = CONF_OPTIONAL,
	  .help = "Header fields that tell browsers to be careful, on all "
	      "answers." },
#define SECURITY_OWNER conf
#include "master/conf_rows_security.def"
	{ .path = "rate_limits", .type = CONF_NAMED,
	  MANY(conf, rate_limits, rate_limit_count),
	  .block = &conf_block_rate_limit,
	  .help = "How often something may be asked for, which routes name." },
	ACL(conf),
	{ .path = "bans", .type = CONF_NAMED, MANY(conf, bans, ban_count),
	  .block = &conf_block_ban,
	  .help = "Rules by which addresses are not served for a while." },
#include "master/conf_rows_telemetry.def"
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

const struct conf_block conf_block_condition = {
	BLOCK("condition", condition_rows, conf_condition) };
const struct conf_block conf_block_header_rule = {
	BLOCK("header rule", header_rule_rows, conf_header_rule) };
const struct conf_block conf_block_route = {
	BLOCK("route", route_rows, conf_route) };
const struct conf_block conf_block_top = { BLOCK("file", top_rows, conf) };

/* clang-format on */
