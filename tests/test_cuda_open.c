/* The door of the shared object: who may not come in, and what is said. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include "cuda/cuda.h"
#include "emulated_cuda.h"
#include "tensor/backend_open.h"
#include <cmocka.h>
#include <string.h>

backend_entry scrim_cuda_open;

static void the_same_build_comes_in(void **state) {
  (void)state;
  const backend_request request = backend_request_of(0);
  const backend *b = NULL;
  char text[SCRIM_DEVICE_TEXT];
  assert_int_equal(scrim_cuda_open(&request, &b, NULL), SCRIM_OK);
  assert_ptr_equal(b, &cuda_backend);
  assert_int_equal(b->describe(text, sizeof text, NULL), SCRIM_OK);
  assert_non_null(strstr(text, "(CUDA, compute capability "));
  const backend_request fast = backend_request_of(1);
  assert_int_equal(scrim_cuda_open(&fast, &b, NULL), SCRIM_OK);
  assert_ptr_equal(b, &cuda_tf32_backend);
}

static void another_build_does_not(void **state) {
  (void)state;
  for (int field = 0; field < 5; field++) {
    backend_request request = backend_request_of(0);
    size_t *const size[] = {&request.backend_bytes, &request.tape_bytes, &request.node_bytes, &request.tensor_bytes};
    if (field < 4)
      *size[field] += 8;
    else
      request.version = "0.0.1";
    const backend *b = &cuda_backend;
    scrim_error error = {0};
    assert_int_equal(scrim_cuda_open(&request, &b, &error), SCRIM_E_DEVICE);
    assert_null(b);
    assert_string_equal(error.message, field < 4 ? "libscrim-cuda.so is of Scrim " SCRIM_VERSION
                                                   ", the library is another build of " SCRIM_VERSION
                                                 : "libscrim-cuda.so is of Scrim " SCRIM_VERSION
                                                   ", the library is another build of 0.0.1");
  }
}

static void without_a_gpu_nothing_opens(void **state) {
  (void)state;
  const backend_request request = backend_request_of(0);
  const backend *b;
  scrim_error error = {0};
  emulated_cuda_devices(0);
  const scrim_status status = scrim_cuda_open(&request, &b, &error);
  emulated_cuda_devices(1);
  assert_int_equal(status, SCRIM_E_DEVICE);
  assert_null(b);
  assert_string_equal(error.message, "no GPU: no CUDA-capable device is detected");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_same_build_comes_in),
      cmocka_unit_test(another_build_does_not),
      cmocka_unit_test(without_a_gpu_nothing_opens),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
