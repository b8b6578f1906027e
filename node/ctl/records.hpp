// Answers of a node as JSON trees, with the names of the public API. Pure; decoding throws kj::Exception.
#pragma once

#include <boost/json/value.hpp>

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "protocol/schema/admin.capnp.h"
#include "protocol/schema/query.capnp.h"

namespace troupe::ctl {

boost::json::value status_json(schema::NodeStatus::Reader s);
boost::json::value shard_json(schema::ShardStatus::Reader s);
boost::json::value setting_json(schema::Setting::Reader s);
boost::json::value agent_json(schema::AgentState::Reader a, std::int64_t now_us);
boost::json::value dashboard_json(schema::Dashboard::Reader d);
boost::json::value dashboard_item_json(schema::DashboardItem::Reader d);
boost::json::value key_json(schema::ApiKey::Reader k);

// Each event of an encoded Feed that concerns the agent (empty: all).
void each_event(std::string_view feed, std::string_view agent,
                const std::function<void(const boost::json::value&)>& show);
// For people: time, agent, what happened, model or tool, tokens, cost.
std::string event_line(const boost::json::value& event);

}  // namespace troupe::ctl
