#include "protocol/rollup.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <limits>
#include <utility>

#include "protocol/flat_builder.hpp"

namespace troupe {

namespace {

constexpr int sub_bits = 6;  // 64 buckets to a power of two
constexpr std::uint64_t sub_count = 1ULL << sub_bits;

// A rollup with its tokens, its extent and the root, without the sketch.
constexpr std::size_t rollup_words = 48;

// Adds sketches up without allocating: a count for every bucket there is, and a bit for those in use.
class sketch_sum {
 public:
  sketch_sum() : t_(scratch) {}
  ~sketch_sum() {
    take([](std::uint16_t, std::uint64_t) {});
  }
  sketch_sum(const sketch_sum&) = delete;
  sketch_sum& operator=(const sketch_sum&) = delete;

  // A number that is no bucket counts as the last one.
  void add(std::uint16_t index, std::uint64_t n) {
    index = std::min<std::uint16_t>(index, buckets - 1);
    t_.counts[index] += n;
    t_.used[index >> 6] |= 1ULL << (index & 63);
  }
  std::size_t distinct() const {
    std::size_t n = 0;
    for (auto bits : t_.used) n += static_cast<std::size_t>(std::popcount(bits));
    return n;
  }
  // Visits the buckets in order, and leaves nothing behind.
  template <class Visit>
  void take(Visit&& visit) {
    for (std::size_t word = 0; word < t_.used.size(); ++word)
      for (auto bits = std::exchange(t_.used[word], 0); bits != 0; bits &= bits - 1) {
        auto index = word * 64 + static_cast<std::size_t>(std::countr_zero(bits));
        visit(static_cast<std::uint16_t>(index), std::exchange(t_.counts[index], 0));
      }
  }

 private:
  static constexpr std::uint16_t buckets = 64 * sub_count;  // more than sketch_bucket() gives
  struct table {
    std::array<std::uint64_t, buckets> counts;
    std::array<std::uint64_t, buckets / 64> used;
  };
  static inline thread_local table scratch{};
  table& t_;
};

}  // namespace

void token_counts::add(const token_counts& o) {
  add_saturated(input, o.input);
  add_saturated(output, o.output);
  add_saturated(cache_read, o.cache_read);
  add_saturated(cache_write, o.cache_write);
  add_saturated(reasoning, o.reasoning);
}

void token_counts::add(schema::Tokens::Reader o) {
  add(token_counts{o.getInput(), o.getOutput(), o.getCacheRead(), o.getCacheWrite(), o.getReasoning()});
}

void token_counts::write(schema::Tokens::Builder out) const {
  out.setInput(input);
  out.setOutput(output);
  out.setCacheRead(cache_read);
  out.setCacheWrite(cache_write);
  out.setReasoning(reasoning);
}

std::uint16_t sketch_bucket(std::int64_t us) noexcept {
  auto v = static_cast<std::uint64_t>(std::max<std::int64_t>(us, 0));
  if (v < sub_count) return static_cast<std::uint16_t>(v);
  int shift = std::bit_width(v) - 1 - sub_bits;
  return static_cast<std::uint16_t>(((static_cast<std::uint64_t>(shift) + 1) << sub_bits) +
                                    ((v >> shift) - sub_count));
}

std::int64_t sketch_value(std::uint16_t bucket) noexcept {
  if (bucket < sub_count) return bucket;
  auto shift = static_cast<unsigned>(bucket >> sub_bits) - 1;
  auto low = (sub_count + (bucket & (sub_count - 1))) << shift;
  return static_cast<std::int64_t>(low + ((1ULL << shift) >> 1));
}

void rollup_extent::add_span(std::int64_t from_us, std::int64_t to_us) {
  if (from_us != 0 && (first_us == 0 || from_us < first_us)) first_us = from_us;
  if (to_us != 0 && (last_us == 0 || to_us > last_us)) last_us = to_us;
}

void rollup_extent::add(schema::Extent::Reader o) {
  add_span(o.getFirstUs(), o.getLastUs());
  auto words = o.getSlots();
  auto n = std::min<std::size_t>(words.size(), slots.size());
  for (unsigned i = 0; i < n; ++i) slots[i] |= words[i];
}

void rollup_extent::add(const rollup_extent& o) {
  add_span(o.first_us, o.last_us);
  for (std::size_t i = 0; i < slots.size(); ++i) slots[i] |= o.slots[i];
}

bool rollup_extent::any_slot() const {
  return std::any_of(slots.begin(), slots.end(), [](auto bits) { return bits != 0; });
}

void rollup::add_timed(std::int64_t us) {
  if (us < 0) return;
  ++timed;
  add_saturated(duration_sum_us, us);
  duration_max_us = std::max(duration_max_us, us);
}

void rollup::add_duration(std::int64_t us) {
  if (us < 0) return;
  add_timed(us);
  ++sketch[sketch_bucket(us)];
}

void rollup::add_cost(std::int64_t nano_usd) { add_saturated(cost_nano_usd, nano_usd); }

void rollup::add_count(std::int64_t n) { add_saturated(count, n); }

void rollup::add(const rollup& o) {
  add_saturated(count, o.count);
  add_saturated(errors, o.errors);
  add_saturated(timed, o.timed);
  add_saturated(duration_sum_us, o.duration_sum_us);
  duration_max_us = std::max(duration_max_us, o.duration_max_us);
  add_saturated(cost_nano_usd, o.cost_nano_usd);
  add_saturated(hits, o.hits);
  tokens.add(o.tokens);
  extent.add(o.extent);
  for (auto& [index, n] : o.sketch) sketch[index] += n;
}

void rollup::add(schema::Rollup::Reader o) {
  add_sums(o);
  for (auto b : o.getSketch()) sketch[b.getIndex()] += b.getCount();
}

void rollup::add_sums(schema::Rollup::Reader o) {
  add_saturated(count, o.getCount());
  add_saturated(errors, o.getErrors());
  add_saturated(timed, o.getTimed());
  add_saturated(duration_sum_us, o.getDurationSumUs());
  duration_max_us = std::max(duration_max_us, o.getDurationMaxUs());
  add_saturated(cost_nano_usd, o.getCostNanoUsd());
  add_saturated(hits, o.getHits());
  tokens.add(o.getTokens());
  if (o.hasExtent()) extent.add(o.getExtent());
}

void rollup::write_sums(schema::Rollup::Builder out) const {
  out.setCount(count);
  out.setErrors(errors);
  out.setTimed(timed);
  out.setDurationSumUs(duration_sum_us);
  out.setDurationMaxUs(duration_max_us);
  out.setCostNanoUsd(cost_nano_usd);
  if (!tokens.none()) tokens.write(out.initTokens());
  out.setHits(hits);
  if (extent.none()) return;
  auto e = out.initExtent();
  e.setFirstUs(extent.first_us);
  e.setLastUs(extent.last_us);
  if (!extent.any_slot()) return;
  auto words = e.initSlots(static_cast<unsigned>(extent.slots.size()));
  for (unsigned i = 0; i < words.size(); ++i) words.set(i, extent.slots[i]);
}

void rollup::write(schema::Rollup::Builder out) const {
  write_sums(out);
  auto buckets = out.initSketch(static_cast<unsigned>(sketch.size()));
  unsigned i = 0;
  for (auto& [index, n] : sketch) {
    buckets[i].setIndex(index);
    buckets[i++].setCount(n);
  }
}

std::string rollup::encode() const {
  capnp::MallocMessageBuilder message;
  write(message.initRoot<schema::Rollup>());
  return to_bytes(message);
}

std::int64_t rollup::percentile_us(double q) const {
  if (timed == 0) return 0;
  auto rank = static_cast<std::uint64_t>(std::ceil(std::clamp(q, 0.0, 1.0) * static_cast<double>(timed)));
  rank = std::max<std::uint64_t>(rank, 1);
  std::uint64_t seen = 0;
  for (auto& [index, n] : sketch) {
    seen += n;
    if (seen >= rank) return std::min(sketch_value(index), duration_max_us);
  }
  return duration_max_us;
}

std::string merge_rollups(std::span<const std::string_view> operands) {
  rollup sum;
  sketch_sum sketch;
  for (auto bytes : operands) {
    if (bytes.empty()) continue;
    message_reader reader(bytes);
    auto operand = reader.root<schema::Rollup>();
    sum.add_sums(operand);
    for (auto b : operand.getSketch()) sketch.add(b.getIndex(), b.getCount());
  }
  auto distinct = sketch.distinct();
  flat_builder builder;
  auto out = builder.start(rollup_words + 2 * distinct).initRoot<schema::Rollup>();
  sum.write_sums(out);
  auto buckets = out.initSketch(static_cast<unsigned>(distinct));
  unsigned i = 0;
  sketch.take([&](std::uint16_t index, std::uint64_t n) {
    buckets[i].setIndex(index);
    buckets[i++].setCount(n);
  });
  return std::string(builder.bytes());
}

std::string merge_rollups(std::string_view existing, std::string_view operand) {
  return merge_rollups(std::array{existing, operand});
}

}  // namespace troupe
