/*
 * state.h - what outlives a full stop: files in state_dir, each written anew as
 * a whole and renamed into its place, mode 0600.
 *
 * A file is lines of JSON; the first one says what it holds, and in which
 * version. Only a gateway that begins reads them: afterwards shared memory is
 * the truth, also for a successor of the master.
 */
#ifndef MASTER_STATE_H
#define MASTER_STATE_H

#include <stdbool.h>
#include <stddef.h>

#include "common/base/diag.h"
#include "common/base/text.h"
#include "master/privs.h"

#define STATE_BYTES_MAX (64u << 20)

/* ---- keeper ---- */

/*
 * Opens the folder, made if need be, and keeps others from using it. As root it
 * is the user's. The descriptor, or -1 with a complaint.
 */
int state_open(const char *path, const struct privs *p, struct diag *d);

/* ---- master ---- */

/*
 * Writes a file; `lasting`: returns when it would outlive the machine's fall.
 * False with errno. Without a folder (dir -1) nothing is
 * written, which is true.
 */
bool
state_write(int dir, const char *name, const struct text *text, bool lasting);

/*
 * Reads a file; true with nothing when there is none. False with errno: ENODATA
 * for one that is empty.
 */
bool state_read(int dir, const char *name, struct text *text);

/* Leaves out the lines that state_read could not read. True: there are some. */
bool state_cut(struct text *text);

/* The first line. */
void state_begin(struct text *text, const char *kind);

/*
 * Walks the lines of a file of this kind. `line` is told each one but the
 * first; it says what is wrong with one, or NULL. False with a complaint that
 * names file and line.
 */
bool state_walk(struct slice text, const char *kind,
    const char *(*line)(void *ctx, struct slice line), void *ctx,
    struct diag *d);

#endif
