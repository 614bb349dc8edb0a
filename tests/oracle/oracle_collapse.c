/*
 * oracle_collapse.c - collapsing one access at a time, by the definitions.
 */
#include "tests/oracle/oracle_collapse.h"

#include "base/assert.h"
#include "base/bits.h"
#include "formats/batch.h"

void oracle_collapse_init(struct oracle_collapse *oracle)
{
	memset(oracle, 0, sizeof(*oracle));
	oracle->references = (struct pw_array)PW_ARRAY(struct oracle_reference);
}

void oracle_collapse_free(struct oracle_collapse *oracle)
{
	pw_array_free(&oracle->references);
}

static enum pw_status refer(struct oracle_collapse *oracle,
			    const struct oracle_access *access, uint64_t page,
			    struct pw_error *err)
{
	uint64_t begun = oracle->begun[access->thread];
	struct oracle_reference r = {
		.thread = access->thread,
		.fetch = PW_ACCESS_KIND(access->kind) == PW_ACCESS_FETCH,
		.store = PW_ACCESS_KIND(access->kind) == PW_ACCESS_STORE ||
			 PW_ACCESS_KIND(access->kind) == PW_ACCESS_MODIFY,
		.begins = true,
		.page = page,
		.instruction = begun ? begun - 1 : 0,
	};
	size_t *last = &oracle->last[access->thread][r.fetch];
	bool *wrote = &oracle->wrote[access->thread];
	bool *loaded = &oracle->loaded[access->thread];

	if (*last) {
		const struct oracle_reference *before =
			&PW_ARRAY_AT(&oracle->references,
				     struct oracle_reference, *last - 1);

		r.begins = before->page != page;
	}
	if (r.begins && !r.fetch)
		*wrote = false;
	if (r.begins && !r.fetch)
		*loaded = false;
	r.first_store = !r.begins && r.store && !*wrote;
	r.first_load = !r.begins && !r.fetch && !r.store && *wrote && !*loaded;
	if (r.store && !*wrote)
		*loaded = false;
	if (r.store)
		*wrote = true;
	else if (!r.fetch)
		*loaded = true;
	*last = oracle->references.count + 1;
	return pw_array_push(&oracle->references, &r, err);
}

enum pw_status oracle_collapse_access(struct oracle_collapse *oracle,
				      const struct oracle_access *access,
				      struct pw_error *err)
{
	uint64_t bytes = access->size_bytes ? access->size_bytes : 1;
	uint64_t page = UINT64_MAX;

	PW_ASSERT(access->thread < ORACLE_THREADS);
	if (access->kind & PW_ACCESS_FIRST)
		oracle->begun[access->thread]++;
	for (uint64_t i = 0; i < bytes; i++) {
		uint64_t address = access->address + i;
		enum pw_status st;

		if (address < access->address)
			break; /* past the end of the address space */
		if (address >> PW_PAGE_SHIFT == page)
			continue;
		page = address >> PW_PAGE_SHIFT;
		st = refer(oracle, access, page, err);
		if (st != PW_OK)
			return st;
	}
	return PW_OK;
}

void oracle_collapse_begin_batch(struct oracle_collapse *oracle,
				 uint32_t thread)
{
	PW_ASSERT(thread < ORACLE_THREADS);
	oracle->wrote[thread] = false;
	oracle->loaded[thread] = false;
}

void oracle_collapse_end_runs(struct oracle_collapse *oracle, uint32_t thread)
{
	oracle->last[thread][0] = 0;
	oracle->last[thread][1] = 0;
}
