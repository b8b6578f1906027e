// Adding up rollups, and percentiles from their sketches.
//
// The sketch is log-linear over microseconds: each power of two is cut into 64 buckets, so a percentile is off by
// at most 1/128 of its value. Bucket numbers are computed with integers only: the same on every machine.
#pragma once

#include <array>
#include <cstdint>
#include <limits>
#include <map>
#include <span>
#include <string>
#include <string_view>

#include "protocol/schema/rollup.capnp.h"

namespace troupe {

// Sums stop at the end of the range: no input, however wild, may overflow.
inline void add_saturated(std::int64_t& sum, std::int64_t more) {
  if (__builtin_add_overflow(sum, more, &sum))
    sum = more > 0 ? std::numeric_limits<std::int64_t>::max() : std::numeric_limits<std::int64_t>::min();
}

struct token_counts {
  std::int64_t input = 0, output = 0, cache_read = 0, cache_write = 0, reasoning = 0;
  void add(const token_counts& o);
  void add(schema::Tokens::Reader o);
  void write(schema::Tokens::Builder out) const;
  bool none() const { return (input | output | cache_read | cache_write | reasoning) == 0; }
};

// Bucket of a duration in microseconds (negative counts as 0), and the duration in its middle.
std::uint16_t sketch_bucket(std::int64_t us) noexcept;
std::int64_t sketch_value(std::uint16_t bucket) noexcept;

// When things were, and in which slots of 10 s of an hour somebody was at work. Empty for most rollups.
struct rollup_extent {
  std::int64_t first_us = 0, last_us = 0;  // 0: none
  std::array<std::uint64_t, 6> slots{};

  void add_span(std::int64_t from_us, std::int64_t to_us);
  void add(schema::Extent::Reader o);
  void add(const rollup_extent& o);
  bool any_slot() const;
  bool none() const { return first_us == 0 && last_us == 0 && !any_slot(); }
};

class rollup {
 public:
  std::int64_t count = 0, errors = 0, timed = 0, duration_sum_us = 0, duration_max_us = 0;
  std::int64_t cost_nano_usd = 0, hits = 0;
  token_counts tokens;
  rollup_extent extent;
  std::map<std::uint16_t, std::uint64_t> sketch;

  void add_duration(std::int64_t us);
  // The same without the sketch.
  void add_timed(std::int64_t us);
  void add_cost(std::int64_t nano_usd);
  void add_count(std::int64_t n);
  void add(const rollup& other);
  void add(schema::Rollup::Reader other);
  // The same without the sketch.
  void add_sums(schema::Rollup::Reader other);
  void write(schema::Rollup::Builder out) const;
  // All but the sketch.
  void write_sums(schema::Rollup::Builder out) const;
  std::string encode() const;
  // Duration in microseconds below which the share q (0 to 1) of the timed events lies; 0 if none was timed.
  std::int64_t percentile_us(double q) const;
};

// The sum of encoded rollups, as encode() would give it. An empty one counts as nothing.
std::string merge_rollups(std::span<const std::string_view> operands);
// 'existing' (may be empty) plus an encoded rollup.
std::string merge_rollups(std::string_view existing, std::string_view operand);

}  // namespace troupe
