/*
 * xml.h - a small, strict check that a text is well-formed XML.
 */
#ifndef PW_TESTS_SUPPORT_XML_H
#define PW_TESTS_SUPPORT_XML_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Check that elements nest, attributes are quoted, occur once and hold no "<",
 * entities are &amp; &lt; &gt; &quot; or numbers, ids are unique, and no
 * control characters stand anywhere. A document type may come first.
 *
 * Errors: false, and *why says what is wrong.
 */
bool pw_xml_check(const char *text, const char **why);

/*
 * How many elements called @name the text has.
 */
size_t pw_xml_count(const char *text, const char *name);

#endif
