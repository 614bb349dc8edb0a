/*
 * dense_compile.c - modes and bases of slots to leaders and followers.
 *
 * Chains of predictions are followed here, once for each slot of a symbol, so
 * that an execution needs one step from a cell to an address.
 */
#include "base/assert.h"
#include "base/bits.h"
#include "formats/dense_plan.h"
#include "formats/varint.h"

struct compiler {
	struct pw_dense_plan *plan;
	struct pw_dense_streams *streams;
	uint64_t absolute;	      /* the last base against 0 */
	struct pw_dense_value *value; /* of the symbol's stored slots so far */
	uint32_t values;
	uint32_t *latest; /* by operand: its last value in the symbol, plus 1 */
	uint8_t *wanted;  /* by operand: predicted by its last address */
	uint32_t *part;	  /* the shapes of the symbol */
	uint32_t *stack;
};

/* Room that is filled without further checks. */
static enum pw_status resize(struct pw_array *array, size_t count,
			     struct pw_error *err)
{
	enum pw_status st =
		pw_array_reserve(array, count + PW_SHAPE_SET_SLACK, err);

	if (st == PW_OK)
		array->count = count;
	return st;
}

/* ---- operands ---- */

/* Number the operands of all stored slots of the set. */
static enum pw_status number_operands(struct pw_dense_plan *plan,
				      struct pw_error *err)
{
	const struct pw_shape_use *use = plan->set.entry.data;
	const uint16_t *stored = plan->set.stored.data;
	const uint64_t *pc = plan->set.pc.data;
	size_t count = plan->set.stored.count;
	uint32_t *operand;
	enum pw_status st;

	st = resize(&plan->operand, count, err);
	if (st == PW_OK)
		st = pw_dense_operands_clear(&plan->operands, count, err);
	if (st != PW_OK)
		return st;
	operand = plan->operand.data;
	for (size_t e = 0; e < plan->set.entry.count; e++) {
		uint64_t last = 0, ordinal = 0;

		for (uint32_t i = 0; i < use[e].stored; i++) {
			uint32_t at = use[e].first + i;
			uint64_t here = pc[use[e].slot + stored[at]];

			ordinal = i > 0 && here == last ? ordinal + 1 : 0;
			last = here;
			operand[at] = pw_dense_operand(&plan->operands, here,
						       ordinal);
		}
	}
	return PW_OK;
}

/* ---- slots ---- */

static enum pw_status add_leader(struct compiler *compiler, uint32_t slot,
				 unsigned width, uint32_t uses,
				 struct pw_dense_value *value,
				 struct pw_error *err)
{
	struct pw_dense_plan *plan = compiler->plan;
	struct pw_dense_streams *streams = compiler->streams;
	struct pw_dense_entry *entry = plan->entry.data;
	struct pw_dense_leader leader = {
		.base = value->offset,
		.source = value->cell,
		.slot = (uint16_t)slot,
		.width = (uint8_t)width,
	};
	size_t left = (size_t)(streams->column_end - streams->column);

	entry += plan->entry.count - 1;
	if (width > 0 && uses > left / width)
		return pw_dense_malformed(err, PW_DENSE_COLUMNS, "ends early");
	streams->column += (size_t)uses * width;
	value->cell = plan->first_cell + entry->leaders++;
	value->offset = 0;
	return pw_array_push(&plan->leader, &leader, err);
}

/* What slot @index is predicted by, from its mode. */
static enum pw_status predict(struct compiler *compiler, unsigned from,
			      struct pw_dense_value *value,
			      struct pw_error *err)
{
	uint32_t latest;

	if (from == PW_DENSE_FROM_ZERO)
		return PW_OK;
	if (from <= PW_DENSE_FROM_BACK && from <= compiler->values) {
		const struct pw_dense_value *other =
			&compiler->value[compiler->values - from];

		value->cell = other->cell;
		value->offset = other->offset;
		return PW_OK;
	}
	if (from != PW_DENSE_FROM_LAST)
		return pw_dense_malformed(err, PW_DENSE_MODES,
					  "holds no prediction");
	compiler->wanted[value->operand] = 1;
	latest = compiler->latest[value->operand];
	if (latest > 0) {
		value->cell = compiler->value[latest - 1].cell;
		value->offset = compiler->value[latest - 1].offset;
	} else {
		value->cell = 1 + value->operand;
	}
	return PW_OK;
}

/* The base of the next slot. */
static enum pw_status take_base(struct compiler *compiler, unsigned from,
				uint64_t *base, struct pw_error *err)
{
	struct pw_dense_streams *streams = compiler->streams;
	uint64_t code;

	streams->base = pw_varint_get(streams->base, streams->base_end, &code);
	if (!streams->base)
		return pw_dense_malformed(err, PW_DENSE_BASES, "ends early");
	*base = pw_unzigzag(code);
	if (from == PW_DENSE_FROM_ZERO) {
		*base += compiler->absolute;
		compiler->absolute = *base;
	}
	return PW_OK;
}

/* Whether @value is near enough to a leader of its symbol. */
static bool follows(const struct pw_dense_plan *plan,
		    const struct pw_dense_value *value)
{
	return value->cell >= plan->first_cell &&
	       (uint64_t)(int64_t)(int32_t)value->offset == value->offset;
}

/* One stored slot, which is @slot of the symbol. */
static enum pw_status add_slot(struct compiler *compiler, uint32_t slot,
			       uint32_t operand, uint32_t uses,
			       struct pw_error *err)
{
	struct pw_dense_plan *plan = compiler->plan;
	struct pw_dense_streams *streams = compiler->streams;
	struct pw_dense_entry *entry = plan->entry.data;
	struct pw_dense_value value = {0, 0, operand};
	unsigned from, width;
	uint64_t base = 0;
	enum pw_status st;

	if (streams->mode == streams->mode_end)
		return pw_dense_malformed(err, PW_DENSE_MODES, "ends early");
	from = *streams->mode >> 4;
	width = *streams->mode++ & 15;
	if (width > PW_DENSE_WIDTH_MAX)
		return pw_dense_malformed(err, PW_DENSE_MODES,
					  "holds no width");
	st = take_base(compiler, from, &base, err);
	if (st == PW_OK)
		st = predict(compiler, from, &value, err);
	if (st != PW_OK)
		return st;
	value.offset += base;
	entry += plan->entry.count - 1;
	if (width > 0 || (value.cell > 0 && !follows(plan, &value))) {
		st = add_leader(compiler, slot, width, uses, &value, err);
	} else if (value.cell == 0) {
		PW_ARRAY_AT(&plan->address, uint64_t, entry->slot + slot) =
			value.offset;
	} else {
		struct pw_dense_follower follower = {
			(int32_t)value.offset,
			(uint16_t)(value.cell - plan->first_cell),
			(uint16_t)slot};

		entry->followers++;
		st = pw_array_push(&plan->follower, &follower, err);
	}
	compiler->value[compiler->values++] = value;
	compiler->latest[operand] = compiler->values;
	return st;
}

/* Keep the last address of each operand that the symbol has. */
static enum pw_status add_keepers(struct compiler *compiler,
				  struct pw_error *err)
{
	struct pw_dense_plan *plan = compiler->plan;
	struct pw_dense_entry *entry = plan->entry.data;
	enum pw_status st = PW_OK;

	entry += plan->entry.count - 1;
	for (uint32_t i = 0; i < compiler->values && st == PW_OK; i++) {
		const struct pw_dense_value *value = &compiler->value[i];
		struct pw_dense_keeper keeper = {value->offset, value->cell,
						 1 + value->operand};

		if (compiler->latest[value->operand] != i + 1)
			continue;
		entry->keepers++;
		st = pw_array_push(&plan->keeper, &keeper, err);
	}
	for (uint32_t i = 0; i < compiler->values; i++)
		compiler->latest[compiler->value[i].operand] = 0;
	return st;
}

/*
 * Copy the slots of a shape behind the others of the symbol, in blocks; what is
 * too much is written over by what follows.
 */
static void copy_shape(struct pw_dense_plan *plan,
		       const struct pw_shape_use *use, size_t at)
{
	const struct pw_shape_set *set = &plan->set;
	const uint64_t *pc = (const uint64_t *)set->pc.data + use->slot;
	const uint32_t *size = (const uint32_t *)set->size.data + use->slot;
	const uint8_t *kind = (const uint8_t *)set->kind.data + use->slot;
	uint64_t *address_out = (uint64_t *)plan->address.data + at;
	uint64_t *pc_out = (uint64_t *)plan->pc.data + at;
	uint32_t *size_out = (uint32_t *)plan->size.data + at;
	uint8_t *kind_out = (uint8_t *)plan->kind.data + at;

	for (uint32_t i = 0; i < use->slots; i += PW_SHAPE_SET_SLACK) {
		memcpy(address_out + i, pc + i, (size_t)PW_SHAPE_SET_SLACK * 8);
		memcpy(pc_out + i, pc + i, (size_t)PW_SHAPE_SET_SLACK * 8);
		memcpy(size_out + i, size + i, (size_t)PW_SHAPE_SET_SLACK * 4);
		memcpy(kind_out + i, kind + i, PW_SHAPE_SET_SLACK);
	}
}

static enum pw_status add_symbol(struct compiler *compiler, uint32_t symbol,
				 size_t at, struct pw_error *err)
{
	struct pw_dense_plan *plan = compiler->plan;
	const struct pw_shape_use *shape = plan->set.entry.data;
	const uint16_t *stored = plan->set.stored.data;
	const uint32_t *operand = plan->operand.data;
	uint32_t uses = PW_ARRAY_AT(&plan->uses, uint32_t, symbol), slot = 0;
	enum pw_status st = PW_OK;
	size_t parts;

	compiler->values = 0;
	parts = pw_dense_unfold(plan->rule.data,
				(uint32_t)plan->set.entry.count, symbol,
				compiler->part, compiler->stack);
	for (size_t p = 0; p < parts && st == PW_OK; p++) {
		const struct pw_shape_use *use = &shape[compiler->part[p] - 1];

		if (!plan->only_stored)
			copy_shape(plan, use, at + slot);
		for (uint32_t i = 0; i < use->stored && st == PW_OK; i++)
			st = add_slot(compiler,
				      slot + (plan->only_stored
						      ? i
						      : stored[use->first + i]),
				      operand[use->first + i], uses, err);
		slot += plan->only_stored ? use->stored : use->slots;
	}
	PW_ASSERT(st != PW_OK || plan->only_stored ||
		  slot == PW_ARRAY_AT(&plan->slots, uint32_t, symbol));
	PW_ARRAY_AT(&plan->entry, struct pw_dense_entry, symbol).slots = slot;
	return st == PW_OK ? add_keepers(compiler, err) : st;
}

/*
 * Put the numbers of one execution side by side, so that they are found in one
 * place; in the columns they are packed better.
 */
static void make_rows(struct compiler *compiler, const uint8_t *column,
		      uint32_t uses)
{
	struct pw_dense_plan *plan = compiler->plan;
	struct pw_dense_entry *entry = plan->entry.data;
	const struct pw_dense_leader *leader = plan->leader.data;
	struct pw_dense_feed *feed = plan->feed.data;
	uint8_t *row = (uint8_t *)plan->rows.data + plan->rows.count;
	size_t feeds = 0;

	entry += plan->entry.count - 1;
	leader += entry->leader;
	entry->row = row;
	for (uint32_t i = 0; i < entry->leaders; i++) {
		if (leader[i].width == 0)
			continue;
		feed[feeds++] = (struct pw_dense_feed){column, leader[i].width};
		column += (size_t)uses * leader[i].width;
	}
	/* What is too much of a word is written over by the next one. */
	for (uint32_t use = 0; use < uses && feeds > 0; use++) {
		for (size_t i = 0; i < feeds; i++) {
			pw_store64(row, pw_load64(feed[i].next));
			feed[i].next += feed[i].width;
			row += feed[i].width;
		}
	}
	plan->rows.count = (size_t)(row - (uint8_t *)plan->rows.data);
}

static enum pw_status add_symbols(struct compiler *compiler,
				  struct pw_error *err)
{
	struct pw_dense_plan *plan = compiler->plan;
	const uint32_t *uses = plan->uses.data;
	enum pw_status st = PW_OK;
	size_t at = 0;

	plan->entry.count = 0;
	for (uint32_t s = 0; s < plan->uses.count && st == PW_OK; s++) {
		struct pw_dense_entry entry = {
			.slot = (uint32_t)at,
			.leader = (uint32_t)plan->leader.count,
			.follower = (uint32_t)plan->follower.count,
			.keeper = (uint32_t)plan->keeper.count,
		};
		const uint8_t *column = compiler->streams->column;

		st = pw_array_push(&plan->entry, &entry, err);
		if (st != PW_OK || s == 0 || uses[s] == 0)
			continue;
		st = add_symbol(compiler, s, at, err);
		if (st != PW_OK)
			break;
		make_rows(compiler, column, uses[s]);
		at += PW_ARRAY_AT(&plan->entry, struct pw_dense_entry, s).slots;
	}
	return st;
}

/* Leave out the keepers of what is never asked for. */
static void drop_keepers(struct compiler *compiler)
{
	struct pw_dense_plan *plan = compiler->plan;
	struct pw_dense_keeper *keeper = plan->keeper.data;
	uint32_t out = 0;

	for (size_t e = 0; e < plan->entry.count; e++) {
		struct pw_dense_entry *entry =
			&PW_ARRAY_AT(&plan->entry, struct pw_dense_entry, e);
		uint32_t first = entry->keeper;
		uint32_t end = first + entry->keepers;

		entry->keeper = out;
		for (uint32_t i = first; i < end; i++)
			if (compiler->wanted[keeper[i].target - 1])
				keeper[out++] = keeper[i];
		entry->keepers = out - entry->keeper;
	}
	plan->keeper.count = out;
}

/* The first last addresses. */
static enum pw_status take_starts(struct compiler *compiler,
				  struct pw_error *err)
{
	struct pw_dense_plan *plan = compiler->plan;
	struct pw_dense_streams *streams = compiler->streams;
	uint64_t *cell = plan->cell.data;
	uint64_t address = 0, code;

	memset(cell, 0, plan->cell.count * sizeof(*cell));
	for (size_t i = 0; i < plan->operands.key.count; i++) {
		if (!compiler->wanted[i])
			continue;
		streams->start = pw_varint_get(streams->start,
					       streams->start_end, &code);
		if (!streams->start)
			return pw_dense_malformed(err, PW_DENSE_STARTS,
						  "ends early");
		address += pw_unzigzag(code);
		cell[1 + i] = address;
	}
	return PW_OK;
}

static enum pw_status check_end(const struct pw_dense_streams *streams,
				struct pw_error *err)
{
	if (streams->mode != streams->mode_end)
		return pw_dense_malformed(err, PW_DENSE_MODES, "is too long");
	if (streams->base != streams->base_end)
		return pw_dense_malformed(err, PW_DENSE_BASES, "is too long");
	if (streams->start != streams->start_end)
		return pw_dense_malformed(err, PW_DENSE_STARTS, "is too long");
	if (streams->column != streams->column_end)
		return pw_dense_malformed(err, PW_DENSE_COLUMNS, "is too long");
	return PW_OK;
}

/* Make room for what is bounded by slots and operands. */
static enum pw_status open_compiler(struct compiler *compiler,
				    struct pw_error *err)
{
	struct pw_dense_plan *plan = compiler->plan;
	size_t operands = plan->operands.key.count, all = plan->slots_all;
	size_t whole = plan->only_stored ? 0 : all;
	enum pw_status st;

	st = resize(&plan->address, all, err);
	if (st == PW_OK)
		st = resize(&plan->pc, whole, err);
	if (st == PW_OK)
		st = resize(&plan->size, whole, err);
	if (st == PW_OK)
		st = resize(&plan->kind, whole, err);
	if (st == PW_OK)
		st = resize(&plan->value, plan->slots_max, err);
	if (st == PW_OK)
		st = resize(&plan->latest, operands, err);
	if (st == PW_OK)
		st = resize(&plan->wanted, operands, err);
	if (st == PW_OK)
		st = resize(&plan->part, plan->slots_max, err);
	if (st == PW_OK)
		st = resize(&plan->stack, plan->slots_max, err);
	if (st == PW_OK)
		st = resize(&plan->feed, plan->slots_max, err);
	if (st == PW_OK)
		st = resize(&plan->leader, 0, err);
	if (st == PW_OK)
		st = resize(&plan->follower, 0, err);
	if (st == PW_OK)
		st = resize(&plan->keeper, 0, err);
	if (st == PW_OK)
		st = resize(&plan->rows,
			    (size_t)(compiler->streams->column_end -
				     compiler->streams->column),
			    err);
	if (st != PW_OK)
		return st;
	plan->rows.count = 0;
	compiler->value = plan->value.data;
	compiler->latest = plan->latest.data;
	compiler->wanted = plan->wanted.data;
	compiler->part = plan->part.data;
	compiler->stack = plan->stack.data;
	memset(compiler->latest, 0, operands * sizeof(*compiler->latest));
	memset(compiler->wanted, 0, operands);
	plan->first_cell = (uint32_t)operands + 1;
	return PW_OK;
}

enum pw_status pw_dense_compile(struct pw_dense_plan *plan,
				struct pw_dense_streams *streams,
				struct pw_error *err)
{
	struct compiler compiler = {.plan = plan, .streams = streams};
	enum pw_status st = number_operands(plan, err);

	if (st == PW_OK)
		st = open_compiler(&compiler, err);
	if (st == PW_OK)
		st = add_symbols(&compiler, err);
	if (st == PW_OK)
		st = resize(&plan->cell, plan->first_cell + plan->slots_max,
			    err);
	if (st == PW_OK)
		st = take_starts(&compiler, err);
	if (st == PW_OK)
		st = check_end(streams, err);
	if (st == PW_OK)
		drop_keepers(&compiler);
	return st;
}
