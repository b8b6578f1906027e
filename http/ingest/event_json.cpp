// Reading event JSON: finds the items of a body, parses each with simdjson and checks every rule of the fields.
#include "http/ingest/event_json.hpp"

#include <simdjson.h>

#include <algorithm>
#include <cstring>

#include "http/ingest/event_item.hpp"
#include "http/ingest/json_text.hpp"
#include "http/ingest/media_type.hpp"
#include "protocol/limits.hpp"

namespace troupe::ingest {

namespace {

// White space and escapes make an item's text longer than the event it holds, but not without end.
constexpr std::size_t typical_item_bytes = 400;
constexpr std::size_t item_text_bytes_max = 8 * limits::event_bytes_max;

failure malformed(const json::fault& f) {
  return {errc::invalid_argument,
          "the body is not valid JSON at byte " + std::to_string(f.at) + ": " + f.what};
}

// One request's way through its items.
class reader {
 public:
  reader(std::string_view body, const context& ctx) : body_(body), ctx_(ctx) {
    batch_.events.reserve(std::min(limits::events_per_request_max, body.size() / typical_item_bytes + 1));
  }

  result<parsed_batch> read_document() {
    auto at = json::skip_space(body_, 0);
    if (at == body_.size())
      return failure{errc::invalid_argument, "the body is empty: send an event or an array of events"};
    if (body_[at] == '{') return read_single(at);
    if (body_[at] == '[') return read_array(at + 1);
    if (auto fault = json::find_fault(body_)) return malformed(*fault);
    return failure{errc::invalid_argument,
                   "the body is neither an event (a JSON object) nor an array of events"};
  }

  result<parsed_batch> read_lines() {
    for (std::size_t at = 0; at < body_.size();) {
      auto end = std::min(body_.find('\n', at), body_.size());
      auto begin = json::skip_space(body_, at);
      if (begin < end) {
        auto line = body_.substr(begin, end - begin);
        while (line.back() == '\r' || line.back() == ' ' || line.back() == '\t') line.remove_suffix(1);
        if (!admit()) return too_many();
        if (auto fault = read_item(line))
          reject({0,
                  "the line is not valid JSON at its byte " + std::to_string(fault->at) + ": " + fault->what,
                  ""});
        ++index_;
      }
      at = std::max(end + 1, begin);  // blank lines are looked at once
    }
    return std::move(batch_);
  }

 private:
  result<parsed_batch> read_single(std::size_t begin) {
    auto text = body_.substr(begin);
    if (auto fault = read_item(text)) return malformed({fault->at + begin, fault->what});
    return std::move(batch_);
  }

  result<parsed_batch> read_array(std::size_t at) {
    at = json::skip_space(body_, at);
    if (at < body_.size() && body_[at] == ']') return finish(at + 1);
    while (at < body_.size()) {
      auto end = json::value_end(body_, at);
      if (end == body_.npos) return whole_fault(body_.size(), "it ends too early");
      if (!admit()) return too_many();
      if (auto fault = read_item(body_.substr(at, end - at))) return whole_fault(fault->at + at, fault->what);
      ++index_;
      at = json::skip_space(body_, end);
      if (at == body_.size()) break;
      if (body_[at] == ']') return finish(at + 1);
      if (body_[at] != ',') return whole_fault(at, "a comma or the array's end is missing");
      at = json::skip_space(body_, at + 1);
    }
    return whole_fault(body_.size(), "it ends too early");
  }

  result<parsed_batch> finish(std::size_t at) {
    at = json::skip_space(body_, at);
    if (at < body_.size()) return malformed({at, "something follows the JSON value"});
    return std::move(batch_);
  }

  // Where the scan stumbled may lie behind the mistake: the strict parser has the last word.
  failure whole_fault(std::size_t at, std::string what) const {
    if (auto fault = json::find_fault(body_)) return malformed(*fault);
    return malformed({at, std::move(what)});
  }

  bool admit() const { return index_ < limits::events_per_request_max; }
  failure too_many() const {
    return {errc::too_large, "more than " + std::to_string(limits::events_per_request_max) +
                                 " events in one request: send them in several"};
  }

  // A fault: the text is not JSON. Anything else wrong with it is a rejected item.
  std::optional<json::fault> read_item(std::string_view text) {
    if (text.size() > item_text_bytes_max) {
      if (auto fault = json::find_fault(text)) return fault;
      reject({0, "the event is larger than " + std::to_string(limits::event_bytes_max) + " bytes", ""});
      return std::nullopt;
    }
    simdjson::dom::element item;
    auto error = parse(text, item);
    std::optional<std::string> repaired;
    if (error) {
      if (auto fault = json::find_fault(text)) {
        repaired = json::repair_surrogates(text);
        if (!repaired || json::find_fault(*repaired)) return fault;
      } else {
        repaired = json::repair_surrogates(text);
      }
      error = repaired ? parse(*repaired, item) : error;
    }
    if (error) {
      reject({0, why(error), ""});
      return std::nullopt;
    }
    event_draft draft;
    draft.index = index_;
    auto tiers = batch_.tiers.size();
    if (auto wrong = read_event_item(item, ctx_, draft, batch_)) {
      batch_.tiers.resize(tiers);
      reject(std::move(*wrong));
    } else {
      batch_.events.push_back(draft);
    }
    return std::nullopt;
  }

  // In place when enough of the body follows the item: simdjson reads (and ignores) some bytes behind it.
  simdjson::error_code parse(std::string_view text, simdjson::dom::element& out) {
    static thread_local simdjson::dom::parser parser;
    if (parser.max_depth() != limits::json_depth_max || parser.capacity() < text.size())
      if (auto error = parser.allocate(std::max<std::size_t>(text.size(), 16 * 1024), limits::json_depth_max))
        return error;
    auto behind = std::less_equal<>{}(body_.data(), text.data()) &&
                  std::less_equal<>{}(text.data() + text.size() + simdjson::SIMDJSON_PADDING,
                                      body_.data() + body_.size());
    return parser.parse(text.data(), text.size(), !behind).get(out);
  }

  static std::string why(simdjson::error_code error) {
    switch (error) {
      case simdjson::DEPTH_ERROR:
        return "the event is nested deeper than " + std::to_string(limits::json_depth_max) + " levels";
      case simdjson::NUMBER_ERROR: return "a number is too large: numbers are 64 bits";
      default: return std::string("the event cannot be read: ") + simdjson::error_message(error);
    }
  }

  void reject(rejected_item item) {
    item.index = index_;
    batch_.rejected.push_back(std::move(item));
  }

  std::string_view body_;
  const context& ctx_;
  parsed_batch batch_;
  std::uint32_t index_ = 0;
};

}  // namespace

result<parsed_batch> parse_events(std::string_view body, std::string_view content_type, const context& ctx) {
  auto type = media_type(content_type);
  if (type == "application/x-ndjson" || type == "application/ndjson" || type == "application/jsonl" ||
      type == "application/x-jsonlines" || type == "application/jsonlines")
    return reader(body, ctx).read_lines();
  if (type.empty() || type == "application/json" || type.ends_with("+json") || type == "text/json")
    return reader(body, ctx).read_document();
  return failure{errc::unsupported,
                 "events are read as application/json or application/x-ndjson, not as " + type};
}

}  // namespace troupe::ingest
