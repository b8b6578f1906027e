#include "http/live/state_snapshot.hpp"

#include <kj/exception.h>

#include "http/routes/dashboard_json.hpp"
#include "protocol/limits.hpp"
#include "protocol/message.hpp"

namespace troupe::http {

namespace {

// Reads shard after shard, page after page. Lives as long as a question is open.
struct snapshot : std::enable_shared_from_this<snapshot> {
  hub& from;
  std::shared_ptr<io_thread> home;
  std::string org;
  std::function<void(result<agent_list>)> done;
  std::uint16_t shard = 1;
  std::string after;
  agent_list list;
  std::size_t count = 0;

  snapshot(hub& h, std::shared_ptr<io_thread> t, std::string o, std::function<void(result<agent_list>)> d)
      : from(h), home(std::move(t)), org(std::move(o)), done(std::move(d)) {}

  void end() {
    list.json.push_back(']');
    tell(std::move(list));
  }
  void tell(result<agent_list> answer) {
    done(std::move(answer));
    from.recoveries(*home).leave();
  }

  void ask() {
    if (shard >= from.data().shard_count()) return end();
    capnp::MallocMessageBuilder message;
    auto query = message.initRoot<schema::Query>();
    query.setOrg(org);
    auto agents = query.initListAgents();
    agents.setAfterId(after);
    agents.setLimit(limits::page_items_max);
    from.data().query(shard_id(shard), to_bytes(message), consistency::linearizable,
                      [self = shared_from_this()](result<std::string> answer) {
                        auto* to = self->home.get();
                        to->post([self, answer = std::move(answer)] { self->take(answer); });
                      });
  }

  void take(const result<std::string>& answer) {
    if (!answer) return tell(answer.error());
    try {
      message_reader reader(*answer);
      auto found = reader.root<schema::QueryResult>();
      if (found.isAgents())
        for (auto agent : found.getAgents()) {
          list.is_truncated = ++count > snapshot_agents_max;
          if (list.is_truncated) return end();
          if (count > 1) list.json.push_back(',');
          from.config().write_agent(agent, list.json);
        }
      after = found.getMore() ? std::string(view_of(found.getScannedToId())) : std::string();
    } catch (const kj::Exception&) {
      return tell(failure{errc::internal, "the agents could not be read"});
    }
    if (after.empty()) ++shard;
    ask();
  }
};

std::string one_json(schema::QueryResult::Reader found, const hub_config& by) {
  std::string json;
  if (found.isAgents() && found.getAgents().size() > 0) {
    by.write_agent(found.getAgents()[0], json = "{\"agent\":");
    json.push_back('}');
  }
  if (found.isDashboard()) {
    write_dashboard_json(found.getDashboard(), json = "{\"dashboard\":");
    json.push_back('}');
  }
  return json;
}

}  // namespace

void snapshot_agents(hub& from, std::shared_ptr<io_thread> home, const std::string& org,
                     std::function<void(result<agent_list>)> done) {
  auto made = std::make_shared<snapshot>(from, home, org, std::move(done));
  from.recoveries(*home).enter([made] {
    made->ask();
    return true;
  });
}

void snapshot_one(hub& from, std::shared_ptr<io_thread> home, const topic& of,
                  std::function<void(result<std::string>)> done) {
  bool of_agent = of.kind == topic_kind::agent;
  capnp::MallocMessageBuilder message;
  auto query = message.initRoot<schema::Query>();
  query.setOrg(of.org);
  if (of_agent)
    query.setGetAgent(of.id);
  else
    query.setGetDashboard(of.id);
  auto answered = [&from, done = std::move(done)](const result<std::string>& answer) {
    if (!answer) return done(answer.error());
    try {
      message_reader reader(*answer);
      done(one_json(reader.root<schema::QueryResult>(), from.config()));
    } catch (const kj::Exception&) {
      done(failure{errc::internal, "a state could not be read"});
    }
  };
  auto& data = from.data();
  auto shard = of_agent ? data.shard_of_agent(of.org, of.id) : data.shard_of_dashboard(of.org, of.id);
  data.query(shard, to_bytes(message), consistency::linearizable,
             [home, answered = std::move(answered)](result<std::string> answer) {
               home->post([answered, answer = std::move(answer)] { answered(answer); });
             });
}

}  // namespace troupe::http
