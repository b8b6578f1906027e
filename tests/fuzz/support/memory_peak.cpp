#include "tests/fuzz/support/memory_peak.hpp"

#include <sanitizer/allocator_interface.h>

#include <algorithm>
#include <cstdint>

#include "protocol/must.hpp"

namespace troupe::fuzz {

namespace {

thread_local std::int64_t held = 0, highest = 0;

void on_malloc(const volatile void*, std::size_t size) {
  held += static_cast<std::int64_t>(size);
  highest = std::max(highest, held);
}

void on_free(const volatile void* block) {
  if (block != nullptr)
    held -= static_cast<std::int64_t>(__sanitizer_get_allocated_size(const_cast<const void*>(block)));
}

}  // namespace

memory_peak::memory_peak() {
  static const bool hooked = __sanitizer_install_malloc_and_free_hooks(on_malloc, on_free) != 0;
  must(hooked, "the allocator takes hooks");
  held = 0;
  highest = 0;
}

std::size_t memory_peak::bytes() const { return static_cast<std::size_t>(highest); }

}  // namespace troupe::fuzz
