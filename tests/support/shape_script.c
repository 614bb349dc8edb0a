/*
 * shape_script.c - runs of a script's accesses as shapes, by plain search.
 */
#include "tests/support/shape_script.h"

#include "base/random.h"
#include "formats/lane.h"
#include "tests/support/pw_test.h"

#define SLOTS_MAX 6

struct known {
	size_t count;
	uint64_t pc[SLOTS_MAX];
	uint32_t size[SLOTS_MAX];
	uint8_t kind[SLOTS_MAX];
};

struct sender {
	struct pw_random random;
	struct pw_writer *writer;
	struct known *known;
	uint32_t shapes;
	uint64_t segment_accesses;
	uint64_t accesses; /* sent */
};

static struct known make_shape(const struct pw_script_item *item, size_t count)
{
	struct known shape;

	memset(&shape, 0, sizeof(shape));
	shape.count = count;
	for (size_t i = 0; i < count; i++) {
		shape.pc[i] = item[i].pc;
		shape.size[i] = item[i].size_bytes;
		shape.kind[i] = (uint8_t)item[i].kind;
		if (item[i].address == item[i].pc)
			shape.kind[i] |= PW_SHAPE_AT_PC;
	}
	return shape;
}

/* The index of a shape, which is declared when it is new. */
static enum pw_status find_shape(struct sender *sender,
				 const struct known *wanted, uint32_t *index,
				 struct pw_error *err)
{
	struct pw_shape shape = {wanted->count, wanted->pc, wanted->size,
				 wanted->kind};

	for (*index = 0; *index < sender->shapes; ++*index)
		if (memcmp(&sender->known[*index], wanted, sizeof(*wanted)) ==
		    0)
			return PW_OK;
	sender->known = realloc(sender->known,
				((size_t)sender->shapes + 1) * sizeof(*wanted));
	assert_non_null(sender->known);
	sender->known[sender->shapes++] = *wanted;
	return pw_writer_shape(sender->writer, &shape, index, err);
}

static enum pw_status send_shape(struct sender *sender,
				 const struct pw_script_item *item,
				 size_t count, struct pw_error *err)
{
	struct known shape = make_shape(item, count);
	uint64_t address[SLOTS_MAX];
	struct pw_lane *lane;
	enum pw_status st;
	size_t stored = 0;
	uint32_t index;

	for (size_t i = 0; i < count; i++)
		if (!(shape.kind[i] & PW_SHAPE_AT_PC))
			address[stored++] = item[i].address;
	st = find_shape(sender, &shape, &index, err);
	if (st == PW_OK)
		st = pw_writer_lane_begin(sender->writer, item->thread, &lane,
					  err);
	if (st != PW_OK)
		return st;
	(void)pw_lane_execute(lane, index, address);
	return pw_writer_lane_end(sender->writer, err);
}

/* How many of the next accesses go together. */
static size_t choose_run(struct sender *sender, const struct pw_script *script,
			 size_t at)
{
	const struct pw_script_item *item = &script->item[at];
	size_t wanted =
		(size_t)(1 + pw_random_below(&sender->random, SLOTS_MAX));
	size_t run = 1;

	while (run < wanted && at + run < script->count && !item[run].event &&
	       item[run].thread == item->thread &&
	       (sender->accesses + run) % sender->segment_accesses != 0)
		run++;
	return run;
}

/* Send @count items as they are. */
static enum pw_status send_plain(struct sender *sender,
				 const struct pw_script_item *item,
				 size_t count, struct pw_error *err)
{
	struct pw_script part = {.count = count};
	enum pw_status st;

	part.item = malloc(count * sizeof(*item));
	assert_non_null(part.item);
	memcpy(part.item, item, count * sizeof(*item));
	st = pw_script_send(&part, sender->writer, err);
	pw_script_free(&part);
	return st;
}

enum pw_status pw_shape_script_send(const struct pw_script *script,
				    uint64_t segment_accesses,
				    struct pw_writer *writer,
				    struct pw_error *err)
{
	struct pw_script threads = {.threads = script->threads};
	struct sender sender = {.writer = writer,
				.segment_accesses = segment_accesses};
	enum pw_status st = pw_script_send(&threads, writer, err);
	size_t at = 0;

	pw_random_seed(&sender.random, 5);
	while (at < script->count && st == PW_OK) {
		const struct pw_script_item *item = &script->item[at];
		size_t run = item->event ? 1 : choose_run(&sender, script, at);

		if (item->event || pw_random_below(&sender.random, 4) == 0)
			st = send_plain(&sender, item, run, err);
		else
			st = send_shape(&sender, item, run, err);
		if (!item->event)
			sender.accesses += run;
		at += run;
	}
	free(sender.known);
	return st;
}

void pw_shape_script_write(const struct pw_script *script, const char *path,
			   const struct pw_writer_options *options)
{
	struct pw_error err = {0};
	struct pw_writer *writer;

	PW_TEST_OK(pw_writer_open(&writer, path, options, &err), &err);
	PW_TEST_OK(pw_shape_script_send(script, options->segment_accesses,
					writer, &err),
		   &err);
	PW_TEST_OK(pw_writer_close(writer, &err), &err);
}

void pw_dense_script_write(const struct pw_script *script, const char *path,
			   const struct pw_writer_options *options)
{
	struct pw_writer_options dense = *options;

	dense.dense = true;
	pw_shape_script_write(script, path, &dense);
}
