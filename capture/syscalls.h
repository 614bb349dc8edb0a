/*
 * syscalls.h - syscalls.def as a table.
 */
#ifndef PW_CAPTURE_SYSCALLS_H
#define PW_CAPTURE_SYSCALLS_H

#include <stdbool.h>
#include <stdint.h>

#include "formats/event.h"

enum pw_syscall_handling {
	PW_SYSCALL_SPACE,    /* changes mappings: arguments 0 and 1 a range */
	PW_SYSCALL_FILE,     /* mmap: the same, and what file it maps */
	PW_SYSCALL_ATTACH,   /* returns the address of the mapping it made */
	PW_SYSCALL_RING,     /* io_setup: the same, where argument 1 points */
	PW_SYSCALL_DETACH,   /* undoes the mapping at argument 0 */
	PW_SYSCALL_CONTROL,  /* [arch_]prctl: a name, the space, or nothing */
	PW_SYSCALL_CHILD,    /* makes a thread or process */
	PW_SYSCALL_END,	     /* does not return: recorded before it is made */
	PW_SYSCALL_AFFINITY, /* no event: the recorder follows */
	PW_SYSCALL_UNKNOWN,  /* changes the space in ways events cannot say */
};

struct pw_syscall_info {
	uint64_t number;
	const char *name;
	enum pw_event_kind event;
	unsigned args; /* copied from the call's arguments */
	enum pw_syscall_handling handling;
};

/*
 * What is done about the 64-bit system call that @rax asks for, or NULL for
 * nothing.
 *
 * Owns:   static.
 * Source: Linux arch/x86/entry/syscalls/syscall_64.tbl.
 */
const struct pw_syscall_info *pw_syscall_info(uint64_t rax);

/*
 * Whether @result says that the kernel will make the call again, or turn the
 * result into EINTR, after a signal.
 *
 * Source: Linux include/linux/errno.h (ERESTARTSYS ... ERESTART_RESTARTBLOCK).
 */
bool pw_syscall_restarts(uint64_t result);

#endif
