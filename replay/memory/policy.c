/*
 * policy.c - memory policies: on which nodes pages shall be.
 */
#include "replay/memory/policy.h"

#include <stdio.h>

#include "base/assert.h"
#include "base/bits.h"

/* Linux include/uapi/linux/mempolicy.h. */
#define MODE_PREFERRED 1
#define MODE_BIND 2
#define MODE_LOCAL 4
#define MODE_PREFERRED_MANY 5
#define FLAG_STATIC 0x8000
#define FLAG_RELATIVE 0x4000
#define FLAG_BALANCING 0x2000
#define FLAGS ((uint64_t)(FLAG_STATIC | FLAG_RELATIVE | FLAG_BALANCING))

#define NODES 64

struct pw_policy pw_policy_of(uint64_t mode, uint64_t nodes)
{
	struct pw_policy policy = {.mode = mode & UINT32_MAX, .nodes = nodes};

	switch (policy.mode & ~FLAGS) {
	case 0:
		return (struct pw_policy){0};
	case MODE_PREFERRED:
		if (nodes == 0)
			return (struct pw_policy){.mode = MODE_LOCAL};
		policy.nodes = nodes & (0 - nodes);
		return policy;
	case MODE_LOCAL:
		return (struct pw_policy){.mode = MODE_LOCAL};
	default:
		return policy;
	}
}

bool pw_policy_may_have_home(const struct pw_policy *policy)
{
	uint64_t mode = policy->mode & ~FLAGS;

	return mode == MODE_BIND || mode == MODE_PREFERRED_MANY;
}

struct pw_policy pw_policy_at(const struct pw_backings *backings,
			      uint32_t number)
{
	const struct pw_backing *backing = pw_backings_at(backings, number);

	if (!backing)
		return (struct pw_policy){0};
	PW_ASSERT(backing->kind == PW_BACKING_POLICY);
	return (struct pw_policy){.mode = backing->device,
				  .nodes = backing->inode,
				  .home = backing->handle};
}

/* The first node from @at on whose bit is @in, or NODES. */
static unsigned next_node(uint64_t nodes, unsigned at, bool in)
{
	while (at < NODES && (nodes >> at & 1) != in)
		at++;
	return at;
}

/* "0,2-5", as bitmap_list_string writes it. */
static size_t write_nodes(uint64_t nodes, char *text, size_t bytes)
{
	unsigned first = next_node(nodes, 0, true);
	size_t used = 0;

	while (first < NODES) {
		unsigned end = next_node(nodes, first, false);

		used += (size_t)snprintf(text + used, bytes - used, "%c%u",
					 used ? ',' : ':', first);
		if (end > first + 1)
			used += (size_t)snprintf(text + used, bytes - used,
						 "-%u", end - 1);
		PW_ASSERT(used < bytes);
		first = next_node(nodes, end, true);
	}
	return used;
}

void pw_policy_text(const struct pw_policy *policy,
		    char text[PW_POLICY_TEXT_BYTES])
{
	static const char *const names[] = {"default",
					    "prefer",
					    "bind",
					    "interleave",
					    "local",
					    "prefer (many)",
					    "weighted interleave"};
	static const char *const kinds[] = {"", "=relative", "=static",
					    "=static"};
	uint64_t mode = policy->mode & ~FLAGS;
	bool balancing = policy->mode & FLAG_BALANCING;
	const char *kind = kinds[policy->mode / FLAG_RELATIVE & 3];
	size_t used;

	if (mode >= PW_COUNT(names))
		mode = 0;
	used = (size_t)snprintf(text, PW_POLICY_TEXT_BYTES, "%s%s%s%s",
				names[mode], kind,
				!balancing ? ""
				: *kind	   ? "|"
					   : "=",
				balancing ? "balancing" : "");
	PW_ASSERT(used < PW_POLICY_TEXT_BYTES);
	used += write_nodes(policy->nodes, text + used,
			    PW_POLICY_TEXT_BYTES - used);
	PW_ASSERT(used < PW_POLICY_TEXT_BYTES);
}
