/*
 * test_decode_x86.c - encodings and registers to accesses.
 *
 * The expected accesses are read off the Intel SDM for each encoding; the
 * fetch of the instruction's own bytes is checked in every row.
 */
#include "tests/support/pw_test.h"

#include "capture/decode_x86.h"
#include "capture/evaluate_x86.h"
#include "formats/batch.h"

#define PC UINT64_C(0x400000)
#define RAX UINT64_C(0x10020)
#define RBX UINT64_C(0x20000)
#define RSI UINT64_C(0x60000)
#define RDI UINT64_C(0x70000)
#define RBP UINT64_C(0x80100)
#define RSP UINT64_C(0x90200)
#define FS UINT64_C(0x7f0000000000)
#define GS UINT64_C(0x7e0000000000)

#define EXPECTED_MAX 8

struct row {
	const char *name;
	uint8_t length;
	uint8_t bytes[PW_X86_LENGTH_MAX];
	struct pw_x86_access want[EXPECTED_MAX]; /* size 0 ends them */
};

#define BYTE_COUNT(...) (sizeof((uint8_t[]){__VA_ARGS__}))
#define BYTES(...)               \
	BYTE_COUNT(__VA_ARGS__), \
	{                        \
		__VA_ARGS__      \
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

static const struct user_regs_struct registers = {
	.rax = RAX,
	.rbx = RBX,
	.rcx = 3,
	.rsi = RSI,
	.rdi = RDI,
	.rbp = RBP,
	.rsp = RSP,
	.r13 = (unsigned long long)-9,
	.r14 = 0x18041,
	.fs_base = FS,
	.gs_base = GS,
	.rip = PC,
};

/* clang-format off */
static const struct row rows[] = {
	/* no access */
	{"lea rax,[rbx+8]: lea computes only", BYTES(0x48, 0x8d, 0x43, 0x08), {{0}}},
	{"nop dword ptr [rax+8]: a wide nop touches nothing", BYTES(0x0f, 0x1f, 0x40, 0x08), {{0}}},
	{"nop: nop", BYTES(0x90), {{0}}},
	{"prefetcht0 [rax]: prefetch is a hint", BYTES(0x0f, 0x18, 0x08), {{0}}},
	{"prefetchw [rax]: so is prefetchw", BYTES(0x0f, 0x0d, 0x08), {{0}}},
	{"prefetchnta [rax]: so is prefetchnta", BYTES(0x0f, 0x18, 0x00), {{0}}},
	{"clflush [rax]: clflush moves a line, not data", BYTES(0x0f, 0xae, 0x38), {{0}}},
	{"clflushopt [rax]: clflushopt", BYTES(0x66, 0x0f, 0xae, 0x38), {{0}}},
	{"clwb [rax]: clwb", BYTES(0x66, 0x0f, 0xae, 0x30), {{0}}},
	{"cldemote [rax]: cldemote", BYTES(0x0f, 0x1c, 0x00), {{0}}},
	{"invlpg [rax]: invlpg names a page", BYTES(0x0f, 0x01, 0x38), {{0}}},
	{"bndmk and its kin do nothing without MPX", BYTES(0xf3, 0x0f, 0x1b, 0x08), {{0}}},
	{"syscall: syscall touches nothing itself", BYTES(0x0f, 0x05), {{0}}},
	{"int3: int3", BYTES(0xcc), {{0}}},
	{"int 0x80: int 0x80", BYTES(0xcd, 0x80), {{0}}},
	{"vgatherpf0dps [rbx+zmm2*4]{k1}: gather prefetch is a hint", BYTES(0x62, 0xf2, 0x7d, 0x49, 0xc6, 0x0c, 0x93), {{0}}},
	/* plain operands */
	{"mov rax,[rbx]: load", BYTES(0x48, 0x8b, 0x03), {L(RBX, 8)}},
	{"mov [rbx],al: store", BYTES(0x88, 0x03), {S(RBX, 1)}},
	{"mov eax,[rbx+rcx*4+0x10]: base, index, scale, displacement", BYTES(0x8b, 0x44, 0x8b, 0x10), {L(RBX + 3 * 4 + 0x10, 4)}},
	{"mov eax,[rbx+rcx*8-0x10]: negative displacement", BYTES(0x8b, 0x44, 0xcb, 0xf0), {L(RBX + 3 * 8 - 0x10, 4)}},
	{"mov rax,[rip+0x10]: rip-relative counts from the next instruction", BYTES(0x48, 0x8b, 0x05, 0x10, 0x00, 0x00, 0x00), {L(PC + 7 + 0x10, 8)}},
	{"mov dword ptr [rip-0x20],5: also with an immediate behind", BYTES(0xc7, 0x05, 0xe0, 0xff, 0xff, 0xff, 0x05, 0x00, 0x00, 0x00), {S(PC + 10 - 0x20, 4)}},
	{"mov rax,fs:[0x28]: fs base", BYTES(0x64, 0x48, 0x8b, 0x04, 0x25, 0x28, 0x00, 0x00, 0x00), {L(FS + 0x28, 8)}},
	{"mov rax,gs:[rbx]: gs base", BYTES(0x65, 0x48, 0x8b, 0x03), {L(GS + RBX, 8)}},
	{"mov rax,ds:[rbx]: other segments have base 0", BYTES(0x48, 0x8b, 0x03), {L(RBX, 8)}},
	{"mov eax,[r13d+4]: 32-bit addresses wrap", BYTES(0x67, 0x41, 0x8b, 0x45, 0x04), {L(0xfffffffb, 4)}},
	{"mov eax,[r13d+0x10]: and wrap to the bottom", BYTES(0x67, 0x41, 0x8b, 0x45, 0x10), {L(7, 4)}},
	{"the segment is added after the cut", BYTES(0x64, 0x67, 0x48, 0x8b, 0x00), {L(FS + RAX, 8)}},
	{"movabs al,[0x1122334455667788]: moffs", BYTES(0xa0, 0x88, 0x77, 0x66, 0x55, 0x44, 0x33, 0x22, 0x11), {L(UINT64_C(0x1122334455667788), 1)}},
	{"movabs [0x1122334455667788],rax: moffs store", BYTES(0x48, 0xa3, 0x88, 0x77, 0x66, 0x55, 0x44, 0x33, 0x22, 0x11), {S(UINT64_C(0x1122334455667788), 8)}},
	{"movsxd rax,dword ptr [rbx]: sign extension loads the narrow size", BYTES(0x48, 0x63, 0x03), {L(RBX, 4)}},
	{"cmp [rbx],rax: cmp only reads", BYTES(0x48, 0x39, 0x03), {L(RBX, 8)}},
	{"test byte ptr [rbx],1: test only reads", BYTES(0xf6, 0x03, 0x01), {L(RBX, 1)}},
	{"setne [rbx]: setcc writes a byte", BYTES(0x0f, 0x95, 0x03), {S(RBX, 1)}},
	{"jmp [rbx]: indirect jump", BYTES(0xff, 0x23), {L(RBX, 8)}},
	{"movdqu xmm0,[rbx]: SSE load", BYTES(0xf3, 0x0f, 0x6f, 0x03), {L(RBX, 16)}},
	{"movntdq [rbx],xmm0: non-temporal store", BYTES(0x66, 0x0f, 0xe7, 0x03), {S(RBX, 16)}},
	{"movlps [rbx],xmm0: half a register", BYTES(0x0f, 0x13, 0x03), {S(RBX, 8)}},
	{"pextrb [rbx],xmm0,1: one byte", BYTES(0x66, 0x0f, 0x3a, 0x14, 0x03, 0x01), {S(RBX, 1)}},
	{"vmovdqu ymm0,[rbx]: AVX load", BYTES(0xc5, 0xfe, 0x6f, 0x03), {L(RBX, 32)}},
	{"vmovdqu64 [rbx],zmm1: AVX-512 store without mask", BYTES(0x62, 0xf1, 0xfe, 0x48, 0x7f, 0x0b), {S(RBX, 64)}},
	{"fld tbyte ptr [rbx]: x87 extended load", BYTES(0xdb, 0x2b), {L(RBX, 10)}},
	{"fistp qword ptr [rbx]: x87 integer store", BYTES(0xdf, 0x3b), {S(RBX, 8)}},
	{"fnstcw [rbx]: control word", BYTES(0xd9, 0x3b), {S(RBX, 2)}},
	{"ldmxcsr [rbx]: mxcsr", BYTES(0x0f, 0xae, 0x13), {L(RBX, 4)}},
	{"kmovw [rbx],k1: mask register", BYTES(0xc5, 0xf8, 0x91, 0x0b), {S(RBX, 2)}},
	{"movdiri [rbx],rax: direct store", BYTES(0x48, 0x0f, 0x38, 0xf9, 0x03), {S(RBX, 8)}},
	{"movdir64b rax,[rbx]: reads 64 bytes and writes 64", BYTES(0x66, 0x0f, 0x38, 0xf8, 0x03), {L(RBX, 64), S(RAX, 64)}},
	{"lss eax,[rbx]: far pointer", BYTES(0x0f, 0xb2, 0x03), {L(RBX, 6)}},
	/* read-modify-write */
	{"add [rbx],rax: add to memory", BYTES(0x48, 0x01, 0x03), {M(RBX, 8)}},
	{"add rax,[rbx]: add from memory", BYTES(0x48, 0x03, 0x03), {L(RBX, 8)}},
	{"inc dword ptr [rbx]: inc", BYTES(0xff, 0x03), {M(RBX, 4)}},
	{"neg byte ptr [rbx]: neg", BYTES(0xf6, 0x1b), {M(RBX, 1)}},
	{"shl dword ptr [rbx],3: shift", BYTES(0xc1, 0x23, 0x03), {M(RBX, 4)}},
	{"lock xadd [rbx],rax: lock xadd", BYTES(0xf0, 0x48, 0x0f, 0xc1, 0x03), {M(RBX, 8)}},
	{"xchg [rbx],rax: xchg is locked by itself", BYTES(0x48, 0x87, 0x03), {M(RBX, 8)}},
	{"cmpxchg [rbx],rcx: cmpxchg writes in any case", BYTES(0x48, 0x0f, 0xb1, 0x0b), {M(RBX, 8)}},
	{"lock cmpxchg8b [rbx]: cmpxchg8b", BYTES(0xf0, 0x0f, 0xc7, 0x0b), {M(RBX, 8)}},
	{"lock cmpxchg16b [rbx]: cmpxchg16b", BYTES(0xf0, 0x48, 0x0f, 0xc7, 0x0b), {M(RBX, 16)}},
	{"lock or dword ptr [rsp],0: a fence by the stack top", BYTES(0xf0, 0x83, 0x0c, 0x24, 0x00), {M(RSP, 4)}},
	/* bit strings */
	{"bt [rbx],rax: bit 0x10020 is in qword 0x400", BYTES(0x48, 0x0f, 0xa3, 0x03), {L(RBX + 0x2000, 8)}},
	{"bts [rbx],r13d: bit -9 is in the dword below", BYTES(0x44, 0x0f, 0xab, 0x2b), {M(RBX - 4, 4)}},
	{"btr [rbx],r13w: bit -9 is in the word below", BYTES(0x66, 0x44, 0x0f, 0xb3, 0x2b), {M(RBX - 2, 2)}},
	{"btc [rbx],r13: bit -9 is in the qword below", BYTES(0x4c, 0x0f, 0xbb, 0x2b), {M(RBX - 8, 8)}},
	{"bts [rbx],r14w: 0x18041 as 16 bits is -0x7fbf: word -0x7fc", BYTES(0x66, 0x44, 0x0f, 0xab, 0x33), {M(RBX - 0x7fc * 2, 2)}},
	{"btc qword ptr [rbx],5: an immediate stays in place", BYTES(0x48, 0x0f, 0xba, 0x3b, 0x05), {M(RBX, 8)}},
	{"lock bts [rbx],ecx: lock bts", BYTES(0xf0, 0x0f, 0xab, 0x0b), {M(RBX, 4)}},
	/* stack */
	{"push rax: push", BYTES(0x50), {S(RSP - 8, 8)}},
	{"push qword ptr [rbx]: push from memory", BYTES(0xff, 0x33), {L(RBX, 8), S(RSP - 8, 8)}},
	{"push qword ptr [rsp+8]: its address is computed before", BYTES(0xff, 0x74, 0x24, 0x08), {L(RSP + 8, 8), S(RSP - 8, 8)}},
	{"push 5: push immediate", BYTES(0x6a, 0x05), {S(RSP - 8, 8)}},
	{"16-bit push", BYTES(0x66, 0x6a, 0x05), {S(RSP - 2, 2)}},
	{"pop rax: pop", BYTES(0x58), {L(RSP, 8)}},
	{"pop rsp: pop rsp", BYTES(0x5c), {L(RSP, 8)}},
	{"pop qword ptr [rbx]: pop to memory", BYTES(0x8f, 0x03), {L(RSP, 8), S(RBX, 8)}},
	{"pop qword ptr [rsp+8]: its address is computed after", BYTES(0x8f, 0x44, 0x24, 0x08), {L(RSP, 8), S(RSP + 8 + 8, 8)}},
	{"16-bit pop to the stack top", BYTES(0x66, 0x8f, 0x04, 0x24), {L(RSP, 2), S(RSP + 2, 2)}},
	{"pushfq: pushfq", BYTES(0x9c), {S(RSP - 8, 8)}},
	{"popfq: popfq", BYTES(0x9d), {L(RSP, 8)}},
	{"call .+0x100: call", BYTES(0xe8, 0x00, 0x01, 0x00, 0x00), {S(RSP - 8, 8)}},
	{"addr32 call .+0x100: the prefix pads, the stack stays 64 bits wide", BYTES(0x67, 0xe8, 0x00, 0x01, 0x00, 0x00), {S(RSP - 8, 8)}},
	{"addr32 push 5", BYTES(0x67, 0x6a, 0x05), {S(RSP - 8, 8)}},
	{"addr32 pop rax", BYTES(0x67, 0x58), {L(RSP, 8)}},
	{"addr32 ret", BYTES(0x67, 0xc3), {L(RSP, 8)}},
	{"addr32 enter 16,0", BYTES(0x67, 0xc8, 0x10, 0x00, 0x00), {S(RSP - 8, 8)}},
	{"addr32 leave", BYTES(0x67, 0xc9), {L(RBP, 8)}},
	{"addr32 pushf", BYTES(0x67, 0x9c), {S(RSP - 8, 8)}},
	{"addr32 push [eax]: only what is named is cut", BYTES(0x67, 0xff, 0x30), {L(RAX & 0xffffffff, 8), S(RSP - 8, 8)}},
	{"call [rax]: indirect call", BYTES(0xff, 0x10), {L(RAX, 8), S(RSP - 8, 8)}},
	{"call [rsp+0x10]: its address is computed before", BYTES(0xff, 0x54, 0x24, 0x10), {L(RSP + 0x10, 8), S(RSP - 8, 8)}},
	{"ret: ret", BYTES(0xc3), {L(RSP, 8)}},
	{"ret 8: ret n", BYTES(0xc2, 0x08, 0x00), {L(RSP, 8)}},
	{"far call: m16:64, pushes 2 x 8", BYTES(0x48, 0xff, 0x18), {L(RAX, 10), S(RSP - 16, 16)}},
	{"far call: m16:32, pushes 2 x 4", BYTES(0xff, 0x18), {L(RAX, 6), S(RSP - 8, 8)}},
	{"far return: 2 x 4", BYTES(0xcb), {L(RSP, 8)}},
	{"far return: 2 x 8", BYTES(0x48, 0xcb), {L(RSP, 16)}},
	{"iretq: iretq pops 5 x 8", BYTES(0x48, 0xcf), {L(RSP, 40)}},
	{"leave: leave reads at rbp", BYTES(0xc9), {L(RBP, 8)}},
	{"enter 16,0: enter 0 pushes rbp", BYTES(0xc8, 0x10, 0x00, 0x00), {S(RSP - 8, 8)}},
	{"enter 16,1: enter 1 pushes the frame too", BYTES(0xc8, 0x10, 0x00, 0x01), {S(RSP - 8, 8), S(RSP - 16, 8)}},
	{"enter 16,3: enter 3 copies two frame pointers", BYTES(0xc8, 0x10, 0x00, 0x03), {S(RSP - 8, 8), L(RBP - 8, 8), S(RSP - 16, 8), L(RBP - 16, 8), S(RSP - 24, 8), S(RSP - 32, 8)}},
	{"xlat: xlat adds al, 0x20", BYTES(0xd7), {L(RBX + 0x20, 1)}},
	/* strings: one iteration */
	{"movsb: movsb", BYTES(0xa4), {L(RSI, 1), S(RDI, 1)}},
	{"movsq: movsq", BYTES(0x48, 0xa5), {L(RSI, 8), S(RDI, 8)}},
	{"stosd: stosd", BYTES(0xab), {S(RDI, 4)}},
	{"lodsw: lodsw", BYTES(0x66, 0xad), {L(RSI, 2)}},
	{"scasb: scasb", BYTES(0xae), {L(RDI, 1)}},
	{"cmpsb: cmpsb", BYTES(0xa6), {L(RSI, 1), L(RDI, 1)}},
	{"rep movsb: rep movsb with rcx 3", BYTES(0xf3, 0xa4), {L(RSI, 1), S(RDI, 1)}},
	{"rep stosq: rep stosq", BYTES(0xf3, 0x48, 0xab), {S(RDI, 8)}},
	{"repne scasb: repne scasb", BYTES(0xf2, 0xae), {L(RDI, 1)}},
	{"repe cmpsd: repe cmpsd", BYTES(0xf3, 0xa7), {L(RSI, 4), L(RDI, 4)}},
	{"rep movsb with esi and edi", BYTES(0x67, 0xf3, 0xa4), {L(RSI, 1), S(RDI, 1)}},
	{"movsb from gs", BYTES(0x65, 0xa4), {L(GS + RSI, 1), S(RDI, 1)}},
	{"outsb: outsb", BYTES(0x6e), {L(RSI, 1)}},
	/* state areas: XCR0 0xe7, edx:eax 0x10000 at first */
	{"fxsave [rbx]: fxsave", BYTES(0x0f, 0xae, 0x03), {S(RBX, 512)}},
	{"fxrstor [rbx]: fxrstor", BYTES(0x0f, 0xae, 0x0b), {L(RBX, 512)}},
	{"fnsave [rbx]: fnsave", BYTES(0xdd, 0x33), {S(RBX, 108)}},
	{"frstor [rbx]: frstor", BYTES(0xdd, 0x23), {L(RBX, 108)}},
	{"fnstenv [rbx]: fnstenv", BYTES(0xd9, 0x33), {S(RBX, 28)}},
	/* gathers and scatters */
	{"vpgatherdd ymm1,[rbx+ymm2*4],ymm3: lanes 0 and 2 of 8", BYTES(0xc4, 0xe2, 0x65, 0x90, 0x0c, 0x93), {L(RBX + 0x10 * 4, 4), L(RBX + 0x100 * 4, 4)}},
	{"vpgatherdq ymm1,[rbx+xmm2*8],ymm5: qwords by dwords: lane 1, index -4", BYTES(0xc4, 0xe2, 0xd5, 0x90, 0x0c, 0xd3), {L(RBX - 4 * 8, 8)}},
	{"vpgatherqd xmm1,[rbx+ymm4*2],xmm3: dwords by qwords: lanes 0 and 2 of 4", BYTES(0xc4, 0xe2, 0x65, 0x91, 0x0c, 0x63), {L(RBX + 8 * 2, 4), L(RBX + 0x20 * 2, 4)}},
	{"vpgatherqd xmm1,[rbx+xmm4*2],xmm3: only two indices: lane 0", BYTES(0xc4, 0xe2, 0x61, 0x91, 0x0c, 0x63), {L(RBX + 8 * 2, 4)}},
	{"vgatherdpd ymm1,[rbx+xmm2*1],ymm5: lane 1 of 4", BYTES(0xc4, 0xe2, 0xd5, 0x92, 0x0c, 0x13), {L(RBX - 4, 8)}},
	{"vgatherqpd ymm1,[rbx+ymm4*8],ymm5: lane 1: index -0x10", BYTES(0xc4, 0xe2, 0xd5, 0x93, 0x0c, 0xe3), {L(RBX - 0x10 * 8, 8)}},
	{"vpgatherdd zmm1{k1},[rbx+zmm2*4]: lanes 0 and 2 of 16", BYTES(0x62, 0xf2, 0x7d, 0x49, 0x90, 0x0c, 0x93), {L(RBX + 0x10 * 4, 4), L(RBX + 0x100 * 4, 4)}},
	{"vpgatherdq zmm1{k1},[rbx+ymm2*4+64]: with displacement", BYTES(0x62, 0xf2, 0xfd, 0x49, 0x90, 0x4c, 0x93, 0x08), {L(RBX + 0x10 * 4 + 64, 8), L(RBX + 0x100 * 4 + 64, 8)}},
	{"vpgatherqd ymm1{k2},[rbx+zmm4*1]: bit 15 is beyond 8 lanes", BYTES(0x62, 0xf2, 0x7d, 0x4a, 0x91, 0x0c, 0x23), {L(RBX + 8, 4)}},
	{"vpgatherdd zmm1{k3},[rbx+zmm2*4]: no lane active", BYTES(0x62, 0xf2, 0x7d, 0x4b, 0x90, 0x0c, 0x93), {{0}}},
	{"vpscatterdd [rbx+zmm2*4]{k1},zmm1: scatter", BYTES(0x62, 0xf2, 0x7d, 0x49, 0xa0, 0x0c, 0x93), {S(RBX + 0x10 * 4, 4), S(RBX + 0x100 * 4, 4)}},
	{"vpscatterqd [rbx+zmm4*4]{k1},ymm1: scatter by qwords", BYTES(0x62, 0xf2, 0x7d, 0x49, 0xa1, 0x0c, 0xa3), {S(RBX + 8 * 4, 4), S(RBX + 0x20 * 4, 4)}},
	{"vpscatterdq [rbx+xmm2*4]{k2},ymm1: lane 0", BYTES(0x62, 0xf2, 0xfd, 0x2a, 0xa0, 0x0c, 0x93), {S(RBX + 0x10 * 4, 8)}},
	{"32-bit address: rbx + index", BYTES(0x67, 0x62, 0xf2, 0x7d, 0x49, 0xa0, 0x0c, 0x13), {S(RBX + 0x10, 4), S(RBX + 0x100, 4)}},
	{"vpgatherdd zmm17{k1},[rbx+zmm18*4]: registers above 15", BYTES(0x62, 0xe2, 0x7d, 0x41, 0x90, 0x0c, 0x93), {L(RBX + 0x18 * 4, 4), L(RBX + 0x38 * 4, 4)}},
	/* sign-masked moves */
	{"vpmaskmovd ymm1,ymm3,[rbx]: lanes 0 and 2", BYTES(0xc4, 0xe2, 0x65, 0x8c, 0x0b), {L(RBX, 4), L(RBX + 8, 4)}},
	{"vpmaskmovd [rbx],ymm3,ymm1: store", BYTES(0xc4, 0xe2, 0x65, 0x8e, 0x0b), {S(RBX, 4), S(RBX + 8, 4)}},
	{"vpmaskmovq [rbx],xmm5,xmm1: lane 1", BYTES(0xc4, 0xe2, 0xd1, 0x8e, 0x0b), {S(RBX + 8, 8)}},
	{"vmaskmovps ymm1,ymm3,[rbx+0x40]: with displacement", BYTES(0xc4, 0xe2, 0x65, 0x2c, 0x4b, 0x40), {L(RBX + 0x40, 4), L(RBX + 0x48, 4)}},
	{"vmaskmovpd [rbx],ymm5,ymm1: lane 1 of 4", BYTES(0xc4, 0xe2, 0x55, 0x2f, 0x0b), {S(RBX + 8, 8)}},
	{"maskmovdqu xmm1,xmm3: bytes 3 and 11, at rdi", BYTES(0x66, 0x0f, 0xf7, 0xcb), {S(RDI + 3, 1), S(RDI + 11, 1)}},
	{"vmaskmovdqu xmm1,xmm3: the same", BYTES(0xc5, 0xf9, 0xf7, 0xcb), {S(RDI + 3, 1), S(RDI + 11, 1)}},
	{"maskmovq mm1,mm2: bytes 0 and 7", BYTES(0x0f, 0xf7, 0xca), {S(RDI, 1), S(RDI + 7, 1)}},
	/* opmasks */
	{"vmovdqu32 zmm1{k1},[rbx]: masked load: lanes 0 and 2", BYTES(0x62, 0xf1, 0x7e, 0x49, 0x6f, 0x0b), {L(RBX, 4), L(RBX + 8, 4)}},
	{"vmovdqu32 [rbx]{k2},zmm1: masked store: lanes 0 and 15", BYTES(0x62, 0xf1, 0x7e, 0x4a, 0x7f, 0x0b), {S(RBX, 4), S(RBX + 60, 4)}},
	{"vmovdqu8 [rbx]{k1},zmm1: bytes 0 and 2", BYTES(0x62, 0xf1, 0x7f, 0x49, 0x7f, 0x0b), {S(RBX, 1), S(RBX + 2, 1)}},
	{"vmovupd ymm1{k1}{z},[rbx]: zero-masked load", BYTES(0x62, 0xf1, 0xfd, 0xa9, 0x10, 0x0b), {L(RBX, 8), L(RBX + 16, 8)}},
	{"vmovdqu32 zmm1{k3},[rbx]: an empty mask touches nothing", BYTES(0x62, 0xf1, 0x7e, 0x4b, 0x6f, 0x0b), {{0}}},
	{"vpaddd zmm1{k1},zmm2,[rbx]: masked arithmetic", BYTES(0x62, 0xf1, 0x6d, 0x49, 0xfe, 0x0b), {L(RBX, 4), L(RBX + 8, 4)}},
	{"vpaddd zmm1{k1},zmm2,dword ptr [rbx]{1to16}: broadcast: one element", BYTES(0x62, 0xf1, 0x6d, 0x59, 0xfe, 0x0b), {L(RBX, 4)}},
	{"vpaddd zmm1{k3},zmm2,dword ptr [rbx]{1to16}: broadcast with an empty mask", BYTES(0x62, 0xf1, 0x6d, 0x5b, 0xfe, 0x0b), {{0}}},
	{"vbroadcasti32x4 zmm1{k4},[rbx]: bits 5 and 6 fold to lanes 1 and 2 of 4", BYTES(0x62, 0xf2, 0x7d, 0x4c, 0x5a, 0x0b), {L(RBX + 4, 4), L(RBX + 8, 4)}},
	{"vextracti32x4 [rbx]{k4},zmm1,1: class E6NF: the whole operand, whatever the mask", BYTES(0x62, 0xf3, 0x7d, 0x4c, 0x39, 0x0b, 0x01), {S(RBX, 16)}},
	{"vmovss xmm1{k1},[rbx]: scalar: bit 0", BYTES(0x62, 0xf1, 0x7e, 0x09, 0x10, 0x0b), {L(RBX, 4)}},
	{"vmovss [rbx]{k4},xmm1: scalar: bit 0 is clear", BYTES(0x62, 0xf1, 0x7e, 0x0c, 0x11, 0x0b), {{0}}},
	{"vpmovdb [rbx]{k1},zmm1: narrowing store: bytes", BYTES(0x62, 0xf2, 0x7e, 0x49, 0x31, 0x0b), {S(RBX, 1), S(RBX + 2, 1)}},
	{"vcvtps2ph [rbx]{k1},zmm1,0: narrowing store: words", BYTES(0x62, 0xf3, 0x7d, 0x49, 0x1d, 0x0b, 0x00), {S(RBX, 2), S(RBX + 4, 2)}},
	{"vpmovzxbd zmm1{k2},[rbx]: widening load: bytes 0 and 15", BYTES(0x62, 0xf2, 0x7d, 0x4a, 0x31, 0x0b), {L(RBX, 1), L(RBX + 15, 1)}},
	{"vcvtdq2pd zmm1{k1},[rbx]: widening conversion", BYTES(0x62, 0xf1, 0x7e, 0x49, 0xe6, 0x0b), {L(RBX, 4), L(RBX + 8, 4)}},
	{"vpdpbusd zmm1{k1},zmm2,[rbx]: a mask bit for each sum of four bytes", BYTES(0x62, 0xf2, 0x6d, 0x49, 0x50, 0x0b), {L(RBX, 4), L(RBX + 8, 4)}},
	{"vpermd zmm1{k1},zmm2,[rbx]: class E4NF reads its whole operand", BYTES(0x62, 0xf2, 0x6d, 0x49, 0x36, 0x0b), {L(RBX, 64)}},
	{"vpcompressd [rbx]{k4},zmm1: compress: two dwords side by side", BYTES(0x62, 0xf2, 0x7d, 0x4c, 0x8b, 0x0b), {S(RBX, 8)}},
	{"vpcompressb [rbx]{k4},zmm1: compress bytes", BYTES(0x62, 0xf2, 0x7d, 0x4c, 0x63, 0x0b), {S(RBX, 2)}},
	{"vpexpandd zmm1{k1}{z},[rbx]: expand", BYTES(0x62, 0xf2, 0x7d, 0xc9, 0x89, 0x0b), {L(RBX, 8)}},
	{"vpcompressd [rbx]{k3},zmm1: compress of nothing", BYTES(0x62, 0xf2, 0x7d, 0x4b, 0x8b, 0x0b), {{0}}},
	/* others */
	{"clzero zeroes the line around rax", BYTES(0x0f, 0x01, 0xfc), {S(0x10000, 64)}},
	{"tileloadd tmm1,[rbx+rcx*1]: 3 rows of 8 bytes, stride 3", BYTES(0xc4, 0xe2, 0x7b, 0x4b, 0x0c, 0x0b), {L(RBX, 8), L(RBX + 3, 8), L(RBX + 6, 8)}},
	{"tilestored [rbx+rcx*2],tmm1: stride 6", BYTES(0xc4, 0xe2, 0x7a, 0x4b, 0x0c, 0x4b), {S(RBX, 8), S(RBX + 6, 8), S(RBX + 12, 8)}},
	{"sttilecfg [rbx]: tile configuration", BYTES(0xc4, 0xe2, 0x79, 0x49, 0x03), {S(RBX, 64)}},
};
/* clang-format on */

static void put32(uint8_t *vector, size_t lane, int32_t value)
{
	memcpy(vector + 4 * lane, &value, sizeof(value));
}

static void put64(uint8_t *vector, size_t lane, int64_t value)
{
	memcpy(vector + 8 * lane, &value, sizeof(value));
}

/*
 * zmm2 dwords 0x10, -4, 0x100, 0x30, ...; zmm18 the same plus 8, but 0x38 in
 * lane 2; zmm4 qwords 8, -0x10, 0x20, 0x30, ...
 * Masks: zmm3 dwords 0 and 2 (so bytes 3 and 11), zmm5 qword 1, mm2 bytes 0
 * and 7; k1 lanes 0 and 2, k2 lanes 0 and 15, k3 none, k4 lanes 5 and 6.
 * Tile 1 has 3 rows of 8 bytes.
 */
static void fill_vectors(struct pw_x86_vectors *vectors)
{
	memset(vectors, 0, sizeof(*vectors));
	for (size_t i = 0; i < 16; i++) {
		put32(vectors->zmm[2], i, (int32_t)(0x10 * i));
		put32(vectors->zmm[18], i, (int32_t)(0x18 + 0x10 * i));
	}
	put32(vectors->zmm[2], 0, 0x10);
	put32(vectors->zmm[2], 1, -4);
	put32(vectors->zmm[2], 2, 0x100);
	for (size_t i = 0; i < 8; i++)
		put64(vectors->zmm[4], i, (int64_t)(0x10 * i));
	put64(vectors->zmm[4], 0, 8);
	put64(vectors->zmm[4], 1, -0x10);
	put32(vectors->zmm[3], 0, INT32_MIN);
	put32(vectors->zmm[3], 2, INT32_MIN);
	put64(vectors->zmm[5], 1, INT64_MIN);
	vectors->mm[2] = UINT64_C(0x8000000000000080);
	vectors->k[1] = 0x5;
	vectors->k[2] = 0x8001;
	vectors->k[4] = 0x60;
	vectors->tile_config[0] = 1;
	vectors->tile_config[16 + 2 * 1] = 8;
	vectors->tile_config[48 + 1] = 3;
}

/* Components 2, 5, 6 and 7 as AVX-512 processors have them, but 5 short. */
static const struct pw_xsave_layout layout = {
	.enabled = 0xe7,
	.aligned = 1 << 6,
	.offset = {[2] = 576, [5] = 1088, [6] = 1152, [7] = 1664},
	.size_bytes = {[2] = 256, [5] = 8, [6] = 512, [7] = 1024},
};

struct fixture {
	struct pw_x86_decoder *decoder;
	struct pw_x86_vectors vectors;
	struct user_regs_struct regs;
	struct pw_x86_state state;
	struct pw_x86_insn insn;
	struct pw_x86_access got[PW_X86_ACCESSES_MAX];
	size_t count;
};

static int set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	struct pw_error err = {0};

	assert_non_null(f);
	PW_TEST_OK(pw_x86_decoder_open(&f->decoder, &err), &err);
	fill_vectors(&f->vectors);
	f->regs = registers;
	f->state = (struct pw_x86_state){
		.regs = &f->regs, .vectors = &f->vectors, .layout = &layout};
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	pw_x86_decoder_close(f->decoder);
	free(f);
	return 0;
}

static void run(struct fixture *f, const uint8_t *bytes, size_t length)
{
	pw_x86_decode(f->decoder, PC, bytes, length, &f->insn);
	f->count = pw_x86_evaluate(&f->insn, &f->state, f->got);
}

#define RUN(f, ...) \
	run(f, (const uint8_t[]){__VA_ARGS__}, BYTE_COUNT(__VA_ARGS__))

/* Check access @at, counted without the fetch. */
static void check(const struct fixture *f, const char *name, size_t at,
		  struct pw_x86_access want)
{
	const struct pw_x86_access *got = &f->got[at + 1];

	if (at + 1 >= f->count)
		fail_msg("%s: only %zu accesses", name, f->count - 1);
	if (got->address != want.address ||
	    got->size_bytes != want.size_bytes || got->kind != want.kind)
		fail_msg("%s: access %zu is kind %d, 0x%llx, %u bytes; not "
			 "kind %d, 0x%llx, %u bytes",
			 name, at, got->kind, (unsigned long long)got->address,
			 got->size_bytes, want.kind,
			 (unsigned long long)want.address, want.size_bytes);
}

static void check_row(struct fixture *f, const struct row *row)
{
	size_t wanted = 0;

	run(f, row->bytes, row->length);
	if (f->insn.flags & PW_X86_UNKNOWN)
		fail_msg("%s: not decoded", row->name);
	assert_true(f->count >= 1);
	if (f->got[0].address != PC || f->got[0].size_bytes != row->length ||
	    f->got[0].kind != (PW_ACCESS_FETCH | PW_ACCESS_FIRST))
		fail_msg("%s: the fetch is wrong", row->name);
	while (wanted < EXPECTED_MAX && row->want[wanted].size_bytes) {
		check(f, row->name, wanted, row->want[wanted]);
		wanted++;
	}
	if (f->count != wanted + 1)
		fail_msg("%s: %zu accesses, not %zu", row->name, f->count - 1,
			 wanted);
}

static void each_encoding_makes_the_accesses_of_the_manual(void **state)
{
	for (size_t i = 0; i < PW_COUNT(rows); i++)
		check_row(*state, &rows[i]);
}

static void a_repetition_with_count_zero_touches_nothing(void **state)
{
	struct fixture *f = *state;

	f->regs.rcx = 0;
	RUN(f, 0xf3, 0xa4); /* rep movsb */
	assert_int_equal(f->count, 1);
	RUN(f, 0xa4); /* movsb does not look at rcx */
	assert_int_equal(f->count, 3);
}

/* 67h: the count is ecx, the pointers are esi and edi. */
static void
a_short_repetition_looks_at_the_low_half_of_its_registers(void **state)
{
	struct fixture *f = *state;

	f->regs.rcx = UINT64_C(0x500000000);
	f->regs.rsi = UINT64_C(0x700000010);
	f->regs.rdi = UINT64_C(0x700000020);
	RUN(f, 0x67, 0xf3, 0xa4);
	assert_int_equal(f->count, 1);
	f->regs.rcx++;
	RUN(f, 0x67, 0xf3, 0xa4);
	assert_int_equal(f->count, 3);
	check(f, "rep movsb", 0, (struct pw_x86_access)L(0x10, 1));
	check(f, "rep movsb", 1, (struct pw_x86_access)S(0x20, 1));
}

static void a_further_iteration_has_no_fetch(void **state)
{
	struct fixture *f = *state;

	f->state.repeated = true;
	RUN(f, 0xf3, 0x48, 0xab); /* rep stosq */
	assert_int_equal(f->count, 1);
	assert_int_equal(f->got[0].kind, PW_ACCESS_STORE);
	assert_int_equal(f->got[0].address, RDI);
}

static void a_set_direction_flag_leaves_the_present_address_alone(void **state)
{
	struct fixture *f = *state;

	f->regs.eflags = 1 << 10;
	RUN(f, 0x48, 0xa5); /* movsq */
	check(f, "movsq", 0, (struct pw_x86_access)L(RSI, 8));
	check(f, "movsq", 1, (struct pw_x86_access)S(RDI, 8));
}

/* 06 is no instruction in 64-bit mode; 48 8b lacks its ModRM byte. */
static void unknown_or_cut_bytes_keep_a_fetch_of_one_byte(void **state)
{
	struct fixture *f = *state;

	RUN(f, 0x06, 0x90);
	assert_true(f->insn.flags & PW_X86_UNKNOWN);
	assert_int_equal(f->count, 1);
	assert_int_equal(f->got[0].size_bytes, 1);
	RUN(f, 0x48, 0x8b);
	assert_true(f->insn.flags & PW_X86_UNKNOWN);
	pw_x86_decode(f->decoder, PC, NULL, 0, &f->insn);
	assert_true(f->insn.flags & PW_X86_UNKNOWN);
}

static void flags_tell_the_engine_what_needs_care(void **state)
{
	struct fixture *f = *state;

	RUN(f, 0x0f, 0x05); /* syscall */
	assert_int_equal(f->insn.flags, PW_X86_SYSCALL | PW_X86_JUMPS);
	RUN(f, 0xcd, 0x80); /* int 0x80 */
	assert_int_equal(f->insn.flags, PW_X86_SYSCALL_32 | PW_X86_JUMPS);
	RUN(f, 0xcc); /* int3 */
	assert_int_equal(f->insn.flags, PW_X86_BREAKPOINT);
	RUN(f, 0xcd, 0x03); /* int 3 */
	assert_int_equal(f->insn.flags, PW_X86_BREAKPOINT);
	RUN(f, 0xf1); /* int1 */
	assert_int_equal(f->insn.flags, PW_X86_BREAKPOINT);
	RUN(f, 0xcd, 0x2c); /* int 0x2c: a fault */
	assert_int_equal(f->insn.flags, PW_X86_JUMPS);
	RUN(f, 0x9c); /* pushfq */
	assert_int_equal(f->insn.flags, PW_X86_PUSHES_FLAGS);
	RUN(f, 0x75, 0xfe); /* jne */
	assert_int_equal(f->insn.flags, PW_X86_JUMPS);
	RUN(f, 0x48, 0x01, 0x03); /* add [rbx], rax */
	assert_int_equal(f->insn.flags, 0);
}

/*
 * Standard form: the end of the last component asked for and enabled.
 * Compact: 576 + 256 = 832, + 8 = 840, aligned to 896, + 512 = 1408,
 * + 1024 = 2432.
 */
static void state_areas_are_as_large_as_their_components(void **state)
{
	(void)state;
	assert_int_equal(pw_xsave_bytes(&layout, 0x3, 0), 576);
	assert_int_equal(pw_xsave_bytes(&layout, 0x7, 0), 576 + 256);
	assert_int_equal(pw_xsave_bytes(&layout, 0x87, 0), 1664 + 1024);
	assert_int_equal(pw_xsave_bytes(&layout, 0x87, 1), 832 + 1024);
	assert_int_equal(pw_xsave_bytes(&layout, 0x67, 1), 1408);
	assert_int_equal(pw_xsave_bytes(&layout, 0xe7, 1), 2432);
}

static void saving_state_asks_for_what_is_enabled(void **state)
{
	struct fixture *f = *state;

	f->regs.rax = 0xffffffff;
	f->regs.rdx = 0xffffffff;
	RUN(f, 0x0f, 0xae, 0x23); /* xsave [rbx]: XSTATE_BV, then the area */
	assert_int_equal(f->count, 3);
	check(f, "xsave", 0, (struct pw_x86_access)L(RBX + 512, 8));
	check(f, "xsave", 1, (struct pw_x86_access)S(RBX, 2688));
	RUN(f, 0x0f, 0xc7, 0x23); /* xsavec [rbx] */
	assert_int_equal(f->count, 2);
	check(f, "xsavec", 0, (struct pw_x86_access)S(RBX, 2432));
	f->regs.rax = 7;
	f->regs.rdx = 0;
	RUN(f, 0x0f, 0xae, 0x33); /* xsaveopt [rbx] */
	check(f, "xsaveopt", 1, (struct pw_x86_access)S(RBX, 832));
}

static void restoring_state_follows_the_form_of_the_area(void **state)
{
	struct fixture *f = *state;

	f->regs.rax = 0xe7;
	RUN(f, 0x0f, 0xae, 0x2b); /* xrstor [rbx] */
	assert_int_equal(f->insn.form, PW_X86_XRSTOR);
	assert_int_equal(f->count, 2);
	check(f, "xrstor", 0, (struct pw_x86_access)L(RBX, 2688));
	f->state.area_format = UINT64_C(1) << 63 | 0x67;
	RUN(f, 0x0f, 0xae, 0x2b);
	check(f, "xrstor", 0, (struct pw_x86_access)L(RBX, 1408));
}

/* 31 levels: one push, thirty copies of two accesses each, the frame. */
static void the_deepest_enter_fits_the_buffer(void **state)
{
	struct fixture *f = *state;

	RUN(f, 0xc8, 0x10, 0x00, 0x1f);
	assert_int_equal(f->count, 1 + 1 + 60 + 1);
	check(f, "enter", 61,
	      (struct pw_x86_access)S(RSP - 8 - UINT64_C(31) * 8, 8));
}

static void a_full_byte_mask_fits_the_buffer(void **state)
{
	struct fixture *f = *state;

	f->vectors.k[1] = UINT64_MAX;
	RUN(f, 0x62, 0xf1, 0x7f, 0x49, 0x7f, 0x0b); /* vmovdqu8 [rbx]{k1} */
	assert_int_equal(f->count, 65);
	check(f, "vmovdqu8", 63, (struct pw_x86_access)S(RBX + 63, 1));
}

/* Sizes and places of the standard form, Intel SDM vol. 1, 13.4. */
static void registers_are_found_in_the_state_area(void **state)
{
	static uint8_t area[2688];
	struct pw_xsave_layout wide = layout;
	struct fixture *f = *state;

	wide.size_bytes[5] = 64;
	area[32 + 16 * 2] = 0xa1;   /* mm2 */
	area[160 + 16 * 3] = 0xa2;  /* xmm3 */
	area[576 + 16 * 3] = 0xa3;  /* upper half of ymm3 */
	area[1088 + 8 * 4] = 0xa4;  /* k4 */
	area[1152 + 32 * 3] = 0xa5; /* upper half of zmm3 */
	area[1664 + 64 * 2] = 0xa6; /* zmm18 */
	pw_x86_vectors_load(&wide, area, sizeof(area), &f->vectors);
	assert_int_equal(f->vectors.mm[2], 0xa1);
	assert_int_equal(f->vectors.zmm[3][0], 0xa2);
	assert_int_equal(f->vectors.zmm[3][16], 0xa3);
	assert_int_equal(f->vectors.k[4], 0xa4);
	assert_int_equal(f->vectors.zmm[3][32], 0xa5);
	assert_int_equal(f->vectors.zmm[18][0], 0xa6);
	/* An area that ends early holds zeros there. */
	pw_x86_vectors_load(&wide, area, 1600, &f->vectors);
	assert_int_equal(f->vectors.zmm[3][32], 0);
	assert_int_equal(f->vectors.k[4], 0xa4);
	pw_x86_vectors_load(&wide, area, 100, &f->vectors);
	assert_int_equal(f->vectors.zmm[3][0], 0);
}

#define TEST(function) \
	cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(each_encoding_makes_the_accesses_of_the_manual),
		TEST(a_repetition_with_count_zero_touches_nothing),
		TEST(a_short_repetition_looks_at_the_low_half_of_its_registers),
		TEST(a_further_iteration_has_no_fetch),
		TEST(a_set_direction_flag_leaves_the_present_address_alone),
		TEST(unknown_or_cut_bytes_keep_a_fetch_of_one_byte),
		TEST(flags_tell_the_engine_what_needs_care),
		TEST(state_areas_are_as_large_as_their_components),
		TEST(saving_state_asks_for_what_is_enabled),
		TEST(restoring_state_follows_the_form_of_the_area),
		TEST(the_deepest_enter_fits_the_buffer),
		TEST(a_full_byte_mask_fits_the_buffer),
		TEST(registers_are_found_in_the_state_area),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
