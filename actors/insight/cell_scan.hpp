// Walks over the cells of a window that meet all conditions but the late ones, the latest span first. Owned by one query.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "protocol/cell_record.hpp"
#include "protocol/cells.hpp"
#include "protocol/limits.hpp"
#include "protocol/machine.hpp"

namespace troupe::insight {

struct cell {
  std::int64_t start_us = 0;
  std::uint64_t hash = 0;
  std::array<std::string_view, 8> fields;  // in the order of the cube
  cell_row row;                            // of a rollup: without a name, its message

  bool is_cell_row() const { return !row.name.empty(); }
  void add_to(rollup& sum) const;
  void add_sums_to(rollup& sum) const;  // without the sketch
};

// Of an hour of UTC that two hours of the day share: its minutes are told apart, or it counts as a whole.
enum class shared_hours : std::uint8_t { split, whole };

struct cell_effort {
  std::int64_t looks = 0;
  bool is_whole = true;
};

class cell_scan {
 public:
  cell_scan(const record_reader& records, std::string_view org, schema::ReadCells::Reader asked,
            shared_hours hours = shared_hours::split);

  // False: it asks for what is not there.
  bool is_sound() const { return sound_; }
  const cube_shape& shape() const { return *shape_; }
  std::int64_t from_us() const { return from_us_; }
  std::int64_t until_us() const { return until_us_; }

  // The window in spans, the latest first.
  const std::vector<cell_span>& spans() const { return spans_; }

  // visit(const cell&); what the cell refers to is gone afterwards.
  template <class Visit>
  void each(const cell_span& span, Visit&& visit) {
    scan(span, [&](const cell& c) {
      visit(c);
      return true;
    });
  }
  // Tells as well how many looks that took, and whether it was all.
  template <class Visit>
  cell_effort each_in(const cell_span& span, Visit&& visit) {
    return measured([&] { each(span, visit); });
  }
  // Of a cube by hash, bucket by bucket from the lowest hash on, until visit says false: on with the next bucket.
  template <class Visit>
  cell_effort each_from_lowest(const cell_span& span, Visit&& visit) {
    return measured([&] {
      auto width = bucket_us(span.resolution);
      for (auto start = span.from_us; start < span.until_us; start += width)
        scan({span.resolution, start, start + width}, visit);
    });
  }
  // What was looked at meanwhile.
  template <class Look>
  cell_effort measured(Look&& look) {
    auto looks = looks_left_;
    auto was_partial = std::exchange(partial_, false);
    look();
    cell_effort effort{looks - looks_left_, !partial_};
    partial_ = partial_ || was_partial;
    return effort;
  }
  // Looks that are left before it goes no further.
  std::int64_t looks_left() const { return looks_left_; }
  bool is_exhausted() const { return exhausted_; }
  // It looks at minutes where whole hours would do.
  bool splits_hours() const { return splits_hours_; }
  // It does not, though hours of the day share some of them.
  bool moves_minutes() const { return shares_hours_ && !splits_hours_; }
  // Some were spent on what need not be looked at again; it may not have been whole.
  void spend(cell_effort effort) {
    looks_left_ -= effort.looks;
    partial_ = partial_ || !effort.is_whole;
  }
  // A bound was reached before the end, or a record had more names than it can keep.
  bool is_partial() const { return partial_; }
  // Of a sample: from this hash on cells are missing, because a record had more than it can keep. 0: none is.
  std::uint64_t lost_from() const { return lost_from_; }
  void lose_from(std::uint64_t hash) {
    if (hash != 0) lost_from_ = lost_from_ == 0 ? hash : std::min(lost_from_, hash);
  }

 private:
  using step = std::function<bool(const cell&)>;
  void scan(const cell_span& span, const step& visit);
  // Where the first field is given: its records alone.
  void scan_named(const cell_span& span, const std::string& prefix, const step& visit);
  std::string record_of(std::string_view value) const;
  std::map<std::int64_t, std::set<std::string>> traces_by_bucket(const cell_span& span);
  bool look_up(const std::string& key, const step& visit);
  bool look_at(std::string_view key, std::string_view value, const step& visit);
  bool read_key(std::string_view key);
  bool read_name(std::string_view name, bool is_rest);
  void run_out() { partial_ = exhausted_ = true; }
  bool is_sample() const { return asked_.getSample() != 0; }
  bool meets(std::size_t from, std::size_t to) const;

  const record_reader& records_;
  std::string org_;
  schema::ReadCells::Reader asked_;
  const cube_shape* shape_ = nullptr;
  std::int64_t from_us_ = 0, until_us_ = 0;
  std::vector<cell_span> spans_;
  std::map<std::size_t, std::vector<std::string_view>> conditions_;  // by place: one of the values
  bool sound_ = false, partial_ = false, exhausted_ = false;
  bool shares_hours_ = false, splits_hours_ = false;
  std::uint64_t lost_from_ = 0;
  std::int64_t looks_left_ = limits::query_scan_max;
  std::size_t prefix_size_ = 0;
  std::size_t missed_ = 0;  // records in a row that were looked for by name and are not there
  cell at_;
  std::array<std::string, 8> unescaped_;
};

}  // namespace troupe::insight
