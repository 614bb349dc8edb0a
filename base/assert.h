/*
 * assert.h - checks of our own mistakes, never of input.
 *
 * PW_ASSERT stays on in every build. PW_DEBUG_ASSERT is for hot loops and is
 * on only where NDEBUG is not defined.
 */
#ifndef PW_BASE_ASSERT_H
#define PW_BASE_ASSERT_H

/*
 * Say which assertion failed and where, then abort.
 *
 * Errors: does not return.
 */
_Noreturn void pw_assert_failed(const char *text, const char *file, int line);

#define PW_ASSERT(cond) \
	((cond) ? (void)0 : pw_assert_failed(#cond, __FILE__, __LINE__))

#ifdef NDEBUG
#define PW_DEBUG_ASSERT(cond) ((void)0)
#else
#define PW_DEBUG_ASSERT(cond) PW_ASSERT(cond)
#endif

#endif
