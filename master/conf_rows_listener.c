/*
 * conf_rows_listener.c - the rows of listeners and their certificates.
 */
#include "master/conf_rows.h"

/* clang-format off */

static const struct conf_row certificate_rows[] = {
	{ .path = "certificate", .type = CONF_STRING,
	  AT(conf_certificate, certificate), .min = 1, .max = 4095,
	  .help = "A PEM file: the certificate, then those of its issuers, "
	      "each above the one before it." },
	{ .path = "key", .type = CONF_STRING, AT(conf_certificate, key),
	  .min = 1, .max = 4095,
	  .help = "Its private key, as PEM; without it, it is in the file of "
	      "the certificate." },
	{ .path = "ocsp", .type = CONF_STRING, AT(conf_certificate, ocsp),
	  .min = 1, .max = 4095,
	  .help = "An OCSP response about it, as DER, that is given to "
	      "clients." },
};

static const struct conf_row listener_rows[] = {
	{ .path = "address", .type = CONF_STRING, AT(conf_listener, address),
	  .min = 1, .max = 255,
	  .help = "Where to listen: a numeric address and a port, such as "
	      "\"0.0.0.0:8080\" or \"[::]:8080\"." },
	{ .path = "proxy_protocol", .type = CONF_BOOL,
	  AT(conf_listener, proxy_protocol), .def = "false",
	  .help = "Every connection begins with a header of the PROXY protocol, "
	      "version 1 or 2, which says whose it is." },
	{ .path = "protocols", .type = CONF_NAMES,
	  AT(conf_listener, protocols), .min = 1, .max = 16,
	  .help = "\"h2\" and \"http/1.1\"; without, both with TLS and "
	      "\"http/1.1\" without it." },
	{ .path = "redirect_https", .type = CONF_BOOL,
	  AT(conf_listener, redirect_https), .def = "false",
	  .help = "Every request is answered with its address under https." },
	{ .path = "redirect_https_port", .type = CONF_INT,
	  AT(conf_listener, redirect_port), .min = 1, .max = 65535,
	  .def = "443",
	  .help = "The port of that address." },
	{ .path = "tls", .type = CONF_GROUP, .flags = CONF_OPTIONAL,
	  .help = "TLS for its clients; without this group, none." },
	{ .path = "tls.certificates", .type = CONF_LIST,
	  MANY(conf_listener, tls.certificates, tls.certificate_count),
	  .block = &conf_block_certificate,
	  .help = "Its certificates: which one a client gets goes by the name "
	      "that it asks for." },
	{ .path = "tls.profile", .type = CONF_WORD,
	  AT(conf_listener, tls.profile), .def = "intermediate",
	  .words = "intermediate modern",
	  .help = "Versions and ciphers: TLS 1.2 and 1.3, or 1.3 alone." },
	{ .path = "tls.min_version", .type = CONF_WORD,
	  AT(conf_listener, tls.min_version), .words = "1.2 1.3",
	  .help = "The oldest version of TLS; without it, the profile's." },
	{ .path = "tls.client_verify", .type = CONF_WORD,
	  AT(conf_listener, tls.client_verify), .def = "none",
	  .words = "none optional require",
	  .help = "Whether clients are asked for a certificate, and whether "
	      "they need one. One that is shown must hold." },
	{ .path = "tls.client_ca", .type = CONF_STRING,
	  AT(conf_listener, tls.client_ca), .min = 1, .max = 4095,
	  .help = "A PEM file: the authorities whose clients are believed." },
	{ .path = "tls.client_depth", .type = CONF_INT,
	  AT(conf_listener, tls.client_depth), .max = 16, .def = "4",
	  .unit = "certificates",
	  .help = "How many may stand between a client's and its "
	      "authority's." },
	{ .path = "tls.client_crl", .type = CONF_STRING,
	  AT(conf_listener, tls.client_crl), .min = 1, .max = 4095,
	  .help = "A PEM file: certificates that the authorities have taken "
	      "back. Each authority of a chain needs its list." },
	{ .path = "tls.strict_sni", .type = CONF_BOOL,
	  AT(conf_listener, tls.strict_sni), .def = "false",
	  .help = "A client that asks for no name, or for one that no "
	      "certificate has, is refused; else it gets the first." },
};

const struct conf_block conf_block_certificate = {
	BLOCK("certificate", certificate_rows, conf_certificate) };
const struct conf_block conf_block_listener = {
	BLOCK("listener", listener_rows, conf_listener) };

/* clang-format on */
