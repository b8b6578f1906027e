// The rules of the event JSON's fields. A null is as good as an absent field.
#include "http/ingest/event_item.hpp"

#include <simdjson.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "http/ingest/field_name.hpp"
#include "http/ingest/json_text.hpp"
#include "http/ingest/pricing.hpp"
#include "http/ingest/time_text.hpp"
#include "protocol/limits.hpp"

namespace troupe::ingest {

namespace {

namespace dom = simdjson::dom;
using type = dom::element_type;

constexpr double duration_ms_max = static_cast<double>(duration_us_max) / 1000;
constexpr std::int64_t time_us_max = 253'402'300'799'999'999;  // the end of the year 9999
constexpr double seconds_until_ms = 1e11;                      // as milliseconds: in 1973

constexpr std::array<std::string_view, 5> token_names = {"input", "output", "cache_read", "cache_write",
                                                         "reasoning"};

std::string quoted(std::string_view name) {
  std::string out;
  json::write_string(json::cut_utf8(name, 80), out);
  return out;
}

std::string unknown_field(std::string_view name, std::string_view where,
                          std::span<const std::string_view> names) {
  auto out = "unknown field " + quoted(name) + std::string(where);
  if (auto near = nearest_name(name, names); !near.empty())
    return out + ": did you mean " + quoted(near) + "?";
  return out + (where.empty() ? ": put what is your own into \"attributes\"" : "");
}

// Reads one item. Each take_* checks one kind of value; the first wrong one ends it.
class item_reader {
 public:
  item_reader(const context& ctx, event_draft& draft, parsed_batch& batch)
      : ctx_(ctx), draft_(draft), batch_(batch) {}

  std::optional<rejected_item> read(const dom::element& item) {
    if (item.type() != type::OBJECT) return rejected_item{0, "an event is a JSON object", ""};
    for (auto entry : dom::object(item)) {
      auto field = event_field_of(entry.key);
      if (field == event_field::unknown) {
        fail(entry.key, unknown_field(entry.key, "", event_field_names()));
      } else if (seen_ & bit(field)) {
        fail(entry.key, "the field is there twice");
      } else if (entry.value.type() != type::NULL_VALUE) {
        seen_ |= bit(field);
        name_ = entry.key;
        take_field(field, entry.value);
      } else {
        seen_ |= bit(field);
        nulls_ |= bit(field);
      }
      if (wrong_) return wrong_;
    }
    finish();
    return wrong_;
  }

 private:
  static std::uint32_t bit(event_field f) { return 1U << static_cast<unsigned>(f); }
  bool has(event_field f) const { return (seen_ & ~nulls_ & bit(f)) != 0; }

  void fail(std::string_view field, std::string error) {
    if (!wrong_) wrong_ = rejected_item{0, std::move(error), std::string(json::cut_utf8(field, 80))};
  }

  void take_field(event_field field, const dom::element& value) {
    switch (field) {
      case event_field::id: take_id(value); break;
      case event_field::type: take_type(value); break;
      case event_field::time: take_time(value); break;
      case event_field::agent_id: take_name(value, draft_.agent_id); break;
      case event_field::session_id: take_name(value, draft_.session_id); break;
      case event_field::user_id: take_name(value, draft_.user_id); break;
      case event_field::team: take_name(value, draft_.team); break;
      case event_field::trace_id: take_name(value, draft_.trace_id); break;
      case event_field::span_id: take_name(value, draft_.span_id); break;
      case event_field::parent_span_id: take_name(value, draft_.parent_span_id); break;
      case event_field::status: take_status(value); break;
      case event_field::error: take_text(value, limits::text_bytes_max, draft_.error); break;
      case event_field::duration_ms:
        draft_.duration_us = take_scaled(value, duration_ms_max, 1e3, "milliseconds");
        break;
      case event_field::model: take_name(value, draft_.model); break;
      case event_field::provider: take_name(value, draft_.provider); break;
      case event_field::tokens: take_tokens(value); break;
      case event_field::cost_usd:
        draft_.cost_nano_usd = take_scaled(value, static_cast<double>(cost_usd_max), 1e9, "US dollars");
        draft_.cost_source = schema::CostSource::REPORTED;
        break;
      case event_field::tool: take_name(value, draft_.tool); break;
      case event_field::tier: take_name(value, draft_.tier); break;
      case event_field::latency_by_tier_ms: take_tiers(value); break;
      case event_field::query: take_text(value, limits::text_bytes_max, draft_.query); break;
      case event_field::items_retrieved: draft_.items_retrieved = take_count(value); break;
      case event_field::knowledge_id: take_name(value, draft_.knowledge_id); break;
      case event_field::peer_agent_id: take_name(value, draft_.peer_agent_id); break;
      case event_field::attributes: take_attributes(value); break;
      case event_field::unknown: break;
    }
  }

  std::string_view take_string(const dom::element& value, std::size_t bytes_max) {
    if (value.type() != type::STRING) return fail(name_, "must be a string"), std::string_view{};
    std::string_view text(value);
    if (text.size() > bytes_max)
      return fail(name_, "is longer than " + std::to_string(bytes_max) + " bytes"), std::string_view{};
    return text;
  }

  void take_text(const dom::element& value, std::size_t bytes_max, std::string_view& out) {
    auto text = take_string(value, bytes_max);
    if (text.find('\0') != text.npos) return fail(name_, "must not contain NUL");
    out = batch_.texts.keep(text);
  }

  // Names are keys, topics and columns elsewhere: no control characters.
  void take_name(const dom::element& value, std::string_view& out) {
    auto text = take_string(value, limits::id_bytes_max);
    for (unsigned char c : text)
      if (c < 0x20 || c == 0x7f) return fail(name_, "must not contain control characters");
    out = batch_.texts.keep(text);
  }

  void take_id(const dom::element& value) {
    auto id = parse_uuid(take_string(value, limits::id_bytes_max));
    if (!id || id->is_nil())
      return fail(name_, "must be a UUID, such as 0190b5c4-9d5e-7cc0-8a5e-5f2f3c1d2e4b");
    draft_.id = *id;
  }

  void take_type(const dom::element& value) {
    auto name = take_string(value, limits::id_bytes_max);
    if (wrong_) return;
    auto known = parse_event_type(name);
    if (!known) return fail(name_, "unknown event type " + quoted(name) + suggested_type(name));
    for (unsigned char c : known->second)
      if (c <= 0x20 || c == 0x7f) return fail(name_, "must not contain white space or control characters");
    draft_.type = known->first;
    draft_.custom_name = batch_.texts.keep(known->second);
  }

  static std::string suggested_type(std::string_view wrong) {
    std::array<std::string, 11> texts;
    std::array<std::string_view, 11> names;
    for (std::size_t i = 0; i < texts.size(); ++i)
      names[i] = texts[i] = event_type_name(static_cast<schema::EventType>(i + 1), "");
    if (auto near = nearest_name(wrong, names); !near.empty()) return ": did you mean " + quoted(near) + "?";
    return ": a type of your own is \"custom.<name>\"";
  }

  void take_time(const dom::element& value) {
    if (value.type() == type::STRING) {
      auto time = parse_rfc3339(take_string(value, limits::id_bytes_max));
      if (!time)
        return fail(name_, "must be RFC 3339, such as 2026-01-31T12:00:00.000Z, or epoch milliseconds");
      draft_.time_us = *time;
    } else {
      auto ms = take_number(value);
      if (wrong_) return;
      if (ms > 0 && ms < seconds_until_ms)
        return fail(name_, "is before 1974: epoch milliseconds are meant, not seconds");
      if (ms < 0 || ms * 1e3 > static_cast<double>(time_us_max)) return fail(name_, "is out of range");
      draft_.time_us = std::llround(ms * 1e3);
    }
    if (draft_.time_us < 0) return fail(name_, "is before 1970");
    if (draft_.time_us > ctx_.now_us + limits::event_future_ms_max * 1000)
      fail(name_, "is more than " + std::to_string(limits::event_future_ms_max / 3'600'000) +
                      " hours in the future: check the sender's clock");
  }

  void take_status(const dom::element& value) {
    auto status = parse_event_status(take_string(value, limits::id_bytes_max));
    if (!status) return fail(name_, "must be \"ok\" or \"error\"");
    draft_.status = *status;
  }

  double take_number(const dom::element& value) {
    switch (value.type()) {
      case type::INT64: return static_cast<double>(std::int64_t(value));
      case type::UINT64: return static_cast<double>(std::uint64_t(value));
      case type::DOUBLE: return double(value);
      default: return fail(name_, "must be a number"), 0;
    }
  }

  std::int64_t take_scaled(const dom::element& value, double max, double scale, std::string_view unit) {
    auto number = take_number(value);
    if (!(number >= 0)) return fail(name_, "must not be negative"), 0;
    if (number > max) return fail(name_, "is too large for " + std::string(unit)), 0;
    return std::llround(number * scale);
  }

  std::int64_t take_count(const dom::element& value) {
    auto number = take_number(value);
    if (!(number >= 0)) return fail(name_, "must not be negative"), 0;
    if (number != std::floor(number)) return fail(name_, "must be a whole number"), 0;
    if (number > static_cast<double>(count_max)) return fail(name_, "is too large"), 0;
    return static_cast<std::int64_t>(number);
  }

  void take_tokens(const dom::element& value) {
    if (value.type() != type::OBJECT)
      return fail(name_, "must be an object, such as {\"input\":10,\"output\":5}");
    std::array<std::int64_t*, 5> counts = {&draft_.tokens.input, &draft_.tokens.output,
                                           &draft_.tokens.cache_read, &draft_.tokens.cache_write,
                                           &draft_.tokens.reasoning};
    unsigned seen = 0;
    for (auto entry : dom::object(value)) {
      auto at = static_cast<std::size_t>(std::ranges::find(token_names, entry.key) - token_names.begin());
      if (at == token_names.size())
        return fail("tokens", unknown_field(entry.key, " in tokens", token_names));
      auto field = "tokens." + std::string(entry.key);
      if (seen & (1U << at)) return fail(field, "the field is there twice");
      seen |= 1U << at;
      if (entry.value.type() == type::NULL_VALUE) continue;
      name_ = field;
      *counts[at] = take_count(entry.value);
      if (wrong_) return;
      draft_.has_tokens = true;
    }
  }

  void take_tiers(const dom::element& value) {
    if (value.type() != type::OBJECT) return fail(name_, "must be an object of milliseconds by tier");
    draft_.tiers_begin = static_cast<std::uint32_t>(batch_.tiers.size());
    for (auto entry : dom::object(value)) {
      auto field = "latency_by_tier_ms." + std::string(json::cut_utf8(entry.key, 80));
      if (draft_.tiers_count == limits::list_items_max)
        return fail("latency_by_tier_ms",
                    "has more than " + std::to_string(limits::list_items_max) + " tiers");
      if (entry.key.empty() || entry.key.size() > limits::id_bytes_max || has_control(entry.key))
        return fail("latency_by_tier_ms", "a tier's name has 1 to " + std::to_string(limits::id_bytes_max) +
                                              " bytes and no control characters");
      for (auto i = draft_.tiers_begin; i < batch_.tiers.size(); ++i)
        if (batch_.tiers[i].tier == entry.key) return fail(field, "the field is there twice");
      name_ = field;
      auto us = take_scaled(entry.value, duration_ms_max, 1e3, "milliseconds");
      if (wrong_) return;
      batch_.tiers.push_back({batch_.texts.keep(entry.key), us});
      ++draft_.tiers_count;
    }
  }

  static bool has_control(std::string_view text) {
    return std::ranges::any_of(text, [](unsigned char c) { return c < 0x20 || c == 0x7f; });
  }

  void take_attributes(const dom::element& value) {
    if (value.type() != type::OBJECT) return fail(name_, "must be an object");
    static thread_local std::string text;
    text.clear();
    if (dom::object(value).size() == 0) return;
    if (repeats_key(value)) return fail(name_, "a key is there twice in one object");
    json::write_element(value, text);
    if (text.size() > limits::attributes_bytes_max)
      return fail(name_, "are longer than " + std::to_string(limits::attributes_bytes_max) + " bytes");
    draft_.attributes = batch_.texts.keep(text);
  }

  static bool repeats_key(const dom::element& value) {
    if (value.type() == type::ARRAY) {
      for (auto item : dom::array(value))
        if (repeats_key(item)) return true;
      return false;
    }
    if (value.type() != type::OBJECT) return false;
    static constexpr std::size_t kept = 16;
    std::array<std::string_view, kept> first;
    std::vector<std::string_view> more;  // only objects with many keys need it
    std::size_t count = 0;
    for (auto entry : dom::object(value)) {
      if (repeats_key(entry.value)) return true;
      if (count < kept)
        first[count] = entry.key;
      else
        more.push_back(entry.key);
      ++count;
    }
    if (count <= kept) {
      for (std::size_t i = 1; i < count; ++i)
        if (std::find(first.begin(), first.begin() + static_cast<std::ptrdiff_t>(i), first[i]) !=
            first.begin() + static_cast<std::ptrdiff_t>(i))
          return true;
      return false;
    }
    more.insert(more.end(), first.begin(), first.end());
    std::ranges::sort(more);
    return std::ranges::adjacent_find(more) != more.end();
  }

  void finish() {
    if (!has(event_field::type)) return fail("type", "is required");
    if (draft_.agent_id.empty()) return fail("agent_id", "is required");
    if (!has(event_field::time)) draft_.time_us = ctx_.now_us;
    if (!has(event_field::id)) draft_.id = draw_id(ctx_, draft_.index);
    if (ctx_.prices) ctx_.prices->price(draft_, batch_.texts);
  }

  const context& ctx_;
  event_draft& draft_;
  parsed_batch& batch_;
  std::string_view name_;
  std::uint32_t seen_ = 0, nulls_ = 0;
  std::optional<rejected_item> wrong_;
};

}  // namespace

std::optional<rejected_item> read_event_item(const dom::element& item, const context& ctx, event_draft& draft,
                                             parsed_batch& batch) {
  return item_reader(ctx, draft, batch).read(item);
}

}  // namespace troupe::ingest
