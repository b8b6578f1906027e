// Times in nanoseconds in a log-linear histogram: each power of two is cut into 128 equal parts, so that a value read
// back is at most 0.8 % above the one recorded. Fixed size, no allocation when recording. Debian has no C HdrHistogram;
// this is its layout with a fixed precision. One thread.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>

namespace troupe::bench {

class histogram {
 public:
  void record(std::int64_t ns, std::uint64_t times = 1) {
    auto value = ns < 0 ? 0 : static_cast<std::uint64_t>(ns);
    counts_[index_of(value)] += times;
    count_ += times;
    if (value > max_) max_ = value;
  }

  // The smallest value that 'share' (0..1) of all values do not exceed; 0 when nothing was recorded.
  std::uint64_t at(double share) const {
    if (count_ == 0) return 0;
    auto wanted = static_cast<std::uint64_t>(share * static_cast<double>(count_) + 0.5);
    if (wanted == 0) wanted = 1;
    std::uint64_t seen = 0;
    for (std::size_t i = 0; i < counts_.size(); ++i) {
      seen += counts_[i];
      if (seen >= wanted) return std::min(highest_of(i), max_);
    }
    return max_;
  }

  std::uint64_t count() const { return count_; }
  std::uint64_t max() const { return max_; }

 private:
  static constexpr unsigned part_bits = 7, parts = 1U << part_bits;

  // Values under 'parts' have a place each; above, the place is the exponent and the next part_bits bits.
  static std::size_t index_of(std::uint64_t value) {
    if (value < parts) return value;
    auto shift = static_cast<unsigned>(std::bit_width(value)) - part_bits - 1;
    return (static_cast<std::size_t>(shift) + 1) * parts + ((value >> shift) - parts);
  }
  static std::uint64_t highest_of(std::size_t index) {
    if (index < parts) return index;
    auto shift = static_cast<unsigned>(index / parts - 1);
    return ((parts + index % parts + 1) << shift) - 1;
  }

  std::array<std::uint64_t, (64 - part_bits + 1) * parts> counts_{};
  std::uint64_t count_ = 0, max_ = 0;
};

}  // namespace troupe::bench
