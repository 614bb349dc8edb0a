/*
 * radix.c - page tables that are trees of tables, of any shape.
 *
 * What an entry says is a word: nothing, a page that it maps, a table, or a
 * leaf table with only one entry, which needs no memory of its own. Roots stand
 * in tables too, up to the width of all addresses, since those of foreign
 * traces need not be canonical.
 */
#include "replay/memory/radix.h"

#include "base/assert.h"
#include "base/bits.h"
#include "replay/mmu/tlb_key.h"

#define NO_KEY UINT64_MAX /* no page number shifted by anything */
#define ROOTS_BITS 9	  /* of tables above roots, at most */
#define FIRST_FULL_CLASS 12

/* A word: what kind it is, then the flags of a page or a handle. */
#define TAG UINT64_C(3)
#define TAG_LEAF UINT64_C(1)
#define TAG_TABLE UINT64_C(2)
#define TAG_ONE UINT64_C(3) /* flags as of a leaf, then its index */
#define TAG_BITS 2
#define PTE_BITS (PW_PTE_FRAME_SHIFT + PW_PTE_FRAME_BITS)
#define PTE_MASK (((uint64_t)1 << PTE_BITS) - 1)
#define ONE_SHIFT (TAG_BITS + PTE_BITS)

_Static_assert(PW_NODE_BITS_MAX + ONE_SHIFT <= 64, "words have 64 bits");

static uint64_t leaf_word(uint64_t pte)
{
	PW_DEBUG_ASSERT(pte && pte <= PTE_MASK);
	return pte << TAG_BITS | TAG_LEAF;
}

static uint64_t table_word(uint32_t node)
{
	return node ? (uint64_t)node << TAG_BITS | TAG_TABLE : 0;
}

static uint64_t pte_of(uint64_t word)
{
	return word >> TAG_BITS & PTE_MASK;
}

static uint32_t node_of(uint64_t word)
{
	PW_DEBUG_ASSERT((word & TAG) == TAG_TABLE);
	return (uint32_t)(word >> TAG_BITS);
}

static void add_height(struct pw_radix *radix, unsigned bits)
{
	unsigned h = radix->heights++;

	PW_ASSERT(h < PW_RADIX_HEIGHTS_MAX && bits > 0);
	PW_ASSERT(FIRST_FULL_CLASS + h < PW_SLAB_CLASSES);
	radix->kind[h] = (struct pw_node_kind){
		.bits = bits,
		.full_class = FIRST_FULL_CLASS + h,
	};
	radix->shift[h + 1] = radix->shift[h] + bits;
}

static void use_recent(struct pw_radix *radix, struct pw_radix_recent *recent,
		       size_t count)
{
	radix->recent = recent;
	radix->recent_mask = count - 1;
	radix->missed = 0;
	for (size_t i = 0; i < count; i++)
		recent[i].key = NO_KEY;
}

void pw_radix_init(struct pw_radix *radix, const struct pw_geometry *geometry,
		   struct pw_slab *slab, struct pw_table_use *use)
{
	unsigned width = PW_ADDRESS_BITS - geometry->page_shift;

	radix->slab = slab;
	radix->use = use;
	radix->geometry = *geometry;
	for (unsigned h = 0; h < geometry->levels; h++)
		add_height(radix, geometry->bits[h]);
	while (radix->shift[radix->heights] < width) {
		unsigned rest = width - radix->shift[radix->heights];

		add_height(radix, rest < ROOTS_BITS ? rest : ROOTS_BITS);
	}
	use_recent(radix, radix->first_recent, PW_RADIX_RECENT);
}

/* ---- tables ---- */

static unsigned index_at(const struct pw_radix *radix, uint64_t page,
			 unsigned height)
{
	return (unsigned)(page >> radix->shift[height]) &
	       ((1U << radix->kind[height].bits) - 1);
}

/* What the table that @word says has at @index; 1-byte values as leaf words. */
static uint64_t table_get(const struct pw_radix *radix, unsigned height,
			  uint64_t word, unsigned index)
{
	uint64_t value;

	if (word == 0)
		return 0;
	if ((word & TAG) == TAG_ONE)
		return word >> ONE_SHIFT == index ? leaf_word(pte_of(word)) : 0;
	value = pw_node_get(radix->slab, node_of(word), index);
	return height == 0 && value ? leaf_word(value) : value;
}

/* The first entry of the table from *index on. */
static bool table_next(const struct pw_radix *radix, unsigned height,
		       uint64_t word, unsigned *index, uint64_t *value)
{
	if (word == 0)
		return false;
	if ((word & TAG) == TAG_ONE) {
		if (word >> ONE_SHIFT < *index)
			return false;
		*index = (unsigned)(word >> ONE_SHIFT);
		*value = leaf_word(pte_of(word));
		return true;
	}
	if (!pw_node_next(radix->slab, &radix->kind[height], node_of(word),
			  index, value))
		return false;
	if (height == 0)
		*value = leaf_word(*value);
	return true;
}

/* Whether the 64-byte line of entry @index has an entry in use. */
static bool line_used(const struct pw_radix *radix, unsigned height,
		      uint64_t word, unsigned index)
{
	const uint64_t one = (word >> ONE_SHIFT) / PW_LINE_PTES;

	if ((word & TAG) == TAG_ONE)
		return one == index / PW_LINE_PTES;
	return word && pw_node_line_used(radix->slab, &radix->kind[height],
					 node_of(word), index);
}

static uint64_t table_bytes(const struct pw_radix *radix, unsigned height)
{
	return (uint64_t)PW_PTE_BYTES << radix->kind[height].bits;
}

/* Count a table that came. */
static void count_table(struct pw_radix *radix, unsigned height)
{
	struct pw_table_use *use = &radix->use[height];

	use->tables++;
	use->bytes += table_bytes(radix, height);
}

static bool put_node(struct pw_radix *radix, unsigned height, uint32_t *node,
		     unsigned index, uint64_t value)
{
	return pw_node_set(radix->slab, &radix->kind[height], node, index,
			   height == 0 ? pte_of(value) : value);
}

/* Set an entry; *word may change. False without memory. */
static bool table_put(struct pw_radix *radix, unsigned height, uint64_t *word,
		      unsigned index, uint64_t value)
{
	uint32_t node = 0;

	if (height == 0 && (*word == 0 || ((*word & TAG) == TAG_ONE &&
					   *word >> ONE_SHIFT == index))) {
		*word = (uint64_t)index << ONE_SHIFT |
			pte_of(value) << TAG_BITS | TAG_ONE;
		return true;
	}
	if ((*word & TAG) == TAG_ONE) {
		if (!put_node(radix, 0, &node, (unsigned)(*word >> ONE_SHIFT),
			      *word))
			return false;
	} else if (*word) {
		node = node_of(*word);
	}
	if (!put_node(radix, height, &node, index, value))
		return false;
	*word = table_word(node);
	return true;
}

/* The same, and count what comes into use. */
static bool table_set(struct pw_radix *radix, unsigned height, uint64_t *word,
		      unsigned index, uint64_t value)
{
	struct pw_node_before before;
	struct pw_table_use *use;

	if (height >= radix->geometry.levels)
		return table_put(radix, height, word, index, value);
	use = &radix->use[height];
	if ((*word & TAG) == TAG_TABLE &&
	    pw_node_replace(radix->slab, &radix->kind[height], node_of(*word),
			    index, height == 0 ? pte_of(value) : value,
			    &before)) {
		use->entries += before.value == 0;
		use->lines += !before.line_used;
		return true;
	}
	if (!table_get(radix, height, *word, index)) {
		use->entries++;
		use->lines += !line_used(radix, height, *word, index);
		if (*word == 0)
			count_table(radix, height);
	}
	return table_put(radix, height, word, index, value);
}

/* Clear an entry, which is set; *word becomes 0 with the last one. */
static void table_clear(struct pw_radix *radix, unsigned height, uint64_t *word,
			unsigned index)
{
	struct pw_table_use *use = &radix->use[height];
	uint32_t node;

	if ((*word & TAG) == TAG_ONE) {
		PW_ASSERT(*word >> ONE_SHIFT == index);
		*word = 0;
	} else {
		node = node_of(*word);
		pw_node_clear(radix->slab, &radix->kind[height], &node, index);
		*word = table_word(node);
	}
	if (height >= radix->geometry.levels)
		return;
	use->entries--;
	use->lines -= !line_used(radix, height, *word, index);
	if (*word == 0) {
		use->tables--;
		use->bytes -= table_bytes(radix, height);
	}
}

/* ---- the recent leaf tables ---- */

static inline struct pw_radix_recent *recall(struct pw_radix *radix,
					     uint64_t page)
{
	return &radix->recent[(page >> radix->shift[1]) & radix->recent_mask];
}

/* Forget what was recent of [first, end). */
static void forget(struct pw_radix *radix, uint64_t first, uint64_t end)
{
	uint64_t low = first >> radix->shift[1];
	uint64_t high = (end - 1) >> radix->shift[1];

	PW_DEBUG_ASSERT(first < end);
	for (uint64_t key = low; key <= high && key - low <= radix->recent_mask;
	     key++) {
		struct pw_radix_recent *recent =
			&radix->recent[key & radix->recent_mask];

		if (recent->key >= low && recent->key <= high)
			recent->key = NO_KEY;
	}
}

/* Remember more leaf tables when those that are known are missed often. */
static void widen(struct pw_radix *radix)
{
	size_t count = (size_t)radix->recent_mask + 1;
	struct pw_radix_recent *more;

	if (count == PW_RADIX_RECENT_MAX || ++radix->missed < 64 * count)
		return;
	radix->missed = 0;
	more = pw_arena_alloc(radix->slab->arena, PW_RADIX_RECENT_MAX,
			      sizeof(*more));
	if (more)
		use_recent(radix, more, PW_RADIX_RECENT_MAX);
}

/* Look up what is above the leaf table of @page; NULL if there is nothing. */
static const struct pw_radix_recent *refill(struct pw_radix *radix,
					    uint64_t page)
{
	uint64_t word = radix->top;
	unsigned height = radix->heights;
	struct pw_radix_recent *recent;

	while (height > 1 && (word & TAG) != TAG_LEAF) {
		if (word == 0)
			return NULL;
		height--;
		word = table_get(radix, height, word,
				 index_at(radix, page, height));
	}
	if (word == 0)
		return NULL;
	widen(radix);
	recent = recall(radix, page);
	recent->key = page >> radix->shift[1];
	recent->word = word;
	recent->height = height;
	recent->ptes = NULL;
	if ((word & TAG) == TAG_TABLE)
		recent->ptes = pw_node_array(radix->slab, node_of(word));
	return recent;
}

bool pw_radix_find(void *state, uint64_t page, struct pw_leaf *leaf)
{
	struct pw_radix *radix = state;
	const struct pw_radix_recent *recent = recall(radix, page);
	uint64_t word;

	*leaf = (struct pw_leaf){.first = page};
	if (recent->key != page >> radix->shift[1]) {
		recent = refill(radix, page);
		if (!recent)
			return false;
	}
	if (recent->ptes) {
		leaf->pte = recent->ptes[index_at(radix, page, 0)];
		return leaf->pte != 0;
	}
	word = recent->word;
	if ((word & TAG) == TAG_LEAF) {
		leaf->height = recent->height;
		leaf->first = page >> radix->shift[leaf->height]
					      << radix->shift[leaf->height];
	} else {
		word = table_get(radix, 0, word, index_at(radix, page, 0));
	}
	leaf->pte = pte_of(word);
	return leaf->pte != 0;
}

void pw_radix_expect(void *state, uint64_t page)
{
	struct pw_radix *radix = state;
	const struct pw_radix_recent *recent = recall(radix, page);

	if (recent->key == page >> radix->shift[1] && recent->ptes)
		__builtin_prefetch(&recent->ptes[index_at(radix, page, 0)]);
}

/* ---- changes ---- */

/* The words of the tables of @page from @lowest up; 0 from the first missing
 * one on. */
struct path {
	uint64_t word[PW_RADIX_HEIGHTS_MAX];
};

static void descend(const struct pw_radix *radix, uint64_t page,
		    unsigned lowest, struct path *path)
{
	unsigned h = radix->heights - 1;

	memset(path, 0, sizeof(*path));
	path->word[h] = radix->top;
	for (; h > lowest && path->word[h]; h--) {
		uint64_t word = table_get(radix, h, path->word[h],
					  index_at(radix, page, h));

		PW_ASSERT((word & TAG) != TAG_LEAF);
		path->word[h - 1] = word;
	}
}

/* Its leaf table is looked up already: the word of it, or 0. */
static uint64_t recent_table(struct pw_radix *radix, uint64_t page)
{
	const struct pw_radix_recent *recent = recall(radix, page);

	if (recent->key != page >> radix->shift[1] ||
	    (recent->word & TAG) != TAG_TABLE)
		return 0;
	return recent->word;
}

bool pw_radix_map(void *state, const struct pw_leaf *leaf)
{
	struct pw_radix *radix = state;
	uint64_t value = leaf_word(leaf->pte);
	unsigned h = leaf->height;
	uint64_t pages = (uint64_t)1 << radix->shift[h];
	uint64_t before = h == 0 ? recent_table(radix, leaf->first) : 0;
	struct path path;

	PW_ASSERT(radix->geometry.leaves >> h & 1);
	PW_ASSERT((leaf->first & (pages - 1)) == 0);
	if (before) {
		uint64_t word = before;

		if (!table_set(radix, 0, &word, index_at(radix, leaf->first, 0),
			       value))
			return false;
		if (word == before)
			return true;
		value = word;
		h = 1;
	}
	descend(radix, leaf->first, h, &path);
	forget(radix, leaf->first, leaf->first + pages);
	for (; h < radix->heights; h++) {
		before = path.word[h];
		if (!table_set(radix, h, &path.word[h],
			       index_at(radix, leaf->first, h), value))
			return false;
		if (path.word[h] == before)
			return true;
		value = path.word[h];
	}
	radix->top = value;
	return true;
}

void pw_radix_unmap(void *state, uint64_t page)
{
	struct pw_radix *radix = state;
	struct pw_leaf leaf;
	struct path path;
	bool mapped = pw_radix_find(radix, page, &leaf);
	unsigned h = leaf.height;

	PW_ASSERT(mapped);
	if (h == 0) {
		uint64_t word = recall(radix, page)->word;

		table_clear(radix, 0, &word, index_at(radix, page, 0));
		if (word)
			return;
		h = 1;
	}
	descend(radix, page, h, &path);
	forget(radix, leaf.first,
	       leaf.first + ((uint64_t)1 << radix->shift[leaf.height]));
	for (; h < radix->heights; h++) {
		table_clear(radix, h, &path.word[h], index_at(radix, page, h));
		if (path.word[h])
			return;
	}
	radix->top = 0;
}

bool pw_radix_split(void *state, uint64_t page)
{
	struct pw_radix *radix = state;
	struct pw_leaf leaf;
	struct path path;
	struct pw_table_use *use;
	const struct pw_node_kind *kind;
	uint32_t node;
	bool mapped = pw_radix_find(radix, page, &leaf);

	PW_ASSERT(mapped && leaf.height > 0);
	PW_ASSERT(radix->geometry.leaves >> (leaf.height - 1) & 1);
	kind = &radix->kind[leaf.height - 1];
	node = pw_node_fill(radix->slab, kind,
			    leaf.height == 1 ? leaf.pte : leaf_word(leaf.pte));
	if (!node)
		return false;
	use = &radix->use[leaf.height - 1];
	use->entries += (uint64_t)1 << kind->bits;
	use->lines +=
		(((uint64_t)1 << kind->bits) + PW_LINE_PTES - 1) / PW_LINE_PTES;
	count_table(radix, leaf.height - 1);
	descend(radix, page, leaf.height, &path);
	forget(radix, leaf.first,
	       leaf.first + ((uint64_t)1 << radix->shift[leaf.height]));
	return table_put(radix, leaf.height, &path.word[leaf.height],
			 index_at(radix, page, leaf.height), table_word(node));
}

/* ---- going through ---- */

/* The first page from *at on in the recent leaf table, which is an array. */
static bool next_in_recent(struct pw_radix *radix, uint64_t *at, uint64_t end,
			   struct pw_leaf *leaf)
{
	const struct pw_radix_recent *recent = recall(radix, *at);
	uint64_t stop = ((*at >> radix->shift[1]) + 1) << radix->shift[1];

	if (recent->key != *at >> radix->shift[1] || !recent->ptes)
		return false;
	if (stop > end)
		stop = end;
	for (; *at < stop; (*at)++) {
		uint64_t pte = recent->ptes[index_at(radix, *at, 0)];

		if (!pte)
			continue;
		*leaf = (struct pw_leaf){.first = *at, .pte = pte};
		return true;
	}
	return false;
}

/*
 * Go down from the topmost table to the first page from *at on. False when a
 * table on the way has none; then *at is behind that table.
 */
static bool next_below(const struct pw_radix *radix, uint64_t *at,
		       struct pw_leaf *leaf)
{
	uint64_t word = radix->top;

	for (unsigned h = radix->heights - 1;; h--) {
		unsigned wanted = index_at(radix, *at, h);
		unsigned index = wanted;
		uint64_t table = *at >> radix->shift[h + 1]
						<< radix->shift[h + 1];

		if (!table_next(radix, h, word, &index, &word)) {
			*at = table + ((uint64_t)1 << radix->shift[h + 1]);
			return false;
		}
		if (index != wanted)
			*at = table + ((uint64_t)index << radix->shift[h]);
		if ((word & TAG) == TAG_LEAF) {
			leaf->height = h;
			leaf->pte = pte_of(word);
			leaf->first = *at >> radix->shift[h] << radix->shift[h];
			return true;
		}
		PW_DEBUG_ASSERT(h > 0);
	}
}

bool pw_radix_next(void *state, uint64_t first, uint64_t end, uint64_t *page,
		   struct pw_leaf *leaf)
{
	struct pw_radix *radix = state;

	*leaf = (struct pw_leaf){0};
	while (first < end) {
		if (next_in_recent(radix, &first, end, leaf) ||
		    (first < end && next_below(radix, &first, leaf))) {
			*page = first;
			return first < end;
		}
	}
	return false;
}
