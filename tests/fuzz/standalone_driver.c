/*
 * standalone_driver.c - replay the files of a directory through a fuzz target,
 * where libFuzzer is not built in.
 */
#include <dirent.h>
#include <stddef.h>
#include <stdint.h>

#include "base/file.h"

#define FILE_BYTES_MAX ((size_t)64 << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

static int replay(const char *folder, const char *name)
{
	struct pw_error err;
	char path[4096];
	size_t bytes;
	char *data;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	if (pw_file_read(path, FILE_BYTES_MAX, &data, &bytes, &err) != PW_OK) {
		fprintf(stderr, "%s\n", err.message);
		return -1;
	}
	LLVMFuzzerTestOneInput((const uint8_t *)data, bytes);
	free(data);
	return 0;
}

int main(int count, char **words)
{
	struct dirent *entry;
	size_t files = 0;
	DIR *folder;

	if (count != 2) {
		fprintf(stderr, "usage: %s DIRECTORY\n", words[0]);
		return 64;
	}
	folder = opendir(words[1]);
	if (!folder) {
		perror(words[1]);
		return 64;
	}
	while ((entry = readdir(folder))) {
		if (entry->d_name[0] == '.')
			continue;
		if (replay(words[1], entry->d_name) != 0) {
			closedir(folder);
			return 1;
		}
		files++;
	}
	closedir(folder);
	printf("%zu files\n", files);
	return files > 0 ? 0 : 1;
}
