/*
 * permission.h - what a permission that somebody has covers.
 *
 * Permissions are words separated by ":" ("users:read"). In one that is granted
 * "*" stands for any one word, at its end for all that follow, also none: so
 * "users:*" covers "users", "users:read" and "users:read:all", "*:read" covers
 * "users:read" alone, "*" everything.
 */
#ifndef SHM_PERMISSION_H
#define SHM_PERMISSION_H

#include <stdbool.h>

#include "common/base/slice.h"

bool permission_covers(struct slice granted, struct slice wanted);

#endif
