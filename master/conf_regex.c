/*
 * conf_regex.c - see conf_regex.h.
 */
#include "master/conf_regex.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>
#include <stdio.h>

#include "shm/image.h"

bool
conf_regex_check(struct slice text, uint32_t *captures, char *why)
{
	int error;
	PCRE2_SIZE at;
	PCRE2_UCHAR reason[256];
	pcre2_code *code = pcre2_compile(
	    (PCRE2_SPTR)text.p, text.n, IMG_REGEX_OPTIONS, &error, &at, NULL);

	if (code == NULL) {
		pcre2_get_error_message(error, reason, sizeof(reason));
		(void)snprintf(why, CONF_REGEX_WHY_MAX, "%s at offset %zu",
		    (const char *)reason, (size_t)at);
		return false;
	}
	if (captures != NULL)
		(void)pcre2_pattern_info(
		    code, PCRE2_INFO_CAPTURECOUNT, captures);
	pcre2_code_free(code);
	return true;
}
