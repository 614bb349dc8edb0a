/*
 * status.c - failures as a status and two texts.
 */
#include "base/status.h"

#include <stdarg.h>

#include "base/assert.h"

PW_PRINTF(3, 0)
static void format_message(struct pw_error *err, enum pw_status status,
			   const char *fmt, va_list args)
{
	PW_ASSERT(status != PW_OK && fmt);
	err->status = status;
	err->hint[0] = '\0';
	vsnprintf(err->message, sizeof(err->message), fmt, args);
}

enum pw_status pw_fail(struct pw_error *err, enum pw_status status,
		       const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	format_message(err, status, fmt, args);
	va_end(args);
	return status;
}

enum pw_status pw_fail_errno(struct pw_error *err, enum pw_status status,
			     int system_error, const char *fmt, ...)
{
	size_t used;
	va_list args;

	va_start(args, fmt);
	format_message(err, status, fmt, args);
	va_end(args);
	used = strlen(err->message);
	PW_ASSERT(system_error >= 0 && used < sizeof(err->message));
	if (system_error)
		snprintf(err->message + used, sizeof(err->message) - used,
			 ": %s", strerror(system_error));
	return status;
}

enum pw_status pw_fail_memory(struct pw_error *err, const char *what)
{
	return pw_fail(err, PW_ERR_SYSTEM, "out of memory for %s", what);
}

enum pw_status pw_hint(struct pw_error *err, const char *fmt, ...)
{
	va_list args;

	PW_ASSERT(err->status != PW_OK);
	va_start(args, fmt);
	vsnprintf(err->hint, sizeof(err->hint), fmt, args);
	va_end(args);
	return err->status;
}
