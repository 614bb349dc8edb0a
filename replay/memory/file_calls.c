/*
 * file_calls.c - what calls do to files, and what is told of them.
 *
 * Source: Linux 6.18 mm/filemap.c, mm/truncate.c, mm/fadvise.c, mm/msync.c,
 *         fs/open.c do_fallocate; folios of writes: __filemap_get_folio.
 */
#include "replay/memory/event_call.h"

#include <stdio.h>

#include "base/assert.h"
#include "base/bits.h"
#include "replay/memory/cache.h"
#include "replay/memory/holders.h"
#include "replay/memory/readahead.h"
#include "replay/memory/rmap.h"
#include "replay/memory/writeback.h"

#define NAME_BYTES 320 /* of a memfd: 249 and what stands around it */
#define WRITE_BYTES_MAX 0x7ffff000 /* MAX_RW_COUNT */
#define LARGEST_ORDER 9		   /* of folios: that of a 2 MiB page */
#define NO_DESCRIPTOR UINT64_MAX   /* of a path */
#define SYNC_NOW 4		   /* MS_SYNC */

/* Linux include/uapi/linux/falloc.h. */
enum {
	FALLOC_KEEP_SIZE = 0x01,
	FALLOC_PUNCH_HOLE = 0x02,
	FALLOC_COLLAPSE_RANGE = 0x08,
	FALLOC_ZERO_RANGE = 0x10,
	FALLOC_INSERT_RANGE = 0x20,
};

/* The file of a call; 0 when it is none that the page cache has. */
struct file {
	uint32_t object;
	uint32_t backing;
};

static uint64_t page_bytes(const struct pw_call_context *ctx)
{
	return pw_space_page_bytes(ctx->space);
}

static struct pw_object *object_of(const struct pw_call_context *ctx,
				   const struct file *file)
{
	return pw_object_at(&ctx->system->objects, file->object);
}

/* Find the file of descriptor arg[0], whose device is in arg[@name]. */
static enum pw_status find_file(const struct pw_call_context *ctx, size_t name,
				bool writes, struct file *file,
				struct pw_error *err)
{
	const uint64_t *arg = ctx->event->arg;
	const struct pw_backing backing = {
		.kind = PW_BACKING_FILE,
		.device = arg[name],
		.inode = arg[name + 1],
		.handle = arg[0],
		.name = ctx->text,
		.writable = writes,
	};
	enum pw_status st;

	*file = (struct file){0, 0};
	if (backing.inode == 0)
		return PW_OK;
	st = pw_object_file(&ctx->system->objects, backing.device,
			    backing.inode, ctx->text, &file->object, err);
	if (st != PW_OK || backing.handle == NO_DESCRIPTOR)
		return st;
	st = pw_backings_number(&ctx->system->backings, &backing,
				&file->backing, err);
	if (st != PW_OK)
		return st;
	return pw_hold(ctx->system, ctx->system->runner.process, file->object,
		       err);
}

static enum pw_status make_memfd(const struct pw_call_context *ctx,
				 struct pw_error *err)
{
	const uint64_t *arg = ctx->event->arg;
	char name[NAME_BYTES];
	const struct pw_backing backing = {
		.kind = PW_BACKING_FILE,
		.device = arg[1],
		.inode = arg[2],
		.handle = ctx->event->result,
		.name = name,
		.writable = true,
	};
	uint32_t number;
	enum pw_status st;

	if (backing.inode == 0)
		return PW_OK;
	snprintf(name, sizeof(name), "/memfd:%s (deleted)", ctx->text);
	st = pw_backings_number(&ctx->system->backings, &backing, &number, err);
	if (st != PW_OK)
		return st;
	st = pw_object_file(&ctx->system->objects, backing.device,
			    backing.inode, name, &number, err);
	if (st != PW_OK)
		return st;
	pw_object_at(&ctx->system->objects, number)->unnamed = true;
	return pw_hold(ctx->system, ctx->system->runner.process, number, err);
}

/* A file has no names: it goes with the last who uses it. */
static enum pw_status lose_name(const struct pw_call_context *ctx,
				struct pw_error *err)
{
	const uint64_t *arg = ctx->event->arg;
	uint32_t process = ctx->system->runner.process;
	uint32_t number;
	enum pw_status st;

	if (arg[1] == 0)
		return PW_OK;
	st = pw_object_file(&ctx->system->objects, arg[0], arg[1], "", &number,
			    err);
	if (st != PW_OK)
		return st;
	pw_object_at(&ctx->system->objects, number)->unnamed = true;
	if (arg[2])
		return pw_hold(ctx->system, process, number, err);
	st = pw_hold_not(ctx->system, process, number, err);
	return st == PW_OK ? pw_array_push(&ctx->system->objects.parted,
					   &number, err)
			   : st;
}

/* ---- what is told of the start ---- */

static enum pw_status told_file(const struct pw_call_context *ctx,
				struct pw_error *err)
{
	const uint64_t *arg = ctx->event->arg;
	struct pw_folios rest = {.first = ctx->event->result};
	struct pw_object *object;
	uint32_t number;
	enum pw_status st;

	if (arg[0] == 0 && arg[1] == 0)
		return PW_OK;
	st = pw_object_file(&ctx->system->objects, arg[0], arg[1], ctx->text,
			    &number, err);
	if (st != PW_OK)
		return st;
	object = pw_object_at(&ctx->system->objects, number);
	object->bytes = arg[2];
	object->read_ahead_bytes = arg[4];
	if (!ctx->system->machine->cache_recorded || arg[3] == UINT64_MAX)
		return PW_OK;
	object->listed = true;
	st = pw_cache_forget(ctx->system, number, err);
	/* From there on nothing is known: taken as there. */
	rest.count = pw_cache_end(ctx->system);
	rest.assumed = true;
	return st == PW_OK && rest.first > 0
		       ? pw_cache_tell(ctx->system, number, &rest, err)
		       : st;
}

static enum pw_status told_folios(const struct pw_call_context *ctx,
				  struct pw_error *err)
{
	const uint64_t *arg = ctx->event->arg;
	struct pw_folios folios = {.first = arg[2], .count = arg[3]};
	uint64_t rest;
	uint32_t number;
	enum pw_status st;

	if (arg[4] > 0 && arg[4] <= LARGEST_ORDER)
		folios.order = (unsigned)arg[4];
	rest = ((uint64_t)1 << folios.order) - 1;
	/* Of folios only whole ones, at multiples of their size. */
	if ((folios.first & rest) || (folios.count & rest))
		folios.order = 0;

	if (arg[0] == 0 && arg[1] == 0)
		return PW_OK;
	st = pw_object_file(&ctx->system->objects, arg[0], arg[1], ctx->text,
			    &number, err);
	if (st != PW_OK || !pw_object_at(&ctx->system->objects, number)->listed)
		return st;
	return pw_cache_recall(ctx->system, number, &folios, err);
}

/* ---- transfers ---- */

static enum pw_status apply_read(const struct pw_call_context *ctx,
				 struct pw_error *err)
{
	const uint64_t *arg = ctx->event->arg;
	struct pw_reader reader;
	struct file file;
	enum pw_status st = find_file(ctx, 3, false, &file, err);

	if (st != PW_OK || !file.object ||
	    object_of(ctx, &file)->kind == PW_OBJECT_SHMEM)
		return st;
	st = pw_reader_of(ctx->system, file.object, file.backing, &reader, err);
	return st == PW_OK ? pw_read_call(&reader, arg[1], arg[2], err) : st;
}

/* The order of the folio that a write of pages [index, end) makes at @index,
 * which is not in the cache. */
static unsigned folio_order(const struct pw_call_context *ctx,
			    const struct file *file, uint64_t index,
			    uint64_t end)
{
	unsigned order = pw_log2(end - index);

	if (ctx->system->machine->kernel < PW_KERNEL_6_18 ||
	    object_of(ctx, file)->kind == PW_OBJECT_SHMEM)
		return 0;
	if (order > LARGEST_ORDER)
		order = LARGEST_ORDER;
	while (order > 0 && (index & (((uint64_t)1 << order) - 1)))
		order--;
	return order;
}

/* Write to pages [index, end): what is missing comes, and all are dirty. */
static enum pw_status write_pages(const struct pw_call_context *ctx,
				  const struct file *file, uint64_t index,
				  uint64_t end, struct pw_error *err)
{
	enum pw_status st = PW_OK;

	while (st == PW_OK && index < end) {
		struct pw_cached page;
		struct pw_folios folio = {.first = index, .dirty = true};

		st = pw_writeback_throttle(ctx->system, file->object, err);
		if (st != PW_OK)
			return st;
		page = pw_cache_look(ctx->system, file->object, index);
		if (page.there) {
			st = pw_cache_soil(ctx->system, file->object, index,
					   err);
			index = ((index >> page.order) + 1) << page.order;
			continue;
		}
		folio.order = folio_order(ctx, file, index, end);
		folio.count = (uint64_t)1 << folio.order;
		st = pw_cache_fill(ctx->system, file->object, &folio, err);
		index += folio.count;
	}
	return st;
}

static enum pw_status apply_write(const struct pw_call_context *ctx,
				  struct pw_error *err)
{
	const uint64_t *arg = ctx->event->arg;
	uint64_t offset = arg[1] & (((uint64_t)1 << PW_ADDRESS_BITS) - 1);
	uint64_t bytes = arg[2] < WRITE_BYTES_MAX ? arg[2] : WRITE_BYTES_MAX;
	uint64_t end = offset + bytes + page_bytes(ctx) - 1;
	unsigned shift = ctx->space->page_shift;
	struct pw_object *object;
	struct file file;
	enum pw_status st = find_file(ctx, 3, true, &file, err);

	if (st != PW_OK || !file.object || bytes == 0)
		return st;
	object = object_of(ctx, &file);
	if (object->bytes < offset + bytes)
		object->bytes = offset + bytes;
	end >>= shift;
	if (end > pw_cache_end(ctx->system))
		end = pw_cache_end(ctx->system);
	return write_pages(ctx, &file, offset >> shift, end, err);
}

/* ---- sizes ---- */

/* Take pages [first, end) away, and with @copies private ones as well. */
static enum pw_status take_away(const struct pw_call_context *ctx,
				uint32_t object, uint64_t first, uint64_t end,
				bool copies, struct pw_error *err)
{
	enum pw_status st;

	if (first >= end)
		return PW_OK;
	st = pw_rmap_drop(ctx->system, object, first, end, copies, err);
	return st == PW_OK ? pw_cache_drop(ctx->system, object, first, end, err)
			   : st;
}

/*
 * Of the page of @offset, where a part that was taken away begins or ends, that
 * part is written over with zeros.
 */
static enum pw_status zero_part(const struct pw_call_context *ctx,
				uint32_t object, uint64_t offset,
				struct pw_error *err)
{
	uint64_t index = offset >> ctx->space->page_shift;

	if (offset % page_bytes(ctx) == 0 ||
	    !pw_cache_look(ctx->system, object, index).there)
		return PW_OK;
	return pw_cache_soil(ctx->system, object, index, err);
}

static enum pw_status apply_ftruncate(const struct pw_call_context *ctx,
				      struct pw_error *err)
{
	uint64_t bytes = ctx->event->arg[1];
	uint64_t page = page_bytes(ctx);
	struct file file;
	bool shrinks;
	enum pw_status st = find_file(ctx, 2, true, &file, err);

	if (st != PW_OK || !file.object)
		return st;
	shrinks = bytes < object_of(ctx, &file)->bytes;
	object_of(ctx, &file)->bytes = bytes;
	object_of(ctx, &file)->emptied = bytes == 0;
	st = take_away(ctx, file.object,
		       (bytes >> ctx->space->page_shift) + (bytes % page != 0),
		       pw_cache_end(ctx->system), true, err);
	return st == PW_OK && shrinks ? zero_part(ctx, file.object, bytes, err)
				      : st;
}

/* Punch a hole: whole pages of [offset, end) go. */
static enum pw_status punch(const struct pw_call_context *ctx, uint32_t object,
			    uint64_t offset, uint64_t end, struct pw_error *err)
{
	uint64_t bytes = pw_object_at(&ctx->system->objects, object)->bytes;
	uint64_t page = page_bytes(ctx);
	unsigned shift = ctx->space->page_shift;
	bool some = offset < end;
	enum pw_status st;

	/* Behind the end of the file there is nothing left of its last page. */
	if (bytes && end >= bytes && end < UINT64_MAX - page)
		end = (end + page - 1) & ~(page - 1);
	st = take_away(ctx, object, (offset >> shift) + (offset % page != 0),
		       end >> shift, false, err);
	if (st == PW_OK && some)
		st = zero_part(ctx, object, offset, err);
	return st == PW_OK && some ? zero_part(ctx, object, end, err) : st;
}

enum pw_status pw_call_punch(const struct pw_call_context *ctx, uint32_t object,
			     uint64_t offset, uint64_t length,
			     struct pw_error *err)
{
	const uint64_t mask = ((uint64_t)1 << PW_ADDRESS_BITS) - 1;

	offset &= mask;
	if (length > mask)
		length = mask;
	return punch(ctx, object, offset, offset + length, err);
}

/* What lies behind @offset moves by @length, there or back. */
static enum pw_status shift_file(const struct pw_call_context *ctx,
				 const struct file *file, uint64_t offset,
				 uint64_t length, bool back,
				 struct pw_error *err)
{
	struct pw_object *object = object_of(ctx, file);

	if (object->bytes && back)
		object->bytes -= length < object->bytes ? length : 0;
	else if (object->bytes)
		object->bytes += length;
	return take_away(ctx, file->object, offset >> ctx->space->page_shift,
			 pw_cache_end(ctx->system), true, err);
}

static enum pw_status apply_fallocate(const struct pw_call_context *ctx,
				      struct pw_error *err)
{
	const uint64_t *arg = ctx->event->arg;
	const uint64_t mask = ((uint64_t)1 << PW_ADDRESS_BITS) - 1;
	uint64_t mode = arg[1];
	uint64_t offset = arg[2] & mask;
	uint64_t length = arg[3] < mask ? arg[3] : mask;
	struct file file;
	struct pw_object *object;
	enum pw_status st = find_file(ctx, 4, true, &file, err);

	if (st != PW_OK || !file.object)
		return st;
	object = object_of(ctx, &file);
	if (mode & (FALLOC_COLLAPSE_RANGE | FALLOC_INSERT_RANGE))
		return shift_file(ctx, &file, offset, length,
				  mode & FALLOC_COLLAPSE_RANGE, err);
	if (mode & (FALLOC_PUNCH_HOLE | FALLOC_ZERO_RANGE))
		st = punch(ctx, file.object, offset, offset + length, err);
	if (!(mode & (FALLOC_KEEP_SIZE | FALLOC_PUNCH_HOLE)) &&
	    object->bytes < offset + length)
		object->bytes = offset + length;
	return st;
}

/* ---- writing back, and advice ---- */

static enum pw_status apply_fsync(const struct pw_call_context *ctx,
				  struct pw_error *err)
{
	struct file file;
	enum pw_status st = find_file(ctx, 2, false, &file, err);

	if (st != PW_OK || !file.object)
		return st;
	return pw_rmap_write_back(ctx->system, file.object, 0,
				  pw_cache_end(ctx->system), err);
}

static enum pw_status apply_msync(const struct pw_call_context *ctx,
				  struct pw_error *err)
{
	const uint64_t *arg = ctx->event->arg;
	struct pw_range range = pw_call_range(ctx, arg[0], arg[1]);
	const struct pw_mapping *mapping;
	struct pw_range part;
	enum pw_status st = PW_OK;

	if (!(arg[2] & SYNC_NOW))
		return PW_OK;
	while (st == PW_OK &&
	       (mapping = pw_space_part(ctx->space, &range, &part))) {
		uint64_t first =
			pw_cache_index(ctx->space, mapping, part.first);

		if (mapping->object && mapping->shared)
			st = pw_rmap_write_back(
				ctx->system, mapping->object, first,
				first + (part.end - part.first), err);
	}
	return st;
}

/* Pages of a file that POSIX_FADV_DONTNEED means: the last one only if all of
 * it that is in the file is. */
static struct pw_range unwanted(const struct pw_call_context *ctx,
				uint32_t object)
{
	const uint64_t *arg = ctx->event->arg;
	uint64_t bytes = pw_object_at(&ctx->system->objects, object)->bytes;
	uint64_t page = page_bytes(ctx);
	unsigned shift = ctx->space->page_shift;
	uint64_t end = arg[1] + arg[2];
	struct pw_range range;

	range.first = (arg[1] >> shift) + (arg[1] % page != 0);
	range.end = end >> shift;
	if (end == bytes)
		range.end += end % page != 0;
	if (arg[2] == 0 || end < arg[1])
		range.end = pw_cache_end(ctx->system);
	return range;
}

static enum pw_status give_up(const struct pw_call_context *ctx,
			      uint32_t object, struct pw_error *err)
{
	struct pw_range range = unwanted(ctx, object);
	enum pw_status st;

	if (pw_object_at(&ctx->system->objects, object)->kind ==
	    PW_OBJECT_SHMEM)
		return PW_OK;
	/* What is dirty begins to be written back, and is not dropped. */
	st = pw_cache_drop_unused(ctx->system, object, range.first, range.end,
				  err);
	return st == PW_OK && range.first < range.end
		       ? pw_rmap_write_back(ctx->system, object, range.first,
					    range.end, err)
		       : st;
}

static enum pw_status apply_fadvise(const struct pw_call_context *ctx,
				    struct pw_error *err)
{
	const uint64_t *arg = ctx->event->arg;
	unsigned shift = ctx->space->page_shift;
	struct pw_reader reader;
	struct file file;
	enum pw_status st = find_file(ctx, 4, false, &file, err);

	if (st != PW_OK || !file.object)
		return st;
	if (arg[3] == PW_FADVISE_DONTNEED)
		return give_up(ctx, file.object, err);
	st = pw_reader_of(ctx->system, file.object, file.backing, &reader, err);
	if (st != PW_OK || arg[3] > PW_FADVISE_WILLNEED ||
	    object_of(ctx, &file)->kind == PW_OBJECT_SHMEM)
		return st;
	if (arg[3] == PW_FADVISE_WILLNEED) {
		uint64_t first = arg[1] >> shift;
		uint64_t last = (arg[1] + arg[2] - 1) >> shift;

		if (arg[2] == 0 || arg[1] + arg[2] < arg[1])
			last = pw_cache_end(ctx->system) - 1;
		return last < first ? PW_OK
				    : pw_read_wanted(&reader, first,
						     last - first + 1, err);
	}
	reader.state->advice = (unsigned)arg[3];
	return PW_OK;
}

enum pw_status pw_call_file(const struct pw_call_context *ctx,
			    struct pw_error *err)
{
	switch ((unsigned)ctx->event->kind) {
	case PW_EVENT_memfd_create:
		return make_memfd(ctx, err);
	case PW_EVENT_unnamed:
		return lose_name(ctx, err);
	case PW_EVENT_file:
		return told_file(ctx, err);
	case PW_EVENT_resident:
	case PW_EVENT_folio:
		return told_folios(ctx, err);
	case PW_EVENT_file_read:
		return apply_read(ctx, err);
	case PW_EVENT_file_write:
		return apply_write(ctx, err);
	case PW_EVENT_ftruncate:
		return apply_ftruncate(ctx, err);
	case PW_EVENT_fallocate:
		return apply_fallocate(ctx, err);
	case PW_EVENT_fsync:
		return apply_fsync(ctx, err);
	case PW_EVENT_msync:
		return apply_msync(ctx, err);
	default:
		PW_ASSERT(ctx->event->kind == PW_EVENT_fadvise);
		return apply_fadvise(ctx, err);
	}
}
