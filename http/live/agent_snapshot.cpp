#include "http/live/agent_snapshot.hpp"

#include <kj/exception.h>

#include "protocol/limits.hpp"
#include "protocol/message.hpp"

namespace troupe::http {

namespace {

// A reader that needs more lists them by REST.
constexpr std::size_t snapshot_agents_max = 5000;

// Reads shard after shard, page after page. Lives as long as a question is open.
struct snapshot : std::enable_shared_from_this<snapshot> {
  hub& from;
  std::shared_ptr<io_thread> home;
  std::string org;
  std::function<void(result<std::string>)> done;
  std::uint16_t shard = 1;
  std::string after;
  std::string list = "[";
  std::size_t count = 0;

  snapshot(hub& h, std::shared_ptr<io_thread> t, std::string o, std::function<void(result<std::string>)> d)
      : from(h), home(std::move(t)), org(std::move(o)), done(std::move(d)) {}

  void ask() {
    if (shard >= from.data().shard_count()) return done(std::move(list) + "]");
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
    if (!answer) return done(answer.error());
    try {
      message_reader reader(*answer);
      auto found = reader.root<schema::QueryResult>();
      if (found.isAgents())
        for (auto agent : found.getAgents()) {
          if (++count > snapshot_agents_max) return done(std::move(list) + "]");
          if (list.size() > 1) list.push_back(',');
          from.config().write_agent(agent, list);
        }
      after = found.getMore() ? std::string(view_of(found.getScannedToId())) : std::string();
    } catch (const kj::Exception&) {
      return done(failure{errc::internal, "the agents could not be read"});
    }
    if (after.empty()) ++shard;
    ask();
  }
};

}  // namespace

void snapshot_agents(hub& from, std::shared_ptr<io_thread> home, const std::string& org,
                     std::function<void(result<std::string>)> done) {
  std::make_shared<snapshot>(from, std::move(home), org, std::move(done))->ask();
}

}  // namespace troupe::http
