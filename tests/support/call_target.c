/*
 * call_target.c - system calls of a target that is not there.
 */
#include "tests/support/call_target.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "capture/call_table.h"
#include "tests/support/pw_test.h"

static size_t read_memory(void *state, uint64_t address, void *buffer,
			  size_t bytes)
{
	struct call_target *target = state;
	uint64_t start = address - TARGET_BASE;

	if (start >= TARGET_BYTES)
		return 0;
	if (bytes > TARGET_BYTES - start)
		bytes = (size_t)(TARGET_BYTES - start);
	memcpy(buffer, target->memory + start, bytes);
	return bytes;
}

static void file_behind(void *state, int fd, struct pw_call_file *out)
{
	const struct call_target *target = state;

	out->device = 8;
	out->inode = 0x100 + (uint64_t)fd;
	out->bytes = 0x1234;
	out->links = target->links;
	out->regular = target->regular;
	out->discards = target->discards;
	snprintf(out->path, sizeof(out->path), "/file%d", fd);
	if (target->path)
		snprintf(out->path, sizeof(out->path), "%s", target->path);
}

static uint64_t offset_of(void *state, int fd)
{
	(void)fd;
	return ((struct call_target *)state)->offset;
}

static uint64_t process_of(void *state, int fd)
{
	(void)state;
	return 0x500 + (uint64_t)(fd < 0 ? 0 : fd);
}

static void file_at(void *state, int dirfd, const char *path, bool follow,
		    struct pw_call_file *out)
{
	const struct call_target *target = state;

	(void)dirfd;
	(void)follow;
	out->device = 8;
	out->inode = 0x200 + strlen(path);
	out->links = target->links;
	out->regular = target->regular;
}

static bool is_open(void *state, uint64_t device, uint64_t inode)
{
	assert_int_equal(device, 8);
	assert_true(inode >= 0x100);
	return ((const struct call_target *)state)->open;
}

static uint64_t mapping_at(void *state, uint64_t address)
{
	(void)address;
	return ((struct call_target *)state)->mapping_bytes;
}

static void tell(struct call_target *target, const char *format, ...)
	PW_PRINTF(2, 3);

static void tell(struct call_target *target, const char *format, ...)
{
	size_t room = sizeof(target->told) - target->used;
	va_list list;
	int bytes;

	va_start(list, format);
	bytes = vsnprintf(target->told + target->used, room, format, list);
	va_end(list);
	assert_true(bytes >= 0 && (size_t)bytes < room);
	target->used += (size_t)bytes;
}

static void tell_number(struct call_target *target, uint64_t number)
{
	if (number - TARGET_BASE < TARGET_BYTES)
		tell(target, "@%" PRIx64, number - TARGET_BASE);
	else if (number > UINT64_MAX - 4096)
		tell(target, "-%" PRIx64, 0 - number);
	else
		tell(target, "%" PRIx64, number);
}

static void tell_event(void *state, const struct pw_event *event)
{
	struct call_target *target = state;
	size_t count = PW_EVENT_ARGS;

	while (count > 0 && event->arg[count - 1] == 0)
		count--;
	tell(target, " %s(", pw_event_info(event->kind)->name);
	for (size_t i = 0; i < count; i++) {
		tell(target, i == 0 ? "" : ",");
		tell_number(target, event->arg[i]);
	}
	tell(target, ")=");
	tell_number(target, event->result);
	if (event->text && *event->text)
		tell(target, " %s", event->text);
}

static void tell_access(void *state, uint64_t address, uint64_t bytes,
			bool store)
{
	tell(state, " %c%" PRIx64 "+%" PRIu64, store ? 'S' : 'L',
	     address - TARGET_BASE, bytes);
}

static const struct pw_call_ops ops = {
	.read = read_memory,
	.file = file_behind,
	.offset = offset_of,
	.pid = process_of,
	.path = file_at,
	.open = is_open,
	.mapping_bytes = mapping_at,
	.event = tell_event,
	.access = tell_access,
};

static struct pw_call call_of(const struct call_target *target, unsigned id,
			      int64_t result, const uint64_t *arg)
{
	struct pw_call call = {.machine = target->machine,
			       .id = id,
			       .result = (uint64_t)result};
	const struct pw_call_row *row = pw_call_row(id);

	memcpy(call.arg, arg, sizeof(call.arg));
	if (row)
		call.number = (uint64_t)row->number[target->machine];
	else
		call.number = 4000;
	return call;
}

void call_target_enter(struct call_target *target, unsigned id,
		       const uint64_t *arg)
{
	struct pw_call call = call_of(target, id, 0, arg);

	target->used = 0;
	target->told[0] = '\0';
	pw_call_enter(&call, &target->scratch, &ops, target);
}

const char *call_target_leave(struct call_target *target, unsigned id,
			      int64_t result, const uint64_t *arg)
{
	struct pw_call call = call_of(target, id, result, arg);

	pw_call_leave(&call, &target->scratch, &ops, target);
	return target->used == 0 ? "" : target->told + 1;
}

const char *call_target_make(struct call_target *target, unsigned id,
			     int64_t result, const uint64_t *arg)
{
	call_target_enter(target, id, arg);
	return call_target_leave(target, id, result, arg);
}

void call_target_words(struct call_target *target, size_t offset,
		       const uint64_t *words, size_t count)
{
	memcpy(target->memory + offset, words, count * sizeof(words[0]));
}

void call_target_text(struct call_target *target, size_t offset,
		      const char *text)
{
	memcpy(target->memory + offset, text, strlen(text) + 1);
}
