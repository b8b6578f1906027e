// Tells ThreadSanitizer in which order CAF hands things from thread to thread. Debian's libcaf_core is not instrumented: its
// atomic operations on mailboxes and counters are unseen, and every message would be reported as a race.
//
// The functions below stand in front of CAF's own (the program's symbols come before a library's) and say what those do
// by their contract, no more:
// - what happened before a message was enqueued happened before it is handled;
// - one resume() of an actor happened before the next one, and its launch before the first;
// - what happened before a counter was decremented happened before the object is destroyed.
// Everything else of ours that CAF runs stays checked: there is no suppression for frames of CAF.
#if defined(__SANITIZE_THREAD__)

#include <dlfcn.h>

#include <cstddef>

extern "C" {
void __tsan_acquire(void* address);
void __tsan_release(void* address);
}

namespace {

template <class Function>
Function next(const char* name) {
  return reinterpret_cast<Function>(::dlsym(RTLD_NEXT, name));
}

// Where the resumable lies in a scheduled_actor: part of the name of the thunk below.
constexpr std::ptrdiff_t resumable_at = 160;

}  // namespace

#define ENQUEUE                                                                                    \
  "_ZN3caf15scheduled_actor7enqueueESt10unique_ptrINS_15mailbox_elementENS_6detail8disposerEEPNS_" \
  "14execution_unitE"
#define BLOCKING_ENQUEUE                                                                          \
  "_ZN3caf14blocking_actor7enqueueESt10unique_ptrINS_15mailbox_elementENS_6detail8disposerEEPNS_" \
  "14execution_unitE"
#define VISIT "_ZN3caf15scheduled_actor15mailbox_visitorclERNS_15mailbox_elementE"
#define BLOCKING_VISIT "_ZN3caf14blocking_actor15mailbox_visitorclERNS_15mailbox_elementE"
#define RESUME "_ZN3caf15scheduled_actor6resumeEPNS_14execution_unitEm"
#define RESUME_OF_RESUMABLE "_ZThn160_N3caf15scheduled_actor6resumeEPNS_14execution_unitEm"
#define LAUNCH "_ZN3caf15scheduled_actor6launchEPNS_14execution_unitEbb"
#define REACTIVATE "_ZN3caf15scheduled_actor10reactivateERNS_15mailbox_elementE"
#define RELEASE_ACTOR "_ZN3caf21intrusive_ptr_releaseEPNS_19actor_control_blockE"
#define RELEASE_WEAK "_ZN3caf26intrusive_ptr_release_weakEPNS_19actor_control_blockE"
#define DEREF "_ZNK3caf11ref_counted5derefEv"
#define RELEASE_MESSAGE "_ZN3caf6detail21intrusive_ptr_releaseEPKNS0_20dynamic_message_dataE"

extern "C" {

void troupe_enqueue(void* actor, void* element, void* unit) asm(ENQUEUE);
void troupe_enqueue(void* actor, void* element, void* unit) {
  static const auto real = next<void (*)(void*, void*, void*)>(ENQUEUE);
  __tsan_release(*static_cast<void**>(element));  // a unique_ptr, passed by its address
  real(actor, element, unit);
}

int troupe_reactivate(void* actor, void* element) asm(REACTIVATE);
int troupe_reactivate(void* actor, void* element) {
  static const auto real = next<int (*)(void*, void*)>(REACTIVATE);
  __tsan_acquire(element);
  return real(actor, element);
}

void troupe_blocking_enqueue(void* actor, void* element, void* unit) asm(BLOCKING_ENQUEUE);
void troupe_blocking_enqueue(void* actor, void* element, void* unit) {
  static const auto real = next<void (*)(void*, void*, void*)>(BLOCKING_ENQUEUE);
  __tsan_release(*static_cast<void**>(element));
  real(actor, element, unit);
}

int troupe_blocking_visit(void* visitor, void* element) asm(BLOCKING_VISIT);
int troupe_blocking_visit(void* visitor, void* element) {
  static const auto real = next<int (*)(void*, void*)>(BLOCKING_VISIT);
  __tsan_acquire(element);
  return real(visitor, element);
}

int troupe_resume(void* actor, void* unit, std::size_t most) asm(RESUME);
int troupe_resume(void* actor, void* unit, std::size_t most) {
  static const auto real = next<int (*)(void*, void*, std::size_t)>(RESUME);
  __tsan_acquire(actor);
  auto out = real(actor, unit, most);
  __tsan_release(actor);
  return out;
}

int troupe_resume_of_resumable(void* resumable, void* unit, std::size_t most) asm(RESUME_OF_RESUMABLE);
int troupe_resume_of_resumable(void* resumable, void* unit, std::size_t most) {
  static const auto real = next<int (*)(void*, void*, std::size_t)>(RESUME_OF_RESUMABLE);
  void* actor = static_cast<char*>(resumable) - resumable_at;
  __tsan_acquire(actor);
  auto out = real(resumable, unit, most);
  __tsan_release(actor);
  return out;
}

// Before resume() comes back another thread may have begun the next one: an actor whose mailbox is empty is let go inside.
int troupe_visit(void* visitor, void* element) asm(VISIT);
int troupe_visit(void* visitor, void* element) {
  static const auto real = next<int (*)(void*, void*)>(VISIT);
  auto* actor = *static_cast<void**>(visitor);
  auto out = real(visitor, element);
  __tsan_release(actor);
  return out;
}

void troupe_launch(void* actor, void* unit, bool lazy, bool hide) asm(LAUNCH);
void troupe_launch(void* actor, void* unit, bool lazy, bool hide) {
  static const auto real = next<void (*)(void*, void*, bool, bool)>(LAUNCH);
  __tsan_release(actor);
  real(actor, unit, lazy, hide);
}

void troupe_release_actor(void* block) asm(RELEASE_ACTOR);
void troupe_release_actor(void* block) {
  static const auto real = next<void (*)(void*)>(RELEASE_ACTOR);
  __tsan_release(block);
  __tsan_acquire(block);
  real(block);
}

void troupe_release_weak(void* block) asm(RELEASE_WEAK);
void troupe_release_weak(void* block) {
  static const auto real = next<void (*)(void*)>(RELEASE_WEAK);
  __tsan_release(block);
  __tsan_acquire(block);
  real(block);
}

void troupe_release_message(const void* data) asm(RELEASE_MESSAGE);
void troupe_release_message(const void* data) {
  static const auto real = next<void (*)(const void*)>(RELEASE_MESSAGE);
  __tsan_release(const_cast<void*>(data));
  __tsan_acquire(const_cast<void*>(data));
  real(data);
}

// Of what a message holds: it is shared by all who were sent it.
void troupe_deref(const void* counted) asm(DEREF);
void troupe_deref(const void* counted) {
  static const auto real = next<void (*)(const void*)>(DEREF);
  __tsan_release(const_cast<void*>(counted));
  __tsan_acquire(const_cast<void*>(counted));
  real(counted);
}

}  // extern "C"

#endif
