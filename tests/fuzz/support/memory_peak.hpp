// How much memory this thread has held beyond what it held at the start: for properties of the kind "the answer to n bytes
// takes at most k * n + c". Counts what goes through malloc, and nothing that other threads do.
#pragma once

#include <cstddef>

namespace troupe::fuzz {

class memory_peak {
 public:
  memory_peak();
  memory_peak(const memory_peak&) = delete;
  memory_peak& operator=(const memory_peak&) = delete;
  std::size_t bytes() const;
};

}  // namespace troupe::fuzz
