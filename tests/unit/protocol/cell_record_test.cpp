#include "protocol/cell_record.hpp"

#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <map>
#include <random>
#include <vector>

using namespace troupe;

namespace {

using table = std::map<std::string, rollup>;

std::string packed(const table& rows) {
  cell_record_writer out;
  out.start();
  for (auto& [name, sums] : rows) out.row(name, sums);
  return out.take();
}

table unpacked(std::string_view bytes) {
  table rows;
  cell_record_reader in(bytes);
  std::string before;
  while (auto row = in.next()) {
    CHECK((rows.empty() || std::string(row->name) > before));
    before = row->name;
    REQUIRE(row->add_to(rows[before]));
  }
  REQUIRE(in.ok());
  return rows;
}

rollup random_figures(std::mt19937_64& random) {
  rollup r;
  auto value = [&] { return static_cast<std::int64_t>(random() >> (random() % 50 + 8)); };
  r.count = 1 + value() % 100;
  r.errors = value() % 3;
  for (auto n = random() % 4; n > 0; --n) r.add_duration(value());
  if (random() % 2) r.add_cost(-value());
  if (random() % 2) r.tokens = {value(), value(), 0, value(), 0}, r.hits = 1;
  if (random() % 3 == 0) r.extent.add_span(value(), value());
  if (random() % 3 == 0) r.extent.slots[random() % 6] |= 1ULL << (random() % 64);
  return r;
}

std::string merged(std::vector<std::string_view> parts) {
  auto sum = merge_cell_records(parts);
  REQUIRE(sum);
  return *sum;
}

}  // namespace

TEST_CASE("cell records: figures come back as they were") {
  std::mt19937_64 random(1);
  for (int i = 0; i < 500; ++i) {
    auto figures = random_figures(random);
    auto back = unpacked(packed({{"name", figures}}));
    CHECK(back["name"].encode() == figures.encode());
  }
  CHECK(unpacked(packed({})).empty());
}

TEST_CASE("cell records: any order and grouping gives the same bytes, and the sum by name") {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    CAPTURE(seed);
    std::mt19937_64 random(seed);
    table expected;
    std::vector<std::string> parts;
    for (int i = 0; i < 9; ++i) {
      table rows;
      for (auto n = random() % 5; n > 0; --n)
        rows["name " + std::to_string(random() % 6)].add(random_figures(random));
      for (auto& [name, r] : rows) expected[name].add(r);
      parts.push_back(packed(rows));
    }
    std::string all, left, right;
    all = merged({parts.begin(), parts.end()});
    for (auto& p : parts) left = merged({left, p});
    for (auto p = parts.rbegin(); p != parts.rend(); ++p) right = merged({*p, right});
    CHECK(left == all);
    CHECK(right == all);
    auto sums = unpacked(all);
    REQUIRE(sums.size() == expected.size());
    for (auto& [name, r] : expected) CHECK(sums[name].encode() == r.encode());
  }
}

TEST_CASE("cell records: too many names are bounded alike in any grouping, and none is lost of the sum") {
  std::mt19937_64 random(7);
  std::vector<std::string> parts;
  std::int64_t count = 0;
  for (int i = 0; i < 12; ++i) {
    table rows;
    for (int n = 0; n < 300; ++n) {
      auto& r = rows[(n % 3 ? "a" : "b") + std::to_string(random() % 2'500)];
      ++r.count, ++count;
    }
    parts.push_back(packed(rows));
  }
  std::string all, left;
  all = merged({parts.begin(), parts.end()});
  for (auto& p : parts) left = merged({left, p});
  CHECK(left == all);
  std::vector<std::string> halves{merged({parts.begin(), parts.begin() + 6}),
                                  merged({parts.begin() + 6, parts.end()})};
  CHECK(merged({halves[1], halves[0]}) == all);
  auto rows = unpacked(all);
  CHECK(rows.size() == cell_rows_max + 2);
  CHECK(rows.contains("a"));
  CHECK(rows.contains("b"));
  std::int64_t sum = 0;
  for (auto& [name, r] : rows) sum += r.count;
  CHECK(sum == count);
}

TEST_CASE("cell records: damaged bytes are refused, whatever they are") {
  std::mt19937_64 random(3);
  table rows;
  for (int i = 0; i < 5; ++i) rows["row " + std::to_string(i)] = random_figures(random);
  auto whole = packed(rows);
  for (std::size_t cut = 0; cut < whole.size(); ++cut) {
    std::vector<std::string_view> parts{whole, std::string_view(whole).substr(0, cut)};
    merge_cell_records(parts);  // a cut between two rows cannot be told
  }
  for (int i = 0; i < 5'000; ++i) {
    auto damaged = whole;
    damaged[random() % damaged.size()] = static_cast<char>(random());
    std::vector<std::string_view> parts{damaged, whole};
    merge_cell_records(parts);
  }
  std::string_view other = "\x01 not a record";
  CHECK_FALSE(merge_cell_records(std::vector<std::string_view>{whole, other}));
  CHECK_FALSE(merge_figures(std::vector<std::string_view>{whole, rollup().encode()}));
  CHECK_FALSE(merge_figures(std::vector<std::string_view>{rollup().encode(), whole}));
}
