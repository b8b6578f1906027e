// Topics: what a reader can follow. A topic belongs to one organisation; the same name elsewhere is another topic.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace troupe::http {

enum class topic_kind : std::uint8_t {
  events,     // "events": every event of the organisation
  agents,     // "agents": the agents' states, conflated
  agent,      // "agent:<id>": one agent's events and state
  team,       // "team:<name>": events of a team
  system,     // "system": figures of the node
  insight,    // "insight:<view>": what changed on an insight page, conflated
  dashboard,  // "dashboard:<id>": one dashboard as it is, conflated
};

struct topic {
  topic_kind kind = topic_kind::events;
  std::string org;
  std::string name;  // as the client says it
  std::string id;    // of the agent, team or dashboard

  // Its place in the hub's table.
  std::string key() const { return org + '\0' + name; }
  // Topics that are numbered, so that a reader can resume.
  bool has_offsets() const {
    return kind == topic_kind::events || kind == topic_kind::agent || kind == topic_kind::team;
  }
  // Topics that tell who is here.
  bool has_presence() const { return has_offsets() || kind == topic_kind::dashboard; }
};

std::optional<topic> parse_topic(std::string_view org, std::string_view name);

}  // namespace troupe::http
