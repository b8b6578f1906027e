// Bodies of POST /api/v2/events: every item is taken or refused, what Boost reads as JSON is read here too, an array and
// its items as lines give the same events, and memory is in proportion to the body.
//
// The first byte of the input says which content type the rest has.
#include "http/ingest/event_json.hpp"

#include "http/ingest/json_text.hpp"
#include "protocol/must.hpp"
#include "tests/fuzz/support/memory_peak.hpp"
#include "tests/fuzz/support/parsed.hpp"

using namespace troupe;

namespace {

constexpr std::string_view lines_type = "application/x-ndjson";

// An event of a few bytes takes its place in the batch, or a refusal with its text; that bounds what a byte may cost.
constexpr std::size_t bytes_per_byte = 400, bytes_free = 512 * 1024;

result<ingest::parsed_batch> parse(std::string_view body, std::string_view type) {
  // In memory of its exact size, so that a byte read behind it is seen.
  std::string exact(body);
  exact.shrink_to_fit();
  fuzz::memory_peak peak;
  auto out = ingest::parse_events(exact, type, fuzz::fixed_context());
  must(peak.bytes() <= bytes_free + bytes_per_byte * body.size(), "memory is in proportion to the body");
  return out;
}

// The items of an array, each on a line. Between tokens a line break is white space, within strings there is none.
std::string as_lines(std::string_view body) {
  namespace json = ingest::json;
  std::string out;
  for (auto at = json::skip_space(body, json::skip_space(body, 0) + 1); body[at] != ']';) {
    auto end = json::value_end(body, at);
    auto begin = out.size();
    out.append(body.substr(at, end - at));
    for (auto i = begin; i < out.size(); ++i)
      if (out[i] == '\n' || out[i] == '\r') out[i] = ' ';
    out += '\n';
    at = json::skip_space(body, end);
    if (body[at] == ',') at = json::skip_space(body, at + 1);
  }
  return out;
}

void check_document(std::string_view body) {
  auto items = fuzz::items_of_array(body);
  auto batch = parse(body, "application/json");
  if (items) must(static_cast<bool>(batch), "an array that is JSON is read");
  if (!batch) return;
  if (body[ingest::json::skip_space(body, 0)] == '[') {
    auto lines = parse(as_lines(body), lines_type);
    must(lines && fuzz::described(*lines) == fuzz::described(*batch), "lines and array give the same events");
  } else {
    items = 1;
  }
  fuzz::check_batch(std::move(*batch), items.value_or(fuzz::unknown_items));
}

void check_lines(std::string_view body) {
  auto batch = parse(body, lines_type);
  must(static_cast<bool>(batch), "lines are read one by one");
  std::size_t items = 0;
  for (std::size_t at = 0; at < body.size();) {
    auto line = body.substr(at, body.find('\n', at) - at);
    if (line.find_first_not_of(" \t\r") != line.npos) ++items;
    at += line.size() + 1;
  }
  fuzz::check_batch(std::move(*batch), items);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {  // NOLINT
  if (size == 0) return 0;
  std::string_view body(reinterpret_cast<const char*>(data) + 1, size - 1);
  if (data[0] % 2 == 0)
    check_document(body);
  else
    check_lines(body);
  return 0;
}
