/*
 * codec.c - the names of codec errors, as records and error bodies show them.
 */
#include "common/http/codec.h"

const char *
codec_error_name(enum codec_error e)
{
	static const char *const names[] = {
		[CODEC_OK] = "ok",
		[CODEC_BAD_START_LINE] = "bad_start_line",
		[CODEC_BAD_METHOD] = "bad_method",
		[CODEC_METHOD_TOO_LONG] = "method_too_long",
		[CODEC_BAD_TARGET] = "bad_target",
		[CODEC_BAD_VERSION] = "bad_version",
		[CODEC_BAD_FIELD] = "bad_field",
		[CODEC_BAD_LINE_END] = "bad_line_end",
		[CODEC_OBS_FOLD] = "obs_fold",
		[CODEC_BAD_HOST] = "bad_host",
		[CODEC_BAD_LENGTH] = "bad_length",
		[CODEC_BAD_CODING] = "bad_coding",
		[CODEC_LENGTH_AND_CODING] = "length_and_coding",
		[CODEC_BAD_CHUNK] = "bad_chunk",
		[CODEC_BAD_STATUS] = "bad_status",
		[CODEC_BAD_EXPECT] = "bad_expect",
		[CODEC_HEAD_TOO_LARGE] = "head_too_large",
		[CODEC_TOO_MANY_FIELDS] = "too_many_fields",
		[CODEC_URI_TOO_LONG] = "uri_too_long",
		[CODEC_TRAILERS_TOO_LARGE] = "trailers_too_large",
		[CODEC_H2_PREFACE] = "h2_preface",
		[CODEC_TRUNCATED] = "truncated",
		[CODEC_UNEXPECTED] = "unexpected",
		[CODEC_BAD_PSEUDO] = "bad_pseudo_header",
		[CODEC_RESET] = "reset",
		[CODEC_REFUSED] = "refused",
	};

	return (size_t)e < sizeof(names) / sizeof(names[0]) ? names[e] : "";
}
