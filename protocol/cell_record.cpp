#include "protocol/cell_record.hpp"

#include <kj/exception.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <utility>
#include <vector>

#include "protocol/cells.hpp"
#include "protocol/envelope.hpp"
#include "protocol/packed_bytes.hpp"

namespace troupe {

namespace {

using sketch_buckets = std::vector<std::pair<std::uint16_t, std::uint64_t>>;

// Of the figures the fifth is a maximum, the last two are the earliest and the latest time.
constexpr std::size_t sums_count = 14, maximum_at = 4, added_count = sums_count - 2;
constexpr std::uint64_t slots_bit = 1ULL << sums_count, sketch_bit = slots_bit << 1;

// The figures in the order of their bits.
template <class Rollup>
auto sums_of(Rollup& r) {
  return std::array{&r.count,
                    &r.errors,
                    &r.timed,
                    &r.duration_sum_us,
                    &r.duration_max_us,
                    &r.cost_nano_usd,
                    &r.hits,
                    &r.tokens.input,
                    &r.tokens.output,
                    &r.tokens.cache_read,
                    &r.tokens.cache_write,
                    &r.tokens.reasoning,
                    &r.extent.first_us,
                    &r.extent.last_us};
}

// Adds one to what is there; 'buckets' gets the sketch as it stands, null: it is left where it is.
bool read_figures(byte_reader& in, rollup& sum, sketch_buckets* buckets) {
  auto mask = in.varint();
  std::array<std::int64_t, sums_count> part{};
  for (std::size_t i = 0; i < part.size(); ++i)
    if (mask >> i & 1) part[i] = in.signed_varint();
  decltype(sum.extent.slots) slots{};
  if (mask & slots_bit) {
    auto words = in.byte();
    for (std::size_t i = 0; i < slots.size(); ++i)
      if (words >> i & 1) slots[i] = in.word();
  }
  if (!in.ok() || mask >= sketch_bit << 1) return false;
  auto sums = sums_of(sum);
  for (std::size_t i = 0; i < added_count; ++i)
    if (i != maximum_at) add_saturated(*sums[i], part[i]);
  *sums[maximum_at] = std::max(*sums[maximum_at], part[maximum_at]);
  sum.extent.add_span(part[added_count], part[added_count + 1]);
  for (std::size_t i = 0; i < slots.size(); ++i) sum.extent.slots[i] |= slots[i];
  if (!(mask & sketch_bit) || !buckets) return true;
  std::uint64_t index = 0;
  for (auto n = in.varint(); n > 0 && in.ok(); --n) {
    index += in.varint();
    auto count = in.varint();
    if (index > UINT16_MAX) return false;
    buckets->emplace_back(static_cast<std::uint16_t>(index), count);
  }
  return in.ok();
}

bool read_figures(std::string_view bytes, rollup& sum, sketch_buckets* buckets) {
  byte_reader in(bytes);
  return read_figures(in, sum, buckets);
}

// Both in order, and then their sum.
void merge_into(sketch_buckets& sum, const sketch_buckets& more, sketch_buckets& scratch) {
  if (sum.empty() || more.empty()) {
    if (sum.empty()) sum = more;
    return;
  }
  scratch.clear();
  scratch.reserve(sum.size() + more.size());
  auto a = sum.cbegin(), b = more.cbegin();
  while (a != sum.cend() && b != more.cend()) {
    if (a->first == b->first) {
      scratch.emplace_back(a->first, a->second + b->second);
      ++a, ++b;
    } else {
      scratch.push_back(a->first < b->first ? *a++ : *b++);
    }
  }
  scratch.insert(scratch.end(), a, sum.cend());
  scratch.insert(scratch.end(), b, more.cend());
  sum.swap(scratch);
}

// One pair for each bucket, in order.
void add_up(sketch_buckets& buckets) {
  std::sort(buckets.begin(), buckets.end(), [](auto& a, auto& b) { return a.first < b.first; });
  std::size_t kept = 0;
  for (std::size_t i = 0; i < buckets.size(); ++i) {
    if (kept > 0 && buckets[kept - 1].first == buckets[i].first)
      buckets[kept - 1].second += buckets[i].second;
    else
      buckets[kept++] = buckets[i];
  }
  buckets.resize(kept);
}

void write_figures(const rollup& r, const sketch_buckets& buckets, std::string& out) {
  auto sums = sums_of(r);
  std::uint64_t mask = 0;
  for (std::size_t i = 0; i < sums.size(); ++i) mask |= *sums[i] != 0 ? 1ULL << i : 0;
  if (r.extent.any_slot()) mask |= slots_bit;
  if (!buckets.empty()) mask |= sketch_bit;
  put_varint(mask, out);
  for (auto* value : sums)
    if (*value != 0) put_varint(zigzag(*value), out);
  if (mask & slots_bit) {
    std::uint8_t words = 0;
    for (std::size_t i = 0; i < r.extent.slots.size(); ++i)
      if (r.extent.slots[i] != 0) words = static_cast<std::uint8_t>(words | 1U << i);
    out.push_back(static_cast<char>(words));
    for (auto word : r.extent.slots)
      if (word != 0) put_word(word, out);
  }
  if (buckets.empty()) return;
  put_varint(buckets.size(), out);
  std::uint16_t before = 0;
  for (auto& [index, count] : buckets) {
    put_varint(static_cast<std::uint64_t>(index - before), out);
    put_varint(count, out);
    before = index;
  }
}

// The rows of all operands in the order of their names.
std::optional<std::vector<cell_row>> rows_of(std::span<const std::string_view> operands) {
  std::vector<cell_row> rows;
  for (auto bytes : operands) {
    if (bytes.empty()) continue;
    cell_record_reader in(bytes);
    while (auto row = in.next()) rows.push_back(*row);
    if (!in.ok()) return {};
  }
  std::stable_sort(rows.begin(), rows.end(), [](auto& a, auto& b) { return a.name < b.name; });
  return rows;
}

bool is_rest(std::string_view name) { return name.size() <= 1; }

std::uint64_t rank_of(std::string_view name) {
  auto* shape = shape_of(static_cast<schema::Cube>(static_cast<std::uint8_t>(name.front())));
  return shape && shape->is_hashed ? key_reader(name.substr(1)).u64() : checksum64(name);
}

// The rank up to which names stay; everything if there is room.
std::uint64_t bound_of(const std::vector<cell_row>& rows) {
  std::vector<std::uint64_t> ranks;
  for (std::size_t i = 0; i < rows.size(); ++i)
    if (!is_rest(rows[i].name) && (i == 0 || rows[i].name != rows[i - 1].name))
      ranks.push_back(rank_of(rows[i].name));
  if (ranks.size() <= cell_rows_max) return UINT64_MAX;
  auto last = ranks.begin() + static_cast<std::ptrdiff_t>(cell_rows_max - 1);
  std::nth_element(ranks.begin(), last, ranks.end());
  return *last;
}

// Renames what is beyond the bound to the first byte of its name.
void bound_rows(std::vector<cell_row>& rows) {
  if (rows.size() <= cell_rows_max) return;
  auto bound = bound_of(rows);
  if (bound == UINT64_MAX) return;
  for (auto& row : rows)
    if (!is_rest(row.name) && rank_of(row.name) > bound) row.name = row.name.substr(0, 1);
  std::stable_sort(rows.begin(), rows.end(), [](auto& a, auto& b) { return a.name < b.name; });
}

}  // namespace

void cell_record_writer::row(std::string_view name, const rollup& sums,
                             std::span<const std::uint16_t> buckets) {
  sketch_buckets sketch;
  if (!sums.sketch.empty() || !buckets.empty()) {
    sketch.assign(sums.sketch.begin(), sums.sketch.end());
    for (auto b : buckets) sketch.emplace_back(b, 1);
    add_up(sketch);
  }
  figures_.clear();
  write_figures(sums, sketch, figures_);
  row(name, figures_);
}

void cell_record_writer::row(std::string_view name, std::string_view figures) {
  put_text(name, out_);
  put_text(figures, out_);
}

bool cell_row::add_to(rollup& sum) const {
  byte_reader in(figures);
  return take_figures(in, sum);
}

bool cell_row::add_sums_to(rollup& sum) const { return read_figures(figures, sum, nullptr); }

bool cell_row::add_count_to(rollup& sum) const {
  byte_reader in(figures);
  std::int64_t count = 0;
  if (in.varint() & 1) count = in.signed_varint();
  if (in.ok()) sum.add_count(count);
  return in.ok();
}

void put_figures(const rollup& r, std::string& out) {
  write_figures(r, sketch_buckets(r.sketch.begin(), r.sketch.end()), out);
}

bool take_figures(byte_reader& from, rollup& sum) {
  sketch_buckets buckets;
  if (!read_figures(from, sum, &buckets)) return false;
  for (auto& [index, n] : buckets) sum.sketch[index] += n;
  return true;
}

cell_record_reader::cell_record_reader(std::string_view bytes)
    : rest_(bytes.empty() ? bytes : bytes.substr(1)), ok_(is_cell_record(bytes)) {}

std::optional<cell_row> cell_record_reader::next() {
  if (!ok_ || rest_.empty()) return {};
  byte_reader in(rest_);
  cell_row row;
  row.name = in.text();
  row.figures = in.text();
  ok_ = in.ok();
  if (!ok_) return {};
  rest_ = in.rest();
  return row;
}

bool is_cell_record(std::string_view bytes) {
  return !bytes.empty() && bytes.front() == cell_record_writer::mark;
}

std::optional<std::string> merge_cell_records(std::span<const std::string_view> operands) {
  auto rows = rows_of(operands);
  if (!rows) return {};
  bound_rows(*rows);
  cell_record_writer out;
  out.start();
  std::string figures;
  sketch_buckets buckets, more, scratch;
  for (std::size_t i = 0; i < rows->size();) {
    auto end = i + 1;
    while (end < rows->size() && (*rows)[end].name == (*rows)[i].name) ++end;
    if (end == i + 1) {
      out.row((*rows)[i].name, (*rows)[i].figures);
    } else {
      rollup sum;
      buckets.clear();
      for (auto at = i; at < end; ++at) {
        more.clear();
        if (!read_figures((*rows)[at].figures, sum, &more)) return {};
        merge_into(buckets, more, scratch);
      }
      figures.clear();
      write_figures(sum, buckets, figures);
      out.row((*rows)[i].name, figures);
    }
    i = end;
  }
  return out.take();
}

std::optional<std::string> merge_figures(std::span<const std::string_view> operands) {
  auto first = std::find_if(operands.begin(), operands.end(), [](auto o) { return !o.empty(); });
  if (first != operands.end() && is_cell_record(*first)) return merge_cell_records(operands);
  try {
    return merge_rollups(operands);
  } catch (const kj::Exception&) {
    return {};
  }
}

std::string merge_figures(std::string_view existing, std::string_view operand) {
  return merge_figures(std::array{existing, operand}).value();
}

}  // namespace troupe
