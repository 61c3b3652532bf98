/* What one field of the configuration demands of another. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "support/config_text.h"
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

typedef struct change {
  const char *old, *new, *message;
} change;

static void all_refused(const change *changes, size_t n) {
  for (size_t i = 0; i < n; i++) {
    char *text = config_text_with(config_text_whole, changes[i].old, changes[i].new);
    config_text_refused(text, changes[i].message);
    free(text);
  }
}

static void models(void **state) {
  (void)state;
  static const change changes[] = {
      {"\"digit\"", "\"letter\"", "$.models[1].name: 'letter' is there twice"},
      {"\"name\": \"l\"", "\"name\": \"p\"", "$.models[0].outputs[1].name: 'p' is there twice"},
      {"[\"label\"]", "[\"label\", \"l\"]",
       "$.models[0].allow[1]: 'l' passes a filter: it cannot pass untouched as well"},
      {"[2, 0, 1]", "[2, 0]", "$.models[0].outputs[0].order: has 2 elements for 3 classes"},
      {"[2, 0, 1]", "[2, 0, 3]", "$.models[0].outputs[0].order[2]: 3 is no class of 3"},
      {"[2, 0, 1]", "[2, 0, 0]", "$.models[0].outputs[0].order[2]: class 0 is there twice"},
      {"\"tfserving\"", "\"kserve1\"", "$.models[1].signature: only the dialect 'tfserving' has signatures"},
      {"\"oip2\"", "\"kserve1\"", "$.models[0].outputs: the dialect 'kserve1' has one output"},
  };
  all_refused(changes, sizeof changes / sizeof changes[0]);
}

static void headers(void **state) {
  (void)state;
  static const change changes[] = {
      {"\"x-request-id\"", "\"X-Request-Id\"",
       "$.request_headers[0]: 'X-Request-Id' must be lower-case letters, digits, '-' and '_' only"},
      {"\"x-request-id\"", "\"a\", \"accept-encoding\"", "$.request_headers[1]: 'accept-encoding' is the proxy's own"},
      {"\"x-request-id\"", "\"host\"", "$.request_headers[0]: 'host' is the proxy's own"},
      {"\"x-request-id\"", "\"transfer-encoding\"", "$.request_headers[0]: 'transfer-encoding' is the proxy's own"},
      {"\"x-client\"", "\"X-Client\"",
       "$.budget.header: 'X-Client' must be lower-case letters, digits, '-' and '_' only"},
      {"\"x-client\"", "\"content-length\"", "$.budget.header: 'content-length' is the proxy's own"},
  };
  all_refused(changes, sizeof changes / sizeof changes[0]);
}

static void identities(void **state) {
  (void)state;
  static const change changes[] = {
      {"\"header\": \"x-client\", ", "", "$.budget.header: is missing: the identity comes from a header"},
      {"\"identity\": \"header\"", "\"identity\": \"certificate\"",
       "$.budget.header: is given, and the identity does not come from a header"},
      {"\"rows\": 1000, ", "", "$.budget.rows: is missing"},
      {"\"client_ca\": \"ca.pem\",", "", "$.listen[0].tls.client_ca: is missing: client certificates are required"},
  };
  all_refused(changes, sizeof changes / sizeof changes[0]);
  char *two =
      config_text_with(config_text_whole, "[{\"address\"", "[{\"address\": \"::1\", \"port\": 1}, {\"address\"");
  char *bare = config_text_with(two, "\"header\": \"x-client\", ", "");
  char *text = config_text_with(bare, "\"identity\": \"header\"", "\"identity\": \"certificate\"");
  config_text_refused(text, "$.budget.identity: 'certificate' needs require_client_certificate on every listener, and "
                            "number 0 has it not");
  free(two);
  free(bare);
  free(text);
}

static void trust(void **state) {
  (void)state;
  static const change changes[] = {
      {"\"certificate\": \"uc.pem\", ", "",
       "$.upstream.tls: has a certificate without a key, or a key without a certificate"},
  };
  all_refused(changes, sizeof changes / sizeof changes[0]);
  char *strict = config_text_with(config_text_whole, "\"allow_unsigned\": true", "\"allow_unsigned\": false");
  char *text = config_text_with(strict, "[\"a.pem\", \"b.pem\"]", "[]");
  config_text_refused(text, "$.trusted_keys: is missing: filters must be signed unless allow_unsigned is true");
  free(strict);
  free(text);
}

static void addresses(void **state) {
  (void)state;
  static const change changes[] = {
      {"\"127.0.0.1\"", "\"localhost\"", "$.listen[0].address: 'localhost' is no numeric IPv4 or IPv6 address"},
      {"\"127.0.0.1\"", "\"127.0.0.1:80\"", "$.listen[0].address: '127.0.0.1:80' is no numeric IPv4 or IPv6 address"},
      {"\"::1\"", "\"[::1]\"", "$.metrics.listen.address: '[::1]' is no numeric IPv4 or IPv6 address"},
  };
  all_refused(changes, sizeof changes / sizeof changes[0]);
}

static void a_listener_for_metrics(void **state) {
  (void)state;
  char *text = config_text_with(config_text_whole, "\"port\": 9100",
                                "\"port\": 9100, \"tls\": {\"certificate\": \"c\", \"key\": \"k\", "
                                "\"require_client_certificate\": true}");
  config_text_refused(text, "$.metrics.listen: client certificates are required, and client_ca is missing");
  free(text);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(models), cmocka_unit_test(headers),   cmocka_unit_test(identities),
      cmocka_unit_test(trust),  cmocka_unit_test(addresses), cmocka_unit_test(a_listener_for_metrics),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
