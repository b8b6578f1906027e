// must(condition, what): an invariant whose breach is a bug. Always on: prints and aborts, keeping the core.
#pragma once

#include <source_location>
#include <string_view>

namespace troupe {

[[noreturn]] void must_failed(std::string_view what, const std::source_location& where) noexcept;

inline void must(bool condition, std::string_view what,
                 const std::source_location& where = std::source_location::current()) noexcept {
  if (!condition) [[unlikely]]
    must_failed(what, where);
}

}  // namespace troupe
