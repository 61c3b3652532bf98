/* What a method and a target ask for. Pure; everything that is not listed here is unknown. */
#ifndef SERVE_PROXY_ROUTE_H
#define SERVE_PROXY_ROUTE_H

#include "serve/http_message.h"

typedef enum proxy_route_kind {
  PROXY_ROUTE_UNKNOWN = 0,
  PROXY_ROUTE_LIVE,        /* GET /v2/health/live */
  PROXY_ROUTE_READY,       /* GET /v2/health/ready */
  PROXY_ROUTE_SERVER,      /* GET /v2 */
  PROXY_ROUTE_METRICS,     /* GET /metrics */
  PROXY_ROUTE_INFER,       /* POST /v2/models/M[/versions/V]/infer */
  PROXY_ROUTE_MODEL_READY, /* GET /v2/models/M[/versions/V]/ready */
  PROXY_ROUTE_PREDICT,     /* POST /v1/models/M[/versions/V]:predict */
  PROXY_ROUTE_MODEL,       /* GET /v1/models/M */
} proxy_route_kind;

typedef struct proxy_route {
  proxy_route_kind kind;
  http_slice model, version; /* slices of the target; n = 0: none */
  const char *name;          /* for logs: "infer", never a part of the target */
  const char *allow;         /* the method that this route has */
  int method_fits;
} proxy_route;

proxy_route proxy_route_find(http_slice method, http_slice target);

#endif
