// Sums by name over the spans of a window, of what was kept where that is possible, and of cells where it is not. Owned by
// one query.
#pragma once

#include <functional>
#include <map>
#include <memory_resource>
#include <string>
#include <string_view>

#include "cell_scan.hpp"
#include "kept_sums.hpp"

namespace troupe::insight {

class window_sums {
 public:
  // The name under which a cell is summed up; it lasts until the next one.
  using namer = std::function<std::string_view(const cell&)>;
  using sink = std::function<void(std::string_view name, const cell_row& figures)>;

  window_sums(cell_scan& scan, kept_sums& kept, schema::ReadCells::Reader asked, namer name_of)
      : scan_(scan), kept_(kept), asked_(asked), name_of_(std::move(name_of)) {}

  // Of a span that kept_sums has: each name once or more often, as a row.
  void read(const cell_span& span, const sink& take);

 private:
  using table = std::pmr::map<std::pmr::string, rollup, std::less<>>;

  void read_blocks(const cell_span& span, const sink& take);
  // What is not kept of it is made of its halves if one of them is, else of its cells.
  cell_effort gather(const cell_span& block, table& into);
  bool is_kept(const cell_span& block);
  void keep(const cell_span& span, const table& sums, const cell_effort& effort);

  cell_scan& scan_;
  kept_sums& kept_;
  schema::ReadCells::Reader asked_;
  namer name_of_;
  // Sums are many and small, and go with their span.
  std::pmr::unsynchronized_pool_resource memory_;
  cell_record_writer rows_;
};

// Tells each row of a record, in order.
void each_row(std::string_view rows, const window_sums::sink& take);

}  // namespace troupe::insight
