/*
 * oracle_vma.h - mappings that become one, and what they are of.
 */
#ifndef PW_TESTS_ORACLE_ORACLE_VMA_H
#define PW_TESTS_ORACLE_ORACLE_VMA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tests/oracle/oracle_space.h"

/* Bits of the flags of mappings, as VmFlags of smaps calls them. */
enum {
	PW_ORACLE_RD = 0x1,
	PW_ORACLE_WR = 0x2,
	PW_ORACLE_EX = 0x4,
	PW_ORACLE_SH = 0x8,
	PW_ORACLE_MR = 0x10,
	PW_ORACLE_MW = 0x20,
	PW_ORACLE_ME = 0x40,
	PW_ORACLE_MS = 0x80,
	PW_ORACLE_GD = 0x100,
	PW_ORACLE_PF = 0x400,
	PW_ORACLE_GU = 0x800,
	PW_ORACLE_LO = 0x2000,
	PW_ORACLE_IO = 0x4000,
	PW_ORACLE_SR = 0x8000,
	PW_ORACLE_RR = 0x10000,
	PW_ORACLE_DC = 0x20000,
	PW_ORACLE_DE = 0x40000,
	PW_ORACLE_LF = 0x80000,
	PW_ORACLE_AC = 0x100000,
	PW_ORACLE_NR = 0x200000,
	PW_ORACLE_HT = 0x400000,
	PW_ORACLE_SF = 0x800000,
	PW_ORACLE_WF = 0x2000000,
	PW_ORACLE_DD = 0x4000000,
	PW_ORACLE_HG = 0x20000000,
	PW_ORACLE_NH = 0x40000000,
};
#define PW_ORACLE_MG UINT64_C(0x80000000)
#define PW_ORACLE_DP UINT64_C(0x10000000000)

enum pw_oracle_thing_kind {
	PW_ORACLE_OPEN_FILE,
	PW_ORACLE_ANONYMOUS_FILE,
	PW_ORACLE_SEGMENT,
	PW_ORACLE_NAME,
	PW_ORACLE_POLICY,
};

/* What a mapping may be of, or called. */
struct pw_oracle_thing {
	enum pw_oracle_thing_kind kind;
	uint64_t device, inode, handle;
	char name[400];
	bool writable;
	uint64_t charged; /* pages */
};

struct pw_oracle_things {
	struct pw_oracle_thing *list;
	size_t count, room;
};

/*
 * The number, 1 or higher, of @thing, new if there is none like it.
 */
unsigned pw_oracle_thing_number(struct pw_oracle_things *things,
				const struct pw_oracle_thing *thing);

/*
 * Add a mapping where there is none: alone, or as a part of its neighbours.
 * With @below_only, of the lower one only.
 */
void pw_oracle_place(struct pw_oracle_space *space,
		     const struct pw_oracle_mapping *mapping, bool below_only);

/*
 * Let the part of one mapping that @mapping tells of be so.
 */
void pw_oracle_change(struct pw_oracle_space *space,
		      const struct pw_oracle_mapping *mapping);

/*
 * The mapping with the lowest page at or above @from, or NULL.
 *
 * Owns: the space; good until it changes.
 */
struct pw_oracle_mapping *
pw_oracle_mapping_from(const struct pw_oracle_space *space, uint64_t from);

#endif
