/*
 * unpacker.h - a packing that foreign traces come in, as gzip.
 *
 * To add one: write formats/unpackers/unpacker_<name>.c with a
 * "const struct pw_unpacker_ops pw_unpacker_<name>" and one line
 * PW_UNPACKER(<name>) in formats/unpackers.def.
 *
 * An unpacker holds no file: it is fed what was read and fills what it is
 * given, as much as goes (formats/source.h).
 */
#ifndef PW_FORMATS_UNPACKER_H
#define PW_FORMATS_UNPACKER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct pw_unpack {
	const uint8_t *in; /* moves on over what was used */
	size_t in_bytes;
	uint8_t *out; /* moves on over what was filled */
	size_t out_bytes;
	bool last;	     /* nothing comes after in_bytes */
	bool whole;	     /* set: the packed data may end here */
	bool over;	     /* set: what follows does not belong to it */
	const char *problem; /* set when the data makes no sense */
};

struct pw_unpacker_ops {
	const char *name;
	const char *source;   /* where the packing is defined */
	const uint8_t *magic; /* what it begins with */
	size_t magic_bytes;
	/* The state, or NULL without memory. */
	void *(*open)(void);
	/*
	 * Use and fill what can be; use or fill something unless more input is
	 * needed or the data ends here.
	 */
	void (*unpack)(void *state, struct pw_unpack *io);
	void (*close)(void *state);
};

/*
 * The unpacker of data that begins with these bytes, or NULL.
 */
const struct pw_unpacker_ops *pw_unpacker_find(const uint8_t *head,
					       size_t head_bytes);

#endif
