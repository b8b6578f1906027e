#include "protocol/must.hpp"

#include <cstdio>
#include <cstdlib>

namespace troupe {

void must_failed(std::string_view what, const std::source_location& where) noexcept {
  std::fprintf(stderr, "troupe: broken invariant: %.*s at %s:%u in %s\n", static_cast<int>(what.size()),
               what.data(), where.file_name(), static_cast<unsigned>(where.line()), where.function_name());
  std::abort();
}

}  // namespace troupe
