/*
 * password.h - is a text the password that a hash of crypt(5) was made of?
 */
#ifndef HELPER_PASSWORD_H
#define HELPER_PASSWORD_H

#include <stdbool.h>

#include "shm/jobs.h"

struct password;

/* Room to work in. NULL: no memory. */
struct password *password_new(void);
void password_free(struct password *p);

/*
 * JOB_YES, JOB_NO, or JOB_FAILED: the hash is none that libcrypt knows, or
 * there was no memory. It takes as long as the hash wants, whatever the text;
 * no copy of which is left.
 */
enum job_result
password_check(struct password *p, struct slice text, struct slice hash);

#endif
