#include "cell_scan.hpp"

#include <algorithm>

#include "late_conditions.hpp"
#include "protocol/envelope.hpp"
#include "protocol/message.hpp"

namespace troupe::insight {

namespace {

using schema::CellStep;
using schema::Resolution;

// In a row: then a seek for the next one that has records costs less.
constexpr std::size_t missed_buckets_max = 16;
// A sample looks into every hour.
constexpr std::int64_t sampled_us_max = 400LL * 24 * 3600 * 1'000'000;

// Minutes are 60 times as many cells as hours.
constexpr std::int64_t split_hours_us_max = 3LL * 24 * 3600 * 1'000'000;

// Whether hours of the day begin within those of UTC.
bool shares_hours(schema::ReadCells::Reader asked) {
  constexpr int minutes_of_hour = 60;
  return asked.getStep() == CellStep::HOUR_OF_DAY && asked.getOffsetMinutes() % minutes_of_hour != 0;
}

Resolution coarsest_for(CellStep step, cell_spans spans) {
  switch (step) {
    case CellStep::MINUTE: return Resolution::MINUTE;
    case CellStep::HOUR:
    case CellStep::HOUR_OF_DAY: return Resolution::HOUR;
    default: return spans == cell_spans::fine ? Resolution::HOUR : Resolution::DAY;
  }
}

}  // namespace

cell_scan::cell_scan(const record_reader& records, std::string_view org, schema::ReadCells::Reader asked,
                     shared_hours hours)
    : records_(records), org_(org), asked_(asked), shape_(shape_of(asked.getCube())) {
  if (!shape_) return;
  late_fields late(asked);
  for (auto c : asked.getWhere()) {
    if (late.has(c.getField())) continue;
    auto place = place_of(*shape_, c.getField());
    if (!place) return;
    conditions_[*place].push_back(view_of(c.getValue()));
  }
  for (auto& [place, values] : conditions_) std::sort(values.begin(), values.end());
  from_us_ = std::clamp(asked.getSinceUs(), -cell_time_us_max, cell_time_us_max);
  until_us_ = std::clamp(asked.getUntilUs(), -cell_time_us_max, cell_time_us_max);
  if (is_sample() && (!shape_->is_hashed || until_us_ - from_us_ > sampled_us_max)) return;
  shares_hours_ = shares_hours(asked);
  switch (shape_->spans) {
    case cell_spans::timeless: spans_ = {{Resolution::DAY, 0, 1}}; break;
    case cell_spans::hours: {
      auto from = bucket_start(from_us_, Resolution::HOUR);
      auto until = bucket_start(until_us_ - 1, Resolution::HOUR) + bucket_us(Resolution::HOUR);
      if (from_us_ < until_us_) spans_ = {{Resolution::HOUR, from, until}};
      break;
    }
    default: {
      splits_hours_ =
          hours == shared_hours::split && shares_hours_ && until_us_ - from_us_ <= split_hours_us_max;
      auto coarsest = splits_hours_ ? Resolution::MINUTE : coarsest_for(asked.getStep(), shape_->spans);
      spans_ = cut_window(from_us_, until_us_, coarsest);
      break;
    }
  }
  sound_ = true;
}

void cell_scan::scan(const cell_span& span, const step& visit) {
  if (looks_left_ <= 0) return run_out();
  auto prefix = cell_prefix(org_, asked_.getCube(), span.resolution);
  prefix_size_ = prefix.size();
  if (conditions_.contains(0)) return scan_named(span, prefix, visit);
  auto place = [&](std::int64_t start) {
    key_writer end(record_tag::cell);
    return prefix + end.i64(start).str().substr(1);
  };
  auto from = place(span.from_us), to = place(span.until_us);
  auto look = [&](std::string_view key, std::string_view value) { return look_at(key, value, visit); };
  if (shape_->is_hashed && is_sample())
    records_.scan(family::rollups, from, to, look);
  else
    records_.scan_down(family::rollups, from, to, look);
}

// What is not there costs a look as well. False: no further.
bool cell_scan::look_up(const std::string& key, const step& visit) {
  if (auto found = records_.get(family::rollups, key)) {
    missed_ = 0;
    return look_at(key, *found, visit);
  }
  ++missed_;
  if (looks_left_-- > 0) return true;
  run_out();
  return false;
}

// The records of the values that are asked for of the first field; of a bucket's start they stand behind it.
void cell_scan::scan_named(const cell_span& span, const std::string& prefix, const step& visit) {
  auto key_at = [&](std::int64_t start, const std::string& record) {
    return prefix + key_writer(record_tag::cell).i64(start).str().substr(1) + record;
  };
  if (asked_.getCube() == schema::Cube::TRACE) {
    auto all = traces_by_bucket(span);
    for (auto at = all.rbegin(); at != all.rend(); ++at)
      for (auto& record : at->second)
        if (!look_up(key_at(at->first, record), visit)) return;
    return;
  }
  std::set<std::string> records;
  for (auto value : conditions_[0]) records.insert(record_of(value));
  auto width = bucket_us(span.resolution);
  auto first = bucket_start(span.from_us, span.resolution);
  for (auto start = bucket_start(span.until_us - 1, span.resolution); start >= first; start -= width) {
    for (auto& record : records)
      if (!look_up(key_at(start, record), visit)) return;
    if (missed_ < missed_buckets_max * records.size()) continue;
    // Long without any: on where there are records at all.
    missed_ = 0;
    auto latest = first - width;
    records_.scan_down(family::rollups, key_at(first, {}), key_at(start, {}),
                       [&](std::string_view key, auto) {
                         latest = key_reader(key.substr(prefix.size())).i64();
                         return false;
                       });
    start = latest + width;
  }
}

std::string cell_scan::record_of(std::string_view value) const {
  key_writer record(record_tag::cell);
  shape_->is_hashed ? record.u8(hash_record(checksum64(value))) : record.text(value);
  return record.str().substr(1);
}

// Of a trace the index of events says when it was.
std::map<std::int64_t, std::set<std::string>> cell_scan::traces_by_bucket(const cell_span& span) {
  std::map<std::int64_t, std::set<std::string>> all;
  auto width = bucket_us(span.resolution);
  for (auto trace : conditions_[0]) {
    auto record = record_of(trace);
    auto prefix = key_writer(record_tag::event_by_trace).text(org_).text(trace).str();
    auto from = key_writer(record_tag::event_by_trace).text(org_).text(trace).i64(span.from_us).str();
    records_.scan(family::events, from, prefix_end(prefix),
                  [&](std::string_view key, std::string_view value) {
                    auto newest = std::min(key_reader(key.substr(prefix.size())).i64(), span.until_us - 1);
                    auto oldest = std::max(key_reader(value).i64(), span.from_us);
                    if (looks_left_-- <= 0) run_out();
                    for (auto start = bucket_start(oldest, span.resolution); start <= newest && !exhausted_;
                         start += width) {
                      all[start].insert(record);
                      if (looks_left_-- <= 0) run_out();
                    }
                    return !exhausted_;
                  });
  }
  return all;
}

// False: no further.
bool cell_scan::look_at(std::string_view key, std::string_view value, const step& visit) {
  if (looks_left_-- <= 0) {
    run_out();
    return false;
  }
  if (!read_key(key.substr(prefix_size_))) return true;
  at_.row = {{}, value};
  if (shape_->dimension) return visit(at_);
  bool going = true, lost = false;
  auto cube = static_cast<char>(asked_.getCube());
  cell_record_reader rows(value);
  while (auto row = rows.next()) {
    if (row->name.empty() || row->name.front() != cube) continue;
    --looks_left_;
    at_.row = *row;
    bool is_rest = row->name.size() == 1 && shape_->fields.size() > shape_->named_from();
    if (is_rest && shape_->is_hashed && is_sample())
      lost = true;
    else if (read_name(row->name.substr(1), is_rest))
      going = visit(at_);
    if (!going) break;
  }
  if (!rows.ok()) throw machine_fault("a record of cells cannot be read");
  if (!lost || !going) return going;
  lose_from(at_.hash + 1);
  return false;
}

// False: it does not meet the conditions.
bool cell_scan::read_key(std::string_view key) {
  key_reader head(key);
  at_.start_us = head.i64();
  if (!head.ok()) throw machine_fault("the key of a cell cannot be read");
  if (shape_->named_from() == 0 || shape_->fields.empty()) return true;
  at_.fields[0] = head.text(unescaped_[0]);
  if (!head.ok()) throw machine_fault("the key of a cell cannot be read");
  return meets(0, 1);
}

bool cell_scan::read_name(std::string_view name, bool is_rest) {
  auto from = shape_->named_from(), count = shape_->fields.size();
  partial_ = partial_ || is_rest;
  key_reader in(name);
  if (shape_->is_hashed && !is_rest) at_.hash = in.u64();
  for (auto i = from; i < count; ++i) at_.fields[i] = is_rest ? std::string_view() : in.text(unescaped_[i]);
  if (!in.ok()) throw machine_fault("the name of a cell cannot be read");
  return meets(from, count);
}

bool cell_scan::meets(std::size_t from, std::size_t to) const {
  return std::all_of(conditions_.begin(), conditions_.end(), [&](const auto& c) {
    if (c.first < from || c.first >= to) return true;
    return std::binary_search(c.second.begin(), c.second.end(), at_.fields[c.first]);
  });
}

void cell::add_to(rollup& sum) const {
  if (is_cell_row()) {
    if (!row.add_to(sum)) throw machine_fault("the figures of a cell cannot be read");
    return;
  }
  message_reader reader(row.figures);
  sum.add(reader.root<schema::Rollup>());
}

void cell::add_sums_to(rollup& sum) const {
  if (is_cell_row()) {
    if (!row.add_sums_to(sum)) throw machine_fault("the figures of a cell cannot be read");
    return;
  }
  message_reader reader(row.figures);
  sum.add_sums(reader.root<schema::Rollup>());
}

}  // namespace troupe::insight
