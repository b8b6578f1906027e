#include "filtered_cells.hpp"

#include <algorithm>
#include <map>

#include "actors/insight/cell_tally.hpp"
#include "actors/insight/event_facts.hpp"
#include "actors/insight/query.hpp"
#include "blocks_within.hpp"
#include "filter.hpp"
#include "index_choice.hpp"
#include "protocol/cell_record.hpp"
#include "protocol/limits.hpp"
#include "protocol/message.hpp"

namespace troupe::events {

namespace {

using schema::Resolution;

// Events that are counted for one answer: each makes cells, a few of them at the most.
constexpr std::size_t counted_max = 50'000;
// So many are made to cells together: what a tally holds of them is larger than the cells.
constexpr std::size_t counted_at_once = 4'096;

// The stored records, but with cells that were counted anew. Nothing of it is kept from one query to the next.
class recounted final : public record_reader {
 public:
  explicit recounted(const record_reader& stored) : stored_(stored) {}

  void merge(const mutations& cells) {
    cells.for_each([this](mutation_kind, family, std::string_view key, std::string_view value) {
      auto [at, is_new] = cells_.try_emplace(std::string(key), value);
      if (!is_new) at->second = merge_figures(at->second, value);
    });
  }

  std::optional<std::string> get(family f, std::string_view key) const override {
    if (f != family::rollups) return stored_.get(f, key);
    auto at = cells_.find(key);
    if (at == cells_.end()) return {};
    return at->second;
  }
  void scan(family f, std::string_view from, std::string_view to, const visitor& visit) const override {
    if (f != family::rollups) return stored_.scan(f, from, to, visit);
    auto end = end_of(to);
    for (auto at = cells_.lower_bound(from); at != end && visit(at->first, at->second);) ++at;
  }
  void scan_down(family f, std::string_view from, std::string_view to, const visitor& visit) const override {
    if (f != family::rollups) return stored_.scan_down(f, from, to, visit);
    auto begin = cells_.lower_bound(from);
    for (auto at = end_of(to); at != begin;) {
      --at;
      if (!visit(at->first, at->second)) return;
    }
  }

 private:
  using table = std::map<std::string, std::string, std::less<>>;
  table::const_iterator end_of(std::string_view to) const {
    return to.empty() ? cells_.end() : cells_.lower_bound(to);
  }

  const record_reader& stored_;
  table cells_;
};

// When the events were that make the cells of a window.
newest_first::bounds bounds_of(schema::ReadCells::Reader asked, const cube_shape& shape) {
  newest_first::bounds within;
  if (shape.spans == cell_spans::timeless) return within;
  auto from = std::clamp(asked.getSinceUs(), -cell_time_us_max, cell_time_us_max);
  auto until = std::clamp(asked.getUntilUs(), -cell_time_us_max, cell_time_us_max);
  if (shape.spans == cell_spans::hours) {
    from = bucket_start(from, Resolution::HOUR);
    until = bucket_start(until - 1, Resolution::HOUR) + bucket_us(Resolution::HOUR);
  }
  // Who was at work may have said so much later.
  if (asked.getCube() == schema::Cube::BUSY)
    until += (insight::busy_hours_max - 1) * bucket_us(Resolution::HOUR);
  within.since_us = from;
  within.before = {until, event_seq()};
  return within;
}

class recount {
 public:
  recount(const record_reader& records, std::string_view org, schema::ReadFilteredCells::Reader asked)
      : org_(org), asked_(asked), filter_(asked.getFilter()), cells_(records), records_(records) {}

  const filter& asked_filter() const { return filter_; }

  // False: there are more events than it looked at.
  bool run(const cube_shape& shape) {
    std::int64_t looks_left = limits::query_scan_max;
    std::size_t counted = 0;
    bool is_whole =
        each_within(records_, index_prefix(org_, asked_.getFilter()), bounds_of(asked_.getCells(), shape),
                    member_of(asked_.getFilter()), limits::query_scan_max, [&](schema::Event::Reader event) {
                      if (looks_left-- <= 0) return false;
                      if (!is_wanted(event)) return true;
                      if (counted == counted_max) return false;
                      tally_.add(event);
                      if (++counted % counted_at_once == 0) keep();
                      return true;
                    });
    keep();
    return is_whole;
  }
  const record_reader& cells() const { return cells_; }

 private:
  bool is_wanted(schema::Event::Reader event) const {
    auto served_by = view_of(asked_.getServedBy());
    return filter_.matches(event) && (served_by.empty() || insight::serving_tier(event) == served_by);
  }
  void keep() {
    mutations made;
    tally_.write(org_, made);
    cells_.merge(made);
    tally_ = insight::cell_tally(asked_.getCells().getCube());
  }

  std::string_view org_;
  schema::ReadFilteredCells::Reader asked_;
  filter filter_;
  recounted cells_;
  const record_reader& records_;
  insight::cell_tally tally_{asked_.getCells().getCube()};
};

}  // namespace

void read_filtered_cells(const record_reader& records, schema::Query::Reader query,
                         schema::QueryResult::Builder out) {
  auto asked = query.getReadFilteredCells();
  auto org = view_of(query.getOrg());
  auto* shape = shape_of(asked.getCells().getCube());
  if (!shape || shape->dimension)
    return refuse(out, errc::unsupported,
                  "this node cannot count that cube anew: it may run an older version");
  recount cells(records, org, asked);
  if (auto& wrong = cells.asked_filter().complaint())
    return refuse(out, errc::invalid_argument, wrong->second, wrong->first);
  bool is_whole = cells.run(*shape);
  insight::answer_cells(cells.cells(), org, asked.getCells(), out);
  if (!is_whole && out.isCells()) out.getCells().setPartial(true);
}

}  // namespace troupe::events
