#include "bench/micro/allocations.hpp"

#include <cstdlib>
#include <new>

namespace {

sidecar::bench::Allocated counted;  // one thread only

void* take(std::size_t size) {
  ++counted.times;
  counted.bytes += size;
  void* const memory = std::malloc(size == 0 ? 1 : size);
  if (memory == nullptr) throw std::bad_alloc();
  return memory;
}

void* take(std::size_t size, std::align_val_t alignment) {
  ++counted.times;
  counted.bytes += size;
  const auto grain = static_cast<std::size_t>(alignment);
  void* const memory = std::aligned_alloc(grain, (size + grain - 1) / grain * grain);
  if (memory == nullptr) throw std::bad_alloc();
  return memory;
}

}  // namespace

void* operator new(std::size_t size) { return take(size); }
void* operator new[](std::size_t size) { return take(size); }
void* operator new(std::size_t size, std::align_val_t alignment) { return take(size, alignment); }
void* operator new[](std::size_t size, std::align_val_t alignment) { return take(size, alignment); }
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete[](void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
void operator delete[](void* memory, std::size_t) noexcept { std::free(memory); }
void operator delete(void* memory, std::align_val_t) noexcept { std::free(memory); }
void operator delete[](void* memory, std::align_val_t) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t, std::align_val_t) noexcept { std::free(memory); }
void operator delete[](void* memory, std::size_t, std::align_val_t) noexcept { std::free(memory); }

sidecar::bench::Allocated sidecar::bench::allocated() { return counted; }
