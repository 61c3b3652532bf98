/* The routes. A target is compared byte by byte: no escapes, no query, no trailing slash, no second spelling. */
#include "serve/proxy_route.h"
#include <string.h>

static const struct {
  const char *target;
  proxy_route_kind kind;
  const char *name;
} fixed[] = {
    {"/v2/health/live", PROXY_ROUTE_LIVE, "health"},
    {"/v2/health/ready", PROXY_ROUTE_READY, "health"},
    {"/v2", PROXY_ROUTE_SERVER, "server"},
    {"/metrics", PROXY_ROUTE_METRICS, "metrics"},
};

/* /PREFIX + model + [/versions/ + version] + SUFFIX */
static const struct {
  const char *prefix, *suffix;
  proxy_route_kind kind;
  const char *name, *method;
} of_models[] = {
    {"/v2/models/", "/infer", PROXY_ROUTE_INFER, "infer", "POST"},
    {"/v2/models/", "/ready", PROXY_ROUTE_MODEL_READY, "model", "GET"},
    {"/v1/models/", ":predict", PROXY_ROUTE_PREDICT, "predict", "POST"},
    {"/v1/models/", "", PROXY_ROUTE_MODEL, "model", "GET"},
};

/* Takes `text` off the front (or the end) of the slice. 0: it is not there. */
static int proxy_route_strip(http_slice *s, const char *text, int at_end) {
  size_t n = strlen(text);
  if (s->n < n || memcmp(at_end ? s->at + s->n - n : s->at, text, n) != 0) return 0;
  s->n -= n;
  if (!at_end) s->at += n;
  return 1;
}

/* A name as it may stand between two slashes. */
static int proxy_route_is_name(http_slice s) {
  for (size_t i = 0; i < s.n; i++)
    if (s.at[i] == '/' || s.at[i] == ':' || s.at[i] == '?' || s.at[i] == '#') return 0;
  return s.n > 0;
}

/* M or M/versions/V. */
static int proxy_route_split(http_slice rest, proxy_route *route) {
  const char *slash = memchr(rest.at, '/', rest.n);
  route->model = (http_slice){rest.at, slash != NULL ? (size_t)(slash - rest.at) : rest.n};
  if (!proxy_route_is_name(route->model)) return 0;
  if (slash == NULL) return 1;
  route->version = (http_slice){slash, rest.n - route->model.n};
  return proxy_route_strip(&route->version, "/versions/", 0) && proxy_route_is_name(route->version);
}

proxy_route proxy_route_find(http_slice method, http_slice target) {
  for (size_t i = 0; i < sizeof fixed / sizeof *fixed; i++)
    if (http_slice_is(target, fixed[i].target))
      return (proxy_route){
          .kind = fixed[i].kind, .name = fixed[i].name, .allow = "GET", .method_fits = http_slice_is(method, "GET")};
  for (size_t i = 0; i < sizeof of_models / sizeof *of_models; i++) {
    proxy_route route = {.kind = of_models[i].kind,
                         .name = of_models[i].name,
                         .allow = of_models[i].method,
                         .method_fits = http_slice_is(method, of_models[i].method)};
    http_slice rest = target;
    if (proxy_route_strip(&rest, of_models[i].prefix, 0) && proxy_route_strip(&rest, of_models[i].suffix, 1) &&
        proxy_route_split(rest, &route))
      return route;
  }
  return (proxy_route){.name = "unknown"};
}
