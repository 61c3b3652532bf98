/* Finding the shared object, opening it, asking it for its table. */
#define _GNU_SOURCE /* dladdr1 */
#include "tensor/backend_open.h"
#include "core/error.h"
#include "core/path.h"
#include <dlfcn.h>
#include <limits.h>
#include <link.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define OBJECT "libscrim-cuda.so"

/* From the folder of the library, or of a program that the library is linked into. */
static const char *const folders[] = {".", "scrim", "../lib/scrim"};
enum { FOLDERS = sizeof folders / sizeof *folders };

/* The file that this code was loaded from, links followed; memory_free. NULL: not known, or no memory. */
static char *find_image(void) {
  static const char anchor = 0;
  Dl_info info;
  struct link_map *map = NULL;
  if (!dladdr1(&anchor, &info, (void **)&map, RTLD_DL_LINKMAP) || !map) return NULL;
  /* A program has no name there. */
  return path_resolve(map->l_name[0] ? map->l_name : "/proc/self/exe");
}

/* Without dlclose at the end: drivers do not like to be unloaded, and tensors may still have copies on the GPU. */
static scrim_status open_object(const backend **out, int tf32, const char *path, scrim_error *error) {
  void *object = dlopen(path, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
  if (!object) return fail(error, SCRIM_E_DEVICE, "cannot open the backend for GPUs: %s", dlerror());
  backend_entry *entry = NULL;
  void *symbol = dlsym(object, BACKEND_ENTRY);
  memcpy(&entry, &symbol, sizeof entry); /* ISO C has no cast for it */
  const backend_request request = backend_request_of(tf32);
  const scrim_status status =
      entry ? entry(&request, out, error)
            : fail(error, SCRIM_E_DEVICE, "%s has no %s: it is not of Scrim", path_shown(path), BACKEND_ENTRY);
  dlclose(object);
  return status;
}

static scrim_status open_from(const backend **out, int tf32, const char *folder, scrim_error *error) {
  char path[PATH_MAX];
  if (snprintf(path, sizeof path, "%s/" OBJECT, folder) >= (int)sizeof path)
    return fail(error, SCRIM_E_ARGUMENT, "a folder's name of %zu bytes is too long", strlen(folder));
  return open_object(out, tf32, path, error);
}

scrim_status backend_open_in(const backend **out, int tf32, const char *folder, scrim_error *error) {
  *out = NULL;
  return open_from(out, tf32, folder, error);
}

/* The first folder that has the object; 0: none has. */
static int find_folder(char folder[PATH_MAX], const char *image) {
  const int length = (int)path_folder_length(image);
  for (int i = 0; i < FOLDERS; i++) {
    char path[PATH_MAX];
    if (snprintf(path, sizeof path, "%.*s%s/" OBJECT, length, image, folders[i]) >= (int)sizeof path) return 0;
    if (access(path, F_OK) != 0) continue;
    snprintf(folder, PATH_MAX, "%.*s%s", length, image, folders[i]);
    return 1;
  }
  return 0;
}

static scrim_status open_cuda(const backend **out, int tf32, scrim_error *error) {
  char folder[PATH_MAX], *image = find_image();
  if (!image) return fail(error, SCRIM_E_DEVICE, "the folder of the library is not known");
  scrim_status status;
  if (find_folder(folder, image))
    status = open_from(out, tf32, folder, error);
  else
    status = fail(error, SCRIM_E_DEVICE, "there is no " OBJECT " beside %s, nor in scrim/ or ../lib/scrim/ from there",
                  path_shown(image));
  memory_free(image);
  return status;
}

scrim_status backend_open(const backend **out, scrim_device device, scrim_error *error) {
  *out = &cpu_backend;
  if (device == SCRIM_DEVICE_CPU) return SCRIM_OK;
  if (device != SCRIM_DEVICE_CUDA && device != SCRIM_DEVICE_AUTO && device != SCRIM_DEVICE_CUDA_TF32)
    return fail(error, SCRIM_E_ARGUMENT, "%d is no device", (int)device);
  const scrim_status status = open_cuda(out, device == SCRIM_DEVICE_CUDA_TF32, error);
  if (status == SCRIM_OK || device != SCRIM_DEVICE_AUTO) return status;
  *out = &cpu_backend;
  return SCRIM_OK;
}

scrim_status scrim_device_open(scrim_device device, scrim_device *taken, char text[SCRIM_DEVICE_TEXT],
                               scrim_error *error) {
  const backend *b;
  scrim_error ignored;
  const scrim_status status = backend_open(&b, device, error ? error : &ignored);
  if (status != SCRIM_OK) return status;
  if (taken) *taken = device != SCRIM_DEVICE_AUTO ? device : b == &cpu_backend ? SCRIM_DEVICE_CPU : SCRIM_DEVICE_CUDA;
  if (b->describe) return b->describe(text, SCRIM_DEVICE_TEXT, error);
  snprintf(text, SCRIM_DEVICE_TEXT, "the CPU");
  return SCRIM_OK;
}
