/*
 * readahead.c - what reading a file brings into the page cache besides.
 *
 * Names follow mm/readahead.c: a window of size pages from start on, the last
 * async of which begin with a marked page; who comes to the mark reads the next
 * window.
 */
#include "replay/memory/readahead.h"

#include "base/assert.h"
#include "base/bits.h"
#include "replay/memory/cache.h"

#define KIB_SHIFT 10
#define MISSES_MANY 100		   /* MMAP_LOTSAMISS */
#define BATCH_FOLIOS 31		   /* PAGEVEC_SIZE */
#define CHUNK_BYTES (2 << 20)	   /* of force_page_cache_ra */
#define WINDOW_PAGES_MAX (1 << 16) /* larger settings are taken as this */
#define LARGEST_ORDER 9		   /* of folios: that of a 2 MiB page */
#define READ_BYTES_MAX 0x7ffff000  /* MAX_RW_COUNT */

enum pw_status pw_reader_of(struct pw_system *system, uint32_t object,
			    uint32_t file, struct pw_reader *reader,
			    struct pw_error *err)
{
	static const struct pw_read_state fresh = {.next = UINT64_MAX};
	enum pw_status st = PW_OK;

	while (st == PW_OK && system->read_states.count <= file)
		st = pw_array_push(&system->read_states, &fresh, err);
	if (st != PW_OK)
		return st;
	*reader = (struct pw_reader){
		.system = system,
		.object = object,
		.state = &PW_ARRAY_AT(&system->read_states,
				      struct pw_read_state, file),
	};
	return PW_OK;
}

static uint64_t min(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

static uint64_t max(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

static unsigned shift_of(const struct pw_reader *reader)
{
	return reader->system->machine->geometry.page_shift;
}

static const struct pw_object *object_of(const struct pw_reader *reader)
{
	return pw_object_at(&reader->system->objects, reader->object);
}

/* ra_pages: the most pages of a window. */
static uint64_t window_pages(const struct pw_reader *reader)
{
	uint64_t bytes = object_of(reader)->read_ahead_bytes;

	if (bytes == 0 || bytes == UINT64_MAX)
		bytes = reader->system->machine->read_ahead_bytes;
	if (reader->state->advice == PW_FADVISE_SEQUENTIAL)
		bytes = 2 * min(bytes, UINT64_MAX / 2);
	return min(bytes >> shift_of(reader), WINDOW_PAGES_MAX);
}

/* io_pages: the most pages of a request to the device. */
static uint64_t request_pages(const struct pw_reader *reader)
{
	return reader->system->machine->read_request_bytes >> shift_of(reader);
}

/* One past the last page that has a byte of the file. */
static uint64_t end_of(const struct pw_reader *reader)
{
	const struct pw_object *object = object_of(reader);
	uint64_t page = (uint64_t)1 << shift_of(reader);

	if (object->bytes == 0)
		return pw_cache_end(reader->system);
	return min((object->bytes >> shift_of(reader)) +
			   (object->bytes % page != 0),
		   pw_cache_end(reader->system));
}

static bool has_large_folios(const struct pw_reader *reader)
{
	return reader->system->machine->kernel >= PW_KERNEL_6_18;
}

static enum pw_status add_folio(const struct pw_reader *reader, uint64_t index,
				unsigned order, bool marked,
				struct pw_error *err)
{
	const struct pw_folios folio = {
		.first = index,
		.count = (uint64_t)1 << order,
		.order = order,
	};
	unsigned shift = reader->system->machine->geometry.page_shift;
	enum pw_status st =
		pw_cache_fill(reader->system, reader->object, &folio, err);

	reader->system->counters.pgpgin += folio.count << (shift - KIB_SHIFT);
	if (st != PW_OK || !marked)
		return st;
	return pw_cache_mark(reader->system, reader->object, index, true, err);
}

/* do_page_cache_ra: single pages, those that are there left out. */
static enum pw_status read_pages(const struct pw_reader *reader, uint64_t index,
				 uint64_t count, uint64_t ahead,
				 struct pw_error *err)
{
	uint64_t end = end_of(reader);
	uint64_t mark = UINT64_MAX;
	enum pw_status st = PW_OK;

	if (index >= end)
		return PW_OK;
	count = min(count, end - index);
	end = index + count;
	if (ahead <= count && ahead > 0)
		mark = end - ahead;
	while (st == PW_OK && index < end) {
		struct pw_cached page =
			pw_cache_look(reader->system, reader->object, index);

		if (!page.there)
			st = add_folio(reader, index, 0, index == mark, err);
		index = page.there ? page.end : index + 1;
	}
	return st;
}

/* Whether all of a folio's place is free. */
static bool is_free(const struct pw_reader *reader, uint64_t index,
		    unsigned order)
{
	uint64_t end = index + ((uint64_t)1 << order);

	while (index < end) {
		struct pw_cached run =
			pw_cache_look(reader->system, reader->object, index);

		if (run.there)
			return false;
		index = run.end;
	}
	return true;
}

/* page_cache_ra_order: the window of the state, in large folios. */
static enum pw_status read_window(const struct pw_reader *reader,
				  struct pw_error *err)
{
	struct pw_read_state *state = reader->state;
	uint64_t end = end_of(reader);
	uint64_t index = state->start;
	uint64_t mark = index + state->size - state->async;
	unsigned wanted;
	enum pw_status st = PW_OK;

	if (index >= end || state->size == 0)
		return PW_OK;
	if (!has_large_folios(reader)) {
		state->order = 0;
		return read_pages(reader, index, state->size, state->async,
				  err);
	}
	end = min(end, index + state->size);
	wanted = (unsigned)min(min(state->order, LARGEST_ORDER),
			       pw_log2(state->size));
	state->order = wanted;
	while (st == PW_OK && index < end) {
		unsigned order = wanted;

		while (order > 0 && ((index & (((uint64_t)1 << order) - 1)) ||
				     index + ((uint64_t)1 << order) > end))
			order--;
		if (!is_free(reader, index, order))
			return read_pages(reader, index,
					  state->size - (index - state->start),
					  state->async, err);
		st = add_folio(reader, index, order,
			       index == mark >> order << order, err);
		index += (uint64_t)1 << order;
	}
	return st;
}

static uint64_t round_up_pow2(uint64_t value)
{
	uint64_t power = 1;

	while (power < value)
		power *= 2;
	return power;
}

/* get_init_ra_size. */
static uint64_t first_size(uint64_t count, uint64_t most)
{
	uint64_t size = round_up_pow2(count);

	if (size <= most / 32)
		return size * 4;
	if (size <= most / 4)
		return size * 2;
	return most;
}

/* get_next_ra_size. */
static uint64_t next_size(uint64_t size, uint64_t most)
{
	if (size < most / 16)
		return 4 * size;
	if (size <= most / 2)
		return 2 * size;
	return most;
}

/* ractl_max_pages. */
static uint64_t most_pages(const struct pw_reader *reader, uint64_t count)
{
	uint64_t most = window_pages(reader);

	if (count > most && request_pages(reader) > most)
		most = min(count, request_pages(reader));
	return most;
}

/* Pages in a row before @index that are there, at most @most. */
static uint64_t count_before(const struct pw_reader *reader, uint64_t index,
			     uint64_t most)
{
	uint64_t count = 0;

	while (count < most && count < index &&
	       pw_cache_look(reader->system, reader->object, index - count - 1)
		       .there)
		count++;
	return count;
}

/* page_cache_sync_ra: @index is missing, and @count pages are wanted. */
static enum pw_status read_sync(const struct pw_reader *reader, uint64_t index,
				uint64_t count, struct pw_error *err)
{
	struct pw_read_state *state = reader->state;
	uint64_t most = most_pages(reader, count);
	uint64_t before;

	if (window_pages(reader) == 0)
		return read_pages(reader, index, 1, 0, err);
	if (state->advice == PW_FADVISE_RANDOM)
		return pw_read_wanted(reader, index, count, err);
	if (index == 0 || count > most || index - state->next <= 1) {
		state->size = first_size(count, most);
		state->async = state->size > count ? state->size - count
						   : state->size / 2;
	} else {
		before = count_before(reader, index, most);
		if (before <= count)
			return read_pages(reader, index, count, 0, err);
		if (before == index)
			before *= 2;
		state->size = min(before + count, most);
		state->async = 1;
	}
	state->start = index;
	state->order = 0;
	return read_window(reader, err);
}

/* Where the pages in a row after @index end. */
static uint64_t end_of_row(const struct pw_reader *reader, uint64_t index,
			   uint64_t most)
{
	uint64_t end = index + 1;

	while (end < pw_cache_end(reader->system) && end <= index + most) {
		struct pw_cached run =
			pw_cache_look(reader->system, reader->object, end);

		if (!run.there)
			break;
		end = run.end;
	}
	return end;
}

/* page_cache_async_ra: somebody who wants @count pages came to @index, in a
 * folio that is marked. */
static enum pw_status read_async(const struct pw_reader *reader, uint64_t index,
				 unsigned order, uint64_t count,
				 struct pw_error *err)
{
	struct pw_read_state *state = reader->state;
	uint64_t most = most_pages(reader, count);
	uint64_t mark = state->start + state->size - state->async;
	uint64_t align, end;
	enum pw_status st;

	if (window_pages(reader) == 0)
		return PW_OK;
	st = pw_cache_mark(reader->system, reader->object,
			   index >> order << order, false, err);
	if (st != PW_OK)
		return st;
	if (index == mark >> order << order) {
		state->start += state->size;
		state->size = max(state->size, next_size(state->size, most));
	} else {
		end = end_of_row(reader, index, most);
		if (end - index > most)
			return PW_OK;
		state->start = end;
		state->size = next_size(end - index + count, most);
	}
	if (reader->system->machine->kernel >= PW_KERNEL_6_18) {
		state->order += 2;
		align = (uint64_t)1
			<< min(state->order, (uint64_t)__builtin_ctzll(most));
		end = (state->start + state->size) & ~(align - 1);
		if (end > state->start)
			state->size = end - state->start;
	}
	state->async = state->size;
	return read_window(reader, err);
}

/* ---- faults ---- */

/* The window around a missing page. */
static void set_around(const struct pw_reader *reader, uint64_t index,
		       uint64_t flags, uint64_t mapped_end)
{
	struct pw_read_state *state = reader->state;
	uint64_t pages = window_pages(reader);

	state->order = 0;
	if ((flags & PW_VM_EXEC) &&
	    reader->system->machine->kernel >= PW_KERNEL_6_18) {
		state->start = index;
		state->size = min(pages, mapped_end - index);
		state->async = 0;
		return;
	}
	state->start = index > pages / 2 ? index - pages / 2 : 0;
	state->size = pages;
	state->async = pages / 4;
}

static enum pw_status read_around(const struct pw_reader *reader,
				  uint64_t index, uint64_t flags,
				  uint64_t mapped_end, struct pw_error *err)
{
	struct pw_read_state *state = reader->state;
	uint64_t without = PW_VM_RAND_READ;

	/* Code is read by a window of its own, whatever was advised. */
	if (reader->system->machine->kernel >= PW_KERNEL_6_18)
		without |= PW_VM_EXEC;
	if ((flags & without) == PW_VM_RAND_READ || window_pages(reader) == 0)
		return PW_OK;
	if (flags & PW_VM_SEQ_READ)
		return read_sync(reader, index, window_pages(reader), err);
	if (state->misses < 10 * MISSES_MANY)
		state->misses++;
	if (state->misses > MISSES_MANY)
		return PW_OK;
	set_around(reader, index, flags, mapped_end);
	return read_window(reader, err);
}

enum pw_status pw_read_missing(const struct pw_reader *reader, uint64_t index,
			       uint64_t flags, uint64_t mapped_end,
			       struct pw_error *err)
{
	uint32_t frame;
	enum pw_status st = read_around(reader, index, flags, mapped_end, err);

	if (st != PW_OK)
		return st;
	return pw_cache_frame(reader->system, reader->object, index, &frame,
			      err);
}

enum pw_status pw_read_found(const struct pw_reader *reader, uint64_t index,
			     uint64_t flags, bool *read_on,
			     struct pw_error *err)
{
	struct pw_cached page =
		pw_cache_look(reader->system, reader->object, index);
	uint64_t first = index >> page.order << page.order;

	*read_on = false;
	if ((flags & PW_VM_RAND_READ) || window_pages(reader) == 0)
		return PW_OK;
	if (reader->state->misses > 0)
		reader->state->misses--;
	page = pw_cache_look(reader->system, reader->object, first);
	if (!page.marked)
		return PW_OK;
	*read_on = true;
	return read_async(reader, index, page.order, window_pages(reader), err);
}

void pw_read_passed(const struct pw_reader *reader, uint64_t pages)
{
	reader->state->misses -= (unsigned)min(reader->state->misses, pages);
}

/* ---- calls ---- */

/*
 * filemap_get_read_batch: go over pages from *index on that are there, as far
 * as a batch goes, behind a mark no further. False if the first one is missing.
 */
static bool go_over(const struct pw_reader *reader, uint64_t *index,
		    uint64_t end, struct pw_cached *last, uint64_t *last_first)
{
	bool any = false;

	for (unsigned folios = 0; folios < BATCH_FOLIOS && *index < end;
	     folios++) {
		struct pw_cached page =
			pw_cache_look(reader->system, reader->object, *index);
		uint64_t first = *index >> page.order << page.order;

		if (!page.there)
			break;
		any = true;
		*last = pw_cache_look(reader->system, reader->object, first);
		*last_first = first;
		*index = first + ((uint64_t)1 << page.order);
		if (last->marked)
			break;
	}
	return any;
}

enum pw_status pw_read_call(const struct pw_reader *reader, uint64_t offset,
			    uint64_t count, struct pw_error *err)
{
	uint64_t page = (uint64_t)1 << shift_of(reader);
	uint64_t index, end, first;
	struct pw_cached last;
	uint32_t frame;
	enum pw_status st = PW_OK;

	offset &= ((uint64_t)1 << PW_ADDRESS_BITS) - 1;
	count = min(count, READ_BYTES_MAX);
	if (count == 0)
		return PW_OK;
	index = offset >> shift_of(reader);
	end = min((offset + count + page - 1) >> shift_of(reader),
		  pw_cache_end(reader->system));
	while (st == PW_OK && index < end) {
		uint64_t from = index;

		if (!go_over(reader, &index, end, &last, &first)) {
			st = read_sync(reader, index, end - index, err);
			if (st == PW_OK)
				st = pw_cache_frame(reader->system,
						    reader->object, from,
						    &frame, err);
			continue;
		}
		if (last.marked)
			st = read_async(reader, first, last.order, end - first,
					err);
	}
	reader->state->next = (offset + count) >> shift_of(reader);
	return st;
}

enum pw_status pw_read_wanted(const struct pw_reader *reader, uint64_t first,
			      uint64_t count, struct pw_error *err)
{
	uint64_t chunk = CHUNK_BYTES >> shift_of(reader);
	enum pw_status st = PW_OK;

	count = min(count, max(request_pages(reader), window_pages(reader)));
	while (st == PW_OK && count > 0) {
		uint64_t part = min(count, max(chunk, 1));

		st = read_pages(reader, first, part, 0, err);
		first += part;
		count -= part;
	}
	return st;
}
