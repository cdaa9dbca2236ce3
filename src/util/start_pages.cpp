#include "util/start_pages.hpp"

#include <cstdint>
#include <link.h>
#include <sys/mman.h>
#include <unistd.h>

namespace sidecar {
namespace {

// A segment that is not writable holds the unchanged bytes of the file. The loader writes
// relocations only into writable segments.
int release(dl_phdr_info* object, std::size_t, void* page_size) {
  const auto page = static_cast<std::uintptr_t>(*static_cast<const long*>(page_size));
  for (int i = 0; i < object->dlpi_phnum; ++i) {
    const auto& segment = object->dlpi_phdr[i];
    if (segment.p_type != PT_LOAD || (segment.p_flags & PF_W) != 0) continue;
    const std::uintptr_t begin = object->dlpi_addr + segment.p_vaddr;
    const std::uintptr_t first = begin / page * page;
    // The loader reports addresses as numbers. NOLINTNEXTLINE(performance-no-int-to-ptr)
    auto* const pages = reinterpret_cast<void*>(first);
    // Only advice: if the kernel refuses it, the pages stay mapped.
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
