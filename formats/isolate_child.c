/*
 * isolate_child.c - the confined side: read a foreign file and tell of it.
 */
#include <errno.h>
#include <unistd.h>

#include "base/assert.h"
#include "formats/confine.h"
#include "formats/isolate_wire.h"

/* Beyond what the process has, and for each file of a folder. */
#define MEMORY_BYTES ((uint64_t)256 << 20)
#define MEMORY_BYTES_A_FILE ((uint64_t)1 << 20)

struct teller {
	const struct pw_isolate_child *child;
	const struct pw_reader_ops *ops;
	void *state;
	struct pw_trace_info info;
	size_t threads; /* told so far */
	size_t slot;	/* to be filled next */
	size_t filled;	/* slots that were filled and not given back */
	char *damage;	/* told last; NULL: none */
};

/* A reader that cannot tell has nobody to tell it to. */
static void tell(const struct teller *teller, const void *data, size_t bytes)
{
	const uint8_t *from = data;

	while (bytes > 0) {
		ssize_t n = write(teller->child->out, from, bytes);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			_exit(0);
		from += n;
		bytes -= (size_t)n;
	}
}

/* Wait until there is a slot to fill. */
static struct pw_isolate_slot *next_slot(struct teller *teller)
{
	struct pw_isolate_slot *slot = &teller->child->slots[teller->slot];

	if (teller->filled == PW_ISOLATE_SLOTS) {
		uint8_t byte;
		ssize_t n;

		do {
			n = read(teller->child->credits, &byte, 1);
		} while (n < 0 && errno == EINTR);
		if (n <= 0)
			_exit(0);
		teller->filled--;
	}
	teller->slot = (teller->slot + 1) % PW_ISOLATE_SLOTS;
	teller->filled++;
	return slot;
}

/* Tell the message and the threads that are new. */
static void tell_message(struct teller *teller,
			 struct pw_isolate_message *message)
{
	const struct pw_thread *threads = teller->info.threads;

	message->unknown = teller->info.unknown;
	message->threads = teller->info.thread_count - teller->threads;
	tell(teller, message, sizeof(*message));
	if (message->threads == 0)
		return;
	tell(teller, threads + teller->threads,
	     (size_t)message->threads * sizeof(*threads));
	teller->threads = teller->info.thread_count;
}

static _Noreturn void fail(struct teller *teller, const struct pw_error *err)
{
	struct pw_isolate_message message = {
		.kind = PW_ISOLATE_FAILED,
		.status = (uint32_t)err->status,
		.name_bytes = strlen(err->message),
		.text_bytes = strlen(err->hint),
	};

	teller->threads = teller->info.thread_count;
	tell_message(teller, &message);
	tell(teller, err->message, (size_t)message.name_bytes);
	tell(teller, err->hint, (size_t)message.text_bytes);
	_exit(0);
}

/* The damage if it has changed, else "". */
static const char *news_of_damage(struct teller *teller)
{
	const char *damage = teller->ops->damage(teller->state);

	if (!damage || (teller->damage && strcmp(damage, teller->damage) == 0))
		return "";
	free(teller->damage);
	teller->damage = strdup(damage);
	return damage;
}

static void tell_events(struct teller *teller, const struct pw_events *events)
{
	for (size_t i = 0; i < events->count; i++) {
		struct pw_isolate_event event = {
			.kind = events->kind[i],
			.result = events->result[i],
			.text_bytes = strlen(events->text[i]) + 1,
		};

		memcpy(event.arg, events->arg[i], sizeof(event.arg));
		tell(teller, &event, sizeof(event));
	}
	for (size_t i = 0; i < events->count; i++)
		tell(teller, events->text[i], strlen(events->text[i]) + 1);
}

/* Tell @count accesses of @batch from @from on, and @events behind them. */
static void tell_part(struct teller *teller, const struct pw_batch *batch,
		      size_t from, size_t count, const struct pw_events *events)
{
	const struct pw_accesses *a = &batch->accesses;
	const char *damage = news_of_damage(teller);
	struct pw_isolate_message message = {
		.kind = PW_ISOLATE_BATCH,
		.thread = batch->thread,
		.accesses = (uint32_t)count,
		.progress =
			(uint32_t)(teller->ops->progress(teller->state) * 1e6),
		.events = events->count,
		.text_bytes = strlen(damage),
	};

	for (size_t i = 0; i < events->count; i++)
		message.event_text_bytes += strlen(events->text[i]) + 1;
	if (count > 0) {
		struct pw_isolate_slot *slot = next_slot(teller);

		memcpy(slot->address, a->address + from, count * 8);
		memcpy(slot->pc, a->pc + from, count * 8);
		memcpy(slot->size_bytes, a->size_bytes + from, count * 4);
		memcpy(slot->kind, a->kind + from, count);
	}
	tell_message(teller, &message);
	tell_events(teller, events);
	tell(teller, damage, (size_t)message.text_bytes);
}

static void tell_batch(struct teller *teller, const struct pw_batch *batch)
{
	const struct pw_events none = {0};
	size_t from = 0;

	PW_ASSERT(batch->events.count <= PW_ISOLATE_EVENTS_MAX);
	while (batch->accesses.count - from > PW_ISOLATE_ACCESSES) {
		tell_part(teller, batch, from, PW_ISOLATE_ACCESSES, &none);
		from += PW_ISOLATE_ACCESSES;
	}
	tell_part(teller, batch, from, batch->accesses.count - from,
		  &batch->events);
}

static void tell_opened(struct teller *teller)
{
	const char *name = teller->ops->name;
	struct pw_isolate_message message = {
		.kind = PW_ISOLATE_OPENED,
		.name_bytes = strlen(name),
		.text_bytes = strlen(teller->info.metadata),
	};

	tell_message(teller, &message);
	tell(teller, name, (size_t)message.name_bytes);
	tell(teller, teller->info.metadata, (size_t)message.text_bytes);
}

static enum pw_status confine(const struct pw_isolate_child *child,
			      struct pw_error *err)
{
	const struct pw_array *files = &child->input->files;
	struct pw_confinement confinement = {
		.memory_bytes =
			MEMORY_BYTES + files->count * MEMORY_BYTES_A_FILE,
	};
	int *keep = malloc((files->count + 2) * sizeof(*keep));
	enum pw_status st;

	if (!keep)
		return pw_fail_memory(err, "a list of descriptors");
	for (size_t i = 0; i < files->count; i++)
		keep[i] = PW_ARRAY_AT(files, struct pw_input_file, i).fd;
	keep[files->count] = child->out;
	keep[files->count + 1] = child->credits;
	confinement.keep = keep;
	confinement.keep_count = files->count + 2;
	st = pw_confine(&confinement, err);
	free(keep);
	return st;
}

/* Read all, and tell of it as it comes. */
static enum pw_status read_all(struct teller *teller, struct pw_error *err)
{
	struct pw_isolate_message end = {.kind = PW_ISOLATE_END,
					 .progress = 1000000};
	bool more = true;
	const char *damage;

	tell_opened(teller);
	while (more) {
		struct pw_batch batch = {0};
		enum pw_status st = teller->ops->next(
			teller->state, &teller->info, &batch, &more, err);

		if (st != PW_OK)
			return st;
		if (more)
			tell_batch(teller, &batch);
	}
	damage = news_of_damage(teller);
	end.text_bytes = strlen(damage);
	tell_message(teller, &end);
	tell(teller, damage, (size_t)end.text_bytes);
	return PW_OK;
}

_Noreturn void pw_isolate_run(const struct pw_isolate_child *child)
{
	struct teller teller = {
		.child = child,
		.ops = child->ops,
		.info = {.path = child->input->path, .metadata = "{}"},
	};
	struct pw_error err;
	enum pw_status st = confine(child, &err);

	if (st == PW_OK && !teller.ops)
		st = pw_reader_select(&teller.ops, child->input,
				      child->options->format, &err);
	if (st == PW_OK)
		st = teller.ops->open(&teller.state, child->input,
				      child->options, &teller.info, &err);
	if (st == PW_OK)
		st = read_all(&teller, &err);
	if (st != PW_OK)
		fail(&teller, &err);
	_exit(0);
}
