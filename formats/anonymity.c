/*
 * anonymity.c - numbers for names.
 *
 * What is not known to be harmless is left out: lists here say what stays.
 */
#include "formats/anonymity.h"

#include <jansson.h>

#include "base/assert.h"

/* Of auxv: AT_UID, AT_EUID, AT_GID, AT_EGID. */
#define AUXV_USER_FIRST 11
#define AUXV_GROUP_LAST 14

void pw_anonymity_init(struct pw_anonymity *anonymity, bool keep_marks)
{
	memset(anonymity, 0, sizeof(*anonymity));
	anonymity->keep_marks = keep_marks;
	pw_name_table_init(&anonymity->files);
	pw_name_table_init(&anonymity->names);
	pw_name_table_init(&anonymity->devices);
	pw_name_table_init(&anonymity->inodes);
}

void pw_anonymity_free(struct pw_anonymity *anonymity)
{
	pw_name_table_free(&anonymity->files);
	pw_name_table_free(&anonymity->names);
	pw_name_table_free(&anonymity->devices);
	pw_name_table_free(&anonymity->inodes);
}

static bool is_listed(const char *const *list, size_t count, const char *text)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(list[i], text) == 0)
			return true;
	return false;
}

/* ---- events ---- */

/* What a path begins with that says how it is mapped. */
static const char *prefix_of(const char *path)
{
	static const char *const prefixes[] = {"/memfd:", "/dev/", "/SYSV",
					       "/"};

	for (size_t i = 0; i < PW_COUNT(prefixes); i++)
		if (strncmp(path, prefixes[i], strlen(prefixes[i])) == 0)
			return prefixes[i];
	return "";
}

static enum pw_status name_file(struct pw_anonymity *anonymity,
				const char *path, const char **out,
				struct pw_error *err)
{
	static const char *const kept[] = {
		"",	      "[heap]", "[stack]",   "[vdso]",	     "[vvar]",
		"[vsyscall]", "[anon]", "[guessed]", "[vvar_vclock]"};
	uint64_t number;
	enum pw_status st;

	*out = path;
	if (is_listed(kept, PW_COUNT(kept), path))
		return PW_OK;
	st = pw_name_table_number(&anonymity->files, path, strlen(path),
				  &number, err);
	if (st != PW_OK)
		return st;
	snprintf(anonymity->text, sizeof(anonymity->text), "%sfile-%llu",
		 prefix_of(path), (unsigned long long)number);
	*out = anonymity->text;
	return PW_OK;
}

static enum pw_status name_mark(struct pw_anonymity *anonymity,
				const char *name, const char **out,
				struct pw_error *err)
{
	uint64_t number;
	enum pw_status st;

	*out = name;
	if (anonymity->keep_marks || name[0] == '\0')
		return PW_OK;
	st = pw_name_table_number(&anonymity->names, name, strlen(name),
				  &number, err);
	if (st != PW_OK)
		return st;
	snprintf(anonymity->text, sizeof(anonymity->text), "name-%llu",
		 (unsigned long long)number);
	*out = anonymity->text;
	return PW_OK;
}

static enum pw_status change_text(struct pw_anonymity *anonymity,
				  const struct pw_event_info *info,
				  struct pw_event *event, struct pw_error *err)
{
	static const char *const words[] = {"thread", "process", "clone",
					    "clone3", "fork",	 "vfork"};
	const char *text = event->text ? event->text : "";

	event->text = "";
	if (!info)
		return PW_OK;
	if (strcmp(info->text, "path") == 0 ||
	    info->kind == PW_EVENT_memfd_create)
		return name_file(anonymity, text, &event->text, err);
	if (info->kind == PW_EVENT_mark ||
	    (info->kind == PW_EVENT_prctl && text[0]))
		return name_mark(anonymity, text, &event->text, err);
	/* A call, the reason why something is not recorded, or a setting. */
	if (info->kind == PW_EVENT_setting ||
	    is_listed(words, PW_COUNT(words), text))
		event->text = text;
	return PW_OK;
}

static enum pw_status change_number(struct pw_name_table *table,
				    uint64_t *value, struct pw_error *err)
{
	const uint64_t old = *value;

	if (old == 0)
		return PW_OK; /* none */
	return pw_name_table_number(table, &old, sizeof(old), value, err);
}

/* Whether the argument called @name is at @args. */
static bool begins_with(const char *args, const char *name)
{
	size_t length = strlen(name);

	return strncmp(args, name, length) == 0 &&
	       (args[length] == ',' || args[length] == '\0');
}

static enum pw_status change_args(struct pw_anonymity *anonymity,
				  const struct pw_event_info *info,
				  struct pw_event *event, struct pw_error *err)
{
	const char *args = info->args;
	enum pw_status st = PW_OK;

	for (size_t i = 0; args && i < PW_EVENT_ARGS && st == PW_OK; i++) {
		if (begins_with(args, "device"))
			st = change_number(&anonymity->devices, &event->arg[i],
					   err);
		else if (begins_with(args, "inode"))
			st = change_number(&anonymity->inodes, &event->arg[i],
					   err);
		args = strchr(args, ',');
		args = args ? args + 1 : NULL;
	}
	if (event->kind == PW_EVENT_auxv && event->arg[0] >= AUXV_USER_FIRST &&
	    event->arg[0] <= AUXV_GROUP_LAST)
		event->arg[1] = 0;
	return st;
}

enum pw_status pw_anonymity_event(struct pw_anonymity *anonymity,
				  struct pw_event *event, struct pw_error *err)
{
	const struct pw_event_info *info = pw_event_info(event->kind);
	enum pw_status st = change_text(anonymity, info, event, err);

	if (st == PW_OK && info)
		st = change_args(anonymity, info, event, err);
	return st;
}

enum pw_status pw_anonymity_module(struct pw_anonymity *anonymity,
				   struct pw_module *module,
				   struct pw_error *err)
{
	module->build_id_bytes = 0;
	memset(module->build_id, 0, sizeof(module->build_id));
	return name_file(anonymity, module->path, &module->path, err);
}

/* ---- metadata ---- */

/* Copy the members of @from that are numbers or truth values. */
static void copy_numbers(json_t *to, json_t *from)
{
	void *member = json_object_iter(from);

	for (; member; member = json_object_iter_next(from, member)) {
		json_t *value = json_object_iter_value(member);

		if (json_is_number(value) || json_is_boolean(value))
			json_object_set(to, json_object_iter_key(member),
					value);
	}
}

/* An object with its numbers alone, or an array of such. */
static json_t *numbers_of(json_t *value)
{
	json_t *out = NULL;

	if (json_is_object(value)) {
		out = json_object();
		copy_numbers(out, value);
	} else if (json_is_array(value)) {
		out = json_array();
		for (size_t i = 0; i < json_array_size(value); i++) {
			json_t *item = json_object();

			copy_numbers(item, json_array_get(value, i));
			json_array_append_new(out, item);
		}
	}
	return out;
}

static void copy_members(json_t *to, json_t *from, const char *const *keys,
			 size_t count)
{
	for (size_t i = 0; i < count; i++) {
		json_t *value = json_object_get(from, keys[i]);

		if (value)
			json_object_set(to, keys[i], value);
	}
}

/* What the kernel's settings are, without what they are about. */
static json_t *host_of(json_t *host)
{
	static const char *const whole[] = {"cpus_online", "memory", "sysctl",
					    "mm",	   "thp",    "hugetlb",
					    "nodes",	   "zones",  "zswap"};
	static const char *const numbers[] = {"swaps", "cgroup", "block"};
	json_t *out = json_object();

	copy_members(out, host, whole, PW_COUNT(whole));
	for (size_t i = 0; i < PW_COUNT(numbers); i++) {
		json_t *value = numbers_of(json_object_get(host, numbers[i]));

		if (value)
			json_object_set_new(out, numbers[i], value);
	}
	return out;
}

char *pw_anonymity_metadata(const struct pw_anonymity *anonymity,
			    const char *json)
{
	static const char *const kept[] = {
		"machine",  "engine", "engine_version", "layout", "aslr",
		"attached", "follow", "clock",		"folios", "page_bytes"};
	json_t *root = json_loads(json, 0, NULL);
	json_t *scope = json_object_get(root, "scope");
	json_t *host = json_object_get(root, "host");
	json_t *out = json_object();
	char *text = NULL;

	if (json_is_object(root) && out) {
		copy_members(out, root, kept, PW_COUNT(kept));
		if (scope)
			json_object_set_new(out, "scope",
					    anonymity->keep_marks
						    ? json_incref(scope)
						    : numbers_of(scope));
		if (host)
			json_object_set_new(out, "host", host_of(host));
		json_object_set_new(out, "anonymised", json_true());
		text = json_dumps(out, JSON_COMPACT);
	}
	json_decref(root);
	json_decref(out);
	return text;
}
