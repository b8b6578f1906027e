#include "tally.hpp"

#include <algorithm>

#include "keys.hpp"

namespace troupe::events {

namespace {

using schema::Dimension;
using schema::Resolution;

// A rollup with its tokens and the root, without the sketch.
constexpr std::size_t rollup_words = 32;

void count_event(rollup& sums, schema::Event::Reader event, bool error) {
  ++sums.count;
  sums.errors += error ? 1 : 0;
  if (event.hasTokens()) sums.tokens.add(event.getTokens());
  sums.add_cost(event.getCostNanoUsd());
}

}  // namespace

bool is_error(schema::Event::Reader event) {
  return event.getStatus() == schema::EventStatus::ERROR ||
         (event.getStatus() == schema::EventStatus::UNSET &&
          event.getType() == schema::EventType::EXECUTION_FAILED);
}

void tally::figures::add_duration(std::int64_t us) {
  if (us < 0) return;
  sums.add_timed(us);
  buckets.push_back(sketch_bucket(us));
}

void tally::figures::add(const figures& other) {
  sums.add(other.sums);
  buckets.insert(buckets.end(), other.buckets.begin(), other.buckets.end());
}

void tally::add(schema::Event::Reader event) {
  auto minute = bucket_start(event.getTimeUs(), Resolution::MINUTE);
  bool error = is_error(event);
  auto count_under = [&](Dimension dimension, std::string_view key) {
    auto& f = at(dimension, minute, key);
    count_event(f.sums, event, error);
    f.add_duration(event.getDurationUs());
  };
  count_under(Dimension::ALL, {});
  count_under(Dimension::AGENT, view_of(event.getAgentId()));
  if (auto model = view_of(event.getModel()); !model.empty()) count_under(Dimension::MODEL, model);
  if (auto tool = view_of(event.getTool()); !tool.empty()) count_under(Dimension::TOOL, tool);
  add_tiers(event, minute, error);
}

void tally::add_tiers(schema::Event::Reader event, std::int64_t minute, bool error) {
  auto serving = view_of(event.getTier());
  bool timed_serving = false;
  for (auto asked : event.getLatencyByTier()) {
    auto tier = view_of(asked.getTier());
    auto& f = at(Dimension::TIER, minute, tier);
    ++f.sums.count;
    f.add_duration(asked.getLatencyUs());
    if (serving.empty() && error) ++f.sums.errors;
    timed_serving = timed_serving || tier == serving;
  }
  if (serving.empty()) return;
  auto& f = at(Dimension::TIER, minute, serving);
  count_event(f.sums, event, error);
  ++f.sums.hits;
  if (timed_serving)
    --f.sums.count;  // asked once, and counted where its latency is
  else
    f.add_duration(event.getDurationUs());
}

tally::table tally::coarser(const table& from, Resolution resolution) {
  table sums;
  for (auto& [where, f] : from) {
    auto& [dimension, start, key] = where;
    sums[place{dimension, bucket_start(start, resolution), key}].add(f);
  }
  return sums;
}

void tally::write_table(const table& from, std::string_view org, Resolution resolution, flat_builder& builder,
                        mutations& to) {
  key_writer key(record_tag::rollup);
  std::vector<std::uint16_t> sorted;
  for (auto& [where, f] : from) {
    auto& [dimension, start, name] = where;
    sorted = f.buckets;
    std::sort(sorted.begin(), sorted.end());
    std::size_t distinct = 0;
    for (std::size_t i = 0; i < sorted.size(); ++i) distinct += i == 0 || sorted[i] != sorted[i - 1];
    auto out = builder.start(rollup_words + 2 * distinct).initRoot<schema::Rollup>();
    f.sums.write_sums(out);
    auto sketch = out.initSketch(static_cast<unsigned>(distinct));
    unsigned slot = 0;
    for (std::size_t i = 0; i < sorted.size();) {
      auto end = static_cast<std::size_t>(
          std::upper_bound(sorted.begin() + static_cast<std::ptrdiff_t>(i), sorted.end(), sorted[i]) -
          sorted.begin());
      sketch[slot].setIndex(sorted[i]);
      sketch[slot++].setCount(end - i);
      i = end;
    }
    to.merge(family::rollups,
             rollup_key(key, org, resolution, static_cast<Dimension>(dimension), start, name),
             builder.bytes());
  }
}

void tally::write(std::string_view org, mutations& to) const {
  flat_builder builder;
  write_table(minutes_, org, Resolution::MINUTE, builder, to);
  auto hours = coarser(minutes_, Resolution::HOUR);
  write_table(hours, org, Resolution::HOUR, builder, to);
  write_table(coarser(hours, Resolution::DAY), org, Resolution::DAY, builder, to);
}

}  // namespace troupe::events
