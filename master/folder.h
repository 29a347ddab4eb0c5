/*
 * folder.h - makes the folder that a pid file or a socket is to stand in.
 */
#ifndef MASTER_FOLDER_H
#define MASTER_FOLDER_H

#include <stdbool.h>

#include "common/base/diag.h"

/*
 * Makes every missing folder above `path` with mode 0755. False with a
 * complaint that begins with `what` ("pid_file").
 */
bool folder_make_above(const char *path, const char *what, struct diag *d);

#endif
