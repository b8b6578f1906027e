// Appends a JSON object field by field to a text. No checks: names are of the program.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "http/ingest/json_text.hpp"
#include "http/ingest/time_text.hpp"

namespace troupe::http {

class object_writer {
 public:
  explicit object_writer(std::string& out) : out_(out) { out_ += '{'; }
  void end() { out_ += '}'; }

  std::string& name(std::string_view n) {
    if (!first_) out_ += ',';
    first_ = false;
    out_ += '"';
    out_ += n;
    out_ += "\":";
    return out_;
  }
  object_writer& text(std::string_view n, std::string_view value) {
    ingest::json::write_string(value, name(n));
    return *this;
  }
  // null for an empty text.
  object_writer& text_or_null(std::string_view n, std::string_view value) {
    if (value.empty()) return raw(n, "null");
    return text(n, value);
  }
  object_writer& number(std::string_view n, std::int64_t value) {
    ingest::json::write_int(value, name(n));
    return *this;
  }
  // value / 10^decimals
  object_writer& decimal(std::string_view n, std::int64_t value, int decimals) {
    ingest::json::write_decimal(value, decimals, name(n));
    return *this;
  }
  // null for nothing.
  object_writer& real(std::string_view n, std::optional<double> value) {
    if (!value) return raw(n, "null");
    ingest::json::write_double(*value, name(n));
    return *this;
  }
  object_writer& flag(std::string_view n, bool value) { return raw(n, value ? "true" : "false"); }
  object_writer& time(std::string_view n, std::int64_t us) {
    if (us == 0) return raw(n, "null");
    name(n) += '"';
    ingest::write_rfc3339(us, out_);
    out_ += '"';
    return *this;
  }
  // JSON that is written already; null when empty.
  object_writer& raw(std::string_view n, std::string_view json) {
    name(n) += json.empty() ? std::string_view("null") : json;
    return *this;
  }
  template <class List>
  object_writer& texts(std::string_view n, const List& list) {
    name(n) += '[';
    bool first = true;
    for (auto item : list) {
      if (!first) out_ += ',';
      first = false;
      ingest::json::write_string(std::string_view(item.begin(), item.end()), out_);
    }
    out_ += ']';
    return *this;
  }

 private:
  std::string& out_;
  bool first_ = true;
};

}  // namespace troupe::http
