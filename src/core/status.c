/* Names and exit codes of statuses, one table for both. */
#include <scrim/status.h>
#include <stddef.h>

/* The codes of sysexits.h, which mail and init systems already understand. */
enum {
  EXIT_USAGE = 64,
  EXIT_DATA = 65,
  EXIT_UNAVAILABLE = 69,
  EXIT_DEFECT = 70,
  EXIT_IO = 74,
  EXIT_TRY_AGAIN = 75,
  EXIT_KEY = 77
};

static const struct {
  const char *name;
  int exit_code;
} table[] = {
    [SCRIM_OK] = {"SCRIM_OK", 0},
    [SCRIM_E_ARGUMENT] = {"SCRIM_E_ARGUMENT", EXIT_USAGE},
    [SCRIM_E_PARAM] = {"SCRIM_E_PARAM", EXIT_USAGE},
    [SCRIM_E_DATA] = {"SCRIM_E_DATA", EXIT_DATA},
    [SCRIM_E_FORMAT] = {"SCRIM_E_FORMAT", EXIT_DATA},
    [SCRIM_E_IO] = {"SCRIM_E_IO", EXIT_IO},
    [SCRIM_E_MEMORY] = {"SCRIM_E_MEMORY", EXIT_TRY_AGAIN},
    [SCRIM_E_KEY] = {"SCRIM_E_KEY", EXIT_KEY},
    [SCRIM_E_UNSUPPORTED] = {"SCRIM_E_UNSUPPORTED", EXIT_USAGE},
    [SCRIM_E_STATE] = {"SCRIM_E_STATE", EXIT_DEFECT},
    [SCRIM_E_CANCELLED] = {"SCRIM_E_CANCELLED", EXIT_TRY_AGAIN},
    [SCRIM_E_INTERNAL] = {"SCRIM_E_INTERNAL", EXIT_DEFECT},
    [SCRIM_E_DEVICE] = {"SCRIM_E_DEVICE", EXIT_UNAVAILABLE},
};

static int is_known(scrim_status status) {
  return (size_t)status < sizeof table / sizeof table[0];
}

const char *scrim_status_name(scrim_status status) {
  return is_known(status) ? table[status].name : "unknown status";
}

int scrim_status_exit_code(scrim_status status) {
  return is_known(status) ? table[status].exit_code : EXIT_DEFECT;
}
