// The rows of an answer, as a list or packed. A row is named by its texts, as in keys. Owned by one query.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/cell_rows.hpp"
#include "protocol/schema/insight.capnp.h"

namespace troupe::insight {

// What is told of figures if their count is all that was asked for.
rollup only_count(const rollup& of);

// Those texts of a name that are told: of a group all, of a sample those that were asked for.
class told_texts {
 public:
  told_texts(schema::ReadCells::Reader asked, std::size_t texts);

  std::size_t count() const { return told_.size(); }
  // In place, as long as the name; those with a NUL as long as this.
  std::span<const std::string_view> of(std::string_view name);

 private:
  const std::size_t texts_;
  std::vector<std::size_t> told_;  // places in the name
  std::array<std::string_view, row_texts_max> all_, some_;
  std::deque<std::string> unescaped_;
};

// Names must outlive it.
class packed_rows {
 public:
  packed_rows(schema::ReadCells::Reader asked, std::size_t texts, row_hashes hashes)
      : figures_(asked.getFigures()), texts_(asked, texts), rows_(texts_.count(), hashes) {}

  void add(std::int64_t time_us, std::uint64_t hash, std::string_view name, const rollup& figures);
  std::size_t size() const { return rows_.size(); }
  std::size_t row_bytes() const { return rows_.row_bytes(); }
  void shrink(std::size_t row_bytes) { rows_.shrink(row_bytes); }
  void write(schema::Cells::Builder to) const;

 private:
  const schema::CellFigures figures_;
  told_texts texts_;
  cell_rows_writer rows_;
};

class listed_rows {
 public:
  listed_rows(schema::ReadCells::Reader asked, schema::Cells::Builder to, std::size_t count,
              std::size_t texts)
      : figures_(asked.getFigures()),
        texts_(asked, texts),
        rows_(to.initRows(static_cast<unsigned>(count))) {}

  void add(std::int64_t time_us, std::uint64_t hash, std::string_view name, const rollup& figures);

 private:
  const schema::CellFigures figures_;
  told_texts texts_;
  capnp::List<schema::CellRow>::Builder rows_;
  unsigned slot_ = 0;
};

}  // namespace troupe::insight
