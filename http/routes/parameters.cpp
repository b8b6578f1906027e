#include "http/routes/parameters.hpp"

#include <algorithm>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <charconv>
#include <cmath>

#include "http/ingest/json_text.hpp"
#include "http/ingest/time_text.hpp"
#include "http/routes/repeated_names.hpp"
#include "http/server/text.hpp"
#include "protocol/limits.hpp"

namespace troupe::http {

namespace json = boost::json;

namespace {

constexpr std::size_t errors_max = 32;  // told of one body

std::optional<std::int64_t> integer_of(std::string_view text) {
  std::int64_t value = 0;
  auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (ec != std::errc() || end != text.data() + text.size() || text.empty()) return {};
  return value;
}

response invalid(const std::vector<problem_item>& errors) {
  problem p{.status = 400, .code = to_string(errc::invalid_argument)};
  p.detail = errors.size() == 1 ? concat({errors[0].field, ": ", errors[0].error})
                                : "Several fields are wrong; each is listed.";
  p.errors = errors;
  return to_response(p);
}

std::string unknown_parameter(std::span<const std::string_view> known) {
  std::string error = "is no parameter of this path";
  if (!known.empty()) error += ": it takes";
  for (auto name : known) error += concat({name == known.front() ? " " : ", ", name});
  return error;
}

std::string_view view(const json::string& s) { return {s.data(), s.size()}; }

// The parser takes 1e999 for infinity, which is no JSON any more when it is written.
bool is_finite(const json::value& v) {
  if (auto* number = v.if_double()) return std::isfinite(*number);
  if (auto* items = v.if_array()) return std::all_of(items->begin(), items->end(), is_finite);
  if (auto* fields = v.if_object())
    return std::all_of(fields->begin(), fields->end(), [](const auto& f) { return is_finite(f.value()); });
  return true;
}

}  // namespace

query_fields::query_fields(const request& r, std::span<const std::string_view> known) : request_(r) {
  for (const auto& [name, value] : r.where.query) {
    if (name == "consistency") {
      if (value != "local" && value != "linearizable") {
        refuse(name, "is 'linearizable' or 'local'");
      }
    } else if (std::find(known.begin(), known.end(), name) == known.end()) {
      refuse(name, unknown_parameter(known));
    }
  }
}

std::string_view query_fields::text(std::string_view name) {
  auto value = request_.parameter(name).value_or("");
  if (value.size() > limits::id_bytes_max) refuse(name, "is longer than 256 bytes");
  return value;
}

std::optional<std::int64_t> query_fields::time_us(std::string_view name) {
  auto value = request_.parameter(name);
  if (!value || value->empty()) return {};
  if (auto ms = integer_of(*value)) {
    if (*ms > -100'000'000'000'000 && *ms < 100'000'000'000'000) return *ms * 1000;
  } else if (auto us = ingest::parse_rfc3339(*value)) {
    return us;
  }
  refuse(name, "is no time: RFC 3339 or milliseconds since 1970");
  return {};
}

std::optional<double> query_fields::number(std::string_view name, double min, double max) {
  auto value = request_.parameter(name);
  if (!value) return {};
  double n = 0;
  auto [end, ec] = std::from_chars(value->data(), value->data() + value->size(), n);
  if (ec == std::errc() && end == value->data() + value->size() && n >= min && n <= max) return n;
  std::string error = "is a number from ";
  ingest::json::write_double(min, error);
  error += " to ";
  ingest::json::write_double(max, error);
  refuse(name, error);
  return {};
}

std::uint32_t query_fields::limit(std::uint32_t when_absent) {
  auto value = request_.parameter("limit");
  if (!value) return when_absent;
  auto n = integer_of(*value);
  if (n && *n >= 1 && *n <= limits::page_items_max) return static_cast<std::uint32_t>(*n);
  refuse("limit", "is a number from 1 to 1000");
  return 1;
}

std::string_view query_fields::choice(std::string_view name,
                                      std::initializer_list<std::string_view> allowed) {
  auto value = request_.parameter(name);
  if (!value) return *allowed.begin();
  for (auto a : allowed) {
    if (a == *value) return a;
  }
  std::string error = "is one of";
  for (auto a : allowed) error += concat({" '", a, "'"});
  refuse(name, error);
  return *allowed.begin();
}

void query_fields::refuse(std::string_view name, std::string_view error) {
  errors_.push_back({.index = {}, .field = std::string(name), .error = std::string(error)});
}

std::optional<response> query_fields::refusal() const {
  if (errors_.empty()) return {};
  return invalid(errors_);
}

body_fields::body_fields(const request& r) {
  if (r.body.empty()) return;
  json::error_code ec;
  json::parse_options options;
  options.max_depth = limits::json_depth_max;
  auto value = json::parse(r.body, ec, {}, options);
  if (ec) {
    broken_ = problem_response(errc::invalid_argument, concat({"The body is not JSON: ", ec.message(), "."}));
  } else if (!value.is_object()) {
    broken_ = problem_response(errc::invalid_argument, "The body must be a JSON object.");
  } else if (!is_finite(value)) {
    broken_ = problem_response(errc::invalid_argument, "A number is too large: numbers are 64 bits.");
  } else if (has_repeated_names(r.body, value)) {
    broken_ = problem_response(errc::invalid_argument, "An object in the body names a member twice.");
  } else {
    fields_ = std::move(value.get_object());
  }
}

const json::value* body_fields::find(std::string_view name) {
  asked_.push_back(name);
  auto* value = fields_.if_contains(name);
  return value && !value->is_null() ? value : nullptr;
}

std::optional<std::string> body_fields::text(std::string_view name, std::size_t bytes_max, need n) {
  auto* value = find(name);
  if (!value) {
    if (n == need::required) refuse(name, "is missing");
    return {};
  }
  auto* s = value->if_string();
  if (!s) {
    refuse(name, "must be a string");
  } else if (s->size() > bytes_max) {
    refuse(name, concat({"is longer than ", std::to_string(bytes_max), " bytes"}));
  } else if (view(*s).find('\0') != std::string_view::npos) {
    refuse(name, "must not hold NUL");
  } else if (n == need::required && s->empty()) {
    refuse(name, "must not be empty");
  } else {
    return std::string(view(*s));
  }
  return {};
}

std::optional<std::int64_t> body_fields::integer(std::string_view name, std::int64_t min, std::int64_t max) {
  auto* value = find(name);
  if (!value) return {};
  json::error_code ec;
  auto n = value->to_number<std::int64_t>(ec);
  if (!ec && n >= min && n <= max) return n;
  refuse(name, concat({"must be a whole number from ", std::to_string(min), " to ", std::to_string(max)}));
  return {};
}

std::optional<double> body_fields::real(std::string_view name, double min, double max) {
  auto* value = find(name);
  if (!value) return {};
  json::error_code ec;
  auto n = value->is_number() ? value->to_number<double>(ec) : std::nan("");
  if (!ec && n >= min && n <= max) return n;
  std::string error = "must be a number from ";
  ingest::json::write_double(min, error);
  error += " to ";
  ingest::json::write_double(max, error);
  refuse(name, error);
  return {};
}

std::optional<bool> body_fields::flag(std::string_view name) {
  auto* value = find(name);
  if (!value) return {};
  if (value->is_bool()) return value->get_bool();
  refuse(name, "must be true or false");
  return {};
}

std::optional<std::vector<std::string>> body_fields::texts(std::string_view name) {
  auto* value = find(name);
  if (!value) return {};
  auto* items = value->if_array();
  if (!items || items->size() > limits::list_items_max) {
    refuse(name, "must be an array of at most 64 strings");
    return {};
  }
  std::vector<std::string> out;
  for (const auto& item : *items) {
    auto* s = item.if_string();
    if (!s || s->empty() || s->size() > limits::id_bytes_max ||
        view(*s).find('\0') != std::string_view::npos) {
      refuse(name, "holds an item that is no string of 1 to 256 bytes");
      return {};
    }
    out.emplace_back(view(*s));
  }
  return out;
}

std::optional<std::string> body_fields::any(std::string_view name, std::size_t bytes_max) {
  auto* value = find(name);
  if (!value) return {};
  auto text = json::serialize(*value);
  if (text.size() <= bytes_max) return text;
  refuse(name, concat({"is longer than ", std::to_string(bytes_max), " bytes"}));
  return {};
}

std::optional<std::string> body_fields::object(std::string_view name, std::size_t bytes_max) {
  auto* value = fields_.if_contains(name);
  if (value && !value->is_object() && !value->is_null()) {
    asked_.push_back(name);
    refuse(name, "must be an object");
    return {};
  }
  return any(name, bytes_max);
}

std::optional<body_fields> body_fields::inner(std::string_view name, need n) {
  auto* value = find(name);
  if (!value) {
    if (n == need::required) refuse(name, "is missing");
    return {};
  }
  if (auto* fields = value->if_object()) return body_fields(*fields, concat({path_, name, "."}));
  refuse(name, "must be an object");
  return {};
}

std::optional<std::vector<body_fields>> body_fields::list(std::string_view name, std::size_t items_max) {
  auto* value = find(name);
  if (!value) return {};
  auto* items = value->if_array();
  if (!items || items->size() > items_max) {
    refuse(name, concat({"must be an array of at most ", std::to_string(items_max), " objects"}));
    return {};
  }
  std::vector<body_fields> out;
  for (const auto& item : *items) {
    auto place = concat({name, "[", std::to_string(out.size()), "]"});
    if (!item.is_object()) {
      refuse(place, "must be an object");
      return {};
    }
    out.push_back(body_fields(item.get_object(), concat({path_, place, "."})));
  }
  return out;
}

void body_fields::join(body_fields&& read) {
  read.refuse_unknown();
  for (auto& e : read.errors_)
    if (errors_.size() < errors_max) errors_.push_back(std::move(e));
}

void body_fields::refuse(std::string_view name, std::string_view error) {
  errors_.push_back({.index = {}, .field = concat({path_, name}), .error = std::string(error)});
}

void body_fields::refuse_unknown() {
  for (const auto& field : fields_) {
    std::string_view name(field.key().data(), field.key().size());
    if (std::find(asked_.begin(), asked_.end(), name) == asked_.end()) {
      refuse(name.substr(0, 64), "is no field of this request");
    }
    if (errors_.size() >= errors_max) break;
  }
}

std::optional<response> body_fields::refusal() {
  if (broken_) return std::move(broken_);
  refuse_unknown();
  if (errors_.empty()) return {};
  return invalid(errors_);
}

}  // namespace troupe::http
