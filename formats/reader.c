/*
 * reader.c - the readers of readers.def, and which one knows a file.
 */
#include "formats/reader.h"

#include <errno.h>
#include <unistd.h>

#include "base/assert.h"
#include "formats/source.h"

/* Of a file, to know it by. */
#define HEAD_BYTES 4096

#define PW_READER(name) extern const struct pw_reader_ops pw_reader_##name;
#include "formats/readers.def"
#undef PW_READER

static const struct pw_reader_ops *const readers[] = {
#define PW_READER(name) &pw_reader_##name,
#include "formats/readers.def"
#undef PW_READER
};

const struct pw_reader_ops *pw_reader_at(size_t index)
{
	return index < PW_COUNT(readers) ? readers[index] : NULL;
}

const struct pw_reader_ops *pw_reader_find(const char *name)
{
	for (size_t i = 0; i < PW_COUNT(readers); i++)
		if (strcmp(readers[i]->name, name) == 0)
			return readers[i];
	return NULL;
}

const struct pw_reader_ops *pw_reader_probe(const uint8_t *head,
					    size_t head_bytes)
{
	const struct pw_reader_ops *best = NULL;
	int most = 0;

	for (size_t i = 0; i < PW_COUNT(readers); i++) {
		int sure = readers[i]->probe(head, head_bytes);

		PW_ASSERT(sure >= 0 && sure <= 100);
		if (sure > most) {
			most = sure;
			best = readers[i];
		}
	}
	return best;
}

/* Only our own readers look at bytes that may be anybody's. */
const struct pw_reader_ops *pw_reader_own(const struct pw_input *input,
					  const char *format)
{
	uint8_t head[HEAD_BYTES];
	ssize_t got;

	if (input->folder)
		return NULL;
	got = pread(PW_ARRAY_AT(&input->files, struct pw_input_file, 0).fd,
		    head, sizeof(head), 0);
	for (size_t i = 0; i < PW_COUNT(readers); i++) {
		const struct pw_reader_ops *ops = readers[i];

		if (!ops->own)
			continue;
		if (format ? strcmp(format, ops->name) == 0
			   : got > 0 && ops->probe(head, (size_t)got) > 0)
			return ops;
	}
	return NULL;
}

static enum pw_status probe_file(const struct pw_reader_ops **ops,
				 const struct pw_input_file *file,
				 struct pw_error *err)
{
	uint8_t head[HEAD_BYTES];
	struct pw_source *source;
	size_t bytes = 0;
	enum pw_status st = pw_source_open(&source, file, err);

	if (st == PW_OK)
		st = pw_source_read(source, head, sizeof(head), &bytes, err);
	if (st == PW_OK)
		*ops = pw_reader_probe(head, bytes);
	pw_source_close(source);
	return st;
}

/* The reader of the first file that one knows. */
static enum pw_status choose(const struct pw_reader_ops **ops,
			     const struct pw_input *input, struct pw_error *err)
{
	enum pw_status st = PW_OK;

	*ops = NULL;
	for (size_t i = 0; st == PW_OK && i < input->files.count && !*ops;
	     i++) {
		st = probe_file(
			ops,
			&PW_ARRAY_AT(&input->files, struct pw_input_file, i),
			err);
		if (*ops && input->folder && !(*ops)->folders)
			*ops = NULL;
	}
	return st;
}

static enum pw_status hint_formats(struct pw_error *err)
{
	char names[256] = "";
	size_t used = 0;

	for (size_t i = 0; i < PW_COUNT(readers); i++) {
		int length =
			snprintf(names + used, sizeof(names) - used, "%s%s",
				 i > 0 ? ", " : "", readers[i]->name);

		if (length < 0 || (size_t)length >= sizeof(names) - used)
			break;
		used += (size_t)length;
	}
	return pw_hint(err, "known formats: %s", names);
}

static enum pw_status not_known(const struct pw_input *input,
				struct pw_error *err)
{
	if (input->folder)
		return pw_fail_errno(err, PW_ERR_USAGE, EISDIR,
				     "%s: cannot open", input->path);
	pw_fail(err, PW_ERR_FORMAT, "%s: %s", input->path,
		pw_input_bytes(input) == 0 ? "an empty file"
					   : "not a trace of a known format");
	return hint_formats(err);
}

enum pw_status pw_reader_select(const struct pw_reader_ops **ops,
				const struct pw_input *input,
				const char *format, struct pw_error *err)
{
	if (!format) {
		enum pw_status st = choose(ops, input, err);

		return st != PW_OK || *ops ? st : not_known(input, err);
	}
	*ops = pw_reader_find(format);
	if (!*ops) {
		pw_fail(err, PW_ERR_USAGE, "%s: no such format", format);
		return hint_formats(err);
	}
	if (input->folder && !(*ops)->folders)
		return pw_fail(err, PW_ERR_USAGE,
			       "%s: a trace of format %s is a file, not a "
			       "folder",
			       input->path, format);
	return PW_OK;
}
