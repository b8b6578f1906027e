#include "query.hpp"

#include <algorithm>
#include <map>
#include <vector>

#include "cell_scan.hpp"
#include "protocol/message.hpp"
#include "protocol/rollup.hpp"

namespace troupe::insight {

namespace {

using schema::CellOrder;
using schema::CellStep;
using schema::Cube;
using schema::Resolution;

constexpr std::uint32_t groups_default = 100, groups_max = 5'000;
constexpr std::uint32_t sample_max = 5'000;
constexpr std::size_t groups_held_max = 200'000;
// Of a row in an answer, without its texts and its sketch.
constexpr std::size_t row_bytes = 208, field_bytes = 16, sketch_bucket_bytes = 16;

void add_value(const cell& c, rollup& to, bool sketches) { sketches ? c.add_to(to) : c.add_sums_to(to); }

std::int64_t score(const rollup& r, CellOrder order) {
  switch (order) {
    case CellOrder::COUNT: return r.count;
    case CellOrder::TOKENS: return r.tokens.input + r.tokens.output;
    case CellOrder::LAST: return r.extent.last_us;
    case CellOrder::MISSES: return r.count - r.hits;
    case CellOrder::DURATION: return r.extent.last_us - r.extent.first_us;
    case CellOrder::ERRORS: return r.errors;
    default: return r.cost_nano_usd;
  }
}

void write_row(schema::CellRow::Builder out, std::int64_t time_us, const std::vector<std::string>& fields,
               const rollup& figures) {
  out.setTimeUs(time_us);
  auto list = out.initFields(static_cast<unsigned>(fields.size()));
  for (unsigned i = 0; i < list.size(); ++i) set_text([&](unsigned n) { return list.init(i, n); }, fields[i]);
  figures.write(out.initFigures());
}

std::size_t size_of(const std::vector<std::string>& fields) {
  std::size_t bytes = 0;
  for (auto& f : fields) bytes += field_bytes + f.size();
  return bytes;
}

class grouping {
 public:
  grouping(const record_reader& records, std::string_view org, schema::ReadCells::Reader asked)
      : asked_(asked), scan_(records, org, asked) {}

  void answer(schema::QueryResult::Builder out) {
    for (auto field : asked_.getGroupBy()) {
      auto place = scan_.is_sound() ? place_of(scan_.shape(), field) : std::nullopt;
      if (!place) return out.setNothing();
      places_.push_back(*place);
    }
    if (!scan_.is_sound()) return out.setNothing();
    scan_.each([this](const cell& c) { take(c); });
    rank();
    write(out.initCells());
  }

 private:
  struct group {
    std::vector<std::string> fields;
    std::map<std::int64_t, rollup> steps;
    rollup total;
    std::size_t bytes = 0;
  };

  void take(const cell& c) {
    name_.clear();
    for (auto place : places_) name_.append(c.fields[place]).push_back('\0');
    auto at = groups_.find(name_);
    if (at == groups_.end()) {
      if (groups_.size() >= groups_held_max) {
        overflowed_ = true;
        return add_value(c, other_, false);
      }
      at = groups_.try_emplace(name_).first;
      for (auto place : places_) at->second.fields.emplace_back(c.fields[place]);
    }
    if (asked_.getCube() == Cube::BUSY) return take_slots(c, at->second);
    add_value(c, at->second.steps[step_of(c.start_us)], asked_.getSketches());
  }

  // Busy slots within the window are counted, each in its step.
  void take_slots(const cell& c, group& to) {
    rollup r;
    add_value(c, r, false);
    for (std::size_t slot = 0; slot < r.extent.slots.size() * 64; ++slot) {
      if ((r.extent.slots[slot / 64] >> (slot % 64) & 1) == 0) continue;
      auto start = c.start_us + static_cast<std::int64_t>(slot) * busy_slot_us;
      if (start >= scan_.from_us() && start < scan_.until_us()) ++to.steps[step_of(start)].count;
    }
  }

  std::int64_t step_of(std::int64_t start_us) const {
    switch (asked_.getStep()) {
      case CellStep::MINUTE: return bucket_start(start_us, Resolution::MINUTE);
      case CellStep::HOUR: return bucket_start(start_us, Resolution::HOUR);
      case CellStep::DAY: return bucket_start(start_us, Resolution::DAY);
      case CellStep::HOUR_OF_DAY: {
        auto shifted = start_us + std::int64_t{asked_.getOffsetMinutes()} * bucket_us(Resolution::MINUTE);
        return (shifted - bucket_start(shifted, Resolution::DAY)) / bucket_us(Resolution::HOUR);
      }
      default: return 0;
    }
  }

  // The groups that are told, best first; the others are summed up.
  void rank() {
    for (auto& [name, g] : groups_) {
      for (auto& [time, r] : g.steps) {
        g.total.add(r);
        g.bytes += row_bytes + r.sketch.size() * sketch_bucket_bytes + size_of(g.fields);
      }
      ranked_.push_back(&g);
    }
    auto order = asked_.getOrder();
    std::stable_sort(ranked_.begin(), ranked_.end(), [&](const group* a, const group* b) {
      return score(a->total, order) > score(b->total, order);
    });
    auto limit = asked_.getLimit() == 0 ? groups_default : std::min(asked_.getLimit(), groups_max);
    auto bytes = limits::answer_bytes_max;
    std::size_t kept = 0;
    while (kept < ranked_.size() && kept < limit && ranked_[kept]->bytes <= bytes)
      bytes -= ranked_[kept++]->bytes;
    for (auto i = kept; i < ranked_.size(); ++i) other_.add(ranked_[i]->total);
    other_keys_ = ranked_.size() - kept;
    ranked_.resize(kept);
  }

  void write(schema::Cells::Builder out) const {
    std::size_t count = 0;
    for (auto* g : ranked_) count += g->steps.size();
    auto rows = out.initRows(static_cast<unsigned>(count));
    unsigned slot = 0;
    for (auto* g : ranked_)
      for (auto& [time, r] : g->steps) write_row(rows[slot++], time, g->fields, r);
    other_.write(out.initOther());
    out.setOtherKeys(static_cast<std::uint32_t>(other_keys_));
    out.setPartial(scan_.is_partial() || overflowed_);
  }

  schema::ReadCells::Reader asked_;
  cell_scan scan_;
  std::vector<std::size_t> places_;
  std::string name_;
  std::map<std::string, group, std::less<>> groups_;
  std::vector<group*> ranked_;
  rollup other_;
  std::size_t other_keys_ = 0;
  bool overflowed_ = false;
};

// Cells of the traces or sessions with the lowest hashes: every shard picks the same ones, so that what lies in several
// shards can be joined. Bottom-k sampling: E. Cohen, H. Kaplan, "Summarizing data using bottom-k sketches", 2007.
class sampling {
 public:
  sampling(const record_reader& records, std::string_view org, schema::ReadCells::Reader asked)
      : scan_(records, org, asked), cells_max_(std::min(asked.getSample(), sample_max)) {}

  void answer(schema::QueryResult::Builder out) {
    if (!scan_.is_sound()) return out.setNothing();
    scan_.each_from_lowest([this](const cell& c) { return take(c); });
    if (auto lost = scan_.lost_from(); lost != 0 && (bound_ == 0 || lost < bound_)) drop_from(lost);
    auto cells = out.initCells();
    auto rows = cells.initRows(static_cast<unsigned>(held_.size()));
    unsigned slot = 0;
    for (auto& [where, figures] : held_) {
      rows[slot].setHash(where.first);
      write_row(rows[slot++], 0, where.second, figures);
    }
    cells.setHashBound(bound_);
    cells.setPartial(scan_.is_partial());
  }

 private:
  using place = std::pair<std::uint64_t, std::vector<std::string>>;

  bool take(const cell& c) {
    if (bound_ != 0 && c.hash >= bound_) return false;
    place at{c.hash, {}};
    for (std::size_t i = 0; i < scan_.shape().fields.size(); ++i) at.second.emplace_back(c.fields[i]);
    auto bytes = row_bytes + size_of(at.second);
    auto [to, is_new] = held_.try_emplace(std::move(at));
    add_value(c, to->second, false);
    if (!is_new) return true;
    bytes_ += bytes;
    while (held_.size() > cells_max_ || bytes_ > limits::answer_bytes_max) drop_highest();
    return true;
  }
  // All cells with the highest hash: one that is there is there as a whole.
  void drop_highest() { drop_from(std::max<std::uint64_t>(held_.rbegin()->first.first, 1)); }
  void drop_from(std::uint64_t hash) {
    bound_ = hash;
    while (!held_.empty() && held_.rbegin()->first.first >= bound_) {
      bytes_ -= row_bytes + size_of(held_.rbegin()->first.second);
      held_.erase(std::prev(held_.end()));
    }
  }

  cell_scan scan_;
  std::size_t cells_max_;
  std::map<place, rollup> held_;
  std::size_t bytes_ = 0;
  std::uint64_t bound_ = 0;
};

}  // namespace

bool insight_queries::handles(schema::Query::Which query) const { return query == schema::Query::READ_CELLS; }

void insight_queries::answer(const record_reader& records, schema::Query::Reader query,
                             schema::QueryResult::Builder out) const {
  auto asked = query.getReadCells();
  auto org = view_of(query.getOrg());
  if (asked.getSample() != 0)
    sampling(records, org, asked).answer(out);
  else
    grouping(records, org, asked).answer(out);
}

}  // namespace troupe::insight
