/*
 * vma.c - when mappings are one, and how their flags are written.
 */
#include "replay/memory/vma.h"

#include "base/assert.h"
#include "base/bits.h"
#include "base/status.h"

/* Whether pages of their own keep @beside and @middle apart. */
static bool anon_vmas_agree(const struct pw_mapping *beside,
			    const struct pw_mapping *middle)
{
	if (!beside->anon_vma && middle->anon_vma)
		return !middle->forked;
	if (beside->anon_vma && !middle->anon_vma)
		return !beside->forked;
	return beside->anon_vma == middle->anon_vma;
}

bool pw_vma_can_join(const struct pw_mapping *beside,
		     const struct pw_mapping *middle)
{
	PW_DEBUG_ASSERT(beside != middle);
	return !(middle->flags & PW_VM_SPECIAL) &&
	       !((beside->flags ^ middle->flags) & ~PW_VM_STICKY) &&
	       beside->backing == middle->backing &&
	       beside->label == middle->label &&
	       beside->policy == middle->policy &&
	       beside->file_bias == middle->file_bias &&
	       anon_vmas_agree(beside, middle);
}

bool pw_vma_can_meet(const struct pw_mapping *left,
		     const struct pw_mapping *right)
{
	return !left->anon_vma || !right->anon_vma ||
	       left->anon_vma == right->anon_vma;
}

bool pw_vma_can_share(const struct pw_mapping *beside,
		      const struct pw_mapping *mapping)
{
	return beside->anon_vma && !beside->forked &&
	       !((beside->flags ^ mapping->flags) &
		 ~(PW_VM_ACCESS | PW_VM_STICKY)) &&
	       beside->backing == mapping->backing &&
	       beside->policy == mapping->policy &&
	       beside->file_bias == mapping->file_bias;
}

static const struct {
	uint64_t flag;
	char name[3];
} names[] = {
	{PW_VM_READ, "rd"},	    {PW_VM_WRITE, "wr"},
	{PW_VM_EXEC, "ex"},	    {PW_VM_SHARED, "sh"},
	{PW_VM_MAYREAD, "mr"},	    {PW_VM_MAYWRITE, "mw"},
	{PW_VM_MAYEXEC, "me"},	    {PW_VM_MAYSHARE, "ms"},
	{PW_VM_GROWSDOWN, "gd"},    {PW_VM_PFNMAP, "pf"},
	{PW_VM_MAYBE_GUARD, "gu"},  {PW_VM_LOCKED, "lo"},
	{PW_VM_IO, "io"},	    {PW_VM_SEQ_READ, "sr"},
	{PW_VM_RAND_READ, "rr"},    {PW_VM_DONTCOPY, "dc"},
	{PW_VM_DONTEXPAND, "de"},   {PW_VM_LOCKONFAULT, "lf"},
	{PW_VM_ACCOUNT, "ac"},	    {PW_VM_NORESERVE, "nr"},
	{PW_VM_HUGETLB, "ht"},	    {PW_VM_SYNC, "sf"},
	{PW_VM_WIPEONFORK, "wf"},   {PW_VM_DONTDUMP, "dd"},
	{PW_VM_MIXEDMAP, "mm"},	    {PW_VM_HUGEPAGE, "hg"},
	{PW_VM_NOHUGEPAGE, "nh"},   {PW_VM_MERGEABLE, "mg"},
	{PW_VM_SHADOW_STACK, "ss"}, {PW_VM_DROPPABLE, "dp"},
	{PW_VM_SEALED, "sl"},
};

void pw_vma_flags_text(uint64_t flags, char text[PW_VMA_TEXT_BYTES])
{
	size_t used = 0;

	for (size_t i = 0; i < PW_COUNT(names); i++) {
		if (!(flags & names[i].flag))
			continue;
		PW_ASSERT(used + 4 <= PW_VMA_TEXT_BYTES);
		if (used > 0)
			text[used++] = ' ';
		memcpy(text + used, names[i].name, 2);
		used += 2;
	}
	text[used] = '\0';
}
