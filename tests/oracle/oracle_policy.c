/*
 * oracle_policy.c - names and memory policies of parts of an address space.
 *
 * Source: replay/MODEL.md, "Address space".
 */
#include <stdio.h>

#include "base/bits.h"
#include "tests/oracle/oracle_replay.h"

static void set_label(struct pw_oracle_replay *oracle,
		      struct pw_oracle_space *space,
		      const struct pw_event *event, uint64_t first,
		      uint64_t end)
{
	const char *text = event->text ? event->text : "";
	struct pw_oracle_mapping m;

	for (m = pw_oracle_part(space, first, end); m.first < end;
	     m = pw_oracle_part(space, m.end, end)) {
		struct pw_oracle_thing name = {.kind = PW_ORACLE_NAME};
		unsigned label = 0;

		if (!m.anonymous)
			return;
		snprintf(name.name, sizeof(name.name), "[%s:%.80s]",
			 m.shared ? "anon_shmem" : "anon", text);
		if (text[0])
			label = pw_oracle_thing_number(&oracle->things, &name);
		if (label == m.label)
			continue;
		m.label = label;
		pw_oracle_modify(oracle, space, &m);
	}
}

static void set_part(struct pw_oracle_replay *oracle,
		     struct pw_oracle_space *space, struct pw_oracle_mapping m,
		     const struct pw_oracle_thing *thing)
{
	unsigned policy = 0;

	if (thing->device != 0)
		policy = pw_oracle_thing_number(&oracle->things, thing);
	if (m.policy == policy)
		return;
	m.policy = policy;
	pw_oracle_modify(oracle, space, &m);
}

static void set_policy(struct pw_oracle_replay *oracle,
		       struct pw_oracle_space *space,
		       const struct pw_event *event, uint64_t first,
		       uint64_t end)
{
	struct pw_oracle_thing thing = {.kind = PW_ORACLE_POLICY,
					.device = event->arg[2],
					.inode = event->arg[3]};
	struct pw_oracle_mapping m;
	uint64_t kind = event->arg[2] & 0x1fff;

	if (kind == 0)
		thing.device = 0;
	if (kind == 4 || (kind == 1 && thing.inode == 0)) {
		thing.device = 4;
		thing.inode = 0;
	}
	if (kind == 1)
		while (thing.inode & (thing.inode - 1)) /* the lowest stays */
			thing.inode &= ~((uint64_t)1 << pw_log2(thing.inode));
	for (m = pw_oracle_part(space, first, end); m.first < end;
	     m = pw_oracle_part(space, m.end, end))
		set_part(oracle, space, m, &thing);
}

static void set_home(struct pw_oracle_replay *oracle,
		     struct pw_oracle_space *space,
		     const struct pw_event *event, uint64_t first, uint64_t end)
{
	struct pw_oracle_mapping m;

	for (m = pw_oracle_part(space, first, end); m.first < end;
	     m = pw_oracle_part(space, m.end, end)) {
		struct pw_oracle_thing thing;
		uint64_t kind;

		if (!m.policy)
			continue;
		thing = oracle->things.list[m.policy - 1];
		kind = thing.device & 0x1fff;
		if (kind != 2 && kind != 5)
			return;
		thing.handle = event->arg[2] + 1;
		set_part(oracle, space, m, &thing);
	}
}

void pw_oracle_mark_parts(struct pw_oracle_replay *oracle,
			  struct pw_oracle_space *space,
			  const struct pw_event *event, uint64_t first,
			  uint64_t end)
{
	bool failed = event->result >= (uint64_t)-4095;

	if (event->kind == PW_EVENT_home_node &&
	    (!failed || event->result == (uint64_t)-95))
		set_home(oracle, space, event, first, end);
	else if (event->kind == PW_EVENT_mbind && !failed)
		set_policy(oracle, space, event, first, end);
	else if (event->kind == PW_EVENT_prctl && !failed &&
		 event->arg[0] == 0x53564d41 && event->arg[1] == 0)
		set_label(oracle, space, event, first, end);
}
