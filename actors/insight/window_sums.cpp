#include "window_sums.hpp"

namespace troupe::insight {

namespace {

using table = std::pmr::map<std::pmr::string, rollup, std::less<>>;

table::iterator add_name(table& all, std::string_view name) {
  return all.try_emplace(std::pmr::string(name, all.get_allocator())).first;
}

rollup& sum_at(table& all, std::string_view name) {
  auto at = all.find(name);
  return (at != all.end() ? at : add_name(all, name))->second;
}

// Names come in order: the next one is mostly right behind the last.
void add_row(std::string_view name, const cell_row& figures, table& into, table::iterator& last) {
  if (last == into.end() || ++last == into.end() || last->first != name) last = into.find(name);
  if (last == into.end()) last = add_name(into, name);
  if (!figures.add_to(last->second)) throw machine_fault("sums that were kept cannot be read");
}

cell_effort together(const cell_effort& a, const cell_effort& b) {
  return {a.looks + b.looks, a.is_whole && b.is_whole};
}

}  // namespace

void each_row(std::string_view rows, const window_sums::sink& take) {
  cell_record_reader reader(rows);
  while (auto row = reader.next()) take(row->name, *row);
  if (!reader.ok()) throw machine_fault("sums that were kept cannot be read");
}

void window_sums::read(const cell_span& span, const sink& take) {
  kept_.begin(span);
  // Minutes at the window's ends are others with every minute: there a whole is never asked for again.
  if (span.resolution == schema::Resolution::MINUTE || last_block(span, span.until_us) == span)
    return read_blocks(span, take);
  if (auto known = kept_.find(span); known && known->effort.looks <= scan_.looks_left()) {
    scan_.spend(known->effort);
    return each_row(known->rows, take);
  }
  table sums(&memory_);
  auto last = sums.end();
  auto effort = scan_.measured([&] {
    read_blocks(span, [&](std::string_view name, const cell_row& row) { add_row(name, row, sums, last); });
  });
  keep(span, sums, effort);
  each_row(rows_.bytes(), take);
}

void window_sums::read_blocks(const cell_span& span, const sink& take) {
  for (auto end = span.until_us; end > span.from_us;) {
    auto block = last_block(span, end);
    end = block.from_us;
    if (auto known = kept_.find(block); known && known->effort.looks <= scan_.looks_left()) {
      scan_.spend(known->effort);
      each_row(known->rows, take);
      continue;
    }
    table sums(&memory_);
    auto effort = gather(block, sums);
    keep(block, sums, effort);
    each_row(rows_.bytes(), take);
  }
}

cell_effort window_sums::gather(const cell_span& block, table& into) {
  if (auto known = kept_.find(block); known && known->effort.looks <= scan_.looks_left()) {
    auto effort = known->effort;
    scan_.spend(effort);
    auto last = into.end();
    each_row(known->rows,
             [&](std::string_view name, const cell_row& row) { add_row(name, row, into, last); });
    return effort;
  }
  if (kept_.count_of(block) == 0) return {};
  auto half_us = (block.until_us - block.from_us) / 2;
  if (half_us >= bucket_us(block.resolution)) {
    cell_span earlier{block.resolution, block.from_us, block.from_us + half_us};
    cell_span later{block.resolution, block.from_us + half_us, block.until_us};
    if (is_kept(earlier) || is_kept(later)) {
      auto effort = gather(later, into);
      return together(effort, gather(earlier, into));
    }
  }
  return scan_.each_in(block, [&](const cell& c) {
    auto& sum = sum_at(into, name_of_(c));
    asked_.getSketches() ? c.add_to(sum) : c.add_sums_to(sum);
  });
}

bool window_sums::is_kept(const cell_span& block) {
  return kept_.find(block).has_value() || kept_.count_of(block) == 0;
}

void window_sums::keep(const cell_span& span, const table& sums, const cell_effort& effort) {
  rows_.start();
  for (auto& [name, r] : sums) rows_.row(name, r);
  // What a bound cut short is not what the span has.
  if (!scan_.is_exhausted()) kept_.keep(span, {effort, 0, 0, rows_.bytes()});
}

}  // namespace troupe::insight
