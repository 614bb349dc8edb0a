/*
 * page_table_hashed.c - one hash table, for comparison.
 *
 * An item is a line of 64 bytes: the entries of 8 neighbouring pages, with the
 * line's tag in bits that they leave unused. Lines lie at the first free place
 * from that of their hash on, those that are farther from it first, then those
 * of lower pages; so where they lie does not depend on how they came. At most
 * half of the places are taken: the table doubles, and is as at the
 * start when it is empty. A walk reads line after line until it is at the right
 * one.
 *
 * Which pages there are, in order, is kept in a radix table besides; it is no
 * part of what is simulated.
 *
 * Source: Yaniv and Tsafrir, "Hash, don't cache (the page table)", SIGMETRICS
 *         2016: open addressing, clustered, tags in the entries. Celis, "Robin
 *         Hood hashing" (1986), for the order.
 * Cost:   16 to 32 bytes a line, and as much for its smaller past.
 */
#include "base/assert.h"
#include "base/bits.h"
#include "replay/memory/radix.h"
#include "replay/mmu/tlb_key.h"

#define PAGE_SHIFT_MIN 12
#define PAGE_SHIFT_MAX 30
#define LINES_MIN 64 /* 4 KiB */
#define LINE_BYTES 64
#define ORDER_BITS 9 /* of a table of the radix */

struct hashed {
	struct pw_radix pages;
	struct pw_table_use order[PW_LEVELS_MAX]; /* of it; not simulated */
	struct pw_arena *arena;
	struct pw_table_use *use;
	uint64_t end;	 /* one past the last page */
	uint64_t *lines; /* number of 8 pages plus 1; 0: free */
	uint64_t places; /* of the array */
	uint64_t room;	 /* those in use as a table, a power of two */
	uint64_t used;
};

static unsigned page_shift(const struct pw_page_table_config *config)
{
	return config->page_shift ? config->page_shift : PAGE_SHIFT_MIN;
}

static enum pw_status check(const struct pw_page_table_config *config,
			    struct pw_error *err)
{
	if (config->levels != 1)
		return pw_fail(err, PW_ERR_USAGE,
			       "hashed has 1 level, not %llu",
			       (unsigned long long)config->levels);
	if (page_shift(config) < PAGE_SHIFT_MIN ||
	    page_shift(config) > PAGE_SHIFT_MAX)
		return pw_fail(err, PW_ERR_USAGE, "hashed has no such pages");
	return PW_OK;
}

static struct pw_geometry geometry(const struct pw_page_table_config *config)
{
	const struct pw_geometry one_table = {
		.page_shift = page_shift(config),
		.levels = 1,
		.counted = 1,
		.bits = {PW_ADDRESS_BITS - page_shift(config)},
		.leaves = 1,
	};

	PW_ASSERT(config->levels == 1);
	return one_table;
}

static bool init(void *state, const struct pw_page_table_config *config)
{
	const struct pw_geometry order = {
		.page_shift = page_shift(config),
		.levels = 2,
		.bits = {ORDER_BITS, ORDER_BITS},
		.leaves = 1,
	};
	struct hashed *hashed = state;

	hashed->arena = config->arena;
	hashed->end = (uint64_t)1 << geometry(config).bits[0];
	hashed->use = &config->store->use[0];
	pw_radix_init(&hashed->pages, &order, &config->store->slab,
		      hashed->order);
	return true;
}

static uint64_t line_of(uint64_t page)
{
	return page / PW_LINE_PTES + 1;
}

static uint64_t home(const struct hashed *hashed, uint64_t line)
{
	return pw_mix64(line) & (hashed->room - 1);
}

/* How far the line at @place is from where its hash says. */
static uint64_t distance(const struct hashed *hashed, uint64_t line,
			 uint64_t place)
{
	return (place - home(hashed, line)) & (hashed->room - 1);
}

static void put_in(struct hashed *hashed, uint64_t line)
{
	uint64_t place = home(hashed, line);

	while (hashed->lines[place]) {
		uint64_t here = hashed->lines[place];
		uint64_t ours = distance(hashed, line, place);
		uint64_t theirs = distance(hashed, here, place);

		if (theirs < ours || (theirs == ours && here > line)) {
			hashed->lines[place] = line;
			line = here;
		}
		place = (place + 1) & (hashed->room - 1);
	}
	hashed->lines[place] = line;
}

static uint64_t find_place(const struct hashed *hashed, uint64_t line)
{
	uint64_t place = home(hashed, line);

	PW_DEBUG_ASSERT(hashed->used > 0);
	while (hashed->lines[place] != line)
		place = (place + 1) & (hashed->room - 1);
	return place;
}

static void take_out(struct hashed *hashed, uint64_t line)
{
	uint64_t place = find_place(hashed, line);
	uint64_t next = (place + 1) & (hashed->room - 1);

	while (hashed->lines[next] &&
	       distance(hashed, hashed->lines[next], next) > 0) {
		hashed->lines[place] = hashed->lines[next];
		place = next;
		next = (next + 1) & (hashed->room - 1);
	}
	hashed->lines[place] = 0;
}

/* Put in anew the lines of all pages. */
static void rehash(struct hashed *hashed)
{
	uint64_t at = 0;
	uint64_t page;
	struct pw_leaf leaf;

	while (pw_radix_next(&hashed->pages, at, hashed->end, &page, &leaf)) {
		put_in(hashed, line_of(page));
		at = line_of(page) * PW_LINE_PTES;
	}
}

/* Room for one more line. */
static bool make_room(struct hashed *hashed)
{
	uint64_t room = hashed->room;

	if (2 * (hashed->used + 1) <= room)
		return true;
	hashed->room = room ? 2 * room : LINES_MIN;
	if (hashed->room > hashed->places) {
		hashed->places = hashed->room;
		hashed->lines =
			pw_arena_alloc(hashed->arena, (size_t)hashed->places,
				       sizeof(*hashed->lines));
		if (!hashed->lines)
			return false;
	} else {
		memset(hashed->lines, 0, (size_t)room * sizeof(uint64_t));
	}
	rehash(hashed);
	if (hashed->used > 0)
		hashed->use->bytes += (hashed->room - room) * LINE_BYTES;
	return true;
}

/* Whether a page of the line of @page is mapped. */
static bool line_used(struct hashed *hashed, uint64_t page)
{
	uint64_t first = page / PW_LINE_PTES * PW_LINE_PTES;
	struct pw_leaf leaf;
	uint64_t found;

	return pw_radix_next(&hashed->pages, first, first + PW_LINE_PTES,
			     &found, &leaf);
}

static bool find(void *state, uint64_t page, struct pw_leaf *leaf)
{
	struct hashed *hashed = state;
	uint64_t line = line_of(page);

	if (!pw_radix_find(&hashed->pages, page, leaf))
		return false;
	leaf->probes =
		(unsigned)distance(hashed, line, find_place(hashed, line)) + 1;
	return true;
}

static bool map(void *state, const struct pw_leaf *leaf)
{
	struct hashed *hashed = state;
	struct pw_leaf old;

	if (!pw_radix_find(&hashed->pages, leaf->first, &old)) {
		if (!line_used(hashed, leaf->first)) {
			if (!make_room(hashed))
				return false;
			if (hashed->used == 0) {
				hashed->use->tables++;
				hashed->use->bytes += hashed->room * LINE_BYTES;
			}
			put_in(hashed, line_of(leaf->first));
			hashed->used++;
			hashed->use->lines++;
		}
		hashed->use->entries++;
	}
	return pw_radix_map(&hashed->pages, leaf);
}

static void unmap(void *state, uint64_t page)
{
	struct hashed *hashed = state;

	pw_radix_unmap(&hashed->pages, page);
	hashed->use->entries--;
	if (line_used(hashed, page))
		return;
	take_out(hashed, line_of(page));
	hashed->used--;
	hashed->use->lines--;
	if (hashed->used == 0) {
		hashed->use->tables--;
		hashed->use->bytes -= hashed->room * LINE_BYTES;
		hashed->room = LINES_MIN;
	}
}

static bool next(void *state, uint64_t first, uint64_t end, uint64_t *page,
		 struct pw_leaf *leaf)
{
	struct hashed *hashed = state;

	return pw_radix_next(&hashed->pages, first, end, page, leaf);
}

const struct pw_page_table_ops pw_page_table_hashed = {
	.name = "hashed",
	.summary = "one hash table of lines of 8 entries; any one page size",
	.source = "Yaniv and Tsafrir, \"Hash, don't cache\", SIGMETRICS 2016",
	.check = check,
	.geometry = geometry,
	.state_bytes = sizeof(struct hashed),
	.init = init,
	.find = find,
	.map = map,
	.unmap = unmap,
	.next = next,
};
