// Sums of spans of time, kept from one query to the next: what has passed seldom changes, and a window that moves on with
// the clock is made of nearly the same spans as before.
//
// Invariants: whoever stores an event counts it in the rollup of all events of its minute, hour and day, in the same batch
// as its cells. So the count of a span tells any two states of its cells apart, and what was kept at another count is not
// found. Busy slots are in hours before their events' as well: there the hours that follow count too. Cells without a time
// change at any: they are not kept. Counts are kept as well, beside the number of the shard's last event. Owned by one query.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "cell_scan.hpp"
#include "protocol/cells.hpp"
#include "protocol/machine.hpp"

namespace troupe::insight {

// What a span has for a question.
struct span_sums {
  cell_effort effort;                           // what it took to find out
  std::uint64_t hash_bound = 0, lost_from = 0;  // of a sample
  std::string_view rows;  // a record of cells; what their names are is the question's own
};

class kept_sums {
 public:
  kept_sums(const record_reader& records, std::string_view org, schema::ReadCells::Reader asked);

  // False: of this span nothing is kept.
  bool has(const cell_span& span) const;
  // What find() and keep() are about from now on: this span and parts of it.
  void begin(const cell_span& span);
  // How many events could have made cells of a part.
  std::int64_t count_of(const cell_span& part);
  // Until the next find().
  std::optional<span_sums> find(const cell_span& part);
  void keep(const cell_span& part, const span_sums& sums);

 private:
  // By the start of buckets that have any, in order.
  using counts = std::vector<std::pair<std::int64_t, std::int64_t>>;
  static std::int64_t sum_of(const counts& all, std::int64_t from_us, std::int64_t until_us);
  counts counts_of(schema::Resolution resolution, std::int64_t from_us, std::int64_t until_us);
  counts read_counts(schema::Resolution resolution, std::int64_t from_us, std::int64_t until_us) const;
  std::uint64_t last_event();
  // The same for whole hours around minutes: few records, and while they are as they were so are the minutes.
  std::int64_t rough_count_of(const cell_span& part);
  const std::string& key(const cell_span& part);

  const record_reader& records_;
  const std::string org_;
  bool keeps_ = false;
  std::int64_t reach_us_ = 0;  // so much later may be what makes cells
  cell_span about_;
  counts rough_counts_;
  std::optional<counts> counts_;  // when somebody asked
  std::optional<std::uint64_t> last_event_;
  std::string question_, key_;
  std::shared_ptr<const std::string> found_;
};

// The block that ends at 'end' of those of 1, 2, 4, ... buckets, each beginning at a multiple of its length: the longest
// within the span. A span that moves on is made of nearly the same ones.
cell_span last_block(const cell_span& span, std::int64_t end_us);

}  // namespace troupe::insight
