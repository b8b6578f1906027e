// Bounds, names and attributes of records.
#include "http/ingest/otlp/record.hpp"

#include <algorithm>
#include <array>
#include <set>

#include "http/ingest/json_text.hpp"
#include "protocol/limits.hpp"

namespace troupe::ingest::otlp {

namespace {

constexpr std::size_t key_bytes_max = 256;
constexpr std::array<std::size_t, 5> text_steps = {8192, 2048, 512, 128, 32};
constexpr std::size_t dropped_note_bytes = 48;
constexpr std::string_view replacement = "\xef\xbf\xbd";

constexpr std::string_view sender_prefix = "resource.", dropped_key = "otel.dropped_attributes";
constexpr std::array<std::string_view, 6> sender_keys = {
    "resource.service.name",           "resource.service.version",
    "resource.service.namespace",      "resource.deployment.environment.name",
    "resource.deployment.environment", "resource.host.name"};

enum class controls : std::uint8_t { become_spaces, stay };

// Only texts that need it are rewritten.
std::string_view cleaned(std::string_view text, std::size_t bytes_max, controls how, std::string_view mark,
                         text_arena& texts) {
  bool cut = text.size() > bytes_max;
  std::string out;
  for (std::size_t at = 0; at < text.size() && out.size() < bytes_max;) {
    auto length = json::utf8_length(text.substr(at));
    auto c = static_cast<unsigned char>(text[at]);
    if (length == 0) {
      out += replacement;
    } else if (c == 0 || (how == controls::become_spaces && (c < 0x20 || c == 0x7f))) {
      out += ' ';
    } else {
      out += text.substr(at, length);
    }
    at += std::max<std::size_t>(length, 1);
  }
  if (out.size() > bytes_max || cut)
    out = std::string(json::cut_utf8(out, bytes_max - mark.size())).append(mark);
  return texts.keep(out);
}

bool is_plain(std::string_view text) {
  return std::ranges::all_of(text, [](unsigned char c) { return c >= 0x20 && c < 0x7f; });
}

}  // namespace

std::string_view kept_name(std::string_view text, text_arena& texts) {
  if (text.size() <= limits::id_bytes_max && is_plain(text)) return texts.keep(text);
  return cleaned(text, limits::id_bytes_max, controls::become_spaces, "", texts);
}

std::string_view kept_text(std::string_view text, text_arena& texts) {
  if (text.size() <= limits::text_bytes_max && is_plain(text)) return texts.keep(text);
  return cleaned(text, limits::text_bytes_max, controls::stay, "… [cut]", texts);
}

std::string_view named_agent(const genai::attributes& a) {
  return a.text({"gen_ai.agent.id", "gen_ai.agent.name", "agent.id", "agent.name"});
}

std::string_view implied_agent(const genai::attributes& a, text_arena& texts) {
  if (auto function = a.text({"ai.telemetry.functionId"}); !function.empty()) return function;
  if (a.has("ai.operationId"))
    if (auto function = a.text({"resource.name"}); !function.empty()) return function;
  if (auto metadata = a.text({"metadata"}); metadata.starts_with('{'))
    return texts.keep(genai::json_member(metadata, {"agent_id", "agent_name", "agent", "langgraph_node"}));
  return {};
}

std::string_view named_session(const genai::attributes& a) {
  return a.text({"gen_ai.conversation.id", "session.id", "ai.telemetry.metadata.sessionId", "conversation.id",
                 "ai.settings.context.sessionId"});
}

std::string_view named_user(const genai::attributes& a) {
  return a.text({"user.id", "enduser.id", "ai.telemetry.metadata.userId", "ai.settings.context.userId"});
}

std::string_view named_team(const genai::attributes& a) { return a.text({"troupe.team", "team"}); }

sender sender_of(const genai::key_values& values) {
  genai::attributes a(values);
  return {named_agent(a), named_session(a), named_user(a), named_team(a), a.text({"service.name"}), &values};
}

void attribute_writer::clear() {
  own_.clear();
  own_keys_.clear();
  lists_.clear();
  dropped_ = 0;
}

void attribute_writer::key(std::string_view name) {
  own_keys_.push_back(name);
  if (!own_.empty()) own_.push_back(',');
  json::write_string(name, own_);
  own_.push_back(':');
}

void attribute_writer::add(std::string_view name, std::string_view text) {
  if (text.empty()) return;
  key(name);
  json::write_string(json::cut_utf8(text, text_steps[0]), own_);
}

void attribute_writer::add_number(std::string_view name, double value) {
  key(name);
  json::write_double(value, own_);
}

void attribute_writer::add_integer(std::string_view name, std::int64_t value) {
  key(name);
  json::write_int(value, own_);
}

void attribute_writer::add_json(std::string_view name, std::string_view value) {
  key(name);
  own_.append(value);
}

void attribute_writer::add_sender(const sender& from) {
  if (!from.values) return;
  genai::attributes a(*from.values);
  for (auto name : sender_keys)
    if (auto text = a.text({name.substr(sender_prefix.size())}); !text.empty())
      add(name, json::cut_utf8(text, limits::id_bytes_max));
}

// False when something had to be left out.
bool attribute_writer::write(std::size_t text_max) {
  constexpr auto room = limits::attributes_bytes_max - dropped_note_bytes;
  dropped_ = 0;
  out_.assign("{");
  out_ += own_;
  std::set<std::string_view> seen;
  if (repeats_) {
    seen.insert(own_keys_.begin(), own_keys_.end());
    seen.insert(dropped_key);
  }
  for (auto* list : lists_)
    for (auto& entry : *list) {
      auto name = json::cut_utf8(entry.key(), key_bytes_max);
      if (name.empty() || (repeats_ && !seen.insert(name).second)) continue;
      member_.clear();
      json::write_string(name, member_);
      member_.push_back(':');
      genai::write_value(entry.value(), text_max, member_);
      if (out_.size() + member_.size() + 2 > room) {
        ++dropped_;
        continue;
      }
      if (out_.size() > 1) out_.push_back(',');
      out_ += member_;
    }
  return dropped_ == 0;
}

// A key that is there twice would make the object ambiguous: the first one stays, and those of our own before all.
bool attribute_writer::repeats_a_key() {
  keys_.assign(own_keys_.begin(), own_keys_.end());
  keys_.push_back(dropped_key);
  for (auto* list : lists_)
    for (auto& entry : *list) keys_.push_back(json::cut_utf8(entry.key(), key_bytes_max));
  std::ranges::sort(keys_);
  return std::ranges::adjacent_find(keys_) != keys_.end();
}

std::string_view attribute_writer::finish(text_arena& texts) {
  repeats_ = repeats_a_key();
  for (auto step : text_steps)
    if (write(step)) break;
  if (dropped_ > 0) {
    if (out_.size() > 1) out_.push_back(',');
    out_.append("\"").append(dropped_key).append("\":").append(std::to_string(dropped_));
  }
  out_.push_back('}');
  return out_.size() == 2 ? std::string_view{} : texts.keep(out_);
}

std::int64_t time_of(std::uint64_t nanoseconds, std::int64_t fallback_us) {
  return nanoseconds == 0 ? fallback_us : static_cast<std::int64_t>(nanoseconds / 1000);
}

bool too_far_ahead(std::int64_t time_us, const context& ctx) {
  return time_us > ctx.now_us + limits::event_future_ms_max * 1000;
}

std::string too_far_ahead_reason() {
  return "the time is more than " + std::to_string(limits::event_future_ms_max / 3'600'000) +
         " hours in the future: check the sender's clock";
}

}  // namespace troupe::ingest::otlp
