/* A configuration of the proxy for tests, and changed ones. */
#ifndef SUPPORT_CONFIG_TEXT_H
#define SUPPORT_CONFIG_TEXT_H

#include "serve/serve_config.h"

/* Every field is there, none with its default; two models, three outputs. */
extern const char config_text_whole[];

/* `text` with the first `old` replaced; free(). Asserts that it is there. */
char *config_text_with(const char *text, const char *old, const char *new);

/* Asserts that it is SCRIM_E_PARAM with exactly this message. */
void config_text_refused(const char *text, const char *message);

#endif
