/*
 * fuzz_source.c - any bytes at all to the unpackers.
 */
#include <sys/mman.h>
#include <unistd.h>

#include "base/assert.h"
#include "formats/source.h"

/* Small inputs may unpack to much; this much shows all there is to see. */
#define READS_MAX 4096
#define READ_BYTES 4096

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
	static uint8_t unpacked[READ_BYTES];
	char name[] = "fuzz";
	struct pw_input_file file = {name, memfd_create("fuzz", MFD_CLOEXEC),
				     bytes};
	struct pw_source *source;
	struct pw_error err;
	size_t got = sizeof(unpacked);

	PW_ASSERT(file.fd >= 0);
	PW_ASSERT(bytes == 0 || write(file.fd, data, bytes) == (ssize_t)bytes);
	PW_ASSERT(pw_source_open(&source, &file, &err) == PW_OK);
	for (size_t i = 0; i < READS_MAX && got == sizeof(unpacked); i++)
		PW_ASSERT(pw_source_read(source, unpacked, sizeof(unpacked),
					 &got, &err) == PW_OK);
	PW_ASSERT(pw_source_used(source) <= bytes);
	PW_ASSERT(!pw_source_problem(source) || pw_source_problem(source)[0]);
	pw_source_close(source);
	close(file.fd);
	return 0;
}
