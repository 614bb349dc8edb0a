/*
 * backing.h - what mappings are of, by number: open files, shared memory,
 * names and memory policies.
 *
 * Two numbers are equal where the kernel would see one thing: for a file that
 * is the open file, told by device, inode and descriptor (and by its path where
 * there is no inode).
 */
#ifndef PW_REPLAY_BACKING_H
#define PW_REPLAY_BACKING_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/array.h"
#include "base/status.h"
#include "formats/name_table.h"
#include "replay/memory/vma.h"

enum pw_backing_kind {
	PW_BACKING_FILE,
	PW_BACKING_SHARED,  /* anonymous: each call makes another one */
	PW_BACKING_SEGMENT, /* of System V, by its identifier */
	PW_BACKING_LABEL,   /* no memory: a name of PR_SET_VMA_ANON_NAME */
	PW_BACKING_POLICY,  /* no memory: a policy of mbind (policy.h) */
};

struct pw_backing {
	enum pw_backing_kind kind;
	uint64_t device;
	uint64_t inode;
	uint64_t handle;  /* the descriptor, or what tells it from others */
	const char *name; /* as /proc/PID/maps has it; never NULL */
	bool writable;	  /* a file known to be open for writing */
	/* What pw_backings_charge said, and pages in mappings now. */
	uint64_t charged_pages;
	uint64_t mapped_pages;
};

/* Pages of an object in mappings. */
struct pw_mapped {
	uint64_t pages;
	bool gone; /* among those that pw_backings_take_gone gives */
	uint32_t next_gone;
};

struct pw_backings {
	struct pw_arena *arena;
	struct pw_name_table keys;
	struct pw_array list;	  /* struct pw_backing, by number - 1 */
	uint64_t shared;	  /* PW_BACKING_SHARED that there were */
	struct pw_array mapped;	  /* struct pw_mapped by object */
	uint64_t committed_pages; /* charged for shared memory that exists */
	uint32_t first_gone;
};

/*
 * Begin, with nothing known. Names go into @arena.
 */
void pw_backings_init(struct pw_backings *backings, struct pw_arena *arena);

/*
 * Free what is not the arena's.
 */
void pw_backings_free(struct pw_backings *backings);

/*
 * The number of what @backing tells of in its first six members, 1 or higher.
 * A name NULL is ""; of something known, the last one counts; once a file is
 * known to be writable it stays so. Shared memory is always a new one.
 *
 * Errors: PW_ERR_SYSTEM.
 */
enum pw_status pw_backings_number(struct pw_backings *backings,
				  const struct pw_backing *backing,
				  uint32_t *number,
				  struct pw_error *err) PW_MUST_CHECK;

/*
 * What has this number; NULL for 0.
 *
 * Owns: the backings; good until the next number.
 */
const struct pw_backing *pw_backings_at(const struct pw_backings *backings,
					uint32_t number);

/*
 * Charge @pages for the shared memory @number, unless it has been charged.
 *
 * Source: Linux mm/shmem.c shmem_acct_size.
 */
void pw_backings_charge(struct pw_backings *backings, uint32_t number,
			uint64_t pages);

/*
 * Make room for the pages of @object, which is about to be mapped.
 *
 * Errors: PW_ERR_SYSTEM.
 */
enum pw_status pw_backings_expect(struct pw_backings *backings, uint32_t object,
				  struct pw_error *err) PW_MUST_CHECK;

/*
 * Note that @pages of @mapping were mapped, or with @gone are no more. What
 * nobody maps gives back its charge; that of a segment stays.
 */
void pw_backings_map(struct pw_backings *backings,
		     const struct pw_mapping *mapping, uint64_t pages,
		     bool gone);

/*
 * Pages of @object in mappings.
 *
 * Units: pages of the machine.
 */
uint64_t pw_backings_mapped(const struct pw_backings *backings,
			    uint32_t object);

/*
 * Give back the charge of @number, of which there is nothing any more.
 */
void pw_backings_discharge(struct pw_backings *backings, uint32_t number);

/*
 * Take an object whose last mapping went. False when there is no more.
 */
bool pw_backings_take_gone(struct pw_backings *backings, uint32_t *object);

#endif
