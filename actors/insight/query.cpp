#include "query.hpp"

#include <algorithm>
#include <map>
#include <memory_resource>
#include <vector>

#include "answer_rows.hpp"
#include "cell_scan.hpp"
#include "late_conditions.hpp"
#include "protocol/limits.hpp"
#include "protocol/message.hpp"
#include "protocol/rollup.hpp"
#include "window_sums.hpp"

namespace troupe::insight {

namespace {

using schema::CellFigures;
using schema::CellOrder;
using schema::CellStep;
using schema::Cube;
using schema::Resolution;

constexpr std::uint32_t groups_default = 100, groups_max = 5'000;
constexpr std::uint32_t sample_max = 5'000;
constexpr std::size_t conditions_max = limits::frame_bytes_max / 16;  // each takes as much at least
constexpr std::size_t groups_held_max = 200'000;
constexpr std::size_t groups_bytes = 16 * 1024;  // to begin with
// Of a row in an answer, without its texts and its sketch.
constexpr std::size_t row_bytes = 208, field_bytes = 14, sketch_bucket_bytes = 16;

// No edge of this version asks for it.
void refuse_unknown(schema::QueryResult::Builder out) {
  refuse(out, errc::unsupported,
         "this node does not know that cube, a field of it, or samples of it: it may run an older version");
}

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

class grouping {
 public:
  grouping(const record_reader& records, std::string_view org, schema::ReadCells::Reader asked,
           shared_hours hours = shared_hours::split)
      : records_(records),
        org_(org),
        asked_(asked),
        scan_(records, org, asked, hours),
        kept_(records, org, asked),
        late_(asked),
        adds_(asked.getSketches() ? added::all
              : asked.getFigures() == CellFigures::COUNT && asked.getOrder() == CellOrder::COUNT
                  ? added::count
                  : added::sums) {}

  void answer(schema::QueryResult::Builder out) {
    for (auto field : asked_.getGroupBy()) {
      auto place = scan_.is_sound() ? place_of(scan_.shape(), field) : std::nullopt;
      if (!place) return refuse_unknown(out);
      places_.push_back(*place);
    }
    if (!scan_.is_sound()) return refuse_unknown(out);
    window_sums sums(scan_, kept_, asked_, [this](const cell& c) { return stepped_name_of(c); });
    for (auto& span : scan_.spans()) {
      last_ = groups_.end();
      if (kept_.has(span))
        sums.read(span, [this](std::string_view name, const cell_row& row) { take_row(name, row); });
      else
        scan_.each(span, [this](const cell& c) { take(c); });
    }
    // An answer that leaves some of the window out tells less than one that moves some of it by half an hour.
    if (scan_.splits_hours() && scan_.is_exhausted())
      return grouping(records_, org_, asked_, shared_hours::whole).answer(out);
    rank();
    write(out.initCells());
  }

 private:
  // What is added up: no more than is told.
  enum class added : std::uint8_t { all, sums, count };
  struct group {
    using allocator_type = std::pmr::polymorphic_allocator<>;
    explicit group(allocator_type memory) : steps(memory) {}

    rollup total;
    std::pmr::map<std::int64_t, rollup> steps;  // if any are asked for
  };
  using groups = std::pmr::map<std::string_view, group>;

  // The group's texts, as in keys.
  std::string_view name_of(const cell& c) {
    name_.start(record_tag::cell);
    for (auto place : places_) name_.text(c.fields[place]);
    return std::string_view(name_.str()).substr(1);
  }
  // The step behind them: a group's steps follow each other. Busy slots are counted for each agent and may lie in several
  // steps: there the agent comes before and the hour behind.
  std::string_view stepped_name_of(const cell& c) {
    name_.start(record_tag::cell);
    if (is_busy()) name_.text(c.fields[0]);
    for (auto place : places_) name_.text(c.fields[place]);
    name_.i64(is_busy() ? c.start_us : step_of(c.start_us));
    return std::string_view(name_.str()).substr(1);
  }

  // Null: there are too many. Names come in order: the next one is mostly the last once more, or right behind it.
  group* group_of(std::string_view name) {
    if (last_ != groups_.end() && last_->first == name) return &last_->second;
    if (last_ != groups_.end() && ++last_ != groups_.end() && last_->first == name) return &last_->second;
    bool is_last = groups_.empty() || groups_.rbegin()->first < name;
    last_ = is_last ? groups_.end() : groups_.lower_bound(name);
    if (last_ != groups_.end() && last_->first == name) return &last_->second;
    if (groups_.size() >= groups_held_max) {
      overflowed_ = true;
      last_ = groups_.end();
      return nullptr;
    }
    last_ = groups_.try_emplace(last_, lasting(name));
    return &last_->second;
  }
  std::string_view lasting(std::string_view name) {
    auto* bytes = static_cast<char*>(memory_.allocate(name.size(), 1));
    std::copy(name.begin(), name.end(), bytes);
    return {bytes, name.size()};
  }
  // Where a step's figures are added up.
  rollup& sum_of(group& g, std::int64_t step) {
    if (!is_stepped()) return g.total;
    bool is_latest = g.steps.empty() || g.steps.rbegin()->first < step;
    return is_latest ? g.steps.try_emplace(g.steps.end(), step)->second : g.steps[step];
  }

  void take(const cell& c) {
    auto name = name_of(c);
    if (!late_.met_by(name)) return;
    auto* to = group_of(name);
    if (!to) return add_value(c, other_, false);
    if (is_busy()) return take_slots(c.start_us, c.row, *to);
    add_value(c, sum_of(*to, step_of(c.start_us)), asked_.getSketches());
  }

  void take_row(std::string_view name, const cell_row& row) {
    auto texts = name.size() - sizeof(std::int64_t);
    auto step = key_reader(name.substr(texts)).i64();
    name = name.substr(0, texts);
    if (is_busy()) {
      constexpr std::string_view end_of_text("\0\1", 2);
      name.remove_prefix(name.find(end_of_text) + end_of_text.size());
    }
    if (!late_.met_by(name)) return;
    auto* to = group_of(name);
    if (to && is_busy()) return take_slots(step, row, *to);
    auto& sum = to ? sum_of(*to, step) : other_;
    bool ok = adds_ == added::count ? row.add_count_to(sum) : to ? row.add_to(sum) : row.add_sums_to(sum);
    if (!ok) throw machine_fault("sums that were kept cannot be read");
  }

  // Busy slots within the window are counted, each in its step.
  void take_slots(std::int64_t hour_us, const cell_row& row, group& to) {
    rollup r;
    if (!row.add_sums_to(r)) throw machine_fault("the figures of a cell cannot be read");
    for (std::size_t slot = 0; slot < r.extent.slots.size() * 64; ++slot) {
      if ((r.extent.slots[slot / 64] >> (slot % 64) & 1) == 0) continue;
      auto start = hour_us + static_cast<std::int64_t>(slot) * busy_slot_us;
      if (start >= scan_.from_us() && start < scan_.until_us()) ++sum_of(to, step_of(start)).count;
    }
  }

  bool is_busy() const { return asked_.getCube() == Cube::BUSY; }
  bool is_stepped() const { return asked_.getStep() != CellStep::NONE; }
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

  // Best first, those of one score by name.
  void rank() {
    auto order = asked_.getOrder();
    ranked_.reserve(groups_.size());
    for (auto& named : groups_) {
      auto& g = named.second;
      for (auto& [time, r] : g.steps) g.total.add(r);
      // At work in an hour of the window, but not within the window.
      if (is_busy() && g.total.count == 0) continue;
      ranked_.emplace_back(score(g.total, order), &named);
    }
    std::stable_sort(ranked_.begin(), ranked_.end(),
                     [](const auto& a, const auto& b) { return a.first > b.first; });
  }

  // The groups that there is room for; the others are summed up.
  void write(schema::Cells::Builder out) {
    std::size_t limit = asked_.getLimit() == 0 ? groups_default : std::min(asked_.getLimit(), groups_max);
    limit = std::min(limit, ranked_.size());
    auto told = asked_.getPacked() ? pack(limit, out) : list(limit, out);
    for (auto i = told; i < ranked_.size(); ++i) other_.add(ranked_[i].second->second.total);
    if (asked_.getFigures() == CellFigures::COUNT) other_ = only_count(other_);
    other_.write(out.initOther());
    out.setOtherKeys(static_cast<std::uint32_t>(ranked_.size() - told));
    out.setPartial(scan_.is_partial() || overflowed_);
    // Slots are told apart in any window.
    out.setWholeHours(scan_.moves_minutes() && !is_busy());
  }
  std::size_t pack(std::size_t limit, schema::Cells::Builder out) {
    packed_rows rows(asked_, places_.size(), row_hashes::none);
    std::size_t told = 0;
    for (; told < limit; ++told) {
      auto before = rows.row_bytes();
      auto& [name, g] = *ranked_[told].second;
      each_step(g, [&, &named = name](std::int64_t time, const rollup& r) { rows.add(time, 0, named, r); });
      if (rows.size() <= limits::answer_bytes_max) continue;
      rows.shrink(before);
      break;
    }
    rows.write(out);
    return told;
  }
  std::size_t list(std::size_t limit, schema::Cells::Builder out) {
    auto bytes = limits::answer_bytes_max;
    std::size_t told = 0, count = 0;
    for (; told < limit; ++told) {
      auto& [name, g] = *ranked_[told].second;
      std::size_t own = 0;
      each_step(g, [&, texts = name.size()](std::int64_t, const rollup& r) {
        own += row_bytes + r.sketch.size() * sketch_bucket_bytes + texts + places_.size() * field_bytes;
      });
      if (own > bytes) break;
      bytes -= own;
      count += is_stepped() ? g.steps.size() : 1;
    }
    listed_rows rows(asked_, out, count, places_.size());
    for (std::size_t i = 0; i < told; ++i) {
      auto& [name, g] = *ranked_[i].second;
      each_step(g, [&, &named = name](std::int64_t time, const rollup& r) { rows.add(time, 0, named, r); });
    }
    return told;
  }
  // visit(time, figures) of each row of the group.
  template <class Visit>
  void each_step(const group& g, Visit&& visit) const {
    if (!is_stepped()) return visit(0, g.total);
    for (auto& [time, r] : g.steps) visit(time, r);
  }

  const record_reader& records_;
  const std::string_view org_;
  schema::ReadCells::Reader asked_;
  cell_scan scan_;
  kept_sums kept_;
  late_conditions late_;
  const added adds_;
  std::vector<std::size_t> places_;
  key_writer name_{record_tag::cell};
  // Groups are many and small, and go all at once.
  std::pmr::monotonic_buffer_resource memory_{groups_bytes};
  groups groups_{&memory_};
  groups::iterator last_;
  std::vector<std::pair<std::int64_t, const groups::value_type*>> ranked_;
  rollup other_;
  bool overflowed_ = false;
};

// Cells of the traces or sessions with the lowest hashes: every shard picks the same ones, so that what lies in several
// shards can be joined. Bottom-k sampling: E. Cohen, H. Kaplan, "Summarizing data using bottom-k sketches", 2007.
class sampling {
 public:
  sampling(const record_reader& records, std::string_view org, schema::ReadCells::Reader asked)
      : asked_(asked),
        scan_(records, org, asked),
        kept_(records, org, asked),
        cells_max_(std::min(asked.getSample(), sample_max)) {}

  void answer(schema::QueryResult::Builder out) {
    if (!scan_.is_sound()) return refuse_unknown(out);
    for (auto& span : scan_.spans()) take_span(span);
    if (auto lost = scan_.lost_from(); lost != 0 && (bound_ == 0 || lost < bound_)) drop_from(lost);
    auto cells = out.initCells();
    if (asked_.getPacked()) {
      packed_rows rows(asked_, scan_.shape().fields.size(), row_hashes::told);
      write(rows);
      rows.write(cells);
    } else {
      listed_rows rows(asked_, cells, held_.size(), scan_.shape().fields.size());
      write(rows);
    }
    cells.setHashBound(bound_);
    cells.setPartial(scan_.is_partial());
  }

 private:
  // A name is that of the row: its cube, the hash, the fields.
  using table = std::pmr::map<std::pmr::string, rollup, std::less<>>;

  template <class Rows>
  void write(Rows& rows) const {
    for (auto& [name, figures] : held_)
      rows.add(0, hash_of(name), std::string_view(name).substr(1 + sizeof(std::uint64_t)), figures);
  }
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
        if (!row.add_sums_to(held_.emplace_hint(held_.end(), name, rollup())->second))
          throw machine_fault("a sample cannot be read");
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
    auto at = held_.lower_bound(c.row.name);
    if (at != held_.end() && at->first == c.row.name) {
      add_value(c, at->second, false);
      return true;
    }
    add_value(c, held_.emplace_hint(at, c.row.name, rollup())->second, false);
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

  schema::ReadCells::Reader asked_;
  cell_scan scan_;
  kept_sums kept_;
  std::size_t cells_max_;
  // Cells are many and small, and come and go.
  std::pmr::unsynchronized_pool_resource memory_;
  table held_{&memory_};
  std::size_t bytes_ = 0;
  std::uint64_t bound_ = 0;
};

}  // namespace

bool insight_queries::handles(schema::Query::Which query) const { return query == schema::Query::READ_CELLS; }

void insight_queries::answer(const record_reader& records, schema::Query::Reader query,
                             schema::QueryResult::Builder out) const {
  answer_cells(records, view_of(query.getOrg()), query.getReadCells(), out);
}

void answer_cells(const record_reader& records, std::string_view org, schema::ReadCells::Reader asked,
                  schema::QueryResult::Builder out) {
  // A list of empty structs says to be as long as it likes, in a few bytes.
  if (asked.getWhere().size() > conditions_max)
    return refuse(out, errc::invalid_argument, "has more conditions than fit into a message", "where");
  if (asked.getGroupBy().size() > row_texts_max)
    return refuse(out, errc::invalid_argument, "has more fields than a row of an answer", "groupBy");
  if (asked.getSample() != 0)
    sampling(records, org, asked).answer(out);
  else
    grouping(records, org, asked).answer(out);
}

}  // namespace troupe::insight
