#include "protocol/cell_rows.hpp"

#include <algorithm>

#include "protocol/cell_record.hpp"

namespace troupe {

namespace {

constexpr char mark = '\xC2';

}  // namespace

void cell_rows_writer::row(std::int64_t time_us, std::uint64_t hash, std::span<const std::string_view> texts,
                           const rollup& figures) {
  if (hashes_ == row_hashes::told) put_word(hash, rows_);
  put_varint(zigzag(time_us), rows_);
  for (auto text : texts) {
    auto known = numbers_.texts().size();
    auto number = numbers_.number_of(text);
    if (number == known) text_bytes_ += text.size() + 2;
    put_varint(number, rows_);
  }
  put_figures(figures, rows_);
}

std::string cell_rows_writer::bytes() const {
  std::string out(1, mark);
  out.reserve(size() + 16);
  put_varint(texts_, out);
  out.push_back(hashes_ == row_hashes::told ? '\1' : '\0');
  put_varint(numbers_.texts().size(), out);
  for (auto text : numbers_.texts()) put_text(text, out);
  return out.append(rows_);
}

cell_rows_reader::cell_rows_reader(std::string_view bytes) : in_(bytes) {
  auto head = in_.byte();
  auto texts = in_.varint();
  auto hashes = in_.byte();
  auto count = in_.varint();
  // A text takes a byte at least.
  ok_ = in_.ok() && head == static_cast<std::uint8_t>(mark) && texts <= row_texts_max && hashes <= 1 &&
        count <= in_.rest().size();
  if (!ok_) return;
  hashes_ = hashes == 1;
  row_.resize(texts);
  texts_.reserve(count);
  for (; count > 0; --count) texts_.push_back(in_.text());
  ok_ = in_.ok();
}

bool cell_rows_reader::next() {
  if (figures_left_) {
    rollup passed_over;
    add_to(passed_over);
  }
  if (!ok_ || in_.rest().empty()) return false;
  hash_ = hashes_ ? in_.word() : 0;
  time_us_ = in_.signed_varint();
  ok_ = true;
  for (auto& number : row_) {
    auto n = in_.varint();
    ok_ = ok_ && n < texts_.size();
    number = static_cast<std::uint32_t>(n);
  }
  ok_ = ok_ && in_.ok();
  figures_left_ = ok_;
  return ok_;
}

bool cell_rows_reader::add_to(rollup& sum) {
  figures_left_ = false;
  ok_ = ok_ && take_figures(in_, sum);
  return ok_;
}

}  // namespace troupe
