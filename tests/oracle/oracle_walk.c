/*
 * oracle_walk.c - page walks by searching lists.
 *
 * Source: replay/MODEL.md, "Walk".
 */
#include "tests/oracle/oracle_walk.h"

#include <stdlib.h>
#include <string.h>

#include "base/assert.h"

#define HOST_SPACE 32767
#define TABLE_CLASS 7

/* How TLBs call something: number, class, address-space identifier. */
static uint64_t key(uint32_t asid, unsigned class, uint64_t number)
{
	PW_ASSERT(number < (uint64_t)1 << 45);
	return ((uint64_t)asid << 48) + ((uint64_t) class << 45) + number;
}

/* What number the entry, or page, at @height that leads to @page has. */
static uint64_t number_at(const struct pw_oracle_shape *shape, uint64_t page,
			  unsigned height)
{
	for (unsigned i = 0; i < height; i++)
		page >>= shape->bits[i];
	return page;
}

static void init_caches(struct pw_oracle_walk_caches *caches,
			const struct pw_oracle_shape *shape,
			const struct pw_oracle_pwc *choice)
{
	caches->shape = *shape;
	caches->choice = *choice;
	for (unsigned i = 0; i < PW_ORACLE_LEVELS_MAX; i++)
		pw_oracle_tlb_init(&caches->split[i], choice->split[i]);
	pw_oracle_tlb_init(&caches->unified, choice->unified);
}

static void free_caches(struct pw_oracle_walk_caches *caches)
{
	for (unsigned i = 0; i < PW_ORACLE_LEVELS_MAX; i++)
		pw_oracle_tlb_free(&caches->split[i]);
	pw_oracle_tlb_free(&caches->unified);
}

void pw_oracle_walks_init(struct pw_oracle_walks *walks,
			  const struct pw_oracle_walk_machine *machine,
			  struct pw_oracle_guest *guest,
			  struct pw_oracle_walk_counts *counts)
{
	memset(walks, 0, sizeof(*walks));
	walks->machine = *machine;
	walks->guest_memory = guest;
	walks->counts = counts;
	init_caches(&walks->guest, &machine->guest, &machine->pwc);
	init_caches(&walks->host, &machine->host, &machine->host_pwc);
	for (unsigned i = 0; i < PW_ORACLE_LINE_CACHES; i++)
		pw_oracle_tlb_init(&walks->line[i], machine->line[i]);
	pw_oracle_tlb_init(&walks->nested_tlb, machine->nested_tlb);
}

void pw_oracle_walks_free(struct pw_oracle_walks *walks)
{
	free_caches(&walks->guest);
	free_caches(&walks->host);
	for (unsigned i = 0; i < PW_ORACLE_LINE_CACHES; i++)
		pw_oracle_tlb_free(&walks->line[i]);
	pw_oracle_tlb_free(&walks->nested_tlb);
}

void pw_oracle_guest_free(struct pw_oracle_guest *guest)
{
	free(guest->block);
	*guest = (struct pw_oracle_guest){0};
}

/* ---- page-walk caches ---- */

static bool is_in_stlb(const struct pw_oracle_walk_caches *caches,
		       unsigned height)
{
	return height == 1 && caches->choice.in_stlb;
}

/* What keeps entries at @height; it may have no entries at all. */
static struct pw_oracle_tlb *home(struct pw_oracle_walk_caches *caches,
				  struct pw_oracle_tlb *stlb, unsigned height)
{
	if (is_in_stlb(caches, height))
		return stlb;
	if (caches->split[height].geometry.entries)
		return &caches->split[height];
	return &caches->unified;
}

static uint64_t name(const struct pw_oracle_walk_caches *caches, uint32_t asid,
		     uint64_t page, unsigned height)
{
	return key(asid, is_in_stlb(caches, height) ? TABLE_CLASS : height,
		   number_at(&caches->shape, page, height));
}

/* The height of the first entry to read. */
static unsigned first_read(struct pw_oracle_walk_caches *caches,
			   struct pw_oracle_tlb *stlb,
			   const struct pw_oracle_target *target)
{
	for (unsigned height = target->height + 1;
	     height < caches->shape.levels; height++) {
		if (pw_oracle_tlb_hit(
			    home(caches, stlb, height),
			    name(caches, target->asid, target->page, height)))
			return height - 1;
	}
	return caches->shape.levels - 1;
}

static void keep_read(struct pw_oracle_walk_caches *caches,
		      struct pw_oracle_tlb *stlb,
		      const struct pw_oracle_target *target, unsigned first)
{
	for (unsigned height = first; height > target->height; height--)
		pw_oracle_tlb_fill(
			home(caches, stlb, height),
			name(caches, target->asid, target->page, height));
}

/* Drop the entries that are called @first to @last. */
static void drop(struct pw_oracle_tlb *tlb, uint64_t first, uint64_t last)
{
	for (uint64_t i = 0; i < tlb->geometry.entries; i++) {
		struct pw_oracle_entry *entry = &tlb->entry[i];

		if (entry->page >= first && entry->page <= last)
			entry->valid = false;
	}
}

void pw_oracle_walks_invalidate(struct pw_oracle_walks *walks,
				struct pw_oracle_tlb *stlb, uint32_t asid,
				uint64_t first, uint64_t end)
{
	struct pw_oracle_walk_caches *caches = &walks->guest;

	for (unsigned height = 1; height < caches->shape.levels; height++) {
		struct pw_oracle_tlb *tlb = home(caches, stlb, height);
		uint64_t zero = name(caches, asid, 0, height);

		if (caches->choice.by_range)
			drop(tlb, name(caches, asid, first, height),
			     name(caches, asid, end - 1, height));
		else
			drop(tlb, zero, zero + ((uint64_t)1 << 45) - 1);
	}
}

void pw_oracle_walks_flush(struct pw_oracle_walks *walks)
{
	for (unsigned i = 0; i < PW_ORACLE_LEVELS_MAX; i++)
		pw_oracle_tlb_flush(&walks->guest.split[i]);
	pw_oracle_tlb_flush(&walks->guest.unified);
}

/* ---- lines ---- */

static void read_entry(struct pw_oracle_walks *walks, uint32_t space,
		       unsigned height, uint64_t number)
{
	uint64_t line = key(space, height, number / 8);
	unsigned place = 0;

	walks->counts->references++;
	if (!walks->machine.lines_cached) {
		walks->counts->cycles += walks->machine.fixed_cycles;
		return;
	}
	while (place < PW_ORACLE_LINE_CACHES &&
	       !pw_oracle_tlb_hit(&walks->line[place], line))
		place++;
	walks->counts->served[place]++;
	walks->counts->cycles += walks->machine.line_cycles[place];
	for (unsigned i = 0; i < place; i++)
		pw_oracle_tlb_fill(&walks->line[i], line);
}

/* ---- the guest's memory ---- */

static uint64_t round_up(uint64_t value, uint64_t unit)
{
	return (value + unit - 1) / unit * unit;
}

/* The lowest place for so many frames at a multiple of as many. */
static uint64_t find_room(const struct pw_oracle_guest *guest, uint64_t frames)
{
	uint64_t first = 0;
	size_t clear = 0; /* blocks looked at that are not there */

	for (size_t i = 0; clear < guest->blocks; i = (i + 1) % guest->blocks) {
		const struct pw_oracle_block *block = &guest->block[i];
		uint64_t end = block->first + block->frames;

		clear++;
		if (first < end && block->first < first + frames) {
			first = round_up(end, frames);
			clear = 0;
		}
	}
	return first;
}

static void count_guest(struct pw_oracle_walks *walks)
{
	const struct pw_oracle_guest *guest = walks->guest_memory;
	struct pw_oracle_walk_counts *counts = walks->counts;

	counts->guest_bytes = 0;
	for (size_t i = 0; i < guest->blocks; i++)
		counts->guest_bytes += guest->block[i].frames * 4096;
	if (counts->guest_bytes > counts->guest_peak_bytes)
		counts->guest_peak_bytes = counts->guest_bytes;
}

/* The first frame of the block like @wanted, which is made if need be. */
static uint64_t place(struct pw_oracle_walks *walks,
		      struct pw_oracle_block wanted)
{
	struct pw_oracle_guest *guest = walks->guest_memory;

	for (size_t i = 0; i < guest->blocks; i++) {
		const struct pw_oracle_block *block = &guest->block[i];

		if (block->space == wanted.space &&
		    block->is_page == wanted.is_page &&
		    block->height == wanted.height &&
		    block->index == wanted.index)
			return block->first;
	}
	if (guest->blocks == guest->block_room) {
		guest->block_room = guest->block_room * 2 + 64;
		guest->block =
			realloc(guest->block,
				guest->block_room * sizeof(*guest->block));
		PW_ASSERT(guest->block);
	}
	wanted.first = find_room(guest, wanted.frames);
	guest->block[guest->blocks++] = wanted;
	count_guest(walks);
	return wanted.first;
}

static uint64_t place_table(struct pw_oracle_walks *walks,
			    const struct pw_oracle_target *target,
			    unsigned height)
{
	const struct pw_oracle_shape *shape = &walks->machine.guest;
	uint64_t bytes = (uint64_t)8 << shape->bits[height];
	struct pw_oracle_block wanted = {.space = target->space,
					 .height = height};

	wanted.frames = bytes > 4096 ? bytes / 4096 : 1;
	if (height + 1 < shape->levels)
		wanted.index = number_at(shape, target->page, height + 1);
	return place(walks, wanted);
}

static uint64_t place_page(struct pw_oracle_walks *walks,
			   const struct pw_oracle_target *target)
{
	const struct pw_oracle_shape *shape = &walks->machine.guest;
	uint64_t base_frames = (uint64_t)1 << (shape->page_shift - 12);
	uint64_t pages = 1; /* base pages in the page, at most a GiB of them */
	struct pw_oracle_block wanted = {
		.space = target->space,
		.is_page = true,
		.height = target->height,
	};

	for (unsigned i = 0; i < target->height; i++)
		pages <<= shape->bits[i];
	if (pages * base_frames > 262144)
		pages = 262144 / base_frames;
	wanted.frames = pages * base_frames;
	wanted.index = target->page / pages;
	return place(walks, wanted) + target->page % pages * base_frames;
}

void pw_oracle_walks_end(struct pw_oracle_walks *walks, uint32_t space)
{
	struct pw_oracle_guest *guest = walks->guest_memory;
	size_t kept = 0;

	for (size_t i = 0; i < guest->blocks; i++) {
		if (guest->block[i].space != space)
			guest->block[kept++] = guest->block[i];
	}
	guest->blocks = kept;
	count_guest(walks);
}

/* ---- walks ---- */

static void translate(struct pw_oracle_walks *walks, uint64_t frame)
{
	const struct pw_oracle_shape *shape = &walks->machine.host;
	struct pw_oracle_target target = {.height = walks->machine.host_height};
	uint64_t page;
	unsigned first;

	target.page = frame >> (shape->page_shift - 12);
	page = key(0, target.height,
		   number_at(shape, target.page, target.height));
	if (pw_oracle_tlb_hit(&walks->nested_tlb, page)) {
		walks->counts->nested_tlb_hits++;
		return;
	}
	if (walks->nested_tlb.geometry.entries)
		walks->counts->nested_tlb_misses++;
	walks->counts->nested_walks++;
	first = first_read(&walks->host, NULL, &target);
	if (first + 1 < shape->levels)
		walks->counts->nested_pwc_hits++;
	for (unsigned i = 0; i <= first - target.height; i++) {
		unsigned height = first - i;

		walks->counts->nested_references++;
		read_entry(walks, HOST_SPACE, height,
			   number_at(shape, target.page, height));
	}
	keep_read(&walks->host, NULL, &target, first);
	pw_oracle_tlb_fill(&walks->nested_tlb, page);
}

/* A hashed table is one table, of which each probe reads the next line. */
static void walk_hash(struct pw_oracle_walks *walks,
		      const struct pw_oracle_target *target)
{
	for (unsigned i = 0; i < target->probes; i++) {
		if (walks->machine.nested)
			translate(walks, place_table(walks, target, 0));
		walks->counts->height[0]++;
		read_entry(walks, target->space % HOST_SPACE, 0,
			   target->page + 8 * i);
	}
}

static void walk_tree(struct pw_oracle_walks *walks, struct pw_oracle_tlb *stlb,
		      const struct pw_oracle_target *target)
{
	const struct pw_oracle_shape *shape = &walks->machine.guest;
	unsigned first = first_read(&walks->guest, stlb, target);
	bool hit = first + 1 < shape->levels;

	walks->counts->pwc_hits += hit;
	for (unsigned i = 0; i <= first - target->height; i++) {
		unsigned height = first - i;

		if (walks->machine.nested && (i > 0 || !hit))
			translate(walks, place_table(walks, target, height));
		walks->counts->height[height]++;
		read_entry(walks, target->space % HOST_SPACE, height,
			   number_at(shape, target->page, height));
	}
	keep_read(&walks->guest, stlb, target, first);
}

void pw_oracle_walk(struct pw_oracle_walks *walks, struct pw_oracle_tlb *stlb,
		    const struct pw_oracle_target *target)
{
	walks->counts->walks++;
	if (target->probes > 0)
		walk_hash(walks, target);
	else
		walk_tree(walks, stlb, target);
	if (walks->machine.nested)
		translate(walks, place_page(walks, target));
}
