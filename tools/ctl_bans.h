/*
 * ctl_bans.h - addresses that are banned, and not any more.
 */
#ifndef TOOLS_CTL_BANS_H
#define TOOLS_CTL_BANS_H

#include "tools/ctl_call.h"

void ctl_show_bans(const json_t *doc);

ctl_run_fn ctl_ban, ctl_unban;

#endif
