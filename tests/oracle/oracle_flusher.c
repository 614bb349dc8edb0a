/*
 * oracle_flusher.c - when dirty pages are written back.
 *
 * Source: replay/MODEL.md, "Writing back".
 */
#include "base/assert.h"
#include "tests/oracle/oracle_replay.h"

uint64_t pw_oracle_dirty(const struct pw_oracle_replay *oracle)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < oracle->objects.count; i++)
		if (!oracle->objects.object[i]->shmem)
			sum += oracle->objects.object[i]->dirties;
	return sum;
}

/* The file that is dirty since longest, or NULL. */
static struct pw_oracle_object *oldest(const struct pw_oracle_replay *oracle)
{
	struct pw_oracle_object *found = NULL;

	for (size_t i = 0; i < oracle->objects.count; i++) {
		struct pw_oracle_object *o = oracle->objects.object[i];

		if (!o->shmem && o->dirties > 0 &&
		    (!found || o->turn < found->turn))
			found = o;
	}
	return found;
}

/* More dirty pages than this: for the flusher; and for who writes. */
static void find_limits(const struct pw_oracle_replay *oracle,
			uint64_t *background, uint64_t *ceiling)
{
	const struct pw_oracle_machine *machine = &oracle->machine;
	uint64_t page = (uint64_t)1 << machine->shape.page_shift;
	uint64_t low = machine->dirty_background_bytes, high = UINT64_MAX;
	bool endless = machine->memory_pages == 0;
	uint64_t pages = 0;

	*background = *ceiling = UINT64_MAX;
	/* What files have can be theirs again. */
	if (!endless)
		pages = machine->memory_pages - pw_oracle_memory(oracle, false);
	if (machine->dirty_bytes > 0)
		high = (machine->dirty_bytes + page - 1) / page;
	else if (!endless)
		high = machine->dirty_ratio * page / 100 * pages / page;
	if (low > 0)
		low = (low + page - 1) / page;
	else if (endless)
		low = high;
	else
		low = machine->dirty_background_ratio * page / 100 * pages /
		      page;
	if (low == UINT64_MAX)
		return;
	*background = low < high ? low : high / 2;
	*ceiling = *background / 2 + high / 2;
	*ceiling += *background % 2 + high % 2 == 2;
}

static void write_oldest(struct pw_oracle_replay *oracle)
{
	pw_oracle_write_back(oracle, oldest(oracle), 0, oracle->objects.end);
}

static uint64_t now(const struct pw_oracle_replay *oracle)
{
	const struct pw_oracle_counts *n = &oracle->counts;
	const struct pw_oracle_costs *cost = &oracle->machine.cost;
	uint64_t kinds[] = {n->zero_page, n->file, n->cow, n->forked};
	uint64_t plain = n->minor;

	for (size_t i = 0; i < 4; i++)
		plain -= kinds[i] < plain ? kinds[i] : plain;
	return n->instructions + plain * cost->minor +
	       n->zero_page * cost->zero_page + n->file * cost->file +
	       n->cow * cost->cow + n->forked * cost->forked +
	       n->major * cost->major + n->calls * cost->call +
	       n->unmapped * cost->unmapped + n->fork_copies * cost->fork_copy;
}

void pw_oracle_flush_due(struct pw_oracle_replay *oracle)
{
	const struct pw_oracle_machine *machine = &oracle->machine;
	uint64_t background, ceiling;

	oracle->objects.now = now(oracle);
	if (oracle->objects.wake > 0 &&
	    oracle->objects.now >= oracle->objects.wake) {
		while (oldest(oracle) &&
		       oldest(oracle)->dirtied_at + machine->dirty_expire <=
			       oracle->objects.now)
			write_oldest(oracle);
		oracle->objects.wake = 0;
		if (oldest(oracle))
			oracle->objects.wake =
				oracle->objects.now + machine->dirty_writeback;
	}
	find_limits(oracle, &background, &ceiling);
	while (pw_oracle_dirty(oracle) > background)
		write_oldest(oracle);
}

void pw_oracle_throttle(struct pw_oracle_replay *oracle,
			const struct pw_oracle_object *object)
{
	uint64_t background, ceiling;

	if (object->shmem)
		return;
	find_limits(oracle, &background, &ceiling);
	if (pw_oracle_dirty(oracle) <= ceiling)
		return;
	while (pw_oracle_dirty(oracle) > background)
		write_oldest(oracle);
}
