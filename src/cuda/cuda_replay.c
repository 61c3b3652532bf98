/* A pass as a CUDA graph: one launch instead of one a kernel. */
#include "cuda/cuda_state.h"
#include <pthread.h>
#include <string.h>

enum { PLACE_ALIGNMENT = 256 };

static size_t place_bytes(size_t bytes) {
  return (bytes + PLACE_ALIGNMENT - 1) / PLACE_ALIGNMENT * PLACE_ALIGNMENT;
}

/* How often and how much the pass uploads at most: leaves are counted as often as they are used. */
static void count_sources(const tape *t, size_t *sources, size_t *bytes) {
  *sources = *bytes = 0;
  for (const node *n = t->first; n; n = n->next) {
    *sources += n->n_index > 0;
    *bytes += place_bytes(n->n_index * sizeof *n->index);
    for (int k = 0; k < n->n_in; k++) {
      if (!n->in[k] || !n->in[k]->tape || n->in[k]->node) continue;
      *sources += 1;
      *bytes += place_bytes(n->in[k]->n * sizeof(real));
    }
  }
}

/* Pinned memory and its description, before anything is noted: nothing can be allocated meanwhile. */
static int reserve(tape *t, cuda_graph *g) {
  size_t sources, bytes;
  count_sources(t, &sources, &bytes);
  if (sources > g->most_sources) {
    memory_free(g->sources);
    g->sources = memory_zalloc(sources, sizeof *g->sources);
    g->most_sources = g->sources ? sources : 0;
    if (!g->sources) return tape_fail(t, SCRIM_E_MEMORY, "out of memory for %zu inputs of a graph", sources) != NULL;
  }
  if (!g->done && !cuda_done(t, cudaEventCreateWithFlags(&g->done, cudaEventDisableTiming), "an event for a graph"))
    return 0;
  if (bytes <= g->pinned_bytes) return 1;
  void *pinned;
  if (!cuda_done(t, cudaEventSynchronize(g->done), "a graph")) return 0; /* a run that nobody waited for may read it */
  cudaFreeHost(g->pinned);
  g->pinned = NULL;
  g->pinned_bytes = 0;
  if (!cuda_done(t, cudaMallocHost(&pinned, bytes), "pinned memory for a graph")) return 0;
  g->pinned = pinned;
  g->pinned_bytes = bytes;
  return 1;
}

static pthread_mutex_t capture_lock = PTHREAD_MUTEX_INITIALIZER;

void cuda_exclude_captures(int on) {
  if (on)
    pthread_mutex_lock(&capture_lock);
  else
    pthread_mutex_unlock(&capture_lock);
}

static int graph_begin(tape *t) {
  cuda_state *s = cuda_state_of(t);
  if (!s || !reserve(t, &s->graph)) return 0;
  cuda_take_over(s);
  cuda_graph_forget(&s->graph);
  cuda_exclude_captures(1);
  s->graph.capturing =
      cuda_done(t, cudaStreamBeginCapture(cudaStreamPerThread, cudaStreamCaptureModeThreadLocal), "capturing a pass");
  if (!s->graph.capturing) cuda_exclude_captures(0);
  return s->graph.capturing;
}

int cuda_graph_upload(tape *t, cuda_graph *g, void *to, const void *from, size_t bytes) {
  unsigned char *place = g->pinned + g->pinned_used;
  g->sources[g->n_sources++] = (cuda_source){.host = from, .at = g->pinned_used, .bytes = bytes};
  g->pinned_used += place_bytes(bytes);
  return cuda_done(t, cudaMemcpyAsync(to, place, bytes, cudaMemcpyHostToDevice, cudaStreamPerThread), "upload");
}

/* Ends the capture even where the pass has failed meanwhile: else the stream would stay in it. */
static int graph_end(tape *t) {
  cuda_graph *g = &cuda_state_of(t)->graph;
  cudaGraph_t graph = NULL;
  const int ended = cuda_done(t, cudaStreamEndCapture(cudaStreamPerThread, &graph), "capturing a pass");
  g->capturing = 0;
  cuda_exclude_captures(0);
  if (!ended) return 0;
  const int made = cuda_done(t, cudaGraphInstantiate(&g->run, graph, 0), "making a graph");
  if (!made) g->run = NULL;
  cudaGraphDestroy(graph);
  return made;
}

/* The pinned places are filled again once the last run has read them. */
static int graph_launch(tape *t) {
  cuda_state *s = t->state;
  cuda_graph *g = &s->graph;
  cuda_take_over(s);
  if (!cuda_done(t, cudaEventSynchronize(g->done), "a graph")) return 0;
  for (size_t i = 0; i < g->n_sources; i++) {
    memcpy(g->pinned + g->sources[i].at, g->sources[i].host, g->sources[i].bytes);
  }
  return cuda_done(t, cudaGraphLaunch(g->run, cudaStreamPerThread), "a graph") &&
         cuda_done(t, cudaEventRecord(g->done, cudaStreamPerThread), "a graph");
}

void cuda_graph_forget(cuda_graph *g) {
  if (g->run) cudaGraphExecDestroy(g->run);
  g->run = NULL;
  g->n_sources = g->pinned_used = 0;
}

void cuda_graph_free(cuda_graph *g) {
  cuda_graph_forget(g);
  if (g->done) cudaEventDestroy(g->done);
  if (g->pinned) memory_wipe(g->pinned, g->pinned_bytes); /* raw data goes through here */
  cudaFreeHost(g->pinned);
  memory_free(g->sources);
}

const device_replay cuda_replay = {.begin = graph_begin, .end = graph_end, .launch = graph_launch};
