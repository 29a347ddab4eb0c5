/*
 * ctl_auths.h - what penstockctl shows of authenticators, and of the keys that
 * the gateway signs with.
 */
#ifndef TOOLS_CTL_AUTHS_H
#define TOOLS_CTL_AUTHS_H

#include "tools/ctl_call.h"

void ctl_show_auths(const json_t *doc);

/* With "rotate", after it. */
ctl_run_fn ctl_signing;

#endif
