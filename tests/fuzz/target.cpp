// Request targets and query parameters: parsed or refused; what is parsed is escaped and parsed to the same again.
#include "http/server/target.hpp"

#include "http/routes/parameters.hpp"
#include "http/server/problem.hpp"
#include "protocol/must.hpp"
#include "tests/fuzz/support/parsed.hpp"

using namespace troupe;
using namespace troupe::http;

namespace {

std::string written(const target& t) {
  std::string out;
  for (const auto& segment : t.segments) out += '/' + percent_encode(segment);
  char before = '?';
  for (const auto& [name, value] : t.query) {
    out += before + percent_encode(name) + '=' + percent_encode(value);
    before = '&';
  }
  return out;
}

void check_parameters(target where) {
  request r;
  r.where = std::move(where);
  query_fields fields(r, {"limit", "since", "until", "q", "resolution"});
  must(fields.text("q").size() <= 256 || fields.refusal(), "a text within its bound, or a refusal");
  auto limit = fields.limit();
  must(limit >= 1 && limit <= 1000, "a limit is within its bounds");
  for (auto name : {"since", "until"})
    if (auto us = fields.time_us(name))
      must(*us > -100'000'000'000'000'000 && *us < 300'000'000'000'000'000, "a time is one of this world");
  auto choice = fields.choice("resolution", {"minute", "hour"});
  must(choice == "minute" || choice == "hour", "a choice is one of those given");
  if (auto refusal = fields.refusal()) must(fuzz::is_json(refusal->payload()), "a refusal is JSON");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {  // NOLINT
  std::string_view text(reinterpret_cast<const char*>(data), size);
  auto parsed = parse_target(text);
  if (!parsed || parsed->path == "*") return 0;
  must(parsed->path.starts_with('/') && is_utf8(parsed->path), "a path is absolute and UTF-8");
  must(parsed->path.find('\0') == std::string::npos, "a path holds no NUL");
  auto again = parse_target(written(*parsed));
  must(again && again->segments == parsed->segments && again->query == parsed->query &&
           again->path == parsed->path,
       "what is written is parsed as the same");
  check_parameters(std::move(*parsed));
  return 0;
}
