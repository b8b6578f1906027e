// Comma-separated values as RFC 4180 has them, safe to open in a spreadsheet: a text that would be taken for a formula
// gets an apostrophe in front. What begins one: = + - @ and their full-width forms, tab, carriage return, line feed (OWASP,
// "CSV Injection"). Numbers of our own are written as they are.
#pragma once

#include <algorithm>
#include <array>
#include <string>
#include <string_view>

namespace troupe::http {

class csv_writer {
 public:
  explicit csv_writer(std::string& out) : out_(out) {}

  csv_writer& text(std::string_view value) {
    separate();
    bool quoted = value.find_first_of(",\"\r\n") != std::string_view::npos;
    if (quoted) out_ += '"';
    if (begins_formula(value)) out_ += '\'';
    for (char c : value) {
      if (c == '"') out_ += '"';
      out_ += c;
    }
    if (quoted) out_ += '"';
    return *this;
  }
  // A number or a time, written by the program.
  csv_writer& plain(std::string_view value) {
    separate();
    out_ += value;
    return *this;
  }
  void end_row() {
    out_ += "\r\n";
    first_ = true;
  }

 private:
  static bool begins_formula(std::string_view value) {
    static constexpr std::array<std::string_view, 11> begins = {
        "=", "+", "-", "@", "\uff1d", "\uff0b", "\uff0d", "\uff20", "\t", "\r", "\n"};
    return std::any_of(begins.begin(), begins.end(), [&](auto begin) { return value.starts_with(begin); });
  }
  void separate() {
    if (!first_) out_ += ',';
    first_ = false;
  }

  std::string& out_;
  bool first_ = true;
};

}  // namespace troupe::http
