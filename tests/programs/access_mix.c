/*
 * access_mix.c - a little of every kind of access, for comparing recorders.
 *
 * The functions called mix_* and main are compared access by access; they call
 * nothing outside this file. What compilers would choose freely is in asm.
 */
#include <stdint.h>

#define CELLS 64

static uint64_t cells[CELLS];
static uint64_t copies[CELLS];
static uint32_t narrow[CELLS];
static volatile uint32_t counter;
static unsigned char bytes[256];

__attribute__((noinline)) static uint64_t mix_loops(void)
{
	uint64_t sum = 0;

	for (unsigned i = 0; i < CELLS; i++)
		cells[i] = i * UINT64_C(0x9e3779b97f4a7c15);
	for (unsigned i = 0; i < CELLS; i++)
		narrow[(i * 17) % CELLS] = (uint32_t)cells[i];
	for (unsigned i = 0; i < CELLS; i++)
		sum += narrow[i] ^ cells[CELLS - 1 - i];
	for (unsigned i = 0; i < 10; i++)
		counter += i;
	return sum;
}

__attribute__((noinline)) static uint64_t mix_recursion(unsigned depth)
{
	volatile uint64_t local[4] = {depth, 1, 2, 3};

	if (depth == 0)
		return local[3];
	return mix_recursion(depth - 1) + local[depth % 4];
}

__attribute__((noinline)) static void mix_strings(void)
{
	const void *from = cells;
	void *to = copies;
	uint64_t count = sizeof(cells);

	__asm__ volatile("rep movsb"
			 : "+S"(from), "+D"(to), "+c"(count)::"memory");
	to = bytes;
	count = 37;
	__asm__ volatile("rep stosb"
			 : "+D"(to), "+c"(count)
			 : "a"(0x5a)
			 : "memory");
	from = narrow;
	to = copies;
	count = 5;
	__asm__ volatile("rep movsq"
			 : "+S"(from), "+D"(to), "+c"(count)::"memory");
	count = 0;
	__asm__ volatile("rep stosb"
			 : "+D"(to), "+c"(count)
			 : "a"(0)
			 : "memory");
	to = (char *)copies + 40;
	count = 3;
	__asm__ volatile("std\n\trep stosq\n\tcld"
			 : "+D"(to), "+c"(count)
			 : "a"(0)
			 : "memory");
}

__attribute__((noinline)) static void mix_vectors(void)
{
	__asm__ volatile("movdqu (%0), %%xmm0\n\t"
			 "movdqu 16(%0), %%xmm1\n\t"
			 "paddq %%xmm1, %%xmm0\n\t"
			 "paddd 32(%0), %%xmm0\n\t"
			 "movdqa %%xmm0, (%1)\n\t"
			 "movups %%xmm1, 24(%1)\n\t"
			 "movss (%0), %%xmm2\n\t"
			 "movsd %%xmm2, 56(%1)\n\t"
			 "movhps %%xmm1, 64(%1)\n\t"
			 "movq 8(%0), %%xmm3\n\t"
			 "movntdq %%xmm3, 96(%1)"
			 :
			 : "r"(cells), "r"(copies)
			 : "xmm0", "xmm1", "xmm2", "xmm3", "memory");
}

__attribute__((noinline)) static void mix_stack(void)
{
	uint64_t scratch = 3;

	__asm__ volatile("push %0\n\t"
			 "push %1\n\t"
			 "pushq 8(%%rsp)\n\t"
			 "pop %0\n\t"
			 "popq %1\n\t"
			 "popq 8(%2)\n\t"
			 "pushfq\n\t"
			 "popfq"
			 : "+r"(scratch), "+m"(cells[3])
			 : "r"(copies)
			 : "memory", "cc");
}

__attribute__((noinline)) static void mix_modify(void)
{
	uint64_t one = 1, expected = 0;

	__asm__ volatile("addq %0, (%2)\n\t"
			 "incl 8(%2)\n\t"
			 "negb 17(%2)\n\t"
			 "shlw $3, 20(%2)\n\t"
			 "orq $4, 24(%2)\n\t"
			 "notl 32(%2)\n\t"
			 "lock xaddq %0, 40(%2)\n\t"
			 "xaddl %k0, 48(%2)\n\t"
			 "xchgq %0, 56(%2)\n\t"
			 "lock incq 64(%2)\n\t"
			 "lock cmpxchgq %0, 72(%2)\n\t"
			 "cmpq %0, 80(%2)\n\t"
			 "setb 104(%2)\n\t"
			 "testb $1, 88(%2)\n\t"
			 "setne 96(%2)"
			 : "+r"(one), "+a"(expected)
			 : "r"(copies)
			 : "memory", "cc");
}

int main(void)
{
	uint64_t sum = mix_loops() + mix_recursion(9);

	mix_strings();
	mix_vectors();
	mix_stack();
	mix_modify();
	return (int)((sum + copies[5] + bytes[3]) & 63);
}
