/*
 * master.h - the process that owns configuration and admin API.
 */
#ifndef MASTER_MASTER_H
#define MASTER_MASTER_H

#include "master/boot.h"
#include "shm/inherit.h"

/*
 * Runs the master until the keeper tells it to stop or is gone; returns the
 * exit code. `path` is the configuration file, `boot` what the keeper was
 * started with.
 */
int master_main(struct inherit *in, const struct boot *boot, const char *path);

#endif
