/*
 * status.h - how a function says that the world failed.
 *
 * Every fallible function returns an enum pw_status and takes, as its last
 * parameter, the caller's struct pw_error. The values are the exit codes of
 * the program. Bugs are not errors: they are PW_ASSERT.
 */
#ifndef PW_BASE_STATUS_H
#define PW_BASE_STATUS_H

#include "base/banned.h"

#define PW_MUST_CHECK __attribute__((warn_unused_result))
#define PW_PRINTF(fmt, args) __attribute__((format(printf, fmt, args)))
#define PW_COUNT(array) (sizeof(array) / sizeof((array)[0]))

enum pw_status {
	PW_OK = 0,
	PW_ERR_GATE = 1,    /* a comparison or gate failed */
	PW_ERR_FORMAT = 2,  /* input damaged or not understood */
	PW_ERR_OUTPUT = 3,  /* output could not be written */
	PW_ERR_TARGET = 4,  /* the target could not be traced */
	PW_ERR_USAGE = 64,  /* wrong usage, configuration or file name */
	PW_ERR_SYSTEM = 71, /* the system refused memory or another resource */
};

struct pw_error {
	enum pw_status status;
	char message[1024]; /* what was wrong, where, the system's reason */
	char hint[512]; /* what to try; empty when there is nothing to say */
};

/*
 * Record a failure and return its status, so that a caller can write
 * "return pw_fail(err, ...)". A hint that was there is cleared.
 *
 * Errors: returns @status, whatever it is; never PW_OK.
 */
enum pw_status pw_fail(struct pw_error *err, enum pw_status status,
		       const char *fmt, ...) PW_PRINTF(3, 4);

/*
 * The same, and append ": " and the text of @system_error (an errno value).
 *
 * Errors: returns @status.
 */
enum pw_status pw_fail_errno(struct pw_error *err, enum pw_status status,
			     int system_error, const char *fmt, ...)
	PW_PRINTF(4, 5);

/*
 * The failure of an allocation of what @what names.
 *
 * Errors: returns PW_ERR_SYSTEM.
 */
enum pw_status pw_fail_memory(struct pw_error *err, const char *what);

/*
 * Say what the user could try, beside the failure already recorded.
 *
 * Errors: returns the recorded status, so that it can end a return chain.
 */
enum pw_status pw_hint(struct pw_error *err, const char *fmt, ...)
	PW_PRINTF(2, 3);

#endif
