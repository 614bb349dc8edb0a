/*
 * drmem_record.h - the records of DynamoRIO's memory traces.
 *
 * 12 bytes: u16 type, u16 size, u64 address, little-endian.
 *
 * Source: DynamoRIO, clients/drcachesim/common/trace_entry.h.
 */
#ifndef PW_FORMATS_READERS_DRMEM_RECORD_H
#define PW_FORMATS_READERS_DRMEM_RECORD_H

#include <stdint.h>

#define PW_DRMEM_BYTES 12
#define PW_DRMEM_BYTES_32 8 /* of a 32-bit program: u32 address */
#define PW_DRMEM_VERSION_MAX 7

enum pw_drmem_type {
	PW_DRMEM_READ = 0,
	PW_DRMEM_WRITE = 1,
	PW_DRMEM_INSTR_FIRST = 10, /* and its branches, to RETURN */
	PW_DRMEM_INSTR_LAST = 16,
	PW_DRMEM_INSTR_BUNDLE = 17, /* size lengths in the address */
	PW_DRMEM_THREAD = 22,
	PW_DRMEM_THREAD_EXIT = 23,
	PW_DRMEM_PID = 24,
	PW_DRMEM_HEADER = 25,
	PW_DRMEM_FOOTER = 26,
	PW_DRMEM_MARKER = 28,
	PW_DRMEM_NO_FETCH = 29,	   /* an iteration of a string instruction */
	PW_DRMEM_MAYBE_FETCH = 30, /* a fetch unless the pc stays */
	PW_DRMEM_SYSENTER = 31,
	PW_DRMEM_TAKEN_JUMP = 48,
	PW_DRMEM_UNTAKEN_JUMP = 49,
	PW_DRMEM_TYPES = 50, /* this and above are no records */
};

enum pw_drmem_marker {
	PW_DRMEM_TIMESTAMP = 2, /* microseconds */
	PW_DRMEM_CPU_ID = 3,
	PW_DRMEM_FILETYPE = 9,
	PW_DRMEM_VERSION = 12,
	PW_DRMEM_WINDOW_ID = 14,
	PW_DRMEM_PHYSICAL = 15, /* then VIRTUAL */
	PW_DRMEM_VIRTUAL = 17,
	PW_DRMEM_PAGE_SIZE = 18,
	PW_DRMEM_SYSCALL_BEGIN = 27, /* kernel records from here */
	PW_DRMEM_SYSCALL_END = 28,
	PW_DRMEM_SWITCH_BEGIN = 34,
	PW_DRMEM_SWITCH_END = 35,
};

/* Bits of the FILETYPE marker. */
#define PW_DRMEM_FILTERED 0x01
#define PW_DRMEM_NO_DATA 0x04
#define PW_DRMEM_ARM32 0x10
#define PW_DRMEM_X86_32 0x20
#define PW_DRMEM_I_FILTERED 0x80
#define PW_DRMEM_D_FILTERED 0x100

#define PW_DRMEM_CPU_BITS 12 /* of the CPU_ID marker; above is the node */
#define PW_DRMEM_CPU_UNKNOWN UINT64_MAX

#endif
