/*
 * oracle_read.c - reading files ahead, page by page.
 *
 * Source: replay/MODEL.md, "Reading ahead".
 */
#include <stdlib.h>

#include "base/assert.h"
#include "tests/oracle/oracle_replay.h"

#define MANY 100
#define BATCH 31

static uint64_t min(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

struct pw_oracle_reading *pw_oracle_reading(struct pw_oracle_replay *oracle,
					    unsigned thing)
{
	if (thing >= oracle->readings) {
		oracle->reading =
			realloc(oracle->reading,
				(thing + 1) * sizeof(*oracle->reading));
		PW_ASSERT(oracle->reading);
	}
	for (; oracle->readings <= thing; oracle->readings++)
		oracle->reading[oracle->readings] =
			(struct pw_oracle_reading){.next = UINT64_MAX};
	return &oracle->reading[thing];
}

/* Pages that are read ahead at most. */
static uint64_t ahead(const struct pw_oracle_replay *oracle,
		      const struct pw_oracle_object *object,
		      const struct pw_oracle_reading *reading)
{
	uint64_t bytes = object->read_ahead;

	if (bytes == 0 || bytes == UINT64_MAX)
		bytes = oracle->machine.read_ahead;
	bytes *= reading->advice == 2 ? 2 : 1;
	return min(bytes >> oracle->machine.shape.page_shift, 65536);
}

static uint64_t request(const struct pw_oracle_replay *oracle)
{
	return oracle->machine.read_request >> oracle->machine.shape.page_shift;
}

/* The most pages of a window for somebody who wants @wanted. */
static uint64_t most(const struct pw_oracle_replay *oracle,
		     const struct pw_oracle_object *object,
		     const struct pw_oracle_reading *reading, uint64_t wanted)
{
	uint64_t pages = ahead(oracle, object, reading);

	if (wanted > pages && request(oracle) > pages)
		return min(wanted, request(oracle));
	return pages;
}

static uint64_t file_end(const struct pw_oracle_replay *oracle,
			 const struct pw_oracle_object *object)
{
	uint64_t page = (uint64_t)1 << oracle->machine.shape.page_shift;
	uint64_t pages = object->bytes / page + (object->bytes % page != 0);

	return object->bytes == 0 ? oracle->objects.end
				  : min(pages, oracle->objects.end);
}

static bool is_there(const struct pw_oracle_replay *oracle,
		     const struct pw_oracle_object *object, uint64_t index)
{
	return pw_oracle_ask(&oracle->objects, object, PW_ORACLE_THERE, index);
}

static uint64_t kib(const struct pw_oracle_replay *oracle, uint64_t pages)
{
	return (pages << oracle->machine.shape.page_shift) / 1024;
}

/* Read what is missing of @count pages; a mark stands @marked before the end.
 */
static void read_single(struct pw_oracle_replay *oracle,
			struct pw_oracle_object *object, uint64_t index,
			uint64_t count, uint64_t marked)
{
	uint64_t last = file_end(oracle, object), first = index;

	if (index >= last)
		return;
	count = min(count, last - index);
	for (; index < first + count; index++) {
		if (is_there(oracle, object, index))
			continue;
		pw_oracle_bring(&oracle->objects, object, index, index + 1, 0,
				false);
		oracle->counts.in += kib(oracle, 1);
		if (marked > 0 && marked <= count &&
		    index == first + count - marked)
			pw_oracle_say(object, PW_ORACLE_MARK, index, index + 1,
				      true);
	}
}

static bool is_free(const struct pw_oracle_replay *oracle,
		    const struct pw_oracle_object *object, uint64_t first,
		    uint64_t count)
{
	for (uint64_t i = first; i < first + count; i++)
		if (is_there(oracle, object, i))
			return false;
	return true;
}

/* Read the window, in folios of 2^order where they fit. */
static void read_window(struct pw_oracle_replay *oracle,
			struct pw_oracle_object *object,
			struct pw_oracle_reading *r)
{
	uint64_t last = file_end(oracle, object), end;
	uint64_t index = r->start, mark = r->start + r->size - r->marked;

	if (index >= last || r->size == 0)
		return;
	if (oracle->machine.kernel < 618) {
		r->order = 0;
		read_single(oracle, object, index, r->size, r->marked);
		return;
	}
	end = min(last, index + r->size);
	r->order = (unsigned)min(r->order, 9);
	while ((uint64_t)1 << r->order > r->size)
		r->order--;
	while (index < end) {
		unsigned order = r->order;

		while (index % ((uint64_t)1 << order) != 0 ||
		       index + ((uint64_t)1 << order) > end)
			order--;
		if (!is_free(oracle, object, index, (uint64_t)1 << order)) {
			read_single(oracle, object, index,
				    r->size - (index - r->start), r->marked);
			return;
		}
		pw_oracle_bring(&oracle->objects, object, index,
				index + ((uint64_t)1 << order), order, false);
		oracle->counts.in += kib(oracle, (uint64_t)1 << order);
		if (index == mark >> order << order)
			pw_oracle_say(object, PW_ORACLE_MARK, index, index + 1,
				      true);
		index += (uint64_t)1 << order;
	}
}

static uint64_t first_size(uint64_t wanted, uint64_t pages)
{
	uint64_t size = 1;

	while (size < wanted)
		size *= 2;
	if (size <= pages / 32)
		return 4 * size;
	return size <= pages / 4 ? 2 * size : pages;
}

static uint64_t next_size(uint64_t size, uint64_t pages)
{
	if (size < pages / 16)
		return 4 * size;
	return size <= pages / 2 ? 2 * size : pages;
}

/* @index is not there, and @wanted pages are wanted. */
static void read_sync(struct pw_oracle_replay *oracle,
		      struct pw_oracle_object *object,
		      struct pw_oracle_reading *r, uint64_t index,
		      uint64_t wanted)
{
	uint64_t pages = most(oracle, object, r, wanted), row = 0;

	if (ahead(oracle, object, r) == 0) {
		read_single(oracle, object, index, 1, 0);
		return;
	}
	if (r->advice == 1) {
		pw_oracle_read_wanted(oracle, object, r, index, wanted);
		return;
	}
	if (index == 0 || wanted > pages || index == r->next ||
	    index == r->next + 1) {
		r->size = first_size(wanted, pages);
		r->marked = r->size > wanted ? r->size - wanted : r->size / 2;
	} else {
		while (row < pages && row < index &&
		       is_there(oracle, object, index - row - 1))
			row++;
		if (row <= wanted) {
			read_single(oracle, object, index, wanted, 0);
			return;
		}
		row *= row == index ? 2 : 1;
		r->size = min(row + wanted, pages);
		r->marked = 1;
	}
	r->start = index;
	r->order = 0;
	read_window(oracle, object, r);
}

/* Somebody who wants @wanted pages is at @index, whose folio has the mark. */
static void read_on(struct pw_oracle_replay *oracle,
		    struct pw_oracle_object *object,
		    struct pw_oracle_reading *r, uint64_t index,
		    uint64_t wanted)
{
	uint64_t pages = most(oracle, object, r, wanted), end = index + 1;
	uint64_t head = pw_oracle_head(&oracle->objects, object, index);
	uint64_t folio = pw_oracle_tail(&oracle->objects, object, index) - head;
	uint64_t mark = r->start + r->size - r->marked, align = 1;

	if (ahead(oracle, object, r) == 0)
		return;
	pw_oracle_say(object, PW_ORACLE_MARK, head, head + 1, false);
	if (index == mark - mark % folio) {
		uint64_t size = next_size(r->size, pages);

		r->start += r->size;
		r->size = size > r->size ? size : r->size;
	} else {
		while (end < oracle->objects.end && end <= index + pages &&
		       is_there(oracle, object, end))
			end++;
		if (end - index > pages)
			return;
		r->start = end;
		r->size = next_size(end - index + wanted, pages);
	}
	if (oracle->machine.kernel >= 618) {
		r->order += 2;
		for (unsigned i = 0; i < r->order && pages % (2 * align) == 0;
		     i++)
			align *= 2;
		end = r->start + r->size;
		end -= end % align;
		if (end > r->start)
			r->size = end - r->start;
	}
	r->marked = r->size;
	read_window(oracle, object, r);
}

void pw_oracle_read_missing(struct pw_oracle_replay *oracle,
			    const struct pw_oracle_space *space,
			    const struct pw_oracle_mapping *m, uint64_t page)
{
	struct pw_oracle_reading *r = pw_oracle_reading(oracle, m->thing);
	struct pw_oracle_object *object = m->object;
	uint64_t index = pw_oracle_index(space, m, page);
	uint64_t pages = ahead(oracle, object, r);
	bool code = oracle->machine.kernel >= 618 && (m->flags & PW_ORACLE_EX);

	if (pages == 0 || ((m->flags & PW_ORACLE_RR) && !code)) {
		/* just the page */
	} else if (m->flags & PW_ORACLE_SR) {
		read_sync(oracle, object, r, index, pages);
	} else {
		if (r->misses < 10 * MANY)
			r->misses++;
		r->order = 0;
		if (r->misses <= MANY && code) {
			r->start = index;
			r->size = min(pages, m->end - page);
			r->marked = 0;
			read_window(oracle, object, r);
		} else if (r->misses <= MANY) {
			r->start = index > pages / 2 ? index - pages / 2 : 0;
			r->size = pages;
			r->marked = pages / 4;
			read_window(oracle, object, r);
		}
	}
	pw_oracle_cached(&oracle->objects, object, index);
}

bool pw_oracle_read_found(struct pw_oracle_replay *oracle,
			  const struct pw_oracle_space *space,
			  const struct pw_oracle_mapping *m, uint64_t page)
{
	struct pw_oracle_reading *r = pw_oracle_reading(oracle, m->thing);
	uint64_t index = pw_oracle_index(space, m, page);
	uint64_t pages = ahead(oracle, m->object, r);

	if ((m->flags & PW_ORACLE_RR) || pages == 0)
		return false;
	r->misses -= r->misses > 0;
	if (!pw_oracle_ask(&oracle->objects, m->object, PW_ORACLE_MARK,
			   pw_oracle_head(&oracle->objects, m->object, index)))
		return false;
	read_on(oracle, m->object, r, index, pages);
	return true;
}

void pw_oracle_read_call(struct pw_oracle_replay *oracle,
			 struct pw_oracle_object *object, unsigned thing,
			 uint64_t offset, uint64_t bytes)
{
	struct pw_oracle_reading *r = pw_oracle_reading(oracle, thing);
	uint64_t page = (uint64_t)1 << oracle->machine.shape.page_shift;
	uint64_t index = offset / page;
	uint64_t end = (offset + bytes + page - 1) / page;

	if (bytes == 0)
		return;
	while (index < end) {
		uint64_t from = index, head = 0;
		bool marked = false;

		for (int i = 0; i < BATCH && index < end && !marked &&
				is_there(oracle, object, index);
		     i++) {
			head = pw_oracle_head(&oracle->objects, object, index);
			marked = pw_oracle_ask(&oracle->objects, object,
					       PW_ORACLE_MARK, head);
			index = pw_oracle_tail(&oracle->objects, object, index);
		}
		if (index == from) {
			read_sync(oracle, object, r, index, end - index);
			pw_oracle_cached(&oracle->objects, object, index);
		} else if (marked) {
			read_on(oracle, object, r, head, end - head);
		}
	}
	r->next = (offset + bytes) / page;
}

void pw_oracle_read_wanted(struct pw_oracle_replay *oracle,
			   struct pw_oracle_object *object,
			   const struct pw_oracle_reading *reading,
			   uint64_t first, uint64_t count)
{
	uint64_t limit = ahead(oracle, object, reading);

	if (request(oracle) > limit)
		limit = request(oracle);
	read_single(oracle, object, first, min(count, limit), 0);
}
