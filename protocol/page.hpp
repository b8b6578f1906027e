// The bounds of one answer to a query: items, bytes, and records looked at.
#pragma once

#include <algorithm>
#include <cstdint>

#include "protocol/limits.hpp"

namespace troupe {

class page {
 public:
  // 0 asks for the default.
  explicit page(std::uint32_t items)
      : items_left_(std::min(items == 0 ? limits::page_items_default : items, limits::page_items_max)) {}

  // Counts a record that is looked at. False: stop before it.
  bool look() { return items_left_ > 0 && looks_left_-- > 0; }
  // Counts an item of that size. False: it does not fit, stop before it. The first one always fits.
  bool take(std::size_t bytes) {
    if (bytes > bytes_left_ && !empty_) return false;
    bytes_left_ -= std::min(bytes, bytes_left_);
    empty_ = false;
    --items_left_;
    return true;
  }

 private:
  std::uint32_t items_left_;
  std::int64_t looks_left_ = limits::query_scan_max;
  std::size_t bytes_left_ = limits::answer_bytes_max;
  bool empty_ = true;
};

}  // namespace troupe
