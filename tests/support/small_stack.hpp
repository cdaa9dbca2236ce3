// Runs part of a test on a stack of 256 KB, like a loop thread under `ulimit -s 256`: a recursion
// as deep as its input overflows it. The test's thread waits meanwhile. The action makes no
// assertions; it returns the value to check.
#pragma once

#include <cassert>
#include <exception>
#include <optional>
#include <pthread.h>
#include <utility>

namespace sidecar::test {

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
inline constexpr std::size_t kSmallStack = 1 << 20;  // frames are several times as large
#else
inline constexpr std::size_t kSmallStack = 256 << 10;
#endif

template <class Action>
auto on_small_stack(Action action) {
  struct Work {
    Action& action;
    std::optional<decltype(action())> result{};
    std::exception_ptr thrown{};
  } work{action};
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  pthread_attr_setstacksize(&attributes, kSmallStack);
  pthread_t thread{};
  const int failed = pthread_create(
      &thread, &attributes,
      [](void* argument) -> void* {
        auto& its = *static_cast<Work*>(argument);
        try {
          its.result.emplace(its.action());
        } catch (...) {
          its.thrown = std::current_exception();
        }
        return nullptr;
      },
      &work);
  pthread_attr_destroy(&attributes);
  assert(failed == 0);
  if (failed == 0) pthread_join(thread, nullptr);
  if (work.thrown) std::rethrow_exception(work.thrown);
  return *std::move(work.result);
}

}  // namespace sidecar::test
