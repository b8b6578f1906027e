#include "protocol/event_type.hpp"

#include <array>

namespace troupe {

namespace {

using schema::EventType;

constexpr std::array<std::pair<EventType, std::string_view>, 11> names = {{
    {EventType::EXECUTION_STARTED, "execution.started"},
    {EventType::EXECUTION_COMPLETED, "execution.completed"},
    {EventType::EXECUTION_FAILED, "execution.failed"},
    {EventType::LLM_CALL, "llm.call"},
    {EventType::TOOL_CALL, "tool.call"},
    {EventType::MEMORY_ACCESS, "memory.access"},
    {EventType::KNOWLEDGE_ACCESS, "knowledge.access"},
    {EventType::HYPOTHESIS_FORMED, "hypothesis.formed"},
    {EventType::HYPOTHESIS_VALIDATED, "hypothesis.validated"},
    {EventType::HYPOTHESIS_REJECTED, "hypothesis.rejected"},
    {EventType::COLLABORATION, "collaboration"},
}};
constexpr std::string_view custom_prefix = "custom.";

}  // namespace

std::optional<std::pair<EventType, std::string_view>> parse_event_type(std::string_view name) {
  for (auto& [type, text] : names)
    if (text == name) return std::pair{type, std::string_view{}};
  if (name.size() > custom_prefix.size() && name.starts_with(custom_prefix))
    return std::pair{EventType::CUSTOM, name.substr(custom_prefix.size())};
  return std::nullopt;
}

std::string event_type_name(EventType type, std::string_view custom_name) {
  for (auto& [t, text] : names)
    if (t == type) return std::string(text);
  return std::string(custom_prefix).append(custom_name);
}

std::optional<schema::EventStatus> parse_event_status(std::string_view name) {
  if (name == "ok") return schema::EventStatus::OK;
  if (name == "error") return schema::EventStatus::ERROR;
  if (name == "unset") return schema::EventStatus::UNSET;
  return std::nullopt;
}

std::string_view event_status_name(schema::EventStatus status) {
  switch (status) {
    case schema::EventStatus::OK: return "ok";
    case schema::EventStatus::ERROR: return "error";
    default: return "unset";
  }
}

bool is_error(schema::Event::Reader event) {
  return event.getStatus() == schema::EventStatus::ERROR ||
         (event.getStatus() == schema::EventStatus::UNSET &&
          event.getType() == schema::EventType::EXECUTION_FAILED);
}

}  // namespace troupe
