/*
 * The prior's network over all places: encoder and pool, the head and what it tells the layers, then the layers with
 * gates and shifts and what their answers make of the ways. Activations of 32 places stay in shared memory; weights of
 * width 32 are 150 KB and stay in the second-level cache.
 *
 * Floor for width 32: 37,000 multiply-adds a place, and 750 bytes.
 */
#include "cuda/kernels_prior.h"
#include "cuda/kernels_tiles.cuh"

namespace {

enum { TILES = PRIOR_POOLED_SLOTS / TILE_POINTS, SUM_THREADS = 1024 };

unsigned blocks_of_slots(uint32_t n, uint32_t slots) {
  return (n + slots - 1) / slots;
}

/* ---- the encoder ---- */

/* What the encoder makes of a tile; answers which buffer it is in. */
__device__ int encode_tile(const diffuse_cloud &c, const networks_network &net, uint32_t begin, uint32_t places) {
  tile_load(c.numbers, net.layer[0].in, c.tree.slots, begin, places, tile_buffer(0, net.widest));
  for (int i = 0; i < net.layers; i++)
    tile_layer(net.layer[i], tile_buffer(i % 2, net.widest), tile_buffer(1 - i % 2, net.widest),
               [](int, float y) { return tile_relu(y); });
  return net.layers % 2;
}

/* Sums over the points of a block's places, in the order of the places. */
__global__ void pool(diffuse_cloud c, diffuse_network p) {
  __shared__ float copies[TILE_POINTS];
  const uint32_t places = *c.tree.places, begin = blockIdx.x * PRIOR_POOLED_SLOTS;
  const int out = p.encoder.layer[p.encoder.layers - 1].out;
  float *pooled = p.pooled + (size_t)blockIdx.x * out;
  for (int t = 0; t < TILES; t++) {
    const uint32_t from = begin + t * TILE_POINTS, left = from < places ? places - from : 0;
    if (threadIdx.x < TILE_POINTS && threadIdx.x < left)
      copies[threadIdx.x] = (float)c.copies[c.tree.place[from + threadIdx.x].index];
    const float *y = tile_buffer(left > 0 ? encode_tile(c, p.encoder, from, places) : 0, p.encoder.widest);
    for (int j = (int)threadIdx.x; j < out; j += TILE_THREADS) {
      float sum = t > 0 ? pooled[j] : 0;
      for (uint32_t i = 0; i < TILE_POINTS && i < left; i++) sum += copies[i] * y[j * TILE_STEP + i];
      pooled[j] = sum;
    }
    __syncthreads();
  }
}

/* ---- the head: one block ---- */

/* told [out] = W x + b, and ReLU but for the last. */
__device__ void head_layer(const networks_layer &l, int is_last, const float *x, float *y) {
  for (int o = (int)threadIdx.x; o < l.out; o += SUM_THREADS) {
    float sum = l.b[o];
    for (int i = 0; i < l.in; i++) sum = fmaf(x[i], l.w[(size_t)i * l.stride + o], sum);
    y[o] = is_last ? sum : tile_relu(sum);
  }
  __syncthreads();
}

/* The means of what blocks pooled: threads of a column take runs of blocks, whose sums are added in their order. */
__device__ void mean_of_blocks(const diffuse_network &p, uint32_t blocks, uint32_t points, float *part, float *mean) {
  const uint32_t out = (uint32_t)p.encoder.layer[p.encoder.layers - 1].out, runs = SUM_THREADS / out;
  const uint32_t column = threadIdx.x % out, run = threadIdx.x / out, length = (blocks + runs - 1) / runs;
  float sum = 0;
  if (run < runs) {
#pragma unroll 8
    for (uint32_t b = run * length; b < (run + 1) * length && b < blocks; b++)
      sum += p.pooled[(size_t)b * out + column];
    part[threadIdx.x] = sum;
  }
  __syncthreads();
  if (threadIdx.x < out) {
    sum = 0;
    for (uint32_t r = 0; r < runs; r++) sum += part[r * out + column];
    mean[column] = sum / (float)points;
  }
  __syncthreads();
}

__global__ void __launch_bounds__(SUM_THREADS) tell(diffuse_cloud c, diffuse_network p, uint32_t blocks) {
  __shared__ float part[SUM_THREADS], buffer[2][NETWORKS_MOST_WIDTH];
  mean_of_blocks(p, blocks, c.copies[c.tree.n], part, buffer[0]);
  for (int i = 0; i < p.head.layers; i++)
    head_layer(p.head.layer[i], i + 1 == p.head.layers, buffer[i % 2], buffer[1 - i % 2]);
  for (int i = (int)threadIdx.x; i < p.latent; i += SUM_THREADS) p.told[i] = buffer[p.head.layers % 2][i];
}

/* ---- the layers ---- */

/* gate = sigmoid(G c + g), shift = gate * b + H c, so that a layer is gate * (W x) + shift. A thread an output. */
__global__ void put_controls(diffuse_cloud c, diffuse_network p, double level) {
  const int i = (int)(blockIdx.x * TILE_THREADS + threadIdx.x), in = p.latent + p.times;
  const double unit = *c.spacing / level, u = log(1 / unit);
  const float time[3] = {(float)u, (float)sin(u), (float)cos(u)};
  if (i == 0) *p.unit = (float)-unit;
  if (i >= p.controls) return;
  float gate = p.gate_bias[i], shift = 0;
  for (int j = 0; j < in; j++) {
    const float told = j < p.latent ? p.told[j] : time[j - p.latent];
    gate = fmaf(told, p.gate[(size_t)i * in + j], gate);
    shift = fmaf(told, p.shift[(size_t)i * in + j], shift);
  }
  gate = 1 / (1 + expf(-gate));
  p.controls_gate[i] = gate;
  p.controls_shift[i] = shift + gate * p.bias[i];
}

/* epsilon of 32 places; all at one place, nobody tells where to, and there is none. */
__global__ void find_epsilon(diffuse_cloud c, diffuse_network p) {
  const uint32_t begin = blockIdx.x * TILE_POINTS, places = *c.tree.places, i = threadIdx.x % TILE_POINTS;
  const int axis = (int)(threadIdx.x / TILE_POINTS), widest = p.network.widest;
  int row = 0;
  if (begin >= places) return; /* the whole block */
  tile_load(c.numbers, p.network.layer[0].in, c.tree.slots, begin, places, tile_buffer(0, widest));
  for (int l = 0; l < p.network.layers; l++) {
    const float slope = l + 1 < p.network.layers ? p.slope : 1, *gate = p.controls_gate + row,
                *shift = p.controls_shift + row;
    tile_layer(p.network.layer[l], tile_buffer(l % 2, widest), tile_buffer(1 - l % 2, widest), [=](int o, float y) {
      const float value = y * gate[o] + shift[o];
      return value > 0 ? value : slope * value;
    });
    row += p.network.layer[l].out;
  }
  const float *factor = tile_buffer(p.network.layers % 2, widest);
  if (axis >= 3 || begin + i >= places) return;
  float sum = 0;
  for (int v = 0; v < PRIOR_WAYS_OF; v++)
    sum += factor[v * TILE_STEP + i] * c.ways[(size_t)(axis * PRIOR_WAYS_OF + v) * c.tree.slots + begin + i];
  c.epsilon[3 * (size_t)c.tree.place[begin + i].index + axis] = *c.spacing > 0 ? *p.unit * sum : 0;
}

} // namespace

extern "C" cudaError_t diffuse_encode(const diffuse_cloud *c, const diffuse_network *p, cudaStream_t stream) {
  const unsigned blocks = blocks_of_slots(c->tree.n, PRIOR_POOLED_SLOTS);
  const cudaError_t e = CUDA_LAUNCH(pool, blocks, TILE_THREADS, tile_bytes(p->encoder.widest), stream, *c, *p);
  return e == cudaSuccess ? CUDA_LAUNCH(tell, 1, SUM_THREADS, 0, stream, *c, *p, blocks) : e;
}

extern "C" cudaError_t diffuse_epsilon(const diffuse_cloud *c, const diffuse_network *p, double level,
                                       cudaStream_t stream) {
  const unsigned blocks = blocks_of_slots((uint32_t)p->controls, TILE_THREADS);
  const cudaError_t e = CUDA_LAUNCH(put_controls, blocks, TILE_THREADS, 0, stream, *c, *p, level);
  if (e != cudaSuccess) return e;
  return CUDA_LAUNCH(find_epsilon, blocks_of_slots(c->tree.n, TILE_POINTS), TILE_THREADS, tile_bytes(p->network.widest),
                     stream, *c, *p);
}
