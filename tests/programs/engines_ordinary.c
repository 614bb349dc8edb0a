/*
 * engines_ordinary.c - what compilers make of ordinary loops: sorting, a hash
 * table, a matrix product, text, a tree. Linked with engines_start.S.
 */
#include <stddef.h>
#include <stdint.h>

#define WORDS 256
#define SLOTS 512
#define SIDE 16
#define NODES 128

struct node {
	struct node *child[2];
	uint64_t key;
};

int work(unsigned long rounds);
void *memset(void *to, int value, size_t bytes);
void *memcpy(void *to, const void *from, size_t bytes);

static uint64_t word[WORDS];
static struct {
	uint64_t key;
	uint32_t count;
} slot[SLOTS];
static double left[SIDE][SIDE], right[SIDE][SIDE], product[SIDE][SIDE];
static float sample[WORDS], window[WORDS];
static char text[1024];
static uint32_t letters[256];
static struct node node[NODES];
static uint64_t state = 1;

/* The compiler may ask for these two. */
void *memset(void *to, int value, size_t bytes)
{
	void *at = to;

	__asm__ volatile("rep stosb"
			 : "+D"(at), "+c"(bytes)
			 : "a"(value)
			 : "memory");
	return to;
}

void *memcpy(void *to, const void *from, size_t bytes)
{
	void *at = to;

	__asm__ volatile("rep movsb"
			 : "+D"(at), "+S"(from), "+c"(bytes)
			 :
			 : "memory");
	return to;
}

static uint64_t random_word(void)
{
	state = state * 6364136223846793005u + 1442695040888963407u;
	return state >> 16;
}

static void sort(uint64_t *first, uint64_t *last)
{
	uint64_t pivot, *low = first, *high = last;

	if (first >= last)
		return;
	pivot = first[(last - first) / 2];
	while (low <= high) {
		while (*low < pivot)
			low++;
		while (*high > pivot)
			high--;
		if (low <= high) {
			uint64_t moved = *low;

			*low++ = *high;
			*high-- = moved;
		}
	}
	sort(first, high);
	sort(low, last);
}

static void count_words(void)
{
	memset(slot, 0, sizeof(slot));
	for (size_t i = 0; i < WORDS; i++) {
		size_t at = word[i] * 11400714819323198485u >> 55;

		while (slot[at].count && slot[at].key != word[i])
			at = (at + 1) % SLOTS;
		slot[at].key = word[i];
		slot[at].count++;
	}
}

static void multiply(void)
{
	for (size_t i = 0; i < SIDE; i++)
		for (size_t j = 0; j < SIDE; j++) {
			double sum = 0;

			for (size_t k = 0; k < SIDE; k++)
				sum += left[i][k] * right[k][j];
			product[i][j] = sum;
		}
	memcpy(left, product, sizeof(left));
}

static void filter(void)
{
	for (size_t i = 0; i < WORDS; i++)
		window[i] = sample[i] * 0.5f + (float)(int)(word[i] & 1023);
	for (size_t i = 1; i + 1 < WORDS; i++)
		sample[i] = (window[i - 1] + window[i] + window[i + 1]) / 3;
}

static void count_letters(void)
{
	for (size_t i = 0; i < sizeof(text); i++)
		text[i] = (char)(word[i % WORDS] >> (i / WORDS * 8));
	for (size_t i = 0; i < sizeof(text); i++)
		letters[(unsigned char)text[i]]++;
}

static void grow(void)
{
	struct node *root = node;

	memset(node, 0, sizeof(node));
	root->key = random_word();
	for (size_t i = 1; i < NODES; i++) {
		struct node **at = &root;

		node[i].key = random_word();
		while (*at)
			at = &(*at)->child[node[i].key > (*at)->key];
		*at = &node[i];
	}
}

int work(unsigned long rounds)
{
	for (; rounds; rounds--) {
		for (size_t i = 0; i < WORDS; i++)
			word[i] = random_word() % 1000;
		count_words();
		sort(word, word + WORDS - 1);
		for (size_t i = 0; i < SIDE; i++)
			right[i][rounds % SIDE] = (double)word[i];
		multiply();
		filter();
		count_letters();
		grow();
	}
	return 0;
}
