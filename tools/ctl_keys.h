/*
 * ctl_keys.h - API keys: listed, added, removed.
 */
#ifndef TOOLS_CTL_KEYS_H
#define TOOLS_CTL_KEYS_H

#include "tools/ctl_call.h"

ctl_run_fn ctl_keys;

#endif
