/*
 * collapse.c - accesses to touches, exact for split and unified LRU.
 *
 * A reference to the page of its side's open run leaves no record, but only
 * while that page is in the window: one of the two pages on top of the unified
 * LRU stack. Such references can do no more than swap the two. So before a
 * page from below is recorded, the page touched last gets an ORDER record if
 * it is not the newest record's: the last reference moves from the older
 * record to the new one. And when a side takes a new page twice in a row, the
 * other side's page has sunk to the third place and leaves the window; its
 * next reference makes an ORDER record. A batch begins with an empty window
 * and ends in order, since other threads may come between.
 *
 * A store may change how its page is mapped, and so remove it from the TLBs of
 * both sides. Only the first store of a run can, as far as one batch goes, and
 * only to a page not stored to before (as far as there is room to remember); it
 * always begins a record, and puts out of the fetch side's window what may be
 * mapped by the same entry, up to 1 GiB. Other threads may change the mapping
 * back: each batch has a first store. Far stores put out whatever is fetched.
 * The first load after a first store begins a record too, for processors whose
 * stores have a TLB of their own.
 * Most accesses need no record: one loop (skim) compares and counts for them.
 */
#include "formats/collapse.h"

#include "base/array.h"
#include "base/assert.h"
#include "base/bits.h"
#include "formats/access_sum.h"
#include "formats/collapse_split.h"
#include "formats/touch_room.h"

#define NO_PAGE UINT64_MAX
#define NO_RECORD SIZE_MAX

/* A non-crossing access makes two records at most: ORDER and its own. */
#define RECORDS_AN_ACCESS 2
#define SLICE_ACCESSES ((size_t)1 << 15)
_Static_assert(SLICE_ACCESSES <= PW_SUM_ACCESSES_MAX, "a slice can be counted");

/* 4 KiB pages of the largest page that there may be, as a power of two. */
#define LARGEST_ORDER 18
#define STORED_PAGES 64

struct thread {
	uint64_t fetch_run; /* page of the open run, or NO_PAGE */
	uint64_t data_run;
};

struct side {
	uint64_t run;  /* page of the open run, or NO_PAGE */
	size_t record; /* what counts go to; NO_RECORD: none in this batch */
};

struct cursor {
	/* By kind: the page to which a reference needs no record, or NO_PAGE */
	uint64_t window[8];
	uint64_t data_window; /* the data side's page in the window */
	struct side fetch;
	struct side data;
	uint64_t begun;	  /* instructions begun by the last reference */
	uint32_t fetches; /* of fetch.record */
	uint32_t loads;	  /* of data.record */
	uint32_t stores;
	uint8_t last_kind; /* of the last reference; 0 before the first */
	bool newest_fetch; /* the newest record is of the fetch side */
	bool wrote;	   /* the data run has a store in this batch */
	bool loaded;	   /* and a load */
	bool far_stores;   /* pw_collapse_far_stores */
	size_t count;	   /* records */
	/* Pages stored to in this batch, plus 1, by their lowest bits. */
	uint64_t stored[STORED_PAGES];
};

struct pw_collapse {
	struct pw_array threads; /* struct thread */
	struct cursor cursor;	 /* of the batch that is open */
	uint32_t thread;	 /* whose batch it is */
	bool is_split;
	struct pw_split split; /* likewise, if so */
	struct pw_touch_room out;
	uint32_t limit; /* accesses until records are begun anew */
	size_t left;	/* of them */
};

static bool is_fetch(unsigned kind)
{
	return (kind & PW_ACCESS_FETCH) != 0;
}

static bool is_store(unsigned kind)
{
	return (kind & (PW_ACCESS_FETCH | PW_ACCESS_STORE)) == PW_ACCESS_STORE;
}

static void set_fetch_window(struct cursor *c, uint64_t page)
{
	for (size_t kind = PW_ACCESS_FETCH; kind < 8; kind++)
		c->window[kind] = page;
}

/* The first load and store of a run need records, even in the window. */
static void set_data_window(struct cursor *c, uint64_t page)
{
	uint64_t load_page = c->loaded ? page : NO_PAGE;
	uint64_t store_page = c->wrote ? page : NO_PAGE;

	c->data_window = page;
	c->window[0] = load_page;
	c->window[PW_ACCESS_LOAD] = load_page;
	c->window[PW_ACCESS_STORE] = store_page;
	c->window[PW_ACCESS_MODIFY] = store_page;
}

static size_t emit(const struct pw_touch_room *out, struct cursor *c,
		   uint64_t page, unsigned flags)
{
	size_t i = c->count++;

	out->page[i] = page;
	out->instruction[i] = c->begun - (c->begun != 0);
	out->loads[i] = 0;
	out->stores[i] = 0;
	out->fetches[i] = 0;
	out->flags[i] = (uint8_t)flags;
	c->newest_fetch = (flags & PW_TOUCH_FETCH) != 0;
	return i;
}

/* Write down the counts of the fetch side's record. */
static void end_fetch_record(const struct pw_touch_room *out, struct cursor *c)
{
	PW_DEBUG_ASSERT(!c->fetches || c->fetch.record < c->count);
	if (c->fetches)
		out->fetches[c->fetch.record] = c->fetches;
	c->fetches = 0;
}

static void end_data_record(const struct pw_touch_room *out, struct cursor *c)
{
	PW_DEBUG_ASSERT(!(c->loads | c->stores) || c->data.record < c->count);
	if (c->loads | c->stores) {
		out->loads[c->data.record] = c->loads;
		out->stores[c->data.record] = c->stores;
	}
	c->loads = 0;
	c->stores = 0;
}

/* Make the page touched last the newest record's too. */
static void settle(const struct pw_touch_room *out, struct cursor *c)
{
	bool store = is_store(c->last_kind);

	if (is_fetch(c->last_kind) == c->newest_fetch)
		return;
	if (!c->newest_fetch) {
		PW_DEBUG_ASSERT(c->fetches > 1);
		c->fetches--;
		end_fetch_record(out, c);
		c->fetch.record = emit(out, c, c->fetch.run,
				       PW_TOUCH_FETCH | PW_TOUCH_ORDER);
		c->fetches = 1;
		return;
	}
	PW_DEBUG_ASSERT(c->loads + c->stores > 1);
	c->stores -= store;
	c->loads -= !store;
	end_data_record(out, c);
	c->data.record =
		emit(out, c, c->data.run,
		     PW_TOUCH_ORDER | (store ? 0 : PW_TOUCH_LOAD_FIRST));
	c->stores = store;
	c->loads = !store;
}

/* What a record of @page is to the run of its side. */
static unsigned relate(const struct side *side, uint64_t page)
{
	if (page != side->run)
		return 0;
	return side->record == NO_RECORD ? PW_TOUCH_CONTINUED : PW_TOUCH_ORDER;
}

static void record_fetch(const struct pw_touch_room *out, struct cursor *c,
			 uint64_t page, unsigned kind)
{
	settle(out, c);
	if (is_fetch(c->last_kind))
		set_data_window(c, NO_PAGE);
	end_fetch_record(out, c);
	c->begun += (kind & PW_ACCESS_FIRST) != 0;
	c->fetch.record =
		emit(out, c, page, PW_TOUCH_FETCH | relate(&c->fetch, page));
	c->fetch.run = page;
	set_fetch_window(c, page);
	c->fetches = 1;
	c->last_kind = (uint8_t)kind;
}

/* Whether the first store of a run, to @page, may change how the page of the
 * fetch side's run is mapped. */
static bool may_change_fetches(struct cursor *c, uint64_t page)
{
	uint64_t *stored = &c->stored[page % STORED_PAGES];
	bool is_new = *stored != page + 1;

	*stored = page + 1;
	return c->far_stores ||
	       (is_new && (page ^ c->fetch.run) >> LARGEST_ORDER == 0);
}

static void record_data(const struct pw_touch_room *out, struct cursor *c,
			uint64_t page, unsigned kind)
{
	bool store = is_store(kind);
	bool first_store;
	unsigned flags = store ? 0 : PW_TOUCH_LOAD_FIRST;

	/* A page in the window that needs a record is one to be upgraded. */
	if (page != c->data_window) {
		settle(out, c);
		if (!is_fetch(c->last_kind))
			set_fetch_window(c, NO_PAGE);
		flags |= relate(&c->data, page);
	}
	if (page != c->data.run)
		c->wrote = c->loaded = false;
	else if (store ? !c->wrote : c->wrote && !c->loaded)
		flags |= PW_TOUCH_UPGRADE;
	end_data_record(out, c);
	c->begun += (kind & PW_ACCESS_FIRST) != 0;
	c->data.record = emit(out, c, page, flags);
	c->data.run = page;
	first_store = store && !c->wrote;
	if (first_store && may_change_fetches(c, page))
		set_fetch_window(c, NO_PAGE);
	c->wrote |= store;
	c->loaded = !store || (c->loaded && !first_store);
	set_data_window(c, page);
	c->stores = store;
	c->loads = !store;
	c->last_kind = (uint8_t)kind;
}

/* Add what @sum counts; the last of them was of @kind. */
static void absorb(struct cursor *c, uint64_t sum, unsigned kind)
{
	c->fetches += (uint16_t)(sum / PW_SUM_FETCH);
	c->loads += (uint16_t)(sum / PW_SUM_LOAD);
	c->stores += (uint16_t)(sum / PW_SUM_STORE);
	c->begun += (uint16_t)(sum / PW_SUM_FIRST);
	c->last_kind = (uint8_t)kind;
}

static void refer(const struct pw_touch_room *out, struct cursor *c,
		  uint64_t page, unsigned kind)
{
	if (page == c->window[PW_ACCESS_KIND(kind)])
		absorb(c, pw_access_weight(kind), kind);
	else if (is_fetch(kind))
		record_fetch(out, c, page, kind);
	else
		record_data(out, c, page, kind);
}

/* Absorb what needs no record from @begin on; the index of what does. */
static size_t skim(struct cursor *c, const struct pw_accesses *accesses,
		   size_t begin, size_t end)
{
	const uint64_t *address = accesses->address;
	const uint32_t *bytes = accesses->size_bytes;
	const uint8_t *kind = accesses->kind;
	uint64_t sum = 0;
	size_t i;

	for (i = begin; i < end; i++) {
		uint64_t page = address[i] >> PW_PAGE_SHIFT;
		uint64_t place = address[i] & (PW_PAGE_BYTES - 1);
		bool known = page == c->window[PW_ACCESS_KIND(kind[i])];
		bool inside = place + bytes[i] <= PW_PAGE_BYTES;

		if (!(known & inside))
			break;
		sum += pw_access_weight(kind[i]);
	}
	PW_DEBUG_ASSERT(i >= begin && i <= end);
	if (i > begin)
		absorb(c, sum, kind[i - 1]);
	return i;
}

/* One reference in each page of an access; the rest of a slice still fits. */
static enum pw_status cross(struct pw_collapse *collapse, struct cursor *c,
			    const struct pw_accesses *accesses, size_t index,
			    struct pw_error *err)
{
	uint64_t address = accesses->address[index];
	uint32_t bytes = accesses->size_bytes[index];
	uint64_t page = address >> PW_PAGE_SHIFT;
	uint64_t last = pw_access_last_byte(address, bytes) >> PW_PAGE_SHIFT;
	unsigned kind = accesses->kind[index];
	enum pw_status st;

	PW_ASSERT(bytes > 1 && last >= page);
	st = pw_touch_room_reserve(
		&collapse->out, c->count,
		RECORDS_AN_ACCESS * (last - page + 1 + SLICE_ACCESSES) + 1,
		err);
	if (st != PW_OK)
		return st;
	for (; page <= last; page++) {
		refer(&collapse->out, c, page, kind);
		kind &= ~(unsigned)PW_ACCESS_FIRST;
	}
	return PW_OK;
}

/* Collapse accesses [@begin, @end), at most a slice of them. */
static enum pw_status slice(struct pw_collapse *collapse, struct cursor *c,
			    const struct pw_accesses *accesses, size_t begin,
			    size_t end, struct pw_error *err)
{
	enum pw_status st;

	PW_ASSERT(end - begin <= SLICE_ACCESSES);
	st = pw_touch_room_reserve(&collapse->out, c->count,
				   RECORDS_AN_ACCESS * SLICE_ACCESSES + 1, err);
	for (size_t i = begin; st == PW_OK; i++) {
		uint64_t address;

		i = skim(c, accesses, i, end);
		if (i == end)
			break;
		address = accesses->address[i];
		if (address % PW_PAGE_BYTES + accesses->size_bytes[i] <=
		    PW_PAGE_BYTES)
			refer(&collapse->out, c, address >> PW_PAGE_SHIFT,
			      accesses->kind[i]);
		else
			st = cross(collapse, c, accesses, i, err);
	}
	return st;
}

/* The references in each page of an access that crosses pages. */
static enum pw_status cross_split(struct pw_collapse *collapse,
				  const struct pw_accesses *accesses,
				  size_t index, struct pw_error *err)
{
	uint64_t address = accesses->address[index];
	uint32_t bytes = accesses->size_bytes[index];
	uint64_t page = address >> PW_PAGE_SHIFT;
	uint64_t last = pw_access_last_byte(address, bytes) >> PW_PAGE_SHIFT;
	unsigned kind = accesses->kind[index];
	enum pw_status st =
		pw_touch_room_reserve(&collapse->out, collapse->split.count,
				      last - page + 2 + SLICE_ACCESSES, err);

	PW_ASSERT(last >= page);
	for (; st == PW_OK && page <= last; page++) {
		pw_split_refer(&collapse->split, &collapse->out, page, kind);
		kind &= ~(unsigned)PW_ACCESS_FIRST;
	}
	return st;
}

/* As slice, for sides that are two. */
static enum pw_status slice_split(struct pw_collapse *collapse,
				  const struct pw_accesses *accesses,
				  size_t begin, size_t end,
				  struct pw_error *err)
{
	enum pw_status st = pw_touch_room_reserve(
		&collapse->out, collapse->split.count, SLICE_ACCESSES + 1, err);

	while (st == PW_OK) {
		begin = pw_split_add(&collapse->split, &collapse->out, accesses,
				     begin, end);
		if (begin == end)
			break;
		st = cross_split(collapse, accesses, begin++, err);
	}
	return st;
}

/* End the open records in order and forget the window, not the runs. */
static void settle_all(struct pw_collapse *collapse, struct cursor *c)
{
	PW_ASSERT(c->count < collapse->out.capacity);
	settle(&collapse->out, c);
	end_fetch_record(&collapse->out, c);
	end_data_record(&collapse->out, c);
	set_fetch_window(c, NO_PAGE);
	set_data_window(c, NO_PAGE);
	c->fetch.record = NO_RECORD;
	c->data.record = NO_RECORD;
	c->last_kind = 0;
	c->newest_fetch = false;
}

/* Make sure that @thread has its state. */
static enum pw_status meet(struct pw_collapse *collapse, uint32_t thread,
			   struct pw_error *err)
{
	const struct thread unknown = {NO_PAGE, NO_PAGE};
	enum pw_status st = PW_OK;

	while (collapse->threads.count <= thread && st == PW_OK)
		st = pw_array_push(&collapse->threads, &unknown, err);
	return st;
}

enum pw_status pw_collapse_open(struct pw_collapse **out, struct pw_error *err)
{
	*out = calloc(1, sizeof(**out));
	if (!*out)
		return pw_fail_memory(err, "touches");
	(*out)->threads = (struct pw_array)PW_ARRAY(struct thread);
	(*out)->limit = UINT32_MAX;
	return PW_OK;
}

void pw_collapse_close(struct pw_collapse *collapse)
{
	if (!collapse)
		return;
	pw_array_free(&collapse->threads);
	pw_touch_room_free(&collapse->out);
	free(collapse);
}

enum pw_status pw_collapse_begin(struct pw_collapse *collapse, uint32_t thread,
				 uint64_t instruction, struct pw_error *err)
{
	struct cursor *c = &collapse->cursor;
	const struct thread *state;
	enum pw_status st = meet(collapse, thread, err);

	if (st != PW_OK)
		return st;
	state = &PW_ARRAY_AT(&collapse->threads, struct thread, thread);
	*c = (struct cursor){
		.fetch = {state->fetch_run, NO_RECORD},
		.data = {state->data_run, NO_RECORD},
		.begun = instruction,
		.far_stores = c->far_stores,
	};
	set_fetch_window(c, NO_PAGE);
	set_data_window(c, NO_PAGE);
	pw_split_begin(&collapse->split, state->data_run, state->fetch_run,
		       instruction);
	collapse->thread = thread;
	collapse->left = collapse->limit;
	return PW_OK;
}

/* End the open records. */
static void cut(struct pw_collapse *collapse)
{
	if (collapse->is_split)
		pw_split_cut(&collapse->split);
	else if (collapse->cursor.last_kind != 0)
		settle_all(collapse, &collapse->cursor);
}

enum pw_status pw_collapse_add(struct pw_collapse *collapse,
			       const struct pw_accesses *accesses,
			       struct pw_error *err)
{
	struct cursor *c = &collapse->cursor;
	enum pw_status st = PW_OK;
	size_t done = 0;

	while (done < accesses->count && st == PW_OK) {
		size_t n = accesses->count - done;

		n = n < collapse->left ? n : collapse->left;
		n = n < SLICE_ACCESSES ? n : SLICE_ACCESSES;
		st = collapse->is_split ? slice_split(collapse, accesses, done,
						      done + n, err)
					: slice(collapse, c, accesses, done,
						done + n, err);
		done += n;
		collapse->left -= n;
		if (collapse->left == 0) {
			cut(collapse);
			collapse->left = collapse->limit;
		}
	}
	return st;
}

void pw_collapse_end(struct pw_collapse *collapse, struct pw_touches *out)
{
	const struct cursor *c = &collapse->cursor;
	const struct pw_split *split = &collapse->split;

	cut(collapse);
	PW_ARRAY_AT(&collapse->threads, struct thread, collapse->thread) =
		collapse->is_split
			? (struct thread){split->side[PW_TOUCH_FETCH].run,
					  split->side[0].run}
			: (struct thread){c->fetch.run, c->data.run};
	*out = (struct pw_touches){
		.count = collapse->is_split ? split->count : c->count,
		.page = collapse->out.page,
		.instruction = collapse->out.instruction,
		.loads = collapse->out.loads,
		.stores = collapse->out.stores,
		.fetches = collapse->out.fetches,
		.flags = collapse->out.flags,
	};
}

enum pw_status pw_collapse_batch(struct pw_collapse *collapse, uint32_t thread,
				 uint64_t instruction,
				 const struct pw_accesses *accesses,
				 struct pw_touches *out, struct pw_error *err)
{
	enum pw_status st =
		pw_collapse_begin(collapse, thread, instruction, err);

	if (st == PW_OK)
		st = pw_collapse_add(collapse, accesses, err);
	if (st == PW_OK)
		pw_collapse_end(collapse, out);
	return st;
}

/* The first record of a side may go on with its run, and the last is open. */
static void resume_side(const struct pw_touches *touches, uint8_t *flags,
			uint8_t side, uint64_t *run)
{
	size_t first = 0, last = touches->count;

	while (first < touches->count &&
	       (flags[first] & PW_TOUCH_FETCH) != side)
		first++;
	if (first == touches->count)
		return;
	if (touches->page[first] == *run) {
		flags[first] |= PW_TOUCH_CONTINUED;
		if (!side && !(flags[first] & PW_TOUCH_LOAD_FIRST))
			flags[first] |= PW_TOUCH_UPGRADE;
	}
	do
		last--;
	while ((flags[last] & PW_TOUCH_FETCH) != side);
	*run = touches->page[last];
}

enum pw_status pw_collapse_resume(struct pw_collapse *collapse, uint32_t thread,
				  struct pw_touches *touches,
				  struct pw_error *err)
{
	uint8_t *flags;
	struct thread *state;
	enum pw_status st = meet(collapse, thread, err);

	if (st == PW_OK)
		st = pw_touch_room_reserve(&collapse->out, 0, touches->count,
					   err);
	if (st != PW_OK || touches->count == 0)
		return st;
	state = &PW_ARRAY_AT(&collapse->threads, struct thread, thread);
	flags = collapse->out.flags;
	memcpy(flags, touches->flags, touches->count);
	resume_side(touches, flags, 0, &state->data_run);
	resume_side(touches, flags, PW_TOUCH_FETCH, &state->fetch_run);
	touches->flags = flags;
	return PW_OK;
}

void pw_collapse_end_runs(struct pw_collapse *collapse, uint32_t thread)
{
	if (thread < collapse->threads.count)
		PW_ARRAY_AT(&collapse->threads, struct thread, thread) =
			(struct thread){NO_PAGE, NO_PAGE};
}

void pw_collapse_limit_counts(struct pw_collapse *collapse, uint32_t accesses)
{
	PW_ASSERT(accesses > 0);
	collapse->limit = accesses;
}

void pw_collapse_split(struct pw_collapse *collapse)
{
	PW_ASSERT(collapse->threads.count == 0);
	collapse->is_split = true;
}

void pw_collapse_far_stores(struct pw_collapse *collapse)
{
	PW_ASSERT(collapse->threads.count == 0);
	collapse->cursor.far_stores = true;
	collapse->split.far_stores = true;
}
