// Rows of an answer about cells, packed: figures by names and time. Each text is there once, rows have its number, so that an
// answer is small and whoever adds up several answers compares numbers.
//
//   0xC2 | texts of a row | 1 if rows have a hash | number of texts, texts | rows
//   a row: hash | time as zigzag varint | number of each text | figures
//
// Numbers are varints, a hash is 8 bytes, little endian; figures are as in protocol/cell_record.hpp. Owned by one query.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "protocol/packed_bytes.hpp"
#include "protocol/rollup.hpp"

namespace troupe {

// Of a row in an answer; no cube has more.
inline constexpr std::size_t row_texts_max = 6;

enum class row_hashes : std::uint8_t { none, told };

// Numbers for texts, in the order in which they were met. The texts must outlive it.
class text_numbers {
 public:
  std::uint32_t number_of(std::string_view text) {
    auto [at, is_new] = numbers_.try_emplace(text, static_cast<std::uint32_t>(texts_.size()));
    if (is_new) texts_.push_back(text);
    return at->second;
  }
  const std::vector<std::string_view>& texts() const { return texts_; }

 private:
  std::unordered_map<std::string_view, std::uint32_t> numbers_;
  std::vector<std::string_view> texts_;
};

// Texts that are given must outlive it.
class cell_rows_writer {
 public:
  cell_rows_writer(std::size_t texts, row_hashes hashes) : texts_(texts), hashes_(hashes) {}

  void row(std::int64_t time_us, std::uint64_t hash, std::span<const std::string_view> texts,
           const rollup& figures);
  std::size_t size() const { return text_bytes_ + rows_.size(); }
  // Takes back all rows but the first ones; their texts may stay.
  void shrink(std::size_t row_bytes) { rows_.resize(row_bytes); }
  std::size_t row_bytes() const { return rows_.size(); }
  std::string bytes() const;

 private:
  const std::size_t texts_;
  const row_hashes hashes_;
  text_numbers numbers_;
  std::size_t text_bytes_ = 0;
  std::string rows_;
};

class cell_rows_reader {
 public:
  explicit cell_rows_reader(std::string_view bytes);

  // By their numbers.
  const std::vector<std::string_view>& texts() const { return texts_; }
  std::size_t texts_of_row() const { return row_.size(); }

  // On to the next row. False at the end, and when the bytes are damaged.
  bool next();
  std::int64_t time_us() const { return time_us_; }
  std::uint64_t hash() const { return hash_; }
  // Numbers of the row's texts, all of them sound.
  std::span<const std::uint32_t> row() const { return row_; }
  // Once for each row, before next(). False: they cannot be read.
  bool add_to(rollup& sum);
  bool ok() const { return ok_; }

 private:
  byte_reader in_;
  bool ok_ = true, hashes_ = false, figures_left_ = false;
  std::vector<std::string_view> texts_;
  std::vector<std::uint32_t> row_;
  std::int64_t time_us_ = 0;
  std::uint64_t hash_ = 0;
};

}  // namespace troupe
