// JSON as text: writing it, finding items in it, saying where it is broken. No knowledge of events.
// Pure functions; any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace simdjson::dom {
class element;
}

namespace troupe::ingest::json {

// Appends 'text' quoted and escaped. Bytes that are not UTF-8 become U+FFFD, so that the result is always valid.
void write_string(std::string_view text, std::string& out);
// Shortest text that reads back as the same number; null for NaN and infinity.
void write_double(double value, std::string& out);
void write_int(std::int64_t value, std::string& out);
// value / 10^decimals without trailing zeros: (1500, 3) -> 1.5
void write_decimal(std::int64_t value, int decimals, std::string& out);

// Compact and canonical: the element with no white space. The element is valid by its parser.
void write_element(const simdjson::dom::element& value, std::string& out);

struct fault {
  std::size_t at = 0;  // byte position
  std::string what;
};

// Nothing if 'text' is one JSON value (RFC 8259, UTF-8) with white space around it.
std::optional<fault> find_fault(std::string_view text);

// Escapes of halves of surrogate pairs that stand alone ("\ud83d", what a cut JavaScript string gives) as \ufffd.
// Nothing if there are none.
std::optional<std::string> repair_surrogates(std::string_view text);

// Position of the first byte that is not white space, or text.size().
std::size_t skip_space(std::string_view text, std::size_t at) noexcept;
// Just behind the value that begins at 'at', found by its quotes and brackets alone; npos if it has no end.
std::size_t value_end(std::string_view text, std::size_t at) noexcept;

// Length of the UTF-8 character at the start of 'text'; 0 if these bytes are none.
std::size_t utf8_length(std::string_view text) noexcept;
// 'text' cut to at most 'bytes_max', at the border of a character.
std::string_view cut_utf8(std::string_view text, std::size_t bytes_max) noexcept;

}  // namespace troupe::ingest::json
