/*
 * ctl_certs.h - the command that shows certificates.
 */
#ifndef TOOLS_CTL_CERTS_H
#define TOOLS_CTL_CERTS_H

#include <jansson.h>

void ctl_show_certs(const json_t *doc);

#endif
