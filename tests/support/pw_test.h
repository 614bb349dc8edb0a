/*
 * pw_test.h - what every cmocka test includes first.
 */
#ifndef PW_TESTS_SUPPORT_PW_TEST_H
#define PW_TESTS_SUPPORT_PW_TEST_H

/* cmocka wants these before it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/status.h"

/* Fail the test with the error's message unless @expression is PW_OK. */
#define PW_TEST_OK(expression, err)                     \
	do {                                            \
		if ((expression) != PW_OK)              \
			fail_msg("%s", (err)->message); \
	} while (0)

#endif
