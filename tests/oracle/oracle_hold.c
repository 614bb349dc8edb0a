/*
 * oracle_hold.c - files that have no names, and who has them open.
 *
 * Source: replay/MODEL.md, "Page cache".
 */
#include "base/assert.h"
#include "tests/oracle/oracle_replay.h"

void pw_oracle_hold(const struct pw_oracle_replay *oracle,
		    struct pw_oracle_object *object)
{
	object->holder[oracle->process] = true;
}

void pw_oracle_unname(struct pw_oracle_replay *oracle,
		      const struct pw_event *event)
{
	struct pw_oracle_object *object;

	if (event->arg[1] == 0)
		return;
	object = pw_oracle_object_named(&oracle->objects, event->arg[0],
					event->arg[1], "", false, 0);
	object->unnamed = true;
	object->holder[oracle->process] = event->arg[2] != 0;
}

void pw_oracle_hold_inherited(const struct pw_oracle_replay *oracle,
			      uint32_t child)
{
	for (size_t i = 0; i < oracle->objects.count; i++) {
		struct pw_oracle_object *object = oracle->objects.object[i];

		if (object->unnamed && object->holder[oracle->process])
			object->holder[child] = true;
	}
}

void pw_oracle_hold_nothing(const struct pw_oracle_replay *oracle,
			    uint32_t process)
{
	for (size_t i = 0; i < oracle->objects.count; i++)
		oracle->objects.object[i]->holder[process] = false;
}

static bool is_in_use(const struct pw_oracle_replay *oracle,
		      const struct pw_oracle_object *object)
{
	for (size_t i = 0; i < PW_ORACLE_PROCESSES_MAX; i++) {
		const struct pw_oracle_space *space = oracle->space[i];

		if (object->holder[i])
			return true;
		for (size_t j = 0; space && j < space->mappings; j++)
			if (space->mapping[j].object == object)
				return true;
	}
	return false;
}

/* A segment that is gone is promised to nobody. */
static void discharge(struct pw_oracle_replay *oracle,
		      const struct pw_oracle_object *object)
{
	for (size_t i = 0; i < oracle->things.count; i++) {
		struct pw_oracle_thing *thing = &oracle->things.list[i];

		if (thing->kind == PW_ORACLE_SEGMENT && object->device == 0 &&
		    thing->inode == object->inode)
			thing->charged = 0;
	}
}

void pw_oracle_forget_files(struct pw_oracle_replay *oracle)
{
	for (size_t i = 0; i < oracle->objects.count; i++) {
		struct pw_oracle_object *object = oracle->objects.object[i];

		/* Of memory that never had a name nobody will ask again. */
		bool lost = object->named ? object->unnamed : object->helds > 0;

		if (!lost || is_in_use(oracle, object))
			continue;
		pw_oracle_take_out(&oracle->objects, object, 0,
				   oracle->objects.end, false);
		if (object->named)
			discharge(oracle, object);
		object->unnamed = object->emptied = object->listed = false;
		object->bytes = 0;
	}
}
