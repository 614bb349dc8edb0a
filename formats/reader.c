/*
 * reader.c - the readers of readers.def, and which one knows a file.
 */
#include "formats/reader.h"

#include "base/assert.h"

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
