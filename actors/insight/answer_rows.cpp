#include "answer_rows.hpp"

#include <numeric>
#include <utility>

#include "protocol/cells.hpp"
#include "protocol/key.hpp"
#include "protocol/message.hpp"

namespace troupe::insight {

rollup only_count(const rollup& of) {
  rollup out;
  out.count = of.count;
  return out;
}

told_texts::told_texts(schema::ReadCells::Reader asked, std::size_t texts) : texts_(texts), told_(texts) {
  std::iota(told_.begin(), told_.end(), std::size_t{0});
  if (asked.getSample() == 0 || asked.getGroupBy().size() == 0) return;
  told_.clear();
  for (auto field : asked.getGroupBy())
    if (auto place = place_of(*shape_of(asked.getCube()), field); place && told_.size() < some_.size())
      told_.push_back(*place);
}

std::span<const std::string_view> told_texts::of(std::string_view name) {
  key_reader in(name);
  std::string own;
  for (std::size_t i = 0; i < texts_; ++i) {
    all_[i] = in.text(own);
    if (own.empty()) continue;
    all_[i] = unescaped_.emplace_back(std::exchange(own, {}));
  }
  for (std::size_t i = 0; i < told_.size(); ++i) some_[i] = all_[told_[i]];
  return {some_.data(), told_.size()};
}

void packed_rows::add(std::int64_t time_us, std::uint64_t hash, std::string_view name,
                      const rollup& figures) {
  auto told = texts_.of(name);
  figures_ == schema::CellFigures::COUNT ? rows_.row(time_us, hash, told, only_count(figures))
                                         : rows_.row(time_us, hash, told, figures);
}

void packed_rows::write(schema::Cells::Builder to) const { to.setPacked(data_of(rows_.bytes())); }

void listed_rows::add(std::int64_t time_us, std::uint64_t hash, std::string_view name,
                      const rollup& figures) {
  auto row = rows_[slot_++];
  row.setTimeUs(time_us);
  row.setHash(hash);
  auto told = texts_.of(name);
  auto list = row.initFields(static_cast<unsigned>(told.size()));
  for (unsigned i = 0; i < list.size(); ++i) set_text([&](unsigned n) { return list.init(i, n); }, told[i]);
  figures_ == schema::CellFigures::COUNT ? only_count(figures).write(row.initFigures())
                                         : figures.write(row.initFigures());
}

}  // namespace troupe::insight
