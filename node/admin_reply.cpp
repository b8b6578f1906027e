#include "node/admin_reply.hpp"

#include "protocol/message.hpp"

namespace troupe::node {
namespace {

constexpr std::size_t reply_bytes_max = 16 * 1024 * 1024;

capnp::Text::Reader text_of(const std::string& s) { return {s.c_str(), s.size()}; }

}  // namespace

frame admin_reply_of(capnp::MessageBuilder& message) {
  return frame::of(frame_kind::admin_reply, to_bytes(message));
}

frame admin_refusal(const failure& f) {
  capnp::MallocMessageBuilder message;
  auto refused = message.initRoot<schema::AdminReply>().initRefused();
  refused.setCode(static_cast<std::uint16_t>(f.code));
  refused.setDetail(text_of(f.detail));
  refused.setField(text_of(f.field));
  return admin_reply_of(message);
}

frame admin_settings(const std::vector<resolved_setting>& settings) {
  capnp::MallocMessageBuilder message;
  auto out = message.initRoot<schema::AdminReply>().initConfig(static_cast<unsigned>(settings.size()));
  for (unsigned i = 0; i < out.size(); ++i) {
    out[i].setName(std::string(settings[i].of->name));
    out[i].setValue(shown_value(settings[i]));
    out[i].setSource(std::string(to_string(settings[i].from)));
  }
  return admin_reply_of(message);
}

frame admin_results(std::span<const std::string> results) {
  std::size_t bytes = 0;
  for (const auto& r : results) bytes += r.size();
  if (bytes > reply_bytes_max)
    return admin_refusal(
        {.code = errc::too_large, .detail = "the answer is too large: ask for less with --limit"});
  capnp::MallocMessageBuilder message;
  auto out = message.initRoot<schema::AdminReply>().initResults(static_cast<unsigned>(results.size()));
  for (unsigned i = 0; i < out.size(); ++i) {
    message_reader reader(results[i]);
    out.setWithCaveats(i, reader.root<schema::QueryResult>());
  }
  return admin_reply_of(message);
}

frame admin_shards(std::span<const std::string> results) {
  capnp::MallocMessageBuilder message;
  auto out = message.initRoot<schema::AdminReply>().initShards(static_cast<unsigned>(results.size()));
  for (unsigned i = 0; i < out.size(); ++i) {
    message_reader reader(results[i]);
    auto result = reader.root<schema::QueryResult>();
    if (result.isStatus()) out.setWithCaveats(i, result.getStatus());
  }
  return admin_reply_of(message);
}

std::vector<shard_id> shards_of(schema::Query::Reader query, const client& actors) {
  auto org = view_of(query.getOrg());
  auto of_agent = [&](capnp::Text::Reader agent) {
    return agent.size() == 0 ? actors.entity_shards()
                             : std::vector{actors.shard_of_agent(org, view_of(agent))};
  };
  switch (query.which()) {
    case schema::Query::LIST_API_KEYS: return {system_shard};
    case schema::Query::GET_AGENT: return of_agent(query.getGetAgent());
    case schema::Query::LIST_EVENTS: return of_agent(query.getListEvents().getFilter().getAgentId());
    case schema::Query::GET_TASK: return of_agent(query.getGetTask().getAgentId());
    case schema::Query::LIST_TASKS: return of_agent(query.getListTasks().getAgentId());
    case schema::Query::READ_FEED: return of_agent(query.getReadFeed().getAgentId());
    case schema::Query::GET_DASHBOARD:
      return {actors.shard_of_dashboard(org, view_of(query.getGetDashboard()))};
    case schema::Query::NEXT_PENDING_TASK: return of_agent(query.getNextPendingTask());
    default: return actors.entity_shards();
  }
}

}  // namespace troupe::node
