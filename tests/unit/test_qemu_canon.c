/*
 * test_qemu_canon.c - blocks and the pieces they made to accesses.
 *
 * The pieces are what QEMU 7.2 makes for each instruction; the accesses are
 * what the Intel SDM and the Arm ARM say it makes. In each row the fetch of an
 * instruction is F(offset of its bytes, their number).
 */
#include "tests/support/pw_test.h"

#include "capture/qemu_block.h"
#include "capture/qemu_ring.h"
#include "formats/batch.h"

#define PC UINT64_C(0x400100)
#define A UINT64_C(0x10000)
#define B UINT64_C(0x20000)
#define CODE_MAX 32
#define PIECES_MAX 64
#define WANT_MAX 12

struct want {
	uint64_t address; /* of a fetch: offset in the block */
	uint32_t size_bytes;
	uint8_t kind;
};

struct row {
	const char *name;
	uint8_t insns;
	uint8_t last;
	uint8_t length;
	uint8_t code[CODE_MAX];
	unsigned way;
	uint64_t piece[PIECES_MAX]; /* 0 ends them */
	unsigned want_insns;
	bool want_doubtful;
	struct want want[WANT_MAX]; /* size 0 ends them */
};

#define BYTE_COUNT(...) (sizeof((uint8_t[]){__VA_ARGS__}))
#define BYTES(...)               \
	BYTE_COUNT(__VA_ARGS__), \
	{                        \
		__VA_ARGS__      \
	}
/* A piece of instruction @i: load or store of 1 << @shift bytes. */
#define PL(i, address, shift)                                   \
	((address) | (uint64_t)(shift) << PW_PIECE_SIZE_SHIFT | \
	 (uint64_t)(i) << PW_PIECE_INSN_SHIFT)
#define PS(i, address, shift) (PL(i, address, shift) | PW_PIECE_STORE)
#define F(offset, size)                       \
	{                                     \
		offset, size, PW_ACCESS_FETCH \
	}
#define L(address, size)                      \
	{                                     \
		address, size, PW_ACCESS_LOAD \
	}
#define S(address, size)                       \
	{                                      \
		address, size, PW_ACCESS_STORE \
	}
#define M(address, size)                        \
	{                                       \
		address, size, PW_ACCESS_MODIFY \
	}

#define CONTINUED PW_QEMU_CONTINUED
#define CUT PW_QEMU_CUT

/* clang-format off */
static const struct row x86_rows[] = {
	{"mov rax,[rbx]; inc eax: one piece is one load", 2, 3, BYTES(0x48, 0x8b, 0x03, 0xff, 0xc0), 0,
	 {PL(0, A, 3)}, 2, false, {F(0, 3), L(A, 8), F(3, 2)}},
	{"add [rbx],rax: load and store are a read-modify-write", 1, 0, BYTES(0x48, 0x01, 0x03), 0,
	 {PL(0, A, 3), PS(0, A, 3)}, 1, false, {F(0, 3), M(A, 8)}},
	{"lock add [rbx],eax among threads: so is a single store", 1, 0, BYTES(0xf0, 0x01, 0x03), 0,
	 {PS(0, A, 2)}, 1, false, {F(0, 3), M(A, 4)}},
	{"movups xmm0,[rbx]: 16 bytes come in two pieces", 1, 0, BYTES(0x0f, 0x10, 0x03), 0,
	 {PL(0, A + 1, 3), PL(0, A + 9, 3)}, 1, false, {F(0, 3), L(A + 1, 16)}},
	{"vmovups ymm0,[rbx]; vmovups [rbx],ymm0: 32 bytes in four", 2, 4, BYTES(0xc5, 0xfc, 0x10, 0x03, 0xc5, 0xfc, 0x11, 0x03), 0,
	 {PL(0, A, 3), PL(0, A + 8, 3), PL(0, A + 16, 3), PL(0, A + 24, 3), PS(1, A, 3), PS(1, A + 8, 3), PS(1, A + 16, 3), PS(1, A + 24, 3)},
	 2, false, {F(0, 4), L(A, 32), F(4, 4), S(A, 32)}},
	{"push [rbx]: load, then store", 1, 0, BYTES(0xff, 0x33), 0,
	 {PL(0, A, 3), PS(0, B, 3)}, 1, false, {F(0, 2), L(A, 8), S(B, 8)}},
	{"fld tbyte ptr [rbx]: 8 and 2 bytes", 1, 0, BYTES(0xdb, 0x2b), 0,
	 {PL(0, A, 3), PL(0, A + 8, 1)}, 1, false, {F(0, 2), L(A, 10)}},
	{"fbld [rbx] goes from the last byte to the first", 1, 0, BYTES(0xdf, 0x23), 0,
	 {PL(0, A + 8, 0), PL(0, A + 7, 0), PL(0, A + 6, 0), PL(0, A + 5, 0), PL(0, A + 4, 0), PL(0, A + 3, 0), PL(0, A + 2, 0), PL(0, A + 1, 0), PL(0, A, 0), PL(0, A + 9, 0)},
	 1, false, {F(0, 2), L(A, 10)}},
	{"cmpsb: [rsi] first, which QEMU reads second", 1, 0, BYTES(0xa6), 0,
	 {PL(0, B, 0), PL(0, A, 0)}, 1, false, {F(0, 1), L(A, 1), L(B, 1)}},
	{"xsave [rbx] of x87: the header is read, the area written", 1, 0, BYTES(0x0f, 0xae, 0x23), 0,
	 {PS(0, A, 1), PS(0, A + 400, 3), PL(0, A + 512, 3), PS(0, A + 512, 3)}, 1, false, {F(0, 3), L(A + 512, 8), S(A, 576)}},
	/* repetitions */
	{"rep movsb: the first iteration is fetched", 1, 0, BYTES(0xf3, 0xa4), 0,
	 {PL(0, A, 0), PS(0, B, 0)}, 1, false, {F(0, 2), L(A, 1), S(B, 1)}},
	{"rep movsb: the next ones are not", 1, 0, BYTES(0xf3, 0xa4), CONTINUED,
	 {PL(0, A, 0), PS(0, B, 0)}, 0, false, {L(A, 1), S(B, 1)}},
	{"rep movsb of nothing, or a fault at once", 1, 0, BYTES(0xf3, 0xa4), 0,
	 {0}, 1, true, {F(0, 2)}},
	{"rep movsb: the fault is told", 1, 0, BYTES(0xf3, 0xa4), CUT,
	 {0}, 0, false, {{0}}},
	{"rep movsb whose store faults", 1, 0, BYTES(0xf3, 0xa4), CONTINUED | CUT,
	 {PL(0, A, 0)}, 0, false, {{0}}},
	/* lanes */
	{"vpgatherdd xmm0,[rbx+xmm1*4],xmm2: each lane asked for", 1, 0, BYTES(0xc4, 0xe2, 0x69, 0x90, 0x04, 0x8b), 0,
	 {PL(0, A, 2), PL(0, A + 4, 2), PL(0, B, 2), PL(0, A, 2)}, 1, false, {F(0, 6), L(A, 4), L(A + 4, 4), L(B, 4), L(A, 4)}},
	{"a gather of two lanes may have faulted at the third", 1, 0, BYTES(0xc4, 0xe2, 0x69, 0x90, 0x04, 0x8b), 0,
	 {PL(0, A, 2), PL(0, B, 2)}, 1, true, {F(0, 6), L(A, 4), L(B, 4)}},
	{"vmaskmovps [rbx],xmm1,xmm0: lanes side by side stay lanes", 1, 0, BYTES(0xc4, 0xe2, 0x71, 0x2e, 0x03), 0,
	 {PS(0, A, 2), PS(0, A + 4, 2), PS(0, A + 8, 2), PS(0, A + 12, 2)}, 1, false, {F(0, 5), S(A, 4), S(A + 4, 4), S(A + 8, 4), S(A + 12, 4)}},
	{"vmaskmovps xmm0,xmm1,[rbx] is read whole", 1, 0, BYTES(0xc4, 0xe2, 0x71, 0x2c, 0x03), 0,
	 {PL(0, A, 3), PL(0, A + 8, 3)}, 1, false, {F(0, 5), L(A, 16)}},
	/* faults */
	{"mov rax,[rbx]; inc eax; mov [rbx],rax; inc eax: the store faults", 4, 8, BYTES(0x48, 0x8b, 0x03, 0xff, 0xc0, 0x48, 0x89, 0x03, 0xff, 0xc0), 0,
	 {PL(0, A, 3)}, 2, false, {F(0, 3), L(A, 8), F(3, 2)}},
	{"add [rbx],rax; inc eax: read, but not written", 2, 3, BYTES(0x48, 0x01, 0x03, 0xff, 0xc0), 0,
	 {PL(0, A, 3)}, 0, false, {{0}}},
	{"push [rbx]: read, but not pushed", 1, 0, BYTES(0xff, 0x33), 0,
	 {PL(0, A, 3)}, 0, false, {{0}}},
	{"movups xmm0,[rbx]; inc eax: half of it is doubtful", 2, 3, BYTES(0x0f, 0x10, 0x03, 0xff, 0xc0), 0,
	 {PL(0, A, 3)}, 2, true, {F(0, 3), L(A, 16), F(3, 2)}},
	{"movups xmm0,[rbx]; inc eax: the second half has faulted", 2, 3, BYTES(0x0f, 0x10, 0x03, 0xff, 0xc0), CUT,
	 {PL(0, A, 3)}, 0, false, {{0}}},
	{"what has pieces behind it has completed", 2, 3, BYTES(0x0f, 0x10, 0x03, 0x8b, 0x03), 0,
	 {PL(0, A, 3), PL(1, B, 2)}, 2, false, {F(0, 3), L(A, 16), F(3, 2), L(B, 4)}},
};

static const struct row a64_rows[] = {
	{"ldp x0,x1,[x2]: two words side by side are one load", 1, 0, BYTES(0x40, 0x04, 0x40, 0xa9), 0,
	 {PL(0, A, 3), PL(0, A + 8, 3)}, 1, false, {F(0, 4), L(A, 16)}},
	{"the same instruction, the words apart", 1, 0, BYTES(0x40, 0x04, 0x40, 0xa9), 0,
	 {PL(0, A, 3), PL(0, B, 3)}, 1, false, {F(0, 4), L(A, 8), L(B, 8)}},
	{"stp x0,x1,[x2]; ldp x0,x1,[x2]", 2, 4, BYTES(0x40, 0x04, 0x00, 0xa9, 0x40, 0x04, 0x40, 0xa9), 0,
	 {PS(0, A, 3), PS(0, A + 8, 3), PL(1, B, 3), PL(1, B + 8, 3)}, 2, false, {F(0, 4), S(A, 16), F(4, 4), L(B, 16)}},
	{"ldadd x1,x2,[x3] before there are threads", 1, 0, BYTES(0x62, 0x00, 0x21, 0xf8), 0,
	 {PL(0, A, 3), PS(0, A, 3)}, 1, false, {F(0, 4), M(A, 8)}},
	{"ldadd x1,x2,[x3] among threads", 1, 0, BYTES(0x62, 0x00, 0x21, 0xf8), 0,
	 {PS(0, A, 3)}, 1, false, {F(0, 4), M(A, 8)}},
	{"stxr w1,x2,[x3] only stores", 1, 0, BYTES(0x62, 0x7c, 0x01, 0xc8), 0,
	 {PL(0, A, 3), PS(0, A, 3)}, 1, false, {F(0, 4), S(A, 8)}},
	{"prfm pldl1keep,[x2], or a load that faults", 1, 0, BYTES(0x40, 0x00, 0x80, 0xf9), 0,
	 {0}, 1, true, {F(0, 4)}},
	{"ldr x1,[x2,#8]!: the fault is told", 1, 0, BYTES(0x41, 0x8c, 0x40, 0xf8), CUT,
	 {0}, 0, false, {{0}}},
};
/* clang-format on */

/* The shape put last, and how many there were. */
struct sunk {
	uint32_t shapes;
	size_t count;
	uint64_t pc[WANT_MAX];
	uint32_t size_bytes[WANT_MAX];
	uint8_t kind[WANT_MAX];
};

static enum pw_status sink(void *state, const struct pw_shape *shape,
			   uint32_t *index, struct pw_error *err)
{
	struct sunk *sunk = state;

	(void)err;
	assert_true(shape->count > 0 && shape->count <= WANT_MAX);
	*index = sunk->shapes++;
	sunk->count = shape->count;
	memcpy(sunk->pc, shape->pc, shape->count * sizeof(*shape->pc));
	memcpy(sunk->size_bytes, shape->size_bytes,
	       shape->count * sizeof(*shape->size_bytes));
	memcpy(sunk->kind, shape->kind, shape->count);
	return PW_OK;
}

static uint32_t add(struct pw_qemu_blocks *blocks, enum pw_call_machine machine,
		    const struct row *row)
{
	const struct pw_qemu_code code = {
		.machine = machine,
		.pc = PC,
		.insns = row->insns,
		.last = row->last,
		.bytes = row->code,
		.byte_count = row->length,
	};
	struct pw_error err;
	uint32_t number;

	assert_int_equal(pw_qemu_blocks_add(blocks, &code, &number, &err),
			 PW_OK);
	return number;
}

static size_t count_pieces(const struct row *row)
{
	size_t count = 0;

	while (count < PIECES_MAX && row->piece[count])
		count++;
	return count;
}

static const struct pw_qemu_variant *find(struct pw_qemu_blocks *blocks,
					  uint32_t number,
					  const struct row *row,
					  struct sunk *sunk)
{
	const struct pw_qemu_deed deed = {row->piece, count_pieces(row),
					  row->way};
	const struct pw_qemu_variant *variant;
	struct pw_error err;

	blocks->sink_state = sunk;
	assert_int_equal(
		pw_qemu_blocks_find(blocks, number, &deed, &variant, &err),
		PW_OK);
	return variant;
}

/* Compare slot @i of the shape, of which @stored addresses came before. */
static void check_slot(const struct row *row, const struct sunk *sunk, size_t i,
		       uint64_t stored)
{
	const struct want *want = &row->want[i];
	const bool fetch = want->kind == PW_ACCESS_FETCH;
	uint64_t address = fetch ? sunk->pc[i] - PC : stored & PW_PIECE_ADDRESS;

	if (PW_ACCESS_KIND(sunk->kind[i]) != want->kind ||
	    sunk->size_bytes[i] != want->size_bytes || address != want->address)
		fail_msg("%s: access %zu is %u of %u bytes at %#llx", row->name,
			 i, PW_ACCESS_KIND(sunk->kind[i]), sunk->size_bytes[i],
			 (unsigned long long)address);
	assert_int_equal((sunk->kind[i] & PW_SHAPE_AT_PC) != 0, fetch);
	assert_int_equal((sunk->kind[i] & PW_ACCESS_FIRST) != 0, fetch);
}

static void check(const struct row *row, const struct pw_qemu_blocks *blocks,
		  const struct pw_qemu_variant *variant,
		  const struct sunk *sunk)
{
	const uint16_t *pick =
		(const uint16_t *)blocks->picks.data + variant->picks;
	size_t stored = 0, want = 0;

	while (want < WANT_MAX && row->want[want].size_bytes)
		want++;
	if (sunk->count != want || variant->insns != row->want_insns ||
	    variant->doubtful != row->want_doubtful)
		fail_msg("%s: %zu accesses, %u instructions, doubtful: %d",
			 row->name, sunk->count, variant->insns,
			 variant->doubtful);
	for (size_t i = 0; i < want; i++) {
		bool fetch = row->want[i].kind == PW_ACCESS_FETCH;

		assert_true(fetch || stored < variant->slots);
		check_slot(row, sunk, i, fetch ? 0 : row->piece[pick[stored]]);
		stored += !fetch;
	}
	assert_int_equal(stored, variant->slots);
	assert_int_equal(variant->shape == PW_QEMU_NONE, want == 0);
}

static void check_rows(enum pw_call_machine machine, const struct row *rows,
		       size_t count)
{
	struct pw_qemu_blocks blocks;
	struct pw_error err;

	assert_int_equal(pw_qemu_blocks_make(&blocks, sink, NULL, &err), PW_OK);
	for (size_t i = 0; i < count; i++) {
		uint32_t number = add(&blocks, machine, &rows[i]);
		struct sunk sunk = {0};

		check(&rows[i], &blocks, find(&blocks, number, &rows[i], &sunk),
		      &sunk);
	}
	pw_qemu_blocks_free(&blocks);
}

static void pieces_become_what_an_x86_processor_does(void **state)
{
	(void)state;
	check_rows(PW_CALL_X86_64, x86_rows, PW_COUNT(x86_rows));
}

static void pieces_become_what_an_arm_processor_does(void **state)
{
	(void)state;
	check_rows(PW_CALL_AARCH64, a64_rows, PW_COUNT(a64_rows));
}

/* Addresses may differ, but not what follows from them: ldp joins or not. */
static void executions_alike_share_a_shape(void **state)
{
	struct row row = a64_rows[0];
	struct pw_qemu_blocks blocks;
	struct sunk sunk = {0};
	struct pw_error err;
	uint32_t number, joined, apart;

	(void)state;
	assert_int_equal(pw_qemu_blocks_make(&blocks, sink, NULL, &err), PW_OK);
	number = add(&blocks, PW_CALL_AARCH64, &row);
	assert_int_equal(add(&blocks, PW_CALL_AARCH64, &row), number);
	joined = find(&blocks, number, &row, &sunk)->shape;
	row.piece[0] = PL(0, B, 3);
	apart = find(&blocks, number, &row, &sunk)->shape;
	assert_int_not_equal(joined, apart);
	row.piece[1] = PL(0, B + 8, 3);
	assert_int_equal(find(&blocks, number, &row, &sunk)->shape, joined);
	row.piece[0] = PL(0, A + 64, 3);
	assert_int_equal(find(&blocks, number, &row, &sunk)->shape, apart);
	assert_int_equal(sunk.shapes, 2);
	pw_qemu_blocks_free(&blocks);
}

/*
 * inc eax; mov eax,imm32 at the end of a page: the second one, five bytes of
 * which the last three are in the next page, is not executed in this block.
 */
static void an_instruction_across_pages_is_left_out(void **state)
{
	const uint8_t bytes[] = {0xff, 0xc0, 0xb8, 1, 0, 0, 0};
	struct pw_qemu_code code = {
		.machine = PW_CALL_X86_64,
		.pc = 0x400ffc,
		.insns = 2,
		.last = 2,
		.bytes = bytes,
		.byte_count = sizeof(bytes),
	};
	const struct pw_qemu_code_block *block;
	struct pw_qemu_blocks blocks;
	struct pw_error err;
	uint32_t number;

	(void)state;
	assert_int_equal(pw_qemu_blocks_make(&blocks, sink, NULL, &err), PW_OK);
	assert_int_equal(pw_qemu_blocks_add(&blocks, &code, &number, &err),
			 PW_OK);
	block = &PW_ARRAY_AT(&blocks.cold, struct pw_qemu_code_block, number);
	assert_int_equal(block->insns, 1);
	assert_int_equal(block->code_bytes, 2);
	assert_int_equal(block->last_pc, 0x400ffc);
	/* By itself it is executed. */
	code = (struct pw_qemu_code){.machine = PW_CALL_X86_64,
				     .pc = 0x400ffe,
				     .insns = 1,
				     .bytes = bytes + 2,
				     .byte_count = sizeof(bytes) - 2};
	assert_int_equal(pw_qemu_blocks_add(&blocks, &code, &number, &err),
			 PW_OK);
	block = &PW_ARRAY_AT(&blocks.cold, struct pw_qemu_code_block, number);
	assert_int_equal(block->insns, 1);
	assert_int_equal(block->code_bytes, 5);
	pw_qemu_blocks_free(&blocks);
}

/* Only what needs no look at the words around may be taken without one. */
static void doubtful_and_first_executions_are_not_plain(void **state)
{
	const struct row *first = NULL;
	struct pw_qemu_blocks blocks;
	struct sunk sunk = {0};
	struct pw_error err;

	(void)state;
	assert_int_equal(pw_qemu_blocks_make(&blocks, sink, NULL, &err), PW_OK);
	for (size_t i = 0; i < PW_COUNT(x86_rows); i++) {
		const struct row *row = &x86_rows[i];
		uint32_t number = add(&blocks, PW_CALL_X86_64, row);
		const struct pw_qemu_variant *variant =
			find(&blocks, number, row, &sunk);
		const struct pw_qemu_block *near = &PW_ARRAY_AT(
			&blocks.list, struct pw_qemu_block, number);

		if (row->length == 2 && row->code[0] == 0xf3)
			first = row;
		if (row->want_doubtful || (row->way & CUT) ||
		    variant->shape == PW_QEMU_NONE)
			assert_false(near->plain || near->again);
		else if (first == row)
			assert_int_equal(near->again, row->way == CONTINUED);
		else
			assert_true(near->plain);
	}
	assert_non_null(first);
	pw_qemu_blocks_free(&blocks);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pieces_become_what_an_x86_processor_does),
		cmocka_unit_test(pieces_become_what_an_arm_processor_does),
		cmocka_unit_test(executions_alike_share_a_shape),
		cmocka_unit_test(an_instruction_across_pages_is_left_out),
		cmocka_unit_test(doubtful_and_first_executions_are_not_plain),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
