/*
 * cpuid.c - ask a processor, or read what another one said.
 */
#include "replay/machine/cpuid.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/assert.h"

#ifdef __x86_64__
#include <cpuid.h>
#endif

#define BRAND_LEAF 0x80000002U
#define PARTS_MAX 64 /* sub-leaves asked for */

const uint32_t *pw_cpuid_find(const struct pw_cpuid *cpuid, uint32_t leaf,
			      uint32_t part)
{
	PW_ASSERT(cpuid->count <= PW_CPUID_LEAVES_MAX);
	for (size_t i = 0; i < cpuid->count; i++)
		if (cpuid->leaf[i].leaf == leaf && cpuid->leaf[i].part == part)
			return cpuid->leaf[i].value;
	return NULL;
}

/* Keep the first values of each leaf. */
static void keep(struct pw_cpuid *cpuid, const struct pw_cpuid_leaf *leaf)
{
	if (cpuid->count < PW_CPUID_LEAVES_MAX &&
	    !pw_cpuid_find(cpuid, leaf->leaf, leaf->part))
		cpuid->leaf[cpuid->count++] = *leaf;
}

#ifdef __x86_64__
static void ask(struct pw_cpuid *cpuid, uint32_t number, uint32_t part)
{
	struct pw_cpuid_leaf leaf = {.leaf = number, .part = part};

	__cpuid_count(number, part, leaf.value[PW_EAX], leaf.value[PW_EBX],
		      leaf.value[PW_ECX], leaf.value[PW_EDX]);
	keep(cpuid, &leaf);
}

enum pw_status pw_cpuid_ask(struct pw_cpuid *cpuid, struct pw_error *err)
{
	static const uint32_t ranges[] = {0, 0x80000000U};

	(void)err;
	cpuid->count = 0;
	for (size_t i = 0; i < PW_COUNT(ranges); i++) {
		uint32_t last = (uint32_t)__get_cpuid_max(ranges[i], NULL);

		for (uint32_t leaf = ranges[i];
		     leaf <= last && leaf - ranges[i] < PARTS_MAX; leaf++)
			ask(cpuid, leaf, 0);
	}
	if (pw_cpuid_find(cpuid, 0x18, 0)) {
		uint32_t last = pw_cpuid_find(cpuid, 0x18, 0)[PW_EAX];

		for (uint32_t part = 1; part <= last && part < PARTS_MAX;
		     part++)
			ask(cpuid, 0x18, part);
	}
	return PW_OK;
}
#else
enum pw_status pw_cpuid_ask(struct pw_cpuid *cpuid, struct pw_error *err)
{
	cpuid->count = 0;
	(void)pw_fail(err, PW_ERR_USAGE, "this is no x86 processor");
	return pw_hint(err, "give a CPUID dump of one as a file");
}
#endif

/* ---- dumps ---- */

/* A number in base 16 at *text, which goes on behind it. */
static bool read_hex(const char **text, uint32_t *value)
{
	unsigned long long number;
	char *end;

	if (!isxdigit((unsigned char)**text))
		return false;
	errno = 0;
	number = strtoull(*text, &end, 16);
	if (errno || number > UINT32_MAX)
		return false;
	*text = end;
	*value = (uint32_t)number;
	return true;
}

static bool skip(const char **text, const char *word)
{
	size_t bytes = strlen(word);

	if (strncmp(*text, word, bytes) != 0)
		return false;
	*text += bytes;
	return true;
}

/* "CPUID 00000004: 1C004121-01C0003F-0000003F-00000000 [SL 00]" */
static bool read_dashes(const char *line, struct pw_cpuid_leaf *leaf)
{
	const char *part;

	*leaf = (struct pw_cpuid_leaf){0};
	if (!skip(&line, "CPUID ") || !read_hex(&line, &leaf->leaf) ||
	    !skip(&line, ": "))
		return false;
	for (size_t i = 0; i < PW_REGISTERS; i++)
		if ((i > 0 && !skip(&line, "-")) ||
		    !read_hex(&line, &leaf->value[i]))
			return false;
	part = line + strcspn(line, "[\r\n");
	return !skip(&part, "[SL ") || read_hex(&part, &leaf->part);
}

/* "   0x00000004 0x00: eax=0x1c004121 ebx=0x01c0003f ecx=... edx=..." */
static bool read_names(const char *line, struct pw_cpuid_leaf *leaf)
{
	static const char *const names[] = {" eax=", " ebx=", " ecx=", " edx="};

	*leaf = (struct pw_cpuid_leaf){0};
	line += strspn(line, " ");
	if (!read_hex(&line, &leaf->leaf))
		return false;
	line += strspn(line, " ");
	if (!read_hex(&line, &leaf->part) || !skip(&line, ":"))
		return false;
	for (size_t i = 0; i < PW_COUNT(names); i++)
		if (!skip(&line, names[i]) || !read_hex(&line, &leaf->value[i]))
			return false;
	return true;
}

enum pw_status pw_cpuid_parse(struct pw_cpuid *cpuid, const char *name,
			      const char *text, struct pw_error *err)
{
	cpuid->count = 0;
	while (*text) {
		struct pw_cpuid_leaf leaf;

		if (read_dashes(text, &leaf) || read_names(text, &leaf))
			keep(cpuid, &leaf);
		text += strcspn(text, "\n");
		text += *text == '\n';
	}
	if (cpuid->count > 0)
		return PW_OK;
	(void)pw_fail(err, PW_ERR_USAGE, "%s: no CPUID dump", name);
	return pw_hint(err, "lines are expected as \"CPUID 00000002: "
			    "00FEFF01-...\" or as \"cpuid -r\" prints them");
}

/* ---- names ---- */

/* Append the bytes of @value as they lie in memory. */
static size_t spell(char *buffer, size_t used, uint32_t value)
{
	for (size_t i = 0; i < sizeof(value); i++)
		buffer[used++] = (char)(value >> 8 * i & 0x7f);
	buffer[used] = '\0';
	return used;
}

static void spell_vendor(const struct pw_cpuid *cpuid, char *buffer,
			 size_t buffer_bytes)
{
	const uint32_t *first = pw_cpuid_find(cpuid, 0, 0);
	const uint32_t *second = pw_cpuid_find(cpuid, 1, 0);
	uint32_t version = second ? second[PW_EAX] : 0;
	char vendor[16] = "unknown";
	size_t used = 0;

	if (first) {
		used = spell(vendor, used, first[PW_EBX]);
		used = spell(vendor, used, first[PW_EDX]);
		(void)spell(vendor, used, first[PW_ECX]);
	}
	snprintf(buffer, buffer_bytes, "%s family %xh model %xh", vendor,
		 (version >> 8 & 0xf) + (version >> 20 & 0xff),
		 (version >> 4 & 0xf) | (version >> 12 & 0xf0));
}

void pw_cpuid_brand(const struct pw_cpuid *cpuid, char *buffer,
		    size_t buffer_bytes)
{
	char brand[3 * 16 + 1] = "";
	size_t used = 0;
	size_t from;

	PW_ASSERT(buffer_bytes > 0);
	for (uint32_t i = 0; i < 3; i++) {
		const uint32_t *leaf = pw_cpuid_find(cpuid, BRAND_LEAF + i, 0);

		for (size_t j = 0; leaf && j < PW_REGISTERS; j++)
			used = spell(brand, used, leaf[j]);
	}
	used = strlen(brand);
	while (used > 0 && brand[used - 1] == ' ')
		brand[--used] = '\0';
	from = strspn(brand, " ");
	if (brand[from])
		snprintf(buffer, buffer_bytes, "%s", brand + from);
	else
		spell_vendor(cpuid, buffer, buffer_bytes);
	/* It becomes part of a YAML text. */
	for (char *c = buffer; *c; c++)
		if (!isalnum((unsigned char)*c) && !strchr(" ()-.@", *c))
			*c = '_';
}
