/*
 * ctl_explain.h - what would become of a request to the gateway that runs.
 */
#ifndef TOOLS_CTL_EXPLAIN_H
#define TOOLS_CTL_EXPLAIN_H

#include "tools/ctl_call.h"

ctl_run_fn ctl_explain;

#endif
