/*
 * yaml.c - configuration texts into structures, by libcyaml.
 */
#include "base/yaml.h"

#include "base/assert.h"
#include "base/yaml_document.h"

/* What libcyaml says, of which the first line is kept. */
struct complaint {
	char text[256];
};

PW_PRINTF(3, 0)
static void complain(cyaml_log_t level, void *context, const char *fmt,
		     va_list args)
{
	struct complaint *complaint = context;
	size_t length;

	if (level < CYAML_LOG_ERROR || complaint->text[0])
		return;
	vsnprintf(complaint->text, sizeof(complaint->text), fmt, args);
	length = strcspn(complaint->text, "\n");
	complaint->text[length] = '\0';
}

static cyaml_config_t configure(struct complaint *complaint)
{
	cyaml_config_t config = {
		.log_fn = complain,
		.log_ctx = complaint,
		.mem_fn = cyaml_mem,
		.log_level = CYAML_LOG_ERROR,
		.flags = CYAML_CFG_NO_ALIAS,
	};

	return config;
}

static enum pw_status load(const char *name, const char *text, size_t bytes,
			   const cyaml_schema_value_t *schema, void **out,
			   struct pw_error *err)
{
	struct complaint complaint = {""};
	cyaml_config_t config = configure(&complaint);
	cyaml_err_t error;

	error = cyaml_load_data((const uint8_t *)text, bytes, &config, schema,
				out, NULL);
	if (error == CYAML_ERR_OOM)
		return pw_fail_memory(err, name);
	if (error != CYAML_OK)
		return pw_fail(err, PW_ERR_USAGE, "%s: %s (%s)", name,
			       cyaml_strerror(error), complaint.text);
	PW_ASSERT(*out);
	return PW_OK;
}

/* Apply the overrides and load what comes out. */
static enum pw_status load_changed(struct pw_yaml_document *document,
				   const cyaml_schema_value_t *schema,
				   const struct pw_text_list *overrides,
				   void **out, struct pw_error *err)
{
	struct pw_array text = PW_ARRAY(char);
	enum pw_status st = PW_OK;

	for (size_t i = 0; st == PW_OK && i < overrides->count; i++)
		st = pw_yaml_document_set(document, schema, overrides->item[i],
					  err);
	if (st == PW_OK)
		st = pw_yaml_document_check(document, schema, err);
	if (st == PW_OK)
		st = pw_yaml_document_write(document, &text, err);
	if (st == PW_OK)
		st = load(document->name, text.data, text.count, schema, out,
			  err);
	pw_array_free(&text);
	return st;
}

enum pw_status pw_yaml_load(const char *name, const char *text,
			    const cyaml_schema_value_t *schema,
			    const struct pw_text_list *overrides, void **out,
			    struct pw_error *err)
{
	struct pw_yaml_document document;
	enum pw_status st;

	PW_ASSERT(name && text && schema->flags & CYAML_FLAG_POINTER);
	*out = NULL;
	st = pw_yaml_document_read(&document, name, text, err);
	if (st != PW_OK)
		return st;
	st = pw_yaml_document_check(&document, schema, err);
	if (st == PW_OK && overrides && overrides->count)
		st = load_changed(&document, schema, overrides, out, err);
	else if (st == PW_OK)
		st = load(name, text, strlen(text), schema, out, err);
	pw_yaml_document_free(&document);
	return st;
}

void pw_yaml_free(const cyaml_schema_value_t *schema, void *data)
{
	struct complaint complaint = {""};
	cyaml_config_t config = configure(&complaint);

	if (data)
		cyaml_free(&config, schema, data, 0);
}
