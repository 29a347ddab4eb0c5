/*
 * ctl_revoke.h - tokens, users and everything of an authenticator, revoked and
 * not any more.
 */
#ifndef TOOLS_CTL_REVOKE_H
#define TOOLS_CTL_REVOKE_H

#include "tools/ctl_call.h"

ctl_run_fn ctl_revoke, ctl_unrevoke;

#endif
