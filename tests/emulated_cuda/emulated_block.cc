/*
 * The threads of a block on one thread of the host. A worker runs them one after the other on a stack of its own. When
 * one must wait it keeps the worker, and another goes on with the threads that have not begun; so a kernel whose
 * threads never wait needs one worker and no switch.
 */
#include "emulated_parts.h"
#include "emulated_stack.h"
#include <algorithm>
#include <deque>
#include <numeric>
#include <sys/mman.h>

__thread emulated_place emulated_here;
alignas(256) thread_local float cuda_shared[EMULATED_SHARED / sizeof(float)];

#if defined(__x86_64__) && !defined(EMULATED_UCONTEXT)
asm(R"(
  .text
  .globl emulated_switch
  .type emulated_switch, @function
emulated_switch:
  pushq %rbp
  pushq %rbx
  pushq %r12
  pushq %r13
  pushq %r14
  pushq %r15
  movq %rsp, (%rdi)
  movq (%rsi), %rsp
  popq %r15
  popq %r14
  popq %r13
  popq %r12
  popq %rbx
  popq %rbp
  ret
  .size emulated_switch, . - emulated_switch
)");
#endif

namespace {

enum { STACK_BYTES = 256 << 10 };

enum class thread_state { unborn, running, at_block, at_warp, ready, done };

struct worker;

struct gpu_thread {
  emulated_index index;
  thread_state state;
  worker *on;
  /* of the exchange that it waits in */
  unsigned mask;
  uint64_t value;
  int source;
  uint64_t received;
  unsigned votes;
};

/* A stack, and where to go on. */
struct worker {
  emulated_place_of place;
  char *stack;
  void *fake_stack; /* ASan's */
};

struct block_run {
  const emulated_kernel *kernel;
  std::vector<gpu_thread> threads;
  std::vector<unsigned> waiting; /* of each warp: the lanes that wait for others of it */
  std::vector<int> order;        /* in which threads begin */
  size_t begun, done;
  std::deque<int> ready; /* those that may go on, in the order they were freed */
  uint64_t random;
  int current;
  std::vector<worker *> idle, all;
  worker *running;
  emulated_place_of home;
  void *home_fake_stack;
  const void *home_stack;
  size_t home_stack_bytes;

  ~block_run() {
    for (worker *w : all) {
      munmap(w->stack, STACK_BYTES);
      delete w;
    }
  }
};

/* The block that this thread of the host runs; a plain pointer, because each use of what has a constructor asks first
 * whether it has run. */
__thread block_run *now;
emulated_order wanted_order = EMULATED_ASCENDING;

/* ---- switching stacks ---- */

/* From a worker back to the block. */
void go_home() {
  worker *w = now->running;
  emulated_leave(&w->fake_stack, now->home_stack, now->home_stack_bytes);
  emulated_switch(&w->place, &now->home);
  emulated_arrive(w->fake_stack, nullptr, nullptr);
}

void go_to(worker *w) {
  now->running = w;
  emulated_leave(&now->home_fake_stack, w->stack, STACK_BYTES);
  emulated_switch(&now->home, &w->place);
  emulated_arrive(now->home_fake_stack, nullptr, nullptr);
}

void run_thread(int t) {
  now->current = t;
  now->threads[static_cast<size_t>(t)].state = thread_state::running;
  emulated_here.thread = now->threads[static_cast<size_t>(t)].index;
  now->kernel->run();
  now->threads[static_cast<size_t>(now->current)].state = thread_state::done;
  now->done++;
}

/* A worker's life: threads that have not begun, one after the other; none left, it is idle. */
void work() {
  emulated_arrive(nullptr, &now->home_stack, &now->home_stack_bytes);
  for (;;) {
    while (now->begun < now->order.size()) run_thread(now->order[now->begun++]);
    now->idle.push_back(now->running);
    go_home();
  }
}

worker *free_worker() {
  if (!now->idle.empty()) {
    worker *w = now->idle.back();
    now->idle.pop_back();
    return w;
  }
  worker *w = new worker();
  w->stack = static_cast<char *>(
      mmap(nullptr, STACK_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0));
  if (w->stack == MAP_FAILED) emulated_die("no memory for a stack");
  emulated_fresh(w->stack, STACK_BYTES);
  emulated_begin(&w->place, w->stack, STACK_BYTES, work);
  now->all.push_back(w);
  return w;
}

/* ---- waiting ---- */

void wait_as(thread_state state) {
  gpu_thread *t = &now->threads[static_cast<size_t>(now->current)];
  const int self = now->current;
  t->state = state;
  t->on = now->running;
  go_home();
  now->current = self;
  t->state = thread_state::running;
  emulated_here.thread = t->index;
}

void set_free(size_t t) {
  now->threads[t].state = thread_state::ready;
  now->ready.push_back(static_cast<int>(t));
}

/* Frees those that wait for their block if all of it that have not ended do. */
void open_barrier() {
  size_t waiting = 0;
  for (const gpu_thread &t : now->threads) waiting += t.state == thread_state::at_block;
  if (waiting == 0 || waiting + now->done < now->threads.size()) return;
  for (int t : now->order) {
    if (now->threads[static_cast<size_t>(t)].state == thread_state::at_block) set_free(static_cast<size_t>(t));
  }
}

/* Says which threads wait where: no one can go on. */
[[noreturn]] void die_waiting() {
  size_t at_block = 0, at_warp = 0;
  for (const gpu_thread &t : now->threads) {
    at_block += t.state == thread_state::at_block;
    at_warp += t.state == thread_state::at_warp;
  }
  emulated_die("%s: in block (%u, %u, %u) %zu threads wait at __syncthreads and %zu for lanes that do not come",
               now->kernel->name, emulated_here.block.x, emulated_here.block.y, emulated_here.block.z, at_block,
               at_warp);
}

size_t random_below(size_t n) {
  now->random = now->random * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
  return static_cast<size_t>(now->random >> 33) % n;
}

/*
 * Who goes on: in ascending order who was freed first, in descending order who was freed last, so that some threads
 * run far ahead of others.
 */
int take_ready() {
  std::deque<int> &ready = now->ready;
  if (wanted_order == EMULATED_SHUFFLED) std::swap(ready[random_below(ready.size())], ready.back());
  const int t = wanted_order == EMULATED_ASCENDING ? ready.front() : ready.back();
  if (wanted_order == EMULATED_ASCENDING)
    ready.pop_front();
  else
    ready.pop_back();
  return t;
}

void run_block() {
  now->begun = now->done = 0;
  now->ready.clear();
  for (gpu_thread &t : now->threads) t.state = thread_state::unborn;
  while (now->done < now->threads.size()) {
    if (!now->ready.empty()) {
      go_to(now->threads[static_cast<size_t>(take_ready())].on);
    } else if (now->begun < now->order.size()) {
      go_to(free_worker());
    } else {
      open_barrier();
      if (now->ready.empty()) die_waiting();
    }
  }
}

/* 0..n-1 as the test wants them. */
std::vector<int> places_in_order(size_t n) {
  std::vector<int> order(n);
  std::iota(order.begin(), order.end(), 0);
  if (wanted_order == EMULATED_DESCENDING) std::reverse(order.begin(), order.end());
  for (size_t i = n; wanted_order == EMULATED_SHUFFLED && i > 1; i--) std::swap(order[i - 1], order[random_below(i)]);
  return order;
}

emulated_index index_of(size_t i, emulated_index size) {
  const size_t x = size.x, y = size.y;
  return {static_cast<unsigned>(i % x), static_cast<unsigned>(i / x % y), static_cast<unsigned>(i / x / y)};
}

} // namespace

void emulated_prepare_thread(void) {
  thread_local block_run own;
  now = &own;
}

void emulated_run(const emulated_kernel &k) {
  emulated_prepare_thread();
  const size_t threads = static_cast<size_t>(k.block.x) * k.block.y * k.block.z;
  now->kernel = &k;
  now->random = 1;
  now->threads.assign(threads, gpu_thread());
  now->waiting.assign((threads + EMULATED_WARP - 1) / EMULATED_WARP, 0);
  for (size_t t = 0; t < threads; t++) now->threads[t].index = index_of(t, k.block);
  now->order = places_in_order(threads);
  emulated_here.block_size = k.block;
  emulated_here.grid_size = k.grid;
  const std::vector<int> blocks = places_in_order(static_cast<size_t>(k.grid.x) * k.grid.y * k.grid.z);
  for (int b : blocks) {
    emulated_here.block = index_of(static_cast<size_t>(b), k.grid);
    run_block();
  }
}

void emulated_sync_block(void) {
  wait_as(thread_state::at_block);
}

int emulated_lane(void) {
  return now->current % EMULATED_WARP;
}

static gpu_thread *emulated_warp(void) {
  return &now->threads[static_cast<size_t>(now->current / EMULATED_WARP * EMULATED_WARP)];
}

/* Lanes of the running thread's warp that there are. */
static int emulated_warp_size(void) {
  const size_t left = now->threads.size() - static_cast<size_t>(now->current / EMULATED_WARP * EMULATED_WARP);
  return left < EMULATED_WARP ? static_cast<int>(left) : EMULATED_WARP;
}

unsigned emulated_active(void) {
  unsigned active = 0;
  for (int l = 0; l < emulated_warp_size(); l++) {
    if (emulated_warp()[l].state != thread_state::done) active |= 1u << l;
  }
  return active;
}

/* The last lane of the mask to come gives each what it asked for and sets the others free. */
static void emulated_hand_over(unsigned mask) {
  gpu_thread *warp = emulated_warp();
  unsigned votes = 0;
  for (int l = 0; l < emulated_warp_size(); l++) votes |= (mask >> l & 1u) && warp[l].value ? 1u << l : 0;
  for (int l = 0; l < emulated_warp_size(); l++) {
    if (!(mask >> l & 1u)) continue;
    if (!(mask >> warp[l].source & 1u))
      emulated_die("%s: a lane asks for lane %d, which is not in the mask", now->kernel->name, warp[l].source);
    warp[l].received = warp[warp[l].source].value;
    warp[l].votes = votes;
  }
  const size_t first = static_cast<size_t>(now->current / EMULATED_WARP * EMULATED_WARP);
  for (size_t l = 0; l < static_cast<size_t>(emulated_warp_size()); l++) {
    if ((mask >> l & 1u) && static_cast<int>(first + l) != now->current) set_free(first + l);
  }
}

uint64_t emulated_exchange(unsigned mask, uint64_t value, int source, unsigned *votes) {
  gpu_thread *self = &now->threads[static_cast<size_t>(now->current)], *warp = emulated_warp();
  const int lanes = emulated_warp_size();
  if (lanes < EMULATED_WARP) mask &= (1u << lanes) - 1; /* a block may end within a warp */
  if (!(mask >> emulated_lane() & 1u))
    emulated_die("%s: lane %d is not in its own mask %#x", now->kernel->name, emulated_lane(), mask);
  if (source < 0 || source >= lanes) source = emulated_lane();
  self->mask = mask;
  self->value = value;
  self->source = source;
  unsigned *waiting = &now->waiting[static_cast<size_t>(now->current / EMULATED_WARP)];
  bool all = ((*waiting | 1u << emulated_lane()) & mask) == mask;
  for (int l = 0; all && l < lanes; l++) {
    if ((mask >> l & 1u) && &warp[l] != self) all = warp[l].mask == mask;
  }
  if (all) {
    *waiting &= ~mask;
    emulated_hand_over(mask);
  } else {
    *waiting |= 1u << emulated_lane();
    wait_as(thread_state::at_warp);
  }
  if (votes) *votes = self->votes;
  return self->received;
}

extern "C" void emulated_cuda_order(emulated_order order) {
  wanted_order = order;
}
