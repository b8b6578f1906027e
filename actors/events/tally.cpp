#include "tally.hpp"

#include <algorithm>

#include "keys.hpp"
#include "protocol/event_type.hpp"

namespace troupe::events {

namespace {

using schema::Dimension;
using schema::Resolution;

// A rollup with its tokens and the root, without the sketch.
constexpr std::size_t rollup_words = 32;

void count_event(rollup& sums, schema::Event::Reader event, bool error) {
  ++sums.count;
  sums.errors += error ? 1 : 0;
  sums.add_cost(event.getCostNanoUsd());
  if (event.hasTokens()) sums.tokens.add(event.getTokens());
}

}  // namespace

void tally::figures::add_duration(std::int64_t us) {
  if (us < 0) return;
  sums.add_timed(us);
  buckets.push_back(sketch_bucket(us));
}

void tally::add(schema::Event::Reader event) {
  auto minute = bucket_start(event.getTimeUs(), Resolution::MINUTE);
  bool error = is_error(event);
  auto count_under = [&](Dimension dimension, std::string_view key) {
    auto& f = at(dimension, minute, key);
    count_event(f.sums, event, error);
    f.sums.hits += event.hasTokens() ? 1 : 0;
    f.add_duration(event.getDurationUs());
  };
  count_under(Dimension::ALL, {});
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
  f.sums.hits += event.getItemsRetrieved() != 0 ? 1 : 0;  // it found nothing: nobody served
  if (timed_serving)
    --f.sums.count;  // asked once, and counted where its latency is
  else
    f.add_duration(event.getDurationUs());
}

std::string tally::encode(const figures& f, flat_builder& builder) {
  auto sorted = f.buckets;
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
  return std::string(builder.bytes());
}

// A batch lies mostly within a minute: then the coarser rollup has the same bytes.
tally::encoded_table tally::coarser(const encoded_table& from, Resolution resolution, memory& bytes) {
  std::map<place, std::vector<std::string_view>> sources;
  for (auto& [where, encoded] : from) {
    auto& [dimension, start, key] = where;
    sources[place{dimension, bucket_start(start, resolution), key}].push_back(encoded);
  }
  encoded_table sums;
  for (auto& [where, parts] : sources)
    sums[where] = parts.size() == 1 ? parts.front() : bytes.emplace_back(merge_rollups(parts));
  return sums;
}

void tally::write_table(const encoded_table& from, std::string_view org, Resolution resolution,
                        mutations& to) {
  key_writer key(record_tag::rollup);
  for (auto& [where, encoded] : from) {
    auto& [dimension, start, name] = where;
    to.merge(family::rollups,
             rollup_key(key, org, resolution, static_cast<Dimension>(dimension), start, name), encoded);
  }
}

void tally::write(std::string_view org, mutations& to) const {
  flat_builder builder;
  memory bytes;
  encoded_table minutes;
  for (auto& [where, f] : minutes_) minutes[where] = bytes.emplace_back(encode(f, builder));
  write_table(minutes, org, Resolution::MINUTE, to);
  auto hours = coarser(minutes, Resolution::HOUR, bytes);
  write_table(hours, org, Resolution::HOUR, to);
  write_table(coarser(hours, Resolution::DAY, bytes), org, Resolution::DAY, to);
}

}  // namespace troupe::events
