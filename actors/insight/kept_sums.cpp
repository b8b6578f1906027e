#include "kept_sums.hpp"

#include <algorithm>
#include <utility>
#include <vector>

#include "protocol/envelope.hpp"
#include "protocol/message.hpp"

namespace troupe::insight {

namespace {

using schema::Cube;
using schema::Resolution;

// Beyond that, looking for what was kept costs more than it spares.
constexpr std::int64_t buckets_max = 2'000;
constexpr std::size_t head_bytes = 4 * 8 + 1;

// Whose cells change only with the events of their own bucket, and are many.
bool is_kept(schema::ReadCells::Reader asked, const cube_shape& shape) {
  if (asked.getCube() == Cube::TOTAL || asked.getCube() == Cube::BUSY) return false;
  if (shape.spans == cell_spans::timeless) return false;
  if (!shape.is_hashed) return true;
  // Of one trace or session: hardly ever asked again.
  for (auto c : asked.getWhere())
    if (c.getField() == shape.fields.front()) return false;
  return true;
}

}  // namespace

kept_sums::kept_sums(const record_reader& records, std::string_view org, schema::ReadCells::Reader asked)
    : records_(records), org_(org) {
  auto* shape = shape_of(asked.getCube());
  keeps_ = records.cache() != nullptr && shape != nullptr && is_kept(asked, *shape);
  if (!keeps_) return;
  key_writer key(record_tag::cell);
  key.text(org).u8(static_cast<std::uint8_t>(asked.getCube())).u64(asked.getSample());
  key.u8(asked.getSketches() ? 1 : 0).u8(static_cast<std::uint8_t>(asked.getStep()));
  key.i64(asked.getOffsetMinutes()).u8(static_cast<std::uint8_t>(asked.getGroupBy().size()));
  for (auto field : asked.getGroupBy()) key.u8(static_cast<std::uint8_t>(field));
  std::vector<std::pair<std::uint8_t, std::string_view>> where;
  for (auto c : asked.getWhere())
    where.emplace_back(static_cast<std::uint8_t>(c.getField()), view_of(c.getValue()));
  std::sort(where.begin(), where.end());
  for (auto& [field, value] : where) key.u8(field).text(value);
  question_ = std::move(key).str();
}

bool kept_sums::has(const cell_span& span) const {
  return keeps_ && (span.until_us - span.from_us) / bucket_us(span.resolution) <= buckets_max;
}

const kept_sums::counts& kept_sums::read_counts(const cell_span& span) {
  counts_.clear();
  auto prefix = cell_prefix(org_, Cube::TOTAL, span.resolution);
  auto place = [&](std::int64_t start) {
    key_writer end(record_tag::rollup);
    return prefix + end.i64(start).str().substr(1);
  };
  records_.scan(family::rollups, place(span.from_us), place(span.until_us),
                [&](std::string_view key, std::string_view value) {
                  message_reader total(value);
                  counts_[key_reader(key.substr(prefix.size())).i64()] =
                      total.root<schema::Rollup>().getCount();
                  return true;
                });
  return counts_;
}

std::int64_t kept_sums::count_of(const cell_span& span) const {
  std::int64_t sum = 0;
  auto end = counts_.lower_bound(span.until_us);
  for (auto at = counts_.lower_bound(span.from_us); at != end; ++at) sum += at->second;
  return sum;
}

const std::string& kept_sums::key(const cell_span& span) {
  key_writer place(record_tag::cell);
  place.u8(static_cast<std::uint8_t>(span.resolution)).i64(span.from_us).i64(span.until_us);
  return key_.assign(question_).append(place.str());
}

// The count, what it cost, the bounds, whether it is all; then the rows.
std::optional<span_sums> kept_sums::find(const cell_span& span) {
  found_ = records_.cache()->find(key(span));
  if (!found_) return {};
  key_reader head(*found_);
  if (head.i64() != count_of(span)) return {};
  span_sums sums;
  sums.effort.looks = head.i64();
  sums.hash_bound = head.u64();
  sums.lost_from = head.u64();
  sums.effort.is_whole = head.u8() != 0;
  sums.rows = std::string_view(*found_).substr(head_bytes);
  return sums;
}

void kept_sums::keep(const cell_span& span, const span_sums& sums) {
  key_writer head(record_tag::cell);
  head.i64(count_of(span)).i64(sums.effort.looks).u64(sums.hash_bound).u64(sums.lost_from);
  head.u8(sums.effort.is_whole ? 1 : 0);
  records_.cache()->keep(key(span), head.str().substr(1).append(sums.rows));
}

cell_span last_block(const cell_span& span, std::int64_t end_us) {
  auto width = bucket_us(span.resolution);
  auto length = width;
  while (end_us % (2 * length) == 0 && end_us - 2 * length >= span.from_us) length *= 2;
  return {span.resolution, end_us - length, end_us};
}

}  // namespace troupe::insight
