/*
 * call.h - what a system call of the target means for a trace: events, and
 * the user memory that the kernel reads or writes.
 *
 * Shared by all engines. One of them calls it inside the recorded process
 * itself, between the program and the kernel: so nothing here allocates, uses
 * standard input and output, thread-local or changing global data, or calls
 * more of the C library than memory and string functions.
 */
#ifndef PW_CAPTURE_CALL_H
#define PW_CAPTURE_CALL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "formats/event.h"

#define PW_CALL_ARGS 6
#define PW_CALL_TEXT_BYTES 4096

/* The processors whose call numbers and structures are known. */
enum pw_call_machine { PW_CALL_X86_64, PW_CALL_AARCH64 };

/* One call. @id is the same on every machine; see pw_call_id. */
struct pw_call {
	enum pw_call_machine machine;
	unsigned id;	 /* enum pw_syscall; PW_SYSCALL_NONE: not known */
	uint64_t number; /* as the program gave it */
	uint64_t arg[PW_CALL_ARGS];
	uint64_t result; /* once it has returned */
};

/* What is behind a descriptor or mapping; all zero when unknown. */
struct pw_call_file {
	uint64_t device;
	uint64_t inode;
	uint64_t bytes;
	uint64_t links; /* its names */
	bool regular;
	bool discards; /* /dev/null and /dev/zero do not look at what comes */
	char path[PW_CALL_TEXT_BYTES]; /* "" when unknown */
};

/* How to look into the target, and where findings go. */
struct pw_call_ops {
	/* Read memory up to the first byte that cannot be read. */
	size_t (*read)(void *state, uint64_t address, void *buffer,
		       size_t bytes);
	/* What is behind descriptor @fd. */
	void (*file)(void *state, int fd, struct pw_call_file *out);
	/* The offset of descriptor @fd; UINT64_MAX when it has none. */
	uint64_t (*offset)(void *state, int fd);
	/* The process of descriptor @fd, a pidfd; 0: none. -1: the own one. */
	uint64_t (*pid)(void *state, int fd);
	/* What @path leads to, as call_seek.h. */
	void (*path)(void *state, int dirfd, const char *path, bool follow,
		     struct pw_call_file *out);
	/* Whether the process has a descriptor of this file. */
	bool (*open)(void *state, uint64_t device, uint64_t inode);
	/* Length of the mapping that begins at @address; 0 for none. */
	uint64_t (*mapping_bytes)(void *state, uint64_t address);
	/* An event, in order. The text is good during the call. */
	void (*event)(void *state, const struct pw_event *event);
	/* The kernel has read, or written, these bytes for the target. */
	void (*access)(void *state, uint64_t address, uint64_t bytes,
		       bool store);
};

/* What is kept of one thread: its memory between the entry and the return of a
 * call, and what earlier calls said. Zeroed at first. */
struct pw_call_scratch {
	uint64_t parting[2]; /* device and inode of what may lose its last name
				or descriptor; 0 and 0: nothing */
	uint64_t rseq;	     /* the area of its last rseq call; 0: none */
	uint64_t detached_bytes; /* shmdt, io_destroy: size of the mapping */
	struct pw_call_file file;
	char text[PW_CALL_TEXT_BYTES + 1];
};

/* What an engine must do besides; from pw_call_traits. */
enum pw_call_trait {
	PW_CALL_SPACE = 1, /* may change mappings, if it succeeds */
	PW_CALL_CHILD = 2, /* makes a thread or process */
	PW_CALL_ENDS = 4,  /* exit, exit_group: does not return */
	PW_CALL_EXEC = 8,  /* execve, execveat */
	PW_CALL_SIGRETURN = 16,
	PW_CALL_AFFINITY = 32, /* sched_setaffinity */
	PW_CALL_UNKNOWN = 64,  /* changes the space in ways no event says */
	PW_CALL_HANDLER = 128, /* rt_sigaction */
};

/*
 * The call that @number asks for on @machine; PW_SYSCALL_NONE (0) when it is
 * not known.
 *
 * Source: Linux arch/x86/entry/syscalls/syscall_64.tbl,
 *         include/uapi/asm-generic/unistd.h.
 */
unsigned pw_call_id(enum pw_call_machine machine, uint64_t number);

/*
 * The name of a call, "unknown" for PW_SYSCALL_NONE.
 */
const char *pw_call_name(unsigned id);

/*
 * enum pw_call_trait bits of the call.
 */
unsigned pw_call_traits(const struct pw_call *call);

/*
 * Let a child of a call with clone flags @flags have what its creator's
 * @creator says.
 */
void pw_call_inherit(struct pw_call_scratch *child,
		     const struct pw_call_scratch *creator, uint64_t flags);

/*
 * Whether the result is an error number.
 */
static inline bool pw_call_failed(uint64_t result)
{
	return result > UINT64_MAX - 4095;
}

/*
 * Whether a file of this mode and number throws away what is written to it,
 * without a look: /dev/null and /dev/zero.
 *
 * Source: Linux drivers/char/mem.c; Documentation/admin-guide/devices.txt.
 */
static inline bool pw_call_discards(uint32_t mode, uint64_t device)
{
	const uint64_t null = 0x103, zero = 0x105;

	return (mode & 0170000) == 0020000 &&
	       (device == null || device == zero);
}

/*
 * The call is about to be made: keep what only can be known now, and report
 * what must come before it (the events exit and exit_group, and the memory
 * that a thread's end clears is the engine's own business).
 */
void pw_call_enter(const struct pw_call *call, struct pw_call_scratch *scratch,
		   const struct pw_call_ops *ops, void *state);

/*
 * The call has returned: report the memory that the kernel read and wrote, in
 * order of the arguments, reads before writes, and then its event, if it has
 * one. Calls that can neither be told by an event nor are harmless make an
 * "unrecorded" event. In a child, where the call that made it returns 0, only
 * the number is reported that the kernel writes into the child's memory.
 */
void pw_call_leave(const struct pw_call *call, struct pw_call_scratch *scratch,
		   const struct pw_call_ops *ops, void *state);

/*
 * The clone flags of a call that makes a child: those of clone, of clone3's
 * structure, or what fork and vfork stand for.
 */
uint64_t pw_call_child_flags(const struct pw_call *call,
			     const struct pw_call_ops *ops, void *state);

#endif
