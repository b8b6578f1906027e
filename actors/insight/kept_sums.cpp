#include "kept_sums.hpp"

#include <algorithm>
#include <utility>
#include <vector>

#include "event_facts.hpp"
#include "late_conditions.hpp"
#include "protocol/envelope.hpp"
#include "protocol/message.hpp"
#include "protocol/records.hpp"
#include "protocol/schema/agent.capnp.h"

namespace troupe::insight {

namespace {

using schema::Cube;
using schema::Resolution;

// Beyond that, looking for what was kept costs more than it spares.
constexpr std::int64_t buckets_max = 2'000;
constexpr std::size_t head_bytes = 5 * 8 + 1;

// Whose cells have a time, and are many.
bool is_kept(schema::ReadCells::Reader asked, const cube_shape& shape) {
  if (asked.getCube() == Cube::TOTAL || shape.spans == cell_spans::timeless) return false;
  if (!shape.is_hashed) return true;
  // Of one trace or session: hardly ever asked again.
  for (auto c : asked.getWhere())
    if (c.getField() == shape.fields.front()) return false;
  return true;
}

}  // namespace

kept_sums::kept_sums(const record_reader& records, std::string_view org, schema::ReadCells::Reader asked)
    : records_(records), org_(org) {
  auto* shape = shape_of(asked.getCube());
  keeps_ = records.cache() != nullptr && shape != nullptr && is_kept(asked, *shape);
  if (!keeps_) return;
  if (asked.getCube() == Cube::BUSY) reach_us_ = (busy_hours_max - 1) * bucket_us(Resolution::HOUR);
  key_writer key(record_tag::cell);
  key.text(org).u8(static_cast<std::uint8_t>(asked.getCube())).u64(asked.getSample());
  key.u8(asked.getSketches() ? 1 : 0).u8(static_cast<std::uint8_t>(asked.getStep()));
  key.i64(asked.getOffsetMinutes()).u8(static_cast<std::uint8_t>(asked.getGroupBy().size()));
  for (auto field : asked.getGroupBy()) key.u8(static_cast<std::uint8_t>(field));
  std::vector<std::pair<std::uint8_t, std::string_view>> where;
  late_fields late(asked);
  for (auto c : asked.getWhere())
    if (!late.has(c.getField()))
      where.emplace_back(static_cast<std::uint8_t>(c.getField()), view_of(c.getValue()));
  std::sort(where.begin(), where.end());
  for (auto& [field, value] : where) key.u8(field).text(value);
  question_ = std::move(key).str();
}

bool kept_sums::has(const cell_span& span) const {
  return keeps_ && (span.until_us - span.from_us) / bucket_us(span.resolution) <= buckets_max;
}

kept_sums::counts kept_sums::read_counts(Resolution resolution, std::int64_t from_us,
                                         std::int64_t until_us) const {
  counts all;
  auto prefix = cell_prefix(org_, Cube::TOTAL, resolution);
  auto place = [&](std::int64_t start) {
    key_writer end(record_tag::rollup);
    return prefix + end.i64(start).str().substr(1);
  };
  records_.scan(family::rollups, place(from_us), place(until_us),
                [&](std::string_view key, std::string_view value) {
                  message_reader total(value);
                  all.emplace_back(key_reader(key.substr(prefix.size())).i64(),
                                   total.root<schema::Rollup>().getCount());
                  return true;
                });
  return all;
}

std::int64_t kept_sums::sum_of(const counts& all, std::int64_t from_us, std::int64_t until_us) {
  auto at = std::lower_bound(all.begin(), all.end(), std::pair{from_us, INT64_MIN});
  std::int64_t sum = 0;
  for (; at != all.end() && at->first < until_us; ++at) sum += at->second;
  return sum;
}

// All questions of a page ask for the same ones: while nothing was stored they are what they were.
kept_sums::counts kept_sums::counts_of(Resolution resolution, std::int64_t from_us, std::int64_t until_us) {
  key_writer name(record_tag::rollup);
  name.text(org_).u8(static_cast<std::uint8_t>(resolution)).i64(from_us).i64(until_us);
  if (auto known = records_.cache()->find(name.str())) {
    key_reader in(*known);
    if (in.u64() == last_event()) {
      counts all(known->size() / sizeof(counts::value_type));
      for (auto& [start, count] : all) start = in.i64(), count = in.i64();
      return all;
    }
  }
  auto all = read_counts(resolution, from_us, until_us);
  key_writer bytes(record_tag::rollup);
  bytes.u64(last_event());
  for (auto& [start, count] : all) bytes.i64(start).i64(count);
  records_.cache()->keep(name.str(), bytes.str().substr(1));
  return all;
}

std::uint64_t kept_sums::last_event() {
  if (!last_event_) {
    auto counters = records_.get(family::state, counters_key());
    last_event_ = counters ? message_reader(*counters).root<schema::Counters>().getLastSeq() : 0;
  }
  return *last_event_;
}

void kept_sums::begin(const cell_span& span) {
  about_ = span;
  counts_.reset();
  rough_counts_.clear();
  if (span.resolution == Resolution::MINUTE)
    rough_counts_ = counts_of(Resolution::HOUR, bucket_start(span.from_us, Resolution::HOUR), span.until_us);
}

std::int64_t kept_sums::count_of(const cell_span& part) {
  if (!counts_) counts_ = counts_of(about_.resolution, about_.from_us, about_.until_us + reach_us_);
  return sum_of(*counts_, part.from_us, part.until_us + reach_us_);
}

std::int64_t kept_sums::rough_count_of(const cell_span& part) {
  if (part.resolution != Resolution::MINUTE) return count_of(part);
  return sum_of(rough_counts_, bucket_start(part.from_us, Resolution::HOUR), part.until_us);
}

const std::string& kept_sums::key(const cell_span& part) {
  key_writer place(record_tag::cell);
  place.u8(static_cast<std::uint8_t>(part.resolution)).i64(part.from_us).i64(part.until_us);
  return key_.assign(question_).append(place.str());
}

// Both counts, what it cost, the bounds, whether it is all; then the rows.
std::optional<span_sums> kept_sums::find(const cell_span& part) {
  found_ = records_.cache()->find(key(part));
  if (!found_) return {};
  key_reader head(*found_);
  bool same = head.i64() == rough_count_of(part);
  auto count = head.i64();
  if (!same && count != count_of(part)) return {};
  span_sums sums;
  sums.effort.looks = head.i64();
  sums.hash_bound = head.u64();
  sums.lost_from = head.u64();
  sums.effort.is_whole = head.u8() != 0;
  sums.rows = std::string_view(*found_).substr(head_bytes);
  return sums;
}

void kept_sums::keep(const cell_span& part, const span_sums& sums) {
  key_writer head(record_tag::cell);
  head.i64(rough_count_of(part)).i64(count_of(part));
  head.i64(sums.effort.looks).u64(sums.hash_bound).u64(sums.lost_from).u8(sums.effort.is_whole ? 1 : 0);
  records_.cache()->keep(key(part), head.str().substr(1).append(sums.rows));
}

cell_span last_block(const cell_span& span, std::int64_t end_us) {
  auto width = bucket_us(span.resolution);
  auto length = width;
  while (end_us % (2 * length) == 0 && end_us - 2 * length >= span.from_us) length *= 2;
  return {span.resolution, end_us - length, end_us};
}

}  // namespace troupe::insight
