/*
 * touch_plan.c - the payload of a TOUCHES chunk to a plan.
 *
 * The payload is input: whatever it holds, nothing is read or written outside
 * the arrays, and what does not add up is refused. When a plan has been made
 * nothing in it can be wrong any more.
 */
#include "formats/touch_plan.h"

#include "base/assert.h"
#include "base/bits.h"
#include "formats/dense_wire.h"
#include "formats/fast_wire.h"
#include "formats/layout.h"
#include "formats/touch_cut.h"
#include "formats/varint.h"

static const char *const stream_name[PW_TOUCH_STREAMS] = {
	"page", "record", "rule", "symbol", "literal", "piece"};

static enum pw_status malformed(struct pw_error *err,
				enum pw_touch_stream stream, const char *how)
{
	return pw_stream_malformed(err, stream_name[stream], how);
}

enum pw_status pw_touch_plan_open(struct pw_touch_plan **out,
				  struct pw_error *err)
{
	struct pw_touch_plan *plan = calloc(1, sizeof(*plan));

	*out = NULL;
	if (!plan)
		return pw_fail_memory(err, "a decoder");
	*plan = (struct pw_touch_plan){
		.zstd = ZSTD_createDCtx(),
		.raw = PW_ARRAY(uint8_t),
		.pages = PW_ARRAY(uint64_t),
		.value = PW_ARRAY(uint32_t),
		.flags = PW_ARRAY(uint8_t),
		.rule = PW_ARRAY(struct pw_dense_rule),
		.entry = PW_ARRAY(struct pw_touch_entry),
		.symbols = PW_ARRAY(uint32_t),
		.literals = PW_ARRAY(uint64_t),
		.pieces = PW_ARRAY(struct pw_touch_piece),
		.place = PW_ARRAY(uint32_t),
		.part = PW_ARRAY(uint32_t),
		.stack = PW_ARRAY(uint32_t),
		.packed = PW_ARRAY(struct pw_touch_packed),
	};
	pw_touch_columns_init(&plan->made);
	pw_touch_columns_init(&plan->out);
	if (!plan->zstd) {
		pw_touch_plan_close(plan);
		return pw_fail_memory(err, "a decoder");
	}
	ZSTD_DCtx_setParameter(plan->zstd, ZSTD_d_windowLogMax,
			       PW_ZSTD_WINDOW_LOG_MAX);
	*out = plan;
	return PW_OK;
}

void pw_touch_plan_close(struct pw_touch_plan *plan)
{
	if (!plan)
		return;
	ZSTD_freeDCtx(plan->zstd);
	pw_array_free(&plan->raw);
	pw_array_free(&plan->pages);
	pw_array_free(&plan->value);
	pw_array_free(&plan->flags);
	pw_array_free(&plan->rule);
	pw_array_free(&plan->entry);
	pw_array_free(&plan->symbols);
	pw_array_free(&plan->literals);
	pw_array_free(&plan->pieces);
	pw_array_free(&plan->place);
	pw_array_free(&plan->part);
	pw_array_free(&plan->stack);
	pw_array_free(&plan->packed);
	pw_touch_columns_free(&plan->made);
	pw_touch_columns_free(&plan->out);
	free(plan);
}

/* ---- streams ---- */

/* What is at place @i of numbers of @bytes each. */
static inline uint32_t load(const uint8_t *in, size_t i, size_t bytes)
{
	if (bytes == 1)
		return in[i];
	return bytes == 2 ? pw_load16(in + i * 2) : pw_load32(in + i * 4);
}

/* Page numbers, each as the difference to the one before. */
static enum pw_status get_pages(struct pw_array *pages, const uint8_t *in,
				const uint8_t *end, enum pw_touch_stream stream,
				struct pw_error *err)
{
	size_t most = (size_t)(end - in) < PW_TOUCH_RECORDS_MAX
			      ? (size_t)(end - in)
			      : PW_TOUCH_RECORDS_MAX;
	enum pw_status st =
		pw_array_reserve(pages, pages->count + most + 1, err);
	uint64_t page = 0, code;

	while (st == PW_OK && in < end) {
		in = pw_varint_get(in, end, &code);
		if (!in || pages->count > most)
			return malformed(err, stream, "ends early");
		page += pw_unzigzag(code);
		if (page > UINT64_MAX >> PW_PAGE_SHIFT)
			return malformed(err, stream, "holds no page");
		PW_ARRAY_AT(pages, uint64_t, pages->count++) = page;
	}
	return st;
}

/* Pages by their numbers in the list, all of as many bytes. */
static enum pw_status get_numbers(struct pw_touch_plan *plan, const uint8_t *in,
				  size_t raw_bytes, struct pw_error *err)
{
	size_t bytes = pw_fast_symbol_bytes(plan->pages.count - 1);
	size_t count = raw_bytes / bytes;
	const uint64_t *pages = plan->pages.data;
	uint64_t *literal;
	uint32_t number;
	enum pw_status st;

	if (raw_bytes % bytes != 0 || count > PW_TOUCH_RECORDS_MAX)
		return malformed(err, PW_TOUCH_LITERALS, "has another length");
	st = pw_array_reserve(&plan->literals, count + 1, err);
	if (st != PW_OK)
		return st;
	literal = plan->literals.data;
	plan->literals.count = count;
	for (size_t i = 0; i < count; i++) {
		number = load(in, i, bytes);
		if (number == 0 || number >= plan->pages.count)
			return malformed(err, PW_TOUCH_LITERALS,
					 "names no page");
		literal[i] = pages[number];
	}
	return PW_OK;
}

/* Whether it is one that collapsing could have made. */
static bool record_valid(const struct pw_touch_plan *plan,
			 const struct pw_touch_record *record)
{
	const unsigned allowed = record->flags & PW_TOUCH_FETCH
					 ? PW_TOUCH_FETCH | PW_TOUCH_ORDER
					 : PW_TOUCH_LOAD_FIRST |
						   PW_TOUCH_ORDER |
						   PW_TOUCH_UPGRADE;

	if ((record->flags & ~allowed) != 0 ||
	    (record->loads | record->stores | record->fetches |
	     record->instructions) > PW_TOUCH_CUT * 2 - 1 ||
	    record->page >= plan->pages.count)
		return false;
	if (record->flags & PW_TOUCH_FETCH)
		return record->fetches > 0 &&
		       (record->loads | record->stores) == 0;
	if (record->fetches > 0)
		return false;
	return (record->flags & PW_TOUCH_LOAD_FIRST ? record->loads
						    : record->stores) > 0;
}

static enum pw_status get_records(struct pw_touch_plan *plan, const uint8_t *in,
				  const uint8_t *end, struct pw_error *err)
{
	uint64_t count, value = 0;
	enum pw_status st;

	in = pw_varint_get(in, end, &count);
	if (!in || count == 0 || count > PW_TOUCH_DISTINCT_MAX ||
	    count > (size_t)(end - in) / (PW_TOUCH_COLUMNS + 1))
		return malformed(err, PW_TOUCH_RECORDS, "has another length");
	plan->distinct = (size_t)count;
	st = pw_array_reserve(&plan->flags, plan->distinct, err);
	if (st == PW_OK)
		st = pw_array_reserve(&plan->value,
				      plan->distinct * PW_TOUCH_COLUMNS, err);
	if (st != PW_OK)
		return st;
	memcpy(plan->flags.data, in, plan->distinct);
	in += plan->distinct;
	for (size_t i = 0; i < plan->distinct * PW_TOUCH_COLUMNS; i++) {
		in = pw_varint_get(in, end, &value);
		if (!in || value > UINT32_MAX)
			return malformed(err, PW_TOUCH_RECORDS, "ends early");
		PW_ARRAY_AT(&plan->value, uint32_t, i) = (uint32_t)value;
	}
	if (in != end)
		return malformed(err, PW_TOUCH_RECORDS, "is too long");
	for (size_t i = 0; i < plan->distinct; i++) {
		struct pw_touch_record record = pw_touch_record_at(plan, i);

		if (!record_valid(plan, &record))
			return malformed(err, PW_TOUCH_RECORDS,
					 "holds no record");
	}
	return PW_OK;
}

/* Read the rules, and how many records each symbol has. */
static enum pw_status get_rules(struct pw_touch_plan *plan, const uint8_t *in,
				const uint8_t *end, struct pw_error *err)
{
	size_t symbols = plan->distinct + 1;
	size_t rules = (size_t)(end - in) / 2; /* or fewer */
	size_t most = symbols + rules;
	struct pw_dense_rule *rule;
	struct pw_touch_entry *entry;
	enum pw_status st;

	if (rules > PW_TOUCH_RULES_MAX)
		most = symbols + PW_TOUCH_RULES_MAX;
	st = pw_array_reserve(&plan->entry, most, err);
	if (st == PW_OK)
		st = pw_array_reserve(&plan->rule, most, err);
	if (st != PW_OK)
		return st;
	rule = plan->rule.data;
	entry = plan->entry.data;
	memset(entry, 0, most * sizeof(*entry));
	for (size_t s = 1; s < symbols; s++)
		entry[s].count = 1;
	for (; in < end; symbols++) {
		uint64_t left = 0, right = 0;

		in = pw_varint_get(in, end, &left);
		in = in ? pw_varint_get(in, end, &right) : NULL;
		if (!in || left == 0 || right == 0 || left >= symbols ||
		    right >= symbols || symbols >= most)
			return malformed(err, PW_TOUCH_RULES, "holds no rule");
		*rule++ =
			(struct pw_dense_rule){(uint32_t)left, (uint32_t)right};
		entry[symbols].count = entry[left].count + entry[right].count;
		if (entry[symbols].count > PW_TOUCH_SLOTS_MAX)
			return malformed(err, PW_TOUCH_RULES,
					 "holds a rule that is too long");
	}
	plan->entry.count = symbols;
	return PW_OK;
}

static enum pw_status get_symbols(struct pw_touch_plan *plan, const uint8_t *in,
				  size_t raw_bytes, struct pw_error *err)
{
	size_t bytes = pw_fast_symbol_bytes(plan->entry.count - 1);
	size_t count = raw_bytes / bytes;
	enum pw_status st;
	uint32_t most = 0;
	uint32_t *symbol;

	if (raw_bytes % bytes != 0 || count == 0 ||
	    count > PW_TOUCH_SYMBOLS_MAX)
		return malformed(err, PW_TOUCH_SYMBOLS, "has another length");
	st = pw_array_reserve(&plan->symbols, count, err);
	if (st != PW_OK)
		return st;
	symbol = plan->symbols.data;
	plan->symbols.count = count;
	for (size_t i = 0; i < count; i++)
		symbol[i] = load(in, i, bytes);
	for (size_t i = 0; i < count; i++)
		most = symbol[i] > most ? symbol[i] : most;
	if (most >= plan->entry.count)
		return malformed(err, PW_TOUCH_SYMBOLS, "names no record");
	if (symbol[count - 1] != 0)
		return malformed(err, PW_TOUCH_SYMBOLS, "ends inside a piece");
	return PW_OK;
}

/* Fill a piece; false when its numbers contradict each other. */
static bool make_piece(struct pw_touch_piece *piece, const uint64_t *value)
{
	struct pw_tally *tally = &piece->tally;
	uint64_t others;

	piece->accesses = value[0];
	tally->instructions = value[1];
	tally->stores = value[2];
	tally->modifies = value[3];
	tally->fetches = value[4];
	if (value[0] == 0 || value[0] > PW_TOUCH_CUT || value[1] > value[0] ||
	    value[2] > value[0] || value[3] > value[2] || value[4] > value[0])
		return false;
	others = value[2] - value[3] + value[4];
	tally->loads = value[0] - others;
	return others <= value[0];
}

static enum pw_status get_pieces(struct pw_touch_plan *plan, const uint8_t *in,
				 const uint8_t *end, struct pw_error *err)
{
	const uint32_t *symbol = plan->symbols.data;
	uint64_t value[PW_TOUCH_COLUMNS];
	struct pw_touch_piece *piece;
	const uint8_t *column[PW_TOUCH_COLUMNS];
	size_t count = 0;
	enum pw_status st;

	for (size_t i = 0; i < plan->symbols.count; i++)
		count += symbol[i] == 0;
	st = pw_array_reserve(&plan->pieces, count, err);
	if (st != PW_OK)
		return st;
	/* Find where each column begins, and that they fill the stream. */
	for (unsigned c = 0; c < PW_TOUCH_COLUMNS; c++) {
		column[c] = in;
		for (size_t i = 0; i < count && in; i++)
			in = pw_varint_get(in, end, &value[c]);
		if (!in)
			return malformed(err, PW_TOUCH_PIECES, "ends early");
	}
	if (in != end)
		return malformed(err, PW_TOUCH_PIECES, "is too long");
	piece = plan->pieces.data;
	plan->pieces.count = count;
	for (size_t i = 0; i < count; i++) {
		for (unsigned c = 0; c < PW_TOUCH_COLUMNS; c++)
			column[c] = pw_varint_get(column[c], end, &value[c]);
		if (!make_piece(&piece[i], value))
			return malformed(err, PW_TOUCH_PIECES,
					 "holds no piece");
	}
	return PW_OK;
}

/* Check what the symbols of each piece add up to. */
static enum pw_status check_pieces(struct pw_touch_plan *plan,
				   const struct pw_generic_payload *payload,
				   uint64_t instructions, struct pw_error *err)
{
	const struct pw_touch_entry *entry = plan->entry.data;
	const uint32_t *symbol = plan->symbols.data;
	const struct pw_touch_piece *piece = plan->pieces.data;
	uint64_t accesses = 0, literals = 0, records = 0, begun = 0;

	plan->piece_max = 0;
	for (size_t i = 0; i < plan->symbols.count; i++) {
		const struct pw_touch_entry *e = &entry[symbol[i]];

		literals += e->literals;
		records += e->count;
		begun += e->instructions;
		if (symbol[i] != 0)
			continue;
		if (records == 0 || records > PW_TOUCH_PIECE_MAX ||
		    begun > piece->tally.instructions)
			return malformed(err, PW_TOUCH_SYMBOLS,
					 "holds another piece");
		if (records > plan->piece_max)
			plan->piece_max = (size_t)records;
		accesses += piece->accesses;
		instructions -= piece->tally.instructions;
		records = 0;
		begun = 0;
		piece++;
	}
	if (literals != plan->literals.count)
		return malformed(err, PW_TOUCH_LITERALS, "has another length");
	if (accesses != payload->count || instructions != 0)
		return malformed(err, PW_TOUCH_PIECES,
				 "stands for other accesses");
	return PW_OK;
}

/* Unpack stream @s of @stream and read it. */
static enum pw_status get_stream(struct pw_touch_plan *plan,
				 const struct pw_stream *stream,
				 enum pw_touch_stream s, struct pw_error *err)
{
	const uint64_t no_page = 0;
	const uint8_t *in = plan->raw.data;
	const uint8_t *end = in + stream[s].raw_bytes;
	enum pw_status st =
		pw_stream_unpack(plan->zstd, &stream[s], plan->raw.data, err);

	if (st != PW_OK)
		return st;
	switch (s) {
	case PW_TOUCH_PAGES:
		plan->pages.count = 0;
		st = pw_array_push(&plan->pages, &no_page, err);
		return st == PW_OK ? get_pages(&plan->pages, in, end, s, err)
				   : st;
	case PW_TOUCH_RECORDS:
		return get_records(plan, in, end, err);
	case PW_TOUCH_RULES:
		return get_rules(plan, in, end, err);
	case PW_TOUCH_SYMBOLS:
		return get_symbols(plan, in, stream[s].raw_bytes, err);
	case PW_TOUCH_LITERALS:
		plan->literals.count = 0;
		if (plan->codec == PW_CODEC_NUMBERED)
			return get_numbers(plan, in, stream[s].raw_bytes, err);
		return get_pages(&plan->literals, in, end, s, err);
	case PW_TOUCH_PIECES:
		return get_pieces(plan, in, end, err);
	case PW_TOUCH_STREAMS:
		break;
	}
	return st;
}

enum pw_status pw_touch_plan_make(struct pw_touch_plan *plan, uint32_t codec,
				  const struct pw_generic_payload *payload,
				  uint64_t instructions, struct pw_error *err)
{
	struct pw_stream stream[PW_TOUCH_STREAMS] = {{0}};
	enum pw_status st;

	PW_ASSERT(codec == PW_CODEC_ZSTD || codec == PW_CODEC_NUMBERED);
	plan->codec = codec;
	for (size_t s = 0; s < PW_TOUCH_STREAMS; s++)
		stream[s].name = stream_name[s];
	st = pw_streams_find(stream, PW_TOUCH_STREAMS, payload->bytes,
			     payload->payload_bytes, payload->raw_bytes, err);
	if (st == PW_OK)
		st = pw_array_reserve(&plan->raw, payload->raw_bytes + 1, err);
	for (unsigned s = 0; s < PW_TOUCH_STREAMS && st == PW_OK; s++)
		st = get_stream(plan, stream, s, err);
	if (st == PW_OK)
		st = pw_touch_make_symbols(plan, err);
	if (st == PW_OK)
		st = check_pieces(plan, payload, instructions, err);
	if (st == PW_OK)
		st = pw_touch_columns_reserve(&plan->out, plan->piece_max, err);
	plan->symbol = 0;
	plan->literal = 0;
	return st;
}

const struct pw_touch_piece *
pw_touch_plan_pieces(const struct pw_touch_plan *plan, size_t *count)
{
	*count = plan->pieces.count;
	return plan->pieces.data;
}
