#include "event_facts.hpp"

#include <algorithm>
#include <utility>

#include "protocol/message.hpp"

namespace troupe::insight {

namespace {

using schema::EventType;

bool is_continued(std::string_view whole, std::string_view beginning) {
  return whole.size() > beginning.size() && whole.starts_with(beginning) && whole[beginning.size()] == '_';
}

// Past the string that begins at 'at' with its quote; npos if it does not end.
std::size_t past_string(std::string_view text, std::size_t at) {
  for (++at; at < text.size(); ++at) {
    if (text[at] == '\\')
      ++at;
    else if (text[at] == '"')
      return at + 1;
  }
  return std::string_view::npos;
}

}  // namespace

std::string_view type_name(EventType type) {
  switch (type) {
    case EventType::EXECUTION_STARTED: return "execution.started";
    case EventType::EXECUTION_COMPLETED: return "execution.completed";
    case EventType::EXECUTION_FAILED: return "execution.failed";
    case EventType::LLM_CALL: return "llm.call";
    case EventType::TOOL_CALL: return "tool.call";
    case EventType::MEMORY_ACCESS: return "memory.access";
    case EventType::KNOWLEDGE_ACCESS: return "knowledge.access";
    case EventType::HYPOTHESIS_FORMED: return "hypothesis.formed";
    case EventType::HYPOTHESIS_VALIDATED: return "hypothesis.validated";
    case EventType::HYPOTHESIS_REJECTED: return "hypothesis.rejected";
    case EventType::COLLABORATION: return "collaboration";
    default: return "custom";
  }
}

std::string_view hypothesis_kind(EventType type) {
  switch (type) {
    case EventType::HYPOTHESIS_FORMED: return "formed";
    case EventType::HYPOTHESIS_VALIDATED: return "validated";
    case EventType::HYPOTHESIS_REJECTED: return "rejected";
    default: return {};
  }
}

int serving_place(schema::Event::Reader event) {
  auto serving = view_of(event.getTier());
  auto asked = event.getLatencyByTier();
  if (serving.empty()) return -1;
  int best = -1;
  std::size_t length = 0;
  for (unsigned i = 0; i < asked.size(); ++i) {
    auto tier = view_of(asked[i].getTier());
    if (tier == serving) return static_cast<int>(i);
    if (!is_continued(serving, tier) && !is_continued(tier, serving)) continue;
    if (best >= 0 && tier.size() <= length) continue;
    best = static_cast<int>(i);
    length = tier.size();
  }
  return best;
}

std::string_view serving_tier(schema::Event::Reader event) {
  auto place = serving_place(event);
  if (place < 0) return view_of(event.getTier());
  return view_of(event.getLatencyByTier()[static_cast<unsigned>(place)].getTier());
}

std::string folded_text(std::string_view text, std::size_t bytes_max) {
  std::string out;
  out.reserve(std::min(text.size(), bytes_max));
  for (char c : text) {
    if (!is_blank(c))
      out.push_back(lower(c));
    else if (!out.empty() && out.back() != ' ')
      out.push_back(' ');
    if (out.size() > bytes_max) break;
  }
  out.resize(cut_text(out, bytes_max).size());
  while (!out.empty() && out.back() == ' ') out.pop_back();
  return out;
}

std::string search_text(std::string_view query) { return folded_text(query, search_text_bytes_max); }

std::string_view cut_text(std::string_view text, std::size_t bytes_max) {
  if (text.size() <= bytes_max) return text;
  auto end = bytes_max;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
  return text.substr(0, end);
}

std::string_view attribute_text(std::string_view text, std::string_view name) {
  int depth = 0;
  bool is_name = false;  // the next string at the top level
  for (std::size_t at = 0; at < text.size();) {
    char c = text[at];
    if (c == '"') {
      auto end = past_string(text, at);
      if (end == std::string_view::npos) return {};
      auto said = text.substr(at + 1, end - at - 2);
      at = end;
      if (depth != 1 || !std::exchange(is_name, false) || said != name) continue;
      while (at < text.size() && (is_blank(text[at]) || text[at] == ':')) ++at;
      if (at >= text.size() || text[at] != '"') return {};
      end = past_string(text, at);
      if (end == std::string_view::npos) return {};
      auto value = text.substr(at + 1, end - at - 2);
      return value.find('\\') == std::string_view::npos ? value : std::string_view{};
    }
    if (c == '{' || c == '[') is_name = ++depth == 1;
    if (c == '}' || c == ']') --depth;
    if (c == ',' && depth == 1) is_name = true;
    ++at;
  }
  return {};
}

}  // namespace troupe::insight
