// Records of cells: rows, each a name and its figures, packed. A name begins with the number of its cube. Records are what is written most often by far, and with
// the fewest bytes: hence no Cap'n Proto.
//
//   0xC1 | rows, ascending by name: size of name, name, size of figures, figures | sizes are varints
//
// Figures: a varint with a bit for each figure that is not 0, then those as zigzag varints; slots as a byte with a bit for
// each word, then the words, little endian; a sketch as its number of buckets, then distances and counts.
//
// Invariants: records are merged by adding the rows of one name; any order and grouping gives the same bytes. A record has
// at most cell_rows_max rows: those with the lowest hashes (of a cube by hash: the hash in the name, so that a trace stays
// or goes as a whole), and one more for each cube, whose name is the cube's byte, for all others. Which ones stay does not
// depend on the grouping either: whoever is left out of a part has that many lower ones before it in the whole as well.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "protocol/packed_bytes.hpp"
#include "protocol/rollup.hpp"

namespace troupe {

inline constexpr std::size_t cell_rows_max = 1'024;

// Rows in ascending order of their names.
class cell_record_writer {
 public:
  void start() { out_.assign(1, mark); }
  // 'buckets': a sketch as one bucket for each duration, in any order; beside what 'sums' has.
  void row(std::string_view name, const rollup& sums, std::span<const std::uint16_t> buckets = {});
  // Figures that are packed already.
  void row(std::string_view name, std::string_view figures);
  std::string_view bytes() const { return out_; }
  std::string take() { return std::move(out_); }

  static constexpr char mark = '\xC1';  // no message of Cap'n Proto begins with it

 private:
  std::string out_, figures_;
};

struct cell_row {
  std::string_view name;
  std::string_view figures;

  // False: the figures cannot be read.
  bool add_to(rollup& sum) const;
  bool add_sums_to(rollup& sum) const;  // without the sketch
  bool add_count_to(rollup& sum) const;
};

// The figures alone, as a row has them. False: they cannot be read.
void put_figures(const rollup& r, std::string& out);
bool take_figures(byte_reader& from, rollup& sum);

class cell_record_reader {
 public:
  explicit cell_record_reader(std::string_view bytes);
  // Nothing at the end, and when the bytes are damaged.
  std::optional<cell_row> next();
  bool ok() const { return ok_; }

 private:
  std::string_view rest_;
  bool ok_;
};

bool is_cell_record(std::string_view bytes);
// Nothing if one of them is damaged. An empty one counts as nothing.
std::optional<std::string> merge_cell_records(std::span<const std::string_view> operands);

// What family::rollups merges: encoded rollups or records of cells. Nothing if one of them is damaged.
std::optional<std::string> merge_figures(std::span<const std::string_view> operands);
// 'existing' (may be empty) plus one more, both undamaged.
std::string merge_figures(std::string_view existing, std::string_view operand);

}  // namespace troupe
