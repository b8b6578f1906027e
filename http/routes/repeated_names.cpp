#include "http/routes/repeated_names.hpp"

#include <boost/json/basic_parser_impl.hpp>

#include "protocol/limits.hpp"

namespace troupe::http {

namespace {

namespace json = boost::json;

// Counts the names and takes no notice of anything else.
struct name_counter {
  static constexpr std::size_t max_object_size = static_cast<std::size_t>(-1);
  static constexpr std::size_t max_array_size = static_cast<std::size_t>(-1);
  static constexpr std::size_t max_key_size = static_cast<std::size_t>(-1);
  static constexpr std::size_t max_string_size = static_cast<std::size_t>(-1);
  using error = json::error_code;

  bool on_document_begin(error&) { return true; }
  bool on_document_end(error&) { return true; }
  bool on_object_begin(error&) { return true; }
  bool on_object_end(std::size_t, error&) { return true; }
  bool on_array_begin(error&) { return true; }
  bool on_array_end(std::size_t, error&) { return true; }
  bool on_key_part(json::string_view, std::size_t, error&) { return true; }
  bool on_key(json::string_view, std::size_t, error&) {
    ++names;
    return true;
  }
  bool on_string_part(json::string_view, std::size_t, error&) { return true; }
  bool on_string(json::string_view, std::size_t, error&) { return true; }
  bool on_number_part(json::string_view, error&) { return true; }
  bool on_int64(std::int64_t, json::string_view, error&) { return true; }
  bool on_uint64(std::uint64_t, json::string_view, error&) { return true; }
  bool on_double(double, json::string_view, error&) { return true; }
  bool on_bool(bool, error&) { return true; }
  bool on_null(error&) { return true; }
  bool on_comment_part(json::string_view, error&) { return true; }
  bool on_comment(json::string_view, error&) { return true; }

  std::size_t names = 0;
};

std::size_t names_of(const json::value& v) {
  std::size_t sum = 0;
  if (auto* object = v.if_object()) {
    sum = object->size();
    for (const auto& member : *object) sum += names_of(member.value());
  } else if (auto* array = v.if_array()) {
    for (const auto& item : *array) sum += names_of(item);
  }
  return sum;
}

}  // namespace

bool has_repeated_names(std::string_view text, const json::value& parsed) {
  json::parse_options options;
  options.max_depth = limits::json_depth_max;
  json::basic_parser<name_counter> parser(options);
  json::error_code ec;
  parser.write_some(false, text.data(), text.size(), ec);
  return !ec && parser.handler().names != names_of(parsed);
}

}  // namespace troupe::http
