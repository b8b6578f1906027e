#include "query.hpp"

#include <algorithm>
#include <map>
#include <vector>

#include "cell_scan.hpp"
#include "protocol/message.hpp"
#include "protocol/rollup.hpp"
#include "window_sums.hpp"

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
constexpr std::size_t row_bytes = 208, field_bytes = 14, sketch_bucket_bytes = 16;

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

std::vector<std::string> texts_of(std::string_view name, std::size_t count) {
  key_reader in(name);
  std::vector<std::string> texts;
  for (std::size_t i = 0; i < count; ++i) texts.push_back(in.text());
  return texts;
}

// A row is named by its texts, as in keys.
void write_row(schema::CellRow::Builder out, std::int64_t time_us, std::string_view name, std::size_t texts,
               const rollup& figures) {
  out.setTimeUs(time_us);
  auto fields = texts_of(name, texts);
  auto list = out.initFields(static_cast<unsigned>(texts));
  for (unsigned i = 0; i < list.size(); ++i) set_text([&](unsigned n) { return list.init(i, n); }, fields[i]);
  figures.write(out.initFigures());
}

class grouping {
 public:
  grouping(const record_reader& records, std::string_view org, schema::ReadCells::Reader asked)
      : asked_(asked), scan_(records, org, asked), kept_(records, org, asked) {}

  void answer(schema::QueryResult::Builder out) {
    for (auto field : asked_.getGroupBy()) {
      auto place = scan_.is_sound() ? place_of(scan_.shape(), field) : std::nullopt;
      if (!place) return out.setNothing();
      places_.push_back(*place);
    }
    if (!scan_.is_sound()) return out.setNothing();
    window_sums sums(scan_, kept_, asked_, [this](const cell& c) { return stepped_name_of(c); });
    for (auto& span : scan_.spans()) {
      last_ = groups_.end();
      if (kept_.has(span))
        sums.read(span, [this](std::string_view name, const cell_row& row) { take_row(name, row); });
      else
        scan_.each(span, [this](const cell& c) { take(c); });
    }
    rank();
    write(out.initCells());
  }

 private:
  struct group {
    std::map<std::int64_t, rollup> steps;
    rollup total;  // of several steps
    std::size_t bytes = 0;

    const rollup& all() const { return steps.size() == 1 ? steps.begin()->second : total; }
  };
  using groups = std::map<std::string, group, std::less<>>;

  // The group's texts, as in keys.
  std::string_view name_of(const cell& c) {
    name_.start(record_tag::cell);
    for (auto place : places_) name_.text(c.fields[place]);
    return std::string_view(name_.str()).substr(1);
  }
  // The step before them; of busy slots, which are counted for each agent and may lie in several steps, hour and agent.
  std::string_view stepped_name_of(const cell& c) {
    name_.start(record_tag::cell).i64(is_busy() ? c.start_us : step_of(c.start_us));
    if (is_busy()) name_.text(c.fields[0]);
    for (auto place : places_) name_.text(c.fields[place]);
    return std::string_view(name_.str()).substr(1);
  }

  // Null: there are too many. Names of one step come in order: the next one is mostly right behind the last.
  group* group_of(std::string_view name) {
    if (last_ != groups_.end() && ++last_ != groups_.end() && last_->first == name) return &last_->second;
    last_ = groups_.find(name);
    if (last_ != groups_.end()) return &last_->second;
    if (groups_.size() >= groups_held_max) {
      overflowed_ = true;
      return nullptr;
    }
    last_ = groups_.try_emplace(std::string(name)).first;
    return &last_->second;
  }

  void take(const cell& c) {
    auto* to = group_of(name_of(c));
    if (!to) return add_value(c, other_, false);
    if (is_busy()) return take_slots(c.start_us, c.row, *to);
    add_value(c, to->steps[step_of(c.start_us)], asked_.getSketches());
  }

  void take_row(std::string_view name, const cell_row& row) {
    auto step = key_reader(name).i64();
    name.remove_prefix(sizeof step);
    if (is_busy()) {
      constexpr std::string_view end_of_text("\0\1", 2);
      name.remove_prefix(name.find(end_of_text) + end_of_text.size());
    }
    auto* to = group_of(name);
    if (to && is_busy()) return take_slots(step, row, *to);
    if (!(to ? row.add_to(to->steps[step]) : row.add_sums_to(other_)))
      throw machine_fault("sums that were kept cannot be read");
  }

  // Busy slots within the window are counted, each in its step.
  void take_slots(std::int64_t hour_us, const cell_row& row, group& to) {
    rollup r;
    if (!row.add_sums_to(r)) throw machine_fault("the figures of a cell cannot be read");
    for (std::size_t slot = 0; slot < r.extent.slots.size() * 64; ++slot) {
      if ((r.extent.slots[slot / 64] >> (slot % 64) & 1) == 0) continue;
      auto start = hour_us + static_cast<std::int64_t>(slot) * busy_slot_us;
      if (start >= scan_.from_us() && start < scan_.until_us()) ++to.steps[step_of(start)].count;
    }
  }

  bool is_busy() const { return asked_.getCube() == Cube::BUSY; }
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
    for (auto& named : groups_) {
      auto& g = named.second;
      auto texts = named.first.size() + places_.size() * field_bytes;
      for (auto& [time, r] : g.steps) {
        if (g.steps.size() > 1) g.total.add(r);
        g.bytes += row_bytes + r.sketch.size() * sketch_bucket_bytes + texts;
      }
      ranked_.push_back(&named);
    }
    auto order = asked_.getOrder();
    std::stable_sort(ranked_.begin(), ranked_.end(), [&](const auto* a, const auto* b) {
      return score(a->second.all(), order) > score(b->second.all(), order);
    });
    auto limit = asked_.getLimit() == 0 ? groups_default : std::min(asked_.getLimit(), groups_max);
    auto bytes = limits::answer_bytes_max;
    std::size_t kept = 0;
    while (kept < ranked_.size() && kept < limit && ranked_[kept]->second.bytes <= bytes)
      bytes -= ranked_[kept++]->second.bytes;
    for (auto i = kept; i < ranked_.size(); ++i) other_.add(ranked_[i]->second.all());
    other_keys_ = ranked_.size() - kept;
    ranked_.resize(kept);
  }

  void write(schema::Cells::Builder out) const {
    std::size_t count = 0;
    for (auto* named : ranked_) count += named->second.steps.size();
    auto rows = out.initRows(static_cast<unsigned>(count));
    unsigned slot = 0;
    for (auto* named : ranked_)
      for (auto& [time, r] : named->second.steps)
        write_row(rows[slot++], time, named->first, places_.size(), r);
    other_.write(out.initOther());
    out.setOtherKeys(static_cast<std::uint32_t>(other_keys_));
    out.setPartial(scan_.is_partial() || overflowed_);
  }

  schema::ReadCells::Reader asked_;
  cell_scan scan_;
  kept_sums kept_;
  std::vector<std::size_t> places_;
  key_writer name_{record_tag::cell};
  groups groups_;
  groups::iterator last_;
  std::vector<const groups::value_type*> ranked_;
  rollup other_;
  std::size_t other_keys_ = 0;
  bool overflowed_ = false;
};

// Cells of the traces or sessions with the lowest hashes: every shard picks the same ones, so that what lies in several
// shards can be joined. Bottom-k sampling: E. Cohen, H. Kaplan, "Summarizing data using bottom-k sketches", 2007.
class sampling {
 public:
  sampling(const record_reader& records, std::string_view org, schema::ReadCells::Reader asked)
      : scan_(records, org, asked),
        kept_(records, org, asked),
        cells_max_(std::min(asked.getSample(), sample_max)) {}

  void answer(schema::QueryResult::Builder out) {
    if (!scan_.is_sound()) return out.setNothing();
    for (auto& span : scan_.spans()) take_span(span);
    if (auto lost = scan_.lost_from(); lost != 0 && (bound_ == 0 || lost < bound_)) drop_from(lost);
    auto cells = out.initCells();
    auto rows = cells.initRows(static_cast<unsigned>(held_.size()));
    unsigned slot = 0;
    for (auto& [name, figures] : held_) {
      rows[slot].setHash(hash_of(name));
      auto texts = std::string_view(name).substr(1 + sizeof(std::uint64_t));
      write_row(rows[slot++], 0, texts, scan_.shape().fields.size(), figures);
    }
    cells.setHashBound(bound_);
    cells.setPartial(scan_.is_partial());
  }

 private:
  // A name is that of the row: its cube, the hash, the fields.
  using table = std::map<std::string, rollup, std::less<>>;

  static std::uint64_t hash_of(std::string_view name) { return key_reader(name.substr(1)).u64(); }
  std::size_t bytes_of(std::string_view name) const {
    return row_bytes + scan_.shape().fields.size() * field_bytes + name.size();
  }

  // All hours but the latest are as they were; what comes to that one changes them seldom.
  void take_span(const cell_span& span) {
    auto look = [this](const cell& c) { return take(c); };
    auto latest = bucket_start(span.until_us - 1, span.resolution);
    cell_span before{span.resolution, span.from_us, latest};
    if (before.from_us >= before.until_us || !kept_.has(before)) {
      scan_.each_from_lowest(span, look);
      return;
    }
    kept_.begin(before);
    if (auto known = kept_.find(before)) {
      scan_.spend(known->effort);
      scan_.lose_from(known->lost_from);
      bound_ = known->hash_bound;
      each_row(known->rows, [this](std::string_view name, const cell_row& row) {
        if (!row.add_sums_to(held_[std::string(name)])) throw machine_fault("a sample cannot be read");
        bytes_ += bytes_of(name);
      });
    } else {
      auto effort = scan_.each_from_lowest(before, look);
      cell_record_writer rows;
      rows.start();
      for (auto& [name, figures] : held_) rows.row(name, figures);
      if (!scan_.is_exhausted()) kept_.keep(before, {effort, bound_, scan_.lost_from(), rows.bytes()});
    }
    scan_.each_from_lowest({span.resolution, latest, span.until_us}, look);
  }

  bool take(const cell& c) {
    if (bound_ != 0 && c.hash >= bound_) return false;
    auto at = held_.find(c.row.name);
    if (at != held_.end()) {
      add_value(c, at->second, false);
      return true;
    }
    add_value(c, held_[std::string(c.row.name)], false);
    bytes_ += bytes_of(c.row.name);
    while (held_.size() > cells_max_ || bytes_ > limits::answer_bytes_max) drop_highest();
    return true;
  }
  // All cells with the highest hash: one that is there is there as a whole.
  void drop_highest() { drop_from(std::max<std::uint64_t>(hash_of(held_.rbegin()->first), 1)); }
  void drop_from(std::uint64_t hash) {
    bound_ = hash;
    while (!held_.empty() && hash_of(held_.rbegin()->first) >= bound_) {
      bytes_ -= bytes_of(held_.rbegin()->first);
      held_.erase(std::prev(held_.end()));
    }
  }

  cell_scan scan_;
  kept_sums kept_;
  std::size_t cells_max_;
  table held_;
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
