/* Routes: what is known, and that no second spelling of it is. */
#include "serve/proxy_route.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static http_slice slice(const char *text) {
  return (http_slice){text, strlen(text)};
}

static proxy_route find(const char *method, const char *target) {
  return proxy_route_find(slice(method), slice(target));
}

static void assert_model(const char *method, const char *target, proxy_route_kind kind, const char *model,
                         const char *version) {
  proxy_route route = find(method, target);
  assert_int_equal(route.kind, kind);
  assert_true(http_slice_is(route.model, model));
  assert_int_equal(route.version.n, strlen(version));
  if (route.version.n > 0) assert_memory_equal(route.version.at, version, route.version.n);
  assert_true(route.method_fits);
}

static void test_known(void **state) {
  (void)state;
  assert_int_equal(find("GET", "/v2/health/live").kind, PROXY_ROUTE_LIVE);
  assert_int_equal(find("GET", "/v2/health/ready").kind, PROXY_ROUTE_READY);
  assert_int_equal(find("GET", "/v2").kind, PROXY_ROUTE_SERVER);
  assert_int_equal(find("GET", "/metrics").kind, PROXY_ROUTE_METRICS);
  assert_model("POST", "/v2/models/m/infer", PROXY_ROUTE_INFER, "m", "");
  assert_model("POST", "/v2/models/m-1.x_/versions/12/infer", PROXY_ROUTE_INFER, "m-1.x_", "12");
  assert_model("GET", "/v2/models/m/ready", PROXY_ROUTE_MODEL_READY, "m", "");
  assert_model("GET", "/v2/models/m/versions/1/ready", PROXY_ROUTE_MODEL_READY, "m", "1");
  assert_model("POST", "/v1/models/m:predict", PROXY_ROUTE_PREDICT, "m", "");
  assert_model("POST", "/v1/models/m/versions/3:predict", PROXY_ROUTE_PREDICT, "m", "3");
  assert_model("GET", "/v1/models/m", PROXY_ROUTE_MODEL, "m", "");
  assert_model("POST", "/v2/models/infer/infer", PROXY_ROUTE_INFER, "infer", "");
}

static void test_methods(void **state) {
  (void)state;
  assert_false(find("POST", "/v2/health/live").method_fits);
  assert_false(find("GET", "/v2/models/m/infer").method_fits);
  assert_string_equal(find("GET", "/v2/models/m/infer").allow, "POST");
  assert_false(find("post", "/v2/models/m/infer").method_fits);
  assert_false(find("HEAD", "/metrics").method_fits);
  assert_string_equal(find("HEAD", "/metrics").allow, "GET");
}

static void test_unknown(void **state) {
  (void)state;
  static const char *const targets[] = {
      "/",
      "/v2/",
      "/v3",
      "/v2/health",
      "/v2/health/live/",
      "/v2/health/live?x",
      "//v2/health/live",
      "/v2/./health/live",
      "/V2/health/live",
      "/v2/health/%6cive",
      "/metrics/",
      "/metrics?x=1",
      "/v2/models",
      "/v2/models/",
      "/v2/models/m",
      "/v2/models//infer",
      "/v2/models/m//infer",
      "/v2/models/m/infer/",
      "/v2/models/m/infer?x",
      "/v2/models/m/Infer",
      "/v2/models/m/versions/infer",
      "/v2/models/m/versions//infer",
      "/v2/models/m/versions/1/2/infer",
      "/v2/models/m/version/1/infer",
      "/v2/models/a/b/infer",
      "/v2/models/m/config",
      "/v2/models/m/stats",
      "/v2/models/m/trace/setting",
      "/v2/models/m/generate",
      "/v2/models/m/infer_stream",
      "/v2/repository/index",
      "/v2/systemsharedmemory/status",
      "/v2/logging",
      "/v1/models/m:classify",
      "/v1/models/m:regress",
      "/v1/models/m:explain",
      "/v1/models/:predict",
      "/v1/models/m/labels/x:predict",
      "/v1/models/m:predict/",
      "/v1/models/m/metadata",
      "/v1/models/m:predict:predict",
      "/v1/models/m/versions/:predict",
      "/predictions/m",
      "/invocations",
      "/v1/models",
  };
  for (size_t i = 0; i < sizeof targets / sizeof *targets; i++) {
    proxy_route route = find("POST", targets[i]);
    if (route.kind != PROXY_ROUTE_UNKNOWN) print_error("%s\n", targets[i]);
    assert_int_equal(route.kind, PROXY_ROUTE_UNKNOWN);
    assert_string_equal(route.name, "unknown");
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_known),
      cmocka_unit_test(test_methods),
      cmocka_unit_test(test_unknown),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
