/*
 * syscalls.c - look system calls up.
 */
#include "capture/syscalls.h"

#include <stddef.h>
#include <sys/syscall.h>

#include "base/status.h"

#ifndef SYS_map_shadow_stack
#define SYS_map_shadow_stack 453
#endif

static const struct pw_syscall_info table[] = {
#define PW_SYSCALL(call, event, args, handling) \
	{SYS_##call, #call, PW_EVENT_##event, args, PW_SYSCALL_##handling},
#include "capture/syscalls.def"
#undef PW_SYSCALL
};

const struct pw_syscall_info *pw_syscall_info(uint64_t rax)
{
	uint64_t number = rax & UINT32_MAX; /* the kernel looks at no more */

	for (size_t i = 0; i < PW_COUNT(table); i++)
		if (table[i].number == number)
			return &table[i];
	return NULL;
}

bool pw_syscall_restarts(uint64_t result)
{
	int64_t error = -(int64_t)result;

	return error == 512 || error == 513 || error == 514 || error == 516;
}
