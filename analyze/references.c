/*
 * references.c - from accesses to the pages they refer to.
 */
#include "analyze/references.h"

#include "base/assert.h"
#include "base/bits.h"

/* Bits of a canonical address that say everything. */
#define ADDRESS_BITS 57

enum pw_status pw_references_start(struct pw_reference_cursor *cursor,
				   enum pw_side side, uint64_t page_bytes,
				   struct pw_error *err)
{
	PW_ASSERT(side <= PW_SIDE_INSTRUCTION);
	if (page_bytes == 0)
		page_bytes = PW_PAGE_BYTES;
	if (!pw_is_pow2(page_bytes) || page_bytes < PW_PAGE_BYTES) {
		pw_fail(err, PW_ERR_USAGE,
			"page size %llu: not a power of two of at least 4096",
			(unsigned long long)page_bytes);
		return pw_hint(err, "4K, 64K, 2M or 1G");
	}
	*cursor = (struct pw_reference_cursor){
		.side = side, .page_shift = pw_log2(page_bytes)};
	return PW_OK;
}

enum pw_status pw_references_enter(struct pw_reference_cursor *cursor,
				   uint64_t space, struct pw_error *err)
{
	/* Pages so large that there are two only: they differ in a bit. */
	const unsigned bits = cursor->page_shift < ADDRESS_BITS
				      ? ADDRESS_BITS - cursor->page_shift
				      : 1;
	/* Bits of a page number above those: no key may pass the last one. */
	const uint64_t above = UINT64_MAX >> ADDRESS_BITS;
	const uint64_t last = (UINT64_MAX >> bits) - above - 1;

	PW_ASSERT(cursor->next == 0 && !cursor->resume);
	if (space > last)
		return pw_fail(err, PW_ERR_SYSTEM,
			       "more than %llu address spaces: too many to "
			       "tell their pages apart",
			       (unsigned long long)last + 1);
	cursor->space_key = space << bits;
	return PW_OK;
}

/*
 * Append the references of whole accesses in one page each, from access @i on,
 * up to the first that is not so or finds no room. Returns that access.
 */
static size_t emit_plain(const struct pw_reference_cursor *cursor,
			 const struct pw_accesses *accesses, size_t i,
			 struct pw_reference_block *block)
{
	/* Sides as numbers of the fetch bit; 2 is neither. */
	const uint8_t unwanted = cursor->side == PW_SIDE_DATA	       ? 1
				 : cursor->side == PW_SIDE_INSTRUCTION ? 0
								       : 2;
	/* Copies: the bytes written below could be anything to a compiler. */
	const struct pw_accesses in = *accesses;
	const unsigned shift = cursor->page_shift;
	const uint64_t space_key = cursor->space_key;
	size_t count = block->count;

	for (; i < in.count && count < PW_REFERENCE_BLOCK; i++) {
		const uint8_t fetch = (in.kind[i] / PW_ACCESS_FETCH) & 1;
		const uint64_t page = in.address[i] >> shift;

		if (fetch == unwanted)
			continue;
		if (page !=
		    pw_access_last_byte(in.address[i], in.size_bytes[i]) >>
			    shift)
			break;
		block->page[count] = page + space_key;
		block->fetch[count++] = fetch;
	}
	block->count = count;
	return i;
}

/*
 * Append the pages of access @i, which is wanted; with no room for all
 * remember where to resume and return false.
 */
static bool emit_crossing(struct pw_reference_cursor *cursor,
			  const struct pw_accesses *accesses, size_t i,
			  struct pw_reference_block *block)
{
	const uint64_t address = accesses->address[i];
	const uint64_t last =
		pw_access_last_byte(address, accesses->size_bytes[i]) >>
		cursor->page_shift;
	uint64_t page = cursor->resume ? cursor->resume_page
				       : address >> cursor->page_shift;

	for (; page <= last; page++) {
		if (block->count == PW_REFERENCE_BLOCK) {
			cursor->resume = true;
			cursor->resume_page = page;
			return false;
		}
		block->page[block->count] = page + cursor->space_key;
		block->fetch[block->count++] =
			(accesses->kind[i] / PW_ACCESS_FETCH) & 1;
	}
	cursor->resume = false;
	return true;
}

bool pw_references_next(struct pw_reference_cursor *cursor,
			const struct pw_accesses *accesses,
			struct pw_reference_block *block)
{
	size_t i = cursor->next;

	block->count = 0;
	if (cursor->resume && emit_crossing(cursor, accesses, i, block))
		i++;
	while (!cursor->resume) {
		i = emit_plain(cursor, accesses, i, block);
		if (i == accesses->count || block->count == PW_REFERENCE_BLOCK)
			break;
		if (emit_crossing(cursor, accesses, i, block))
			i++;
	}
	PW_ASSERT(i <= accesses->count);
	cursor->next = block->count ? i : 0;
	return block->count != 0;
}
