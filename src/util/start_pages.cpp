#include "util/start_pages.hpp"

#include <cstdint>
#include <link.h>
#include <sys/mman.h>
#include <unistd.h>

namespace sidecar {
namespace {

// Segments that are not writable are the file's own bytes; what the loader relocates lies in
// writable ones.
int release(dl_phdr_info* object, std::size_t, void* page_size) {
  const auto page = static_cast<std::uintptr_t>(*static_cast<const long*>(page_size));
  for (int i = 0; i < object->dlpi_phnum; ++i) {
    const auto& segment = object->dlpi_phdr[i];
    if (segment.p_type != PT_LOAD || (segment.p_flags & PF_W) != 0) continue;
    const std::uintptr_t begin = object->dlpi_addr + segment.p_vaddr;
    const std::uintptr_t first = begin / page * page;
    // The loader tells addresses as numbers. NOLINTNEXTLINE(performance-no-int-to-ptr)
    auto* const pages = reinterpret_cast<void*>(first);
    // Advice: where the kernel does not take it, the pages stay.
    static_cast<void>(::madvise(pages, begin + segment.p_memsz - first, MADV_DONTNEED));
  }
  return 0;
}

}  // namespace

void release_start_pages() {
  long page_size = ::sysconf(_SC_PAGESIZE);
  ::dl_iterate_phdr(release, &page_size);
}

}  // namespace sidecar
