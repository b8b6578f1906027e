// Walks over the cells of a window that meet all conditions, the latest span first. Owned by one query.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
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

class cell_scan {
 public:
  cell_scan(const record_reader& records, std::string_view org, schema::ReadCells::Reader asked);

  // False: it asks for what is not there.
  bool is_sound() const { return sound_; }
  const cube_shape& shape() const { return *shape_; }
  std::int64_t from_us() const { return from_us_; }
  std::int64_t until_us() const { return until_us_; }

  // visit(const cell&); what the cell refers to is gone afterwards.
  template <class Visit>
  void each(Visit&& visit) {
    for (auto& span : spans_)
      scan(span, [&](const cell& c) {
        visit(c);
        return true;
      });
  }
  // Of a cube by hash, span by span from the lowest hash on, until visit says false: on with the next span.
  template <class Visit>
  void each_from_lowest(Visit&& visit) {
    for (auto& span : spans_)
      for (auto start = span.from_us; start < span.until_us; start += bucket_us(span.resolution))
        scan({span.resolution, start, start + bucket_us(span.resolution)}, visit);
  }
  // A bound was reached before the end, or a record had more names than it can keep.
  bool is_partial() const { return partial_; }
  // Of a sample: from this hash on cells are missing, because a record had more than it can keep. 0: none is.
  std::uint64_t lost_from() const { return lost_from_; }

 private:
  using step = std::function<bool(const cell&)>;
  void scan(const cell_span& span, const step& visit);
  // Where the first field is given: its records alone.
  void scan_named(const cell_span& span, const std::string& prefix, const step& visit);
  bool look_at(std::string_view key, std::string_view value, const step& visit);
  bool read_key(std::string_view key);
  bool read_name(std::string_view name, bool is_rest);
  bool is_sample() const { return asked_.getSample() != 0; }
  bool meets(std::size_t from, std::size_t to) const;

  const record_reader& records_;
  std::string org_;
  schema::ReadCells::Reader asked_;
  const cube_shape* shape_ = nullptr;
  std::int64_t from_us_ = 0, until_us_ = 0;
  std::vector<cell_span> spans_;
  std::map<std::size_t, std::vector<std::string_view>> conditions_;  // by place: one of the values
  bool sound_ = false, partial_ = false;
  std::uint64_t lost_from_ = 0;
  std::int64_t looks_left_ = limits::query_scan_max;
  std::size_t prefix_size_ = 0;
  cell at_;
  std::array<std::string, 8> unescaped_;
};

}  // namespace troupe::insight
