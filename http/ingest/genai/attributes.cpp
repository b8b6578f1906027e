// Finding, reading and writing of attributes.
#include "http/ingest/genai/attributes.hpp"

#include <simdjson.h>

#include <algorithm>
#include <charconv>
#include <cmath>

#include "http/ingest/json_text.hpp"

namespace troupe::ingest::genai {

namespace {

constexpr int value_depth_max = 16;
constexpr double count_max = 1e14;  // ten of them still are a valid count
constexpr std::size_t unsorted_max = 24;
constexpr std::size_t parsed_text_max = 64 * 1024;

std::optional<double> number_of(const any_value& value) {
  switch (value.value_case()) {
    case any_value::kIntValue: return static_cast<double>(value.int_value());
    case any_value::kDoubleValue: return value.double_value();
    case any_value::kStringValue: {
      auto& text = value.string_value();
      double out = 0;
      auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
      if (text.empty() || error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
      return out;
    }
    default: return std::nullopt;
  }
}

std::optional<std::int64_t> count_of(std::optional<double> number) {
  if (!number || !(*number >= 0) || *number > count_max) return std::nullopt;
  return std::llround(*number);
}

simdjson::error_code parse(std::string_view text, simdjson::dom::element& out) {
  static thread_local simdjson::dom::parser parser;
  if (text.size() > parsed_text_max) return simdjson::CAPACITY;
  return parser.parse(text.data(), text.size()).get(out);
}

void write(const any_value& value, std::size_t text_max, int depth, std::string& out) {
  switch (value.value_case()) {
    case any_value::kStringValue: {
      auto& text = value.string_value();
      if (text.size() <= text_max) return json::write_string(text, out);
      auto cut =
          std::string(json::cut_utf8(text, text_max)) + "… [cut: " + std::to_string(text.size()) + " bytes]";
      return json::write_string(cut, out);
    }
    case any_value::kBoolValue: out += value.bool_value() ? "true" : "false"; return;
    case any_value::kIntValue: return json::write_int(value.int_value(), out);
    case any_value::kDoubleValue: return json::write_double(value.double_value(), out);
    case any_value::kBytesValue:
      return json::write_string("[" + std::to_string(value.bytes_value().size()) + " bytes]", out);
    case any_value::kArrayValue: {
      if (depth == value_depth_max) return json::write_string("[cut: too deep]", out);
      char before = '[';
      for (auto& item : value.array_value().values()) {
        out.push_back(before);
        write(item, text_max, depth + 1, out);
        before = ',';
      }
      out += before == '[' ? "[]" : "]";
      return;
    }
    case any_value::kKvlistValue: {
      if (depth == value_depth_max) return json::write_string("[cut: too deep]", out);
      char before = '{';
      for (auto& item : value.kvlist_value().values()) {
        out.push_back(before);
        json::write_string(item.key(), out);
        out.push_back(':');
        write(item.value(), text_max, depth + 1, out);
        before = ',';
      }
      out += before == '{' ? "{}" : "}";
      return;
    }
    default: out += "null";
  }
}

}  // namespace

void attributes::reset(const key_values& values) {
  entries_.clear();
  lengths_ = 0;
  for (auto& value : values) {
    entries_.emplace_back(value.key(), &value.value());
    lengths_ |= 1ULL << (value.key().size() & 63);
  }
  sorted_ = entries_.size() > unsorted_max;
  if (sorted_) std::stable_sort(entries_.begin(), entries_.end(), by_key);
}

const any_value* attributes::find(std::string_view key) const {
  if ((lengths_ >> (key.size() & 63) & 1) == 0) return nullptr;
  auto at = sorted_ ? std::lower_bound(entries_.begin(), entries_.end(), entry{key, nullptr}, by_key)
                    : std::ranges::find(entries_, key, &entry::first);
  return at != entries_.end() && at->first == key ? at->second : nullptr;
}

std::string_view attributes::text(std::initializer_list<std::string_view> keys) const {
  for (auto key : keys)
    if (auto* value = find(key); value && !value->string_value().empty()) return value->string_value();
  return {};
}

std::optional<std::int64_t> attributes::count(std::initializer_list<std::string_view> keys) const {
  for (auto key : keys)
    if (auto* value = find(key))
      if (auto out = count_of(number_of(*value))) return out;
  return std::nullopt;
}

std::optional<double> attributes::number(std::initializer_list<std::string_view> keys) const {
  for (auto key : keys)
    if (auto* value = find(key))
      if (auto out = number_of(*value); out && std::isfinite(*out)) return out;
  return std::nullopt;
}

std::int64_t attributes::list_size(std::string_view prefix) const {
  auto start = std::string(prefix) + '.';
  std::vector<std::string_view> numbers;
  for (auto& [key, value] : entries_) {
    if (!key.starts_with(start)) continue;
    auto rest = key.substr(start.size());
    numbers.push_back(rest.substr(0, rest.find('.')));
  }
  std::sort(numbers.begin(), numbers.end());  // clang 15 cannot read the ranges of this library
  return std::unique(numbers.begin(), numbers.end()) - numbers.begin();
}

std::string json_member(std::string_view object, std::initializer_list<std::string_view> names) {
  simdjson::dom::element root;
  if (object.empty() || parse(object, root) || !root.is_object()) return {};
  for (auto name : names) {
    std::string_view text;
    if (!root.at_key(name).get(text) && !text.empty()) return std::string(text);
  }
  return {};
}

std::optional<std::int64_t> json_count(std::string_view object,
                                       std::initializer_list<std::string_view> path) {
  simdjson::dom::element at;
  if (object.empty() || parse(object, at)) return std::nullopt;
  for (auto name : path) {
    simdjson::dom::element next;
    if (!at.is_object() || at.at_key(name).get(next)) return std::nullopt;
    at = next;
  }
  double number = 0;
  if (at.get(number)) return std::nullopt;
  return count_of(number);
}

void write_value(const any_value& value, std::size_t text_max, std::string& out) {
  write(value, text_max, 0, out);
}

}  // namespace troupe::ingest::genai
