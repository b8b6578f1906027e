#include "http/live/topic.hpp"

#include <algorithm>

#include "http/live/insight_news.hpp"
#include "protocol/limits.hpp"

namespace troupe::http {

std::optional<topic> parse_topic(std::string_view org, std::string_view name) {
  topic t{topic_kind::events, std::string(org), std::string(name), {}};
  if (name == "events") return t;
  if (name == "agents")
    t.kind = topic_kind::agents;
  else if (name == "system")
    t.kind = topic_kind::system;
  else if (std::find(insight_topics.begin(), insight_topics.end(), name) != insight_topics.end())
    t.kind = topic_kind::insight;
  else if (name.starts_with("agent:"))
    t.kind = topic_kind::agent;
  else if (name.starts_with("team:"))
    t.kind = topic_kind::team;
  else if (name.starts_with("dashboard:"))
    t.kind = topic_kind::dashboard;
  else
    return std::nullopt;
  if (t.kind == topic_kind::agents || t.kind == topic_kind::system || t.kind == topic_kind::insight) return t;
  t.id = std::string(name.substr(name.find(':') + 1));
  if (t.id.empty() || t.id.size() > limits::id_bytes_max || t.id.find('\0') != std::string::npos)
    return std::nullopt;
  return t;
}

}  // namespace troupe::http
