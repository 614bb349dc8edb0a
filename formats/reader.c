/*
 * reader.c - the readers of readers.def, and which one knows a file.
 */
#include "formats/reader.h"

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

enum pw_status pw_reader_choose(const struct pw_reader_ops **ops,
				const struct pw_input *input,
				struct pw_error *err)
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
