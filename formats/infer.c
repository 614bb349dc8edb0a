/*
 * infer.c - guess the mappings of a trace that does not tell them.
 */
#include "formats/infer.h"

#include "base/bits.h"
#include "base/pagemap.h"

#define RIGHTS_BITS 3

struct page {
	uint64_t number;
	uint64_t seen; /* its rights, and above them the first position */
};

static unsigned rights_seen(const struct page *page)
{
	return (unsigned)page->seen & ((1U << RIGHTS_BITS) - 1);
}

void pw_infer_init(struct pw_infer *infer)
{
	*infer = (struct pw_infer){.pages = PW_ARRAY(struct pw_pagemap *)};
}

static struct pw_pagemap *map_of(const struct pw_infer *infer, size_t process)
{
	return PW_ARRAY_AT(&infer->pages, struct pw_pagemap *, process);
}

void pw_infer_free(struct pw_infer *infer)
{
	for (size_t i = 0; i < infer->pages.count; i++)
		pw_pagemap_close(map_of(infer, i));
	pw_array_free(&infer->pages);
}

/* What an access needs of its page. */
static uint64_t rights_of(uint8_t kind)
{
	switch (PW_ACCESS_KIND(kind)) {
	case PW_ACCESS_LOAD:
		return PW_INFER_READ;
	case PW_ACCESS_FETCH:
		return PW_INFER_READ | PW_INFER_EXECUTE;
	default:
		return PW_INFER_READ | PW_INFER_WRITE;
	}
}

enum pw_status pw_infer_accesses(struct pw_infer *infer, uint32_t process,
				 uint64_t position, const struct pw_accesses *a,
				 struct pw_error *err)
{
	enum pw_status st = PW_OK;

	while (st == PW_OK && infer->pages.count <= process) {
		struct pw_pagemap *map;

		st = pw_pagemap_open(&map, 0, err);
		if (st == PW_OK)
			st = pw_array_push(&infer->pages, &map, err);
	}
	for (size_t i = 0; st == PW_OK && i < a->count; i++) {
		uint64_t last =
			pw_access_last_byte(a->address[i], a->size_bytes[i]);
		uint64_t *seen;
		bool added;

		if (last >> 63)
			continue;
		for (uint64_t page = a->address[i] >> PW_PAGE_SHIFT;
		     st == PW_OK && page <= last >> PW_PAGE_SHIFT; page++) {
			st = pw_pagemap_insert(map_of(infer, process), page,
					       &seen, &added, err);
			if (st == PW_OK && added)
				*seen = (position + i) << RIGHTS_BITS;
			if (st == PW_OK)
				*seen |= rights_of(a->kind[i]);
		}
	}
	return st;
}

static int compare_pages(const void *a, const void *b)
{
	const struct page *x = a, *y = b;

	return (x->number > y->number) - (x->number < y->number);
}

/* The pages of a process in order. */
static enum pw_status list_pages(const struct pw_pagemap *map,
				 struct pw_array *pages, struct pw_error *err)
{
	size_t cursor = 0;
	struct page page;
	enum pw_status st = PW_OK;

	pages->count = 0;
	while (st == PW_OK &&
	       pw_pagemap_each(map, &cursor, &page.number, &page.seen))
		st = pw_array_push(pages, &page, err);
	if (st == PW_OK && pages->count > 1)
		qsort(pages->data, pages->count, sizeof(page), compare_pages);
	return st;
}

/* Whether @page goes on with the guess @last, or else why it does not. */
static bool continues(const struct pw_guess *last, const struct page *page,
		      enum pw_guess_why *why)
{
	uint64_t end = (last->address + last->bytes) >> PW_PAGE_SHIFT;

	*why = page->number - end >= PW_INFER_GAP_PAGES ? PW_GUESS_FAR
							: PW_GUESS_RIGHTS;
	return *why == PW_GUESS_RIGHTS && rights_seen(page) == last->rights;
}

static enum pw_status guess_process(const struct pw_array *pages,
				    uint32_t process, struct pw_array *guesses,
				    struct pw_error *err)
{
	size_t before = guesses->count;

	for (size_t i = 0; i < pages->count; i++) {
		const struct page *page = &PW_ARRAY_AT(pages, struct page, i);
		uint64_t address = page->number << PW_PAGE_SHIFT;
		uint64_t first = page->seen >> RIGHTS_BITS;
		struct pw_guess guess = {
			process, rights_seen(page), address, PW_PAGE_BYTES, 1,
			first,	 PW_GUESS_LOWEST};
		struct pw_guess *last =
			guesses->count > before
				? &PW_ARRAY_AT(guesses, struct pw_guess,
					       guesses->count - 1)
				: NULL;
		enum pw_status st;

		if (last && continues(last, page, &guess.why)) {
			last->bytes = address + PW_PAGE_BYTES - last->address;
			last->pages++;
			if (first < last->first)
				last->first = first;
			continue;
		}
		st = pw_array_push(guesses, &guess, err);
		if (st != PW_OK)
			return st;
	}
	return PW_OK;
}

enum pw_status pw_infer_guess(const struct pw_infer *infer,
			      struct pw_array *guesses, struct pw_error *err)
{
	struct pw_array pages = PW_ARRAY(struct page);
	enum pw_status st = PW_OK;

	for (size_t i = 0; st == PW_OK && i < infer->pages.count; i++) {
		st = list_pages(map_of(infer, i), &pages, err);
		if (st == PW_OK)
			st = guess_process(&pages, (uint32_t)i, guesses, err);
	}
	pw_array_free(&pages);
	return st;
}
