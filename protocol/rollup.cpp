#include "protocol/rollup.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>

#include "protocol/message.hpp"

namespace troupe {

namespace {

constexpr int sub_bits = 6;  // 64 buckets to a power of two
constexpr std::uint64_t sub_count = 1ULL << sub_bits;

// Sums stop at the end of the range: no input, however wild, may overflow.
void add_to(std::int64_t& sum, std::int64_t more) {
  if (__builtin_add_overflow(sum, more, &sum))
    sum = more > 0 ? std::numeric_limits<std::int64_t>::max() : std::numeric_limits<std::int64_t>::min();
}

}  // namespace

void token_counts::add(const token_counts& o) {
  add_to(input, o.input);
  add_to(output, o.output);
  add_to(cache_read, o.cache_read);
  add_to(cache_write, o.cache_write);
  add_to(reasoning, o.reasoning);
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

void rollup::add_timed(std::int64_t us) {
  if (us < 0) return;
  ++timed;
  add_to(duration_sum_us, us);
  duration_max_us = std::max(duration_max_us, us);
}

void rollup::add_duration(std::int64_t us) {
  if (us < 0) return;
  add_timed(us);
  ++sketch[sketch_bucket(us)];
}

void rollup::add_cost(std::int64_t nano_usd) { add_to(cost_nano_usd, nano_usd); }

void rollup::add(const rollup& o) {
  add_to(count, o.count);
  add_to(errors, o.errors);
  add_to(timed, o.timed);
  add_to(duration_sum_us, o.duration_sum_us);
  duration_max_us = std::max(duration_max_us, o.duration_max_us);
  add_to(cost_nano_usd, o.cost_nano_usd);
  add_to(hits, o.hits);
  tokens.add(o.tokens);
  for (auto& [index, n] : o.sketch) sketch[index] += n;
}

void rollup::add(schema::Rollup::Reader o) {
  add_to(count, o.getCount());
  add_to(errors, o.getErrors());
  add_to(timed, o.getTimed());
  add_to(duration_sum_us, o.getDurationSumUs());
  duration_max_us = std::max(duration_max_us, o.getDurationMaxUs());
  add_to(cost_nano_usd, o.getCostNanoUsd());
  add_to(hits, o.getHits());
  tokens.add(o.getTokens());
  for (auto b : o.getSketch()) sketch[b.getIndex()] += b.getCount();
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

std::string merge_rollups(std::string_view existing, std::string_view operand) {
  rollup sum;
  if (!existing.empty()) sum.add(message_reader(existing).root<schema::Rollup>());
  sum.add(message_reader(operand).root<schema::Rollup>());
  return sum.encode();
}

}  // namespace troupe
