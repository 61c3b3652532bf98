/* A configuration of the proxy for tests. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "support/config_text.h"
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

const char config_text_whole[] =
    "{\"workers\": 2,\n"
    " \"listen\": [{\"address\": \"127.0.0.1\", \"port\": 8443,\n"
    "   \"tls\": {\"certificate\": \"c.pem\", \"key\": \"k.pem\", \"client_ca\": \"ca.pem\",\n"
    "            \"require_client_certificate\": true}}],\n"
    " \"metrics\": {\"listen\": {\"address\": \"::1\", \"port\": 9100}, \"on_listeners\": true},\n"
    " \"upstream\": {\"host\": \"model\", \"port\": 8085, \"connections\": 8, \"connect_seconds\": 1.5,\n"
    "   \"answer_seconds\": 20, \"idle_seconds\": 5,\n"
    "   \"tls\": {\"ca\": \"/up/ca.pem\", \"server_name\": \"m\", \"certificate\": \"uc.pem\", \"key\": \"uk.pem\"}},\n"
    " \"limits\": {\"header_bytes\": 8192, \"body_bytes\": 1048576, \"chunks\": 100, \"rows\": 10, \"connections\": "
    "11,\n"
    "   \"header_seconds\": 3, \"body_seconds\": 4, \"bytes_per_second\": 50, \"keep_alive_seconds\": 6,\n"
    "   \"drain_seconds\": 7},\n"
    " \"models\": [\n"
    "  {\"name\": \"letter\", \"versions\": [\"1\", \"2\"], \"dialect\": \"oip2\", \"allow\": [\"label\"], "
    "\"outputs\": [\n"
    "    {\"name\": \"p\", \"form\": \"probabilities\", \"classes\": 3, \"order\": [2, 0, 1], \"filter\": "
    "\"p.scrim\",\n"
    "     \"key\": \"p.key\", \"encryption_key\": \"kek.key\"},\n"
    "    {\"name\": \"l\", \"form\": \"logits\", \"classes\": 4, \"filter\": \"l.scrim\", \"key\": \"l.key\"}]},\n"
    "  {\"name\": \"digit\", \"dialect\": \"tfserving\", \"signature\": \"s\", \"outputs\": [\n"
    "    {\"name\": \"d\", \"form\": \"log-probabilities\", \"classes\": 10, \"filter\": \"d.scrim\", \"key\": "
    "\"d.key\"}]}],\n"
    " \"request_headers\": [\"x-request-id\"],\n"
    " \"budget\": {\"identity\": \"header\", \"header\": \"x-client\", \"rows\": 1000, \"window_seconds\": 3600,\n"
    "   \"clients\": 50},\n"
    " \"logs\": {\"access\": \"-\", \"audit\": {\"file\": \"audit.jsonl\", \"signing_key\": \"sign.pem\",\n"
    "   \"hash_key\": \"hash.key\", \"every\": 10, \"sync\": true}},\n"
    " \"allow_unsigned\": true, \"trusted_keys\": [\"a.pem\", \"b.pem\"]}\n";

char *config_text_with(const char *text, const char *old, const char *new) {
  const char *at = strstr(text, old);
  if (at == NULL) fail_msg("no '%s' in the text", old);
  size_t before = (size_t)(at - text), n_old = strlen(old), n_new = strlen(new), rest = strlen(at + n_old);
  char *changed = malloc(before + n_new + rest + 1);
  assert_non_null(changed);
  memcpy(changed, text, before);
  memcpy(changed + before, new, n_new);
  memcpy(changed + before + n_new, at + n_old, rest + 1);
  return changed;
}

void config_text_refused(const char *text, const char *message) {
  serve_config *config = (serve_config *)"";
  scrim_error error = {.message = ""};
  scrim_status status = serve_config_parse(&config, text, strlen(text), &error);
  assert_null(config);
  assert_string_equal(error.message, message);
  assert_int_equal(status, SCRIM_E_PARAM);
}
