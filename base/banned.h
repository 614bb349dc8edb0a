/*
 * banned.h - calls that do not compile here.
 *
 * Each has a bounded or error-reporting replacement: snprintf, pw_units_*,
 * pw_arena_printf.
 */
#ifndef PW_BASE_BANNED_H
#define PW_BASE_BANNED_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#undef alloca
#undef sprintf
#undef vsprintf
#pragma GCC poison strcpy strcat strncpy strncat sprintf vsprintf gets
#pragma GCC poison strtok atoi atol atoll atof alloca

#endif
