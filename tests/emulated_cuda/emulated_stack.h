/* Switching stacks, told to ASan. */
#ifndef EMULATED_STACK_H
#define EMULATED_STACK_H

#include <cstddef>
#include <cstdint>

#if defined(__SANITIZE_ADDRESS__)
#define EMULATED_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define EMULATED_ASAN 1
#endif
#endif
#ifdef EMULATED_ASAN
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#endif

/* New memory for a stack may be where another stack was, and ASan remembers that one's frames. */
static inline void emulated_fresh(char *stack, size_t bytes) {
#ifdef EMULATED_ASAN
  __asan_unpoison_memory_region(stack, bytes);
#else
  (void)stack, (void)bytes;
#endif
}

#if defined(__x86_64__) && !defined(EMULATED_UCONTEXT)

/* Where a stack was left: its pointer, under which the registers lie that a call must keep. */
typedef void *emulated_place_of;

/* Leaves *from and goes on at `to`. swapcontext would do, with two calls of the system each time. */
extern "C" void emulated_switch(emulated_place_of *from, emulated_place_of *to);

/* A stack that begins with `entry`, which does not return. */
static inline void emulated_begin(emulated_place_of *place, char *stack, size_t bytes, void (*entry)()) {
  uintptr_t *top = reinterpret_cast<uintptr_t *>(stack + bytes);
  *--top = 0; /* where entry would return to; so the stack is aligned as after a call */
  *--top = reinterpret_cast<uintptr_t>(entry);
  for (int registers = 0; registers < 6; registers++) *--top = 0;
  *place = top;
}

#else

#include <ucontext.h>

typedef ucontext_t emulated_place_of;

static inline void emulated_switch(emulated_place_of *from, emulated_place_of *to) {
  swapcontext(from, to);
}

static inline void emulated_begin(emulated_place_of *place, char *stack, size_t bytes, void (*entry)()) {
  getcontext(place);
  place->uc_stack.ss_sp = stack;
  place->uc_stack.ss_size = bytes;
  place->uc_link = nullptr;
  makecontext(place, entry, 0);
}

#endif

/* Around a switch: leave before it, arrive on the other side. */
static inline void emulated_leave(void **fake_stack, const void *to, size_t bytes) {
#ifdef EMULATED_ASAN
  __sanitizer_start_switch_fiber(fake_stack, to, bytes);
#else
  (void)fake_stack, (void)to, (void)bytes;
#endif
}

static inline void emulated_arrive(void *fake_stack, const void **from, size_t *bytes) {
#ifdef EMULATED_ASAN
  __sanitizer_finish_switch_fiber(fake_stack, from, bytes);
#else
  (void)fake_stack, (void)from, (void)bytes;
#endif
}

#endif
