/*
 * label.h - the text that an endpoint is configured by: "a.example:443",
 * "[::1]:443", "_http._tcp.a.example".
 */
#ifndef SHM_LABEL_H
#define SHM_LABEL_H

#include "common/base/slice.h"
#include "shm/layout.h"

/*
 * The name that the certificate of an endpoint has to be for: without a port,
 * in lower case; of SRV records, what they are records of (RFC 6125 6.2.1: not
 * their targets, which nobody has vouched for). `text` has room for
 * ENDPOINT_LABEL_MAX bytes.
 */
struct slice label_name(struct slice label, char *text);

#endif
