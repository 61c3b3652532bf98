/* The door between the command and the proxy. */
#include "serve/serve.h"
#include "serve/lifecycle.h"
#include "serve/proxy_site.h"

scrim_status scrim_serve(const char *config_path, scrim_error *error) {
  return lifecycle_run(config_path, error);
}

scrim_status scrim_serve_check(const char *config_path, scrim_error *error) {
  serve_config *config;
  proxy_site *site;
  scrim_status status = serve_config_load(&config, config_path, error);
  if (status != SCRIM_OK) return status;
  status = proxy_site_create(&site, config, error);
  if (status == SCRIM_OK) proxy_site_release(site);
  return status;
}
