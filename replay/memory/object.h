/*
 * object.h - what mappings map: files and shared memory, one thing each.
 *
 * All mappings of one file, of whatever process, meet in one object, as they
 * meet in one struct address_space of the kernel. Objects have numbers from 1
 * on, in the order in which they were first heard of; 0 is none: private
 * anonymous memory.
 */
#ifndef PW_REPLAY_OBJECT_H
#define PW_REPLAY_OBJECT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/array.h"
#include "base/interval.h"
#include "base/pagemap.h"
#include "base/status.h"
#include "replay/memory/space.h"

#define PW_NO_OBJECT 0

enum pw_object_kind {
	PW_OBJECT_FILE,	 /* of a file system that tracks dirty pages */
	PW_OBJECT_SHMEM, /* shared anonymous memory, memfd, tmpfs, SysV */
};

struct pw_object {
	enum pw_object_kind kind;
	uint64_t device;
	uint64_t inode;	       /* 0 and device 0: it has no name */
	const char *path;      /* as first heard of, or ""; not asked for */
	uint64_t bytes;	       /* the size as last heard of; 0: unknown */
	uint32_t next;	       /* the next one whose name has the same hash */
	uint64_t memory_bytes; /* of shared memory without a name; else 0 */
	bool unnamed;	       /* a file without names, or a removed segment */
	uint32_t holders;      /* processes that have it open (holders.h) */
	uint32_t segment;      /* its backing, of a System V segment; or 0 */
	bool emptied;	       /* and bytes 0 is its size: it was truncated */
	bool listed;	       /* what was in the page cache is recorded */
	uint64_t read_ahead_bytes; /* of its device; 0: unknown */
	/* What the page cache holds or lacks; see cache.h. */
	struct pw_intervals known;
	struct pw_pagemap *frames;
	struct pw_array dirty;	 /* uint64_t: pages that became dirty */
	uint64_t dirty_pages;	 /* of a file, in frames or not */
	uint64_t unplaced;	 /* pages told to be there that have no frame */
	uint64_t unplaced_noted; /* as memory counts them */
	/* What writeback.h keeps. */
	uint64_t dirty_noted;	/* dirty_pages, as last looked at */
	uint64_t dirtied_ns;	/* when it was clean last */
	uint32_t dirty_earlier; /* the file dirty since before, or 0 */
	uint32_t dirty_later;
	struct pw_intervals
		policies;      /* of shared memory: numbers of backings */
	struct pw_array marks; /* uint64_t, ascending: had the mark when all was
				  forgotten, and have not come back yet */
};

/* The objects of all processes of a system. */
struct pw_objects {
	struct pw_arena *arena;	  /* of paths */
	struct pw_array list;	  /* struct pw_object, number 1 first */
	struct pw_pagemap *named; /* hash of a name: number of the first one */
	uint64_t file_frames;	  /* of files in the page cache, unplaced too */
	uint64_t dirty_pages;	  /* of all files */
	struct pw_array parted;	  /* uint32_t: may have lost the last user */
	uint32_t dirty_first;	  /* the file that is dirty since longest */
	uint32_t dirty_last;
};

/* What words of pw_object.known say of pages without frames; see
 * cache_known.h. */
#define PW_OBJECT_ABSENT 0
#define PW_OBJECT_DIRTY 0x100
#define PW_OBJECT_MARKED 0x200
#define PW_OBJECT_ASSUMED 0x400 /* there for want of knowledge: no frame */

/* Pages of a range without frames. */
struct pw_frameless {
	uint64_t dirty;
	uint64_t unplaced; /* told to be there */
};

/*
 * Make a set of no objects, whose paths go into @arena.
 *
 * Owns: what it grows; free it with pw_objects_free.
 */
void pw_objects_make(struct pw_objects *objects, struct pw_arena *arena);

/*
 * Free what the set holds.
 */
void pw_objects_free(struct pw_objects *objects);

/*
 * The object @number, which is there.
 *
 * Owns: the set; good until an object comes.
 */
struct pw_object *pw_object_at(const struct pw_objects *objects,
			       uint32_t number);

/*
 * Find the object with this name, which is added as one of @kind if it is new;
 * an older one gets the size, if that is known, and becomes shared memory if
 * this name says so.
 *
 * Errors: PW_ERR_SYSTEM.
 * Cost:   O(1).
 */
enum pw_status pw_object_find(struct pw_objects *objects,
			      const struct pw_object *name, uint32_t *number,
			      struct pw_error *err) PW_MUST_CHECK;

/*
 * Find the file of this device and inode, of which there is one or the other;
 * @path tells what it is, "": an ordinary one.
 *
 * Errors: PW_ERR_SYSTEM.
 */
enum pw_status pw_object_file(struct pw_objects *objects, uint64_t device,
			      uint64_t inode, const char *path,
			      uint32_t *number,
			      struct pw_error *err) PW_MUST_CHECK;

/*
 * What was told of pages of [first, end) of @object that have no frame.
 *
 * Cost: O(ranges + the lesser of those pages and frames of the object).
 */
struct pw_frameless pw_object_frameless(const struct pw_object *object,
					uint64_t first, uint64_t end);

/*
 * The place of the first mark kept that is not below page @index.
 *
 * Cost: O(log marks).
 */
size_t pw_object_first_mark(const struct pw_object *object, uint64_t index);

/*
 * Add an object without a name: shared anonymous memory of one mapping and of
 * its copies.
 *
 * Errors: PW_ERR_SYSTEM.
 */
enum pw_status pw_object_add(struct pw_objects *objects, uint32_t *number,
			     struct pw_error *err) PW_MUST_CHECK;

/*
 * Say what @mapping maps: the file of this device and inode (by its path if
 * both are 0), or shared memory if it is anonymous and shared (memory of its
 * own if both are 0), or nothing. Of @name, kind and path do not matter.
 *
 * Errors: PW_ERR_SYSTEM.
 * Source: Linux mm/shmem.c for names of shared memory: "/dev/zero" of
 *         shmem_zero_setup, "/memfd:", "/SYSV"; "/dev/shm/" is a tmpfs.
 */
enum pw_status pw_object_attach(struct pw_objects *objects,
				const struct pw_object *name, const char *path,
				struct pw_mapping *mapping,
				struct pw_error *err) PW_MUST_CHECK;

#endif
