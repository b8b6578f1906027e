// The attributes of one span, log record or metric point, found by name.
//
// Values are read leniently: a number may come as a string of digits, an id as a number. The view refers to the
// message; it owns nothing. Reused from record to record, so that none costs an allocation.
#pragma once

#include <google/protobuf/repeated_ptr_field.h>

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "opentelemetry/proto/common/v1/common.pb.h"

namespace troupe::ingest::genai {

using any_value = opentelemetry::proto::common::v1::AnyValue;
using key_value = opentelemetry::proto::common::v1::KeyValue;
using key_values = google::protobuf::RepeatedPtrField<key_value>;

class attributes {
 public:
  attributes() = default;
  explicit attributes(const key_values& values) { reset(values); }
  void reset(const key_values& values);

  const any_value* find(std::string_view key) const;
  // Of the first key that is there and not empty. Texts only.
  std::string_view text(std::initializer_list<std::string_view> keys) const;
  // Whole numbers, also from doubles and texts; negative ones count as absent.
  std::optional<std::int64_t> count(std::initializer_list<std::string_view> keys) const;
  std::optional<double> number(std::initializer_list<std::string_view> keys) const;
  bool has(std::string_view key) const { return find(key) != nullptr; }
  // How many different n there are in keys "<prefix>.<n>.": OpenInference's flattened lists.
  std::int64_t list_size(std::string_view prefix) const;

 private:
  using entry = std::pair<std::string_view, const any_value*>;
  static bool by_key(const entry& a, const entry& b) { return a.first < b.first; }

  // Few as they come, many sorted. Most names that are asked for are not there, and most of those by their length.
  std::vector<entry> entries_;
  std::uint64_t lengths_ = 0;  // a bit for each length there is, modulo 64
  bool sorted_ = false;
};

// Member of a JSON object in an attribute's text, such as OpenInference's "metadata"; empty if there is none.
std::string json_member(std::string_view object, std::initializer_list<std::string_view> names);
// The same for a number, at a path of names.
std::optional<std::int64_t> json_count(std::string_view object, std::initializer_list<std::string_view> path);

// Appends the value as JSON; texts longer than 'text_max' bytes are cut, with a mark that says how long they were.
void write_value(const any_value& value, std::size_t text_max, std::string& out);

}  // namespace troupe::ingest::genai
