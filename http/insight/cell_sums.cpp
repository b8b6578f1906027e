#include "http/insight/cell_sums.hpp"

#include <algorithm>
#include <cmath>
#include <deque>
#include <numeric>
#include <span>
#include <utility>

#include "protocol/cell_rows.hpp"
#include "protocol/cells.hpp"
#include "protocol/message.hpp"

namespace troupe::http {

namespace {

using schema::CellOrder;
using name_numbers = std::span<const std::uint32_t>;

double score(const rollup& r, CellOrder order) {
  switch (order) {
    case CellOrder::COUNT: return static_cast<double>(r.count);
    case CellOrder::TOKENS: return static_cast<double>(r.tokens.input) + static_cast<double>(r.tokens.output);
    case CellOrder::LAST: return static_cast<double>(r.extent.last_us);
    case CellOrder::MISSES: return static_cast<double>(r.count - r.hits);
    case CellOrder::DURATION: return static_cast<double>(r.extent.last_us - r.extent.first_us);
    case CellOrder::ERRORS: return static_cast<double>(r.errors);
    default: return static_cast<double>(r.cost_nano_usd);
  }
}

// Whether several shards may have a group of the same names.
enum class found_in : std::uint8_t { one_shard, any_shard };

// What an agent did lies in its shard alone.
found_in groups_of(const cell_question& q) {
  bool by_agent = std::find(q.by.begin(), q.by.end(), schema::CellField::AGENT) != q.by.end();
  return q.sample == 0 && by_agent ? found_in::one_shard : found_in::any_shard;
}

bool all_names_told(const cell_question& q) { return q.sample != 0 && q.by.empty(); }
std::size_t names_of(const cell_question& q) {
  return all_names_told(q) ? shape_of(q.cube)->fields.size() : q.by.size();
}

// Tells the rows of one shard: take(time, hash, names, read), where read(sum) adds the row's figures and says whether it
// could. False: they cannot be read.
template <class Take>
bool each_packed(std::string_view bytes, std::size_t names, text_numbers& texts, Take&& take) {
  cell_rows_reader rows(bytes);
  if (!rows.ok() || rows.texts_of_row() != names) return false;
  std::vector<std::uint32_t> numbers, row(names);
  numbers.reserve(rows.texts().size());
  for (auto text : rows.texts()) numbers.push_back(texts.number_of(text));
  auto read = [&](rollup& sum) { return rows.add_to(sum); };
  while (rows.next()) {
    for (std::size_t i = 0; i < names; ++i) row[i] = numbers[rows.row()[i]];
    if (!take(rows.time_us(), rows.hash(), name_numbers(row), read)) return false;
  }
  return rows.ok();
}

// A shard of an older node packs nothing, and tells all names of a sample.
template <class Take>
bool each_listed(schema::Cells::Reader cells, const cell_question& q, text_numbers& texts, Take&& take) {
  auto& shape = *shape_of(q.cube);
  std::vector<std::uint32_t> row(names_of(q));
  for (auto listed : cells.getRows()) {
    auto fields = listed.getFields();
    bool is_whole = fields.size() != row.size();
    if (is_whole && fields.size() != shape.fields.size()) return false;
    for (unsigned i = 0; i < row.size(); ++i) {
      auto place = is_whole ? place_of(shape, q.by[i]).value_or(0) : i;
      row[i] = texts.number_of(view_of(fields[static_cast<unsigned>(place)]));
    }
    auto read = [&](rollup& sum) {
      sum.add(listed.getFigures());
      return true;
    };
    if (!take(listed.getTimeUs(), listed.getHash(), name_numbers(row), read)) return false;
  }
  return true;
}

template <class Take>
bool each_row(schema::Cells::Reader cells, const cell_question& q, text_numbers& texts, Take&& take) {
  return cells.hasPacked() ? each_packed(view_of(cells.getPacked()), names_of(q), texts, take)
                           : each_listed(cells, q, texts, take);
}

// Groups as they are met, found by the numbers of their names.
class met_groups {
 public:
  struct met {
    rollup total;
    std::map<std::int64_t, rollup> steps;
  };

  met_groups(found_in where, std::size_t names) : where_(where), names_(names) {}

  met& at(name_numbers names) {
    if (!groups_.empty() && same(last_, names)) return groups_[last_];
    last_ = groups_.size();
    if (where_ == found_in::any_shard) {
      if (2 * groups_.size() >= slots_.size()) grow();
      auto& slot = slots_[slot_of(names)];
      if (slot != 0) return groups_[last_ = slot - 1];
      slot = static_cast<std::uint32_t>(last_ + 1);
    }
    numbers_.insert(numbers_.end(), names.begin(), names.end());
    return groups_.emplace_back();
  }

  // Best first, those of one score by name; the others are summed up.
  void take(const cell_question& q, const std::vector<std::string_view>& texts, cell_table& to) {
    std::vector<std::pair<double, std::uint32_t>> ranked;
    ranked.reserve(groups_.size());
    for (auto& g : groups_) {
      for (auto& [time, r] : g.steps) g.total.add(r);
      ranked.emplace_back(score(g.total, q.order), static_cast<std::uint32_t>(ranked.size()));
    }
    auto text_of = [&](std::uint32_t number) { return texts[number]; };
    auto better = [&](const auto& a, const auto& b) {
      if (a.first != b.first) return a.first > b.first;
      return std::ranges::lexicographical_compare(names_at(a.second), names_at(b.second), {}, text_of,
                                                  text_of);
    };
    auto limit = q.sample == 0 ? std::min(q.limit, ranked.size()) : ranked.size();
    auto kept = ranked.begin() + static_cast<std::ptrdiff_t>(limit);
    if (kept != ranked.end()) std::nth_element(ranked.begin(), kept, ranked.end(), better);
    std::sort(ranked.begin(), kept, better);
    to.groups.reserve(limit);
    for (auto at = ranked.begin(); at != kept; ++at) {
      auto& made = to.groups.emplace_back();
      for (auto number : names_at(at->second)) made.names.emplace_back(texts[number]);
      made.total = std::move(groups_[at->second].total);
      made.steps = std::move(groups_[at->second].steps);
    }
    for (auto at = kept; at != ranked.end(); ++at) to.other.add(groups_[at->second].total);
    to.other_keys += ranked.size() - limit;
  }

 private:
  name_numbers names_at(std::size_t group) const { return {numbers_.data() + group * names_, names_}; }
  bool same(std::size_t group, name_numbers names) const {
    return std::ranges::equal(names_at(group), names);
  }
  // The group's slot plus one, or where it would be.
  std::size_t slot_of(name_numbers names) const {
    std::uint64_t hash = 0;
    for (auto number : names) {
      hash = (hash ^ number) * 0x9e3779b97f4a7c15;
      hash ^= hash >> 32;
    }
    auto mask = slots_.size() - 1;
    auto at = static_cast<std::size_t>(hash) & mask;
    while (slots_[at] != 0 && !same(slots_[at] - 1, names)) at = (at + 1) & mask;
    return at;
  }
  void grow() {
    slots_.assign(std::max<std::size_t>(64, 2 * slots_.size()), 0);
    for (std::size_t i = 0; i < groups_.size(); ++i)
      slots_[slot_of(names_at(i))] = static_cast<std::uint32_t>(i + 1);
  }

  const found_in where_;
  const std::size_t names_;
  std::deque<met> groups_;
  std::vector<std::uint32_t> numbers_;  // of the names of each group
  std::vector<std::uint32_t> slots_;    // number of the group plus one, 0: free
  std::size_t last_ = 0;
};

// The lowest bound of all shards holds for all of them.
std::uint64_t lowest_bound(const results& found) {
  std::uint64_t bound = 0;
  for (const auto& f : found) {
    if (!f.isCells()) continue;
    auto own = f.getCells().getHashBound();
    if (own != 0 && (bound == 0 || own < bound)) bound = own;
  }
  return bound;
}

// Each once; numbered in the order of their names.
void sort_members(const std::vector<std::string_view>& texts, cell_table& t) {
  std::vector<std::uint32_t> order(texts.size()), rank(texts.size());
  std::iota(order.begin(), order.end(), 0U);
  std::sort(order.begin(), order.end(), [&](auto a, auto b) { return texts[a] < texts[b]; });
  for (std::uint32_t i = 0; i < order.size(); ++i) {
    rank[order[i]] = i;
    t.member_names.emplace_back(texts[order[i]]);
  }
  for (auto& m : t.members) m.name = rank[m.name];
  std::sort(t.members.begin(), t.members.end());
  t.members.erase(std::unique(t.members.begin(), t.members.end()), t.members.end());
}

}  // namespace

std::optional<cell_table> add_up(const results& found, const cell_question& q) {
  cell_table out;
  text_numbers texts;
  met_groups groups(groups_of(q), names_of(q));
  auto bound = lowest_bound(found);
  if (bound != 0) out.rate = std::ldexp(static_cast<double>(bound), -64);
  auto take = [&](std::int64_t time_us, std::uint64_t hash, name_numbers names, auto& read) {
    if (bound != 0 && hash >= bound) return true;
    if (is_by_member(q)) {
      out.members.push_back({hash, names[0]});
      return true;
    }
    auto& g = groups.at(names);
    return read(q.step == schema::CellStep::NONE ? g.total : g.steps[time_us]);
  };
  for (const auto& f : found) {
    if (!f.isCells()) continue;
    auto cells = f.getCells();
    out.complete = out.complete && !cells.getPartial();
    out.whole_hours = out.whole_hours || cells.getWholeHours();
    out.other.add(cells.getOther());
    out.other_keys += cells.getOtherKeys();
    if (!each_row(cells, q, texts, take)) return {};
  }
  if (is_by_member(q))
    sort_members(texts.texts(), out);
  else
    groups.take(q, texts.texts(), out);
  return out;
}

}  // namespace troupe::http
