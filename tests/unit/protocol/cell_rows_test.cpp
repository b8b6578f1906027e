#include "protocol/cell_rows.hpp"

#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <random>
#include <vector>

using namespace troupe;

namespace {

struct sample_row {
  std::int64_t time_us = 0;
  std::uint64_t hash = 0;
  std::vector<std::string> texts;
  rollup figures;
};

std::vector<sample_row> random_rows(std::mt19937_64& random, std::size_t texts, row_hashes hashes) {
  std::vector<sample_row> rows(random() % 40);
  for (auto& row : rows) {
    row.time_us = static_cast<std::int64_t>(random()) >> (random() % 60);
    if (hashes == row_hashes::told) row.hash = random();
    for (std::size_t i = 0; i < texts; ++i)
      row.texts.push_back(std::string(random() % 3, 'x') + std::to_string(random() % 9));
    row.figures.count = static_cast<std::int64_t>(random() % 1000);
    row.figures.add_cost(-static_cast<std::int64_t>(random() % 1000));
    for (auto n = random() % 3; n > 0; --n)
      row.figures.add_duration(static_cast<std::int64_t>(random() % 1'000'000));
    if (random() % 2) row.figures.extent.add_span(1, static_cast<std::int64_t>(random() % 1000 + 2));
  }
  return rows;
}

void add(const sample_row& row, cell_rows_writer& to) {
  std::vector<std::string_view> texts(row.texts.begin(), row.texts.end());
  to.row(row.time_us, row.hash, texts, row.figures);
}

}  // namespace

TEST_CASE("cell rows: what was packed comes back, whether figures are read or passed over") {
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    CAPTURE(seed);
    std::mt19937_64 random(seed);
    auto width = random() % (row_texts_max + 1);
    auto hashes = random() % 2 ? row_hashes::told : row_hashes::none;
    auto rows = random_rows(random, width, hashes);
    cell_rows_writer out(width, hashes);
    for (auto& row : rows) add(row, out);
    auto bytes = out.bytes();
    CHECK(bytes.size() <= out.size() + 64);
    cell_rows_reader in(bytes);
    CHECK(in.texts_of_row() == width);
    for (auto& row : rows) {
      REQUIRE(in.next());
      CHECK(in.time_us() == row.time_us);
      CHECK(in.hash() == row.hash);
      std::vector<std::string> texts;
      for (auto number : in.row()) texts.emplace_back(in.texts()[number]);
      CHECK(texts == row.texts);
      if (random() % 3 == 0) continue;
      rollup figures;
      REQUIRE(in.add_to(figures));
      CHECK(figures.encode() == row.figures.encode());
    }
    CHECK(!in.next());
    CHECK(in.ok());
  }
}

TEST_CASE("cell rows: rows that were taken back are not there") {
  std::mt19937_64 random(1);
  auto rows = random_rows(random, 2, row_hashes::none);
  REQUIRE(rows.size() > 2);
  cell_rows_writer out(2, row_hashes::none);
  add(rows[0], out);
  auto before = out.row_bytes();
  add(rows[1], out);
  out.shrink(before);
  auto bytes = out.bytes();
  cell_rows_reader in(bytes);
  CHECK(in.next());
  CHECK(!in.next());
  CHECK(in.ok());
}

TEST_CASE("cell rows: damaged bytes are noticed or read as others, never past their end") {
  std::mt19937_64 random(7);
  for (int round = 0; round < 3'000; ++round) {
    cell_rows_writer out(3, row_hashes::told);
    auto rows = random_rows(random, 3, row_hashes::told);
    for (auto& row : rows) add(row, out);
    auto bytes = out.bytes();
    for (auto n = 1 + random() % 3; n > 0; --n) bytes[random() % bytes.size()] = static_cast<char>(random());
    if (random() % 2) bytes.resize(random() % (bytes.size() + 1));
    cell_rows_reader in(bytes);
    std::size_t count = 0;
    while (in.next()) {
      for (auto number : in.row()) REQUIRE(number < in.texts().size());
      rollup figures;
      in.add_to(figures);
      ++count;
    }
    CHECK(count <= bytes.size());
  }
}
