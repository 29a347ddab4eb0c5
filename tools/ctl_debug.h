/*
 * ctl_debug.h - a token that lets the client of a request see what becomes of
 * it.
 */
#ifndef TOOLS_CTL_DEBUG_H
#define TOOLS_CTL_DEBUG_H

#include "tools/ctl_call.h"

ctl_run_fn ctl_debug_token;

#endif
