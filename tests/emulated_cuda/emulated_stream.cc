/* Streams, events and graphs: queues of work that is done when somebody waits for it. Copies, errors and the device. */
#include "emulated_parts.h"
#include <chrono>
#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <memory>
#include <set>

std::recursive_mutex emulated_lock;

struct emulated_graph {
  std::vector<std::function<void()>> work;
};
struct emulated_graph_exec {
  std::vector<std::function<void()>> work;
};
/* Done is what was recorded last; an event that never was counts as done. */
struct emulated_event {
  std::shared_ptr<bool> done;
  cudaStream_t stream;
  std::chrono::steady_clock::time_point when;
};
struct emulated_stream {
  std::deque<std::function<void()>> work;
  emulated_graph *capture; /* NULL: none is under way */
  bool apart;              /* the default stream does not wait for it */
};

namespace {

/* Never destroyed, as what uses it may be later. */
struct device_state {
  emulated_stream default_stream;
  std::set<cudaStream_t> streams;
  int devices = 1;
  unsigned long fail_at = 0, launches = 0;
};

device_state &state() {
  static device_state *s = new device_state();
  return *s;
}

thread_local cudaError_t last_error = cudaSuccess;

/* Made when a thread first asks, gone with the thread. */
emulated_stream *thread_stream() {
  struct owned_stream {
    cudaStream_t stream = new emulated_stream();
    owned_stream() {
      emulated_prepare_thread(); /* the stream's last work is done when it goes */
      emulated_guard guard(emulated_lock);
      state().streams.insert(stream);
    }
    ~owned_stream() { cudaStreamDestroy(stream); }
  };
  static thread_local owned_stream own;
  return own.stream;
}

emulated_stream *stream_of(cudaStream_t stream) {
  if (stream == cudaStreamPerThread) return thread_stream();
  return stream ? stream : &state().default_stream;
}

} // namespace

void emulated_die(const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  std::fputs("emulated CUDA: ", stderr);
  std::vfprintf(stderr, format, arguments);
  std::fputs("\n", stderr);
  va_end(arguments);
  std::abort();
}

cudaError_t emulated_error(cudaError_t error) {
  if (error != cudaSuccess) last_error = error;
  return error;
}

int emulated_fails(void) {
  return state().fail_at > 0 && --state().fail_at == 0;
}

/* ---- doing what waits ---- */

void emulated_drain(cudaStream_t stream) {
  emulated_stream *s = stream_of(stream);
  if (s->work.empty()) return;
  emulated_memory_open();
  while (!s->work.empty()) {
    const std::function<void()> work = std::move(s->work.front());
    s->work.pop_front();
    work();
  }
  emulated_memory_close();
}

void emulated_drain_all(void) {
  emulated_drain(nullptr);
  for (cudaStream_t s : state().streams) emulated_drain(s);
}

int emulated_capturing(void) {
  for (cudaStream_t s : state().streams) {
    if (s->capture) return 1;
  }
  return 0;
}

cudaError_t emulated_enqueue(std::function<void()> work, cudaStream_t stream) {
  emulated_guard guard(emulated_lock);
  if (emulated_fails()) return emulated_error(cudaErrorUnknown);
  emulated_stream *s = stream_of(stream);
  if (s->capture)
    s->capture->work.push_back(std::move(work));
  else
    s->work.push_back(std::move(work));
  return cudaSuccess;
}

cudaError_t emulated_enqueue(const emulated_kernel &k, cudaStream_t stream) {
  emulated_guard guard(emulated_lock);
  const emulated_index g = k.grid, b = k.block;
  if (!g.x || !g.y || !g.z || g.x > 0x7fffffffu || g.y > 65535 || g.z > 65535 || !b.x || !b.y || !b.z ||
      b.x > EMULATED_BLOCK || b.y > EMULATED_BLOCK || b.z > 64 ||
      static_cast<size_t>(b.x) * b.y * b.z > EMULATED_BLOCK || k.shared_bytes > EMULATED_SHARED) {
    return emulated_error(cudaErrorInvalidConfiguration);
  }
  for (const void *pointer : k.pointers) {
    if (!emulated_memory_holds(pointer, 1))
      emulated_die("%s gets the pointer %p, which is not the device's", k.name, pointer);
  }
  return emulated_enqueue(
      [k] {
        state().launches++;
        emulated_run(k);
      },
      stream);
}

/* ---- copies ---- */

/* Ends the program unless both sides are what the kind says. */
static void emulated_check_copy(const void *to, const void *from, size_t bytes, cudaMemcpyKind kind) {
  const int to_device = emulated_memory_holds(to, bytes), from_device = emulated_memory_holds(from, bytes);
  if (kind == cudaMemcpyDefault) return;
  const int wants_to = kind == cudaMemcpyHostToDevice || kind == cudaMemcpyDeviceToDevice;
  const int wants_from = kind == cudaMemcpyDeviceToHost || kind == cudaMemcpyDeviceToDevice;
  if (to_device == wants_to && from_device == wants_from) return;
  emulated_die("a copy of %zu bytes says kind %d, but it is from the %s to the %s (or past an end)", bytes, kind,
               from_device ? "device" : "host", to_device ? "device" : "host");
}

extern "C" {

cudaError_t cudaMemcpyAsync(void *to, const void *from, size_t bytes, cudaMemcpyKind kind, cudaStream_t stream) {
  emulated_guard guard(emulated_lock);
  if (bytes == 0) return cudaSuccess;
  emulated_check_copy(to, from, bytes, kind);
  const bool capturing = stream_of(stream)->capture != nullptr;
  /* What the host may change or free at once is copied at once. */
  if (!capturing && !emulated_memory_holds(from, 1) && !emulated_memory_pinned(from, bytes)) {
    const char *at = static_cast<const char *>(from);
    const std::vector<char> now(at, at + bytes);
    return emulated_enqueue([to, now] { std::memcpy(to, now.data(), now.size()); }, stream);
  }
  const cudaError_t error = emulated_enqueue([to, from, bytes] { std::memmove(to, from, bytes); }, stream);
  if (capturing || error != cudaSuccess) return error;
  /* Nor can a copy to such memory be left for later. */
  if (!emulated_memory_holds(to, 1) && !emulated_memory_pinned(to, bytes)) emulated_drain(stream);
  return cudaSuccess;
}

/* What is done at once in the default stream comes after all that waits in streams that are not apart. */
static void emulated_drain_joined(void) {
  for (cudaStream_t s : state().streams) {
    if (!s->apart) emulated_drain(s);
  }
}

cudaError_t cudaMemcpy(void *to, const void *from, size_t bytes, cudaMemcpyKind kind) {
  emulated_guard guard(emulated_lock);
  if (emulated_capturing()) return emulated_error(cudaErrorStreamCaptureUnsupported);
  emulated_drain_joined();
  const cudaError_t error = cudaMemcpyAsync(to, from, bytes, kind, nullptr);
  emulated_drain(nullptr);
  return error;
}

cudaError_t cudaMemsetAsync(void *device, int value, size_t bytes, cudaStream_t stream) {
  emulated_guard guard(emulated_lock);
  if (bytes == 0) return cudaSuccess;
  if (!emulated_memory_holds(device, bytes)) emulated_die("cudaMemset of %zu bytes that are not the device's", bytes);
  return emulated_enqueue([device, value, bytes] { std::memset(device, value, bytes); }, stream);
}

cudaError_t cudaMemset(void *device, int value, size_t bytes) {
  emulated_guard guard(emulated_lock);
  emulated_drain_joined();
  const cudaError_t error = cudaMemsetAsync(device, value, bytes, nullptr);
  emulated_drain(nullptr);
  return error;
}

/* ---- streams ---- */

cudaError_t cudaStreamCreateWithFlags(cudaStream_t *stream, unsigned flags) {
  emulated_guard guard(emulated_lock);
  *stream = nullptr;
  if (emulated_fails()) return emulated_error(cudaErrorUnknown);
  *stream = new emulated_stream();
  (*stream)->apart = flags & cudaStreamNonBlocking;
  state().streams.insert(*stream);
  return cudaSuccess;
}

cudaError_t cudaStreamCreate(cudaStream_t *stream) {
  return cudaStreamCreateWithFlags(stream, cudaStreamDefault);
}

cudaError_t cudaStreamDestroy(cudaStream_t stream) {
  emulated_guard guard(emulated_lock);
  if (!stream || !state().streams.erase(stream)) return emulated_error(cudaErrorInvalidResourceHandle);
  emulated_drain(stream);
  delete stream;
  return cudaSuccess;
}

cudaError_t cudaStreamSynchronize(cudaStream_t stream) {
  emulated_guard guard(emulated_lock);
  if (stream_of(stream)->capture) return emulated_error(cudaErrorStreamCaptureUnsupported);
  if (emulated_fails()) return emulated_error(cudaErrorUnknown);
  emulated_drain(stream);
  return cudaSuccess;
}

cudaError_t cudaStreamQuery(cudaStream_t stream) {
  emulated_guard guard(emulated_lock);
  return stream_of(stream)->work.empty() ? cudaSuccess : cudaErrorNotReady;
}

cudaError_t cudaDeviceSynchronize(void) {
  emulated_guard guard(emulated_lock);
  if (emulated_capturing()) return emulated_error(cudaErrorStreamCaptureUnsupported);
  emulated_drain_all();
  return cudaSuccess;
}

/* ---- events ---- */

cudaError_t cudaEventCreateWithFlags(cudaEvent_t *event, unsigned) {
  emulated_guard guard(emulated_lock);
  *event = nullptr;
  if (emulated_fails()) return emulated_error(cudaErrorUnknown);
  *event = new emulated_event();
  return cudaSuccess;
}

cudaError_t cudaEventCreate(cudaEvent_t *event) {
  return cudaEventCreateWithFlags(event, cudaEventDefault);
}

cudaError_t cudaEventDestroy(cudaEvent_t event) {
  emulated_guard guard(emulated_lock);
  if (event && event->done && !*event->done) emulated_drain(event->stream);
  delete event;
  return cudaSuccess;
}

cudaError_t cudaEventRecord(cudaEvent_t event, cudaStream_t stream) {
  emulated_guard guard(emulated_lock);
  const std::shared_ptr<bool> done = std::make_shared<bool>(false);
  event->done = done;
  event->stream = stream_of(stream);
  return emulated_enqueue(
      [event, done] {
        *done = true;
        if (event->done == done) event->when = std::chrono::steady_clock::now();
      },
      stream);
}

cudaError_t cudaEventSynchronize(cudaEvent_t event) {
  emulated_guard guard(emulated_lock);
  if (event->done && !*event->done) emulated_drain(event->stream);
  return cudaSuccess;
}

cudaError_t cudaEventQuery(cudaEvent_t event) {
  emulated_guard guard(emulated_lock);
  return !event->done || *event->done ? cudaSuccess : cudaErrorNotReady;
}

cudaError_t cudaEventElapsedTime(float *milliseconds, cudaEvent_t start, cudaEvent_t end) {
  emulated_guard guard(emulated_lock);
  if (!start->done || !*start->done || !end->done || !*end->done) return emulated_error(cudaErrorNotReady);
  *milliseconds = std::chrono::duration<float, std::milli>(end->when - start->when).count();
  return cudaSuccess;
}

cudaError_t cudaStreamWaitEvent(cudaStream_t stream, cudaEvent_t event, unsigned) {
  emulated_guard guard(emulated_lock);
  const std::shared_ptr<bool> done = event->done;
  const cudaStream_t other = event->stream;
  if (!done) return cudaSuccess;
  return emulated_enqueue(
      [done, other] {
        if (!*done) emulated_drain(other);
      },
      stream);
}

/* ---- graphs: the work of a stream, kept ---- */

cudaError_t cudaStreamBeginCapture(cudaStream_t stream, cudaStreamCaptureMode) {
  emulated_guard guard(emulated_lock);
  if (!stream || stream_of(stream)->capture) return emulated_error(cudaErrorStreamCaptureUnsupported);
  if (emulated_fails()) return emulated_error(cudaErrorUnknown);
  stream_of(stream)->capture = new emulated_graph();
  return cudaSuccess;
}

cudaError_t cudaStreamEndCapture(cudaStream_t stream, cudaGraph_t *graph) {
  emulated_guard guard(emulated_lock);
  *graph = nullptr;
  emulated_stream *s = stream_of(stream);
  if (!stream || !s->capture) return emulated_error(cudaErrorInvalidValue);
  *graph = s->capture;
  s->capture = nullptr;
  return cudaSuccess;
}

cudaError_t cudaStreamIsCapturing(cudaStream_t stream, cudaStreamCaptureStatus *status) {
  emulated_guard guard(emulated_lock);
  *status = stream_of(stream)->capture ? cudaStreamCaptureStatusActive : cudaStreamCaptureStatusNone;
  return cudaSuccess;
}

cudaError_t cudaGraphInstantiate(cudaGraphExec_t *exec, cudaGraph_t graph, unsigned long long) {
  emulated_guard guard(emulated_lock);
  *exec = nullptr;
  if (emulated_fails()) return emulated_error(cudaErrorMemoryAllocation);
  *exec = new emulated_graph_exec{graph->work};
  return cudaSuccess;
}

cudaError_t cudaGraphLaunch(cudaGraphExec_t exec, cudaStream_t stream) {
  emulated_guard guard(emulated_lock);
  for (const std::function<void()> &work : exec->work) {
    const cudaError_t error = emulated_enqueue(work, stream);
    if (error != cudaSuccess) return error;
  }
  return cudaSuccess;
}

cudaError_t cudaGraphDestroy(cudaGraph_t graph) {
  delete graph;
  return cudaSuccess;
}

cudaError_t cudaGraphExecDestroy(cudaGraphExec_t exec) {
  emulated_guard guard(emulated_lock);
  emulated_drain_all();
  delete exec;
  return cudaSuccess;
}

/* ---- the device ---- */

cudaError_t cudaGetDeviceCount(int *count) {
  *count = state().devices;
  return *count ? cudaSuccess : emulated_error(cudaErrorNoDevice);
}

cudaError_t cudaSetDevice(int device) {
  return device >= 0 && device < state().devices ? cudaSuccess : emulated_error(cudaErrorInvalidDevice);
}

cudaError_t cudaGetDevice(int *device) {
  *device = 0;
  return state().devices ? cudaSuccess : emulated_error(cudaErrorNoDevice);
}

cudaError_t cudaGetDeviceProperties(cudaDeviceProp *properties, int device) {
  if (device < 0 || device >= state().devices) return emulated_error(cudaErrorInvalidDevice);
  size_t left;
  *properties = {};
  std::snprintf(properties->name, sizeof properties->name, "emulated on the processor");
  cudaMemGetInfo(&left, &properties->totalGlobalMem);
  properties->sharedMemPerBlock = EMULATED_SHARED;
  properties->multiProcessorCount = 4;
  properties->major = 7;
  properties->minor = 5;
  properties->maxThreadsPerBlock = EMULATED_BLOCK;
  properties->warpSize = EMULATED_WARP;
  return cudaSuccess;
}

cudaError_t cudaDeviceGetAttribute(int *value, cudaDeviceAttr attribute, int device) {
  cudaDeviceProp properties;
  const cudaError_t error = cudaGetDeviceProperties(&properties, device);
  if (error != cudaSuccess) return error;
  *value = attribute == cudaDevAttrMultiProcessorCount      ? properties.multiProcessorCount
           : attribute == cudaDevAttrComputeCapabilityMajor ? properties.major
                                                            : properties.minor;
  return cudaSuccess;
}

cudaError_t cudaDriverGetVersion(int *version) {
  *version = state().devices ? CUDART_VERSION : 0;
  return cudaSuccess;
}

cudaError_t cudaRuntimeGetVersion(int *version) {
  *version = CUDART_VERSION;
  return cudaSuccess;
}

/* ---- errors ---- */

cudaError_t cudaGetLastError(void) {
  const cudaError_t error = last_error;
  last_error = cudaSuccess;
  return error;
}

cudaError_t cudaPeekAtLastError(void) {
  return last_error;
}

static const struct {
  cudaError_t error;
  const char *name, *text;
} error_words[] = {
    {cudaSuccess, "cudaSuccess", "no error"},
    {cudaErrorInvalidValue, "cudaErrorInvalidValue", "invalid argument"},
    {cudaErrorMemoryAllocation, "cudaErrorMemoryAllocation", "out of memory"},
    {cudaErrorInvalidConfiguration, "cudaErrorInvalidConfiguration", "invalid configuration argument"},
    {cudaErrorNoDevice, "cudaErrorNoDevice", "no CUDA-capable device is detected"},
    {cudaErrorInvalidDevice, "cudaErrorInvalidDevice", "invalid device ordinal"},
    {cudaErrorInvalidResourceHandle, "cudaErrorInvalidResourceHandle", "invalid resource handle"},
    {cudaErrorNotReady, "cudaErrorNotReady", "device not ready"},
    {cudaErrorStreamCaptureUnsupported, "cudaErrorStreamCaptureUnsupported",
     "operation not permitted when stream is capturing"},
    {cudaErrorUnknown, "cudaErrorUnknown", "unknown error"},
};

const char *cudaGetErrorName(cudaError_t error) {
  for (const auto &e : error_words) {
    if (e.error == error) return e.name;
  }
  return "unrecognized error code";
}

const char *cudaGetErrorString(cudaError_t error) {
  for (const auto &e : error_words) {
    if (e.error == error) return e.text;
  }
  return "unrecognized error code";
}

/* ---- what a test asks for ---- */

void emulated_cuda_devices(int count) {
  state().devices = count;
}

int emulated_cuda_fail_at(unsigned long n) {
  const int failed = state().fail_at == 0;
  state().fail_at = n;
  return failed;
}

unsigned long emulated_cuda_launches(void) {
  return state().launches;
}

} /* extern "C" */
