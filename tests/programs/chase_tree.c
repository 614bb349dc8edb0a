/*
 * chase_tree.c - look up random keys in a binary tree of 400,000 nodes, whose
 * nodes lie in memory in the order of their random insertion.
 *
 * Argument: how many look-ups to make. They come after the mark "measured".
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>

#define NODES 400000

struct node {
	uint64_t key;
	struct node *child[2];
	uint64_t hits;
};

static uint64_t seed = 88172645463325252;

static uint64_t next_random(void)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return seed;
}

static void insert(struct node **at, struct node *node)
{
	while (*at)
		at = &(*at)->child[node->key > (*at)->key];
	*at = node;
}

static struct node *find(struct node *at, uint64_t key)
{
	while (at && at->key != key)
		at = at->child[key > at->key];
	return at;
}

int main(int argc, char **argv)
{
	struct node *nodes = calloc(NODES, sizeof(*nodes)), *root = NULL;
	long lookups = argc > 1 ? atol(argv[1]) : 0;

	if (!nodes)
		return 1;
	for (long i = 0; i < NODES; i++) {
		nodes[i].key = next_random();
		insert(&root, &nodes[i]);
	}
	prctl(PR_SET_NAME, "measured");
	for (long i = 0; i < lookups; i++) {
		struct node *node =
			find(root, nodes[next_random() % NODES].key);

		node->hits++;
	}
	prctl(PR_SET_NAME, "end");
	printf("%lu\n", (unsigned long)root->hits);
	return 0;
}
